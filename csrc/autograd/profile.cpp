// Recording of profiles: the transform that stands around operations, and events of nodes.
#include "autograd/profile.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "autograd/meta.h"
#include "autograd/profile_cost.h"
#include "autograd/profile_report.h"
#include "kernels/peak.h"
#include "tensor/check.h"
#include "wengert/profile.h"
#include "wengert/runtime.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Trace;
using runtime::TraceEvent;

class Recorder final : public Transform {
 public:
  Recorder(const ProfileOptions& options, int thread)
      : Transform(kProfiler), options_(options), trace_(options.memory, thread) {}

  void begin() {
    push();
    trace_.enter();
  }
  // False on a thread that is not its own.
  bool end() {
    if (!pop()) return false;
    trace_.leave();
    return true;
  }
  void abandon() { trace_.abandon(); }
  const Trace& trace() const { return trace_; }

  void run(OpCall& call) override {
    const uint64_t before = thread_mode.last_node, token = Trace::new_token();
    const char* name = call.in_place ? trace_.in_place(call.cls.name) : call.cls.name;
    const std::string* stack = nullptr;
    if (options_.stack && !trace_.in_backward()) stack = trace_.keep_stack(options_.stack());
    trace_.open(token, EventKind::operation, name);
    try {
      run_transformed(call);
    } catch (...) {
      trace_.close(token);
      throw;
    }
    TraceEvent* e = trace_.close(token);
    if (!e) return;
    e->stack = stack;
    describe(*e, call, before);
  }

 private:
  void describe(TraceEvent& e, const OpCall& call, uint64_t before) {
    e.bytes = bytes_of(call);
    for (int i = 0; i < call.n_outputs && !e.node; ++i) {
      if (!call.outputs[i].defined()) continue;
      const TensorImpl& t = *call.outputs[i].impl();
      if (i == 0) e.dtype = t.dtype;
      // A change of a view is recorded in the history of its base.
      const bool of_base = call.in_place && t.has(kIsView);
      const Node* made = of_base ? t.meta->base.impl()->grad_fn : t.grad_fn;
      if (made && made->number > before) e.node = made->number;
    }
    if (call.cls.flops) e.flops = flops_of(call);
    if (!options_.shapes) return;
    e.inputs = std::make_unique<std::vector<std::pair<DType, std::vector<int64_t>>>>();
    for (int i = 0; i < call.n_inputs; ++i) {
      if (!call.inputs[i]) continue;
      e.inputs->emplace_back(call.inputs[i]->dtype, call.inputs[i]->sizes().vec());
    }
  }

  const ProfileOptions& options_;  // of the profile's state, which outlives it
  Trace trace_;
};

}  // namespace

// ---- profiles -----------------------------------------------------------------------------

// Threads that have left hand over what they recorded, without a lock: a fork may come any time.
struct Profile::State {
  struct Left {
    std::unique_ptr<Recorder> recorder;
    Left* next;
  };
  ~State() {
    for (Left* l = left.load(); l;) delete std::exchange(l, l->next);
  }
  void hand_over(std::unique_ptr<Recorder> recorder) {
    Left* l = new Left{std::move(recorder), left.load()};
    while (!left.compare_exchange_weak(l->next, l)) {
    }
  }

  // Of recorders that another thread has ended: their own may still call them.
  static void keep(std::shared_ptr<State> state) { new std::shared_ptr<State>(std::move(state)); }

  ProfileOptions options;
  std::atomic<Left*> left{nullptr};
  std::atomic<int> threads{1};
  std::atomic<bool> running{true};
  bool paused = false;
  int64_t began = runtime::now_ns();
  std::unique_ptr<Recorder> own;
  std::vector<ProfileEvent> events;
};

Profile::Profile(ProfileOptions options) : state_(std::make_shared<State>()) {
  state_->options = std::move(options);
  state_->own = std::make_unique<Recorder>(state_->options, 1);
  state_->own->begin();
}

Profile::~Profile() {
  if (!state_->running || state_->paused || state_->own->end()) return;
  state_->own->abandon();
  State::keep(state_);
}

void Profile::stop() {
  if (!state_->running) return;
  WG_CHECK(state_->paused || state_->own->end(), Error,
           "profile: expected the thread that began the profile to stop it, but another did");
  state_->running = false;
  const int64_t ended = runtime::now_ns();
  report::append(state_->events, state_->own->trace(), state_->began, ended);
  std::vector<const Trace*> others;
  for (const auto* l = state_->left.load(); l; l = l->next) others.push_back(&l->recorder->trace());
  std::sort(others.begin(), others.end(),
            [](const Trace* a, const Trace* b) { return a->thread() < b->thread(); });
  for (const Trace* t : others) report::append(state_->events, *t, state_->began, ended);
  report::link(state_->events);
}

bool Profile::is_running() const { return state_->running; }

void Profile::pause(bool paused) {
  if (!state_->running || state_->paused == paused) return;
  if (paused) {
    WG_CHECK(state_->own->end(), Error,
             "profile: expected the thread that began the profile to pause it, but another did");
  } else {
    state_->own->begin();
  }
  state_->paused = paused;
}

std::unique_ptr<ModeScope> Profile::join() {
  class Joined final : public ModeScope {
   public:
    explicit Joined(std::shared_ptr<State> state) : state_(std::move(state)) {
      const int thread = state_->threads.fetch_add(1) + 1;
      recorder_ = std::make_unique<Recorder>(state_->options, thread);
      recorder_->begin();
    }
    ~Joined() override {
      if (recorder_->end()) {
        state_->hand_over(std::move(recorder_));
      } else {
        recorder_->abandon();
        recorder_.release();
        State::keep(state_);
      }
    }

   private:
    std::shared_ptr<State> state_;
    std::unique_ptr<Recorder> recorder_;
  };
  WG_CHECK(state_->running, Error, "profile: a thread can only join a profile that is running");
  return std::make_unique<Joined>(state_);
}

const std::vector<ProfileEvent>& Profile::events() const {
  WG_CHECK(!state_->running, Error, "profile: stop() it before asking for its events");
  return state_->events;
}
std::string Profile::table(int64_t rows) const { return report::table(events(), rows); }
std::vector<ModuleProfile> Profile::modules() const { return report::modules(events()); }
std::string Profile::module_table() const { return report::module_table(events()); }
std::string Profile::chrome_trace(
    const std::vector<std::pair<std::string, std::string>>& metadata) const {
  return report::chrome_trace(events(), metadata);
}

// ---- ranges and nodes ---------------------------------------------------------------------

bool is_profiling() { return Trace::innermost(); }

ProfileRange::ProfileRange(std::string_view name, EventKind kind) : token_(0) {
  if (!is_profiling()) return;
  token_ = Trace::new_token();
  for (Trace* t = Trace::innermost(); t; t = t->outer()) t->open(token_, kind, t->keep(name));
}
ProfileRange::~ProfileRange() {
  if (!token_) return;
  for (Trace* t = Trace::innermost(); t; t = t->outer()) t->close(token_);
}

void NodeEvent::open(const char* name) {
  token_ = Trace::new_token();
  for (Trace* t = Trace::innermost(); t; t = t->outer()) {
    t->open(token_, EventKind::backward, is_operation_ ? name : t->keep(name));
  }
}

NodeEvent::NodeEvent(Node& n, uint64_t needed, TensorImpl* const* gradients) : node_(n.number) {
  bytes_ = bytes_of(n, needed, gradients);
  if (n.cls->flops && gradients) flops_ = flops_of(n, needed, gradients);
  for (uint32_t i = 0; i < n.n_outputs && gradients; ++i) {
    if (gradients[i]) dtype_ = gradients[i]->dtype;
  }
  const CustomBackward* custom = custom_backward(n);
  is_operation_ = !custom;
  open(custom ? custom->name() : n.cls->name);
}

// The first gradient is kept as it is; others are added to it.
NodeEvent::NodeEvent(TensorImpl& leaf, const TensorImpl& gradient) : dtype_(leaf.dtype) {
  if (AutogradMeta* meta = meta_if_any(leaf)) {
    const GradLock lock(*meta);
    if (meta->grad.defined()) bytes_ = 3 * bytes_of(gradient);
  }
  open("AccumulateGrad");
}

NodeEvent::~NodeEvent() {
  for (Trace* t = Trace::innermost(); t; t = t->outer()) {
    TraceEvent* e = t->close(token_);
    if (!e) continue;
    e->is_operation = is_operation_;
    e->node = node_;
    e->bytes = bytes_;
    e->flops = flops_;
    e->dtype = dtype_;
  }
}

void note_custom(const Node& n) {
  std::string_view name = name_of(n);
  constexpr std::string_view kEnd = "Backward";
  if (name.size() > kEnd.size() && name.ends_with(kEnd)) name.remove_suffix(kEnd.size());
  const uint64_t token = Trace::new_token();
  for (Trace* t = Trace::innermost(); t; t = t->outer()) {
    t->open(token, EventKind::operation, t->keep(name));
    if (TraceEvent* e = t->close(token)) e->node = n.number;
  }
}

MachinePeaks machine_peaks() {
  static const double core = kernels::measure_fma_peak_gflops();
  static const double copy = runtime::measure_copy_gigabytes();
  return {core * num_threads(), copy};
}

double share_of_peak(int64_t ns, int64_t bytes, int64_t flops, int64_t flops64) {
  if (ns <= 0) return 0;
  const MachinePeaks peaks = machine_peaks();
  return flops ? static_cast<double>(flops + flops64) / static_cast<double>(ns) / peaks.gflops
               : static_cast<double>(bytes) / static_cast<double>(ns) / peaks.gigabytes;
}

WENGERT_NAMESPACE_END
