#include "wengert/nn/convolution.h"

#include "nn/convolution_text.h"
#include "nn/make.h"
#include "wengert/nn/init.h"
#include "wengert/ops/nn.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

template <size_t N, class Options>
Tensor weight_for(const char* layer, int64_t rows, int64_t columns, const SizeOf<N>& kernel,
                  const Options& o) {
  check_size(layer, "groups", o.groups);
  check_size(layer, "channels", std::min(rows, columns), 0);
  check_size(layer, "kernel_size", *std::min_element(kernel.d.begin(), kernel.d.end()));
  WG_CHECK(rows % o.groups == 0 && columns % o.groups == 0, ValueError, layer,
           ": in_channels and out_channels, which are ", rows, " and ", columns,
           ", must be divisible by groups ", o.groups);
  std::vector<int64_t> shape{rows, columns / o.groups};
  shape.insert(shape.end(), kernel.d.begin(), kernel.d.end());
  return empty(shape, o.dtype);
}

void draw(Tensor& weight, Tensor& bias) {
  // With a = sqrt(5) the bound is 1 / sqrt(fan_in).
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  const int64_t fan_in = product({weight.shape().data() + 1, weight.shape().size() - 1});
  const double bound = bound_for(fan_in);
  if (bias.defined() && fan_in > 0) init::uniform_(bias, -bound, bound);
}

template <size_t N>
Tensor convolve(const Tensor& x, const Tensor& w, const Tensor& b, const ConvOptions<N>& o,
                Dims padding) {
  if constexpr (N == 1) return conv1d(x, w, b, o.stride, padding, o.dilation, o.groups);
  if constexpr (N == 2) return conv2d(x, w, b, o.stride, padding, o.dilation, o.groups);
  if constexpr (N == 3) return conv3d(x, w, b, o.stride, padding, o.dilation, o.groups);
}

template <size_t N>
Tensor convolve_transposed(const Tensor& x, const Tensor& w, const Tensor& b,
                           const ConvTransposeOptions<N>& o, Dims extra) {
  if constexpr (N == 1) {
    return conv_transpose1d(x, w, b, o.stride, o.padding, extra, o.groups, o.dilation);
  } else if constexpr (N == 2) {
    return conv_transpose2d(x, w, b, o.stride, o.padding, extra, o.groups, o.dilation);
  } else {
    return conv_transpose3d(x, w, b, o.stride, o.padding, extra, o.groups, o.dilation);
  }
}

}  // namespace

// ---- convolutions

template <size_t N>
ConvNd<N>::ConvNd(int64_t in, int64_t out, SizeOf<N> size, const ConvOptions<N>& o)
    : in_channels(in), out_channels(out), kernel_size(size), options(o), inner_padding_(0) {
  const std::string& mode = o.padding_mode;
  WG_CHECK(mode == "zeros" || mode == "reflect" || mode == "replicate" || mode == "circular",
           ValueError, "Conv", N,
           "d: padding_mode must be zeros, reflect, replicate or circular, but is ", mode);
  const std::string& name = o.padding.name;
  WG_CHECK(name.empty() || name == "same" || name == "valid", ValueError, "Conv", N,
           "d: padding must be numbers, \"same\" or \"valid\", but is \"", name, '"');
  std::array<int64_t, N> before = o.padding.d, after = o.padding.d;
  if (name == "same") {
    for (size_t i = 0; i < N; ++i) {
      WG_CHECK(o.stride.d[i] == 1, ValueError, "Conv", N,
               "d: padding \"same\" is not supported for strided convolutions");
      const int64_t total = o.dilation.d[i] * (size.d[i] - 1);
      before[i] = total / 2;
      after[i] = total - total / 2;
    }
  }
  // Symmetric zero padding is done by the kernel, any other beforehand.
  if (mode == "zeros" && before == after) {
    inner_padding_.d = before;
  } else if (*std::max_element(after.begin(), after.end()) > 0) {
    for (size_t i = N; i-- > 0;) {
      outer_padding_.push_back(before[i]);
      outer_padding_.push_back(after[i]);
    }
  }
  const std::string layer = "Conv" + std::to_string(N) + "d";
  weight = register_parameter("weight", weight_for(layer.c_str(), out, in, size, o));
  if (o.bias) bias = register_parameter("bias", empty({out}, o.dtype));
  reset_parameters();
}
template <size_t N>
void ConvNd<N>::reset_parameters() {
  draw(weight, bias);
}
template <size_t N>
Tensor ConvNd<N>::forward(const Tensor& input) {
  if (outer_padding_.empty()) return convolve(input, weight, bias, options, inner_padding_);
  const bool zeros = options.padding_mode == "zeros";
  const Tensor padded = pad(input, outer_padding_, zeros ? "constant" : options.padding_mode, 0.0);
  return convolve(padded, weight, bias, options, inner_padding_);
}
template <size_t N>
std::string ConvNd<N>::extra_repr() const {
  return conv_text(in_channels, out_channels, kernel_size, options);
}
template class ConvNd<1>;
template class ConvNd<2>;
template class ConvNd<3>;

// ---- transposed convolutions

template <size_t N>
ConvTransposeNd<N>::ConvTransposeNd(int64_t in, int64_t out, SizeOf<N> size,
                                    const ConvTransposeOptions<N>& o)
    : in_channels(in), out_channels(out), kernel_size(size), options(o) {
  const std::string layer = "ConvTranspose" + std::to_string(N) + "d";
  weight = register_parameter("weight", weight_for(layer.c_str(), in, out, size, o));
  if (o.bias) bias = register_parameter("bias", empty({out}, o.dtype));
  reset_parameters();
}
template <size_t N>
void ConvTransposeNd<N>::reset_parameters() {
  draw(weight, bias);
}
template <size_t N>
Tensor ConvTransposeNd<N>::forward(const Tensor& input) {
  return convolve_transposed(input, weight, bias, options, options.output_padding);
}
template <size_t N>
Tensor ConvTransposeNd<N>::forward(const Tensor& input, Dims output_size) {
  const ConvTransposeOptions<N>& o = options;
  constexpr auto n = static_cast<int64_t>(N);
  const auto given = static_cast<int64_t>(output_size.size());
  WG_CHECK(input.dim() > n && (given == n || given == input.dim()), ValueError, "ConvTranspose", N,
           "d: expected an output_size of ", N, " or ", input.dim(),
           " numbers for an input of shape ", input.shape(), ", got ", output_size);
  SizeOf<N> extra = 0;
  for (size_t i = 0; i < N; ++i) {
    const int64_t size = input.size(static_cast<int64_t>(i) - n);
    const int64_t least = (size - 1) * o.stride.d[i] - 2 * o.padding.d[i] +
                          o.dilation.d[i] * (kernel_size.d[i] - 1) + 1;
    extra.d[i] = output_size[output_size.size() - N + i] - least;
    WG_CHECK(extra.d[i] >= 0 && extra.d[i] < o.stride.d[i], ValueError, "ConvTranspose", N,
             "d: spatial dimension ", i, " of an input of shape ", input.shape(),
             " can give sizes from ", least, " to ", least + o.stride.d[i] - 1,
             ", but output_size ", output_size, " was asked for");
  }
  return convolve_transposed(input, weight, bias, options, extra);
}
template <size_t N>
Tensor ConvTransposeNd<N>::operator()(const Tensor& input, Dims output_size) {
  return call(input, [&](const Tensor& x) { return forward(x, output_size); });
}
template <size_t N>
std::string ConvTransposeNd<N>::extra_repr() const {
  return conv_text(in_channels, out_channels, kernel_size, options);
}
template class ConvTransposeNd<1>;
template class ConvTransposeNd<2>;
template class ConvTransposeNd<3>;

}  // namespace nn
WENGERT_NAMESPACE_END
