#include "tape/capture.h"

#include <algorithm>
#include <set>

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/fields.h"
#include "autograd/meta.h"
#include "autograd/sparse.h"
#include "tape/rule_node.h"
#include "tensor/check.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Those that are told of the end of storages.
struct Recorders {
  std::mutex lock;
  std::set<Recorder*> all;
};
Recorders& recorders() {
  static Recorders* const only = new Recorders;
  return *only;
}

Storage* root_of(Storage* s) {
  return const_cast<Storage*>(tape::root_of(static_cast<const Storage*>(s)));
}

std::string bytes_of(const TensorImpl& t) {
  const Tensor dense = dense_copy(t, t.dtype);
  return {static_cast<const char*>(dense.impl()->data),
          static_cast<size_t>(t.numel) * item_size(t.dtype)};
}

// The thread records nothing while a rule runs as one step.
class Hidden {
 public:
  Hidden() : before_(thread_mode) {
    thread_mode.word &= ~uint32_t{kCapture};
    thread_mode.hidden |= kCapture;
  }
  ~Hidden() {
    thread_mode.word = before_.word;
    thread_mode.hidden = before_.hidden;
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  ThreadMode before_;
};

// While a transform runs, it is off the stack; in this scope it is on again.
class Above {
 public:
  explicit Above(Transform& t) : before_(thread_mode) {
    thread_mode.top = &t;
    thread_mode.word |= t.bit();
  }
  ~Above() {
    thread_mode.top = before_.top;
    thread_mode.word = before_.word;
  }
  Above(const Above&) = delete;
  Above& operator=(const Above&) = delete;

 private:
  ThreadMode before_;
};

// The state of a generator that an operation holds.
std::optional<Generator::State> random_state(OpValue& op) {
  const RandomFields fields = random_fields(op.cls(), op.get());
  if (!fields.seed || !fields.offset) return {};
  return Generator::State{*fields.seed, *fields.offset};
}

}  // namespace

// Nothing is watched while an operation runs.
class Recorder::Pause {
 public:
  Pause() : tensors_(tensor_observer), random_(runtime::random_observer), mark_(storage_mark) {
    tensor_observer = nullptr;
    runtime::random_observer = nullptr;
    storage_mark = kMadeInside;
  }
  ~Pause() {
    tensor_observer = tensors_;
    runtime::random_observer = random_;
    storage_mark = mark_;
  }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

 private:
  TensorObserver* tensors_;
  runtime::RandomObserver* random_;
  uint8_t mark_;
};

Recorder::Recorder(TensorList inputs, std::function<std::string()> where)
    : where_(std::move(where)) {
  WG_CHECK(!(thread_mode.word & kSlowModes), Error,
           "record: expected no other mode (vmap, forward mode, inference mode, anomaly mode, a "
           "profile or another recording) to be on around it; turn them on inside");
  for (const Tensor& t : inputs) {
    WG_CHECK(t.defined() && !is_sparse(t), TypeError, "record: expected dense tensors as inputs");
    const int number = static_cast<int>(program_.inputs.size());
    const int known = storage_of(t.impl()->storage);
    if (known < 0) know(t.impl()->storage, {StorageKind::input, number});
    if (known < 0) base_.back() = t.impl()->data;
    input_impls_.push_back(t.impl());
    program_.inputs_require_grad.push_back(t.requires_grad());
    program_.inputs.push_back(new_value(storage_of(t.impl()->storage), *t.impl()));
  }
  known_storage_ends.store(forget);
  {
    const std::lock_guard guard(recorders().lock);
    recorders().all.insert(this);
  }
  watch(true);
  running_ = true;
}

Recorder::~Recorder() { stop(); }

void Recorder::watch(bool on) {
  if (on) {
    push();
  } else {
    pop();
  }
  tensor_observer = on ? this : nullptr;
  runtime::random_observer = on ? this : nullptr;
  storage_mark = on ? kMadeHere : 0;
}

void Recorder::pause(bool paused) {
  if (!running_ || paused == paused_) return;
  paused_ = paused;
  watch(!paused);
}

void Recorder::stop() {
  if (!running_) return;
  running_ = false;
  if (!paused_) watch(false);
  {
    const std::lock_guard guard(recorders().lock);
    recorders().all.erase(this);
  }
  const std::lock_guard guard(lock_);
  for (const auto& [s, number] : known_) const_cast<Storage*>(s)->observed.store(0);
}

void Recorder::forget(const Storage* s) {
  const std::lock_guard guard(recorders().lock);
  for (Recorder* r : recorders().all) {
    const std::lock_guard own(r->lock_);
    r->known_.erase(s);
  }
}

// ---- values -------------------------------------------------------------------------------

int Recorder::storage_of(const Storage* s) const {
  const std::lock_guard guard(lock_);
  const auto it = known_.find(root_of(s));
  return it == known_.end() ? -1 : it->second;
}

int Recorder::know(Storage* s, StorageInfo info) {
  s = root_of(s);
  const auto number = static_cast<int>(program_.storages.size());
  program_.storages.push_back(info);
  values_of_.emplace_back();
  base_.push_back(s->data);
  const std::lock_guard guard(lock_);
  known_[s] = number;
  s->observed.store(TensorObserver::kKnown);
  return number;
}

int Recorder::new_value(int storage, const TensorImpl& t) {
  Value v;
  v.storage = storage;
  v.offset = t.data - base_[static_cast<size_t>(storage)];
  v.dtype = t.dtype;
  v.shape = t.sizes();
  v.strides = Dims(t.strides(), t.ndim);
  std::vector<int>& known = values_of_[static_cast<size_t>(storage)];
  for (const int k : known) {
    const Value& o = program_.values[static_cast<size_t>(k)];
    if (o.offset == v.offset && o.dtype == v.dtype && Dims(o.shape) == Dims(v.shape) &&
        Dims(o.strides) == Dims(v.strides))
      return k;
  }
  program_.values.push_back(v);
  known.push_back(static_cast<int>(program_.values.size()) - 1);
  return known.back();
}

int Recorder::value_of(const TensorImpl& t) {
  if (const int s = storage_of(t.storage); s >= 0) return new_value(s, t);
  const uint8_t observed = root_of(t.storage)->observed.load();
  if ((observed & kFromHost) && !keeps_host_numbers_) {
    refuse(
        "a tensor was made of Python's or the host's numbers (tensor(), from_numpy() and the "
        "like), which may be others the next time; give it as an argument, make it before, or "
        "declare it with tape.constant()");
  }
  if (observed & kMadeInside) refuse("a value that an operation made for itself is used");
  if (is_sparse(Tensor::share(const_cast<TensorImpl*>(&t))) || t.has(kBatched))
    refuse("a sparse tensor, or one that stands for examples of vmap, came from outside");
  const auto number = static_cast<int>(program_.states.size());
  const int s = know(t.storage, {StorageKind::state, number});
  base_[static_cast<size_t>(s)] = t.data;
  const int v = new_value(s, t);
  // What the library makes beside operations follows from values that it has read.
  program_.states.push_back(
      {Tensor::share(const_cast<TensorImpl*>(&t)), v, (observed & kMadeHere) != 0});
  return v;
}

int Recorder::made(const TensorImpl& t, bool from_rule) {
  int s = storage_of(t.storage);
  if (s < 0) {
    s = know(t.storage, {StorageKind::temporary, -1,
                         static_cast<int64_t>(root_of(t.storage)->nbytes), from_rule});
  }
  return new_value(s, t);
}

void Recorder::add_state(const Tensor& t) {
  if (t.defined() && !is_sparse(t)) value_of(*t.impl());
}

void Recorder::add_constant(const Tensor& t) {
  Storage* s = root_of(t.impl()->storage);
  if (storage_of(s) < 0) s->observed.store(0);
  add_state(t);
}

TapeValue::Kind Recorder::origin(const Tensor& t) const {
  const int s = storage_of(t.impl()->storage);
  return s < 0 ? TapeValue::Kind::state
               : static_cast<TapeValue::Kind>(program_.storages[static_cast<size_t>(s)].kind);
}

void Recorder::replace_data(const TensorImpl& t) {
  const int s = storage_of(t.storage);
  const bool own =
      s >= 0 && program_.storages[static_cast<size_t>(s)].kind == StorageKind::temporary;
  // A header over the same memory may be anybody's.
  if (!own) refuse("the data of a tensor from outside is replaced; change it in place");
}

void Recorder::refuse(const char* what) {
  if (refusal_.empty()) {
    refusal_ = what;
    if (where_) refusal_ += "\nat " + where_();
  }
}

// ---- steps --------------------------------------------------------------------------------

Step& Recorder::add(StepKind kind, const OpClass* cls, const void* op) {
  Step& s = program_.steps.emplace_back();
  s.kind = kind;
  if (cls) s.op = OpValue(*cls, op);
  s.where = line_;
  return s;
}

void Recorder::note_line() {
  if (where_) line_ = where_();
}

void Recorder::run(OpCall& call) {
  note_line();
  // What a change in place loses and a gradient needs is copied by an operation of the program.
  std::optional<InputsBefore> before;
  if (call.in_place && !call.before && recording() && call.cls.vjp &&
      any_requires_grad(call.inputs, call.n_inputs)) {
    const Above above(*this);
    before.emplace(call, algebra::clone);
    call.before = before->get();
  }
  std::vector<int> inputs;
  for (int i = 0; i < call.n_inputs; ++i) {
    TensorImpl* t = call.inputs[i];
    if (t && t->has(kSparse)) refuse("an operation took a sparse tensor");
    inputs.push_back(t ? value_of(*t) : -1);
  }
  try {
    const Pause pause;
    run_transformed(call);
  } catch (...) {
    // Hooks that pack what is saved may throw when all is done.
    if (!call.in_place && call.n_outputs > 0 && call.outputs[0].defined())
      note(call, std::move(inputs));
    throw;
  }
  note(call, std::move(inputs));
}

void Recorder::note(const OpCall& call, std::vector<int> inputs) {
  const StepKind kind = call.in_place || call.n_outputs == 0 ? StepKind::change
                        : call.cls.view                      ? StepKind::view
                                                             : StepKind::op;
  Step& step = add(kind, &call.cls, call.op);
  step.inputs = std::move(inputs);
  for (int i = 0; i < call.n_outputs; ++i) {
    TensorImpl* t = call.outputs[i].impl();
    // `add` may have moved the steps, but nothing since.
    step.outputs.push_back(!t ? -1 : call.in_place ? step.inputs[0] : made(*t, false));
  }
  bind_draw(step);
}

// Adds to gradients as the pass does, and notes to which.
class Recorder::Sink final : public GradientSink {
 public:
  Sink(Recorder& recorder, const NodeCall& call, RuleInfo& info)
      : recorder_(recorder), call_(call), info_(info) {}
  Tensor* begin(Node&, int i, const Vjp& rule) override {
    Tensor* t = call_.sink ? call_.sink->begin(call_.node, i, rule) : nullptr;
    if (!t) return nullptr;
    const Edge& e = call_.node.edges()[i];
    if (e.is_leaf() && call_.sink->of_leaves()) recorder_.note_gradient(*e.leaf(), false, *t);
    info_.edges[static_cast<size_t>(i)].into = recorder_.value_of(*t->impl());
    return t;
  }
  void end(Node&, int i) override { call_.sink->end(call_.node, i); }

 private:
  Recorder& recorder_;
  const NodeCall& call_;
  RuleInfo& info_;
};

bool Recorder::run_node(const NodeCall& call) {
  Node& n = call.node;
  // Others are made of operations, or run code that is.
  if (call.create_graph || transforming() || n.cls->composed || !n.cls->infer) return false;
  note_line();
  SavedUse use(n, call.keep_saved);
  auto rule = std::make_unique<RuleInfo>(rule_info(n, call.skip));
  std::vector<int> inputs;
  for (uint32_t i = 0; i < n.n_outputs; ++i) {
    const TensorImpl* g = call.gradients[i].impl();
    if (g && g->has(kSparse)) refuse("a rule took a sparse gradient");
    inputs.push_back(g ? value_of(*g) : -1);
  }
  // Unpacking saved values may run operations.
  Vjp context(n, call.gradients, call.results, false, true, call.skip);
  std::vector<Tensor> saved;
  std::vector<TensorImpl*> saved_impls;
  for (int k = 0; k < n.n_saved; ++k) {
    saved.push_back(context.has_saved(k) ? context.saved(k) : Tensor());
    saved_impls.push_back(saved.back().impl());
    inputs.push_back(saved.back().defined() ? value_of(*saved.back().impl()) : -1);
  }
  OpValue op(*n.cls, n.op());
  Sink sink(*this, call, *rule);
  {
    RuleNode stand_in(op, *rule);
    const Pause pause;
    const Hidden hidden;
    stand_in.run(call.gradients, saved_impls.data(), call.results, &sink);
  }
  use.done();
  Step& step = add(StepKind::rule, nullptr, nullptr);
  step.op = std::move(op);
  step.inputs = std::move(inputs);
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    const TensorImpl* r = call.results[i].impl();
    if (r && r->has(kSparse)) refuse("a rule gave a sparse gradient");
    step.outputs.push_back(r ? made(*r, true) : -1);
  }
  step.rule = std::move(rule);
  bind_draw(step);
  return true;
}

void Recorder::touch_gradient(TensorImpl& leaf, bool replaced) {
  AutogradMeta* meta = meta_if_any(leaf);
  Tensor now;
  if (meta) {
    const GradLock lock(*meta);
    now = meta->grad;
  }
  note_gradient(leaf, replaced, now);
}

void Recorder::note_gradient(TensorImpl& leaf, bool replaced, const Tensor& now) {
  if (std::find(leaves_.begin(), leaves_.end(), &leaf) != leaves_.end()) return;
  const int value = value_of(leaf);
  const StorageInfo& info = program_.storage_of(value);
  if (info.kind == StorageKind::temporary) return;  // it ends with the program
  const auto index = static_cast<size_t>(info.index);
  const TensorImpl* root = info.kind == StorageKind::state   ? program_.states[index].tensor.impl()
                           : info.kind == StorageKind::input ? input_impls_[index]
                                                             : nullptr;
  if (root != &leaf) {
    return refuse(
        "the grad of a second tensor over the memory of an argument, a parameter or the like was "
        "looked at or changed");
  }
  LeafGradient g{value, replaced, now.defined()};
  if (now.defined() && !replaced) {
    if (is_sparse(now)) {
      refuse("a leaf has a sparse gradient");
    } else {
      const int s = storage_of(now.impl()->storage);
      const int number = static_cast<int>(program_.gradients.size());
      if (s < 0) {
        const int made = know(now.impl()->storage, {StorageKind::gradient, number});
        base_[static_cast<size_t>(made)] = now.impl()->data;
      }
      g.begin = new_value(storage_of(now.impl()->storage), *now.impl());
    }
  }
  leaves_.push_back(&leaf);
  program_.gradients.push_back(g);
}

void Recorder::read(const TensorImpl& t) {
  const Pause pause;
  if (storage_of(t.storage) < 0 && root_of(t.storage)->observed.load() & kMadeHere) return;
  const int v = value_of(t);
  if (is_untouched(v)) return make_constant(v, t);
  const StorageInfo& info = program_.storage_of(v);
  if (info.kind == StorageKind::state && program_.states[static_cast<size_t>(info.index)].constant)
    return;
  if (!program_.steps.empty()) {
    const Step& last = program_.steps.back();
    if (last.kind == StepKind::check && last.inputs[0] == v) return;
  }
  note_line();
  Step& step = add(StepKind::check, nullptr, nullptr);
  step.inputs = {v};
  step.bytes = bytes_of(t);
}

// Whether nothing but `empty` has written to the memory: who looks at it is about to write.
bool Recorder::is_untouched(int v) const {
  const int storage = program_.values[static_cast<size_t>(v)].storage;
  if (program_.storages[static_cast<size_t>(storage)].kind != StorageKind::temporary) return false;
  const auto here = [&](int u) {
    return u >= 0 && program_.values[static_cast<size_t>(u)].storage == storage;
  };
  bool made = false;
  for (const Step& s : program_.steps) {
    if (std::any_of(s.inputs.begin(), s.inputs.end(), here)) return false;
    if (!std::any_of(s.outputs.begin(), s.outputs.end(), here)) continue;
    if (s.kind != StepKind::op || std::string_view(s.op.cls().name).substr(0, 5) != "empty")
      return false;
    made = true;
  }
  return made;
}

void Recorder::make_constant(int v, const TensorImpl& t) {
  const Value& value = program_.values[static_cast<size_t>(v)];
  if (value.offset != 0) return refuse("the host wrote into a part of a tensor");
  StorageInfo& info = program_.storages[static_cast<size_t>(value.storage)];
  info = {StorageKind::state, static_cast<int>(program_.states.size())};
  program_.states.push_back({Tensor::share(const_cast<TensorImpl*>(&t)), v, true});
  std::erase_if(program_.steps, [&](const Step& s) {
    return !s.outputs.empty() && s.outputs[0] >= 0 &&
           program_.values[static_cast<size_t>(s.outputs[0])].storage == value.storage;
  });
}

// ---- random numbers -----------------------------------------------------------------------

GeneratorUse& Recorder::generator(const Generator& g, Generator::State before) {
  for (GeneratorUse& u : program_.generators) {
    if (u.generator.is_same(g)) return u;
  }
  starts_.push_back(before);
  program_.generators.push_back({g, false, {}});
  return program_.generators.back();
}

void Recorder::drawn(const Generator& g, Generator::State before, uint64_t blocks) {
  GeneratorUse& use = generator(g, before);
  const auto number = static_cast<int>(&use - program_.generators.data());
  const Generator::State after{before.seed, before.offset + blocks};
  if (use.seeded) {
    use.end = after;
    return;  // what is drawn is always the same
  }
  const uint64_t start = starts_[static_cast<size_t>(number)].offset;
  draws_.push_back({before, number, {number, before.offset - start, blocks}});
  use.end = {0, after.offset - start};
}

void Recorder::replaced(const Generator& g, Generator::State before, Generator::State after,
                        bool seeded) {
  GeneratorUse& use = generator(g, before);
  const Generator::State start = starts_[static_cast<size_t>(&use - program_.generators.data())];
  const auto same = [&](const Generator::State& s) {
    return s.seed == after.seed && s.offset == after.offset;
  };
  // A state of before that comes back, as a checkpoint does it; not one that was given.
  const bool returns =
      !use.seeded && !seeded &&
      (same(start) || same(before) || same({start.seed, start.offset + use.end.offset}) ||
       std::any_of(draws_.begin(), draws_.end(), [&](const Drawn& d) { return same(d.state); }));
  if (returns) {
    use.end = {0, after.offset - start.offset};
  } else {
    use.seeded = true;
    use.end = after;
  }
}

void Recorder::bind_draw(Step& step) {
  if (draws_.empty() || !step.op.cls().fields) return;
  const std::optional<Generator::State> state = random_state(step.op);
  if (!state) return;
  for (auto d = draws_.rbegin(); d != draws_.rend(); ++d) {
    if (d->state.seed != state->seed || d->state.offset != state->offset) continue;
    step.draw = d->draw;
    return;
  }
}

// ---- the end ------------------------------------------------------------------------------

// What the program has made and somebody else holds would not be made anew for them.
void Recorder::refuse_survivors() {
  std::vector<bool> expected(program_.storages.size(), false);
  const auto expect = [&](int v) {
    if (v >= 0)
      expected[static_cast<size_t>(program_.values[static_cast<size_t>(v)].storage)] = true;
  };
  for (const int v : program_.outputs) expect(v);
  for (const LeafGradient& g : program_.gradients) expect(g.end);
  const std::lock_guard guard(lock_);
  for (const auto& [s, number] : known_) {
    if (expected[static_cast<size_t>(number)] ||
        program_.storages[static_cast<size_t>(number)].kind != StorageKind::temporary)
      continue;
    return refuse(
        "a tensor that was made inside is kept somewhere (as the state of an optimizer in its "
        "first step, in an attribute or a list) without being returned; make it before");
  }
}

namespace {
// Whether a gradient could still be taken through what has made it.
bool has_open_history(const TensorImpl& t) {
  const Node* n = t.grad_fn;
  return n && !(n->saved_state.load() & kReleased) && recording();
}
}  // namespace

Program Recorder::finish(TensorList outputs) {
  tensor_observer = nullptr;
  runtime::random_observer = nullptr;
  for (const Tensor& t : outputs) {
    if (!t.defined()) {
      program_.outputs.push_back(-1);
      continue;
    }
    if (t.impl()->has(kSparse)) {
      refuse("a sparse tensor is returned");
      break;
    }
    if (has_open_history(*t.impl()))
      refuse(
          "a tensor is returned whose gradient could still be taken, which is not kept; take "
          "gradients inside of what is recorded, detach() it, or record under no_grad()");
    program_.outputs.push_back(value_of(*t.impl()));
  }
  for (size_t i = 0; i < leaves_.size(); ++i) {
    LeafGradient& g = program_.gradients[i];
    Tensor now;
    if (AutogradMeta* meta = meta_if_any(*leaves_[i])) {
      const GradLock lock(*meta);
      now = meta->grad;
    }
    if (now.defined() && is_sparse(now)) refuse("a leaf has a sparse gradient");
    if (now.defined() && refusal_.empty()) g.end = value_of(*now.impl());
  }
  for (const Step& s : program_.steps) {
    for (const int v : s.changed()) {
      const StorageInfo& info = program_.storage_of(v);
      const auto index = static_cast<size_t>(info.index);
      const bool is_state = info.kind == StorageKind::state;
      if (is_state && program_.states[index].constant)
        refuse("a tensor that follows from values that were read is changed in place; clone() it");
      const TensorImpl* changed = is_state ? program_.states[index].tensor.impl()
                                  : info.kind == StorageKind::input ? input_impls_[index]
                                                                    : nullptr;
      if (changed && has_open_history(*changed))
        refuse(
            "a tensor from outside is changed in place, and its gradient could still be taken, "
            "which is not kept; detach() what it is changed with, or change it under no_grad()");
    }
  }
  refuse_survivors();
  stop();
  WG_CHECK(refusal_.empty(), Error, "record: ", refusal_);
  return std::move(program_);
}

}  // namespace tape
WENGERT_NAMESPACE_END
