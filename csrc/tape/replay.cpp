#include "tape/replay.h"

#include <algorithm>
#include <cstring>

#include "autograd/execute.h"
#include "autograd/meta.h"
#include "autograd/sparse.h"
#include "tape/memory_plan.h"
#include "tape/passes.h"
#include "tensor/check.h"
#include "tensor/copy.h"
#include "tensor/supply.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

size_t at(int i) { return static_cast<size_t>(i); }

TensorImpl* new_header(const Value& v) {
  TensorImpl* t = new_impl(v.dtype, v.shape.ndim);
  std::copy_n(v.shape.d, v.shape.ndim, t->shape());
  std::copy_n(v.strides.d, v.shape.ndim, t->strides());
  t->numel = v.numel();
  t->data = nullptr;
  update_contiguous(*t);
  return t;
}

Tensor zeros_of(const Value& v) {
  Tensor t = new_tensor(v.dtype, v.shape);
  std::memset(t.data(), 0, static_cast<size_t>(t.numel()) * item_size(v.dtype));
  return t;
}

}  // namespace

// What a step needs beside the program to run.
struct Player::Prepared {
  std::vector<TensorImpl*> inputs;
  std::vector<Tensor> outputs;  // gradients of inputs, of a rule
  std::vector<Tensor> gradients;
  // Whether nobody else ever sees these; they are then kept from run to run.
  bool own_outputs = false, own_gradients = false;
  std::unique_ptr<RuleNode> node;
  RandomFields random[2];  // of the step's operation, and of its node's
  std::vector<int> dies;   // storages that rules have made, after their last use
  // Which of the storages that a rule asks for is that of a result.
  struct Hand {
    int call, storage;
  };
  std::vector<Hand> hands;
};

// Sees what a rule asks for: the first time, it notes that, then it gives the rule the memory of
// its results. Whatever a rule does with it, its results are looked at afterwards.
class Player::Supply final : public StorageSupply {
 public:
  Supply(Player& player, const Prepared& p) : player_(player), hands_(p.hands) {}

  template <class F>
  void during(F&& f) {
    const Turn on(this);
    f();
  }
  Storage* take(size_t nbytes) override {
    const int call = calls_++;
    if (!player_.observed_) {
      const Turn off(nullptr);
      return made_.emplace_back(new_storage(nbytes));
    }
    if (next_ == hands_.size() || hands_[next_].call != call) return nullptr;
    Storage* s = player_.bound_[at(hands_[next_++].storage)].storage;
    if (s->nbytes != nbytes) return nullptr;
    s->refs.fetch_add(1, std::memory_order_relaxed);
    return s;
  }
  // What was asked for, in order; memory that was given back may come again.
  const std::vector<Storage*>& made() const { return made_; }

 private:
  struct Turn {
    explicit Turn(StorageSupply* to) : before(std::exchange(storage_supply, to)) {}
    ~Turn() { storage_supply = before; }
    StorageSupply* before;
  };
  Player& player_;
  const std::vector<Prepared::Hand>& hands_;
  std::vector<Storage*> made_;
  int calls_ = 0;
  size_t next_ = 0;
};

Player::Player(Program program) : program_(std::move(program)) {
  share_common(program_);
  remove_dead(program_);
  const std::vector<bool> visible = visible_storages(program_);
  std::vector<bool> hidden;
  chains_ = find_chains(program_, visible, hidden);
  bound_here_.resize(program_.storages.size());
  bound_.resize(program_.storages.size());
  headers_.resize(program_.values.size());
  own_.resize(program_.values.size());

  for (size_t k = 0; k < program_.inputs.size(); ++k) {
    const int v = program_.inputs[k];
    Bound& b = bound_[at(program_.values[at(v)].storage)];
    if (program_.storage_of(v).index == static_cast<int>(k)) b.root = v;
  }
  for (const State& s : program_.states) {
    bound_[at(program_.values[at(s.value)].storage)].root = s.value;
    headers_[at(s.value)] = s.tensor.impl();
    needs_grad_.push_back(s.tensor.requires_grad());
  }
  for (size_t k = 0; k < program_.gradients.size(); ++k) {
    const int v = program_.gradients[k].begin;
    if (v < 0 || program_.storage_of(v).kind != StorageKind::gradient) continue;
    bound_[at(program_.values[at(v)].storage)].root = v;
  }
  for (size_t v = 0; v < program_.values.size(); ++v) {
    const Value& value = program_.values[v];
    Bound& b = bound_[at(value.storage)];
    if (b.root == static_cast<int>(v)) continue;
    own_[v] = Tensor::adopt(new_header(value));
    headers_[v] = own_[v].impl();
    b.values.push_back(static_cast<int>(v));
  }
  observed_ = true;
  for (size_t s = 0; s < bound_.size(); ++s) {
    bound_[s].visible = visible[s];
    if (visible[s]) visible_.push_back(static_cast<int>(s));
    bound_[s].hidden = hidden[s];
    bound_[s].from_rule = program_.storages[s].from_rule;
    observed_ &= !bound_[s].from_rule;
  }

  const Tensor leaf = RuleNode::nowhere();
  prepared_.resize(program_.steps.size());
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    Step& s = program_.steps[i];
    Prepared& p = prepared_[i];
    p.inputs.resize(s.inputs.size());
    p.outputs.resize(s.outputs.size());
    const auto own = [this](int v) { return v < 0 || is_own(v); };
    p.own_outputs = std::all_of(s.outputs.begin(), s.outputs.end(), own);
    const auto n_gradients = s.rule ? s.rule->gradients : 0;
    p.own_gradients = std::all_of(s.inputs.begin(), s.inputs.begin() + n_gradients, own);
    if (s.kind == StepKind::rule) {
      p.gradients.resize(at(s.rule->gradients));
      p.node = std::make_unique<RuleNode>(s.op, *s.rule, leaf);
    }
    if (s.draw.generator >= 0) {
      drawing_.push_back(i);
      p.random[0] = random_fields(s.op.cls(), s.op.get());
      if (p.node) p.random[1] = random_fields(s.op.cls(), p.node->node().op());
    }
    if (s.kind == StepKind::check) last_check_ = i + 1;
    for (const int v : s.dead ? std::vector<int>() : s.changed()) {
      const int root = bound_[at(program_.values[at(v)].storage)].root;
      if (root < 0 || std::find(changed_.begin(), changed_.end(), root) != changed_.end()) continue;
      changed_.push_back(root);
    }
  }
  size_t next = 0;
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    while (next < chains_.size() && chains_[next].last < i) ++next;
    if (next < chains_.size() && chains_[next].first <= i) {
      units_.push_back({i, &chains_[next]});
      i = chains_[next].last;
    } else if (program_.steps[i].kind != StepKind::view && !program_.steps[i].dead) {
      units_.push_back({i, nullptr});
    }
  }
  for (size_t i = 0; i < last_check_; ++i) {
    for (const int v : program_.steps[i].changed()) {
      const int root = bound_[at(program_.values[at(v)].storage)].root;
      if (root >= 0 && std::find(undo_.begin(), undo_.end(), root) == undo_.end())
        undo_.push_back(root);
    }
  }
}

Player::~Player() {
  // Results that somebody still holds keep their memory.
  for (size_t s = 0; s < bound_.size(); ++s) {
    Bound& b = bound_[s];
    if (!b.visible) {
      unbind(static_cast<int>(s));
    } else if (b.storage) {
      release_storage(std::exchange(b.storage, nullptr));
    }
  }
}

std::vector<Tensor> Player::states() const {
  std::vector<Tensor> all;
  for (const State& s : program_.states) all.push_back(s.tensor);
  return all;
}

double* Player::number(size_t step, const std::string& name) {
  return number_field(program_.steps.at(step).op, name);
}

// ---- memory -------------------------------------------------------------------------------

int64_t Player::planned_bytes() {
  const std::lock_guard guard(lock_);
  if (!planned_) plan_memory();
  return planned_bytes_;
}

void Player::plan_memory() {
  planned_ = true;
  std::vector<bool> planned(bound_.size());
  for (size_t s = 0; s < bound_.size(); ++s) {
    const Bound& b = bound_[s];
    planned[s] = program_.storages[s].kind == StorageKind::temporary && !b.visible && !b.hidden &&
                 !b.from_rule;
    if (planned[s]) unbind(static_cast<int>(s));
  }
  const MemoryPlan plan(program_, chains_, planned);
  planned_bytes_ = plan.bytes;
  made_at_ = plan.made_at;
  offsets_ = plan.offsets;
  arena_ = Tensor();
  for (Prepared& p : prepared_) p.dies.clear();
  for (size_t s = 0; s < bound_.size(); ++s) {
    if (bound_[s].from_rule && !bound_[s].visible && plan.last_use[s] >= 0)
      prepared_[at(plan.last_use[s])].dies.push_back(static_cast<int>(s));
  }
}

void Player::make_arena() {
  if (!planned_) plan_memory();
  if (!reserve_) reserve_.emplace();
  if (arena_.defined()) return;
  arena_ = new_tensor(DType::uint8, {std::max<int64_t>(planned_bytes_, 1)});
  for (size_t s = 0; s < bound_.size(); ++s) {
    if (offsets_[s] < 0) continue;
    char* const base = arena_.impl()->data + offsets_[s];
    Storage* memory =
        external_storage(base, static_cast<size_t>(program_.storages[s].bytes), nullptr, nullptr);
    bind(static_cast<int>(s), memory, base);
    release_storage(memory);
  }
}

void Player::bind(int storage, Storage* s, char* base) {
  Bound& b = bound_[at(storage)];
  if (b.storage == s && b.base == base) return;
  unbind(storage);
  b.storage = s;
  b.base = base;
  s->refs.fetch_add(1, std::memory_order_relaxed);
  for (const int v : b.values) {
    TensorImpl& t = *headers_[at(v)];
    t.storage = s;
    t.data = base + program_.values[at(v)].offset;
    s->refs.fetch_add(1, std::memory_order_relaxed);
  }
}

void Player::unbind(int storage) {
  Bound& b = bound_[at(storage)];
  if (!b.storage) return;
  for (const int v : b.values) {
    TensorImpl& t = *headers_[at(v)];
    if (t.storage) release_storage(std::exchange(t.storage, nullptr));
    t.data = nullptr;
  }
  release_storage(std::exchange(b.storage, nullptr));
  b.base = nullptr;
}

// Headers and memory that users may have seen are left to them if they still hold them.
void Player::renew(int storage) {
  Bound& b = bound_[at(storage)];
  const StorageInfo& info = program_.storages[at(storage)];
  if (!b.visible || info.kind != StorageKind::temporary) return;
  bool held = false;
  for (const int v : b.values) held |= headers_[at(v)]->refs.load() != 1;
  held |= b.storage && b.storage->refs.load() != 1 + static_cast<uint32_t>(b.values.size());
  if (!held && b.storage) return;
  if (held) {
    // A header keeps what it shows.
    for (const int v : b.values) {
      own_[at(v)] = Tensor::adopt(new_header(program_.values[at(v)]));
      headers_[at(v)] = own_[at(v)].impl();
    }
    if (b.storage) release_storage(std::exchange(b.storage, nullptr));
    b.base = nullptr;
  }
  if (b.from_rule) return;
  Storage* fresh = new_storage(static_cast<size_t>(info.bytes));
  ++allocations_;
  bind(storage, fresh, fresh->data);
  release_storage(fresh);
}

void Player::bind_roots(TensorList inputs) {
  for (size_t k = 0; k < inputs.size(); ++k) {
    const int v = program_.inputs[k];
    if (program_.storage_of(v).index != static_cast<int>(k)) continue;
    TensorImpl* t = inputs[k].impl();
    headers_[at(v)] = t;
    bind(program_.values[at(v)].storage, t->storage, t->data);
  }
  for (const State& s : program_.states) {
    TensorImpl* t = s.tensor.impl();
    bind(program_.values[at(s.value)].storage, t->storage, t->data);
  }
  for (const LeafGradient& g : program_.gradients) {
    if (g.begin < 0 || program_.storage_of(g.begin).kind != StorageKind::gradient) continue;
    begins_.push_back(grad_of(*headers_[at(g.leaf)]));
    TensorImpl* t = begins_.back().impl();
    headers_[at(g.begin)] = t;
    bind(program_.values[at(g.begin)].storage, t->storage, t->data);
  }
  // A gradient that this program has left is replaced by the next.
  for (const LeafGradient& g : program_.gradients) {
    if (!g.replaced || g.end < 0 || !own_[at(g.end)].defined()) continue;
    AutogradMeta* meta = meta_if_any(*headers_[at(g.leaf)]);
    if (!meta) continue;
    Tensor before;
    const GradLock lock(*meta);
    if (meta->grad.impl() == headers_[at(g.end)]) meta->grad.swap(before);
  }
  for (const int s : visible_) renew(s);
}

// ---- steps --------------------------------------------------------------------------------

// Adds to gradients that stand in values.
class Player::Sink final : public GradientSink {
 public:
  Sink(Player& player, const RuleInfo& info) : player_(player), info_(info) {}
  Tensor* begin(Node&, int i, const Vjp&) override {
    const int v = info_.edges[at(i)].into;
    if (v < 0) return nullptr;
    if (player_.is_own(v)) return &player_.own_[at(v)];
    into_ = Tensor::share(player_.header(v));
    return &into_;
  }
  void end(Node&, int) override {
    if (!into_.defined()) return;
    into_.impl()->bump_version();
    into_ = Tensor();
  }

 private:
  Player& player_;
  const RuleInfo& info_;
  Tensor into_;
};

void Player::execute(size_t i) {
  Step& s = program_.steps[i];
  Prepared& p = prepared_[i];
  const size_t n = s.inputs.size();
  for (size_t k = 0; k < n; ++k) p.inputs[k] = header(s.inputs[k]);
  const int n_inputs = static_cast<int>(n), n_outputs = static_cast<int>(s.outputs.size());
  switch (s.kind) {
    case StepKind::op: {
      for (size_t k = 0; k < p.outputs.size(); ++k) {
        TensorImpl* planned = header(s.outputs[k]);
        if (p.outputs[k].impl() != planned) p.outputs[k] = Tensor::share(planned);
      }
      Compute c{p.inputs.data(), n_inputs, p.outputs.data(), n_outputs};
      s.op.cls().compute(s.op.get(), c);
      for (size_t k = 0; k < p.outputs.size(); ++k) {
        TensorImpl* planned = header(s.outputs[k]);
        const bool replaced = p.outputs[k].impl() != planned;
        if (planned && replaced) copy_elements(*planned, *p.outputs[k].impl());
        if (replaced || !p.own_outputs) p.outputs[k] = Tensor();
      }
      break;
    }
    case StepKind::change: {
      if (n_outputs == 0) {
        Compute c{p.inputs.data(), n_inputs, nullptr, 0};
        s.op.cls().compute(s.op.get(), c);
      } else {
        Tensor self = Tensor::share(p.inputs[0]);
        OpCall call{s.op.cls(), s.op.get(), p.inputs.data(), n_inputs, &self, 1, true};
        wengert::execute(call);
      }
      break;
    }
    case StepKind::rule:
      execute_rule(p, s, static_cast<int>(i));
      break;
    case StepKind::view:
    case StepKind::check:
      break;
  }
  for (const int dead : p.dies) unbind(dead);
}

void Player::execute_chain(const Chain& c) {
  places_.clear();
  const auto place = [&](const FusedStep::Operand& o) {
    return o.value < 0 || o.block >= 0 ? nullptr : header(o.value)->data;
  };
  for (const FusedStep& f : c.steps) {
    for (const FusedStep::Operand& in : f.in) places_.push_back(place(in));
    places_.push_back(place(f.out));
  }
  c.run(places_);
  for (size_t i = c.first; i <= c.last; ++i) {
    const Step& s = program_.steps[i];
    if (s.kind == StepKind::change && header(s.outputs[0])->storage)
      header(s.outputs[0])->bump_version();
    for (const int dead : prepared_[i].dies) unbind(dead);
  }
}

void Player::execute_rule(Prepared& p, Step& s, int step) {
  const size_t n = p.gradients.size();
  for (size_t k = 0; k < n; ++k) {
    if (p.gradients[k].impl() != p.inputs[k]) p.gradients[k] = Tensor::share(p.inputs[k]);
  }
  Sink sink(*this, *s.rule);
  Supply supply(*this, p);
  supply.during(
      [&] { p.node->run(p.gradients.data(), p.inputs.data() + n, p.outputs.data(), &sink); });
  if (!p.own_gradients) {
    for (Tensor& g : p.gradients) g = Tensor();
  }
  for (size_t k = 0; k < p.outputs.size(); ++k) {
    const int v = s.outputs[k];
    Tensor r = std::move(p.outputs[k]);
    if (v < 0) continue;
    const Value& value = program_.values[at(v)];
    if (!r.defined()) r = zeros_of(value);  // a gradient that a rule leaves out
    const bool fits = same_layout(*r.impl(), value);
    const StorageInfo& info = program_.storages[at(value.storage)];
    const Bound& b = bound_[at(value.storage)];
    if (b.from_rule && made_at_[at(value.storage)] == step &&
        (!b.storage || !bound_here_[at(value.storage)])) {
      // Of a program from a file the memory may be another than it says.
      const Storage& memory = *r.impl()->storage;
      const int64_t begin = r.impl()->data - memory.data - value.offset;
      if (fits && begin >= 0 && begin + info.bytes <= static_cast<int64_t>(memory.nbytes)) {
        bind(value.storage, r.impl()->storage, r.impl()->data - value.offset);
      } else {
        Storage* fresh = new_storage(static_cast<size_t>(info.bytes));
        bind(value.storage, fresh, fresh->data);
        release_storage(fresh);
        copy_elements(*headers_[at(v)], *r.impl());
      }
      bound_here_[at(value.storage)] = true;
    } else if (!fits || headers_[at(v)]->data != r.impl()->data) {
      copy_elements(*headers_[at(v)], *r.impl());
    }
  }
  if (!observed_) observe(p, s, supply.made());
}

// Notes which of the storages that a rule has asked for are those of its results.
void Player::observe(Prepared& p, const Step& s, const std::vector<Storage*>& made) {
  p.hands.clear();
  for (size_t call = 0; call < made.size(); ++call) {
    for (const int v : s.outputs) {
      if (v < 0) continue;
      const int storage = program_.values[at(v)].storage;
      const Bound& b = bound_[at(storage)];
      const bool last = std::find(made.begin() + static_cast<ptrdiff_t>(call) + 1, made.end(),
                                  made[call]) == made.end();
      if (!b.from_rule || b.storage != made[call] || !last) continue;
      // It is what the program says, and nobody else holds it.
      const auto bytes = static_cast<size_t>(program_.storages[at(storage)].bytes);
      if (b.base == b.storage->data && b.storage->nbytes == bytes &&
          b.storage->refs.load() == 1 + static_cast<uint32_t>(b.values.size()))
        p.hands.push_back({static_cast<int>(call), storage});
      break;
    }
  }
}

void Player::draw() {
  for (const size_t i : drawing_) {
    const Draw& d = program_.steps[i].draw;
    const Generator::State now = program_.generators[at(d.generator)].generator.state();
    for (const RandomFields& f : prepared_[i].random) {
      if (!f.seed) continue;
      *f.seed = now.seed;
      *f.offset = now.offset + d.offset;
    }
  }
}

void Player::leave_gradients() {
  for (const LeafGradient& g : program_.gradients) {
    TensorImpl& leaf = *headers_[at(g.leaf)];
    Tensor end = g.end < 0 ? Tensor() : Tensor::share(headers_[at(g.end)]);
    AutogradMeta& meta = meta_of(leaf);
    const GradLock lock(meta);
    meta.grad.swap(end);
  }
}

Tensor Player::result(int v) {
  if (v < 0) return {};
  const Value& value = program_.values[at(v)];
  const Bound& b = bound_[at(value.storage)];
  if (b.root == v || program_.storages[at(value.storage)].kind == StorageKind::temporary)
    return Tensor::share(headers_[at(v)]);
  return new_alias(*headers_[at(v)]);
}

// Runs the steps. What they ask for they give back, but for results of rules.
std::optional<Player::Refusal> Player::run_steps() {
  const runtime::Reserve::Scope scope(*reserve_);
  std::vector<Tensor> before;
  for (const int v : undo_) before.push_back(dense_copy(*headers_[at(v)], headers_[at(v)]->dtype));
  std::fill(bound_here_.begin(), bound_here_.end(), false);
  for (const auto& [i, chain] : units_) {
    if (chain) {
      execute_chain(*chain);
      continue;
    }
    execute(i);
    if (program_.steps[i].kind == StepKind::check && !check(program_.steps[i])) {
      for (size_t k = 0; k < undo_.size(); ++k)
        copy_elements(*headers_[at(undo_[k])], *before[k].impl());
      return Refusal{"a value that was read is another now" +
                     (program_.steps[i].where.empty() ? "" : " (" + program_.steps[i].where + ")")};
    }
  }
  return {};
}

std::optional<Player::Refusal> Player::run(TensorList inputs, std::vector<Tensor>& outputs) {
  const std::lock_guard guard(lock_);
  if (thread_mode.word & kSlowModes) return Refusal{"another mode (vmap, a profile, ...)"};
  if (std::string why = refusal(inputs); !why.empty()) return Refusal{why};
  const RecordingGuard off(false);
  make_arena();
  allocations_ = 0;
  begins_.clear();
  bind_roots(inputs);
  draw();
  const uint64_t asked = reserve_->asked();
  const std::optional<Refusal> refused = run_steps();
  allocations_ += static_cast<int64_t>(reserve_->asked() - asked);
  if (refused) return refused;
  leave_gradients();
  for (const GeneratorUse& u : program_.generators) {
    Generator g = u.generator;
    if (u.seeded) {
      g.set_state(u.end);
    } else {
      const Generator::State now = g.state();
      g.set_state({now.seed, now.offset + u.end.offset});
    }
  }
  outputs.clear();
  for (const int v : program_.outputs) outputs.push_back(result(v));
  begins_.clear();
  if (!observed_) {
    observed_ = true;
    for (const Prepared& p : prepared_) {
      for (const Prepared::Hand& h : p.hands) bound_[at(h.storage)].from_rule = false;
    }
    plan_memory();
  }
  return {};
}

}  // namespace tape
WENGERT_NAMESPACE_END
