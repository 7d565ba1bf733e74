// The library's own threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/task_shares.h"

namespace wengert::runtime {

// Runs one loop at a time; the calling thread takes part. Workers are started by the first loop
// that wants them. After a loop they spin briefly and then sleep. Never destroyed.
class ThreadPool {
 public:
  using Task = void (*)(void* context, int64_t i) noexcept;

  // The pool of this process; a child after fork gets a fresh one.
  static ThreadPool& shared();
  // Ends the workers beyond those that loops of `threads` threads need, unless a loop is running.
  static void shrink_shared(int threads);

  // Calls task(context, i) for every i in [0, n) on up to `threads` threads, the caller's among
  // them; n is TaskShares::kMost at most. False, and nothing done, if another thread's loop has the
  // pool or no worker can start.
  bool run(int threads, int64_t n, Task task, void* context);

 private:
  void resize(int workers);
  void work(int index);
  bool join() noexcept;
  void leave() noexcept;
  void take_tasks(int64_t member) noexcept;
  void wait_for_others() noexcept;
  bool idle_until_called(uint64_t& seen, int index);

  std::mutex owner_;  // held by the thread whose loop runs, and while workers start or end
  std::vector<std::thread> workers_;
  std::atomic<bool> may_spin_{false};  // no more threads than CPUs

  // The running loop. Written while it is closed and nobody is in it.
  Task task_ = nullptr;
  void* context_ = nullptr;
  int64_t helpers_ = 0;  // workers that may be in the loop at once
  TaskShares shares_;    // the caller's, then one for each worker

  // Number of workers in the loop, plus kOpen while workers may still enter it.
  static constexpr int64_t kOpen = int64_t{1} << 32;
  alignas(64) std::atomic<int64_t> members_{0};
  // Counts loops and resizings; a worker waits for it to change.
  alignas(64) std::atomic<uint64_t> calls_{0};
  std::atomic<int> workers_wanted_{0};

  std::mutex sleep_;  // guards both condition variables
  std::condition_variable called_;
  std::condition_variable finished_;
  std::atomic<int> sleepers_{0};
  std::atomic<bool> owner_sleeps_{false};
};

}  // namespace wengert::runtime
