#include "wengert/nn/pooling.h"

#include <cmath>

#include "nn/text.h"
#include "tensor/check.h"
#include "wengert/nn/functional/pooling.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

// The function of a family for N dimensions.
#define WENGERT_FOR_DIMS(function, ...)           \
  if constexpr (N == 1) {                         \
    return functional::function##1d(__VA_ARGS__); \
  } else if constexpr (N == 2) {                  \
    return functional::function##2d(__VA_ARGS__); \
  } else {                                        \
    return functional::function##3d(__VA_ARGS__); \
  }
#define WENGERT_INSTANCES(name) \
  template class name##Nd<1>;   \
  template class name##Nd<2>;   \
  template class name##Nd<3>;

// The grid with the input's sizes in place of -1.
template <size_t N>
SizeOf<N> grid_for(const Tensor& input, const SizeOf<N>& wanted) {
  SizeOf<N> sizes = wanted;
  for (size_t i = 0; i < N; ++i) {
    if (sizes.d[i] != -1) continue;
    WG_CHECK(input.dim() > static_cast<int64_t>(N), Error,
             "adaptive pooling: expected an input of ", N + 1, " or ", N + 2,
             " dimensions, got shape ", input.shape());
    sizes.d[i] = input.size(static_cast<int64_t>(i) - static_cast<int64_t>(N));
  }
  return sizes;
}

// The grid as it was given, with None in place of -1.
template <size_t N>
std::string grid_text(const SizeOf<N>& grid) {
  std::array<std::optional<int64_t>, N> sizes;
  for (size_t i = 0; i < N; ++i) {
    if (grid.d[i] != -1) sizes[i] = grid.d[i];
  }
  return grid.is_one ? text_of(sizes[0]) : tuple_text(sizes);
}

}  // namespace

template <size_t N>
MaxPoolNd<N>::MaxPoolNd(SizeOf<N> size, const MaxPoolOptions<N>& o)
    : kernel_size(size), options(o) {}
template <size_t N>
Tensor MaxPoolNd<N>::forward(const Tensor& input) {
  const MaxPoolOptions<N>& o = options;
  const SizeOf<N> stride = o.stride.value_or(kernel_size);
  WENGERT_FOR_DIMS(max_pool, input, kernel_size, stride, o.padding, o.dilation, o.ceil_mode)
}
template <size_t N>
std::pair<Tensor, Tensor> MaxPoolNd<N>::forward_with_indices(const Tensor& input) {
  const MaxPoolOptions<N>& o = options;
  const SizeOf<N> stride = o.stride.value_or(kernel_size);
  if constexpr (N == 1) {
    return max_pool1d_with_indices(input, kernel_size, stride, o.padding, o.dilation, o.ceil_mode);
  } else if constexpr (N == 2) {
    return max_pool2d_with_indices(input, kernel_size, stride, o.padding, o.dilation, o.ceil_mode);
  } else {
    return max_pool3d_with_indices(input, kernel_size, stride, o.padding, o.dilation, o.ceil_mode);
  }
}
template <size_t N>
std::string MaxPoolNd<N>::extra_repr() const {
  return Text()
      .add("kernel_size", as_given(kernel_size))
      .add("stride", as_given(options.stride.value_or(kernel_size)))
      .add("padding", as_given(options.padding))
      .add("dilation", as_given(options.dilation))
      .add("ceil_mode", options.ceil_mode);
}
WENGERT_INSTANCES(MaxPool)

template <size_t N>
MaxUnpoolNd<N>::MaxUnpoolNd(SizeOf<N> size, const MaxUnpoolOptions<N>& o)
    : kernel_size(size), options(o) {}
template <size_t N>
Tensor MaxUnpoolNd<N>::forward(const Tensor& input, const Tensor& indices, Dims output_size) {
  const std::vector<int64_t> size = functional::unpooled_size(
      input, kernel_size, options.stride.value_or(kernel_size), options.padding, output_size);
  WENGERT_FOR_DIMS(max_unpool, input, indices, size)
}
template <size_t N>
Tensor MaxUnpoolNd<N>::operator()(const Tensor& input, const Tensor& indices, Dims output_size) {
  return call(input, [&](const Tensor& x) { return forward(x, indices, output_size); });
}
template <size_t N>
std::string MaxUnpoolNd<N>::extra_repr() const {
  return Text()
      .add("kernel_size", kernel_size)
      .add("stride", options.stride.value_or(kernel_size))
      .add("padding", options.padding);
}
WENGERT_INSTANCES(MaxUnpool)

template <size_t N>
AvgPoolNd<N>::AvgPoolNd(SizeOf<N> size, const AvgPoolOptions<N>& o)
    : kernel_size(size), options(o) {}
template <size_t N>
Tensor AvgPoolNd<N>::forward(const Tensor& input) {
  const AvgPoolOptions<N>& o = options;
  const SizeOf<N> stride = o.stride.value_or(kernel_size);
  WENGERT_FOR_DIMS(avg_pool, input, kernel_size, stride, o.padding, o.ceil_mode,
                   o.count_include_pad, o.divisor_override)
}
template <size_t N>
std::string AvgPoolNd<N>::extra_repr() const {
  const auto size = [](const SizeOf<N>& v) { return N == 1 ? text_of(v) : as_given(v); };
  return Text()
      .add("kernel_size", size(kernel_size))
      .add("stride", size(options.stride.value_or(kernel_size)))
      .add("padding", size(options.padding));
}
WENGERT_INSTANCES(AvgPool)

template <size_t N>
LPPoolNd<N>::LPPoolNd(double norm, SizeOf<N> size, const LPPoolOptions<N>& o)
    : norm_type(norm), kernel_size(size), options(o) {}
template <size_t N>
Tensor LPPoolNd<N>::forward(const Tensor& input) {
  const SizeOf<N> stride = options.stride.value_or(kernel_size);
  WENGERT_FOR_DIMS(lp_pool, input, norm_type, kernel_size, stride, options.ceil_mode)
}
template <size_t N>
std::string LPPoolNd<N>::extra_repr() const {
  return Text()
      .add("norm_type", norm_type)
      .add("kernel_size", as_given(kernel_size))
      .add("stride", options.stride.given ? as_given(options.stride) : "None")
      .add("ceil_mode", options.ceil_mode);
}
WENGERT_INSTANCES(LPPool)

template <size_t N>
AdaptiveAvgPoolNd<N>::AdaptiveAvgPoolNd(SizeOf<N> size) : output_size(size) {}
template <size_t N>
Tensor AdaptiveAvgPoolNd<N>::forward(const Tensor& input) {
  WENGERT_FOR_DIMS(adaptive_avg_pool, input, grid_for(input, output_size))
}
template <size_t N>
std::string AdaptiveAvgPoolNd<N>::extra_repr() const {
  return Text().add("output_size", grid_text(output_size));
}
WENGERT_INSTANCES(AdaptiveAvgPool)

template <size_t N>
AdaptiveMaxPoolNd<N>::AdaptiveMaxPoolNd(SizeOf<N> size) : output_size(size) {}
template <size_t N>
std::pair<Tensor, Tensor> AdaptiveMaxPoolNd<N>::forward_with_indices(const Tensor& input) {
  WENGERT_FOR_DIMS(adaptive_max_pool, input, grid_for(input, output_size))
}
template <size_t N>
Tensor AdaptiveMaxPoolNd<N>::forward(const Tensor& input) {
  return forward_with_indices(input).first;
}
template <size_t N>
std::string AdaptiveMaxPoolNd<N>::extra_repr() const {
  return Text().add("output_size", grid_text(output_size));
}
WENGERT_INSTANCES(AdaptiveMaxPool)

template <size_t N>
FractionalMaxPoolNd<N>::FractionalMaxPoolNd(SizeOf<N> size, const FractionalMaxPoolOptions<N>& o)
    : kernel_size(size), options(o) {
  const std::vector<double>& ratio = o.output_ratio;
  WG_CHECK(o.output_size.given == ratio.empty(), ValueError, "FractionalMaxPool", N,
           "d: expected one of output_size and output_ratio");
  WG_CHECK(ratio.size() <= 1 || ratio.size() == N, ValueError, "FractionalMaxPool", N,
           "d: expected 1 or ", N, " output_ratios, got ", ratio.size());
  for (const double r : ratio) {
    WG_CHECK(r > 0 && r < 1, ValueError, "FractionalMaxPool", N,
             "d: expected an output_ratio between 0 and 1, got ", r);
  }
  if (o.random_samples.defined()) register_buffer("_random_samples", o.random_samples);
}
template <size_t N>
std::pair<Tensor, Tensor> FractionalMaxPoolNd<N>::forward_with_indices(const Tensor& input) {
  constexpr auto n = static_cast<int64_t>(N);
  const Tensor samples = options.random_samples.defined()
                             ? options.random_samples
                             : functional::fractional_samples(input, n);
  SizeOf<N> size = options.output_size.value_or(1);
  for (size_t i = 0; i < N && !options.output_size.given; ++i) {
    const double ratio = options.output_ratio[options.output_ratio.size() == 1 ? 0 : i];
    const int64_t have = input.size(static_cast<int64_t>(i) - n);
    size.d[i] = static_cast<int64_t>(static_cast<double>(have) * ratio);
  }
  if constexpr (N == 2) return fractional_max_pool2d(input, kernel_size, size, samples);
  if constexpr (N == 3) return fractional_max_pool3d(input, kernel_size, size, samples);
}
template <size_t N>
Tensor FractionalMaxPoolNd<N>::forward(const Tensor& input) {
  return forward_with_indices(input).first;
}
template <size_t N>
FractionalMaxPoolOptions<N> FractionalMaxPoolNd<N>::copied_options() const {
  FractionalMaxPoolOptions<N> o = options;
  if (o.random_samples.defined()) o.random_samples = o.random_samples.clone();
  return o;
}
template class FractionalMaxPoolNd<2>;
template class FractionalMaxPoolNd<3>;

}  // namespace nn
WENGERT_NAMESPACE_END
