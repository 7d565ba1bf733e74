// Copies and sums of runs of elements, one after the other or a stride apart.
#pragma once

#include "vec_shuffle.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Asks for n elements before they are needed, `Write`: to be changed. Processors foresee runs
// within a page, not those that begin elsewhere. p need not be valid.
template <bool Write, class T>
WG_INLINE void fetch(const T* p, int64_t n) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t i = 0; i < n; i += kLine) __builtin_prefetch(p + i, Write, 3);
}

template <class T>
WG_INLINE void copy_run(T* to, const T* from, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(from + i));
  if (i < n) store(to + i, load(from + i, static_cast<int>(n - i)), static_cast<int>(n - i));
}
template <class T>
WG_INLINE void add_run(T* to, const T* from, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(to + i) + load(from + i));
  if (i < n) {
    const int left = static_cast<int>(n - i);
    store(to + i, load(to + i, left) + load(from + i, left), left);
  }
}
template <class T>
WG_INLINE void zero_run(T* to, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  const Vec<T> zero(0.0);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, zero);
  if (i < n) store(to + i, zero, static_cast<int>(n - i));
}

// A vector of elements 2 apart, from the first `count` after p; and two vectors back.
template <class T>
struct Pairs {
  static constexpr int kLanes = Vec<T>::kLanes;
  Vec<T> low, high;
  WG_INLINE Pairs(const T* p, int count)
      : low(load(p, count < kLanes ? count : kLanes)),
        high(count > kLanes ? load(p + kLanes, count - kLanes) : Vec<T>(0.0)) {}
  WG_INLINE void put(T* p, int count) const {
    store(p, low, count < kLanes ? count : kLanes);
    if (count > kLanes) store(p + kLanes, high, count - kLanes);
  }
};
// n elements from p on, `stride` apart.
template <class T>
WG_INLINE Vec<T> load_strided(const T* p, int64_t n, int64_t stride) {
  constexpr int kLanes = Vec<T>::kLanes;
  if (stride == 1) return load(p, static_cast<int>(n));
  if (stride == 2) {
    const Pairs<T> pairs(p, static_cast<int>(2 * n - 1));
    return every_second<0>(pairs.low, pairs.high);
  }
  T values[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) values[i] = p[i * stride];
  return load(values);
}
template <class T>
WG_INLINE void copy_strided(T* to, const T* from, int64_t n, int64_t stride) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  if (stride == 1) return copy_run(to, from, n);
  int64_t i = 0;
  if (stride == 2) {
    for (; i + kLanes < n; i += kLanes)
      store(to + i, every_second<0>(load(from + 2 * i), load(from + 2 * i + kLanes)));
    const int64_t left = n - i;
    const T* const last = from + 2 * i;
    if (left == kLanes)
      store(to + i, every_second<0>(load(last), load(last + kLanes, kLanes - 1)));
    else if (left > 0)
      store(to + i, load_strided(last, left, 2), static_cast<int>(left));
    return;
  }
  for (; i < n; ++i) to[i] = from[i * stride];
}
// The first elements of n pairs.
template <class T>
WG_INLINE void first_of_pairs(T* to, const T* from, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    store(to + i, every_second<0>(load(from + 2 * i), load(from + 2 * i + kLanes)));
  if (i == n) return;
  const int left = static_cast<int>(n - i);
  const Pairs<T> p(from + 2 * i, 2 * left);
  store(to + i, every_second<0>(p.low, p.high), left);
}
// Two runs of n elements that stand in turn.
template <class T>
WG_INLINE void split_pairs(T* even, T* odd, const T* from, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec<T> low = load(from + 2 * i), high = load(from + 2 * i + kLanes);
    store(even + i, every_second<0>(low, high));
    store(odd + i, every_second<1>(low, high));
  }
  if (i == n) return;
  const int left = static_cast<int>(n - i);
  const Pairs<T> p(from + 2 * i, 2 * left);
  store(even + i, every_second<0>(p.low, p.high), left);
  store(odd + i, every_second<1>(p.low, p.high), left);
}
// Adds n elements of each of two runs, in turn.
template <class T>
WG_INLINE void add_pairs(T* to, const T* even, const T* odd, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    T* const p = to + 2 * i;
    const Vec<T> v = load(even + i), w = load(odd + i);
    store(p, load(p) + interleave<0>(v, w));
    store(p + kLanes, load(p + kLanes) + interleave<1>(v, w));
  }
  if (i == n) return;
  const int left = static_cast<int>(n - i);
  const Vec<T> v = load(even + i, left), w = load(odd + i, left);
  Pairs<T> p(to + 2 * i, 2 * left);
  p.low = p.low + interleave<0>(v, w);
  p.high = p.high + interleave<1>(v, w);
  p.put(to + 2 * i, 2 * left);
}
template <class T>
WG_INLINE void add_strided(T* to, const T* from, int64_t n, int64_t stride) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  if (stride == 1) return add_run(to, from, n);
  int64_t i = 0;
  if (stride == 2) {
    const Vec<T> zero(0.0);
    for (; i + kLanes < n; i += kLanes) {
      T* const p = to + 2 * i;
      const Vec<T> v = load(from + i);
      store(p, load(p) + interleave<0>(v, zero));
      store(p + kLanes, load(p + kLanes) + interleave<1>(v, zero));
    }
    for (; i < n; i += kLanes) {
      const int left = static_cast<int>(n - i < kLanes ? n - i : kLanes);
      const int count = 2 * left - 1;
      Pairs<T> p(to + 2 * i, count);
      const Vec<T> v = load(from + i, left);
      p.low = p.low + interleave<0>(v, zero);
      p.high = p.high + interleave<1>(v, zero);
      p.put(to + 2 * i, count);
    }
    return;
  }
  for (; i < n; ++i) to[i * stride] += from[i];
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
