// Complex numbers in vectors or scalars, and short transforms of them.
#pragma once

#include "kernels/fft.h"
#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

WG_INLINE float fma(float x, float y, float z) {
#if defined(WG_AVX512) || defined(WG_AVX2)
  return __builtin_fmaf(x, y, z);
#else
  return x * y + z;
#endif
}
WG_INLINE double fma(double x, double y, double z) {
#if defined(WG_AVX512) || defined(WG_AVX2)
  return __builtin_fma(x, y, z);
#else
  return x * y + z;
#endif
}

// V is a number or a vector of numbers; both give the same bits.
template <class V>
struct Pair {
  V re, im;
  friend WG_INLINE Pair operator+(Pair a, Pair b) { return {a.re + b.re, a.im + b.im}; }
  friend WG_INLINE Pair operator-(Pair a, Pair b) { return {a.re - b.re, a.im - b.im}; }
  friend WG_INLINE Pair operator*(Pair a, Pair b) {
    return {fma(a.re, b.re, -(a.im * b.im)), fma(a.re, b.im, a.im * b.re)};
  }
};
template <class V>
WG_INLINE Pair<V> times_minus_i(Pair<V> a) {
  return {a.im, -a.re};
}

// cos(2 pi k / 16), k < 4.
constexpr double kCos16[4] = {1, 0.92387953251128675613, 0.70710678118654752440,
                              0.38268343236508977173};

// a exp(-2 pi i k / n), for 2 k < n <= 16.
template <int n, int k, class V>
WG_INLINE Pair<V> turned(Pair<V> a) {
  constexpr int s = k * 16 / n;
  if constexpr (s == 0) {
    return a;
  } else if constexpr (s == 2) {
    const V r(kCos16[2]);
    return {(a.re + a.im) * r, (a.im - a.re) * r};
  } else if constexpr (s >= 4) {
    return times_minus_i(turned<16, s - 4>(a));
  } else {
    return a * Pair<V>{V(kCos16[s]), V(-kCos16[4 - s])};
  }
}

template <int n, int k, class V>
WG_INLINE void join_halves(Pair<V>* x, const Pair<V>* even, const Pair<V>* odd) {
  const Pair<V> o = turned<n, k>(odd[k]);
  x[k] = even[k] + o;
  x[k + n / 2] = even[k] - o;
  if constexpr (k + 1 < n / 2) join_halves<n, k + 1>(x, even, odd);
}

// The transform of 2, 4, 8 or 16 numbers, in place and in order.
template <int n, class V>
WG_INLINE void short_transform(Pair<V>* x) {
  if constexpr (n == 2) {
    const Pair<V> a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  } else if constexpr (n == 4) {
    const Pair<V> s0 = x[0] + x[2], d0 = x[0] - x[2];
    const Pair<V> s1 = x[1] + x[3], d1 = times_minus_i(x[1] - x[3]);
    x[0] = s0 + s1;
    x[1] = d0 + d1;
    x[2] = s0 - s1;
    x[3] = d0 - d1;
  } else {
    Pair<V> even[n / 2], odd[n / 2];
#pragma GCC unroll 8
    for (int i = 0; i < n / 2; ++i) {
      even[i] = x[2 * i];
      odd[i] = x[2 * i + 1];
    }
    short_transform<n / 2>(even);
    short_transform<n / 2>(odd);
    join_halves<n, 0>(x, even, odd);
  }
}

// The transform of r numbers, r odd: x[c] and x[r - c] share their products. roots: cosines, sines.
template <class V, class T>
WG_INLINE void odd_transform(int r, Pair<V>* x, const T* roots) {
  const int half = (r - 1) / 2;
  const Pair<V> first = x[0];
  Pair<V> sum = first;
#pragma GCC unroll 3
  for (int c = 1; c <= half; ++c) {
    const Pair<V> a = x[c], b = x[r - c];
    x[c] = a + b;
    x[r - c] = a - b;
    sum = sum + x[c];
  }
  x[0] = sum;
  Pair<V> y[kFftMaxRadix];
#pragma GCC unroll 3
  for (int d = 1; d <= half; ++d) {
    Pair<V> even = first, odd{V(0), V(0)};
    int at = 0;
#pragma GCC unroll 3
    for (int c = 1; c <= half; ++c) {
      at = at + d < r ? at + d : at + d - r;
      const V cosine(roots[at]), sine(roots[r + at]);
      even = {fma(x[c].re, cosine, even.re), fma(x[c].im, cosine, even.im)};
      odd = {fma(x[r - c].re, sine, odd.re), fma(x[r - c].im, sine, odd.im)};
    }
    odd = times_minus_i(odd);
    y[d] = even + odd;
    y[r - d] = even - odd;
  }
#pragma GCC unroll 6
  for (int d = 1; d < r; ++d) x[d] = y[d];
}

template <int radix, class V, class T>
WG_INLINE void transform(int r, Pair<V>* x, const T* roots) {
  if constexpr (radix != 0 && radix % 2 == 0) {
    short_transform<radix>(x);
  } else {
    odd_transform(radix ? radix : r, x, roots);
  }
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
