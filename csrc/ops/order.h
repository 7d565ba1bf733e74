// Ordering the elements of a row: unsigned keys that compare as the elements do, with NaN greatest,
// beside the positions they came from. Positions make every order total, hence stable.
#pragma once

#include <algorithm>
#include <bit>
#include <vector>

#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN
namespace order {

template <size_t bytes>
struct Unsigned;
template <>
struct Unsigned<1> {
  using type = uint8_t;
};
template <>
struct Unsigned<2> {
  using type = uint16_t;
};
template <>
struct Unsigned<4> {
  using type = uint32_t;
};
template <>
struct Unsigned<8> {
  using type = uint64_t;
};
template <class T>
using Key = typename Unsigned<sizeof(T)>::type;

template <class T>
Key<T> key_of(T v) {
  using U = Key<T>;
  constexpr U sign = U{1} << (8 * sizeof(T) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    if (v != v) return static_cast<U>(-1);
    const U bits = std::bit_cast<U>(v == 0 ? T(0) : v);
    return bits & sign ? static_cast<U>(~bits) : static_cast<U>(bits | sign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<U>(static_cast<U>(v) ^ sign);
  } else {
    return v;
  }
}

template <class U>
struct Entry {
  U key;
  uint32_t at;
  friend bool operator<(const Entry& a, const Entry& b) {
    return a.key != b.key ? a.key < b.key : a.at < b.at;
  }
};

// Sorts entries whose positions ascend, byte by byte from the lowest; the result stands in either
// array.
template <class U>
Entry<U>* radix_sort(Entry<U>* from, Entry<U>* to, int64_t n) {
  uint32_t counts[sizeof(U)][256] = {};
  for (int64_t i = 0; i < n; ++i) {
    for (size_t b = 0; b < sizeof(U); ++b) ++counts[b][from[i].key >> (8 * b) & 255];
  }
  for (size_t b = 0; b < sizeof(U); ++b) {
    uint32_t* c = counts[b];
    if (c[from[0].key >> (8 * b) & 255] == n) continue;
    uint32_t start = 0;
    for (int k = 0; k < 256; ++k) start += std::exchange(c[k], start);
    for (int64_t i = 0; i < n; ++i) to[c[from[i].key >> (8 * b) & 255]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

inline constexpr int64_t kRadix = 512;  // shorter rows are sorted by comparison

template <class U>
Entry<U>* sort(Entry<U>* e, Entry<U>* scratch, int64_t n) {
  if (n >= kRadix) return radix_sort(e, scratch, n);
  std::sort(e, e + n);
  return e;
}

// Calls f(entries, scratch, row) for every row of the dense array x along a, in parallel. The
// entries are in the order of the row; scratch is as long.
template <class T, class F>
void for_each_row(const char* op, const Tensor& x, const Along& a, bool descending, F&& f) {
  WG_CHECK(a.n < (int64_t{1} << 32), NotImplementedError, op, ": rows of more than 2^32 elements");
  const T* from = x.data<T>();
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(a.n, 1));
  runtime::parallel_for(a.rows(), grain, [&](int64_t begin, int64_t end) {
    std::vector<Entry<Key<T>>> memory(static_cast<size_t>(2 * a.n));
    Entry<Key<T>>* e = memory.data();
    for (int64_t r = begin; r < end; ++r) {
      const T* row = from + a.start(r, a.n);
      for (int64_t i = 0; i < a.n; ++i) {
        const Key<T> k = key_of(row[i * a.inner]);
        e[i] = {descending ? static_cast<Key<T>>(~k) : k, static_cast<uint32_t>(i)};
      }
      f(e, e + a.n, r);
    }
  });
}

// The dense input of an ordering, in a dtype that keys exist for.
inline Tensor comparable(const Tensor& x) { return as_contiguous(x, compute_dtype(x.dtype())); }

}  // namespace order
WENGERT_NAMESPACE_END
