// Operations of neural networks.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Zeroes each element with probability p and scales the others by 1 / (1 - p); the input itself
// unless `training`.
WENGERT_API Tensor dropout(const Tensor& input, double p = 0.5, bool training = true,
                           Generator* generator = nullptr);

// ---- linear maps
// input weight^T + bias for (*, in), (out, in) and (out); the bias may be undefined.
WENGERT_API Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});
// Cross-correlation of (N, C, ...) or (C, ...) with (out, C / groups, ...). Each list has one
// number, or one for each spatial dimension.
#define WG_CONVOLUTION(name)                                                                  \
  WENGERT_API Tensor name(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, \
                          Dims stride = {1}, Dims padding = {0}, Dims dilation = {1},         \
                          int64_t groups = 1);
WG_CONVOLUTION(conv1d)
WG_CONVOLUTION(conv2d)
WG_CONVOLUTION(conv3d)
#undef WG_CONVOLUTION
// The adjoint of a convolution: (N, C, ...) with (C, out / groups, ...). output_padding is added to
// the size of the output, at its end.
#define WG_CONVOLUTION(name)                                                                  \
  WENGERT_API Tensor name(const Tensor& input, const Tensor& weight, const Tensor& bias = {}, \
                          Dims stride = {1}, Dims padding = {0}, Dims output_padding = {0},   \
                          int64_t groups = 1, Dims dilation = {1});
WG_CONVOLUTION(conv_transpose1d)
WG_CONVOLUTION(conv_transpose2d)
WG_CONVOLUTION(conv_transpose3d)
#undef WG_CONVOLUTION

// ---- pooling of (N, C, H, W) or (C, H, W); no stride means the kernel's size
WENGERT_API Tensor max_pool2d(const Tensor& input, Dims kernel_size, Dims stride = {},
                              Dims padding = {0}, Dims dilation = {1}, bool ceil_mode = false);
// Also where each maximum stands in its plane (int64).
WENGERT_API std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, Dims kernel_size,
                                                              Dims stride = {}, Dims padding = {0},
                                                              Dims dilation = {1},
                                                              bool ceil_mode = false);

// ---- normalisation
// (x - mean) / sqrt(var + eps) * weight + bias for each channel (dimension 1). In training the
// statistics are the batch's own, and the running ones, if given, move towards them.
WENGERT_API Tensor batch_norm(const Tensor& input, const Tensor& running_mean,
                              const Tensor& running_var, const Tensor& weight = {},
                              const Tensor& bias = {}, bool training = false, double momentum = 0.1,
                              double eps = 1e-5);

// ---- losses; reduction is "none", "mean" or "sum"
// -log(softmax(input))[target] of logits (C), (N, C) or (N, C, ...). The target holds class
// indices, or class probabilities in the input's shape. The weight has one number for each class.
WENGERT_API Tensor cross_entropy(const Tensor& input, const Tensor& target,
                                 const Tensor& weight = {}, std::string_view reduction = "mean",
                                 int64_t ignore_index = -100, double label_smoothing = 0);

WENGERT_NAMESPACE_END
