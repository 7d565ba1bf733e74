// The tasks of a loop, divided among its threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace wengert::runtime {

// A share of consecutive tasks for each thread. A thread takes its own from the front: in loops of
// the same kind it gets the same tasks, whose data may still be in its cache. When it has none left
// it takes those of others from the back.
class TaskShares {
 public:
  // So many tasks at most.
  static constexpr int64_t kMost = int64_t{1} << 31;

  // Neither may run beside another call. reserve() that throws changes nothing; divide() takes as
  // many shares as were reserved at most.
  void reserve(int64_t shares) { shares_ = std::vector<Share>(static_cast<size_t>(shares)); }
  void divide(int64_t tasks, int64_t shares) noexcept {
    count_ = static_cast<size_t>(shares);
    for (int64_t i = 0; i < shares; ++i) {
      shares_[static_cast<size_t>(i)].range.store(
          range(tasks * i / shares, tasks * (i + 1) / shares), std::memory_order_relaxed);
    }
  }

  // A task that nobody else gets, or -1 if none are left.
  int64_t take(int64_t own) noexcept {
    size_t at = static_cast<size_t>(own) % count_;
    int64_t task = take_first(shares_[at].range);
    for (size_t i = 1; i < count_ && task < 0; ++i) {
      at = at + 1 < count_ ? at + 1 : 0;
      task = take_last(shares_[at].range);
    }
    return task;
  }

 private:
  // The first task in the low half, the end in the high one.
  struct alignas(64) Share {
    std::atomic<uint64_t> range{0};
  };
  static uint64_t range(int64_t begin, int64_t end) {
    return static_cast<uint64_t>(end) << 32 | static_cast<uint64_t>(begin);
  }
  static int64_t begin_of(uint64_t range) { return static_cast<int64_t>(range & 0xffffffffu); }
  static int64_t end_of(uint64_t range) { return static_cast<int64_t>(range >> 32); }

  static int64_t take_first(std::atomic<uint64_t>& share) noexcept {
    uint64_t now = share.load(std::memory_order_relaxed);
    while (begin_of(now) < end_of(now)) {
      if (share.compare_exchange_weak(now, now + 1, std::memory_order_relaxed))
        return begin_of(now);
    }
    return -1;
  }
  static int64_t take_last(std::atomic<uint64_t>& share) noexcept {
    uint64_t now = share.load(std::memory_order_relaxed);
    while (begin_of(now) < end_of(now)) {
      if (share.compare_exchange_weak(now, now - (uint64_t{1} << 32), std::memory_order_relaxed))
        return end_of(now) - 1;
    }
    return -1;
  }

  std::vector<Share> shares_;
  size_t count_ = 0;  // in use
};

}  // namespace wengert::runtime
