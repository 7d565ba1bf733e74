#include "autograd/mode.h"

#include <optional>

#include "autograd/execute.h"
#include "autograd/meta.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

thread_local constinit ThreadMode thread_mode = {kRecording, nullptr, 0, 0};

namespace {

// The bits of the transforms from `t` down, without those that are hidden.
uint32_t bits_from(const Transform* t, uint32_t hidden) {
  uint32_t bits = 0;
  for (; t; t = t->below()) {
    bits |= t->bit() & ~hidden;
    hidden |= t->hides();
  }
  return bits;
}

}  // namespace

void Transform::push() {
  below_ = thread_mode.top;
  thread_mode.top = this;
  thread_mode.word = (thread_mode.word & ~hides_) | bit_;
}

bool Transform::pop() {
  Transform** at = &thread_mode.top;
  while (*at && *at != this) at = &(*at)->below_;
  if (!*at) return false;
  *at = below_;
  thread_mode.word =
      (thread_mode.word & (kRecording | kPacking)) | bits_from(thread_mode.top, thread_mode.hidden);
  return true;
}

namespace {

// Leaves only what is below a transform on the stack, for a scope.
class Lowered {
 public:
  explicit Lowered(const Transform& from) : before_(thread_mode) {
    thread_mode.top = from.below();
    thread_mode.hidden |= from.hides();
    thread_mode.word =
        (before_.word & ~kSlowModes) | bits_from(thread_mode.top, thread_mode.hidden);
  }
  ~Lowered() {
    thread_mode.top = before_.top;
    thread_mode.hidden = before_.hidden;
    thread_mode.word = before_.word;
  }

 private:
  ThreadMode before_;
};

// Outputs are marked; nothing is recorded.
class InferenceTransform final : public Transform {
 public:
  InferenceTransform() : Transform(kInferenceMode | kInferring) {}
  void run(OpCall& call) override {
    RecordingGuard off(false);
    run_transformed(call);
    for (int i = 0; i < call.n_outputs; ++i) {
      // A view has the nature of what it shows.
      if (call.in_place || call.cls.view || !call.outputs[i].defined()) continue;
      call.outputs[i].impl()->flags |= kInference;
    }
  }
};

class AnomalyTransform final : public Transform {
 public:
  AnomalyTransform(bool check_nan, std::function<std::string()> where)
      : Transform(kAnomaly), check_nan_(check_nan), where_(std::move(where)) {}
  void run(OpCall& call) override {
    const uint64_t before = thread_mode.last_node;
    run_transformed(call);
    for (int i = 0; i < call.n_outputs; ++i) {
      if (!call.outputs[i].defined()) continue;
      Node* n = call.outputs[i].impl()->grad_fn;
      if (n && n->cls == &call.cls && n->number > before) return stamp(*n);
    }
  }
  void stamp(Node& n) const {
    NodeExtras& extras = extras_of(n);
    if (extras.created_at.empty()) extras.created_at = where_();
  }
  bool check_nan() const { return check_nan_; }

 private:
  bool check_nan_;
  std::function<std::string()> where_;
};

class MutationTransform final : public Transform {
 public:
  explicit MutationTransform(std::function<void(const Tensor&)> before)
      : Transform(kMutation), before_(std::move(before)) {}
  void run(OpCall& call) override {
    if (call.in_place) before_(call.outputs[0]);
    run_transformed(call);
  }

 private:
  std::function<void(const Tensor&)> before_;
};

// Inference mode is off above it.
class OutsideInference final : public Transform {
 public:
  OutsideInference() : Transform(0, kInferenceMode | kInferring) {}
  void run(OpCall& call) override { run_transformed(call); }
};

// Anomaly mode is off above it.
class OutsideAnomaly final : public Transform {
 public:
  OutsideAnomaly() : Transform(0, kAnomaly) {}
  void run(OpCall& call) override { run_transformed(call); }
};

template <class T>
class Scope final : public ModeScope {
 public:
  template <class... Args>
  explicit Scope(std::optional<bool> record, Args&&... args)
      : transform_(new T(std::forward<Args>(args)...)), record_(record), recording_(recording()) {
    transform_->push();
    if (record_) set_grad_enabled(*record_);
  }
  ~Scope() override {
    if (!transform_->pop()) {
      transform_.release();  // ended by another thread: its own may still call it
      return;
    }
    if (record_) set_grad_enabled(recording_);
  }

 private:
  std::unique_ptr<T> transform_;
  std::optional<bool> record_;  // what recording is in the scope; nothing: as outside
  bool recording_;
};

}  // namespace

void run_transformed(OpCall& call) {
  Transform* top = thread_mode.top;
  while (top && top->bit() & thread_mode.hidden) top = top->below();
  if (!top) {
    execute(call);
    return;
  }
  const Lowered scope(*top);
  top->run(call);
}

bool anomaly_checks_nan() {
  if (!is_anomaly_mode()) return false;
  for (Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kAnomaly) return static_cast<AnomalyTransform*>(t)->check_nan();
  }
  return false;
}

void note_where_made(Node& n) {
  for (Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kAnomaly) return static_cast<AnomalyTransform*>(t)->stamp(n);
  }
}

ModeScope::~ModeScope() = default;

std::unique_ptr<ModeScope> inference_mode(bool on) {
  if (!on) return std::make_unique<Scope<OutsideInference>>(true);
  return std::make_unique<Scope<InferenceTransform>>(false);
}
std::unique_ptr<ModeScope> anomaly_mode(bool check_nan, std::function<std::string()> where) {
  return std::make_unique<Scope<AnomalyTransform>>(std::nullopt, check_nan, std::move(where));
}
std::unique_ptr<ModeScope> no_anomaly_mode() {
  return std::make_unique<Scope<OutsideAnomaly>>(std::nullopt);
}
std::unique_ptr<ModeScope> before_mutation(std::function<void(const Tensor&)> f) {
  return std::make_unique<Scope<MutationTransform>>(std::nullopt, std::move(f));
}
bool is_inference_mode() { return thread_mode.word & kInferring; }
bool is_anomaly_mode() { return thread_mode.word & kAnomaly; }

namespace {
thread_local constinit std::optional<DType> autocast;
}  // namespace
std::optional<DType> autocast_dtype() { return autocast; }
void set_autocast_dtype(std::optional<DType> dtype) { autocast = dtype; }

bool is_grad_enabled() { return recording(); }
void set_grad_enabled(bool on) {
  thread_mode.word = on ? thread_mode.word | kRecording : thread_mode.word & ~uint32_t{kRecording};
}
GradModeGuard::GradModeGuard(bool enabled) : before_(recording()) { set_grad_enabled(enabled); }
GradModeGuard::~GradModeGuard() { set_grad_enabled(before_); }

WENGERT_NAMESPACE_END
