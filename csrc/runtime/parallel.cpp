#include "runtime/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "runtime/denormals.h"
#include "runtime/platform.h"
#include "runtime/thread_pool.h"
#include "wengert/error.h"
#include "wengert/runtime.h"

namespace wengert::runtime {

namespace {

thread_local bool inside_loop = false;

std::atomic<int> thread_setting{0};  // 0: not set, one thread for each CPU
std::atomic<Executor*> host_executor{nullptr};

// A loop whose bodies may throw, as something whose tasks do not.
struct Loop {
  void (*body)(void*, int64_t);
  void* context;
  uint64_t flushed = flushed_denormals();  // by the caller's thread, hence by all
  std::atomic<bool> failed{false};
  std::exception_ptr error{};  // written by the one task that set `failed`

  void call(int64_t i) noexcept {
    try {
      body(context, i);
    } catch (...) {
      if (!failed.exchange(true)) error = std::current_exception();
    }
  }
  static void task(void* loop, int64_t i) noexcept {
    const bool outside = !inside_loop;
    inside_loop = true;
    {
      const FlushDenormals mode(static_cast<Loop*>(loop)->flushed);
      static_cast<Loop*>(loop)->call(i);
    }
    if (outside) inside_loop = false;
  }
};

int executor_threads(const Executor& executor) { return std::max(executor.concurrency(), 1); }

}  // namespace

int available_threads() {
  if (inside_loop) return 1;
  if (const Executor* executor = host_executor.load(std::memory_order_acquire)) {
    return executor_threads(*executor);
  }
  return num_threads();
}

void parallel_tasks(int64_t n, void (*body)(void* context, int64_t i), void* context) {
  if (n <= 0) return;
  if (n == 1) return body(context, 0);
  Loop loop{body, context};
  bool done = false;
  if (!inside_loop) {
    if (Executor* executor = host_executor.load(std::memory_order_acquire)) {
      if (executor_threads(*executor) > 1) {
        executor->run(n, &Loop::task, &loop);
        done = true;
      }
    } else if (const int threads = num_threads(); threads > 1) {
      done = n <= TaskShares::kMost && ThreadPool::shared().run(threads, n, &Loop::task, &loop);
    }
  }
  if (!done) {
    for (int64_t i = 0; i < n; ++i) loop.call(i);
  }
  if (loop.error) std::rethrow_exception(loop.error);
}

}  // namespace wengert::runtime

WENGERT_NAMESPACE_BEGIN

int num_threads() {
  const int n = runtime::thread_setting.load(std::memory_order_relaxed);
  if (n != 0) return n;
  static const int cpus = runtime::platform::cpu_count();
  return cpus;
}

void set_num_threads(int n) {
  if (n < 1) {
    throw Error("set_num_threads: expected at least 1 thread, got " + std::to_string(n));
  }
  runtime::thread_setting.store(n, std::memory_order_relaxed);
  if (!runtime::inside_loop) runtime::ThreadPool::shrink_shared(n);
}

bool set_flush_denormal(bool flush) {
  const uint64_t others = runtime::float_mode() & ~runtime::kFlushDenormals;
  runtime::set_float_mode(flush ? others | runtime::kFlushDenormals : others);
  return runtime::kFlushDenormals != 0;
}

void set_executor(Executor* executor) {
  runtime::host_executor.store(executor, std::memory_order_release);
}

WENGERT_NAMESPACE_END
