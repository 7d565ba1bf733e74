#include "runtime/reserve.h"

#if !WENGERT_ALLOCATOR_PASS_THROUGH

#include <limits>

namespace wengert::runtime {

Reserve::Reserve() {
  MemoryPool::get().add(&cache_);
  cache_.reserve = this;
  for (ThreadBin& bin : cache_.bins) bin.batch = std::numeric_limits<uint32_t>::max();
}

Reserve::~Reserve() {
  MemoryPool& pool = MemoryPool::get();
  for (const Block& b : large_) pool.deallocate_large(b.p, b.bytes);
  pool.remove(&cache_);
}

void* Reserve::allocate(size_t bytes) {
  if (bytes <= kSmallLimit) {
    const size_t c = small_class(bytes);
    MemoryPool::get().refill(cache_.bins[c], c);
    ++asked_;
    return cache_.bins[c].pop();
  }
  for (Block& b : large_) {
    if (b.bytes != bytes) continue;
    void* const p = b.p;
    b = large_.back();
    large_.pop_back();
    ++out_;
    return p;
  }
  large_.reserve(large_.size() + out_ + 1);
  void* const p = MemoryPool::get().allocate_large(bytes);
  ++out_;
  ++asked_;
  return p;
}

void Reserve::deallocate_large(void* p, size_t bytes) noexcept {
  // Of blocks that were taken elsewhere, no more are kept than have gone.
  if (out_ == 0 || large_.size() == large_.capacity())
    return MemoryPool::get().deallocate_large(p, bytes);
  large_.push_back({p, bytes});
  --out_;
}

}  // namespace wengert::runtime

#endif
