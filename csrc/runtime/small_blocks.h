// The small blocks that no thread holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/size_classes.h"

namespace wengert::runtime {

// A free block; the links lie in the block itself.
struct FreeBlock {
  FreeBlock* next;
  FreeBlock* next_batch;  // of the first block of a batch
};

// Free blocks by class, and the slabs they are cut from. Not synchronised: the owner has a lock.
class SmallBlocks {
 public:
  // Up to one batch of blocks, linked by `next`; `count` says how many. nullptr: out of memory.
  FreeBlock* take(size_t small_class, uint32_t& count) noexcept;
  // Exactly one batch.
  void give_batch(size_t small_class, FreeBlock* first) noexcept;
  // Any number of blocks.
  void give_loose(size_t small_class, FreeBlock* first) noexcept;

  // Unmaps the slabs none of whose blocks are in use, and says how many bytes that gave back.
  size_t release_slabs() noexcept;

  size_t free_bytes() const { return free_bytes_; }
  uint64_t slabs_mapped() const { return slabs_mapped_; }
  // Blocks of the class that are not here: in use or held by a thread.
  int64_t outside(size_t small_class) const { return lists_[small_class].outside; }
  size_t outside_bytes() const { return outside_bytes_; }

 private:
  struct List {
    FreeBlock* batches = nullptr;
    FreeBlock* loose = nullptr;
    int64_t outside = 0;
  };
  struct Slab {
    Slab* next;
    size_t cut;   // bytes handed out as blocks since it was mapped
    size_t idle;  // used within release_slabs: bytes of it that are free
  };
  static constexpr size_t kSlabBytes = size_t{2} << 20;
  static Slab* slab_of(void* p) {
    return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(p) & ~(kSlabBytes - 1));
  }

  FreeBlock* cut_batch(size_t small_class, uint32_t& count) noexcept;
  void account(size_t small_class, int64_t taken) noexcept;

  List lists_[kSmallClasses];
  Slab* slabs_ = nullptr;  // the first one is being cut
  uint64_t slabs_mapped_ = 0;
  size_t free_bytes_ = 0;
  size_t outside_bytes_ = 0;
};

}  // namespace wengert::runtime
