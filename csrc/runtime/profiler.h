// The events of profiles, as the threads they happen on write them down.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "wengert/profile.h"

namespace wengert::runtime {

int64_t now_ns();  // of a clock that never goes back

struct TraceEvent {
  const char* name;  // of an operation, or as it is to be shown
  EventKind kind;
  bool is_operation = true;  // of a node: `name` is that of its operation
  DType dtype = DType::float32;
  int64_t begin = 0, end = -1;
  int64_t parent = -1;  // index in the trace
  uint64_t node = 0;
  int64_t bytes = 0, flops = 0, allocated = 0;
  const std::string* stack = nullptr;
  std::unique_ptr<std::vector<std::pair<DType, std::vector<int64_t>>>> inputs;
};

// What one profile sees on one thread. Only that thread touches it until it has left.
class Trace {
 public:
  Trace(bool memory, int thread) : memory_(memory), thread_(thread) {}

  // Makes it the innermost of this thread's traces; takes it from among them.
  void enter();
  void leave();
  // From any thread: nothing more is written down.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  static Trace* innermost();
  Trace* outer() const { return outer_; }

  // Begins an event inside those that are open. No two events have the same token; they may end in
  // any order.
  static uint64_t new_token();
  void open(uint64_t token, EventKind kind, const char* name);
  // Ends the event; nullptr if it did not begin here.
  TraceEvent* close(uint64_t token);

  const char* keep(std::string_view name);      // a copy that lives as long as the trace
  const char* in_place(const char* operation);  // its name with an underscore
  const std::string* keep_stack(std::string stack);
  bool in_backward() const { return open_nodes_ > 0; }
  int thread() const { return thread_; }
  const std::deque<TraceEvent>& events() const { return events_; }

 private:
  struct Open {
    uint64_t token;
    int64_t index;
  };
  bool memory_;
  int thread_;
  std::atomic<bool> abandoned_{false};
  int open_nodes_ = 0;
  Trace* outer_ = nullptr;
  std::deque<TraceEvent> events_;
  std::vector<Open> open_;
  std::unordered_set<std::string> names_;
  std::unordered_map<const char*, std::string> in_place_;
};

// Copies memory with all threads for some milliseconds: 10^9 bytes a second, read and written.
double measure_copy_gigabytes();

}  // namespace wengert::runtime
