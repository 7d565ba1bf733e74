// Helpers for the parameters and gradients of a model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wengert/nn/convolution.h"
#include "wengert/nn/linear.h"
#include "wengert/nn/normalization.h"
#include "wengert/nn/packed_sequence.h"
#include "wengert/nn/slot.h"
#include "wengert/random.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {

// ---- limits for gradients; nothing is recorded
// The norm of order norm_type of all elements together, 0-d. Error if it is not finite and that was
// asked for.
WENGERT_API Tensor get_total_norm(const std::vector<Tensor>& tensors, double norm_type = 2,
                                  bool error_if_nonfinite = false);
// Multiplies the gradients by min(1, max_norm / (total_norm + 1e-6)), in place. A norm that is NaN
// makes them NaN.
WENGERT_API void clip_grads_with_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                       const Tensor& total_norm);
// Both; returns the norm before.
WENGERT_API Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                   double norm_type = 2, bool error_if_nonfinite = false);
// Limits every element of the gradients to [-clip_value, clip_value], in place.
WENGERT_API void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value);

// ---- parameters as one vector
// Part of the graph.
WENGERT_API Tensor parameters_to_vector(const std::vector<Tensor>& parameters);
// Gives the parameters the elements of `vec`, in order, as their new data. ValueError if it has not
// as many elements.
WENGERT_API void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters);

// ---- batch normalisation in evaluation, folded into the layer before it
// Weight and bias of a convolution (or a transposed one) or a linear map followed by batch
// normalisation with these statistics; what is undefined is left out.
WENGERT_API std::pair<Tensor, Tensor> fuse_conv_bn_weights(
    const Tensor& conv_w, const Tensor& conv_b, const Tensor& bn_rm, const Tensor& bn_rv,
    double bn_eps, const Tensor& bn_w, const Tensor& bn_b, bool transpose = false);
WENGERT_API std::pair<Tensor, Tensor> fuse_linear_bn_weights(
    const Tensor& linear_w, const Tensor& linear_b, const Tensor& bn_rm, const Tensor& bn_rv,
    double bn_eps, const Tensor& bn_w, const Tensor& bn_b);
// A layer that computes bn(layer(x)); both must be in evaluation mode.
#define WENGERT_FUSE(Layer) \
  WENGERT_API std::shared_ptr<Layer> fuse_conv_bn_eval(const Layer& conv, const NormBase& bn);
WENGERT_FUSE(Conv1d)
WENGERT_FUSE(Conv2d)
WENGERT_FUSE(Conv3d)
WENGERT_FUSE(ConvTranspose1d)
WENGERT_FUSE(ConvTranspose2d)
WENGERT_FUSE(ConvTranspose3d)
#undef WENGERT_FUSE
WENGERT_API std::shared_ptr<Linear> fuse_linear_bn_eval(const Linear& linear, const NormBase& bn);

// ---- normalised weights
// w = g v / ||v|| (Salimans and Kingma, 2016): replaces a parameter, such as "weight", by its
// length weight_g and its direction weight_v; the weight itself is computed before each call.
// Slices along `dim` have lengths of their own; none or -1: one for all. ValueError where the slot
// holds no parameter, or one that is computed already. parametrizations::weight_norm is the newer
// form.
//
//   nn::utils::weight_norm(layer, &nn::Linear::weight);
WENGERT_API void weight_norm(Module& module, const Slot& slot, std::optional<int64_t> dim = 0);
// Makes the weight a parameter again. ValueError if it is not such a one.
WENGERT_API void remove_weight_norm(Module& module, const std::string& name = "weight");

struct SpectralNormOptions {
  int64_t n_power_iterations = 1;  // at each call in training
  double eps = 1e-12;              // keeps norms from being zero
  // Of the outputs; by default 0, or 1 for transposed convolutions.
  std::optional<int64_t> dim = {};
};
// w / sigma(w), sigma being its largest singular value, which power iteration follows from call to
// call (Miyato et al., 2018): the parameter itself is then called weight_orig, the singular vectors
// weight_u and weight_v are buffers. Otherwise as above.
WENGERT_API void spectral_norm(Module& module, const Slot& slot,
                               const SpectralNormOptions& options = {});
WENGERT_API void remove_spectral_norm(Module& module, const std::string& name = "weight");

}  // namespace nn::utils
WENGERT_NAMESPACE_END
