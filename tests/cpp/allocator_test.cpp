// The caching allocator: alignment, reuse, limits, statistics.
#include "runtime/allocator.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "runtime/memory_pool.h"
#include "runtime/reserve.h"
#include "runtime/size_classes.h"
#include "wengert/error.h"
#include "wengert/runtime.h"

namespace wengert {
namespace {

using runtime::allocate;
using runtime::allocate_scratch;
using runtime::deallocate;

struct Block {
  void* p;
  size_t bytes;
};

std::vector<size_t> many_sizes() {
  std::vector<size_t> sizes;
  for (size_t n = 0; n <= 1100; ++n) sizes.push_back(n);
  for (size_t n = 1024; n <= (size_t{5} << 20); n = n * 5 / 4) {
    for (size_t d : {size_t{0}, size_t{1}, n / 7}) sizes.push_back(n + d);
  }
  for (size_t n : {65535, 65536, 65537, 4194303, 4194304}) sizes.push_back(n);
  return sizes;
}

TEST(SizeClasses, HoldWhatIsAskedWithoutMuchWaste) {
  for (size_t n : many_sizes()) {
    if (n <= runtime::kSmallLimit) {
      const size_t c = runtime::small_class(n), size = runtime::kSmall.size[c];
      ASSERT_GE(size, n);
      if (n >= 64) {
        ASSERT_EQ(size % 64, 0u);
      }
      if (c > 0) {
        ASSERT_LT(runtime::kSmall.size[c - 1], std::max(n, size_t{1}));
      }
    } else {
      const runtime::LargeClass c = runtime::large_class(n);
      ASSERT_GE(c.size, n);
      ASSERT_LE(c.size - n, n / 8);
      ASSERT_EQ(c.size % 4096, 0u);
      ASSERT_EQ(runtime::large_class(c.size).index, c.index);
      ASSERT_EQ(runtime::large_class(c.size + 1).index, c.index + 1);
    }
  }
}

TEST(Allocator, BlocksAreAlignedDistinctAndWritable) {
  const uint64_t before = memory_stats().live_blocks;
  std::vector<Block> blocks;
  for (size_t n : many_sizes()) {
    void* p = allocate(n);
    ASSERT_NE(p, nullptr);
    ASSERT_EQ(reinterpret_cast<uintptr_t>(p) % (n >= 64 ? 64 : 16), 0u) << n;
    std::memset(p, static_cast<int>(blocks.size() % 251), n);
    blocks.push_back({p, n});
  }
  EXPECT_EQ(memory_stats().live_blocks, before + blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto [block, bytes] = blocks[i];
    const unsigned char* p = static_cast<unsigned char*>(block);
    if (bytes > 0) {
      ASSERT_EQ(p[0], i % 251);
      ASSERT_EQ(std::memcmp(p, p + 1, bytes - 1), 0);
    }
    deallocate(block, bytes);
  }
  EXPECT_EQ(memory_stats().live_blocks, before);
}

TEST(Allocator, StatisticsFollowLiveBlocks) {
  const MemoryStats before = memory_stats();
  reset_peak_memory();
  EXPECT_EQ(memory_stats().peak_allocated, before.allocated);
  void* large = allocate(3000001);
  std::vector<void*> small;
  for (int i = 0; i < 1000; ++i) small.push_back(allocate(192));
  const MemoryStats during = memory_stats();
  EXPECT_EQ(during.allocated, before.allocated + 3000001 + 192 * 1000);
  EXPECT_EQ(during.live_blocks, before.live_blocks + 1001);
  EXPECT_EQ(during.peak_allocated, during.allocated);
  for (void* p : small) deallocate(p, 192);
  deallocate(large, 3000001);
  const MemoryStats after = memory_stats();
  EXPECT_EQ(after.allocated, before.allocated);
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.peak_allocated, during.peak_allocated);
  reset_peak_memory();
  EXPECT_EQ(memory_stats().peak_allocated, after.allocated);
}

TEST(Allocator, MemoryLimitRefusesAndChangesNothing) {
  const MemoryStats before = memory_stats();
  set_memory_limit(before.allocated + 1000000);
  void* p = allocate(600000);
  const MemoryStats full = memory_stats();
  try {
    allocate(600001);
    FAIL() << "the limit was passed";
  } catch (const OutOfMemoryError& e) {
    const std::string text = e.what();
    for (uint64_t n : {uint64_t{600001}, full.allocated, before.allocated + 1000000}) {
      EXPECT_NE(text.find(std::to_string(n)), std::string::npos) << text;
    }
  }
  EXPECT_EQ(memory_stats().allocated, full.allocated);
  EXPECT_EQ(memory_stats().live_blocks, full.live_blocks);
  void* q = allocate(400000);  // exactly the limit
  deallocate(q, 400000);
  set_memory_limit(0);
  q = allocate(600001);
  deallocate(q, 600001);
  deallocate(p, 600000);
}

TEST(Allocator, MemoryLimitHoldsForSmallBlocks) {
  trim_memory();
  const uint64_t limit = memory_stats().allocated + 1000000;
  set_memory_limit(limit);
  std::vector<void*> blocks;
  EXPECT_THROW(for (int i = 0; i < 100000; ++i) blocks.push_back(allocate(128)), OutOfMemoryError);
  // A batch that was drawn below the limit may be used up.
  EXPECT_LE(memory_stats().allocated, limit + 64 * 128);
  EXPECT_GE(memory_stats().allocated, limit - 64 * 128);
  set_memory_limit(0);
  for (void* p : blocks) deallocate(p, 128);
}

TEST(Allocator, ImpossibleRequestsThrow) {
  const MemoryStats before = memory_stats();
  for (size_t n : {~size_t{0}, ~size_t{0} - 100, size_t{1} << 62, size_t{1} << 46}) {
    EXPECT_THROW(allocate(n), OutOfMemoryError) << n;
  }
  EXPECT_EQ(memory_stats().allocated, before.allocated);
  EXPECT_EQ(memory_stats().live_blocks, before.live_blocks);
}

#if !WENGERT_ALLOCATOR_PASS_THROUGH

TEST(Cache, SteadyUseAsksTheSystemForNothing) {
  const auto step = [] {
    std::vector<Block> blocks;
    for (size_t n = 16; n < 5000000; n = n * 3 / 2) blocks.push_back({allocate(n), n});
    for (int i = 0; i < 3000; ++i) blocks.push_back({allocate(100), 100});
    for (const Block& b : blocks) deallocate(b.p, b.bytes);
  };
  step();
  const uint64_t calls = memory_stats().system_allocations;
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(memory_stats().system_allocations, calls);
}

TEST(Cache, ScratchTakesALargerBlockThatIsFree) {
  constexpr size_t kNeeded = 1 << 20, kLarger = 3 << 20, kFarLarger = 9 << 20;
  trim_memory();
  const MemoryStats before = memory_stats();
  void* const far_larger = allocate(kFarLarger);
  deallocate(far_larger, kFarLarger);
  size_t bytes = kNeeded;
  void* scratch = allocate_scratch(bytes);
  EXPECT_NE(scratch, far_larger);
  EXPECT_EQ(bytes, kNeeded);
  deallocate(scratch, bytes);
  trim_memory();

  void* const larger = allocate(kLarger);
  deallocate(larger, kLarger);
  const uint64_t calls = memory_stats().system_allocations;
  scratch = allocate_scratch(bytes);
  EXPECT_EQ(scratch, larger);
  EXPECT_EQ(bytes, kLarger);
  EXPECT_EQ(memory_stats().allocated, before.allocated + bytes);
  std::memset(scratch, 1, bytes);
  deallocate(scratch, bytes);
  EXPECT_EQ(memory_stats().allocated, before.allocated);
  void* const again = allocate(kLarger);
  EXPECT_EQ(again, larger);
  EXPECT_EQ(memory_stats().system_allocations, calls);
  deallocate(again, kLarger);

  // Where the limit leaves no room for the larger block, a new one serves.
  set_memory_limit(before.allocated + kLarger - 1);
  bytes = kNeeded;
  scratch = allocate_scratch(bytes);
  EXPECT_NE(scratch, larger);
  EXPECT_EQ(bytes, kNeeded);
  deallocate(scratch, bytes);
  set_memory_limit(0);
}

TEST(Cache, LimitAndTrimGiveMemoryBack) {
  trim_memory();
  std::vector<Block> blocks;
  for (size_t i = 0; i < 16; ++i) blocks.push_back({allocate(1 << 20), 1 << 20});
  set_cache_limit(size_t{4} << 20);
  for (const Block& b : blocks) deallocate(b.p, b.bytes);
  EXPECT_LE(memory_stats().cached, size_t{6} << 20);  // with what this thread holds
  EXPECT_GE(memory_stats().cached, size_t{3} << 20);
  trim_memory();
  EXPECT_LT(memory_stats().cached, size_t{2} << 20);
  set_cache_limit(size_t{1} << 30);
}

TEST(Cache, TrimUnmapsSlabsOfSmallBlocks) {
  std::vector<void*> blocks;
  for (int i = 0; i < 400000; ++i) blocks.push_back(allocate(192));  // 77 MB
  void* stays = allocate(192);
  for (void* p : blocks) deallocate(p, 192);
  EXPECT_GT(memory_stats().cached, uint64_t{70} << 20);
  trim_memory();
  EXPECT_LT(memory_stats().cached, uint64_t{8} << 20);
  std::memset(stays, 1, 192);
  deallocate(stays, 192);
  for (void*& p : blocks) std::memset(p = allocate(192), 2, 192);
  for (void* p : blocks) deallocate(p, 192);
  trim_memory();
}

TEST(Cache, SmallBlocksObeyTheCacheLimit) {
  trim_memory();
  set_cache_limit(uint64_t{8} << 20);
  std::vector<void*> blocks;
  for (int i = 0; i < 400000; ++i) blocks.push_back(allocate(192));
  for (void* p : blocks) deallocate(p, 192);
  EXPECT_LT(memory_stats().cached, uint64_t{40} << 20);
  set_cache_limit(uint64_t{1} << 30);
}

TEST(Cache, EndedThreadsReturnTheirBlocks) {
  const auto work = [] {
    std::vector<void*> blocks;
    for (int i = 0; i < 200; ++i) blocks.push_back(allocate(320));
    for (void* p : blocks) deallocate(p, 320);
  };
  std::thread(work).join();
  const MemoryStats before = memory_stats();
  for (int i = 0; i < 300; ++i) std::thread(work).join();
  EXPECT_EQ(memory_stats().system_allocations, before.system_allocations);
  EXPECT_EQ(memory_stats().cached, before.cached);
}

struct Late {
  ~Late() { deallocate(p, 48); }
  void* p = nullptr;
};

TEST(Cache, ThreadLocalObjectsMayFreeAtThreadExit) {
  const uint64_t before = memory_stats().live_blocks;
  for (int i = 0; i < 50; ++i) {
    std::thread([] {
      static thread_local Late late;
      late.p = allocate(48);
    }).join();
  }
  EXPECT_EQ(memory_stats().live_blocks, before);
}

TEST(Cache, ChildAfterForkAllocates) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop.load()) deallocate(allocate(100000), 100000);
  });
  for (int round = 0; round < 30; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      for (size_t n : {size_t{40}, size_t{5000}, size_t{100000}, size_t{9000000}}) {
        void* p = allocate(n);
        std::memset(p, 1, n);
        deallocate(p, n);
      }
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop.store(true);
  busy.join();
}

TEST(Reserve, GivesTheSameBlocksAgain) {
  const uint64_t before = memory_stats().live_blocks;
  {
    runtime::Reserve reserve;
    const size_t sizes[] = {40, 5000, 70000, 70000, 9000000};
    const auto run = [&] {
      const runtime::Reserve::Scope scope(reserve);
      std::vector<Block> blocks;
      for (const size_t n : sizes) {
        blocks.push_back({allocate(n), n});
        std::memset(blocks.back().p, 1, n);
      }
      for (const Block& b : blocks) deallocate(b.p, b.bytes);
    };
    run();
    EXPECT_EQ(reserve.asked(), std::size(sizes));
    for (int i = 0; i < 10; ++i) {
      trim_memory();
      run();
    }
    EXPECT_EQ(reserve.asked(), std::size(sizes));
  }
  EXPECT_EQ(memory_stats().live_blocks, before);
}

TEST(Reserve, BlocksMayOutliveItOrComeFromElsewhere) {
  const uint64_t before = memory_stats().live_blocks;
  for (const size_t n : {size_t{40}, size_t{70000}}) {
    void* stays = nullptr;
    {
      runtime::Reserve reserve;
      void* const other = allocate(n);
      {
        const runtime::Reserve::Scope scope(reserve);
        stays = allocate(n);
        deallocate(other, n);
      }
      void* const third = allocate(n);
      EXPECT_NE(third, stays);
      deallocate(third, n);
    }
    std::memset(stays, 1, n);
    deallocate(stays, n);
  }
  EXPECT_EQ(memory_stats().live_blocks, before);
}

#endif

}  // namespace
}  // namespace wengert
