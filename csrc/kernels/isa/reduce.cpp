// Sums, products, maxima and minima of float32 and float64; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Columns of a [n, inner] array, `vectors` vectors wide, the last holding `left` elements: runs of
// 16 rows in order, runs joined as a binary tree.
template <class T, class Op, int vectors>
WG_INLINE void columns(int64_t n, int64_t inner, T* out, const T* x, int64_t left) {
  constexpr int64_t kLanes = Vec<T>::kLanes, kRun = 16;
  const auto at = [=](int64_t k, int v) {
    const T* p = x + k * inner + v * kLanes;
    return v == vectors - 1 ? load_some(p, left) : load(p);
  };
  Tree<T, Op> tree[vectors];
  for (int64_t k = 0; k < n; k += kRun) {
    const int64_t end = k + kRun < n ? k + kRun : n;
    Vec<T> acc[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) acc[v] = at(k, v);
    for (int64_t r = k + 1; r < end; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) acc[v] = Op::combine(acc[v], at(r, v));
    }
    for (int v = 0; v < vectors; ++v) tree[v].push(acc[v]);
  }
  for (int v = 0; v < vectors; ++v) {
    const Vec<T> y = tree[v].finish();
    if (v == vectors - 1 && left < kLanes) {
      store(out + v * kLanes, y, static_cast<int>(left));
    } else {
      store(out + v * kLanes, y);
    }
  }
}

template <class T, class Op>
void reduce_loop(int64_t outer, int64_t n, int64_t inner, void* out, const void* x) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  constexpr int kVectors = 4;
  T* to = static_cast<T*>(out);
  const T* from = static_cast<const T*>(x);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    if (inner == 1) {
      *to = row_reduce<T, Op>(from, n);
      continue;
    }
    int64_t i = 0;
    for (; i + kVectors * kLanes <= inner; i += kVectors * kLanes) {
      columns<T, Op, kVectors>(n, inner, to + i, from + i, kLanes);
    }
    for (; i < inner; i += kLanes) columns<T, Op, 1>(n, inner, to + i, from + i, inner - i);
  }
}

// The first place of the row's extreme, found in a second pass.
template <class T, class Op>
WG_INLINE int64_t first_position(const T* x, int64_t n) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  const Vec<T> extreme(row_reduce<T, Op>(x, n));
  const Mask<T> nan = extreme != extreme;
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const Vec<T> v = load_some(x + i, left);
    Mask<T> hit = (v == extreme) | ((v != v) & nan);
    if (left < kLanes) hit = hit & lanes_before<T>(left);
    if (!any(hit)) continue;
    int64_t lane = 0;
    while (!hit.m[lane]) ++lane;
    return i + lane;
  }
  return 0;
}
template <class T, class Op, bool maximum>
void position_loop(int64_t outer, int64_t n, int64_t inner, int64_t* index, const void* x) {
  constexpr DType kDType = sizeof(T) == 8 ? DType::float64 : DType::float32;
  if (inner != 1) {
    generic::argreduce_table[maximum][static_cast<int>(kDType)](outer, n, inner, index, x);
    return;
  }
  const T* from = static_cast<const T*>(x);
  for (int64_t o = 0; o < outer; ++o) index[o] = first_position<T, Op>(from + o * n, n);
}

}  // namespace

#define WG_OPERATIONS(T)                                                    \
  {                                                                         \
    {reduce_loop<T, Add>, reduce_loop<T, Multiply>, reduce_loop<T, Larger>, \
     reduce_loop<T, Smaller>},                                              \
    {                                                                       \
      position_loop<T, Smaller, false>, position_loop<T, Larger, true>      \
    }                                                                       \
  }
const FloatReduce reduce_table[2] = {WG_OPERATIONS(float), WG_OPERATIONS(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
