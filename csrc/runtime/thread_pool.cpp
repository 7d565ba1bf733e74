#include "runtime/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "runtime/platform.h"

namespace wengert::runtime {

namespace {

std::atomic<ThreadPool*> the_pool{nullptr};

// Spins until `ready` or until the time is over; true if ready.
template <class Ready>
bool spin(bool allowed, Ready&& ready) {
  using Clock = std::chrono::steady_clock;
  constexpr auto limit = std::chrono::microseconds(100);
  if (ready()) return true;
  if (!allowed) return false;
  const Clock::time_point end = Clock::now() + limit;
  do {
    for (int i = 0; i < 32; ++i) {
      platform::spin_pause();
      if (ready()) return true;
    }
  } while (Clock::now() < end);
  return false;
}

}  // namespace

ThreadPool& ThreadPool::shared() {
  ThreadPool* pool = the_pool.load(std::memory_order_acquire);
  if (pool != nullptr) return *pool;
  // The threads of the parent do not exist in a child, and its locks may be held for ever.
  static const bool registered = [] {
    platform::on_fork(nullptr, nullptr, [] { the_pool.store(nullptr, std::memory_order_relaxed); });
    return true;
  }();
  static_cast<void>(registered);
  ThreadPool* fresh = new ThreadPool;
  if (the_pool.compare_exchange_strong(pool, fresh, std::memory_order_acq_rel)) return *fresh;
  delete fresh;
  return *pool;
}

void ThreadPool::shrink_shared(int threads) {
  ThreadPool* pool = the_pool.load(std::memory_order_acquire);
  if (pool == nullptr) return;
  std::unique_lock owner(pool->owner_, std::try_to_lock);
  if (owner && static_cast<int>(pool->workers_.size()) >= threads) pool->resize(threads - 1);
}

bool ThreadPool::run(int threads, int64_t n, Task task, void* context) {
  std::unique_lock owner(owner_, std::try_to_lock);
  if (!owner) return false;
  const int64_t wanted = std::min<int64_t>(n, threads) - 1;
  const int64_t started = static_cast<int64_t>(workers_.size());
  if (started < wanted || started > threads - 1) {
    resize(static_cast<int>(std::clamp<int64_t>(started, wanted, threads - 1)));
  }
  if (workers_.empty()) return false;

  task_ = task;
  context_ = context;
  helpers_ = std::min(wanted, static_cast<int64_t>(workers_.size()));
  shares_.divide(n, helpers_ + 1);
  members_.store(kOpen, std::memory_order_release);
  calls_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) {
    {
      std::lock_guard guard(sleep_);
    }  // whoever counted itself now waits, or has seen the call
    for (int64_t i = 0; i < helpers_; ++i) called_.notify_one();
  }
  take_tasks(0);
  // From here nobody enters, so a worker that is still asleep need not be waited for.
  if (members_.fetch_sub(kOpen, std::memory_order_seq_cst) != kOpen) wait_for_others();
  return true;
}

void ThreadPool::take_tasks(int64_t member) noexcept {
  for (int64_t i; (i = shares_.take(member)) >= 0;) task_(context_, i);
}

void ThreadPool::wait_for_others() noexcept {
  const auto all_left = [this] { return members_.load(std::memory_order_seq_cst) == 0; };
  if (spin(may_spin_, all_left)) return;
  std::unique_lock lock(sleep_);
  owner_sleeps_.store(true, std::memory_order_seq_cst);
  finished_.wait(lock, all_left);
  owner_sleeps_.store(false, std::memory_order_relaxed);
}

bool ThreadPool::join() noexcept {
  int64_t members = members_.load(std::memory_order_relaxed);
  do {
    // helpers_ may be read only once the loop is known to be open, hence after the exchange.
    if (members < kOpen) return false;
  } while (!members_.compare_exchange_weak(members, members + 1, std::memory_order_acquire,
                                           std::memory_order_relaxed));
  if (members - kOpen < helpers_) return true;
  leave();
  return false;
}

void ThreadPool::leave() noexcept {
  if (members_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
  if (!owner_sleeps_.load(std::memory_order_seq_cst)) return;
  std::lock_guard guard(sleep_);
  finished_.notify_one();
}

bool ThreadPool::idle_until_called(uint64_t& seen, int index) {
  const auto called = [&] { return calls_.load(std::memory_order_seq_cst) != seen; };
  if (!spin(may_spin_, called)) {
    std::unique_lock lock(sleep_);
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    called_.wait(lock, called);
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }
  seen = calls_.load(std::memory_order_acquire);
  return index < workers_wanted_.load(std::memory_order_acquire);
}

void ThreadPool::work(int index) {
  uint64_t seen = 0;
  while (idle_until_called(seen, index)) {
    if (!join()) continue;
    take_tasks(index + 1);
    leave();
  }
}

void ThreadPool::resize(int workers) {
  static const int cpus = platform::cpu_count();
  workers_wanted_.store(workers, std::memory_order_release);
  calls_.fetch_add(1, std::memory_order_seq_cst);
  if (static_cast<int>(workers_.size()) > workers) {
    {
      std::lock_guard guard(sleep_);
    }
    called_.notify_all();
    for (size_t i = static_cast<size_t>(workers); i < workers_.size(); ++i) workers_[i].join();
    workers_.resize(static_cast<size_t>(workers));
  }
  try {
    workers_.reserve(static_cast<size_t>(workers));
    shares_.reserve(int64_t{workers} + 1);
    while (static_cast<int>(workers_.size()) < workers) {
      const int index = static_cast<int>(workers_.size());
      workers_.emplace_back([this, index] { work(index); });
    }
  } catch (const std::exception&) {
    // The system gives no more threads or memory; the loop runs on those there are.
  }
  may_spin_ = static_cast<int>(workers_.size()) < cpus;
}

}  // namespace wengert::runtime
