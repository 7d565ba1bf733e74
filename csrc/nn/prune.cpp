#include "wengert/nn/prune.h"

#include <cmath>

#include "nn/computed.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/detail/owner.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"
#include "wengert/ops/sorting.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils::prune {

namespace {

using Access = nn::detail::ModuleAccess;

// A tensor times its mask.
class Pruned : public Computation {
 public:
  using Computation::Computation;
  Tensor compute(Module& m) const override {
    const Tensor original = Access::find(m, name + "_orig");
    return Access::find(m, name + "_mask").to(original.dtype()) * original;
  }
};

std::vector<int64_t> dims_but(const Tensor& t, int64_t dim) {
  std::vector<int64_t> others;
  for (int64_t i = 0; i < t.dim(); ++i) {
    if (i != dim) others.push_back(i);
  }
  return others;
}

int64_t checked_dim(const Tensor& t, int64_t dim) {
  WG_CHECK(t.dim() > 1, ValueError,
           "prune: structured pruning is for tensors of several dimensions, but got shape ",
           t.shape());
  WG_CHECK(dim >= -t.dim() && dim < t.dim(), IndexError, "prune: dimension ", dim,
           " is out of range for a tensor of shape ", t.shape());
  return dim < 0 ? dim + t.dim() : dim;
}

Tensor without_lowest(const Tensor& importance, const Tensor& mask, int64_t n) {
  if (n == 0) return mask.clone();
  const Tensor lowest = topk(importance.reshape({-1}), n, -1, false).second;
  return index_fill(mask.reshape({-1}), 0, lowest, zeros({}, mask.dtype())).reshape(mask.shape());
}

// What `importance_of` gives for the channels along `dim` decides.
template <class F>
Tensor without_channels(const Tensor& t, const Tensor& mask, Amount amount, int64_t dim,
                        const F& importance_of) {
  dim = checked_dim(t, dim);
  const int64_t size = t.size(dim), n = amount.of(size);
  if (n == 0) return mask;
  const Tensor kept = topk(importance_of(dim), size - n).second;
  const Tensor ours = index_fill(zeros_like(t), dim, kept, ones({}, t.dtype()));
  return ours * mask.to(ours.dtype());
}

// What a method, which may be anybody's, gives.
Tensor mask_by(const PruningMethod& method, const Tensor& t, const Tensor& default_mask) {
  const Tensor mask = method.compute_mask(t, default_mask);
  WG_CHECK(mask.defined() && mask.shape() == default_mask.shape(), ValueError,
           "prune: compute_mask must give a mask of shape ", default_mask.shape(), ", but gave ",
           mask.defined() ? to_text(mask.shape()) : "none");
  return mask;
}

// The mask with that of a further method in the part that it still works on.
Tensor further_mask(const PruningMethod& method, const Tensor& t, const Tensor& default_mask) {
  const Tensor mask = default_mask.to(t.dtype());
  switch (method.type()) {
    case PruningType::unstructured: {
      const Tensor place = mask == 1;
      const Tensor part = mask_by(method, masked_select(t, place), masked_select(mask, place));
      return masked_scatter(mask, place, part.to(mask.dtype()));
    }
    case PruningType::structured: {
      const int64_t dim = checked_dim(t, method.dim());
      const Tensor kept = nonzero(sum(mask, dims_but(t, dim)) > 0).reshape({-1});
      const Tensor part =
          mask_by(method, index_select(t, dim, kept), index_select(mask, dim, kept));
      return index_copy(mask, dim, kept, part.to(mask.dtype()));
    }
    default:
      return mask_by(method, t, mask).to(mask.dtype());
  }
}

void check_scores(const Tensor& scores, const Tensor& t) {
  WG_CHECK(scores.shape() == t.shape(), ValueError,
           "prune: importance_scores must have the shape of the tensor, ", t.shape(), ", but have ",
           scores.shape());
}

}  // namespace

// ---- amounts

Amount::Amount(double value, bool is_count) : value_(value), is_count_(is_count) {
  WG_CHECK(value >= 0 && (is_count || value <= 1), ValueError,
           "prune: the amount must be a fraction in [0, 1] or a number that is not negative, but "
           "is ",
           value);
}

int64_t Amount::of(int64_t size) const {
  if (!is_count_) return std::llrint(value_ * static_cast<double>(size));
  WG_CHECK(value_ <= static_cast<double>(size), ValueError, "prune: the amount ", value_,
           " is more than the ", size, " that there are");
  return static_cast<int64_t>(value_);
}

// ---- methods

PruningMethod::~PruningMethod() = default;

Tensor PruningMethod::prune(const Tensor& t, const Tensor& default_mask,
                            const Tensor& importance_scores) const {
  const Tensor& scores = importance_scores.defined() ? importance_scores : t;
  check_scores(scores, t);
  return t * mask_by(*this, scores, default_mask.defined() ? default_mask : ones_like(t.detach()));
}

Tensor Identity::compute_mask(const Tensor&, const Tensor& default_mask) const {
  return default_mask;
}

Tensor RandomUnstructured::compute_mask(const Tensor& t, const Tensor& default_mask) const {
  const int64_t n = amount_.of(t.numel());
  return without_lowest(n == 0 ? t : rand_like(t), default_mask, n);
}

Tensor L1Unstructured::compute_mask(const Tensor& t, const Tensor& default_mask) const {
  return without_lowest(abs(t), default_mask, amount_.of(t.numel()));
}

Tensor RandomStructured::compute_mask(const Tensor& t, const Tensor& default_mask) const {
  return without_channels(t, default_mask, amount_, dim_,
                          [&](int64_t dim) { return rand({t.size(dim)}); });
}

Tensor LnStructured::compute_mask(const Tensor& t, const Tensor& default_mask) const {
  return without_channels(t, default_mask, amount_, dim_,
                          [&](int64_t dim) { return vector_norm(t, n_, dims_but(t, dim)); });
}

Tensor CustomFromMask::compute_mask(const Tensor&, const Tensor& default_mask) const {
  WG_CHECK(mask_.defined() && default_mask.shape() == mask_.shape(), ValueError,
           "prune: expected a mask of shape ", default_mask.shape());
  return default_mask * mask_.to(default_mask.dtype());
}

// ---- modules

void apply(Module& module, const Slot& slot, const PruningMethodPtr& method,
           const Tensor& importance_scores) {
  WG_CHECK(method, TypeError, "prune: expected a method");
  const ComputationPtr own = Access::computation_of(module, slot);
  const bool is_again = dynamic_cast<const Pruned*>(own.get());
  const std::string name = is_again ? own->name : parameter_in("prune", module, slot);
  const Tensor t = slot(module);
  const Tensor scores = (importance_scores.defined() ? importance_scores : t).detach();
  check_scores(scores, t);
  if (is_again) {
    const Tensor mask = Access::find(module, name + "_mask");
    const Tensor now = further_mask(*method, scores, mask);
    Access::take(module, name + "_mask");
    Access::add_buffer(module, name + "_mask", now.detach().clone());
    own->run(module);
    return;
  }
  const Tensor mask = mask_by(*method, scores, ones_like(t.detach()));
  Access::check_free(module, {name + "_orig", name + "_mask"});
  Access::take(module, name);
  Access::add_parameter(module, name + "_orig", t);
  Access::add_buffer(module, name + "_mask", mask.detach().clone());  // that may be a view
  const auto made = std::make_shared<Pruned>(name, slot);
  made->run(module);
  Access::begin(module, made);
}

void identity(Module& module, const Slot& slot) {
  apply(module, slot, std::make_shared<Identity>());
}
void random_unstructured(Module& module, const Slot& slot, Amount amount) {
  apply(module, slot, std::make_shared<RandomUnstructured>(amount));
}
void l1_unstructured(Module& module, const Slot& slot, Amount amount, const Tensor& scores) {
  apply(module, slot, std::make_shared<L1Unstructured>(amount), scores);
}
void random_structured(Module& module, const Slot& slot, Amount amount, int64_t dim) {
  apply(module, slot, std::make_shared<RandomStructured>(amount, dim));
}
void ln_structured(Module& module, const Slot& slot, Amount amount, double n, int64_t dim,
                   const Tensor& scores) {
  apply(module, slot, std::make_shared<LnStructured>(amount, n, dim), scores);
}
void custom_from_mask(Module& module, const Slot& slot, const Tensor& mask) {
  apply(module, slot, std::make_shared<CustomFromMask>(mask));
}

void global_unstructured(const std::vector<std::pair<Module*, Slot>>& parameters,
                         const PruningMethodPtr& method,
                         const std::vector<Tensor>& importance_scores) {
  const char* op = "global_unstructured";
  WG_CHECK(method && method->type() == PruningType::unstructured, TypeError, op,
           ": expected an unstructured method");
  WG_CHECK(importance_scores.empty() || importance_scores.size() == parameters.size(), ValueError,
           op, ": expected scores for ", parameters.size(), " tensors, but got ",
           importance_scores.size());
  std::vector<Tensor> scores, masks;
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [module, slot] = parameters[i];
    WG_CHECK(module, TypeError, op, ": a module is null");
    const ComputationPtr own = Access::computation_of(*module, slot);
    const bool is_again = dynamic_cast<const Pruned*>(own.get());
    if (!is_again) parameter_in(op, *module, slot);
    const Tensor t = slot(*module).detach();
    const bool has_score = i < importance_scores.size() && importance_scores[i].defined();
    const Tensor score = has_score ? importance_scores[i].detach() : t;
    check_scores(score, t);
    scores.push_back(score.reshape({-1}));
    masks.push_back(
        (is_again ? Access::find(*module, own->name + "_mask") : ones_like(t)).reshape({-1}));
    sizes.push_back(t.numel());
  }
  if (scores.empty()) return;
  const std::vector<Tensor> parts = split(further_mask(*method, cat(scores), cat(masks)), sizes);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [module, slot] = parameters[i];
    custom_from_mask(*module, slot, parts[i].reshape(slot(*module).shape()));
  }
}

void remove(Module& module, const std::string& name) {
  const auto found = Access::computation<Pruned>(module, name);
  WG_CHECK(found, ValueError, "prune: the tensor '", name,
           "' has to be pruned before pruning can be removed");
  Access::check_free(module, {name});
  const Tensor original = Access::find(module, name + "_orig");
  wengert::detail::replace_data(original, found->compute(module).detach());
  for (const char* end : {"_orig", "_mask"}) Access::take(module, name + end);
  Access::add_parameter(module, name, original);
  found->slot(module) = original;
  Access::end(module, *found);
}

bool is_pruned(Module& module) {
  for (const Module* inner : module.modules()) {
    for (const ComputationPtr& c : Access::computations(*inner)) {
      if (dynamic_cast<const Pruned*>(c.get())) return true;
    }
  }
  return false;
}

}  // namespace nn::utils::prune
WENGERT_NAMESPACE_END
