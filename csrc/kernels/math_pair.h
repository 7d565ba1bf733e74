// Unevaluated sums of two numbers, for the few steps that need more than one number's precision.
#pragma once

#include "math_log.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
struct Pair {
  Vec<T> high, low;
};

// a * b exactly.
template <class T>
WG_INLINE Pair<T> product(Vec<T> a, Vec<T> b) {
  const Vec<T> p = a * b;
#if defined(WG_AVX512) || defined(WG_AVX2)
  return {p, fma(a, b, -p)};
#else
  constexpr double kSplit = kIsDouble<T> ? 0x1p27 + 1 : 0x1p12 + 1;
  const Vec<T> ta = a * kSplit, tb = b * kSplit;
  const Vec<T> ah = ta - (ta - a), bh = tb - (tb - b);
  const Vec<T> al = a - ah, bl = b - bh;
  return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
#endif
}
// a + b exactly.
template <class T>
WG_INLINE Pair<T> sum(Vec<T> a, Vec<T> b) {
  const Vec<T> s = a + b;
  const Vec<T> t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
template <class T>
WG_INLINE Pair<T> product(Pair<T> a, Pair<T> b) {
  const Pair<T> p = product(a.high, b.high);
  return {p.high, p.low + (a.high * b.low + a.low * b.high)};
}

// log(x) of a positive finite x to some 66 bits.
WG_INLINE Pair<double> log_pair(VecD x) {
  VecD e;
  const VecD f = split_exponent(x, e);
  // s = f / (2 + f); log(1 + f) = 2 s + 2/3 s^3 + s^5 P(s^2).
  const Pair<double> d = sum(VecD(2.0), f);
  const VecD sh = f / d.high;
  const Pair<double> back = product(sh, d.high);
  const VecD sl = (((f - back.high) - back.low) - sh * d.low) / d.high;
  const Pair<double> s{sh, sl};
  const Pair<double> z = product(s, s);
  const Pair<double> cubic =
      product(product(z, s), Pair<double>{0x1.5555555555555p-1, 0x1.5555555555555p-55});
  const VecD p =
      poly(z.high, 0.400000000000022433, 0.285714285701048636, 0.22222222519140526,
           0.1818178442195275, 0.153867553884469092, 0.132568505003767964, 0.13196131242785895);
  const Pair<double> a = sum(e * 0x1.62e42feep-1, sh + sh);
  const Pair<double> b = sum(a.high, cubic.high);
  const VecD low = (a.low + b.low) + ((sl + sl) + cubic.low +
                                      fma(e, 0x1.a39ef35793c76p-33, z.high * z.high * sh * p));
  return sum(b.high, low);
}

// |a|^b for positive finite |a|.
WG_INLINE VecD pow_positive(VecD a, VecD b) {
  const Pair<double> l = log_pair(a);
  const Pair<double> p = product(b, l.high);
  const VecD low = fma(b, l.low, p.low);
  // Far beyond overflow only the sign of the exponent counts.
  return exp_sum(p.high, select(abs(p.high) < VecD(1000.0), low, 0.0));
}

// Signs, zeros, infinities and NaN of pow; `magnitude` is right for positive finite |a|.
WG_INLINE VecD pow_edges(VecD a, VecD b, VecD magnitude) {
  const VecD inf(__builtin_inf()), zero(0), aa = abs(a);
  const Mask<double> whole = trunc(b) == b;
  const VecD half = b * 0.5;
  const Mask<double> odd = whole & (trunc(half) != half);
  VecD y = select(aa == zero, select(b < zero, inf, zero), magnitude);
  y = select(aa == inf, select(b < zero, zero, inf), y);
  y = select(odd, copysign(y, a), y);
  y = select((a < zero) & !whole & (aa != inf), __builtin_nan(""), y);
  y = select((a != a) | (b != b), a + b, y);
  return select((b == zero) | (a == VecD(1.0)), 1.0, y);
}

// An exponent beyond this acts as infinity, and does not overflow on the way.
WG_INLINE VecD bounded_exponent(VecD b) { return clamp(b, -1e20, 1e20); }

WG_OUTLINE VecD pow(VecD a, VecD b) {
  return pow_edges(a, b, pow_positive(abs(a), bounded_exponent(b)));
}
WG_OUTLINE VecD pow_of_floats(VecD a, VecD b) {
  return pow_edges(a, b, exp(bounded_exponent(b) * log_positive(abs(a))));
}
WG_INLINE VecF pow(VecF a, VecF b) {
  return via_double(a, b, [](VecD u, VecD v) { return pow_of_floats(u, v); });
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
