// The fixed order in which a row is reduced: blocks of 64 vectors, 8 accumulators in a block,
// blocks joined as a binary tree; the order depends on the row's length only.
#pragma once

#include "vec_lanes.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

struct Add {
  static constexpr double kIdentity = 0;
  template <class V>
  static WG_INLINE V combine(V a, V b) {
    return a + b;
  }
};
struct Multiply {
  static constexpr double kIdentity = 1;
  template <class V>
  static WG_INLINE V combine(V a, V b) {
    return a * b;
  }
};
struct Larger {
  static constexpr double kIdentity = -__builtin_inf();
  template <class V>
  static WG_INLINE V combine(V a, V b) {
    return maximum(a, b);
  }
};
struct Smaller {
  static constexpr double kIdentity = __builtin_inf();
  template <class V>
  static WG_INLINE V combine(V a, V b) {
    return minimum(a, b);
  }
};

// Joins values that arrive one by one as a balanced tree.
template <class T, class Op>
struct Tree {
  Vec<T> levels[48];
  int64_t count = 0;
  int top = 0;

  WG_INLINE void push(Vec<T> v) {
    for (int64_t c = count++; c & 1; c >>= 1) v = Op::combine(levels[--top], v);
    levels[top++] = v;
  }
  WG_INLINE Vec<T> finish() {
    if (top == 0) return Vec<T>(Op::kIdentity);
    Vec<T> v = levels[--top];
    while (top > 0) v = Op::combine(levels[--top], v);
    return v;
  }
};

template <class T, class Op>
WG_INLINE T across_lanes(Vec<T> x) {
  if constexpr (Vec<T>::kLanes > 8) x = Op::combine(x, exchange<8>(x));
  if constexpr (Vec<T>::kLanes > 4) x = Op::combine(x, exchange<4>(x));
  if constexpr (Vec<T>::kLanes > 2) x = Op::combine(x, exchange<2>(x));
  x = Op::combine(x, exchange<1>(x));
  return x.v[0];
}

// Reduces n values that at(i, left) yields as vectors: elements i, i + 1, ...; `left` of them count
// if that is fewer than a vector holds.
template <class T, class Op, class F>
WG_INLINE T row_reduce(int64_t n, F at) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  constexpr int kAccumulators = 8, kRounds = 8;
  constexpr int64_t kBlock = kLanes * kAccumulators * kRounds;
  Tree<T, Op> tree;
  int64_t i = 0;
  Vec<T> acc[kAccumulators];
  for (; i + kBlock <= n; i += kBlock) {
#pragma GCC unroll 8
    for (int a = 0; a < kAccumulators; ++a) acc[a] = at(i + a * kLanes, kLanes);
    for (int r = 1; r < kRounds; ++r) {
#pragma GCC unroll 8
      for (int a = 0; a < kAccumulators; ++a) {
        acc[a] = Op::combine(acc[a], at(i + (r * kAccumulators + a) * kLanes, kLanes));
      }
    }
    tree.push(Op::combine(Op::combine(Op::combine(acc[0], acc[4]), Op::combine(acc[2], acc[6])),
                          Op::combine(Op::combine(acc[1], acc[5]), Op::combine(acc[3], acc[7]))));
  }
  if (i < n) {
    Vec<T> even(Op::kIdentity), odd(Op::kIdentity);
    for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
      even = Op::combine(even, at(i, kLanes));
      odd = Op::combine(odd, at(i + kLanes, kLanes));
    }
    for (; i < n; i += kLanes) {
      const int64_t left = n - i;
      const Vec<T> v = at(i, left < kLanes ? left : kLanes);
      even = Op::combine(even, left < kLanes ? select(lanes_before<T>(left), v, Op::kIdentity) : v);
    }
    tree.push(Op::combine(even, odd));
  }
  return across_lanes<T, Op>(tree.finish());
}

// A vector of an array, for row_reduce.
template <class T>
WG_INLINE Vec<T> load_some(const T* p, int64_t left) {
  return left >= Vec<T>::kLanes ? load(p) : load(p, static_cast<int>(left));
}
template <class T>
WG_INLINE void store_some(T* p, Vec<T> v, int64_t left) {
  if (left >= Vec<T>::kLanes) {
    store(p, v);
  } else {
    store(p, v, static_cast<int>(left));
  }
}
// y[i] = f(i, left) for a row of n elements, a vector at a time.
template <class T, class F>
WG_INLINE void row_map(int64_t n, T* y, F f) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, f(i, kLanes));
  if (i < n) store(y + i, f(i, n - i), static_cast<int>(n - i));
}
template <class T, class Op>
WG_OUTLINE T row_reduce(const T* p, int64_t n) {
  return row_reduce<T, Op>(n, [p](int64_t i, int64_t left) { return load_some(p + i, left); });
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
