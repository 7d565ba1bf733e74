// Losses of margins and of pairs.
#include <vector>

#include "nn/functional/reduce.h"
#include "wengert/nn/functional/activation.h"
#include "wengert/nn/functional/distance.h"
#include "wengert/nn/functional/loss.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

Tensor triplet(const char* op, const Tensor& anchor, const Tensor& positive, const Tensor& negative,
               const Distance& distance, double margin, bool swap, std::string_view reduction) {
  check_reduction(op, reduction);
  WG_CHECK(margin > 0, ValueError, op, ": margin must be greater than 0, got ", margin);
  WG_CHECK(anchor.dim() == positive.dim() && anchor.dim() == negative.dim(), Error, op,
           ": expected anchor, positive and negative to have the same number of dimensions, got ",
           anchor.dim(), ", ", positive.dim(), " and ", negative.dim());
  const Tensor near = distance(anchor, positive);
  Tensor far = distance(anchor, negative);
  if (swap) far = minimum(far, distance(positive, negative));
  return reduced(relu(near - far + margin), reduction);
}

// The input as (N, C), from (N, C), (C) or a single number.
Tensor as_rows(const char* op, const Tensor& input) {
  const bool empty = input.dim() == 2 ? input.size(1) == 0 : input.numel() == 0;
  WG_CHECK(input.dim() <= 2 && !empty, Error, op,
           ": expected a non-empty input (N, C) or (C), got shape ", input.shape());
  return input.dim() == 2 ? input : input.reshape({1, -1});
}

void check_classes(const char* op, const Tensor& target, int64_t low, int64_t classes) {
  WG_CHECK(target.dtype() == DType::int64, Error, op,
           ": expected class indices of dtype int64, got ", target.dtype());
  WG_CHECK(!any(logical_or(target < low, target >= classes)).item().to_bool(), Error, op,
           ": a target is out of range for ", classes, " classes");
}

}  // namespace

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin,
                            std::string_view reduction) {
  check_reduction("hinge_embedding_loss", reduction);
  const Tensor zero = zeros_like(input);
  const Tensor loss = where(target != 1, relu(margin - input), zero);
  return reduced(loss + where(target != -1, input, zero), reduction);
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, std::string_view reduction) {
  check_reduction("soft_margin_loss", reduction);
  return reduced(log1p(exp(-target * input)), reduction);
}

Tensor margin_ranking_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                           double margin, std::string_view reduction) {
  check_reduction("margin_ranking_loss", reduction);
  WG_CHECK(input1.dim() == input2.dim() && input1.dim() == target.dim(), Error,
           "margin_ranking_loss: expected inputs and target of one number of dimensions, got "
           "shapes ",
           input1.shape(), ", ", input2.shape(), " and ", target.shape());
  return reduced(relu(margin - target * (input1 - input2)), reduction);
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin, std::string_view reduction) {
  check_reduction("cosine_embedding_loss", reduction);
  WG_CHECK(target.dim() <= 1, Error,
           "cosine_embedding_loss: expected a target of 0 or 1 dimensions");
  WG_CHECK(input1.dim() == target.dim() + 1 && input2.dim() == target.dim() + 1, Error,
           "cosine_embedding_loss: expected inputs of ", target.dim() + 1,
           " dimensions for a target of shape ", target.shape(), ", got shapes ", input1.shape(),
           " and ", input2.shape());
  const double eps = 1e-12;
  const Tensor dot = sum(input1 * input2, {-1});
  const Tensor cosine =
      dot / sqrt((sum(pow(input1, 2), {-1}) + eps) * (sum(pow(input2, 2), {-1}) + eps));
  const Tensor zero = zeros_like(cosine);
  const Tensor loss = where(target == 1, 1 - cosine, zero);
  return reduced(loss + where(target == -1, relu(cosine - margin), zero), reduction);
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           double margin, double p, double eps, bool swap,
                           std::string_view reduction) {
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return pairwise_distance(a, b, p, eps);
  };
  return triplet("triplet_margin_loss", anchor, positive, negative, distance, margin, swap,
                 reduction);
}

Tensor triplet_margin_with_distance_loss(const Tensor& anchor, const Tensor& positive,
                                         const Tensor& negative, const Distance& given,
                                         double margin, bool swap, std::string_view reduction) {
  const Distance euclidean = [](const Tensor& a, const Tensor& b) {
    return pairwise_distance(a, b);
  };
  return triplet("triplet_margin_with_distance_loss", anchor, positive, negative,
                 given ? given : euclidean, margin, swap, reduction);
}

Tensor multi_margin_loss(const Tensor& input, const Tensor& target, int64_t p, double margin,
                         const Tensor& weight, std::string_view reduction) {
  const char* op = "multi_margin_loss";
  check_reduction(op, reduction);
  WG_CHECK(p == 1 || p == 2, ValueError, op, ": only p == 1 and p == 2 supported, got ", p);
  const Tensor x = as_rows(op, input);
  const int64_t rows = x.size(0), classes = x.size(1);
  WG_CHECK(target.dim() <= 1 && target.numel() == rows, Error, op, ": expected ", rows,
           " class indices, got a target of shape ", target.shape(), " for an input of shape ",
           input.shape());
  WG_CHECK(!weight.defined() || weight.shape() == Dims({classes}), Error, op,
           ": expected a weight of ", classes, " numbers, got shape ", weight.shape());
  check_classes(op, target, 0, classes);
  const Tensor t = target.reshape({-1, 1});
  Tensor z = relu(margin - gather(x, 1, t) + x);
  if (p == 2) z = z * z;
  if (weight.defined()) z = z * index(weight, {t});
  const Tensor own = arange(0, classes) == t;
  const Tensor loss = sum(where(own, zeros_like(z), z), {1}) / classes;
  return reduced(target.dim() ? loss : loss.reshape({}), reduction);
}

Tensor multilabel_margin_loss(const Tensor& input, const Tensor& target,
                              std::string_view reduction) {
  const char* op = "multilabel_margin_loss";
  check_reduction(op, reduction);
  const Tensor x = as_rows(op, input);
  WG_CHECK(target.shape() == input.shape(), Error, op, ": expected a target of shape ",
           input.shape(), ", got ", target.shape());
  const int64_t rows = x.size(0), classes = x.size(1);
  check_classes(op, target, -1, classes);
  const Tensor t = target.reshape({rows, classes});
  const Tensor counts = cumprod((t >= 0).to(DType::int64), 1);
  const Tensor at = t * counts;
  // Rows may name a class that the padding behind the -1 repeats, hence the maximum.
  const Tensor is_target = unsqueeze(scatter_reduce(zeros_like(t), 1, at, counts, "amax"), 1);
  const Tensor z = relu(1 - unsqueeze(gather(x, 1, at), 2) + unsqueeze(x, 1));
  const Tensor counted = (unsqueeze(counts, 2) * (1 - is_target)).to(z.dtype());
  const Tensor loss = sum(z * counted, {1, 2}) / classes;
  return reduced(input.dim() == 2 ? loss : loss.reshape({}), reduction);
}

Tensor multilabel_soft_margin_loss(const Tensor& input, const Tensor& target, const Tensor& weight,
                                   std::string_view reduction) {
  check_reduction("multilabel_soft_margin_loss", reduction);
  Tensor loss =
      -(target * functional::logsigmoid(input) + (1 - target) * functional::logsigmoid(-input));
  if (weight.defined()) loss = loss * weight;
  return reduced(sum(loss, {-1}) / input.size(-1), reduction);
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
