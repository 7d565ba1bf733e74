#include "wengert/nn/loss.h"

#include "nn/make.h"
#include "nn/text.h"
#include "wengert/nn/distance.h"
#include "wengert/nn/functional/loss.h"
#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace F = functional;

namespace {
// The options of another loss, which has weights of its own.
template <class Options>
Options with_own_weights(Options o) {
  if constexpr (requires { o.weight; }) {
    if (o.weight.defined()) o.weight = o.weight.clone();
  }
  if constexpr (requires { o.pos_weight; }) {
    if (o.pos_weight.defined()) o.pos_weight = o.pos_weight.clone();
  }
  return o;
}
}  // namespace

// forward() as an expression in x, the target t and the options o.
#define WENGERT_FORWARD(Name, expression)                                    \
  std::shared_ptr<Module> Name::make_like() const {                          \
    return make<Name>(with_own_weights(options));                            \
  }                                                                          \
  Tensor Name::forward(const Tensor& x, const Tensor& t) {                   \
    const auto& o = options;                                                 \
    return expression;                                                       \
  }                                                                          \
  Tensor Name::operator()(const Tensor& input, const Tensor& target) {       \
    return call(input, [&](const Tensor& x) { return forward(x, target); }); \
  }
#define WENGERT_LOSS(Name, expression)               \
  Name::Name(const Name##Options& o) : options(o) {} \
  WENGERT_FORWARD(Name, expression)
#define WENGERT_WEIGHTED_LOSS(Name, expression)                  \
  Name::Name(const Name##Options& o) : options(o) {              \
    if (o.weight.defined()) register_buffer("weight", o.weight); \
  }                                                              \
  WENGERT_FORWARD(Name, expression)

WENGERT_LOSS(L1Loss, F::l1_loss(x, t, o.reduction))
WENGERT_LOSS(MSELoss, F::mse_loss(x, t, o.reduction))
WENGERT_LOSS(SmoothL1Loss, F::smooth_l1_loss(x, t, o.reduction, o.beta))
WENGERT_LOSS(HuberLoss, F::huber_loss(x, t, o.reduction, o.delta))
WENGERT_WEIGHTED_LOSS(NLLLoss, nll_loss(x, t, o.weight, o.reduction, o.ignore_index))
WENGERT_WEIGHTED_LOSS(CrossEntropyLoss,
                      cross_entropy(x, t, o.weight, o.reduction, o.ignore_index, o.label_smoothing))
WENGERT_WEIGHTED_LOSS(BCELoss, binary_cross_entropy(x, t, o.weight, o.reduction))
WENGERT_LOSS(KLDivLoss, F::kl_div(x, t, o.reduction, o.log_target))
WENGERT_LOSS(HingeEmbeddingLoss, F::hinge_embedding_loss(x, t, o.margin, o.reduction))
WENGERT_LOSS(SoftMarginLoss, F::soft_margin_loss(x, t, o.reduction))
WENGERT_LOSS(PoissonNLLLoss, F::poisson_nll_loss(x, t, o.log_input, o.full, o.eps, o.reduction))
WENGERT_LOSS(MultiLabelMarginLoss, F::multilabel_margin_loss(x, t, o.reduction))
WENGERT_WEIGHTED_LOSS(MultiLabelSoftMarginLoss,
                      F::multilabel_soft_margin_loss(x, t, o.weight, o.reduction))

BCEWithLogitsLoss::BCEWithLogitsLoss(const BCEWithLogitsLossOptions& o) : options(o) {
  if (o.weight.defined()) register_buffer("weight", o.weight);
  if (o.pos_weight.defined()) register_buffer("pos_weight", o.pos_weight);
}
WENGERT_FORWARD(BCEWithLogitsLoss,
                binary_cross_entropy_with_logits(x, t, o.weight, o.pos_weight, o.reduction))

MultiMarginLoss::MultiMarginLoss(const MultiMarginLossOptions& o) : options(o) {
  WG_CHECK(o.p == 1 || o.p == 2, ValueError, "MultiMarginLoss: only p == 1 and p == 2 supported");
  if (o.weight.defined()) register_buffer("weight", o.weight);
}
WENGERT_FORWARD(MultiMarginLoss, F::multi_margin_loss(x, t, o.p, o.margin, o.weight, o.reduction))

LinearCrossEntropyLoss::LinearCrossEntropyLoss(int64_t in, int64_t classes,
                                               const LinearCrossEntropyLossOptions& o)
    : num_classes(classes),
      options(o),
      linear(in, classes * product(o.out_features), {.bias = o.bias, .dtype = o.dtype}) {
  if (o.weight.defined()) register_buffer("weight", o.weight);
  register_module("linear", linear);
}
Tensor LinearCrossEntropyLoss::forward(const Tensor& input, const Tensor& target) {
  std::vector<int64_t> shape{num_classes};
  shape.insert(shape.end(), options.out_features.begin(), options.out_features.end());
  const Tensor bias = linear.bias.defined() ? linear.bias.reshape(shape) : linear.bias;
  shape.push_back(linear.in_features);
  return F::linear_cross_entropy(input, linear.weight.reshape(shape), target, bias, options.weight,
                                 options.reduction, options.ignore_index, options.label_smoothing);
}
Tensor LinearCrossEntropyLoss::operator()(const Tensor& input, const Tensor& target) {
  return call(input, [&](const Tensor& x) { return forward(x, target); });
}

std::string LinearCrossEntropyLoss::extra_repr() const {
  return Text()
      .add("in_features", linear.in_features)
      .add("num_classes", num_classes)
      .add("out_features", options.out_features)
      .add("bias", options.bias)
      .add("reduction", options.reduction)
      .add("ignore_index", options.ignore_index)
      .add("label_smoothing", options.label_smoothing)
      .add("options", "None");
}
std::shared_ptr<Module> LinearCrossEntropyLoss::make_like() const {
  return make<LinearCrossEntropyLoss>(linear.in_features, num_classes, with_own_weights(options));
}

// ---- of three tensors

#define WENGERT_FORWARD_OF_THREE(Name, expression)                             \
  Tensor Name::forward(const Tensor& a, const Tensor& b, const Tensor& c) {    \
    const auto& o = options;                                                   \
    return expression;                                                         \
  }                                                                            \
  Tensor Name::operator()(const Tensor& a, const Tensor& b, const Tensor& c) { \
    return call(a, [&](const Tensor& x) { return forward(x, b, c); });         \
  }

MarginRankingLoss::MarginRankingLoss(const MarginRankingLossOptions& o) : options(o) {}
WENGERT_FORWARD_OF_THREE(MarginRankingLoss, F::margin_ranking_loss(a, b, c, o.margin, o.reduction))
CosineEmbeddingLoss::CosineEmbeddingLoss(const CosineEmbeddingLossOptions& o) : options(o) {}
WENGERT_FORWARD_OF_THREE(CosineEmbeddingLoss,
                         F::cosine_embedding_loss(a, b, c, o.margin, o.reduction))
GaussianNLLLoss::GaussianNLLLoss(const GaussianNLLLossOptions& o) : options(o) {}
WENGERT_FORWARD_OF_THREE(GaussianNLLLoss, F::gaussian_nll_loss(a, b, c, o.full, o.eps, o.reduction))

TripletMarginLoss::TripletMarginLoss(const TripletMarginLossOptions& o) : options(o) {
  WG_CHECK(o.margin > 0, ValueError, "TripletMarginLoss: margin must be greater than 0, got ",
           o.margin);
}
WENGERT_FORWARD_OF_THREE(TripletMarginLoss,
                         F::triplet_margin_loss(a, b, c, o.margin, o.p, o.eps, o.swap, o.reduction))

TripletMarginWithDistanceLoss::TripletMarginWithDistanceLoss(
    const TripletMarginWithDistanceLossOptions& o)
    : options(o) {
  WG_CHECK(o.margin > 0, ValueError,
           "TripletMarginWithDistanceLoss: margin must be greater than 0, got ", o.margin);
  if (!o.distance_function) register_module("distance_function", make<PairwiseDistance>());
}
namespace {
// The given function, or the module that stands for it.
std::function<Tensor(const Tensor&, const Tensor&)> distance_of(
    const TripletMarginWithDistanceLoss& loss) {
  if (loss.options.distance_function) return loss.options.distance_function;
  auto& own = dynamic_cast<PairwiseDistance&>(*loss.children()[0].second);
  return [&own](const Tensor& a, const Tensor& b) { return own(a, b); };
}
}  // namespace
WENGERT_FORWARD_OF_THREE(TripletMarginWithDistanceLoss,
                         F::triplet_margin_with_distance_loss(a, b, c, distance_of(*this), o.margin,
                                                              o.swap, o.reduction))
CTCLoss::CTCLoss(const CTCLossOptions& o) : options(o) {}
Tensor CTCLoss::forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                        const Tensor& target_lengths) {
  return ctc_loss(log_probs, targets, input_lengths, target_lengths, options.blank,
                  options.reduction, options.zero_infinity);
}
Tensor CTCLoss::operator()(const Tensor& log_probs, const Tensor& targets,
                           const Tensor& input_lengths, const Tensor& target_lengths) {
  return call(log_probs,
              [&](const Tensor& x) { return forward(x, targets, input_lengths, target_lengths); });
}

}  // namespace nn
WENGERT_NAMESPACE_END
