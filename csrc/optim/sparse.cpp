#include "optim/sparse.h"

#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

Tensor signed_values(const Tensor& values, bool maximize) { return maximize ? -values : values; }

// p += alpha g
void add_to(Tensor& p, const SparseParts& g, double alpha) {
  Tensor values = to(g.values, p.dtype());
  if (alpha != 1) values = values * alpha;
  if (g.indices.size(0) == 1) {
    index_add_(p, 0, select(g.indices, 0, 0), values);
  } else if (g.indices.size(0) == 0) {
    copy_(p, p + sum(values, {0}));
  } else {
    index_put_(p, places(g), values, true);
  }
}

// a + alpha b, of coalesced parts.
SparseParts sum_of(const SparseParts& a, const SparseParts& b, double alpha, Dims shape) {
  const Tensor values = alpha != 1 ? b.values * alpha : b.values;
  WG_CHECK(a.indices.size(0) == b.indices.size(0), Error,
           "SGD: expected sparse gradients that index as many dimensions in each step, but got ",
           a.indices.size(0), " and ", b.indices.size(0));
  if (equal(a.indices, b.indices)) return {a.indices, a.values + values, true};
  return coalesced(new_sparse(shape, {cat({a.indices, b.indices}, 1),
                                      cat({a.values, to(values, a.values.dtype())}), false}));
}

}  // namespace

std::vector<Tensor> places(const SparseParts& parts) { return unbind(parts.indices); }

SparseParts coalesced(const Tensor& gradient) {
  const NoGradGuard no_grad;
  const Tensor sorted = sparse::coalesce(gradient);
  const SparseParts& g = sparse_parts(sorted);
  return {g.indices, g.values.detach(), true};
}

void sgd_sparse(Tensor& p, Tensor& buffer, const SGDOptions& o) {
  WG_CHECK(o.weight_decay == 0, Error, "SGD: weight_decay is not compatible with sparse gradients");
  SparseParts g = sparse_parts(p.grad());
  g.values = signed_values(g.values.detach(), o.maximize);
  const Dims shape = p.shape();
  if (o.momentum != 0) {
    g = coalesced(new_sparse(shape, g));  // the buffer grows by new places only
    SparseParts b;
    if (!buffer.defined()) {
      b = {clone(g.indices), clone(g.values), true};
    } else {
      WG_CHECK(is_sparse(buffer), Error,
               "SGD: expected gradients that are sparse in each step, or in none");
      SparseParts& kept = sparse_parts(buffer);
      if (!kept.coalesced) kept = coalesced(buffer);
      b = sum_of({kept.indices, kept.values * o.momentum, true}, g, 1 - o.dampening, shape);
    }
    buffer = new_sparse(shape, b);
    g = o.nesterov ? sum_of(g, b, o.momentum, shape) : b;
  }
  add_to(p, g, -o.lr);
}

void adagrad_sparse(Tensor& p, Tensor& sum, Tensor& step, const AdagradOptions& o) {
  WG_CHECK(o.weight_decay == 0, Error,
           "Adagrad: weight_decay is not compatible with sparse gradients");
  // Each element once: the update is not linear.
  const SparseParts g = coalesced(p.grad());
  const std::vector<Tensor> at = places(g);
  const Tensor values = signed_values(g.values, o.maximize);
  add_(step, Scalar(1));
  const double rate = o.lr / (1 + (step.item<double>() - 1) * o.lr_decay);
  const Tensor s = index(sum, at) + values * values;
  index_put_(sum, at, s);
  index_put_(p, at, index(p, at) - rate * values / (sqrt(s) + o.eps));
}

}  // namespace optim
WENGERT_NAMESPACE_END
