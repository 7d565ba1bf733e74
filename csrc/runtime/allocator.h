// The caching allocator behind tensors and graph nodes.
#pragma once

#include <cstddef>

#include "wengert/export.h"

namespace wengert::runtime {

inline constexpr size_t kAlignment = 64;

// Memory of at least `bytes`, 64-byte aligned when bytes >= 64 and 16-byte aligned below. Throws
// OutOfMemoryError. `bytes` must be given back unchanged to deallocate. Any thread may free.
// Blocks up to a few KiB come from and return to a cache of the calling thread, without a lock
// or an atomic operation.
void* allocate(size_t bytes);
void deallocate(void* p, size_t bytes) noexcept;

// For a short time: where no block of the size is free, a larger one that is free serves as well,
// so that a moment's need does not add to what the process holds. `bytes` becomes what must be
// given back.
void* allocate_scratch(size_t& bytes);

}  // namespace wengert::runtime
