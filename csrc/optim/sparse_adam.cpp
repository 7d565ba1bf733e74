#include <cmath>

#include "optim/checks.h"
#include "optim/sparse.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/pointwise.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace detail {

std::vector<Option> list_options(SparseAdamOptions& o) {
  return {{"lr", {&o.lr}},
          {"betas", {&o.beta1, &o.beta2}},
          {"eps", {&o.eps}},
          {"maximize", {&o.maximize}}};
}
void check_group(const SparseAdamOptions& o, const std::vector<Tensor>& params) {
  WG_CHECK(o.lr > 0, ValueError, "SparseAdam: lr must be positive, but is ", o.lr);
  WG_CHECK(o.eps > 0, ValueError, "SparseAdam: eps must be positive, but is ", o.eps);
  check_betas("SparseAdam", o.beta1, o.beta2);
  for (const Tensor& p : params) {
    WG_CHECK(!p.defined() || !is_complex(p.dtype()), ValueError,
             "SparseAdam: complex parameters are not supported");
  }
}

}  // namespace detail

void SparseAdam::update(size_t group) {
  const SparseAdamOptions& o = options(group);
  const std::vector<size_t> numbers = active(group, true);
  for (const size_t i : numbers) {
    WG_CHECK(is_sparse(parameters()[i].grad()), Error,
             "SparseAdam: dense gradients are not supported; consider Adam instead");
  }
  for (const size_t i : numbers) {
    Tensor p = parameters()[i];
    // Each element once: the update is not linear.
    const SparseParts parts = coalesced(p.grad());
    io::Value& step = state(i)["step"];
    const int64_t t = (step.is_none() ? 0 : static_cast<int64_t>(number_of(step))) + 1;
    step = t;
    Tensor& mean = state_tensor(i, "exp_avg", false, 0);
    Tensor& square = state_tensor(i, "exp_avg_sq", false, 0);
    if (parts.values.numel() == 0) continue;
    const Tensor g = o.maximize ? -parts.values : parts.values;
    const std::vector<Tensor> at = places(parts);
    const Tensor m = lerp(index(mean, at), g, 1 - o.beta1);
    const Tensor v = lerp(index(square, at), g * g, 1 - o.beta2);
    index_put_(mean, at, m);
    index_put_(square, at, v);
    const auto steps = static_cast<double>(t);
    const double rate =
        o.lr * std::sqrt(1 - std::pow(o.beta2, steps)) / (1 - std::pow(o.beta1, steps));
    index_put_(p, at, index(p, at) - rate * m / (sqrt(v) + o.eps));
  }
}

std::vector<StateEntry> SparseAdam::entries(size_t number, const io::Value&) const {
  const std::vector<int64_t> shape = parameters()[number].shape().vec();
  return {{"step"}, {"exp_avg", shape}, {"exp_avg_sq", shape}};
}

}  // namespace optim
WENGERT_NAMESPACE_END
