// Exponentials, and what is made of them without a logarithm. The polynomial coefficients in these
// files are weighted minimax fits over the stated interval; errors are tabulated in
// docs/accuracy.md.
#pragma once

#include "vec_lanes.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
constexpr bool kIsDouble = sizeof(T) == 8;

// Adding this brings the integer part of a small number to the low bits.
template <class T>
constexpr double kIntegerShift = kIsDouble<T> ? 0x1.8p52 : 0x1.8p23;

// 2^n for a whole n in the range of normal numbers.
template <class T>
WG_INLINE Vec<T> pow2(Vec<T> n) {
  using Int = typename Vec<T>::Int;
  constexpr int kMantissa = kIsDouble<T> ? 52 : 23;
  constexpr int kBias = kIsDouble<T> ? 1023 : 127;
  const Vec<Int> i = bits(n + Vec<T>(kIntegerShift<T>));
  return from_bits<T>((i + Vec<Int>(kBias)) << kMantissa);
}

// x 2^n, rounded once, for a whole |n| up to twice the exponent range.
template <class T>
WG_INLINE Vec<T> scale(Vec<T> x, Vec<T> n) {
#if defined(WG_AVX512)
  using Raw = typename Vec<T>::Raw;
  if constexpr (kIsDouble<T>) {
    return (Raw)_mm512_scalef_pd(x.v, n.v);
  } else {
    return (Raw)_mm512_scalef_ps(x.v, n.v);
  }
#else
  const Vec<T> half = floor(n * 0.5);
  return x * pow2(half) * pow2(n - half);
#endif
}

// NaN passes through.
template <class T>
WG_INLINE Vec<T> clamp(Vec<T> x, double low, double high) {
  const Vec<T> t = select(Vec<T>(low) > x, low, x);
  return select(Vec<T>(high) < t, high, t);
}

// e^r - 1 for |r| <= ln(2) / 2.
template <class T>
WG_INLINE Vec<T> expm1_poly(Vec<T> r) {
  Vec<T> p;
  if constexpr (kIsDouble<T>) {
    p = poly(r, 0.500000000000001283, 0.166666666666666932, 0.041666666666514675,
             0.00833333333331077342, 0.00138888889471800507, 0.000198412699099150239,
             0.0000248014898055542468, 2.75572228100880435e-6, 2.76313185812381148e-7,
             2.51158403498503896e-8);
  } else {
    p = poly(r, 0.5000000093, 0.166665196, 0.04166620999, 0.008368811214, 0.001395021371);
  }
  return fma(r * r, p, r);
}

// x = n ln(2) + r; returns r. n ln2_high is exact.
template <class T>
WG_INLINE Vec<T> reduce_exp(Vec<T> x, Vec<T>& n) {
  constexpr double kHigh = kIsDouble<T> ? 0x1.62e42feep-1 : 0x1.628p-1;
  constexpr double kLow = kIsDouble<T> ? 0x1.a39ef35793c76p-33 : 0x1.90bfbe8e7bcd6p-11;
  n = round(x * 0x1.71547652b82fep+0);
  return fma(n, -kLow, fma(n, -kHigh, x));
}

// Where e^x, or 2^x, rounds to 0. Computing such numbers down to 0 would take processors a hundred
// cycles, and -inf stands in every masked row of attention.
template <class T>
constexpr double kExpVanishes = kIsDouble<T> ? -745.2 : -104.0;
template <class T>
constexpr double kExp2Vanishes = kIsDouble<T> ? -1075.5 : -150.5;

// e^x, with what `adjust` makes of the reduced argument.
template <class T, class F>
WG_INLINE Vec<T> exp_adjusted(Vec<T> x, F adjust) {
  const auto vanishes = x < Vec<T>(kExpVanishes<T>);
  const double most = kIsDouble<T> ? 720.0 : 100.0;
  const Vec<T> t = select(vanishes, 0.0, select(Vec<T>(most) < x, most, x));
  Vec<T> n;
  const Vec<T> r = adjust(reduce_exp(t, n));
  return select(vanishes, 0.0, scale(expm1_poly(r) + 1.0, n));
}
// e^(x + low), |low| being far smaller than |x|.
template <class T>
WG_INLINE Vec<T> exp_sum(Vec<T> x, Vec<T> low) {
  return exp_adjusted(x, [=](Vec<T> r) { return r + low; });
}
template <class T>
WG_INLINE Vec<T> exp(Vec<T> x) {
  return exp_adjusted(x, [](Vec<T> r) { return r; });
}

// For x <= 0, -inf or NaN; 0 where the result is no normal number, which processors are slow to
// round.
template <class T>
WG_INLINE Vec<T> exp_nonpositive(Vec<T> x) {
  const Vec<T> least(kIsDouble<T> ? -708.0 : -87.0);
  Vec<T> n;
  const Vec<T> r = reduce_exp(larger(least, x), n);
  return select(x < least, 0.0, scale(expm1_poly(r) + 1.0, n));
}

template <class T>
WG_INLINE Vec<T> exp2(Vec<T> x) {
  const auto vanishes = x < Vec<T>(kExp2Vanishes<T>);
  const double most = kIsDouble<T> ? 1030.0 : 130.0;
  x = select(vanishes, 0.0, select(Vec<T>(most) < x, most, x));
  const Vec<T> n = round(x);
  return select(vanishes, 0.0, scale(expm1_poly((x - n) * 0x1.62e42fefa39efp-1) + 1.0, n));
}

// e^x - 1 for x of moderate size: 2^n (e^r - 1) + (2^n - 1).
template <class T>
WG_INLINE Vec<T> expm1_moderate(Vec<T> x) {
  Vec<T> n;
  const Vec<T> q = expm1_poly(reduce_exp(x, n));
  const Vec<T> s = pow2(n);
  return fma(s, q, s - 1.0);
}
template <class T>
WG_INLINE Vec<T> expm1(Vec<T> x) {
  const Vec<T> t = clamp(x, -50.0, kIsDouble<T> ? 720.0 : 100.0);
  Vec<T> n;
  const Vec<T> q = expm1_poly(reduce_exp(t, n));
  // Halved, so that 2^n does not overflow before the result does.
  const Vec<T> s = pow2(minimum(n, Vec<T>(kIsDouble<T> ? 1024.0 : 128.0)) - 1.0);
  const Vec<T> y = fma(s, q, s - 0.5) * 2.0;
  const Vec<T> large = select(t > Vec<T>(kIsDouble<T> ? 710.0 : 89.0), __builtin_inf(), y);
  return select(abs(x) < Vec<T>(kIsDouble<T> ? 0x1p-54 : 0x1p-25), x, large);
}

template <class T>
WG_INLINE Vec<T> tanh(Vec<T> x) {
  const Vec<T> a = abs(x);
  const Vec<T> t = expm1_moderate(select(Vec<T>(20.0) < a, 40.0, a + a));
  return copysign(t / (t + 2.0), x);
}

template <class T>
WG_INLINE Vec<T> sigmoid(Vec<T> x) {
  const Vec<T> z = exp(-abs(x));
  return select(x < Vec<T>(0), z, 1.0) / (z + 1.0);
}

// sigmoid(u) (1 + t sigmoid(-u)) with one exponential: the slope of x sigmoid(u(x)), t = x u'(x).
template <class T>
WG_INLINE Vec<T> swish_slope(Vec<T> u, Vec<T> t) {
  const Vec<T> z = exp(-abs(u)), larger = Vec<T>(1.0) / (z + 1.0), smaller = z * larger;
  const auto negative = u < Vec<T>(0);
  return select(negative, smaller, larger) * fma(t, select(negative, larger, smaller), Vec<T>(1.0));
}

WG_OUTLINE VecD sinh(VecD x) {
  const VecD a = abs(x);
  const VecD t = expm1(a);
  const VecD root = exp(a * 0.5);
  const VecD y = select(a > VecD(22.0), root * 0.5 * root, (t + t / (t + 1.0)) * 0.5);
  return copysign(select(a < VecD(0x1p-54), a, y), x);
}
WG_OUTLINE VecD cosh(VecD x) {
  const VecD a = abs(x);
  const VecD t = exp(a);
  const VecD root = exp(a * 0.5);
  return select(a > VecD(22.0), root * 0.5 * root, (t + VecD(1.0) / t) * 0.5);
}
WG_INLINE VecF sinh(VecF x) {
  return via_double(x, [](VecD v) { return sinh(v); });
}
WG_INLINE VecF cosh(VecF x) {
  return via_double(x, [](VecD v) { return cosh(v); });
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
