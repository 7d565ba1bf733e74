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

WENGERT_API Tensor avg_pool2d(const Tensor& input, Dims kernel_size, Dims stride = {},
                              Dims padding = {0}, bool ceil_mode = false,
                              bool count_include_pad = true,
                              std::optional<int64_t> divisor_override = {});
// Means of a grid of windows that covers the planes.
WENGERT_API Tensor adaptive_avg_pool2d(const Tensor& input, Dims output_size);

// ---- normalisation
// (x - mean) / sqrt(var + eps) * weight + bias for each channel (dimension 1). In training the
// statistics are the batch's own, and the running ones, if given, move towards them.
WENGERT_API Tensor batch_norm(const Tensor& input, const Tensor& running_mean,
                              const Tensor& running_var, const Tensor& weight = {},
                              const Tensor& bias = {}, bool training = false, double momentum = 0.1,
                              double eps = 1e-5);

// The same over the last dimensions, which are normalized_shape, as weight and bias are.
WENGERT_API Tensor layer_norm(const Tensor& input, Dims normalized_shape, const Tensor& weight = {},
                              const Tensor& bias = {}, double eps = 1e-5);
// The same over each group of channels (dimension 1) of each sample.
WENGERT_API Tensor group_norm(const Tensor& input, int64_t num_groups, const Tensor& weight = {},
                              const Tensor& bias = {}, double eps = 1e-5);
// x / sqrt(mean(x^2) + eps) * weight over the last dimensions; no eps means the dtype's.
WENGERT_API Tensor rms_norm(const Tensor& input, Dims normalized_shape, const Tensor& weight = {},
                            std::optional<double> eps = {});

// ---- tables
// Rows of weight (count, width) by the integers input (*). The row padding_idx gets no gradient.
WENGERT_API Tensor embedding(const Tensor& input, const Tensor& weight,
                             std::optional<int64_t> padding_idx = {});

// ---- attention
// softmax(scale query key^T + attn_mask) value of (*, L, E), (*, S, E) and (*, S, Ev), whose
// leading dimensions broadcast, with dropout of the weights. A boolean mask tells which keys take
// part, another one is added; it broadcasts to (*, L, S). Where nothing takes part the result is 0.
// With is_causal query i sees the keys 0 to i. The scale is 1 / sqrt(E) by default. With
// enable_gqa key and value may have fewer heads (dimension -3), each serving several of the
// query's.
WENGERT_API Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key,
                                                const Tensor& value, const Tensor& attn_mask = {},
                                                double dropout_p = 0, bool is_causal = false,
                                                std::optional<double> scale = {},
                                                bool enable_gqa = false);

// ---- losses; reduction is "none", "mean" or "sum"
// -log(softmax(input))[target] of logits (C), (N, C) or (N, C, ...). The target holds class
// indices, or class probabilities in the input's shape. The weight has one number for each class.
WENGERT_API Tensor cross_entropy(const Tensor& input, const Tensor& target,
                                 const Tensor& weight = {}, std::string_view reduction = "mean",
                                 int64_t ignore_index = -100, double label_smoothing = 0);

// -input[target] of log-probabilities, with class indices.
WENGERT_API Tensor nll_loss(const Tensor& input, const Tensor& target, const Tensor& weight = {},
                            std::string_view reduction = "mean", int64_t ignore_index = -100);
WENGERT_API Tensor mse_loss(const Tensor& input, const Tensor& target,
                            std::string_view reduction = "mean");
WENGERT_API Tensor l1_loss(const Tensor& input, const Tensor& target,
                           std::string_view reduction = "mean");
// d^2 / (2 beta) where d = |input - target| < beta, else d - beta / 2.
WENGERT_API Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                                  std::string_view reduction = "mean", double beta = 1);
// d^2 / 2 where d = |input - target| <= delta, else delta (d - delta / 2).
WENGERT_API Tensor huber_loss(const Tensor& input, const Tensor& target,
                              std::string_view reduction = "mean", double delta = 1);
// Of probabilities, each logarithm at least -100; and of logits.
WENGERT_API Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                                        const Tensor& weight = {},
                                        std::string_view reduction = "mean");
WENGERT_API Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                                    const Tensor& weight = {},
                                                    const Tensor& pos_weight = {},
                                                    std::string_view reduction = "mean");
// target (log(target) - input) of log-probabilities.
WENGERT_API Tensor kl_div(const Tensor& input, const Tensor& target,
                          std::string_view reduction = "mean", bool log_target = false);

WENGERT_NAMESPACE_END
