// Operations of neural networks.
#pragma once

#include <array>
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
// The same with a weight (out, in) of int8 times `scale` (out), for inference: each row of the
// input, float32 or float64, is rounded to 8 bits, its largest |x| being 127; the products of
// integers are exact. Error where a gradient is asked for.
WENGERT_API Tensor quantized_linear(const Tensor& input, const Tensor& weight, const Tensor& scale,
                                    const Tensor& bias = {});
// A weight as int8, and a scale for each index of dimension 0: the largest |weight| there / 127.
WENGERT_API std::pair<Tensor, Tensor> quantize_weight(const Tensor& weight);
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

// Convolution of (time, batch, in) with a weight (taps, in, out), `pad` zeros at both ends.
WENGERT_API Tensor conv_tbc(const Tensor& input, const Tensor& weight, const Tensor& bias,
                            int64_t pad = 0);

// ---- pooling of (N, C, ...) or (C, ...); no stride means the kernel's size. Each list has one
// number, or one for each spatial dimension. The functions that give two tensors also say where
// each maximum stands in its volume (int64).
#define WG_POOL(n)                                                                                 \
  WENGERT_API Tensor max_pool##n(const Tensor& input, Dims kernel_size, Dims stride = {},          \
                                 Dims padding = {0}, Dims dilation = {1}, bool ceil_mode = false); \
  WENGERT_API std::pair<Tensor, Tensor> max_pool##n##_with_indices(                                \
      const Tensor& input, Dims kernel_size, Dims stride = {}, Dims padding = {0},                 \
      Dims dilation = {1}, bool ceil_mode = false);                                                \
  /* Zeros of the given sizes, but for the input at the positions that a pooling gave. */          \
  WENGERT_API Tensor max_unpool##n(const Tensor& input, const Tensor& indices, Dims output_size);  \
  WENGERT_API Tensor avg_pool##n(const Tensor& input, Dims kernel_size, Dims stride = {},          \
                                 Dims padding = {0}, bool ceil_mode = false,                       \
                                 bool count_include_pad = true,                                    \
                                 std::optional<int64_t> divisor_override = {});                    \
  /* Means and maxima of a grid of windows that covers the volumes. */                             \
  WENGERT_API Tensor adaptive_avg_pool##n(const Tensor& input, Dims output_size);                  \
  WENGERT_API std::pair<Tensor, Tensor> adaptive_max_pool##n(const Tensor& input, Dims output_size);
WG_POOL(1d)
WG_POOL(2d)
WG_POOL(3d)
#undef WG_POOL
// Maxima of windows at places that `samples` (N, C, spatial dimensions), numbers in [0, 1], draw.
#define WG_POOL(n)                                              \
  WENGERT_API std::pair<Tensor, Tensor> fractional_max_pool##n( \
      const Tensor& input, Dims kernel_size, Dims output_size, const Tensor& samples);
WG_POOL(2d)
WG_POOL(3d)
#undef WG_POOL

// ---- images
// (N, C, ...) resampled to the given spatial sizes. mode: "nearest", "nearest-exact", "linear",
// "bilinear", "trilinear", "bicubic", "lanczos" or "area". With align_corners the outermost
// elements of both lie at the same places, otherwise their outer borders; antialias widens the
// filter where the output is smaller. Where a scale_factor is positive, neighbouring outputs lie 1
// / scale_factor apart, not input size / output size.
WENGERT_API Tensor interpolate(const Tensor& input, Dims size, std::string_view mode = "nearest",
                               bool align_corners = false, bool antialias = false,
                               std::array<double, 3> scale_factor = {});
// The values of (N, C, H, W) or (N, C, D, H, W) at the points (N, ..., 2 or 3) of a grid, whose
// coordinates x, y and z go from -1 to 1. mode: "bilinear", "nearest" or "bicubic"; what lies
// outside is read as padding_mode says: "zeros", "border" or "reflection".
WENGERT_API Tensor grid_sample(const Tensor& input, const Tensor& grid,
                               std::string_view mode = "bilinear",
                               std::string_view padding_mode = "zeros", bool align_corners = false);
// The grid for images of `size` under the affine maps theta (N, 2, 3) or (N, 3, 4).
WENGERT_API Tensor affine_grid(const Tensor& theta, Dims size, bool align_corners = false);
// The windows of (N, C, H, W) or (C, H, W) as columns (N, C * taps, windows).
WENGERT_API Tensor unfold_windows(const Tensor& input, Dims kernel_size, Dims dilation = {1},
                                  Dims padding = {0}, Dims stride = {1});
// The adjoint: such columns added up to planes of output_size.
WENGERT_API Tensor fold(const Tensor& input, Dims output_size, Dims kernel_size,
                        Dims dilation = {1}, Dims padding = {0}, Dims stride = {1});
// (*, C r r, H, W) to (*, C, H r, W r), and back.
WENGERT_API Tensor pixel_shuffle(const Tensor& input, int64_t upscale_factor);
WENGERT_API Tensor pixel_unshuffle(const Tensor& input, int64_t downscale_factor);
// The channels of (N, C, *), those of each group side by side, interleaved.
WENGERT_API Tensor channel_shuffle(const Tensor& input, int64_t groups);

// ---- normalisation
// (x - mean) / sqrt(var + eps) * weight + bias for each channel (dimension 1). In training the
// statistics are the batch's own, and the running ones, if given, move towards them.
WENGERT_API Tensor batch_norm(const Tensor& input, const Tensor& running_mean,
                              const Tensor& running_var, const Tensor& weight = {},
                              const Tensor& bias = {}, bool training = false, double momentum = 0.1,
                              double eps = 1e-5);

// The same for each channel of each sample, whose statistics are its own if use_input_stats.
WENGERT_API Tensor instance_norm(const Tensor& input, const Tensor& running_mean = {},
                                 const Tensor& running_var = {}, const Tensor& weight = {},
                                 const Tensor& bias = {}, bool use_input_stats = true,
                                 double momentum = 0.1, double eps = 1e-5);

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
// Rows of weight (count, width) by the integers input (*). The row padding_idx gets no gradient;
// with scale_grad_by_freq the gradient of a row is divided by how often it was taken.
WENGERT_API Tensor embedding(const Tensor& input, const Tensor& weight,
                             std::optional<int64_t> padding_idx = {},
                             bool scale_grad_by_freq = false);
// Scales the rows of weight that indices name down to a norm of max_norm, in place.
WENGERT_API Tensor& embedding_renorm_(Tensor& weight, const Tensor& indices, double max_norm,
                                      double norm_type = 2);
enum class BagMode : int64_t { sum, mean, max };
struct Bags {
  Tensor output;       // (bags, width)
  Tensor offset2bag;   // the bag of each index
  Tensor bag_size;     // how many rows each bag has, without those of padding_idx
  Tensor max_indices;  // the row each maximum comes from, -1 in empty bags
};
// Sums, means or maxima of the rows that indices (n) names, in bags that begin at `offsets`, a list
// that also holds the end of the last bag if include_last_offset.
WENGERT_API Bags embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                               bool scale_grad_by_freq = false, BagMode mode = BagMode::sum,
                               const Tensor& per_sample_weights = {},
                               bool include_last_offset = false,
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

// ---- activation functions with numbers; the others are in elementwise.h
// x where x > 0, else negative_slope x. The names with an underscore overwrite their input.
WENGERT_API Tensor leaky_relu(const Tensor& input, double negative_slope = 0.01);
WENGERT_API Tensor& leaky_relu_(Tensor& self, double negative_slope = 0.01);
// x where x > 0, else weight x, with one weight or one for each channel (dimension 1).
WENGERT_API Tensor prelu(const Tensor& input, const Tensor& weight);
// x where x > 0, else alpha (e^x - 1).
WENGERT_API Tensor elu(const Tensor& input, double alpha = 1);
WENGERT_API Tensor& elu_(Tensor& self, double alpha = 1);
// Scaled ELU with the self-normalising constants of Klambauer et al. (2017).
WENGERT_API Tensor selu(const Tensor& input);
WENGERT_API Tensor& selu_(Tensor& self);
// max(0, x) + min(0, alpha (e^(x / alpha) - 1)).
WENGERT_API Tensor celu(const Tensor& input, double alpha = 1);
WENGERT_API Tensor& celu_(Tensor& self, double alpha = 1);
// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
WENGERT_API Tensor softplus(const Tensor& input, double beta = 1, double threshold = 20);
// x limited to [min_val, max_val], with derivative 0 on the borders.
WENGERT_API Tensor hardtanh(const Tensor& input, double min_val = -1, double max_val = 1);
WENGERT_API Tensor& hardtanh_(Tensor& self, double min_val = -1, double max_val = 1);
// x where x > threshold, else value.
WENGERT_API Tensor threshold(const Tensor& input, double threshold, double value);
WENGERT_API Tensor& threshold_(Tensor& self, double threshold, double value);
// x where |x| > lambd, else 0.
WENGERT_API Tensor hardshrink(const Tensor& input, double lambd = 0.5);
// x moved towards 0 by lambd, 0 where |x| <= lambd.
WENGERT_API Tensor softshrink(const Tensor& input, double lambd = 0.5);

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
// Connectionist temporal classification of log-probabilities (T, N, C) or (T, C): the targets are
// (N, S), or one after another in one dimension; lengths are integers (N). The gradient takes
// log_probs for the result of a log_softmax.
WENGERT_API Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets,
                            const Tensor& input_lengths, const Tensor& target_lengths,
                            int64_t blank = 0, std::string_view reduction = "mean",
                            bool zero_infinity = false);

// ---- distances
// The p-norms of x1[..., i, :] - x2[..., j, :]; leading dimensions broadcast. compute_mode says
// whether those of p = 2 come from a matrix product, which is faster for many rows and less exact.
WENGERT_API Tensor cdist(const Tensor& x1, const Tensor& x2, double p = 2,
                         std::string_view compute_mode = "use_mm_for_euclid_dist_if_necessary");
// The p-norms of input[i] - input[j] for i < j.
WENGERT_API Tensor pdist(const Tensor& input, double p = 2);

WENGERT_NAMESPACE_END
