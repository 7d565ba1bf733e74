// Where time goes: what a program's operations and their gradients took, with the bytes and
// floating point operations they stand for.
//
//   Profile profile;
//   train_one_step();
//   profile.stop();
//   std::cout << profile.table();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wengert/dtype.h"
#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

class ModeScope;

enum class EventKind : uint8_t {
  operation,  // a call of an operation
  backward,   // a node of a backward pass, named as its grad_fn, or AccumulateGrad
  range,      // what a ProfileRange named
  module,     // a call of a module: a range of its own kind
};

struct ProfileEvent {
  std::string name;
  EventKind kind = EventKind::operation;
  int thread = 1;                    // 1: the thread that began the profile
  int64_t begin_ns = 0, end_ns = 0;  // since the profile began
  uint64_t node = 0;                 // creation number of the node made or run; 0: none
  int64_t parent = -1;               // index of the event around it, on its thread
  int64_t forward = -1;              // of a node: index of the call that recorded it
  // In the tensors read and written; of a range, of all in it.
  int64_t bytes = 0;
  // Of products (two for each multiply-add); 0: not known. Of a range, and of a node that does not
  // know, of all in it. Of these, in float64, at which vectors have half the elements.
  int64_t flops = 0, flops64 = 0;
  int64_t allocated = 0;         // with `memory`: bytes allocated and not freed meanwhile
  DType dtype = DType::float32;  // of the first result
  std::vector<std::pair<DType, std::vector<int64_t>>> inputs;  // with `shapes`
  std::string stack;                                           // with `stack`: what it gave
};

struct ProfileOptions {
  bool shapes = false;
  // Asks the allocator at every event, which sees all threads.
  bool memory = false;
  // Called at every operation outside of backward passes.
  std::function<std::string()> stack = {};
};

// What belongs to a module, that is to all of its calls and to those inside of them.
struct ModuleProfile {
  std::string name;
  int64_t calls = 0;
  int64_t forward_ns = 0;   // in its calls
  int64_t backward_ns = 0;  // in the nodes that its calls recorded
  int64_t bytes = 0, flops = 0, flops64 = 0;
};

// Records what the thread that makes it runs, until stop(). Profiles nest: each sees all. Costs
// nothing while there is none.
class WENGERT_API Profile {
 public:
  explicit Profile(ProfileOptions options = {});
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  // On the thread that began it, else an Error; again: nothing. Events still open end here.
  void stop();
  bool is_running() const;
  // Leaves out what this thread, which must be the one that began the profile, does meanwhile.
  void pause(bool paused);
  // The calling thread takes part too while the scope lives, which must end before stop().
  std::unique_ptr<ModeScope> join();

  // After stop(), by thread and in the order in which they began.
  const std::vector<ProfileEvent>& events() const;
  // One row for each name, those that took most by themselves first; rows < 0: all.
  std::string table(int64_t rows = 30) const;
  // In the order of their first calls; and as a table, with the share of peak.
  std::vector<ModuleProfile> modules() const;
  std::string module_table() const;
  // Trace Event JSON, for Perfetto or chrome://tracing; forward calls and their nodes are linked.
  // `metadata`: keys and their JSON values for the trace's top level.
  std::string chrome_trace(
      const std::vector<std::pair<std::string, std::string>>& metadata = {}) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Names what this thread does while it lives, for the profiles that are on.
class WENGERT_API ProfileRange {
 public:
  explicit ProfileRange(std::string_view name, EventKind kind = EventKind::range);
  ~ProfileRange();
  ProfileRange(const ProfileRange&) = delete;
  ProfileRange& operator=(const ProfileRange&) = delete;

 private:
  uint64_t token_;
};
WENGERT_API bool is_profiling();  // on this thread

// ---- some steps of a loop

// What is done in a step: nothing, also while a program warms up; it is recorded; it is the last
// one of a recording.
enum class ProfilerAction : uint8_t { none, warmup, record, record_and_save };

// `wait` steps nothing, `warmup` steps warm up, `active` steps record, and so on `repeat` times (0:
// always). `skip_first` steps come before; with `skip_first_wait` the first time does not wait.
struct WENGERT_API ProfileSchedule {
  int64_t wait = 0, warmup = 0, active = 1, repeat = 0, skip_first = 0;
  bool skip_first_wait = false;
  // Of a step, counted from 0. ValueError for what is negative, and without active steps.
  ProfilerAction operator()(int64_t step) const;
};

// Records the steps of a loop that a schedule, or a function of one's own, chooses; each is a range
// ProfilerStep#n.
//
//   StepProfile profile(ProfileSchedule{.wait = 1, .warmup = 1, .active = 3},
//                       [](const Profile& p) { std::cout << p.table(); });
//   for (...) train_one_step(), profile.step();
//   profile.stop();
class WENGERT_API StepProfile {
 public:
  // The first step begins. `on_trace_ready` is called with each recording, at its end.
  StepProfile(std::function<ProfilerAction(int64_t)> schedule,
              std::function<void(const Profile&)> on_trace_ready, ProfileOptions options = {});
  // Does not call on_trace_ready.
  ~StepProfile();
  StepProfile(const StepProfile&) = delete;
  StepProfile& operator=(const StepProfile&) = delete;

  // The next step begins; on the thread that made this, else an Error while one is recorded.
  void step();
  // The last step ends; a recording that runs is handed over. Again: nothing.
  void stop();
  int64_t step_number() const { return step_; }
  // The last recording; null before the first.
  const Profile* profile() const { return profile_.get(); }

 private:
  void finish(bool hand_over);
  void begin();

  const std::function<ProfilerAction(int64_t)> schedule_;
  const std::function<void(const Profile&)> on_trace_ready_;
  const ProfileOptions options_;
  int64_t step_ = 0;
  bool ended_ = false;
  ProfilerAction action_;
  std::unique_ptr<Profile> profile_;
  std::unique_ptr<ProfileRange> range_;
};

// What the machine can do with the threads an operation may use, measured when first asked for:
// float32 multiply-adds in 10^9 operations a second, and copying in 10^9 bytes a second, read and
// written.
struct MachinePeaks {
  double gflops, gigabytes;
};
WENGERT_API MachinePeaks machine_peaks();
// The share of the machine's peak in arithmetic or, where nothing is known of that, in bandwidth,
// which data in caches may exceed.
WENGERT_API double share_of_peak(int64_t ns, int64_t bytes, int64_t flops, int64_t flops64);

WENGERT_NAMESPACE_END
