// What all threads share of the allocator: free blocks, limits and statistics.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "runtime/large_blocks.h"
#include "runtime/small_blocks.h"
#include "wengert/runtime.h"

// Under sanitizers every block comes from the C++ runtime, so that they see its bounds and life.
#if !defined(WENGERT_ALLOCATOR_PASS_THROUGH)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WENGERT_ALLOCATOR_PASS_THROUGH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define WENGERT_ALLOCATOR_PASS_THROUGH 1
#endif
#endif
#endif
#if !defined(WENGERT_ALLOCATOR_PASS_THROUGH)
#define WENGERT_ALLOCATOR_PASS_THROUGH 0
#endif

namespace wengert::runtime {

// Free blocks of one class that a thread holds: an open list, and a full batch put aside, so that
// a thread that goes back and forth over the end of a batch does not call on the pool each time.
// Only the thread writes; others read the counts for statistics.
struct ThreadBin {
  FreeBlock* open = nullptr;
  std::atomic<uint32_t> count{0};  // length of `open`
  uint32_t batch = 0;              // where `open` is full; 0 in a cache that is not registered
  std::atomic<FreeBlock*> aside{nullptr};

  // Not of an empty one.
  void* pop() noexcept {
    FreeBlock* block = open;
    open = block->next;
    count.store(count.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return block;
  }
  void push(void* p) noexcept {
    FreeBlock* block = static_cast<FreeBlock*>(p);
    block->next = open;
    open = block;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  int64_t held() const {
    const int64_t n = count.load(std::memory_order_relaxed);
    return aside.load(std::memory_order_relaxed) != nullptr ? n + batch : n;
  }
};

class Reserve;

struct ThreadCache {
  ThreadBin bins[kSmallClasses];
  Reserve* reserve = nullptr;  // whose blocks these are, if they are one's
  ThreadCache* next = nullptr;
  ThreadCache* previous = nullptr;
};

class MemoryPool {
 public:
  static MemoryPool& get();  // never destroyed

  void* allocate_large(size_t bytes) { return allocate_large(bytes, 1); }
  // May take a free block of more bytes, which it tells.
  void* allocate_large_scratch(size_t& bytes) { return allocate_large(bytes, kScratchClasses); }
  void deallocate_large(void* p, size_t bytes) noexcept;

  // Gives an empty bin something; throws OutOfMemoryError.
  void refill(ThreadBin& bin, size_t small_class);
  void give_batch(size_t small_class, FreeBlock* first) noexcept;
  void give_block(size_t small_class, FreeBlock* block) noexcept;

  void add(ThreadCache* cache) noexcept;
  void remove(ThreadCache* cache) noexcept;  // takes back its blocks
  void take_back(ThreadCache* cache) noexcept;

  MemoryStats stats() noexcept;
  void reset_peak() noexcept;
  void trim() noexcept;
  void set_memory_limit(size_t bytes) noexcept;
  void set_cache_limit(size_t bytes) noexcept;

 private:
  struct Live {
    size_t bytes;
    size_t blocks;
  };
  // Up to four times as large as needed.
  static constexpr size_t kScratchClasses = 16;

  // The smallest free block of `classes` from that of `bytes` on, or a new one of exactly that.
  void* allocate_large(size_t& bytes, size_t classes);
  void empty(ThreadCache* cache) noexcept;
  Live live() const noexcept;
  bool within_limit(size_t more) const noexcept;
  void note_peak() noexcept;
  void bound_small_cache() noexcept;
  void* map_after_trimming(LargeClass c) noexcept;

  std::mutex mutex_;
  SmallBlocks small_;
  LargeBlocks large_;
  ThreadCache* threads_ = nullptr;
  size_t large_live_bytes_ = 0;  // as asked for
  size_t large_live_blocks_ = 0;
  size_t large_mapped_ = 0;  // how often
  size_t peak_ = 0;
  size_t memory_limit_ = 0;
  size_t cache_limit_ = size_t{1} << 30;
  size_t next_release_ = 0;  // free small bytes at which releasing slabs is tried again
};

[[noreturn]] void throw_out_of_memory(size_t asked, size_t in_use, size_t limit);

}  // namespace wengert::runtime
