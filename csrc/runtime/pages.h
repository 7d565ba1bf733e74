// Where the allocator's memory comes from: the operating system, or the allocator of the host.
#pragma once

#include <cstddef>

#include "wengert/runtime.h"

namespace wengert::runtime {

// Counts a block of the present source, which cannot be replaced before release_source() has been
// called as often, and returns it; nullptr is the operating system.
Allocator* claim_source() noexcept;
void release_source() noexcept;

// What the host gives; nullptr also where that is not aligned.
void* ask(Allocator& host, size_t bytes, size_t alignment) noexcept;

// Memory from the present source; `huge` advises huge pages. nullptr: refused.
void* map_pages(size_t bytes, size_t alignment, bool huge) noexcept;
void unmap_pages(void* p, size_t bytes, size_t alignment) noexcept;

// False, and nothing done, while blocks of the present one are in use.
bool replace_source(Allocator* host) noexcept;

}  // namespace wengert::runtime
