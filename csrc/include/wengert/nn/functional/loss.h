// Losses. `reduction` is "mean", "sum" or "none" everywhere. What is not said here stands in
// wengert/ops/nn.h.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::binary_cross_entropy;
using wengert::binary_cross_entropy_with_logits;
using wengert::cross_entropy;
using wengert::ctc_loss;
using wengert::nll_loss;

// (x - t)^2 and |x - t|; with a weight in their shape its mean divides by the sum of the weights.
WENGERT_API Tensor mse_loss(const Tensor& input, const Tensor& target,
                            std::string_view reduction = "mean", const Tensor& weight = {});
WENGERT_API Tensor l1_loss(const Tensor& input, const Tensor& target,
                           std::string_view reduction = "mean", const Tensor& weight = {});
// d^2 / (2 beta) where d = |x - t| < beta, else d - beta / 2.
WENGERT_API Tensor smooth_l1_loss(const Tensor& input, const Tensor& target,
                                  std::string_view reduction = "mean", double beta = 1);
// d^2 / 2 where d = |x - t| <= delta, else delta (d - delta / 2); times a weight in their shape.
WENGERT_API Tensor huber_loss(const Tensor& input, const Tensor& target,
                              std::string_view reduction = "mean", double delta = 1,
                              const Tensor& weight = {});
// t (log(t) - x) of log-probabilities x; "batchmean" divides the sum by the batch size.
WENGERT_API Tensor kl_div(const Tensor& input, const Tensor& target,
                          std::string_view reduction = "mean", bool log_target = false);
// e^x - t x (or x - t log(x + eps)), with Stirling's term for log(t!) if `full`.
WENGERT_API Tensor poisson_nll_loss(const Tensor& input, const Tensor& target,
                                    bool log_input = true, bool full = false, double eps = 1e-8,
                                    std::string_view reduction = "mean");
// (log(v) + (x - t)^2 / v) / 2 with v = max(var, eps); adds log(2 pi) / 2 if `full`. `var` has the
// input's shape, or 1 for its last size, or is without it.
WENGERT_API Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                                     bool full = false, double eps = 1e-6,
                                     std::string_view reduction = "mean");
// cross_entropy of linear(input, linear_weight, linear_bias): an input (in_features) or
// (N, in_features), a weight (C, in_features), or (C, d1, ..., in_features) for several losses a
// sample, with a bias of that shape without its last size. ignore_index is not for probabilities.
WENGERT_API Tensor linear_cross_entropy(const Tensor& input, const Tensor& linear_weight,
                                        const Tensor& target, const Tensor& linear_bias = {},
                                        const Tensor& weight = {},
                                        std::string_view reduction = "mean",
                                        std::optional<int64_t> ignore_index = {},
                                        double label_smoothing = 0);

// ---- of margins and pairs; targets are 1 and -1, or class indices
// x where t = 1; max(0, margin - x) where t = -1.
WENGERT_API Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target,
                                        double margin = 1, std::string_view reduction = "mean");
// log(1 + e^(-t x)).
WENGERT_API Tensor soft_margin_loss(const Tensor& input, const Tensor& target,
                                    std::string_view reduction = "mean");
// max(0, margin - t (x1 - x2)).
WENGERT_API Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2,
                                       const Tensor& target, double margin = 0,
                                       std::string_view reduction = "mean");
// 1 - cos(x1, x2) where t = 1; max(0, cos(x1, x2) - margin) where t = -1.
WENGERT_API Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2,
                                         const Tensor& target, double margin = 0,
                                         std::string_view reduction = "mean");
// max(0, d(a, p) - d(a, n) + margin) with the p-norm distance d; `swap` takes d(p, n) if it is the
// smaller one.
WENGERT_API Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive,
                                       const Tensor& negative, double margin = 1, double p = 2,
                                       double eps = 1e-6, bool swap = false,
                                       std::string_view reduction = "mean");
using Distance = std::function<Tensor(const Tensor&, const Tensor&)>;
// The same with a distance of one's own; none: the Euclidean one.
WENGERT_API Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive,
                                                     const Tensor& negative,
                                                     const Distance& distance_function = {},
                                                     double margin = 1, bool swap = false,
                                                     std::string_view reduction = "mean");
// sum over i != t of max(0, margin - x[t] + x[i])^p / C, for scores (N, C) or (C) and class
// indices; times weight[t]. p is 1 or 2.
WENGERT_API Tensor multi_margin_loss(const Tensor& input, const Tensor& target, int64_t p = 1,
                                     double margin = 1, const Tensor& weight = {},
                                     std::string_view reduction = "mean");
// sum of max(0, 1 - x[t] + x[i]) / C over targets t and all other classes i, for scores (N, C) or
// (C); the targets of a row are its class indices up to the first -1.
WENGERT_API Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                                          std::string_view reduction = "mean");
// Mean over classes (the last dimension) of -(t log s(x) + (1 - t) log s(-x)), with the logistic
// function s.
WENGERT_API Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target,
                                               const Tensor& weight = {},
                                               std::string_view reduction = "mean");

}  // namespace nn::functional
WENGERT_NAMESPACE_END
