#include "runtime/small_blocks.h"

#include "runtime/pages.h"

namespace wengert::runtime {

namespace {

constexpr size_t kSlabHeader = 64;
// From here on a program uses enough small blocks for huge pages to pay.
constexpr uint64_t kSlabsBeforeHuge = 4;

}  // namespace

void SmallBlocks::account(size_t small_class, int64_t taken) noexcept {
  const int64_t bytes = taken * static_cast<int64_t>(kSmall.size[small_class]);
  lists_[small_class].outside += taken;
  outside_bytes_ = static_cast<size_t>(static_cast<int64_t>(outside_bytes_) + bytes);
}

FreeBlock* SmallBlocks::take(size_t small_class, uint32_t& count) noexcept {
  List& list = lists_[small_class];
  const uint32_t batch = batch_length(small_class);
  FreeBlock* first = nullptr;
  if (list.batches != nullptr) {
    first = list.batches;
    // A batch of one block of 16 bytes or more still has room for both links.
    list.batches = first->next_batch;
    count = batch;
  } else if (list.loose != nullptr) {
    first = list.loose;
    FreeBlock* last = first;
    count = 1;
    while (count < batch && last->next != nullptr) {
      last = last->next;
      ++count;
    }
    list.loose = last->next;
    last->next = nullptr;
  } else {
    first = cut_batch(small_class, count);
    if (first == nullptr) return nullptr;
    account(small_class, count);
    return first;
  }
  free_bytes_ -= size_t{count} * kSmall.size[small_class];
  account(small_class, count);
  return first;
}

FreeBlock* SmallBlocks::cut_batch(size_t small_class, uint32_t& count) noexcept {
  const size_t size = kSmall.size[small_class];
  // Batches keep the next one aligned: 16, 32 and 48 bytes come 64 at a time.
  count = batch_length(small_class);
  const size_t bytes = size * count;
  if (slabs_ == nullptr || slabs_->cut + bytes > kSlabBytes - kSlabHeader) {
    void* p = map_pages(kSlabBytes, kSlabBytes, slabs_mapped_ >= kSlabsBeforeHuge);
    if (p == nullptr) return nullptr;
    ++slabs_mapped_;
    slabs_ = ::new (p) Slab{slabs_, 0, 0};
  }
  char* p = reinterpret_cast<char*>(slabs_) + kSlabHeader + slabs_->cut;
  slabs_->cut += bytes;
  FreeBlock* next = nullptr;
  for (uint32_t i = count; i-- > 0;) next = ::new (p + i * size) FreeBlock{next, nullptr};
  return next;
}

void SmallBlocks::give_batch(size_t small_class, FreeBlock* first) noexcept {
  List& list = lists_[small_class];
  first->next_batch = list.batches;
  list.batches = first;
  const uint32_t n = batch_length(small_class);
  free_bytes_ += size_t{n} * kSmall.size[small_class];
  account(small_class, -int64_t{n});
}

void SmallBlocks::give_loose(size_t small_class, FreeBlock* first) noexcept {
  List& list = lists_[small_class];
  while (first != nullptr) {
    FreeBlock* next = first->next;
    first->next = list.loose;
    list.loose = first;
    free_bytes_ += kSmall.size[small_class];
    account(small_class, -1);
    first = next;
  }
}

size_t SmallBlocks::release_slabs() noexcept {
  for (Slab* s = slabs_; s != nullptr; s = s->next) s->idle = 0;
  // Count the free bytes of each slab, turning batches into loose blocks on the way.
  for (size_t c = 0; c < kSmallClasses; ++c) {
    List& list = lists_[c];
    while (list.batches != nullptr) {
      FreeBlock* block = list.batches;
      list.batches = block->next_batch;
      while (block != nullptr) {
        FreeBlock* next = block->next;
        block->next = list.loose;
        list.loose = block;
        block = next;
      }
    }
    for (FreeBlock* b = list.loose; b != nullptr; b = b->next) slab_of(b)->idle += kSmall.size[c];
  }
  for (size_t c = 0; c < kSmallClasses; ++c) {
    FreeBlock** link = &lists_[c].loose;
    while (*link != nullptr) {
      const Slab* slab = slab_of(*link);
      if (slab->idle == slab->cut) {
        free_bytes_ -= kSmall.size[c];
        *link = (*link)->next;
      } else {
        link = &(*link)->next;
      }
    }
  }
  size_t released = 0;
  Slab** link = &slabs_;
  while (*link != nullptr) {
    Slab* slab = *link;
    if (slab->idle == slab->cut) {
      *link = slab->next;
      unmap_pages(slab, kSlabBytes, kSlabBytes);
      released += kSlabBytes;
    } else {
      link = &slab->next;
    }
  }
  return released;
}

}  // namespace wengert::runtime
