// Interleaving and transposing vectors.
#pragma once

#include <utility>

#include "transpose_lanes.h"
#include "vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T, int... I>
WG_INLINE Vec<T> shuffle(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  return (typename Vec<T>::Raw)__builtin_shufflevector(a.v, b.v, I...);
}
template <class T>
using LaneIndices = std::make_integer_sequence<int, Vec<T>::kLanes>;

// a0 b0 a1 b1 ... of the lower halves (0) or the upper halves (1).
template <int half, class T, int... I>
WG_INLINE Vec<T> interleave(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  constexpr int n = Vec<T>::kLanes;
  return shuffle(a, b, std::integer_sequence<int, (half * n / 2 + I / 2 + I % 2 * n)...>());
}
// The even (0) or odd (1) elements of a, then of b.
template <int odd, class T, int... I>
WG_INLINE Vec<T> every_second(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  return shuffle(a, b, std::integer_sequence<int, (2 * I + odd)...>());
}
template <class T, int... I>
WG_INLINE Vec<T> reversed(Vec<T> a, std::integer_sequence<int, I...>) {
  return shuffle(a, a, std::integer_sequence<int, (Vec<T>::kLanes - 1 - I)...>());
}

template <int half, class T>
WG_INLINE Vec<T> interleave(Vec<T> a, Vec<T> b) {
  return interleave<half>(a, b, LaneIndices<T>());
}
template <int odd, class T>
WG_INLINE Vec<T> every_second(Vec<T> a, Vec<T> b) {
  return every_second<odd>(a, b, LaneIndices<T>());
}
template <class T>
WG_INLINE Vec<T> reversed(Vec<T> a) {
  return reversed(a, LaneIndices<T>());
}

// Lane j of x[i] becomes lane i of x[j].
template <class T>
WG_INLINE void transpose(Vec<T> (&x)[Vec<T>::kLanes]) {
  constexpr int n = Vec<T>::kLanes;
  typename Vec<T>::Raw v[n];
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) v[i] = x[i].v;
  transpose_lanes(v);
#pragma GCC unroll 16
  for (int i = 0; i < n; ++i) x[i] = Vec<T>(v[i]);
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
