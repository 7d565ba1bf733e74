// Logarithms, and what is made of them.
#pragma once

#include "math_exp.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x, subnormal ones
// included.
template <class T>
WG_INLINE Vec<T> split_exponent(Vec<T> x, Vec<T>& e) {
  using Int = typename Vec<T>::Int;
  using Unsigned = typename Vec<T>::Unsigned;
  constexpr int kMantissa = kIsDouble<T> ? 52 : 23;
  constexpr Int kOne = kIsDouble<T> ? static_cast<Int>(0x3ff0000000000000) : 0x3f800000;
  constexpr Int kRootHalf = kIsDouble<T> ? static_cast<Int>(0x3fe6a09e667f3bcd) : 0x3f3504f3;
  constexpr double kShift = kIsDouble<T> ? 0x1p52 : 0x1p23;
  const Mask<T> tiny = x < Vec<T>(kIsDouble<T> ? 0x1p-1022 : 0x1p-126);
  const Vec<Int> i = bits(select(tiny, x * kShift, x));
  const Vec<Int> k = (typename Vec<Int>::Raw)((Unsigned)((i + Vec<Int>(kOne - kRootHalf)).v) >>
                                              kMantissa);  // exponent plus bias
  e = from_bits<T>(k | bits(Vec<T>(kShift))) - (kShift + (kIsDouble<T> ? 1023 : 127));
  e = e - select(tiny, Vec<T>(kMantissa), Vec<T>(0));
  return from_bits<T>(i - (k << kMantissa) + Vec<Int>(kOne)) - 1.0;
}

// log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)), as main + rest.
template <class T>
WG_INLINE Vec<T> log_reduced(Vec<T> f, Vec<T>& rest) {
  if constexpr (kIsDouble<T>) {
    // log(1 + f) = 2 atanh(s), s = f / (2 + f); f is split off, being exact.
    const Vec<T> s = f / (f + 2.0);
    const Vec<T> z = s * s;
    const Vec<T> p = z * poly(z, 0.666666666666673512, 0.399999999994105199, 0.285714287433379951,
                              0.222221984705211026, 0.181835699584831901, 0.153138987123537712,
                              0.147975456704285814);
    const Vec<T> half_square = f * f * 0.5;
    rest = s * (half_square + p) - half_square;
  } else {
    const Vec<T> p = poly(f, 0.333333125, -0.2500000921, 0.2000212031, -0.1666799914, 0.1421957321,
                          -0.1240574426, 0.1188801305, -0.1167393199, 0.06744713917);
    const Vec<T> z = f * f;
    rest = fma(z * f, p, z * -0.5);
  }
  return f;
}

template <class T>
WG_INLINE Vec<T> log_positive(Vec<T> x) {
  constexpr double kHigh = kIsDouble<T> ? 0x1.62e42feep-1 : 0x1.628p-1;
  constexpr double kLow = kIsDouble<T> ? 0x1.a39ef35793c76p-33 : 0x1.90bfbe8e7bcd6p-11;
  Vec<T> e, rest;
  const Vec<T> f = log_reduced(split_exponent(x, e), rest);
  return fma(e, kHigh, f + fma(e, kLow, rest));
}

// The value at 0, infinity and where there is none; y elsewhere.
template <class T>
WG_INLINE Vec<T> log_edges(Vec<T> x, Vec<T> y) {
  const Vec<T> inf(__builtin_inf());
  const Vec<T> edge = select(x == Vec<T>(0), -inf, select(x == inf, inf, __builtin_nan("")));
  return select((x > Vec<T>(0)) & (x < inf), y, edge);
}

template <class T>
WG_INLINE Vec<T> log(Vec<T> x) {
  return log_edges(x, log_positive(x));
}

template <class T>
WG_INLINE Vec<T> log1p(Vec<T> x) {
  const Vec<T> u = x + 1.0;
  const Vec<T> lost = x - (u - 1.0);
  const Vec<T> y = log_edges(u, log_positive(u) + lost / u);
  return select(abs(x) < Vec<T>(kIsDouble<T> ? 0x1p-54 : 0x1p-25), x, y);
}

WG_OUTLINE VecD log2(VecD x) {
  VecD e, rest;
  const VecD f = log_reduced(split_exponent(x, e), rest);
  const VecD l = f + rest;
  return log_edges(x, fma(l, 0x1.71547652b82fep+0, fma(l, 0x1.777d0ffda0d24p-56, e)));
}
WG_OUTLINE VecD log10(VecD x) {
  VecD e, rest;
  const VecD f = log_reduced(split_exponent(x, e), rest);
  const VecD l = f + rest;
  const VecD low = fma(e, 0x1.f79fef311f12bp-34, l * 0x1.bcb7b1526e50ep-2);
  return log_edges(x, fma(e, 0x1.34413508p-2, low));
}
WG_INLINE VecF log2(VecF x) {
  return via_double(x, [](VecD v) { return log2(v); });
}
WG_INLINE VecF log10(VecF x) {
  return via_double(x, [](VecD v) { return log10(v); });
}

// log(1 + e^x).
template <class T>
WG_INLINE Vec<T> softplus(Vec<T> x) {
  return maximum(x, Vec<T>(0)) + log1p(exp(-abs(x)));
}
template <class T>
WG_INLINE Vec<T> logsigmoid(Vec<T> x) {
  return -softplus(-x);
}

WG_OUTLINE VecD asinh(VecD x) {
  const VecD a = abs(x);
  const VecD square = a * a;
  const VecD y = log1p(a + square / (sqrt(square + 1.0) + 1.0));
  return copysign(select(a > VecD(0x1p28), log(a) + 0x1.62e42fefa39efp-1, y), x);
}
WG_OUTLINE VecD acosh(VecD x) {
  const VecD t = select(x < VecD(1.0), __builtin_nan(""), x - 1.0);
  const VecD y = log1p(t + sqrt(t * 2.0 + t * t));
  return select(x > VecD(0x1p28), log(x) + 0x1.62e42fefa39efp-1, y);
}
WG_OUTLINE VecD atanh(VecD x) {
  const VecD a = abs(x);
  return copysign(log1p((a + a) / (VecD(1.0) - a)) * 0.5, x);
}
WG_INLINE VecF asinh(VecF x) {
  return via_double(x, [](VecD v) { return asinh(v); });
}
WG_INLINE VecF acosh(VecF x) {
  return via_double(x, [](VecD v) { return acosh(v); });
}
WG_INLINE VecF atanh(VecF x) {
  return via_double(x, [](VecD v) { return atanh(v); });
}

// log(e^a + e^b), the natural one and the one of base 2.
WG_OUTLINE VecD logaddexp(VecD a, VecD b) {
  const VecD y = maximum(a, b) + log1p(exp(-abs(a - b)));
  return select(a == b, a + 0x1.62e42fefa39efp-1, y);
}
WG_OUTLINE VecD logaddexp2(VecD a, VecD b) {
  const VecD y = maximum(a, b) + log1p(exp2(-abs(a - b))) * 0x1.71547652b82fep+0;
  return select(a == b, a + 1.0, y);
}
WG_INLINE VecF logaddexp(VecF a, VecF b) {
  return via_double(a, b, [](VecD u, VecD v) { return logaddexp(u, v); });
}
WG_INLINE VecF logaddexp2(VecF a, VecF b) {
  return via_double(a, b, [](VecD u, VecD v) { return logaddexp2(u, v); });
}

// a log(b), which is 0 where a is 0 unless b is NaN.
template <class T>
WG_INLINE Vec<T> xlogy(Vec<T> a, Vec<T> b) {
  return select((a == Vec<T>(0)) & (b == b), 0.0, a * log(b));
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
