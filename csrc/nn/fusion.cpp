// Batch normalisation in evaluation, folded into the layer before it.
#include "nn/make.h"
#include "wengert/nn/utils.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {

namespace {

// w x + b, then (y - mean) scale + shift, whose outputs are dimension `dim` of w.
std::pair<Tensor, Tensor> fuse(const Tensor& w, const Tensor& b, const Tensor& mean,
                               const Tensor& scale, const Tensor& shift, size_t dim) {
  std::vector<int64_t> shape(static_cast<size_t>(w.dim()), 1);
  shape[dim] = -1;
  Tensor weight = (w * scale.reshape(shape)).to(w.dtype());
  const Tensor moved = b.defined() ? b - mean : -mean;
  Tensor bias = (moved * scale + shift).to(b.defined() ? b.dtype() : mean.dtype());
  weight = weight.detach();
  bias = bias.detach();
  weight.requires_grad_(w.requires_grad());
  bias.requires_grad_(b.defined() ? b.requires_grad() : w.requires_grad());
  return {weight, bias};
}

void check_modes(const char* op, const Module& layer, const NormBase& bn) {
  WG_CHECK(!layer.is_training() && !bn.is_training(), ValueError, op,
           ": both layers must be in evaluation mode");
  WG_CHECK(bn.running_mean.defined(), ValueError, op,
           ": the normalisation must have running statistics");
}

// A new layer whose first values are not drawn from the default generator, with these.
template <class Layer, class Make>
std::shared_ptr<Layer> with(const Make& make_layer, const std::pair<Tensor, Tensor>& values) {
  const Generator::State state = default_generator().state();
  const std::shared_ptr<Layer> made = make_layer();
  default_generator().set_state(state);
  made->to(values.first.dtype());
  {
    const NoGradGuard no_grad;
    copy_(made->weight, values.first);
    copy_(made->bias, values.second);
  }
  made->weight.requires_grad_(values.first.requires_grad());
  made->bias.requires_grad_(values.second.requires_grad());
  made->eval();
  return made;
}

template <class Conv>
std::shared_ptr<Conv> fuse_conv(const Conv& conv, const NormBase& bn, bool transpose) {
  check_modes("fuse_conv_bn_eval", conv, bn);
  auto options = conv.options;
  options.bias = true;
  return with<Conv>(
      [&] { return make<Conv>(conv.in_channels, conv.out_channels, conv.kernel_size, options); },
      fuse_conv_bn_weights(conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.options.eps,
                           bn.weight, bn.bias, transpose));
}

}  // namespace

std::pair<Tensor, Tensor> fuse_conv_bn_weights(const Tensor& w, const Tensor& b, const Tensor& mean,
                                               const Tensor& var, double eps, const Tensor& bn_w,
                                               const Tensor& bn_b, bool transpose) {
  const Tensor factor = bn_w.defined() ? bn_w : ones_like(mean);
  const Tensor shift = bn_b.defined() ? bn_b : zeros_like(mean);
  return fuse(w, b, mean, factor * rsqrt(var + eps), shift, transpose ? 1 : 0);
}

std::pair<Tensor, Tensor> fuse_linear_bn_weights(const Tensor& w, const Tensor& b,
                                                 const Tensor& mean, const Tensor& var, double eps,
                                                 const Tensor& bn_w, const Tensor& bn_b) {
  return fuse_conv_bn_weights(w, b, mean, var, eps, bn_w, bn_b);
}

#define WENGERT_FUSE(Layer, transpose)                                              \
  std::shared_ptr<Layer> fuse_conv_bn_eval(const Layer& conv, const NormBase& bn) { \
    return fuse_conv(conv, bn, transpose);                                          \
  }
WENGERT_FUSE(Conv1d, false)
WENGERT_FUSE(Conv2d, false)
WENGERT_FUSE(Conv3d, false)
WENGERT_FUSE(ConvTranspose1d, true)
WENGERT_FUSE(ConvTranspose2d, true)
WENGERT_FUSE(ConvTranspose3d, true)
#undef WENGERT_FUSE

std::shared_ptr<Linear> fuse_linear_bn_eval(const Linear& linear, const NormBase& bn) {
  check_modes("fuse_linear_bn_eval", linear, bn);
  WG_CHECK(bn.num_features == linear.out_features || bn.num_features == 1, ValueError,
           "fuse_linear_bn_eval: expected ", linear.out_features, " features or 1, but there are ",
           bn.num_features);
  return with<Linear>([&] { return make<Linear>(linear.in_features, linear.out_features); },
                      fuse_linear_bn_weights(linear.weight, linear.bias, bn.running_mean,
                                             bn.running_var, bn.options.eps, bn.weight, bn.bias));
}

}  // namespace nn::utils
WENGERT_NAMESPACE_END
