// The allocator under sanitizers: every block is its own allocation of the C++ runtime.
#include <atomic>
#include <new>

#include "runtime/allocator.h"
#include "runtime/memory_pool.h"
#include "runtime/pages.h"
#include "wengert/runtime.h"

#if WENGERT_ALLOCATOR_PASS_THROUGH

namespace wengert::runtime {

namespace {

std::atomic<uint64_t> live_bytes{0}, peak_bytes{0}, live_blocks{0}, calls{0}, limit{0};

// Sanitizers end the program at sizes they cannot serve, instead of returning null.
constexpr size_t kMost = size_t{1} << 38;

std::align_val_t alignment(size_t bytes) { return std::align_val_t{bytes < 64 ? 16 : kAlignment}; }

}  // namespace

void* allocate(size_t bytes) {
  const uint64_t most = limit.load();
  const uint64_t before = live_bytes.fetch_add(bytes);
  const bool possible = bytes <= kMost;
  const bool allowed = possible && (most == 0 || before + bytes <= most);
  void* p = nullptr;
  if (allowed) {
    Allocator* host = claim_source();
    p = host != nullptr ? ask(*host, bytes, static_cast<size_t>(alignment(bytes)))
                        : ::operator new(bytes, alignment(bytes), std::nothrow);
    if (p == nullptr) release_source();
  }
  if (p == nullptr) {
    live_bytes.fetch_sub(bytes);
    throw_out_of_memory(bytes, before, allowed || !possible ? 0 : most);
  }
  uint64_t peak = peak_bytes.load();
  while (peak < before + bytes && !peak_bytes.compare_exchange_weak(peak, before + bytes)) {
  }
  live_blocks.fetch_add(1);
  calls.fetch_add(1);
  return p;
}

void* allocate_scratch(size_t& bytes) { return allocate(bytes); }

void deallocate(void* p, size_t bytes) noexcept {
  live_bytes.fetch_sub(bytes);
  live_blocks.fetch_sub(1);
  if (Allocator* host = claim_source()) {
    host->deallocate(p, bytes, static_cast<size_t>(alignment(bytes)));
  } else {
    ::operator delete(p, alignment(bytes));
  }
  release_source();
  release_source();  // that of the block
}

}  // namespace wengert::runtime

WENGERT_NAMESPACE_BEGIN

MemoryStats memory_stats() {
  using namespace runtime;
  return {live_bytes.load(), peak_bytes.load(), 0, live_blocks.load(), calls.load()};
}
void reset_peak_memory() { runtime::peak_bytes.store(runtime::live_bytes.load()); }
void trim_memory() {}
void set_memory_limit(uint64_t bytes) { runtime::limit.store(bytes); }
void set_cache_limit(uint64_t) {}

WENGERT_NAMESPACE_END

#endif
