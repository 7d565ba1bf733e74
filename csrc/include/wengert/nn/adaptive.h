// Softmax over many classes, the rare ones in clusters of their own.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "wengert/nn/container.h"
#include "wengert/nn/linear.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct AdaptiveLogSoftmaxWithLossOptions {
  double div_value = 4;  // by how much the clusters' features shrink
  bool head_bias = false;
  std::optional<DType> dtype = {};
};
// Log-softmax for classes sorted by falling frequency (Grave et al., 2017). The head scores the
// most frequent classes and the clusters; cluster i scores the classes from cutoffs[i] on, through
// in_features / div_value^(i + 1) features.
class WENGERT_API AdaptiveLogSoftmaxWithLoss : public Module {
 public:
  AdaptiveLogSoftmaxWithLoss(int64_t in_features, int64_t n_classes, std::vector<int64_t> cutoffs,
                             const AdaptiveLogSoftmaxWithLossOptions& options = {});
  using Module::forward;
  // The log-probabilities of the targets (N), and minus their mean, for an input (N, in_features);
  // also without N.
  std::pair<Tensor, Tensor> forward(const Tensor& input, const Tensor& target);
  std::pair<Tensor, Tensor> operator()(const Tensor& input, const Tensor& target);
  // The log-probabilities of all classes, (N, n_classes).
  Tensor log_prob(const Tensor& input);
  // The most probable class of each row.
  Tensor predict(const Tensor& input);
  std::shared_ptr<Module> make_like() const override {
    return make<AdaptiveLogSoftmaxWithLoss>(
        in_features, n_classes, std::vector<int64_t>(cutoffs.begin(), cutoffs.end() - 1), options);
  }
  const int64_t in_features, n_classes;
  const std::vector<int64_t> cutoffs;  // with n_classes behind them
  const AdaptiveLogSoftmaxWithLossOptions options;
  Linear head;
  ModuleList tail;

 private:
  int64_t clusters() const { return static_cast<int64_t>(cutoffs.size()) - 1; }
};

}  // namespace nn
WENGERT_NAMESPACE_END
