// Vectorisation over examples: a tensor that stands for one example runs its operations for all.
#include <optional>

#include "autograd/algebra.h"
#include "autograd/batch.h"
#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "autograd/vmap_level.h"
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
  set_examples(*out.impl(), examples, level, same);
  return out;
}

}  // namespace

namespace {

// The stack of transforms as it is at one moment.
struct Stack {
  Transform* top = thread_mode.top;
  uint32_t hidden = thread_mode.hidden;
  uint32_t word = thread_mode.word;

  void enter() const {
    thread_mode.top = top;
    thread_mode.hidden = hidden;
    thread_mode.word = word;
  }
  struct Restore;
};
struct Stack::Restore : Stack {
  ~Restore() { enter(); }
};

}  // namespace

VmapLevel::VmapLevel(int64_t size, Randomness randomness)
    : Level(kVmap),
      size_(size),
      randomness_(randomness),
      recorded_outside_(recording()),
      gradients_(std::make_shared<int>(0)) {}

Tensor VmapLevel::wrap(const Tensor& examples, bool same) const {
  return wrap_examples(examples, number(), same);
}

void VmapLevel::run(OpCall& call) {
  const bool recorded = *gradients_ > 0 && recording();
  const bool batched = any_batched(call);
  bool any = batched;
  for (int i = 0; i < call.n_inputs && !any; ++i) {
    any = call.inputs[i] && batched_at(*call.inputs[i], number());
  }
  const bool each_its_own = call.cls.random && randomness_ == Randomness::different;
  if (call.cls.random) check_randomness(call, batched);
  if (!any && !each_its_own) {
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
    if (each_its_own) {
      const std::vector<Tensor> inputs = spread(call);
      std::vector<TensorImpl*> in(inputs.size());
      for (size_t i = 0; i < in.size(); ++i) in[i] = inputs[i].impl();
      OpCall all{call.cls, call.op, in.data(), call.n_inputs, call.outputs, call.n_outputs};
      out_of_place(all, true);
    } else {
      out_of_place(call, batched);
    }
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

void VmapLevel::check_randomness(const OpCall& call, bool batched) const {
  WG_CHECK(randomness_ != Randomness::error, Error, call.cls.name,
           ": a random operation in vmap; give vmap randomness=\"different\" for numbers of its "
           "own for every example, or \"same\" for the same ones");
  WG_CHECK(batched || !call.in_place || randomness_ == Randomness::same, Error, call.cls.name,
           "_: randomness=\"different\" with a tensor that is the same for all examples, so it "
           "cannot be filled in place; use the function that makes a new tensor, or make this one "
           "from one that is batched");
}

// The inputs with every one of them batched.
std::vector<Tensor> VmapLevel::spread(const OpCall& call) const {
  const Batch b(call, number(), size_);
  std::vector<Tensor> inputs(static_cast<size_t>(call.n_inputs));
  for (int i = 0; i < call.n_inputs; ++i) {
    if (!call.inputs[i]) continue;
    inputs[static_cast<size_t>(i)] =
        b.batched(i) ? Tensor::share(call.inputs[i]) : wrap(b.front(i));
  }
  return inputs;
}

bool VmapLevel::any_batched(const OpCall& call) const {
  for (int i = 0; i < call.n_inputs; ++i) {
    const Levels* l = call.inputs[i] ? batched_at(*call.inputs[i], number()) : nullptr;
    if (l && !l->same) return true;
  }
  return false;
}

void VmapLevel::out_of_place(OpCall& call, bool batched) {
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
  // One by one, each example draws the same numbers.
  const bool repeats = cls.random && randomness_ == Randomness::same;
  const bool done = repeats                                 ? false
                    : cls.batch                             ? cls.batch(call.op, b)
                    : cls.batching == Batching::elementwise ? b.run_elementwise()
                    : cls.batching == Batching::leading     ? b.run_leading()
                    : cls.batching == Batching::rows        ? b.run_rows()
                    : cls.batching == Batching::leading_all ? b.run_with_front(cls, call.op)
                                                            : false;
  WG_CHECK(done || !cls.random || repeats, NotImplementedError, cls.name,
           ": not available in vmap; draw the numbers first, outside of it");
  (done ? rules_used : fallbacks_used).fetch_add(1, std::memory_order_relaxed);
  if (!done && size_ > 0) b.run_one_by_one();
  for (int k = 0; k < call.n_outputs; ++k) {
    Tensor& out = b.out(k);
    const Meta& m = metas[static_cast<size_t>(k)];
    if (!done && size_ == 0) out = b.nothing(m);
    if (!out.defined()) continue;
    WG_ASSERT(out.shape().size() == static_cast<size_t>(m.shape.ndim) + 1 &&
              out.shape()[0] == size_);
    // 0-d examples have no say in what their dimension makes of a dtype.
    if (out.dtype() != m.dtype) out = algebra::cast(out, m.dtype);
    call.outputs[k] = wrap(out);
  }
}

namespace {

// Whether derivatives of the operation may read what the call overwrites.
bool saves_changed(const OpCall& call) {
  for (int k = 0; k < call.cls.n_saves; ++k) {
    const Save& s = call.cls.saves[k];
    const TensorImpl* in = s.output || s.index >= call.n_inputs ? nullptr : call.inputs[s.index];
    if (s.output || (in && changes_with(*in, *call.inputs[0]))) return true;
  }
  return false;
}

}  // namespace

// Whether what takes place below this level is recorded.
bool VmapLevel::is_recorded_below(const OpCall& call) const {
  if (!recording()) return false;
  for (int i = 0; i < call.n_inputs; ++i) {
    const Levels* l = call.inputs[i] ? batched_at(*call.inputs[i], number()) : nullptr;
    if (l && is_differentiated(l->examples, number())) return true;
    if (!l && call.inputs[i] && is_differentiated(Tensor::share(call.inputs[i]), number()))
      return true;
  }
  return false;
}

void VmapLevel::in_place(OpCall& call, bool differentiated) {
  TensorImpl& self = *call.inputs[0];
  const Levels* l = batched_at(self, number());
  const bool batched = any_batched(call);
  WG_CHECK(
      !batched || (l && !l->same), Error, call.cls.name,
      "_: in vmap, a tensor that is the same for all examples cannot be changed in place by one "
      "that is not; use the operation that returns a new tensor, or make the tensor from one "
      "that is batched (zeros_like)");
  const RecordingGuard below(recorded_outside_ && recording());
  if (!l) {
    WG_CHECK(
        !differentiated, Error, call.cls.name,
        "_: a tensor from outside of vmap cannot be changed in place by one that a gradient is "
        "taken of inside; use the operation that returns a new tensor");
    const auto below_level = [&](TensorImpl* const* inputs) {
      std::vector<TensorImpl*> in(inputs, inputs + call.n_inputs);
      for (TensorImpl*& t : in) {
        if (const Levels* same = t ? batched_at(*t, number()) : nullptr) t = same->examples.impl();
      }
      return in;
    };
    const std::vector<TensorImpl*> in = below_level(call.inputs);
    const std::vector<TensorImpl*> before = below_level(call.before ? call.before : call.inputs);
    OpCall plain{call.cls, call.op, in.data(), call.n_inputs, call.outputs, 1, true};
    if (call.before) plain.before = before.data();
    run_transformed(plain);
    return;
  }
  // What recording copies, it copies of the examples' headers: at this level.
  const Stack lowered;
  const Stack::Restore restore;
  const auto at_this_level = [&] {
    thread_mode.top = this;
    thread_mode.word |= kVmap | (differentiated ? kRecording : 0u);
  };
  std::optional<InputsBefore> copies;
  TensorImpl* const* before = call.before;
  if (!before && saves_changed(call) && (differentiated || is_recorded_below(call))) {
    at_this_level();
    before = copies.emplace(call, algebra::clone).get();
    lowered.enter();
  }
  const auto replace = [&] {
    Tensor out;
    OpCall plain{call.cls, call.op, before ? before : call.inputs, call.n_inputs, &out, 1};
    out_of_place(plain, batched);
    WG_CHECK(out.shape() == self.sizes(), Error, call.cls.name, "_: the result has shape ",
             out.shape(), ", which does not fit in the tensor of shape ", self.sizes(),
             " that is to be changed in place");
    Tensor examples = l->examples;
    algebra::copy_(examples, batched_at(*out.impl(), number())->examples);
  };
  if (!differentiated) {
    replace();
    return;
  }
  OpCall recorded = call;
  recorded.before = before;
  at_this_level();
  record_in_place(recorded, [&] {
    const Stack::Restore raised;
    lowered.enter();
    replace();
  });
}

const VmapLevel* innermost_vmap() {
  for (const Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kVmap) return static_cast<const VmapLevel*>(t);
  }
  return nullptr;
}

Tensor made_inside(const Tensor& t) {
  const VmapLevel* vmap = innermost_vmap();
  const bool inside = vmap && *vmap->gradients() > 0 && !t.impl()->has(kBatched);
  return inside ? vmap->wrap(t, true) : t;
}

// ---- the public face ----------------------------------------------------------------------

struct BatchLevel::State {
  VmapLevel level;
};

BatchLevel::BatchLevel(int64_t size, Randomness randomness)
    : state_(new State{VmapLevel(size, randomness)}) {
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

int64_t count_to_draw(int64_t n) {
  for (const Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() != kVmap) continue;
    const auto* vmap = static_cast<const VmapLevel*>(t);
    if (vmap->randomness() == Randomness::different) n *= vmap->size();
  }
  return n;
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
