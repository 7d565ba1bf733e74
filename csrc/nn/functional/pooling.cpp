#include "wengert/nn/functional/pooling.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/check.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/random.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// As the mean times the kernel's size; the maximum of magnitudes for an infinite p.
template <class Average, class Maximum>
Tensor lp_pool(const Average& average, const Maximum& maximum, const Tensor& input, double p,
               Dims kernel_size, size_t dims) {
  if (std::isinf(p)) {
    const int64_t sign = p > 0 ? 1 : -1;
    return sign * maximum(sign * abs(input));
  }
  int64_t count = 1;
  for (size_t i = 0; i < dims; ++i) count *= kernel_size[kernel_size.size() == 1 ? 0 : i];
  return pow(average(pow(input, p)) * count, 1 / p);
}

}  // namespace

#define WENGERT_POOL(n)                                                                          \
  Tensor lp_pool##n##d(const Tensor& input, double p, Dims kernel_size, Dims stride,             \
                       bool ceil_mode) {                                                         \
    return lp_pool(                                                                              \
        [&](const Tensor& x) { return avg_pool##n##d(x, kernel_size, stride, {0}, ceil_mode); }, \
        [&](const Tensor& x) {                                                                   \
          return max_pool##n##d(x, kernel_size, stride, {0}, {1}, ceil_mode);                    \
        },                                                                                       \
        input, p, kernel_size, n);                                                               \
  }
WENGERT_POOL(1)
WENGERT_POOL(2)
WENGERT_POOL(3)
#undef WENGERT_POOL

std::vector<int64_t> unpooled_size(const Tensor& input, Dims kernel_size, Dims stride, Dims padding,
                                   Dims output_size) {
  const size_t n = kernel_size.size();
  const auto dims = static_cast<int64_t>(n);
  WG_CHECK(input.dim() > dims, ValueError, "max_unpool: expected an input of ", n + 1, " or ",
           n + 2, " dimensions, got shape ", input.shape());
  std::vector<int64_t> smallest;
  for (size_t i = 0; i < n; ++i) {
    const int64_t size = input.size(static_cast<int64_t>(i) - dims);
    smallest.push_back((size - 1) * stride[i] + kernel_size[i] - 2 * padding[i]);
  }
  std::vector<int64_t> size = smallest;
  if (!output_size.empty()) {
    WG_CHECK(output_size.size() == n || output_size.size() == n + 2, ValueError,
             "max_unpool: expected an output_size of ", n, " or ", n + 2, " numbers, got ",
             output_size);
    size.assign(output_size.end() - dims, output_size.end());
    for (size_t i = 0; i < n; ++i) {
      WG_CHECK(size[i] > smallest[i] - stride[i] && size[i] < smallest[i] + stride[i], ValueError,
               "max_unpool: invalid output_size ", output_size, ": ", size[i], " is not between ",
               smallest[i] - stride[i], " and ", smallest[i] + stride[i]);
    }
  }
  WG_CHECK(*std::min_element(size.begin(), size.end()) >= 0, ValueError,
           "max_unpool: expected sizes of at least 0, got ", Dims(size));
  return size;
}

Tensor fractional_samples(const Tensor& input, int64_t dims) {
  WG_CHECK(input.dim() == dims + 1 || input.dim() == dims + 2, Error,
           "fractional_max_pool: expected an input of ", dims + 1, " or ", dims + 2,
           " dimensions, got shape ", input.shape());
  const int64_t batch = input.dim() == dims + 2 ? input.size(0) : 1;
  return rand({batch, input.size(-dims - 1), dims}, input.dtype());
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
