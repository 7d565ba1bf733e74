#include "runtime/large_blocks.h"

#include <new>

#include "runtime/allocator.h"
#include "runtime/platform.h"

namespace wengert::runtime {

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

void* map_large(LargeClass c) noexcept {
  constexpr size_t huge_page = size_t{2} << 20;
  const bool huge = c.size >= 2 * huge_page;
  return platform::map_pages(c.size, huge ? huge_page : kAlignment, huge);
}

void unmap_large(LargeBlock* chain) noexcept {
  while (chain != nullptr) {
    LargeBlock* next = chain->older;
    platform::unmap_pages(chain, chain->size_class.size);
    chain = next;
  }
}

}  // namespace wengert::runtime
