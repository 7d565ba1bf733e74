// Gradients of each example by itself, and of functions within functions.
#include <unordered_set>

#include "autograd/algebra.h"
#include "autograd/inspect.h"
#include "autograd/vmap_level.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

GradientLevel::GradientLevel() {
  if (const VmapLevel* vmap = innermost_vmap()) ++*(count_ = vmap->gradients());
}
GradientLevel::~GradientLevel() { end(); }
void GradientLevel::end() {
  if (count_) --*count_;
  count_.reset();
}

namespace {

Tensor linked_variable(const Tensor& t) {
  if (t.requires_grad() && recording()) return algebra::view_as(t);
  Tensor x = without_history(t);
  x.impl()->flags &= static_cast<uint16_t>(~kInference);  // recorded from here on
  return x.requires_grad_(true);
}

thread_local constinit int open_scopes = 0;

}  // namespace

Tensor fresh_variable(const Tensor& t) {
  const VmapLevel* vmap = innermost_vmap();
  if (!vmap || batched_at(*t.impl(), vmap->number())) return linked_variable(t);
  const Tensor one = vmap->wrap(t, true);
  if (const Levels* l = levels_of(*t.impl())) {  // those of levels inside of the vmap
    for (const Levels::Tangent& tangent : l->tangents) {
      if (tangent.level > vmap->number()) set_tangent(*one.impl(), tangent.level, tangent.value);
    }
  }
  return linked_variable(one);
}

struct GradientScope::State {
  GradientLevel level;
  bool recorded_outside;
  uint64_t since;
  std::vector<Tensor> variables;
  std::unique_ptr<ModeScope> outside_inference;  // gradients are recorded in inference mode too
  bool ended = false;
};

bool in_gradient_scope() { return open_scopes > 0; }

GradientScope::GradientScope() : state_(new State{{}, recording(), thread_mode.last_node, {}, {}}) {
  if (is_inference_mode()) state_->outside_inference = inference_mode(false);
  set_grad_enabled(true);
  ++open_scopes;
}
GradientScope::~GradientScope() { end(); }
void GradientScope::end() {
  if (state_->ended) return;
  state_->ended = true;
  if (open_scopes > 0) --open_scopes;
  state_->level.end();
  state_->outside_inference.reset();
  set_grad_enabled(state_->recorded_outside);
}

Tensor GradientScope::variable(const Tensor& t) const {
  WG_CHECK(t.defined(), TypeError, "grad: expected a tensor to differentiate by");
  WG_CHECK(is_differentiable(t.dtype()), Error,
           "grad: only tensors of floating point and complex dtype can be differentiated by, but "
           "this one has dtype ",
           t.dtype());
  state_->variables.push_back(fresh_variable(t));
  return state_->variables.back();
}

namespace {

// Whether a gradient may flow through `t` to something other than `variables` that is older than
// node number `since`, or to what stands for all examples.
bool reaches_outside(const Tensor& t, TensorList variables, uint64_t since) {
  if (examples_require_grad(t)) return true;
  std::vector<Node*> stack;
  std::unordered_set<const Node*> seen;
  if (Node* n = grad_fn(*t.impl())) stack.push_back(n);
  while (!stack.empty()) {
    Node* n = stack.back();
    stack.pop_back();
    if (n->number <= since) return true;
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const Edge& e = n->edges()[i];
      if (e.is_leaf()) {
        bool known = false;
        for (const Tensor& v : variables) known |= v.impl() == e.leaf();
        if (!known) return true;
      } else if (e.target && seen.insert(e.node()).second) {
        stack.push_back(e.node());
      }
    }
  }
  return false;
}

}  // namespace

std::vector<Tensor> GradientScope::gradients(TensorList outputs, TensorList variables,
                                             TensorList gradients, bool retain_graph) const {
  bool differentiated = false;
  for (const Tensor& y : outputs) {
    differentiated |= y.requires_grad() && reaches_outside(y, state_->variables, state_->since);
  }
  for (const Tensor& g : gradients) {
    for (const TensorImpl* e = g.impl(); e;) {
      differentiated |= e->requires_grad();
      e = e->has(kBatched) ? e->meta->levels->examples.impl() : nullptr;
    }
  }
  differentiated &= state_->recorded_outside && recording();
  std::vector<Tensor> roots, seeds;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    roots.push_back(outputs[i]);
    seeds.push_back(gradients[i]);
  }
  if (roots.empty()) return std::vector<Tensor>(variables.size());
  return grad(roots, variables, seeds, retain_graph, differentiated, true);
}

Tensor GradientScope::outside(const Tensor& result) const {
  if (!result.defined() || !result.requires_grad()) return result;
  if (state_->recorded_outside && reaches_outside(result, state_->variables, state_->since))
    return result;
  return without_history(result);
}

WENGERT_NAMESPACE_END
