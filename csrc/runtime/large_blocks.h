// Blocks of whole pages that were freed and may be used again.
#pragma once

#include <cstddef>

#include "runtime/size_classes.h"

namespace wengert::runtime {

// A free large block; the links lie in the block itself.
struct LargeBlock {
  LargeBlock* newer;
  LargeBlock* older;
  LargeBlock* next_of_class;
  LargeBlock* previous_of_class;
  LargeClass size_class;
};

// Free blocks by class, latest first, and all of them by age. Not synchronised.
class LargeBlocks {
 public:
  // The smallest of the `count` classes from c on that has a block; c if none has.
  LargeClass free_class(LargeClass c, size_t count) const noexcept;
  // The block of exactly this class that was freed last; nullptr if there is none.
  void* take(LargeClass c) noexcept;
  void give(void* p, LargeClass c) noexcept;
  // Removes the blocks freed longest ago until no more than `limit` bytes are left; returns them
  // linked by `older`, for the caller to unmap.
  LargeBlock* shrink(size_t limit) noexcept;

  size_t free_bytes() const { return free_bytes_; }

 private:
  void remove(LargeBlock* block) noexcept;

  LargeBlock* of_class_[kLargeClasses] = {};
  LargeBlock* newest_ = nullptr;
  LargeBlock* oldest_ = nullptr;
  size_t free_bytes_ = 0;
};

// Straight from and to where memory comes from. nullptr: refused.
void* map_large(LargeClass c) noexcept;
void unmap_large(void* p, LargeClass c) noexcept;
void unmap_large(LargeBlock* chain) noexcept;

}  // namespace wengert::runtime
