// Losses; their formulas stand in wengert/nn/functional/loss.h. `reduction` is "mean", "sum" or
// "none". Weights are buffers; undefined: none.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "wengert/nn/linear.h"
#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct LossOptions {
  std::string reduction = "mean";
};
using L1LossOptions = LossOptions;
using MSELossOptions = LossOptions;
using SoftMarginLossOptions = LossOptions;
using MultiLabelMarginLossOptions = LossOptions;
struct SmoothL1LossOptions {
  std::string reduction = "mean";
  double beta = 1;
};
struct HuberLossOptions {
  std::string reduction = "mean";
  double delta = 1;
};
struct NLLLossOptions {
  Tensor weight = {};  // by class
  int64_t ignore_index = -100;
  std::string reduction = "mean";
};
using NLLLoss2dOptions = NLLLossOptions;
struct CrossEntropyLossOptions {
  Tensor weight = {};  // by class
  int64_t ignore_index = -100;
  std::string reduction = "mean";
  double label_smoothing = 0;
};
struct BCELossOptions {
  Tensor weight = {};
  std::string reduction = "mean";
};
using MultiLabelSoftMarginLossOptions = BCELossOptions;
struct BCEWithLogitsLossOptions {
  Tensor weight = {};
  std::string reduction = "mean";
  Tensor pos_weight = {};
};
struct KLDivLossOptions {
  std::string reduction = "mean";  // also "batchmean"
  bool log_target = false;
};
struct HingeEmbeddingLossOptions {
  double margin = 1;
  std::string reduction = "mean";
};
struct PoissonNLLLossOptions {
  bool log_input = true, full = false;
  double eps = 1e-8;
  std::string reduction = "mean";
};
struct MultiMarginLossOptions {
  int64_t p = 1;  // or 2
  double margin = 1;
  Tensor weight = {};  // by class
  std::string reduction = "mean";
};

// loss(input, target)
#define WENGERT_LOSS(Name)                                        \
  class WENGERT_API Name : public Module {                        \
   public:                                                        \
    explicit Name(const Name##Options& options = {});             \
    using Module::forward;                                        \
    Tensor forward(const Tensor& input, const Tensor& target);    \
    Tensor operator()(const Tensor& input, const Tensor& target); \
    std::shared_ptr<Module> make_like() const override;           \
    const Name##Options options;                                  \
  };
WENGERT_LOSS(L1Loss)
WENGERT_LOSS(MSELoss)
WENGERT_LOSS(SmoothL1Loss)
WENGERT_LOSS(HuberLoss)
WENGERT_LOSS(NLLLoss)
WENGERT_LOSS(CrossEntropyLoss)
WENGERT_LOSS(BCELoss)
WENGERT_LOSS(BCEWithLogitsLoss)
WENGERT_LOSS(KLDivLoss)
WENGERT_LOSS(HingeEmbeddingLoss)
WENGERT_LOSS(SoftMarginLoss)
WENGERT_LOSS(PoissonNLLLoss)
WENGERT_LOSS(MultiMarginLoss)
WENGERT_LOSS(MultiLabelMarginLoss)
WENGERT_LOSS(MultiLabelSoftMarginLoss)
#undef WENGERT_LOSS
using NLLLoss2d = NLLLoss;  // its old name for images

// Of three tensors each.
struct MarginLossOptions {
  double margin = 0;
  std::string reduction = "mean";
};
using MarginRankingLossOptions = MarginLossOptions;
using CosineEmbeddingLossOptions = MarginLossOptions;
struct TripletMarginLossOptions {
  double margin = 1, p = 2, eps = 1e-6;
  bool swap = false;
  std::string reduction = "mean";
};
struct TripletMarginWithDistanceLossOptions {
  std::function<Tensor(const Tensor&, const Tensor&)> distance_function = {};  // the Euclidean one
  double margin = 1;
  bool swap = false;
  std::string reduction = "mean";
};
struct GaussianNLLLossOptions {
  bool full = false;
  double eps = 1e-6;
  std::string reduction = "mean";
};
#define WENGERT_LOSS(Name, a, b, c)                                                    \
  class WENGERT_API Name : public Module {                                             \
   public:                                                                             \
    explicit Name(const Name##Options& options = {});                                  \
    using Module::forward;                                                             \
    Tensor forward(const Tensor& a, const Tensor& b, const Tensor& c);                 \
    Tensor operator()(const Tensor& a, const Tensor& b, const Tensor& c);              \
    std::shared_ptr<Module> make_like() const override { return make<Name>(options); } \
    const Name##Options options;                                                       \
  };
WENGERT_LOSS(MarginRankingLoss, input1, input2, target)
WENGERT_LOSS(CosineEmbeddingLoss, input1, input2, target)
WENGERT_LOSS(TripletMarginLoss, anchor, positive, negative)
WENGERT_LOSS(TripletMarginWithDistanceLoss, anchor, positive, negative)
WENGERT_LOSS(GaussianNLLLoss, input, target, var)
#undef WENGERT_LOSS

struct CTCLossOptions {
  int64_t blank = 0;
  std::string reduction = "mean";
  bool zero_infinity = false;
};
class WENGERT_API CTCLoss : public Module {
 public:
  explicit CTCLoss(const CTCLossOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths);
  Tensor operator()(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                    const Tensor& target_lengths);
  std::shared_ptr<Module> make_like() const override { return make<CTCLoss>(options); }
  const CTCLossOptions options;
};

struct LinearCrossEntropyLossOptions {
  std::vector<int64_t> out_features = {};  // sizes of several losses a sample
  bool bias = false;
  std::optional<DType> dtype = {};
  std::string reduction = "mean";
  Tensor weight = {};  // by class
  std::optional<int64_t> ignore_index = {};
  double label_smoothing = 0;
};
// Cross entropy of a linear map of the input (N, in_features), whose weight is `linear.weight`.
class WENGERT_API LinearCrossEntropyLoss : public Module {
 public:
  LinearCrossEntropyLoss(int64_t in_features, int64_t num_classes,
                         const LinearCrossEntropyLossOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target);
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;
  const int64_t num_classes;
  const LinearCrossEntropyLossOptions options;
  Linear linear;
};

}  // namespace nn
WENGERT_NAMESPACE_END
