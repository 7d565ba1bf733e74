#include "runtime/pages.h"

#include <atomic>
#include <cstdint>

#include "runtime/platform.h"
#include "runtime/thread_pool.h"
#include "wengert/error.h"

namespace wengert::runtime {

namespace {

std::atomic<Allocator*> source{nullptr};
std::atomic<int64_t> blocks{0};  // of the present source; -1 for the moment of its replacement

}  // namespace

Allocator* claim_source() noexcept {
  int64_t n = blocks.load(std::memory_order_relaxed);
  do {
    while (n < 0) n = blocks.load(std::memory_order_relaxed);
  } while (!blocks.compare_exchange_weak(n, n + 1, std::memory_order_acquire));
  return source.load(std::memory_order_relaxed);
}

void release_source() noexcept { blocks.fetch_sub(1, std::memory_order_release); }

bool replace_source(Allocator* host) noexcept {
  int64_t none = 0;
  if (!blocks.compare_exchange_strong(none, -1, std::memory_order_acquire)) return false;
  source.store(host, std::memory_order_relaxed);
  blocks.store(0, std::memory_order_release);
  return true;
}

void* ask(Allocator& host, size_t bytes, size_t alignment) noexcept {
  void* p = host.allocate(bytes, alignment);
  if (reinterpret_cast<uintptr_t>(p) % alignment == 0) return p;
  host.deallocate(p, bytes, alignment);
  return nullptr;
}

void* map_pages(size_t bytes, size_t alignment, bool huge) noexcept {
  Allocator* host = claim_source();
  void* p =
      host != nullptr ? ask(*host, bytes, alignment) : platform::map_pages(bytes, alignment, huge);
  if (p == nullptr) release_source();
  return p;
}

void unmap_pages(void* p, size_t bytes, size_t alignment) noexcept {
  if (Allocator* host = source.load(std::memory_order_relaxed)) {
    host->deallocate(p, bytes, alignment);
  } else {
    platform::unmap_pages(p, bytes);
  }
  release_source();
}

}  // namespace wengert::runtime

WENGERT_NAMESPACE_BEGIN

void set_allocator(Allocator* allocator) {
  // What workers keep for reuse goes with them; they start again when a loop needs them.
  runtime::ThreadPool::shrink_shared(1);
  trim_memory();
  if (!runtime::replace_source(allocator)) {
    throw Error(
        "set_allocator: tensors are alive, or threads keep memory for reuse; call it before the "
        "first tensor is made");
  }
}

WENGERT_NAMESPACE_END
