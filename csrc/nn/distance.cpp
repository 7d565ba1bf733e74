#include "wengert/nn/distance.h"

#include "wengert/nn/functional/distance.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

PairwiseDistance::PairwiseDistance(const PairwiseDistanceOptions& o) : options(o) {}
Tensor PairwiseDistance::forward(const Tensor& x1, const Tensor& x2) {
  return functional::pairwise_distance(x1, x2, options.p, options.eps, options.keepdim);
}
Tensor PairwiseDistance::operator()(const Tensor& x1, const Tensor& x2) {
  return call(x1, [&](const Tensor& x) { return forward(x, x2); });
}

CosineSimilarity::CosineSimilarity(const CosineSimilarityOptions& o) : options(o) {}
Tensor CosineSimilarity::forward(const Tensor& x1, const Tensor& x2) {
  return functional::cosine_similarity(x1, x2, options.dim, options.eps);
}
Tensor CosineSimilarity::operator()(const Tensor& x1, const Tensor& x2) {
  return call(x1, [&](const Tensor& x) { return forward(x, x2); });
}

}  // namespace nn
WENGERT_NAMESPACE_END
