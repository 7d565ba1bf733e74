// The one word that every operation tests (design D2), and the ordered stack of transforms that
// runs when it says anything but plain execution.
#pragma once

#include <cstdint>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

enum ModeBit : uint32_t {
  kRecording = 1u << 0,
  // Everything below sends operations through the stack of transforms.
  kInferenceMode = 1u << 1,
  kCapture = 1u << 3,
  kVmap = 1u << 4,
  kForwardMode = 1u << 5,
  kAnomaly = 1u << 6,
  kProfiler = 1u << 7,
  kMutation = 1u << 8,
  // Values that are saved for backward are given to hooks. No transform: recording looks at it.
  kPacking = 1u << 30,
  // Inference mode is on, also while its transform runs and is off the stack.
  kInferring = 1u << 31,
};
inline constexpr uint32_t kSlowModes =
    ~(uint32_t{kRecording} | uint32_t{kPacking} | uint32_t{kInferring});
// Those of them whose transforms must see every operation. Profiles and captures see what would run
// without them.
inline constexpr uint32_t kTransformModes = kSlowModes & ~uint32_t{kProfiler | kCapture};

class Transform;

struct ThreadMode {
  uint32_t word;
  Transform* top;      // innermost transform
  uint64_t last_node;  // creation number of the newest node this thread made
  uint32_t hidden;     // bits of the transforms that one above them hides
};
extern thread_local constinit ThreadMode thread_mode
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

// Forward mode or vmap is on: functions that have a fused operation are composed of such as have
// rules for these.
inline bool transforming() { return (thread_mode.word & (kVmap | kForwardMode)) != 0; }

inline bool recording() { return (thread_mode.word & kRecording) != 0; }

// Sets or clears recording for a scope.
class RecordingGuard {
 public:
  explicit RecordingGuard(bool on) : before_(thread_mode.word) {
    thread_mode.word = on ? before_ | kRecording : before_ & ~uint32_t{kRecording};
  }
  ~RecordingGuard() { thread_mode.word = before_; }
  RecordingGuard(const RecordingGuard&) = delete;
  RecordingGuard& operator=(const RecordingGuard&) = delete;

 private:
  uint32_t before_;
};

struct Node;
struct OpCall;

// What may stand between a call of an operation and its execution. Transforms nest; each is run
// with itself removed from the stack, so that what it calls goes to the ones below.
class Transform {
 public:
  // `hides`: bits of transforms below, which take no part while this one is on the stack.
  explicit Transform(uint32_t bit, uint32_t hides = 0) : bit_(bit), hides_(hides) {}
  virtual ~Transform() = default;
  // Fills call.out; usually by run_below(call), with something done before or after.
  virtual void run(OpCall& call) = 0;

  void push();
  // False if it is not among the transforms of this thread. Those inside it stay.
  bool pop();
  uint32_t bit() const { return bit_; }
  uint32_t hides() const { return hides_; }
  Transform* below() const { return below_; }

 private:
  uint32_t bit_;
  uint32_t hides_;
  Transform* below_ = nullptr;
};

// In anomaly mode, keeps the line that is running for errors in the node's backward.
void note_where_made(Node& n);

// Runs `call` through the transforms of this thread, then executes it.
void run_transformed(OpCall& call);

WENGERT_NAMESPACE_END
