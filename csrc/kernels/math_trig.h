// Circular functions and their inverses.
#pragma once

#include <math.h>

#include "math_exp.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// ---- sine, cosine, tangent ----------------------------------------------------------------
// Beyond this size n times the first parts of pi/2 would not be exact.
template <class T>
constexpr double kTrigLimit = kIsDouble<T> ? 1.6e6 : 6000.0;

// The rounding error of s = a - b.
template <class T>
WG_INLINE Vec<T> difference_error(Vec<T> a, Vec<T> b, Vec<T> s) {
  const Vec<T> t = s - a;
  return (a - (s - t)) - (b + t);
}

// x = n pi/2 + r, |r| <= pi/4; returns r, and n in the low bits of `quadrant`.
template <class T>
WG_INLINE Vec<T> reduce_trig(Vec<T> x, Vec<typename Vec<T>::Int>& quadrant) {
  constexpr double k1 = kIsDouble<T> ? 0x1.921fb544p+0 : 0x1.92p+0;
  constexpr double k2 = kIsDouble<T> ? 0x1.0b4611a6p-34 : 0x1.fb4p-12;
  constexpr double k3 = kIsDouble<T> ? 0x1.3198a2ep-69 : 0x1.444p-24;
  constexpr double k4 = kIsDouble<T> ? 0x1.b839a252049c1p-104 : 0x1.68c234c4c6629p-39;
  const Vec<T> n = round(x * 0x1.45f306dc9c883p-1);
  quadrant = bits(n + Vec<T>(kIntegerShift<T>));
  const Vec<T> a = x - n * k1, b = n * k2, c = n * k3;
  const Vec<T> s = a - b;
  const Vec<T> r = s - c;
  const Vec<T> low = difference_error(a, b, s) + difference_error(s, c, r) - n * k4;
  return r + low;
}
template <class T>
WG_INLINE Vec<T> sin_reduced(Vec<T> r, Vec<T> z) {
  if constexpr (kIsDouble<T>) {
    return fma(r * z,
               poly(z, -0.166666666666666317, 0.00833333333332232421, -0.000198412698297341083,
                    2.75573136650190573e-6, -2.50507536858588977e-8, 1.58965272370173026e-10),
               r);
  } else {
    return fma(r * z, poly(z, -0.1666665499, 0.008332180378, -0.0001951750623), r);
  }
}
template <class T>
WG_INLINE Vec<T> cos_reduced(Vec<T> z) {
  Vec<T> p;
  if constexpr (kIsDouble<T>) {
    p = poly(z, 0.0416666666666665988, -0.00138888888888740277, 0.000024801587289427349,
             -2.75573143374143366e-7, 2.08757213141570542e-9, -1.13595477961275553e-11);
  } else {
    p = poly(z, 0.04166664666, -0.001388735886, 2.443755123e-5);
  }
  const Vec<T> half = z * 0.5;
  const Vec<T> main = Vec<T>(1.0) - half;
  return main + fma(z * z, p, (Vec<T>(1.0) - main) - half);
}
template <class T>
WG_INLINE Mask<T> bit_set(Vec<typename Vec<T>::Int> x, int bit) {
  using Int = typename Vec<T>::Int;
  return as_mask<T>((x & Vec<Int>(bit)) != Vec<Int>(0));
}

// sin(x + shift pi/2) for shift 0 or 1.
template <int shift, class T>
WG_INLINE Vec<T> sin_shifted(Vec<T> x) {
  using Int = typename Vec<T>::Int;
  Vec<Int> q;
  const Vec<T> r = reduce_trig(x, q);
  const Vec<T> z = r * r;
  q = q + Vec<Int>(shift);
  const Vec<T> y = select(bit_set<T>(q, 1), cos_reduced(z), sin_reduced(r, z));
  return select(bit_set<T>(q, 2), -y, y);
}
template <class T, class F>
WG_OUTLINE Vec<T> trig_of_large(Vec<T> x, F f) {
  return map_lanes(x, [f](T v) { return v > kTrigLimit<T> || v < -kTrigLimit<T> ? f(v) : v; });
}
template <class T>
WG_INLINE Vec<T> sin(Vec<T> x) {
  Vec<T> y = sin_shifted<0>(x);
  y = select(abs(x) < Vec<T>(0x1p-30), x, y);
  const Mask<T> large = abs(x) > Vec<T>(kTrigLimit<T>);
  if (__builtin_expect(any(large), 0)) {
    y = select(large, trig_of_large(x, [](T v) { return __builtin_sin(v); }), y);
  }
  return y;
}
template <class T>
WG_INLINE Vec<T> cos(Vec<T> x) {
  Vec<T> y = sin_shifted<1>(x);
  const Mask<T> large = abs(x) > Vec<T>(kTrigLimit<T>);
  if (__builtin_expect(any(large), 0)) {
    y = select(large, trig_of_large(x, [](T v) { return __builtin_cos(v); }), y);
  }
  return y;
}
WG_OUTLINE VecD tan(VecD x) {
  Vec<int64_t> q;
  const VecD r = reduce_trig(x, q);
  const VecD z = r * r;
  const VecD s = sin_reduced(r, z), c = cos_reduced(z);
  const Mask<double> odd = bit_set<double>(q, 1);
  VecD y = select(odd, -c, s) / select(odd, s, c);
  y = select(abs(x) < VecD(0x1p-30), x, y);
  const Mask<double> large = abs(x) > VecD(kTrigLimit<double>);
  if (__builtin_expect(any(large), 0)) {
    y = select(large, trig_of_large(x, [](double v) { return __builtin_tan(v); }), y);
  }
  return y;
}

// ---- inverses -----------------------------------------------------------------------------
// asin(s) for 0 <= s <= 1/2, z = s^2.
WG_INLINE VecD asin_small(VecD s, VecD z) {
  return fma(s * z,
             poly(z, 0.166666666666653694, 0.0750000000034637966, 0.0446428568208257673,
                  0.0303819594358643809, 0.0223717511100641464, 0.0173598064578829875,
                  0.0138842565004876985, 0.0121754923036357095, 0.00650137449669930024,
                  0.0195996904102017235, -0.0163344024564883533, 0.031986577421229498),
             s);
}
constexpr double kHalfPi = 0x1.921fb54442d18p+0, kHalfPiLow = 0x1.1a62633145c07p-54;

WG_OUTLINE VecD asin(VecD x) {
  const VecD a = abs(x);
  const Mask<double> large = a > VecD(0.5);
  const VecD z = select(large, (VecD(1.0) - a) * 0.5, a * a);
  const VecD p = asin_small(select(large, sqrt(z), a), z);
  return copysign(select(large, (VecD(kHalfPi) - (p + p)) + kHalfPiLow, p), x);
}
WG_OUTLINE VecD acos(VecD x) {
  const VecD a = abs(x);
  const Mask<double> large = a > VecD(0.5), negative = x < VecD(0);
  const VecD z = select(large, (VecD(1.0) - a) * 0.5, a * a);
  const VecD p = asin_small(select(large, sqrt(z), a), z);
  const VecD inner = VecD(kHalfPi) - (copysign(p, x) - kHalfPiLow);
  const VecD outer = select(negative, (VecD(kHalfPi) - (p - kHalfPiLow)) * 2.0, p + p);
  return select(large, outer, inner);
}

// atan(a) for a >= 0, by the nearest of 0, pi/4, pi/2.
WG_INLINE VecD atan_positive(VecD a) {
  const Mask<double> middle = a > VecD(0.41421356237309503), high = a > VecD(2.414213562373095);
  const VecD numerator = select(high, VecD(-1.0), select(middle, a - 1.0, a));
  const VecD denominator = select(high, a, select(middle, a + 1.0, 1.0));
  const VecD base = select(high, kHalfPi, select(middle, kHalfPi / 2, 0.0));
  const VecD base_low = select(high, kHalfPiLow, select(middle, kHalfPiLow / 2, 0.0));
  const VecD r = numerator / denominator;
  const VecD z = r * r;
  const VecD p = poly(z, -0.333333333333331967, 0.199999999999534157, -0.142857142801847842,
                      0.111111107830320336, -0.0909089774800791504, 0.076920600657118768,
                      -0.0666310245609626199, 0.0584787763365752792, -0.0503924926238806163,
                      0.0380630382513926669, -0.0179053876793626533);
  return base + (r + fma(r * z, p, base_low));
}
WG_OUTLINE VecD atan(VecD x) { return copysign(atan_positive(abs(x)), x); }

WG_OUTLINE VecD atan2(VecD y, VecD x) {
  const VecD ay = abs(y), ax = abs(x);
  const Mask<double> steep = ay > ax;
  const VecD large = select(steep, ay, ax), small = select(steep, ax, ay);
  // 0/0 and inf/inf have a direction too.
  const VecD ratio =
      select(large == VecD(0), 0.0, select(small == VecD(__builtin_inf()), 1.0, small / large));
  VecD r = atan_positive(ratio);
  r = select(steep, VecD(kHalfPi) - (r - kHalfPiLow), r);
  const Mask<double> left = as_mask<double>(sign_bits(x) != Vec<int64_t>(0));
  r = select(left, VecD(2 * kHalfPi) - (r - 2 * kHalfPiLow), r);
  return select((x == x) & (y == y), copysign(r, y), x + y);
}

WG_INLINE VecF tan(VecF x) {
  return via_double(x, [](VecD v) { return tan(v); });
}
WG_INLINE VecF asin(VecF x) {
  return via_double(x, [](VecD v) { return asin(v); });
}
WG_INLINE VecF acos(VecF x) {
  return via_double(x, [](VecD v) { return acos(v); });
}
WG_INLINE VecF atan(VecF x) {
  return via_double(x, [](VecD v) { return atan(v); });
}
WG_OUTLINE VecF atan2(VecF y, VecF x) {
  const VecF ay = abs(y), ax = abs(x), inf(__builtin_inf());
  const Mask<float> steep = ay > ax;
  const VecF larger_one = select(steep, ay, ax), smaller_one = select(steep, ax, ay);
  // 0/0 and inf/inf have a direction too, and no sum overflows.
  const VecF limit(0x1p126);
  const Mask<float> huge = larger_one > limit, endless = larger_one == inf;
  const VecF few = select(smaller_one == inf, limit, select(endless, 0.0, smaller_one * 0.25));
  const VecF many = select(endless, limit, larger_one * 0.25);
  const VecF small = select(huge, few, smaller_one);
  const VecF large = select(huge, many, select(larger_one == VecF(0), 1.0, larger_one));
  // The angle from 0 or from pi/4, whichever is nearer: at most pi/8.
  const Mask<float> middle = small > large * 0.41421356;
  const VecF t = select(middle, small - large, small) / select(middle, small + large, large);
  const VecF size = larger(abs(t), VecF(0x1p-40)), z = size * size;  // products that stay normal
  const VecF p = fma(
      t, z * poly(z, -0.333333155, 0.1999848889, -0.1424383764, 0.1059591467, -0.06083221928), t);
  // Whole eighths of a turn, to which it is added or from which it is taken.
  const Mask<float> left = as_mask<float>(sign_bits(x) != Vec<int32_t>(0));
  VecF eighths = select(middle, VecF(1.0), VecF(0));
  eighths = select(steep, VecF(2.0) - eighths, eighths);
  eighths = select(left, VecF(4.0) - eighths, eighths);
  const VecF r = fma(eighths, VecF(0x1.921fb6p-1),
                     fma(eighths, VecF(-0x1.777a5cp-26), select(steep ^ left, -p, p)));
  return select((x == x) & (y == y), copysign(r, y), x + y);
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
