#include "wengert/nn/functional/spatial.h"

#include <array>
#include <cmath>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// One value for each spatial dimension.
template <class T>
std::vector<T> per_dimension(const char* what, const std::vector<T>& values, const Tensor& input) {
  const auto spatial = static_cast<size_t>(std::max<int64_t>(input.dim() - 2, 0));
  if (values.size() == 1) return std::vector<T>(spatial, values[0]);
  WG_CHECK(values.size() == spatial, ValueError, "interpolate: expected a ", what, " for each of ",
           spatial, " spatial dimensions of the input of shape ", input.shape(),
           ", (N, C, ...), got ", values.size());
  return values;
}

}  // namespace

Tensor interpolate(const Tensor& input, const InterpolateOptions& o) {
  const bool plain = o.mode == "nearest" || o.mode == "nearest-exact" || o.mode == "area";
  WG_CHECK(!plain || !o.align_corners, ValueError,
           "interpolate: align_corners is for the modes 'linear', 'bilinear', 'bicubic' and "
           "'trilinear', but the mode is '",
           o.mode, "'");
  WG_CHECK(o.size.empty() != o.scale_factor.empty(), ValueError,
           "interpolate: give one of size and scale_factor");
  WG_CHECK(o.size.empty() || !o.recompute_scale_factor, ValueError,
           "interpolate: recompute_scale_factor is of no use where size is given");
  std::array<double, 3> factors{};
  std::vector<int64_t> sizes;
  if (!o.size.empty()) {
    sizes = per_dimension("size", o.size, input);
  } else {
    const std::vector<double> given = per_dimension("scale_factor", o.scale_factor, input);
    for (size_t i = 0; i < given.size(); ++i) {
      const double wanted = static_cast<double>(input.size(static_cast<int64_t>(i) + 2)) * given[i];
      WG_CHECK(std::abs(wanted) < 9e18, Error, "interpolate: scale_factor ", given[i],
               " gives sizes that are no 64-bit numbers");
      sizes.push_back(static_cast<int64_t>(std::floor(wanted)));
      if (i < 3 && !o.recompute_scale_factor && o.mode != "area") factors[i] = given[i];
    }
  }
  return wengert::interpolate(input, sizes, o.mode, o.align_corners.value_or(false), o.antialias,
                              factors);
}

Tensor unfold(const Tensor& input, Dims kernel_size, Dims dilation, Dims padding, Dims stride) {
  return unfold_windows(input, kernel_size, dilation, padding, stride);
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
