#include "autograd/mode.h"

#include "autograd/execute.h"
#include "autograd/meta.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

thread_local constinit ThreadMode thread_mode = {kRecording, nullptr, 0};

void Transform::push() {
  below_ = thread_mode.top;
  thread_mode.top = this;
  thread_mode.word |= bit_;
}

bool Transform::pop() {
  Transform** at = &thread_mode.top;
  while (*at && *at != this) at = &(*at)->below_;
  if (!*at) return false;
  *at = below_;
  thread_mode.word &= ~bit_;
  for (Transform* t = thread_mode.top; t; t = t->below()) thread_mode.word |= t->bit();
  return true;
}

namespace {

// Takes the innermost transform off the stack for a scope.
class Lowered {
 public:
  Lowered() : top_(thread_mode.top), word_(thread_mode.word) {
    thread_mode.top = top_->below();
    uint32_t bits = 0;
    for (Transform* t = thread_mode.top; t; t = t->below()) bits |= t->bit();
    thread_mode.word = (word_ & ~kSlowModes) | bits;
  }
  ~Lowered() {
    thread_mode.top = top_;
    thread_mode.word = word_;
  }

 private:
  Transform* top_;
  uint32_t word_;
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
    run_transformed(call);
    for (int i = 0; i < call.n_outputs; ++i) {
      if (!call.outputs[i].defined()) continue;
      Node* n = call.outputs[i].impl()->grad_fn;
      if (n && n->cls == &call.cls) {
        NodeExtras& extras = extras_of(*n);
        if (extras.created_at.empty()) extras.created_at = where_();
        return;
      }
    }
  }
  bool check_nan() const { return check_nan_; }

 private:
  bool check_nan_;
  std::function<std::string()> where_;
};

class LeaveInference final : public ModeScope {
 public:
  LeaveInference() : before_(thread_mode.word) {
    thread_mode.word = (before_ & ~uint32_t{kInferenceMode | kInferring}) | kRecording;
  }
  ~LeaveInference() override { thread_mode.word = before_; }

 private:
  uint32_t before_;
};

template <class T>
class Scope final : public ModeScope {
 public:
  template <class... Args>
  explicit Scope(bool turn_off_recording, Args&&... args)
      : transform_(new T(std::forward<Args>(args)...)),
        turned_off_(turn_off_recording),
        recording_(recording()) {
    transform_->push();
    if (turned_off_) set_grad_enabled(false);
  }
  ~Scope() override {
    if (!transform_->pop()) {
      transform_.release();  // ended by another thread: its own may still call it
      return;
    }
    if (turned_off_) set_grad_enabled(recording_);
  }

 private:
  std::unique_ptr<T> transform_;
  bool turned_off_;
  bool recording_;
};

}  // namespace

void run_transformed(OpCall& call) {
  Transform* top = thread_mode.top;
  if (!top) {
    execute(call);
    return;
  }
  Lowered scope;
  top->run(call);
}

bool anomaly_checks_nan() {
  for (Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kAnomaly) return static_cast<AnomalyTransform*>(t)->check_nan();
  }
  return false;
}

ModeScope::~ModeScope() = default;

std::unique_ptr<ModeScope> inference_mode(bool on) {
  if (!on) return std::make_unique<LeaveInference>();
  return std::make_unique<Scope<InferenceTransform>>(true);
}
std::unique_ptr<ModeScope> anomaly_mode(bool check_nan, std::function<std::string()> where) {
  return std::make_unique<Scope<AnomalyTransform>>(false, check_nan, std::move(where));
}
bool is_inference_mode() { return thread_mode.word & kInferring; }
bool is_anomaly_mode() { return thread_mode.word & kAnomaly; }

bool is_grad_enabled() { return recording(); }
void set_grad_enabled(bool on) {
  thread_mode.word = on ? thread_mode.word | kRecording : thread_mode.word & ~uint32_t{kRecording};
}
GradModeGuard::GradModeGuard(bool enabled) : before_(recording()) { set_grad_enabled(enabled); }
GradModeGuard::~GradModeGuard() { set_grad_enabled(before_); }

WENGERT_NAMESPACE_END
