#include "wengert/nn/functional/distance.h"

#include <algorithm>
#include <vector>

#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// max(||x||, eps), whose limit is not differentiated: its value counts, the gradient passes.
Tensor limited_norm(const Tensor& x, int64_t dim, double eps) {
  Tensor size = clone(vector_norm(x, 2, {dim}, true));
  const NoGradGuard no_grad;
  return clamp_(size, Scalar(eps), std::nullopt);
}

// The shape both broadcast to.
std::vector<int64_t> common_shape(const Tensor& a, const Tensor& b) {
  std::vector<int64_t> shape(static_cast<size_t>(std::max(a.dim(), b.dim())), 1);
  for (const Tensor* t : {&a, &b}) {
    for (int64_t d = 1; d <= t->dim(); ++d) {
      int64_t& size = shape[shape.size() - static_cast<size_t>(d)];
      WG_CHECK(size == 1 || t->size(-d) == 1 || t->size(-d) == size, Error,
               "cosine_similarity: the shapes ", a.shape(), " and ", b.shape(),
               " do not broadcast");
      if (size == 1) size = t->size(-d);
    }
  }
  return shape;
}

}  // namespace

Tensor pairwise_distance(const Tensor& x1, const Tensor& x2, double p, double eps, bool keepdim) {
  return vector_norm(x1 - x2 + eps, p, {-1}, keepdim);
}

Tensor cosine_similarity(const Tensor& x1, const Tensor& x2, int64_t dim, double eps) {
  const DType common = promote(x1.dtype(), x2.dtype());
  WG_CHECK(is_floating(common), Error, "cosine_similarity: expected a floating point dtype, got ",
           x1.dtype(), " and ", x2.dtype());
  const std::vector<int64_t> shape = common_shape(x1, x2);
  const Tensor a = expand(x1.to(common), shape), b = expand(x2.to(common), shape);
  const Tensor unit = a / limited_norm(a, dim, eps);
  return sum(unit * (b / limited_norm(b, dim, eps)), {dim});
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
