#include "runtime/memory_pool.h"

#include <algorithm>
#include <string>

#include "runtime/platform.h"
#include "wengert/error.h"

namespace wengert::runtime {

void throw_out_of_memory(size_t asked, size_t in_use, size_t limit) {
  const std::string given = "allocate: " + std::to_string(asked) + " bytes were asked for with " +
                            std::to_string(in_use) + " bytes in use";
  if (limit != 0) {
    throw OutOfMemoryError(given + " and a limit of " + std::to_string(limit) +
                           "; free tensors or raise the limit with set_memory_limit");
  }
  throw OutOfMemoryError(given + " and no limit set, and the system has no more; free tensors");
}

MemoryPool& MemoryPool::get() {
  static MemoryPool* const pool = [] {
    MemoryPool* p = new MemoryPool;
    // A fork while another thread holds the lock would leave it locked in the child. What the
    // parent's other threads hold in their caches is lost to the child.
    platform::on_fork([] { get().mutex_.lock(); }, [] { get().mutex_.unlock(); },
                      [] { get().mutex_.unlock(); });
    return p;
  }();
  return *pool;
}

// Made when the library is loaded: a child of a fork during its making would wait for it for ever.
[[maybe_unused]] static const MemoryPool& made_on_load = MemoryPool::get();

MemoryPool::Live MemoryPool::live() const noexcept {
  int64_t bytes = static_cast<int64_t>(large_live_bytes_);
  int64_t blocks = static_cast<int64_t>(large_live_blocks_);
  for (size_t c = 0; c < kSmallClasses; ++c) {
    int64_t n = small_.outside(c);
    if (n == 0) continue;
    for (const ThreadCache* t = threads_; t != nullptr; t = t->next) n -= t->bins[c].held();
    blocks += n;
    bytes += n * static_cast<int64_t>(kSmall.size[c]);
  }
  // The counts of running threads are read one after the other and may not fit together.
  return {static_cast<size_t>(std::max<int64_t>(bytes, 0)),
          static_cast<size_t>(std::max<int64_t>(blocks, 0))};
}

bool MemoryPool::within_limit(size_t more) const noexcept {
  if (memory_limit_ == 0) return true;
  if (more > memory_limit_) return false;
  const size_t room = memory_limit_ - more;
  // Counting what threads hold as live is quick and errs on the safe side.
  return large_live_bytes_ + small_.outside_bytes() <= room || live().bytes <= room;
}

void MemoryPool::note_peak() noexcept {
  if (large_live_bytes_ + small_.outside_bytes() > peak_) peak_ = std::max(peak_, live().bytes);
}

void* MemoryPool::map_after_trimming(LargeClass c) noexcept {
  void* p = map_large(c);
  if (p != nullptr) return p;
  trim();
  return map_large(c);
}

void* MemoryPool::allocate_large(size_t& bytes, size_t classes) {
  if (bytes > kLargestBlock) throw_out_of_memory(bytes, stats().allocated, 0);
  LargeClass c = large_class(bytes);
  std::unique_lock lock(mutex_);
  const LargeClass larger = large_.free_class(c, classes);
  if (larger.index != c.index && within_limit(larger.size)) {
    c = larger;
    bytes = c.size;
  }
  if (!within_limit(bytes)) throw_out_of_memory(bytes, live().bytes, memory_limit_);
  void* p = large_.take(c);
  if (p == nullptr) {
    lock.unlock();
    p = map_after_trimming(c);
    if (p == nullptr) throw_out_of_memory(bytes, stats().allocated, 0);
    lock.lock();
    ++large_mapped_;
  }
  large_live_bytes_ += bytes;
  ++large_live_blocks_;
  note_peak();
  return p;
}

void MemoryPool::deallocate_large(void* p, size_t bytes) noexcept {
  const LargeClass c = large_class(bytes);
  std::unique_lock lock(mutex_);
  large_live_bytes_ -= bytes;
  --large_live_blocks_;
  if (c.size > cache_limit_) {
    lock.unlock();
    unmap_large(p, c);
    return;
  }
  large_.give(p, c);
  LargeBlock* evicted = large_.shrink(cache_limit_ - std::min(cache_limit_, small_.free_bytes()));
  lock.unlock();
  unmap_large(evicted);
}

void MemoryPool::refill(ThreadBin& bin, size_t small_class) {
  const size_t size = kSmall.size[small_class];
  for (bool trimmed = false;; trimmed = true) {
    std::unique_lock lock(mutex_);
    if (!within_limit(size)) throw_out_of_memory(size, live().bytes, memory_limit_);
    uint32_t count = 0;
    bin.open = small_.take(small_class, count);
    if (bin.open != nullptr) {
      bin.count.store(count, std::memory_order_relaxed);
      note_peak();
      return;
    }
    if (trimmed) throw_out_of_memory(size, live().bytes, 0);
    lock.unlock();
    trim();
  }
}

void MemoryPool::give_batch(size_t small_class, FreeBlock* first) noexcept {
  std::lock_guard lock(mutex_);
  small_.give_batch(small_class, first);
  bound_small_cache();
}

void MemoryPool::give_block(size_t small_class, FreeBlock* block) noexcept {
  std::lock_guard lock(mutex_);
  block->next = nullptr;
  small_.give_loose(small_class, block);
}

void MemoryPool::bound_small_cache() noexcept {
  if (small_.free_bytes() <= std::max(cache_limit_, next_release_)) return;
  small_.release_slabs();
  // The walk costs time in proportion to the free blocks, so it waits for many new ones.
  next_release_ = small_.free_bytes() + cache_limit_ / 4 + (size_t{16} << 20);
}

void MemoryPool::add(ThreadCache* cache) noexcept {
  for (size_t c = 0; c < kSmallClasses; ++c) cache->bins[c].batch = batch_length(c);
  std::lock_guard lock(mutex_);
  cache->next = threads_;
  if (threads_ != nullptr) threads_->previous = cache;
  threads_ = cache;
}

void MemoryPool::empty(ThreadCache* cache) noexcept {
  for (size_t c = 0; c < kSmallClasses; ++c) {
    ThreadBin& bin = cache->bins[c];
    FreeBlock* aside = bin.aside.load(std::memory_order_relaxed);
    if (aside != nullptr) small_.give_batch(c, aside);
    small_.give_loose(c, bin.open);
    bin.aside.store(nullptr, std::memory_order_relaxed);
    bin.open = nullptr;
    bin.count.store(0, std::memory_order_relaxed);
  }
}

void MemoryPool::take_back(ThreadCache* cache) noexcept {
  std::lock_guard lock(mutex_);
  empty(cache);
}

void MemoryPool::remove(ThreadCache* cache) noexcept {
  std::lock_guard lock(mutex_);
  empty(cache);
  bound_small_cache();
  (cache->previous != nullptr ? cache->previous->next : threads_) = cache->next;
  if (cache->next != nullptr) cache->next->previous = cache->previous;
}

MemoryStats MemoryPool::stats() noexcept {
  std::lock_guard lock(mutex_);
  const Live now = live();
  peak_ = std::max(peak_, now.bytes);
  const size_t small_live = now.bytes - std::min(now.bytes, large_live_bytes_);
  const size_t held = small_.outside_bytes() - std::min(small_.outside_bytes(), small_live);
  return {now.bytes, peak_, large_.free_bytes() + small_.free_bytes() + held, now.blocks,
          large_mapped_ + small_.slabs_mapped()};
}

void MemoryPool::reset_peak() noexcept {
  std::lock_guard lock(mutex_);
  peak_ = live().bytes;
}

void MemoryPool::trim() noexcept {
  std::unique_lock lock(mutex_);
  LargeBlock* evicted = large_.shrink(0);
  small_.release_slabs();
  next_release_ = 0;
  lock.unlock();
  unmap_large(evicted);
}

void MemoryPool::set_memory_limit(size_t bytes) noexcept {
  std::lock_guard lock(mutex_);
  memory_limit_ = bytes;
}

void MemoryPool::set_cache_limit(size_t bytes) noexcept {
  std::unique_lock lock(mutex_);
  cache_limit_ = bytes;
  next_release_ = 0;
  bound_small_cache();
  LargeBlock* evicted = large_.shrink(bytes - std::min(bytes, small_.free_bytes()));
  lock.unlock();
  unmap_large(evicted);
}

}  // namespace wengert::runtime
