// Distances between vectors.
#pragma once

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::pdist;
// ||x1 - x2 + eps||_p along the last dimension.
WENGERT_API Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p = 2,
                                     double eps = 1e-6, bool keepdim = false);
// x1 . x2 / (max(||x1||, eps) max(||x2||, eps)) along `dim`, after broadcasting.
WENGERT_API Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim = 1,
                                     double eps = 1e-8);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
