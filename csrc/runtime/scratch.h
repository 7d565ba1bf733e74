// Memory for the length of a scope, from the library's allocator.
#pragma once

#include <cstdint>

#include "runtime/allocator.h"

namespace wengert::runtime {

struct Scratch {
  explicit Scratch(int64_t size)
      : bytes(static_cast<size_t>(size > 0 ? size : 1)),
        data(static_cast<char*>(allocate_scratch(bytes))) {}
  ~Scratch() { deallocate(data, bytes); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  size_t bytes;
  char* data;
};

}  // namespace wengert::runtime
