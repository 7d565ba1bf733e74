// Runs of one element.
#pragma once

#include <algorithm>
#include <cstring>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

// n elements of the value, 64 bytes at a time: loops of unknown length are not made into vectors at
// the level at which operations are compiled.
template <class T>
void fill_run(T* to, int64_t n, T value) {
  constexpr int64_t kBlock = 64 / sizeof(T);
  T block[kBlock];
  std::fill_n(block, kBlock, value);
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) std::memcpy(to + i, block, sizeof block);
  if (i < n) std::memcpy(to + i, block, static_cast<size_t>(n - i) * sizeof(T));
}

WENGERT_NAMESPACE_END
