// The error function and its complement.
#pragma once

#include "math_pair.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// erfc(a) = e^(-a^2) g(t) / (1 + 2a), t = (a - c) / (a + c): g is smooth over the whole half line.
template <class T>
WG_INLINE Vec<T> erfc_positive(Vec<T> a) {
  constexpr double c = kIsDouble<T> ? 4.0 : 2.0;
  const Vec<T> t = (a - c) / (a + c);
  Vec<T> g;
  if constexpr (kIsDouble<T>) {
    g = poly(t, 1.23299511862555251, -0.139621116840562832, 0.0153796521026204387,
             0.0680970542547308236, -0.101039066036339949, 0.0937328349969962665,
             -0.0663303658116779568, 0.0371675155596305118, -0.0161977340588679842,
             0.00503196977774842321, -0.000757773333549452499, -0.000199255604071430652,
             0.000150622175133931183, -0.000024402921031215158, -0.0000112245287006799282,
             5.71754345021577259e-6, 3.0083274649025405e-7, -8.34989086150944753e-7,
             6.32288069742644424e-8, 1.15456399691584719e-7, -7.91234094851407777e-9,
             -1.37893998598012756e-8, -1.83857891529679848e-9);
  } else {
    g = poly(t, 1.276978383, -0.09276382034, -0.166030515, 0.1640510247, -0.05421794005,
             -0.008030734262, 0.008709801001, 0.00125241948, -0.001422699031, -0.0004010727627,
             0.0001712429174, 8.045679217e-5);
  }
  const Pair<T> square = product(a, a);
  return exp_sum(-square.high, -square.low) * (g / fma(a, 2.0, Vec<T>(1.0)));
}

template <class T>
WG_INLINE Vec<T> erfc_inline(Vec<T> x) {
  const Vec<T> y = erfc_positive(clamp(abs(x), 0.0, kIsDouble<T> ? 28.0 : 11.0));
  return select(x < Vec<T>(0), Vec<T>(2.0) - y, y);
}
// erf(x) for |x| < 1.
WG_INLINE VecD erf_small(VecD x) {
  const VecD z = x * x;
  return x * poly(z, 1.12837916709551257, -0.376126389031837482, 0.11283791670954884,
                  -0.0268661706450777807, 0.00522397762482753749, -0.000854832698137557959,
                  0.000120553311311810494, -0.0000149255957306200755, 1.64610078277421735e-6,
                  -1.63503894997884259e-7, 1.46602845866181259e-8, -1.1374789148041102e-9,
                  5.96041004493215977e-11);
}
WG_OUTLINE VecD erfc(VecD x) {
  return select(abs(x) < VecD(0.5), VecD(1.0) - erf_small(x), erfc_inline(x));
}
WG_INLINE VecF erfc(VecF x) { return erfc_inline(x); }

WG_OUTLINE VecD erf(VecD x) {
  const VecD a = abs(x);
  return select(a < VecD(1.0), erf_small(x), copysign(VecD(1.0) - erfc(a), x));
}
WG_INLINE VecF erf(VecF x) {
  const VecF a = abs(x);
  const VecF small = x * poly(x * x, 1.128379166, -0.376126271, 0.1128359973, -0.02685442586,
                              0.005189499942, -0.0008020531806, 7.888101908e-5);
  // From 1 on, 1 - e^-q: an error of q hardly shows.
  const VecF q = poly(clamp(a, 0.0, 4.0), 0.0003559116119, 1.127030414, 0.6382430716, 0.1030208679,
                      -0.02179670048, 0.002937270435, -0.0001853183096);
  return select(a < VecF(1.0), small, copysign(VecF(1.0) - exp(-q), x));
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
