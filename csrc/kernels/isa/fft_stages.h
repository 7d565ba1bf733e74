// Complex transforms of real and imaginary parts that stand in two arrays.
#pragma once

#include "fft_butterfly.h"
#include "kernels/vec_shuffle.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
struct Planes {
  T *re, *im;
  WG_INLINE Planes swapped() const { return {im, re}; }
};

template <class V, class T>
WG_INLINE Pair<V> get(Planes<T> p, int64_t at) {
  if constexpr (sizeof(V) == sizeof(T)) {
    return {p.re[at], p.im[at]};
  } else {
    return {load(p.re + at), load(p.im + at)};
  }
}
template <class T>
WG_INLINE void put(Planes<T> p, int64_t at, Pair<T> x) {
  p.re[at] = x.re;
  p.im[at] = x.im;
}
template <class T>
WG_INLINE void put(Planes<T> p, int64_t at, Pair<Vec<T>> x) {
  store(p.re + at, x.re);
  store(p.im + at, x.im);
}

// Where the twiddle factors of k begin; those of the next c are 2 kLanes further.
template <class T>
WG_INLINE const T* twiddles_of(const FftStage& s, int64_t k) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  return static_cast<const T*>(s.twiddles) + k / kLanes * (s.radix - 1) * 2 * kLanes + k % kLanes;
}

template <int radix, bool first, class V, class T>
WG_INLINE void butterfly(int r, Planes<T> x, int64_t step, Planes<T> y, int64_t jump,
                         const Pair<T>* w, const T* roots) {
  Pair<V> v[radix ? radix : kFftMaxRadix];
#pragma GCC unroll 16
  for (int c = 0; c < r; ++c) {
    v[c] = get<V>(x, c * step);
    if (!first && c > 0) v[c] = v[c] * Pair<V>{V(w[c].re), V(w[c].im)};
  }
  transform<radix>(r, v, roots);
#pragma GCC unroll 16
  for (int d = 0; d < r; ++d) put(y, d * jump, v[d]);
}

// x[k][c][i] -> y[d][k][i], of `inner` numbers i each: those of several lines, or of interleaved
// parts of one.
template <int radix, bool first, class T>
WG_OUTLINE void stage(const FftStage& s, int64_t inner, Planes<T> x, Planes<T> y) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  const int r = radix ? radix : static_cast<int>(s.radix);
  const T* roots = static_cast<const T*>(s.roots);
  const int64_t jump = s.before * inner;
  for (int64_t k = 0; k < s.before; ++k) {
    Pair<T> w[radix ? radix : kFftMaxRadix];
    if (!first) {
      const T* from = twiddles_of<T>(s, k);
#pragma GCC unroll 16
      for (int c = 1; c < r; ++c, from += 2 * kLanes) w[c] = {from[0], from[kLanes]};
    }
    const Planes<T> in{x.re + k * r * inner, x.im + k * r * inner};
    const Planes<T> out{y.re + k * inner, y.im + k * inner};
    int64_t i = 0;
    for (; i + kLanes <= inner; i += kLanes) {
      butterfly<radix, first, Vec<T>>(r, Planes<T>{in.re + i, in.im + i}, inner,
                                      Planes<T>{out.re + i, out.im + i}, jump, w, roots);
    }
    for (; i < inner; ++i) {
      butterfly<radix, first, T>(r, Planes<T>{in.re + i, in.im + i}, inner,
                                 Planes<T>{out.re + i, out.im + i}, jump, w, roots);
    }
  }
}

template <bool first, class T>
void stage_of(const FftStage& s, int64_t inner, Planes<T> x, Planes<T> y) {
  switch (s.radix) {
    case 2:
      return stage<2, first>(s, inner, x, y);
    case 3:
      return stage<3, first>(s, inner, x, y);
    case 4:
      return stage<4, first>(s, inner, x, y);
    case 5:
      return stage<5, first>(s, inner, x, y);
    case 7:
      return stage<7, first>(s, inner, x, y);
    case 8:
      return stage<8, first>(s, inner, x, y);
    case 16:  // as the number of lanes only
      if constexpr (Vec<T>::kLanes == 16) return stage<16, first>(s, inner, x, y);
      [[fallthrough]];
    default:
      return stage<0, first>(s, inner, x, y);
  }
}

// The last stage of one line whose last radix is the number of lanes: vectors over k. `put` takes
// the place in the result and a number or a vector of them.
template <class T, class Put>
WG_OUTLINE void last_stage(const FftStage& s, Planes<T> x, Put put) {
  constexpr int kLanes = Vec<T>::kLanes;
  int64_t k = 0;
  for (; k + kLanes <= s.before; k += kLanes) {
    Vec<T> re[kLanes], im[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) re[i] = load(x.re + (k + i) * kLanes);
    transpose(re);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) im[i] = load(x.im + (k + i) * kLanes);
    transpose(im);
    const T* w = twiddles_of<T>(s, k);
    Pair<Vec<T>> v[kLanes];
    v[0] = {re[0], im[0]};
#pragma GCC unroll 16
    for (int c = 1; c < kLanes; ++c, w += 2 * kLanes) {
      v[c] = Pair<Vec<T>>{re[c], im[c]} * Pair<Vec<T>>{load(w), load(w + kLanes)};
    }
    short_transform<kLanes>(v);
#pragma GCC unroll 16
    for (int d = 0; d < kLanes; ++d) put(k + d * s.before, v[d]);
  }
  for (; k < s.before; ++k) {
    const T* w = twiddles_of<T>(s, k);
    Pair<T> v[kLanes];
#pragma GCC unroll 16
    for (int c = 0; c < kLanes; ++c) v[c] = get<T>(x, k * kLanes + c);
#pragma GCC unroll 16
    for (int c = 1; c < kLanes; ++c, w += 2 * kLanes) v[c] = v[c] * Pair<T>{w[0], w[kLanes]};
    short_transform<kLanes>(v);
#pragma GCC unroll 16
    for (int d = 0; d < kLanes; ++d) put(k + d * s.before, v[d]);
  }
}

// Whether the last stage of a single line can be had in vectors.
template <class T>
bool ends_in_lanes(const FftPlan& p) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  return p.length % kLanes == 0 && p.length >= kLanes * kLanes;
}

// All but the last `leave` stages, for `lines` lines side by side: x is overwritten. Returns where
// the result is, x or y, and the other.
template <class T>
void run_stages(const FftPlan& p, int leave, int64_t lines, Planes<T>& x, Planes<T>& y) {
  for (int i = 0; i < p.n_stages - leave; ++i) {
    const FftStage& s = p.stages[i];
    const int64_t inner = p.length / (s.radix * s.before) * lines;
    s.before == 1 ? stage_of<true>(s, inner, x, y) : stage_of<false>(s, inner, x, y);
    const Planes<T> result = y;
    y = x;
    x = result;
  }
}

// The whole transform of x, which is overwritten; the result is x afterwards, y free.
template <class T>
void run(const FftPlan& p, int64_t lines, Planes<T>& x, Planes<T>& y) {
  if (lines > 1 || !ends_in_lanes<T>(p)) return run_stages(p, 0, lines, x, y);
  run_stages(p, 1, 1, x, y);
  const Planes<T> result = y;
  last_stage(p.stages[p.n_stages - 1], x,
             [=](int64_t at, auto v) __attribute__((always_inline)) { put(result, at, v); });
  y = x;
  x = result;
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
