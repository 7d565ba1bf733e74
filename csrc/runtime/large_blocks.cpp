#include "runtime/large_blocks.h"

#include <algorithm>
#include <new>

#include "runtime/allocator.h"
#include "runtime/pages.h"

namespace wengert::runtime {

LargeClass LargeBlocks::free_class(LargeClass c, size_t count) const noexcept {
  const size_t end = std::min(c.index + count, size_t{kLargeClasses});
  for (size_t i = c.index; i < end; ++i) {
    if (of_class_[i] != nullptr) return of_class_[i]->size_class;
  }
  return c;
}

void* LargeBlocks::take(LargeClass c) noexcept {
  LargeBlock* block = of_class_[c.index];
  if (block != nullptr) remove(block);
  return block;
}

void LargeBlocks::give(void* p, LargeClass c) noexcept {
  LargeBlock*& top = of_class_[c.index];
  LargeBlock* block = ::new (p) LargeBlock{nullptr, newest_, top, nullptr, c};
  if (top != nullptr) top->previous_of_class = block;
  top = block;
  (newest_ != nullptr ? newest_->newer : oldest_) = block;
  newest_ = block;
  free_bytes_ += c.size;
}

void LargeBlocks::remove(LargeBlock* block) noexcept {
  (block->newer != nullptr ? block->newer->older : newest_) = block->older;
  (block->older != nullptr ? block->older->newer : oldest_) = block->newer;
  LargeBlock*& top = of_class_[block->size_class.index];
  (block->previous_of_class != nullptr ? block->previous_of_class->next_of_class : top) =
      block->next_of_class;
  if (block->next_of_class != nullptr) {
    block->next_of_class->previous_of_class = block->previous_of_class;
  }
  free_bytes_ -= block->size_class.size;
}

LargeBlock* LargeBlocks::shrink(size_t limit) noexcept {
  LargeBlock* removed = nullptr;
  while (free_bytes_ > limit) {
    LargeBlock* block = oldest_;
    remove(block);
    block->older = removed;
    removed = block;
  }
  return removed;
}

namespace {
constexpr size_t kHugePage = size_t{2} << 20;
bool takes_huge_pages(LargeClass c) { return c.size >= 2 * kHugePage; }
size_t alignment(LargeClass c) { return takes_huge_pages(c) ? kHugePage : kAlignment; }
}  // namespace

void* map_large(LargeClass c) noexcept {
  return map_pages(c.size, alignment(c), takes_huge_pages(c));
}

void unmap_large(void* p, LargeClass c) noexcept { unmap_pages(p, c.size, alignment(c)); }

void unmap_large(LargeBlock* chain) noexcept {
  while (chain != nullptr) {
    LargeBlock* next = chain->older;
    unmap_large(chain, chain->size_class);
    chain = next;
  }
}

}  // namespace wengert::runtime
