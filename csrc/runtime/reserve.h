// Memory that a program keeps for itself between its runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/memory_pool.h"

namespace wengert::runtime {

// While a scope is open, its thread takes blocks from here first and gives them back to here: what
// a program needs each time it has since its first run, whatever others do in between. The blocks
// are the pool's own, so any may outlive the scope and the reserve. One scope at a time.
class Reserve {
 public:
#if WENGERT_ALLOCATOR_PASS_THROUGH
  struct Scope {
    explicit Scope(Reserve&) {}
    ~Scope() {}
  };
  uint64_t asked() const { return 0; }
#else
  Reserve();
  ~Reserve();
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  class Scope {
   public:
    explicit Scope(Reserve& reserve) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ThreadCache* outer_;
  };

  // How often the pool was asked: for a large block, or for a batch of small ones.
  uint64_t asked() const { return asked_; }

  // What the allocator calls while a scope is open and the thread's lists do not help.
  void* allocate(size_t bytes);
  void deallocate_large(void* p, size_t bytes) noexcept;

 private:
  struct Block {
    void* p;
    size_t bytes;
  };
  ThreadCache cache_;
  std::vector<Block> large_;  // free ones, with room for those that are out
  size_t out_ = 0;            // large ones that were taken in this scope and are in use
  uint64_t asked_ = 0;
#endif
};

}  // namespace wengert::runtime
