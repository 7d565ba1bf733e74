// Conversions between all pairs of dtypes.
#include <stdint.h>

#include "levels.h"

namespace wengert::kernels::generic {
namespace {

struct Bool {
  uint8_t v;
};
struct Float16 {
  uint16_t v;
};
struct BFloat16 {
  uint16_t v;
};
template <class T>
struct Complex {
  T re, im;
};

uint32_t bits_of(float x) { return __builtin_bit_cast(uint32_t, x); }
float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// To the nearest, ties to even.
uint16_t to_bfloat16(float x) {
  const uint32_t b = bits_of(x);
  const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
  return static_cast<uint16_t>(x != x ? (b >> 16) | 0x40 : rounded);
}
uint16_t to_float16(float x) {
  const uint32_t b = bits_of(x);
  const uint32_t sign = (b >> 16) & 0x8000, magnitude = b & 0x7fffffff;
  // Normal results: rebias the exponent by 112 and round away 13 bits; a carry may reach infinity.
  const uint32_t normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  // Below 2^-14: adding 1/2 leaves multiples of 2^-24 in the low bits, rounded by the addition.
  const uint32_t subnormal = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  const uint32_t nan = 0x7e00 | ((magnitude >> 13) & 0x1ff);
  const uint32_t y = magnitude > 0x7f800000    ? nan
                     : magnitude >= 0x47800000 ? 0x7c00
                     : magnitude < 0x38800000  ? subnormal
                                               : normal;
  return static_cast<uint16_t>(sign | y);
}
float from_float16(uint16_t h) {
  const uint32_t sign = (h & 0x8000u) << 16, magnitude = h & 0x7fffu;
  // Shifted into place the value is too small by 2^112; the product is exact, subnormals included.
  const uint32_t finite = bits_of(float_of(magnitude << 13) * 0x1p112f);
  return float_of(sign | (magnitude >= 0x7c00 ? (magnitude << 13) | 0x7f800000 : finite));
}
// Rounded once: double to float by round to odd leaves the last rounding to the narrower format.
float to_odd_float(double x) {
  const float y = static_cast<float>(x);
  const double back = y;
  if (back == x || x != x) return y;
  const uint32_t b = bits_of(y);
  if (b & 1) return y;
  const bool too_large = (back < 0 ? -back : back) > (x < 0 ? -x : x);
  return float_of(too_large ? b - 1 : b + 1);
}

// ---- every conversion goes through a plain C++ number -------------------------------------
template <class T>
T plain(T x) {
  return x;
}
uint8_t plain(Bool x) { return x.v != 0; }
float plain(Float16 x) { return from_float16(x.v); }
float plain(BFloat16 x) { return float_of(static_cast<uint32_t>(x.v) << 16); }

template <class To>
struct Make {
  template <class N>
  static To from(N x) {
    return static_cast<To>(x);
  }
};
// Wider first, so that what does not fit wraps.
template <class To>
struct MakeSmall {
  static To from(float x) { return static_cast<To>(static_cast<int32_t>(x)); }
  static To from(double x) { return static_cast<To>(static_cast<int32_t>(x)); }
  template <class N>
  static To from(N x) {
    return static_cast<To>(x);
  }
};
template <>
struct Make<uint8_t> : MakeSmall<uint8_t> {};
template <>
struct Make<int8_t> : MakeSmall<int8_t> {};
template <>
struct Make<int16_t> : MakeSmall<int16_t> {};
template <>
struct Make<Bool> {
  template <class N>
  static Bool from(N x) {
    return {static_cast<uint8_t>(x != 0)};
  }
};
template <>
struct Make<Float16> {
  static Float16 from(double x) { return {to_float16(to_odd_float(x))}; }
  static Float16 from(float x) { return {to_float16(x)}; }
  template <class N>
  static Float16 from(N x) {
    return from(static_cast<double>(x));
  }
};
template <>
struct Make<BFloat16> {
  static BFloat16 from(double x) { return {to_bfloat16(to_odd_float(x))}; }
  static BFloat16 from(float x) { return {to_bfloat16(x)}; }
  template <class N>
  static BFloat16 from(N x) {
    return from(static_cast<double>(x));
  }
};
template <class T>
struct Make<Complex<T>> {
  template <class N>
  static Complex<T> from(N x) {
    return {static_cast<T>(x), T(0)};
  }
};

template <class To, class From>
struct Convert {
  static To value(From x) { return Make<To>::from(plain(x)); }
};
// A complex number loses its imaginary part, except to bool.
template <class To, class T>
struct Convert<To, Complex<T>> {
  static To value(Complex<T> x) { return Make<To>::from(x.re); }
};
template <class T>
struct Convert<Bool, Complex<T>> {
  static Bool value(Complex<T> x) { return {static_cast<uint8_t>(x.re != 0 || x.im != 0)}; }
};
template <class To, class T>
struct Convert<Complex<To>, Complex<T>> {
  static Complex<To> value(Complex<T> x) { return {static_cast<To>(x.re), static_cast<To>(x.im)}; }
};

template <class To, class From>
void loop(int64_t n, void* dst, const void* src) {
  To* to = static_cast<To*>(dst);
  const From* from = static_cast<const From*>(src);
  for (int64_t i = 0; i < n; ++i) to[i] = Convert<To, From>::value(from[i]);
}
template <class T>
void copy(int64_t n, void* dst, const void* src) {
  __builtin_memmove(dst, src, static_cast<size_t>(n) * sizeof(T));
}
template <class To, class From>
struct Choose {
  static constexpr CastFn fn = loop<To, From>;
};
template <class T>
struct Choose<T, T> {
  static constexpr CastFn fn = copy<T>;
};

}  // namespace

#define WG_TO(To)                                                                    \
  {Choose<To, Bool>::fn,    Choose<To, uint8_t>::fn,        Choose<To, int8_t>::fn,  \
   Choose<To, int16_t>::fn, Choose<To, int32_t>::fn,        Choose<To, int64_t>::fn, \
   Choose<To, Float16>::fn, Choose<To, BFloat16>::fn,       Choose<To, float>::fn,   \
   Choose<To, double>::fn,  Choose<To, Complex<float>>::fn, Choose<To, Complex<double>>::fn}
const CastFn cast_table[kDTypeCount][kDTypeCount] = {
    WG_TO(Bool),    WG_TO(uint8_t), WG_TO(int8_t),         WG_TO(int16_t),
    WG_TO(int32_t), WG_TO(int64_t), WG_TO(Float16),        WG_TO(BFloat16),
    WG_TO(float),   WG_TO(double),  WG_TO(Complex<float>), WG_TO(Complex<double>)};
#undef WG_TO

}  // namespace wengert::kernels::generic
