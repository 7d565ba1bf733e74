#include "runtime/allocator.h"

#include <algorithm>
#include <new>

#include "runtime/memory_pool.h"
#include "runtime/platform.h"
#include "runtime/reserve.h"
#include "wengert/runtime.h"

#if !WENGERT_ALLOCATOR_PASS_THROUGH

namespace wengert::runtime {

namespace {

#if defined(__ELF__)
#define WENGERT_TLS __attribute__((tls_model("initial-exec"))) thread_local
#else
#define WENGERT_TLS thread_local
#endif

// Both full and empty, so that the first call of a thread takes the slow path. Never written.
constinit ThreadCache unregistered;
// One pointer only: a library that is loaded late finds little room for initial-exec variables.
constinit WENGERT_TLS ThreadCache* cache = &unregistered;

void leave_thread(void* ended) {
  cache = &unregistered;
  MemoryPool::get().remove(static_cast<ThreadCache*>(ended));
  delete static_cast<ThreadCache*>(ended);
}

// False if the thread cannot have a cache.
bool enter_thread() noexcept {
  ThreadCache* fresh = new (std::nothrow) ThreadCache;
  if (fresh == nullptr) return false;
  if (!platform::on_thread_exit(leave_thread, fresh)) {
    delete fresh;
    return false;
  }
  MemoryPool::get().add(fresh);
  cache = fresh;
  return true;
}

[[gnu::noinline]] void* allocate_slow(size_t bytes) {
  if (cache->reserve) return cache->reserve->allocate(bytes);
  MemoryPool& pool = MemoryPool::get();
  if (bytes > kSmallLimit) return pool.allocate_large(bytes);
  const size_t c = small_class(bytes);
  if (cache == &unregistered && !enter_thread())
    throw_out_of_memory(bytes, pool.stats().allocated, 0);
  ThreadBin& bin = cache->bins[c];
  if (FreeBlock* aside = bin.aside.load(std::memory_order_relaxed)) {
    bin.aside.store(nullptr, std::memory_order_relaxed);
    bin.open = aside;
    bin.count.store(bin.batch, std::memory_order_relaxed);
  } else {
    pool.refill(bin, c);
  }
  return bin.pop();
}

[[gnu::noinline]] void deallocate_slow(void* p, size_t bytes) noexcept {
  if (cache->reserve) return cache->reserve->deallocate_large(p, bytes);
  MemoryPool& pool = MemoryPool::get();
  if (bytes > kSmallLimit) return pool.deallocate_large(p, bytes);
  const size_t c = small_class(bytes);
  if (cache == &unregistered && !enter_thread()) {
    return pool.give_block(c, static_cast<FreeBlock*>(p));
  }
  ThreadBin& bin = cache->bins[c];
  if (bin.count.load(std::memory_order_relaxed) == bin.batch) {
    FreeBlock* full = bin.aside.load(std::memory_order_relaxed);
    bin.aside.store(bin.open, std::memory_order_relaxed);
    bin.open = nullptr;
    bin.count.store(0, std::memory_order_relaxed);
    if (full != nullptr) pool.give_batch(c, full);
  }
  bin.push(p);
}

}  // namespace

void* allocate(size_t bytes) {
  if (bytes <= kFineLimit) [[likely]] {
    ThreadBin& bin = cache->bins[kSmall.fine[(bytes + 15) / 16]];
    if (bin.open != nullptr) [[likely]]
      return bin.pop();
  } else if (bytes <= kSmallLimit) {
    ThreadBin& bin = cache->bins[small_class(bytes)];
    if (bin.open != nullptr) return bin.pop();
  }
  return allocate_slow(bytes);
}

void* allocate_scratch(size_t& bytes) {
  if (bytes <= kSmallLimit || cache->reserve != nullptr) return allocate(bytes);
  return MemoryPool::get().allocate_large_scratch(bytes);
}

void deallocate(void* p, size_t bytes) noexcept {
  if (bytes <= kSmallLimit) [[likely]] {
    ThreadBin& bin = cache->bins[small_class(bytes)];
    if (bin.count.load(std::memory_order_relaxed) != bin.batch) [[likely]]
      return bin.push(p);
  }
  deallocate_slow(p, bytes);
}

Reserve::Scope::Scope(Reserve& reserve) noexcept : outer_(cache) {
  reserve.out_ = 0;
  cache = &reserve.cache_;
}

Reserve::Scope::~Scope() { cache = outer_; }

}  // namespace wengert::runtime

WENGERT_NAMESPACE_BEGIN

using runtime::MemoryPool;

MemoryStats memory_stats() { return MemoryPool::get().stats(); }
void reset_peak_memory() { MemoryPool::get().reset_peak(); }
void set_memory_limit(uint64_t bytes) { MemoryPool::get().set_memory_limit(bytes); }
void set_cache_limit(uint64_t bytes) { MemoryPool::get().set_cache_limit(bytes); }

void trim_memory() {
  MemoryPool& pool = MemoryPool::get();
  if (runtime::cache != &runtime::unregistered) pool.take_back(runtime::cache);
  pool.trim();
}

WENGERT_NAMESPACE_END

#endif
