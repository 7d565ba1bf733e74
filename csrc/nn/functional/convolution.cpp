#include "wengert/nn/functional/convolution.h"

#include <vector>

#include "tensor/check.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// kernel(input, padding), where the padding may be given as "same" or "valid".
template <size_t N, class Kernel>
Tensor convolve(const Kernel& kernel, const Tensor& input, const Tensor& weight,
                const SizeOf<N>& stride, const PaddingOf<N>& padding, const SizeOf<N>& dilation) {
  if (padding.name.empty() || padding.name == "valid") return kernel(input, Dims(padding));
  WG_CHECK(padding.name == "same", Error, "conv", N, "d: expected padding 'same' or 'valid', got '",
           padding.name, "'");
  WG_CHECK(weight.dim() == static_cast<int64_t>(N) + 2, Error, "conv", N,
           "d: expected a weight of ", N + 2, " dimensions, got shape ", weight.shape());
  std::vector<int64_t> halves, extra;
  bool uneven = false;
  for (size_t i = 0; i < N; ++i) {
    WG_CHECK(stride.d[i] == 1, Error, "conv", N,
             "d: padding 'same' is not supported for strided convolutions; give it in numbers");
    const int64_t total = dilation.d[i] * (weight.size(static_cast<int64_t>(i) + 2) - 1);
    halves.push_back(total / 2);
    // What is left over when the padding is halved goes to the end.
    extra.insert(extra.begin(), {0, total % 2});
    uneven |= total % 2 == 1;
  }
  return kernel(uneven ? pad(input, extra, "constant", 0.0) : input, Dims(halves));
}

}  // namespace

#define WENGERT_CONVOLUTION(n)                                                         \
  Tensor conv##n##d(const Tensor& input, const Tensor& weight, const Tensor& bias,     \
                    SizeOf<n> stride, const PaddingOf<n>& padding, SizeOf<n> dilation, \
                    int64_t groups) {                                                  \
    const auto kernel = [&](const Tensor& x, Dims amounts) {                           \
      return wengert::conv##n##d(x, weight, bias, stride, amounts, dilation, groups);  \
    };                                                                                 \
    return convolve(kernel, input, weight, stride, padding, dilation);                 \
  }
WENGERT_CONVOLUTION(1)
WENGERT_CONVOLUTION(2)
WENGERT_CONVOLUTION(3)
#undef WENGERT_CONVOLUTION

}  // namespace nn::functional
WENGERT_NAMESPACE_END
