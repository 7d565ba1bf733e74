// Every function that the operation tables use, over Vec.
#pragma once

#include "math_erf.h"
#include "math_exp.h"
#include "math_log.h"
#include "math_pair.h"
#include "math_trig.h"
#include "special.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
WG_INLINE Vec<T> reciprocal(Vec<T> x) {
  return Vec<T>(1.0) / x;
}
template <class T>
WG_INLINE Vec<T> rsqrt(Vec<T> x) {
  return Vec<T>(1.0) / sqrt(x);
}
template <class T>
WG_INLINE Vec<T> sign(Vec<T> x) {
  return select(x > Vec<T>(0), 1.0, select(x < Vec<T>(0), -1.0, 0.0));
}

// NaN is ignored beside a number.
template <class T>
WG_INLINE Vec<T> fmax(Vec<T> a, Vec<T> b) {
  return select(a != a, b, select(b > a, b, a));
}
template <class T>
WG_INLINE Vec<T> fmin(Vec<T> a, Vec<T> b) {
  return select(a != a, b, select(b < a, b, a));
}

WG_OUTLINE VecD hypot(VecD x, VecD y) {
  const VecD a = abs(x), b = abs(y);
  const VecD large = select(b > a, b, a), small = select(b > a, a, b);
  const VecD ratio = small / large;
  const VecD r = large * sqrt(fma(ratio, ratio, VecD(1.0)));
  const VecD inf(__builtin_inf());
  return select((a == inf) | (b == inf), inf, select((a == VecD(0)) & (b == VecD(0)), 0.0, r));
}
WG_INLINE VecF hypot(VecF x, VecF y) {
  const VecF r = via_double(x, y, [](VecD u, VecD v) { return sqrt(fma(u, u, v * v)); });
  const VecF inf(__builtin_inf());
  return select((abs(x) == inf) | (abs(y) == inf), inf, r);
}

// Exact, as the quotients that do not fit are left to the C library.
WG_OUTLINE VecD fmod(VecD a, VecD b) {
  const VecD x = abs(a), d = abs(b);
  const VecD q = trunc(x / d);
  const Pair<double> back = product(q, d);
  VecD r = (x - back.high) - back.low;
  // The rounded quotient may be one too large.
  r = copysign(select(r < VecD(0), r + d, r), a);
  const Mask<double> fits =
      (q < VecD(0x1p50)) & (x < VecD(0x1p900)) & (d < VecD(0x1p900)) & (d > VecD(0x1p-900));
  if (__builtin_expect(any(!fits), 0)) {
    r = select(fits, r, map_lanes(a, b, [](double u, double v) { return __builtin_fmod(u, v); }));
  }
  return r;
}
WG_OUTLINE VecF fmod(VecF a, VecF b) {
  const Mask<float> fits = (abs(a / b) < VecF(0x1p24)) & (abs(b) < VecF(__builtin_inf()));
  VecF r = via_double(a, b, [](VecD x, VecD y) {
    const VecD u = abs(x), d = abs(y);
    const VecD t = u - trunc(u / d) * d;
    return copysign(select(t < VecD(0), t + d, t), x);
  });
  if (__builtin_expect(any(!fits), 0)) {
    r = select(fits, r, map_lanes(a, b, [](float u, float v) { return __builtin_fmodf(u, v); }));
  }
  return r;
}
// The remainder with the divisor's sign.
template <class T>
WG_INLINE Vec<T> remainder(Vec<T> a, Vec<T> b) {
  const Vec<T> r = fmod(a, b);
  const Vec<T> zero(0);
  return select((r != zero) & ((r < zero) ^ (b < zero)), r + b, r);
}
template <class T>
WG_INLINE Vec<T> floor_divide(Vec<T> a, Vec<T> b) {
  const Vec<T> zero(0);
  // a - r is a multiple of b up to rounding, so the quotient is near a whole number; by infinity it
  // is 0 or -1, and r infinite where the signs differ.
  const Vec<T> r = remainder(a, b), exact = (a - r) / b;
  const Vec<T> q = select((exact != exact) & (r == b) & (a == a), Vec<T>(-1), exact);
  const Vec<T> low = floor(q);
  const Vec<T> y = select(q - low > Vec<T>(0.5), low + 1.0, low);
  const Vec<T> nonzero = select(q == zero, copysign(zero, a / b), y);
  return select(b == zero, a / b, nonzero);
}
template <class T>
WG_OUTLINE Vec<T> nextafter(Vec<T> a, Vec<T> b) {
  return map_lanes(a, b, [](T x, T y) {
    return sizeof(T) == 4 ? __builtin_nextafterf(x, y) : __builtin_nextafter(x, y);
  });
}

template <class T>
WG_INLINE Vec<T> lgamma(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::lgamma(v); });
}
template <class T>
WG_INLINE Vec<T> digamma(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::digamma(v); });
}
template <class T>
WG_INLINE Vec<T> erfinv(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::erfinv(v); });
}
template <class T>
WG_INLINE Vec<T> ndtri(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::ndtri(v); });
}
template <class T>
WG_INLINE Vec<T> log_ndtr(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::log_ndtr(v); });
}
template <class T>
WG_INLINE Vec<T> i0(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::i0(v); });
}
template <class T>
WG_INLINE Vec<T> i0e(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::i0e(v); });
}
template <class T>
WG_INLINE Vec<T> i1(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::i1(v); });
}
template <class T>
WG_INLINE Vec<T> i1e(Vec<T> x) {
  return map_lanes(x, [](T v) { return special::i1e(v); });
}
template <class T>
WG_INLINE Vec<T> igamma(Vec<T> a, Vec<T> x) {
  return map_lanes(a, x, [](T shape, T v) { return special::igamma(shape, v); });
}
template <class T>
WG_INLINE Vec<T> igammac(Vec<T> a, Vec<T> x) {
  return map_lanes(a, x, [](T shape, T v) { return special::igammac(shape, v); });
}
template <class T>
WG_INLINE Vec<T> polygamma(Vec<T> n, Vec<T> x) {
  return map_lanes(n, x, [](T order, T v) { return special::polygamma(order, v); });
}
template <class T>
WG_INLINE Vec<T> polygamma(double n, Vec<T> x) {
  return polygamma(Vec<T>(n), x);
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
