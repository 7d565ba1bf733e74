// Moving between vectors of different lanes, and into the lanes of one.
#pragma once

#include "vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// ---- between float and double -------------------------------------------------------------
typedef float HalfRaw __attribute__((vector_size(kWidth / 2)));

WG_INLINE VecD widen(HalfRaw x) { return __builtin_convertvector(x, VecD::Raw); }
WG_INLINE HalfRaw narrow(VecD x) { return __builtin_convertvector(x.v, HalfRaw); }
WG_INLINE HalfRaw half_of(VecF x, int which) {
  HalfRaw h;
  __builtin_memcpy(&h, reinterpret_cast<const char*>(&x.v) + which * (kWidth / 2), kWidth / 2);
  return h;
}
WG_INLINE VecF join(HalfRaw low, HalfRaw high) {
  VecF::Raw r;
  __builtin_memcpy(&r, &low, kWidth / 2);
  __builtin_memcpy(reinterpret_cast<char*>(&r) + kWidth / 2, &high, kWidth / 2);
  return r;
}
// A float function by way of its double one: correct to about half a unit in the last place.
template <class F>
WG_INLINE VecF via_double(VecF x, F f) {
  return join(narrow(f(widen(half_of(x, 0)))), narrow(f(widen(half_of(x, 1)))));
}
template <class F>
WG_INLINE VecF via_double(VecF x, VecF y, F f) {
  return join(narrow(f(widen(half_of(x, 0)), widen(half_of(y, 0)))),
              narrow(f(widen(half_of(x, 1)), widen(half_of(y, 1)))));
}

// ---- lanes --------------------------------------------------------------------------------
template <class T>
WG_INLINE Mask<T> lanes_before(int64_t n) {
  using Int = typename Vec<T>::Int;
  static constexpr Int kIndex[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return as_mask<T>(load(kIndex) < Vec<Int>(static_cast<Int>(n)));
}
// Lane i ^ d for lane i.
template <int d, class T>
WG_INLINE Vec<T> exchange(Vec<T> x) {
  if constexpr (Vec<T>::kLanes == 16) {
    return (typename Vec<T>::Raw)__builtin_shufflevector(
        x.v, x.v, 0 ^ d, 1 ^ d, 2 ^ d, 3 ^ d, 4 ^ d, 5 ^ d, 6 ^ d, 7 ^ d, 8 ^ d, 9 ^ d, 10 ^ d,
        11 ^ d, 12 ^ d, 13 ^ d, 14 ^ d, 15 ^ d);
  } else if constexpr (Vec<T>::kLanes == 8) {
    return (typename Vec<T>::Raw)__builtin_shufflevector(x.v, x.v, 0 ^ d, 1 ^ d, 2 ^ d, 3 ^ d,
                                                         4 ^ d, 5 ^ d, 6 ^ d, 7 ^ d);
  } else if constexpr (Vec<T>::kLanes == 4) {
    return (typename Vec<T>::Raw)__builtin_shufflevector(x.v, x.v, 0 ^ d, 1 ^ d, 2 ^ d, 3 ^ d);
  } else {
    return (typename Vec<T>::Raw)__builtin_shufflevector(x.v, x.v, 0 ^ d, 1 ^ d);
  }
}
template <class T, class F>
WG_INLINE Vec<T> map_lanes(Vec<T> x, F f) {
  T buffer[Vec<T>::kLanes];
  store(buffer, x);
#pragma GCC unroll 1
  for (int i = 0; i < Vec<T>::kLanes; ++i) buffer[i] = static_cast<T>(f(buffer[i]));
  return load(buffer);
}
template <class T, class F>
WG_INLINE Vec<T> map_lanes(Vec<T> x, Vec<T> y, F f) {
  T p[Vec<T>::kLanes], q[Vec<T>::kLanes];
  store(p, x);
  store(q, y);
#pragma GCC unroll 1
  for (int i = 0; i < Vec<T>::kLanes; ++i) p[i] = static_cast<T>(f(p[i], q[i]));
  return load(p);
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
