// Many threads on the allocator and on the pool at once; meant above all for sanitizer builds.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "runtime/allocator.h"
#include "runtime/parallel.h"
#include "wengert/runtime.h"

namespace wengert {
namespace {

using runtime::allocate;
using runtime::deallocate;

struct Block {
  unsigned char* p;
  size_t bytes;
};

Block make(size_t bytes) {
  unsigned char* p = static_cast<unsigned char*>(allocate(bytes));
  p[0] = p[bytes - 1] = static_cast<unsigned char>(bytes);
  return {p, bytes};
}

// False if somebody else wrote to the block.
bool drop(const Block& b) {
  const unsigned char mark = static_cast<unsigned char>(b.bytes);
  const bool whole = b.p[0] == mark && b.p[b.bytes - 1] == mark;
  deallocate(b.p, b.bytes);
  return whole;
}

TEST(AllocatorStress, BlocksTravelBetweenThreads) {
  const uint64_t before = memory_stats().live_blocks;
  constexpr int threads = 4, rounds = 20000;
  std::mutex mutex[threads];
  std::vector<Block> inbox[threads];
  std::atomic<int> damaged{0};
  std::vector<std::thread> workers;
  for (unsigned me = 0; me < threads; ++me) {
    workers.emplace_back([&, me] {
      std::mt19937 random(me);
      for (int i = 0; i < rounds; ++i) {
        size_t bytes = 1 + random() % (i % 100 == 0 ? 200000 : i % 10 == 0 ? 20000 : 600);
        const unsigned to = random() % threads;
        const Block b = make(bytes);
        {
          std::lock_guard guard(mutex[to]);
          inbox[to].push_back(b);
        }
        if (i % 16 == 0) {
          std::vector<Block> mine;
          {
            std::lock_guard guard(mutex[me]);
            mine.swap(inbox[me]);
          }
          for (const Block& mail : mine) damaged += !drop(mail);
        }
        if (i % 5000 == 0) trim_memory();
        if (i % 500 == 0) {
          EXPECT_GE(memory_stats().peak_allocated, 1u);
        }
      }
    });
  }
  for (std::thread& t : workers) t.join();
  for (auto& box : inbox) {
    for (const Block& b : box) damaged += !drop(b);
  }
  EXPECT_EQ(damaged.load(), 0);
  EXPECT_EQ(memory_stats().live_blocks, before);
}

// One thread allocates, the other frees: blocks must flow back, or memory grows without end.
TEST(AllocatorStress, ProducerAndConsumerStayFlat) {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Block> queue;
  constexpr int blocks = 200000;
  uint64_t cached_early = 0;
  std::thread consumer([&] {
    for (int i = 0; i < blocks; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !queue.empty(); });
      const Block b = queue.front();
      queue.pop_front();
      changed.notify_one();
      lock.unlock();
      drop(b);
    }
  });
  for (int i = 0; i < blocks; ++i) {
    const Block b = make(256);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return queue.size() < 256; });
    queue.push_back(b);
    changed.notify_one();
    lock.unlock();
    if (i == blocks / 10) {
      const MemoryStats s = memory_stats();
      cached_early = s.cached + s.allocated;
    }
  }
  consumer.join();
  const MemoryStats s = memory_stats();
  EXPECT_LE(s.cached + s.allocated, cached_early + (uint64_t{1} << 20));
}

TEST(PoolStress, ManyCallersGetTheirOwnLoops) {
  const int before = num_threads();
  set_num_threads(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  std::atomic<bool> stop{false};
  for (int64_t caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 3000; ++round) {
        std::atomic<int64_t> sum{0};
        const int64_t n = 1 + (round + caller) % 9;
        runtime::parallel_tasks(n, [&](int64_t i) { sum.fetch_add(i + 1); });
        wrong += sum.load() != n * (n + 1) / 2;
        if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  std::thread changer([&] {
    for (int n = 0; !stop.load(); ++n) {
      set_num_threads(1 + n % 4);
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  for (std::thread& t : callers) t.join();
  stop.store(true);
  changer.join();
  EXPECT_EQ(wrong.load(), 0);
  set_num_threads(before);
}

// Loops whose parts come in after pauses of all lengths: workers spin, fall asleep, are woken.
TEST(PoolStress, PausesOfAllLengths) {
  const int before = num_threads();
  for (int threads : {2, 4}) {
    set_num_threads(threads);
    for (int round = 0; round < 1500; ++round) {
      std::vector<int> out(8, 0);
      runtime::parallel_tasks(8, [&](int64_t i) { out[static_cast<size_t>(i)] = round; });
      ASSERT_EQ(out, std::vector<int>(8, round));
      if (round % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(round % 90));
    }
  }
  set_num_threads(before);
}

}  // namespace
}  // namespace wengert
