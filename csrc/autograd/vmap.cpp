// Vectorisation over examples: a tensor that stands for one example runs its operations for all.
#include <unordered_set>

#include "autograd/algebra.h"
#include "autograd/batch.h"
#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "autograd/levels.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

std::atomic<uint64_t> rules_used{0}, fallbacks_used{0};

// A tensor for one of the examples, or with `same` for each of them.
Tensor wrap_examples(const Tensor& examples, uint64_t level, bool same) {
  const TensorImpl& e = *examples.impl();
  const int skip = same ? 0 : 1;
  Tensor out = new_alias(e, {e.shape() + skip, static_cast<size_t>(e.ndim - skip)},
                         e.strides() + skip, e.data);
  TensorImpl& t = *out.impl();
  Levels& l = make_levels(t);
  l.examples = examples;
  l.batch_level = level;
  l.same = same;
  t.flags |= kBatched;
  update_contiguous(t);
  return out;
}

}  // namespace

// ---- what rules see -----------------------------------------------------------------------

Batch::Batch(const OpCall& call, uint64_t level, int64_t size)
    : call_(call),
      size_(size),
      values_(static_cast<size_t>(call.n_inputs)),
      outputs_(static_cast<size_t>(call.n_outputs)),
      batched_(static_cast<size_t>(call.n_inputs)) {
  for (int i = 0; i < call.n_inputs; ++i) {
    if (!call.inputs[i]) continue;
    const auto k = static_cast<size_t>(i);
    if (const Levels* l = batched_at(*call.inputs[i], level)) {
      values_[k] = l->examples;
      batched_[k] = !l->same;
    } else {
      values_[k] = Tensor::share(call.inputs[i]);
    }
  }
}

bool Batch::only(int i) const {
  for (int k = 0; k < inputs(); ++k) {
    if (k != i && batched(k)) return false;
  }
  return batched(i);
}

Tensor Batch::front(int i) const {
  if (batched(i) || !in(i).defined()) return in(i);
  Shape shape;
  shape.push(size_);
  for (const int64_t d : in(i).shape()) shape.push(d);
  return algebra::expand(in(i), shape);
}

bool Batch::run(const OpClass& cls, const void* op, const std::vector<Tensor>& inputs) {
  std::vector<TensorImpl*> in(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) in[i] = inputs[i].impl();
  OpCall call{cls, op, in.data(), static_cast<int>(in.size()), outputs_.data(), call_.n_outputs};
  wengert::run(call);
  return true;
}

bool Batch::run_with_front(const OpClass& cls, const void* op) {
  std::vector<Tensor> inputs(values_.size());
  for (int i = 0; i < this->inputs(); ++i) {
    if (call_.inputs[i] && ndim(i) == 0) return false;
    inputs[static_cast<size_t>(i)] = front(i);
  }
  return run(cls, op, inputs);
}

bool Batch::run_leading() {
  if (!only(0)) return false;
  return run(call_.cls, call_.op, values_);
}

bool Batch::run_rows() {
  if (!only(0) || ndim(0) == 0) return false;
  std::vector<Tensor> inputs = values_;
  Shape merged = shape(0);
  merged.d[0] *= size_;
  inputs[0] = algebra::reshape(in(0), merged);
  run(call_.cls, call_.op, inputs);
  for (Tensor& out : outputs_) {
    if (!out.defined()) continue;
    Shape s;
    s.push(size_);
    s.push(out.shape()[0] / size_);
    for (size_t i = 1; i < out.shape().size(); ++i) s.push(out.shape()[i]);
    out = algebra::reshape(out, s);
  }
  return true;
}

bool Batch::run_elementwise() {
  int64_t most = 0;
  for (int i = 0; i < inputs(); ++i) {
    if (call_.inputs[i]) most = std::max(most, ndim(i));
  }
  std::vector<Tensor> inputs = values_;
  for (int i = 0; i < this->inputs(); ++i) {
    if (!call_.inputs[i] || !batched(i) || ndim(i) == most) continue;
    Shape shape;
    shape.push(size_);
    for (int64_t k = ndim(i); k < most; ++k) shape.push(1);
    for (const int64_t d : this->shape(i)) shape.push(d);
    inputs[static_cast<size_t>(i)] = algebra::reshape(in(i), shape);
  }
  return run(call_.cls, call_.op, inputs);
}

bool Batch::run_one_by_one() {
  const auto n_outputs = static_cast<size_t>(call_.n_outputs);
  std::vector<std::vector<Tensor>> results(n_outputs);
  for (int64_t k = 0; k < size_; ++k) {
    std::vector<Tensor> one = values_, outputs(n_outputs);
    std::vector<TensorImpl*> in(one.size());
    for (size_t i = 0; i < one.size(); ++i) {
      if (batched_[i]) one[i] = algebra::select(one[i], k);
      in[i] = one[i].impl();
    }
    OpCall call{call_.cls,      call_.op,       in.data(), static_cast<int>(in.size()),
                outputs.data(), call_.n_outputs};
    wengert::run(call);
    for (size_t i = 0; i < n_outputs; ++i) {
      if (outputs[i].defined()) results[i].push_back(std::move(outputs[i]));
    }
  }
  for (size_t i = 0; i < n_outputs; ++i) {
    if (!results[i].empty()) outputs_[i] = algebra::stack(results[i]);
  }
  return true;
}

// ---- the level ----------------------------------------------------------------------------

class VmapLevel final : public Level {
 public:
  VmapLevel(int64_t size, Randomness randomness)
      : Level(kVmap),
        size_(size),
        randomness_(randomness),
        recorded_outside_(recording()),
        gradients_(std::make_shared<int>(0)) {}

  int64_t size() const { return size_; }
  Randomness randomness() const { return randomness_; }
  // How many gradients of each example are being taken inside.
  const std::shared_ptr<int>& gradients() const { return gradients_; }
  Tensor wrap(const Tensor& examples, bool same = false) const {
    return wrap_examples(examples, number(), same);
  }

  void run(OpCall& call) override {
    const bool recorded = *gradients_ > 0 && recording();
    bool any = false, batched = false;
    for (int i = 0; i < call.n_inputs; ++i) {
      const Levels* l = call.inputs[i] ? batched_at(*call.inputs[i], number()) : nullptr;
      any |= l != nullptr;
      batched |= l && !l->same;
    }
    if (call.cls.random) check_randomness(call.cls, batched);
    if (!any) {
      run_transformed(call);
      return;
    }
    const bool differentiated =
        recorded && call.cls.vjp && any_requires_grad(call.inputs, call.n_inputs);
    if (call.in_place) {
      in_place(call, differentiated);
      return;
    }
    {
      // Below, what was recorded outside is recorded, unless somebody has turned it off since.
      const RecordingGuard below(recorded_outside_ && recording());
      out_of_place(call, batched);
    }
    for (int k = 0; k < call.n_outputs; ++k) {
      if (!call.outputs[k].defined()) continue;
      if (call.cls.view) {
        mark_view(*call.outputs[k].impl(), *call.inputs[0], call.cls, call.op,
                  static_cast<uint32_t>(k));
      }
    }
    if (differentiated) record(call);
  }

 private:
  void check_randomness(const OpClass& cls, bool batched) const {
    WG_CHECK(randomness_ != Randomness::error, Error, cls.name,
             ": a random operation in vmap; give vmap randomness=\"different\" for numbers of its "
             "own for every example, or \"same\" for the same ones");
    WG_CHECK(batched == (randomness_ == Randomness::different), Error, cls.name,
             batched
                 ? ": randomness=\"same\" with an input that differs between examples; draw the "
                   "numbers first, outside of vmap"
                 : ": randomness=\"different\" with a tensor that is the same for all "
                   "examples; make it from one that is batched");
  }

  void out_of_place(OpCall& call, bool batched) {
    Batch b(call, number(), size_);
    if (!batched) {
      std::vector<TensorImpl*> in(static_cast<size_t>(call.n_inputs));
      for (int i = 0; i < call.n_inputs; ++i) in[static_cast<size_t>(i)] = b.in(i).impl();
      std::vector<Tensor> outputs(static_cast<size_t>(call.n_outputs));
      OpCall once{call.cls, call.op, in.data(), call.n_inputs, outputs.data(), call.n_outputs};
      run_transformed(once);
      for (int k = 0; k < call.n_outputs; ++k) {
        const Tensor& out = outputs[static_cast<size_t>(k)];
        if (out.defined()) call.outputs[k] = wrap(out, true);
      }
      return;
    }
    // What is wrong with one example is said of one example.
    std::vector<Meta> metas(static_cast<size_t>(call.n_outputs));
    Infer infer{call.inputs, call.n_inputs, metas.data(), call.n_outputs};
    call.cls.infer(call.op, infer);

    const OpClass& cls = call.cls;
    const bool done = cls.batch                               ? cls.batch(call.op, b)
                      : cls.batching == Batching::elementwise ? b.run_elementwise()
                      : cls.batching == Batching::leading     ? b.run_leading()
                      : cls.batching == Batching::rows        ? b.run_rows()
                      : cls.batching == Batching::leading_all ? b.run_with_front(cls, call.op)
                                                              : false;
    WG_CHECK(done || !cls.random, NotImplementedError, cls.name,
             ": not available in vmap; draw the numbers first, outside of it");
    (done ? rules_used : fallbacks_used).fetch_add(1, std::memory_order_relaxed);
    if (!done) b.run_one_by_one();
    for (int k = 0; k < call.n_outputs; ++k) {
      Tensor& out = b.out(k);
      if (!out.defined()) continue;
      const Meta& m = metas[static_cast<size_t>(k)];
      WG_ASSERT(out.shape().size() == static_cast<size_t>(m.shape.ndim) + 1 &&
                out.shape()[0] == size_);
      // 0-d examples have no say in what their dimension makes of a dtype.
      if (out.dtype() != m.dtype) out = algebra::cast(out, m.dtype);
      call.outputs[k] = wrap(out);
    }
  }

  void in_place(OpCall& call, bool differentiated) {
    TensorImpl& self = *call.inputs[0];
    const Levels* l = batched_at(self, number());
    Tensor out;
    const auto replace = [&] {
      const RecordingGuard below(recorded_outside_ && recording());
      OpCall plain{call.cls, call.op, call.inputs, call.n_inputs, &out, 1};
      bool batched = false;
      for (int i = 0; i < call.n_inputs; ++i) {
        const Levels* k = call.inputs[i] ? batched_at(*call.inputs[i], number()) : nullptr;
        batched |= k && !k->same;
      }
      WG_CHECK(!batched || (l && !l->same), Error, call.cls.name,
               "_: in vmap, a tensor that is the same for all examples cannot be changed in place "
               "by one that is not; use the operation that returns a new tensor, or make the "
               "tensor from one that is batched (new_zeros, zeros_like)");
      out_of_place(plain, batched);
      WG_CHECK(out.shape() == self.sizes(), Error, call.cls.name, "_: the result has shape ",
               out.shape(), ", which does not fit in the tensor of shape ", self.sizes(),
               " that is to be changed in place");
      Tensor examples = l->examples;
      algebra::copy_(examples, batched_at(*out.impl(), number())->examples);
    };
    if (differentiated) {
      record_in_place(call, replace);
    } else {
      replace();
    }
  }

  int64_t size_;
  Randomness randomness_;
  bool recorded_outside_;
  std::shared_ptr<int> gradients_;
};

namespace {

const VmapLevel* innermost_vmap() {
  for (const Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kVmap) return static_cast<const VmapLevel*>(t);
  }
  return nullptr;
}

}  // namespace

// ---- gradients of each example ------------------------------------------------------------

GradientLevel::GradientLevel() {
  if (const VmapLevel* vmap = innermost_vmap()) ++*(count_ = vmap->gradients());
}
GradientLevel::~GradientLevel() { end(); }
void GradientLevel::end() {
  if (count_) --*count_;
  count_.reset();
}

struct GradientScope::State {
  GradientLevel level;
  bool recorded_outside;
  uint64_t since;
  std::vector<Tensor> variables;
  bool ended = false;
};

GradientScope::GradientScope() : state_(new State{{}, recording(), thread_mode.last_node, {}}) {
  set_grad_enabled(true);
}
GradientScope::~GradientScope() { end(); }
void GradientScope::end() {
  if (state_->ended) return;
  state_->ended = true;
  state_->level.end();
  set_grad_enabled(state_->recorded_outside);
}

Tensor GradientScope::variable(const Tensor& t) const {
  WG_CHECK(t.defined(), TypeError, "grad: expected a tensor to differentiate by");
  WG_CHECK(is_differentiable(t.dtype()), Error,
           "grad: only tensors of floating point and complex dtype can be differentiated by, but "
           "this one has dtype ",
           t.dtype());
  const VmapLevel* vmap = innermost_vmap();
  const auto fresh = [&](const Tensor& one) {
    state_->variables.push_back(fresh_variable(one));
    return state_->variables.back();
  };
  if (!vmap || batched_at(*t.impl(), vmap->number())) return fresh(t);
  const Tensor one = vmap->wrap(t, true);
  if (const Levels* l = levels_of(*t.impl())) {  // those of levels inside of the vmap
    for (const Levels::Tangent& tangent : l->tangents) {
      if (tangent.level > vmap->number()) set_tangent(*one.impl(), tangent.level, tangent.value);
    }
  }
  return fresh(one);
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
  Tensor t = result.detach();
  copy_levels(*t.impl(), *result.impl());
  return t;
}

// ---- the public face ----------------------------------------------------------------------

struct BatchLevel::State {
  VmapLevel level;
};

BatchLevel::BatchLevel(int64_t size, Randomness randomness)
    : state_(new State{VmapLevel(size, randomness)}) {
  WG_CHECK(size > 0, ValueError, "vmap: expected at least one example, but got a dimension of 0");
  state_->level.push();
}
BatchLevel::~BatchLevel() { end(); }
void BatchLevel::end() {
  // Ended by another thread: its own may still call it.
  if (state_ && !state_->level.pop()) state_.release();
  state_.reset();
}

Tensor BatchLevel::wrap(const Tensor& t, int64_t dim) const {
  WG_CHECK(state_, Error, "vmap: the level has ended");
  return state_->level.wrap(algebra::to_front(t, dim));
}

bool BatchLevel::is_batched(const Tensor& t) const {
  WG_CHECK(state_, Error, "vmap: the level has ended");
  const Levels* l = batched_at(*t.impl(), state_->level.number());
  return l && !l->same;
}

Tensor BatchLevel::unwrap(const Tensor& t) const {
  WG_CHECK(state_, Error, "vmap: the level has ended");
  const Levels* l = batched_at(*t.impl(), state_->level.number());
  if (l && !l->same) return l->examples;
  const Tensor& one = l ? l->examples : t;
  Shape shape;
  shape.push(state_->level.size());
  for (const int64_t d : one.shape()) shape.push(d);
  return algebra::expand(one, shape);
}

namespace {

Tensor empty_below(const Transform* t, Dims shape, DType dtype) {
  while (t && t->bit() != kVmap) t = t->below();
  if (!t) return new_tensor(dtype, shape);
  const auto* vmap = static_cast<const VmapLevel*>(t);
  if (vmap->randomness() != Randomness::different) return empty_below(t->below(), shape, dtype);
  Shape all;
  all.push(vmap->size());
  for (const int64_t d : shape) all.push(d);
  return vmap->wrap(empty_below(t->below(), all, dtype));
}

}  // namespace

Tensor empty_to_draw(Dims shape, DType dtype) {
  return empty_below(thread_mode.word & kSlowModes ? thread_mode.top : nullptr, shape, dtype);
}

Tensor all_examples(const Tensor& t) {
  Tensor all = t;
  while (all.impl()->has(kBatched)) all = Tensor(all.impl()->meta->levels->examples);
  return all;
}

BatchCounts batch_counts() {
  return {rules_used.load(std::memory_order_relaxed),
          fallbacks_used.load(std::memory_order_relaxed)};
}

WENGERT_NAMESPACE_END
