// Distances between vectors as modules.
#pragma once

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct PairwiseDistanceOptions {
  double p = 2, eps = 1e-6;
  bool keepdim = false;
};
// ||x1 - x2 + eps||_p along the last dimension.
class WENGERT_API PairwiseDistance : public Module {
 public:
  explicit PairwiseDistance(const PairwiseDistanceOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& x1, const Tensor& x2);
  Tensor operator()(const Tensor& x1, const Tensor& x2);
  std::shared_ptr<Module> make_like() const override { return make<PairwiseDistance>(options); }
  const PairwiseDistanceOptions options;
};

struct CosineSimilarityOptions {
  int64_t dim = 1;
  double eps = 1e-8;
};
// x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along `dim`.
class WENGERT_API CosineSimilarity : public Module {
 public:
  explicit CosineSimilarity(const CosineSimilarityOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& x1, const Tensor& x2);
  Tensor operator()(const Tensor& x1, const Tensor& x2);
  std::shared_ptr<Module> make_like() const override { return make<CosineSimilarity>(options); }
  const CosineSimilarityOptions options;
};

}  // namespace nn
WENGERT_NAMESPACE_END
