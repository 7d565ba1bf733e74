// Elementwise operations, tests, sums and products of complex numbers.
#include <complex>

#include "levels.h"

namespace wengert::kernels::generic {
namespace {

template <class R>
using Complex = std::complex<R>;

// Without the C standard's repair of infinities, which costs a call for each product.
template <class R>
Complex<R> times(Complex<R> a, Complex<R> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}
template <class R>
Complex<R> reciprocal(Complex<R> x) {
  return R(1) / x;
}
template <class R>
Complex<R> scaled_log(Complex<R> x, double factor) {
  const Complex<R> y = std::log(x);
  return {static_cast<R>(y.real() * factor), static_cast<R>(y.imag() * factor)};
}
// x / |x|, and 0 at 0.
template <class R>
Complex<R> direction(Complex<R> x) {
  const R size = std::abs(x);
  return size == 0 ? Complex<R>(0) : x / size;
}
// 0^b is 1 for b = 0 and 0 for a positive real part.
template <class R>
Complex<R> power(Complex<R> a, Complex<R> b) {
  if (b == R(0)) return R(1);
  return std::pow(a, b);
}

// name, x -> y
#define WG_COMPLEX_UNARY(F)                                    \
  F(positive, x)                                               \
  F(neg, -x)                                                   \
  F(square, times(x, x))                                       \
  F(sign, direction(x))                                        \
  F(reciprocal, reciprocal(x))                                 \
  F(sqrt, std::sqrt(x))                                        \
  F(rsqrt, reciprocal(std::sqrt(x)))                           \
  F(exp, std::exp(x))                                          \
  F(exp2, std::exp(x* static_cast<R>(0.69314718055994530942))) \
  F(expm1, std::exp(x) - R(1))                                 \
  F(log, std::log(x))                                          \
  F(log2, scaled_log(x, 1.4426950408889634074))                \
  F(log10, scaled_log(x, 0.43429448190325182765))              \
  F(log1p, std::log(x + R(1)))                                 \
  F(sin, std::sin(x))                                          \
  F(cos, std::cos(x))                                          \
  F(tan, std::tan(x))                                          \
  F(asin, std::asin(x))                                        \
  F(acos, std::acos(x))                                        \
  F(atan, std::atan(x))                                        \
  F(sinh, std::sinh(x))                                        \
  F(cosh, std::cosh(x))                                        \
  F(tanh, std::tanh(x))                                        \
  F(asinh, std::asinh(x))                                      \
  F(acosh, std::acosh(x))                                      \
  F(atanh, std::atanh(x))                                      \
  F(sigmoid, reciprocal(R(1) + std::exp(-x)))                  \
  F(abs, std::abs(x))

#define WG_COMPLEX_BINARY(F) \
  F(add, a + b)              \
  F(sub, a - b)              \
  F(mul, times(a, b))        \
  F(div, a / b)              \
  F(pow, power(a, b))

#define WG_COMPLEX_COMPARE(F)               \
  F(eq, a == b)                             \
  F(ne, a != b)                             \
  F(logical_and, (a != R(0)) & (b != R(0))) \
  F(logical_or, (a != R(0)) | (b != R(0)))  \
  F(logical_xor, (a != R(0)) ^ (b != R(0)))

#define WG_COMPLEX_TEST(F)                                        \
  F(isnan, std::isnan(x.real()) || std::isnan(x.imag()))          \
  F(isinf, std::isinf(x.real()) || std::isinf(x.imag()))          \
  F(isfinite, std::isfinite(x.real()) && std::isfinite(x.imag())) \
  F(logical_not, x == R(0))

// Y: what a kernel writes for each element, where it is not Complex<R>.
template <class R, class Y, class F>
void unary_loop(int64_t n, void* out, const void* in, F f) {
  Y* to = static_cast<Y*>(out);
  const auto* from = static_cast<const Complex<R>*>(in);
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<Y>(f(from[i]));
}
template <class R, class Y, int layout, class F>
void binary_loop(int64_t n, void* out, const void* x, const void* y, F f) {
  Y* to = static_cast<Y*>(out);
  const auto *a = static_cast<const Complex<R>*>(x), *b = static_cast<const Complex<R>*>(y);
  if (n == 0) return;
  const Complex<R> first_a = a[0], first_b = b[0];
  for (int64_t i = 0; i < n; ++i) {
    to[i] =
        static_cast<Y>(f(layout == kScalarA ? first_a : a[i], layout == kScalarB ? first_b : b[i]));
  }
}

// The element that a unary operation writes: abs is real.
template <class R, Unary op>
struct Result {
  using type = Complex<R>;
};
template <class R>
struct Result<R, Unary::abs_> {
  using type = R;
};

#define F(name, expression)                                   \
  template <class R>                                          \
  void name##_loop(int64_t n, void* out, const void* in) {    \
    unary_loop<R, typename Result<R, Unary::name##_>::type>(  \
        n, out, in, [](Complex<R> x) { return expression; }); \
  }
WG_COMPLEX_UNARY(F)
#undef F
#define F(name, expression)                                                                    \
  template <class R, int layout>                                                               \
  void name##_loop(int64_t n, void* out, const void* x, const void* y) {                       \
    binary_loop<R, Complex<R>, layout>(n, out, x, y,                                           \
                                       [](Complex<R> a, Complex<R> b) { return expression; }); \
  }
WG_COMPLEX_BINARY(F)
#undef F
#define F(name, expression)                                                                 \
  template <class R, int layout>                                                            \
  void name##_loop(int64_t n, void* out, const void* x, const void* y) {                    \
    binary_loop<R, uint8_t, layout>(n, out, x, y,                                           \
                                    [](Complex<R> a, Complex<R> b) { return expression; }); \
  }
WG_COMPLEX_COMPARE(F)
#undef F
#define F(name, expression)                                                      \
  template <class R>                                                             \
  void name##_test(int64_t n, void* out, const void* in) {                       \
    unary_loop<R, uint8_t>(n, out, in, [](Complex<R> x) { return expression; }); \
  }
WG_COMPLEX_TEST(F)
#undef F

}  // namespace

UnaryFn complex_unary(Unary op, bool wide) {
  switch (op) {
#define F(name, expression) \
  case Unary::name##_:      \
    return wide ? name##_loop<double> : name##_loop<float>;
    WG_COMPLEX_UNARY(F)
#undef F
    default:
      return nullptr;
  }
}

#define WG_LAYOUTS(name, R)                                                            \
  {                                                                                    \
    const BinaryFn fns[3] = {name##_loop<R, 0>, name##_loop<R, 1>, name##_loop<R, 2>}; \
    return fns[layout];                                                                \
  }
BinaryFn complex_binary(Binary op, bool wide, int layout) {
  switch (op) {
#define F(name, expression)            \
  case Binary::name##_:                \
    if (wide) WG_LAYOUTS(name, double) \
    WG_LAYOUTS(name, float)
    WG_COMPLEX_BINARY(F)
#undef F
    default:
      return nullptr;
  }
}
BinaryFn complex_compare(Compare op, bool wide, int layout) {
  switch (op) {
#define F(name, expression)            \
  case Compare::name##_:               \
    if (wide) WG_LAYOUTS(name, double) \
    WG_LAYOUTS(name, float)
    WG_COMPLEX_COMPARE(F)
#undef F
    default:
      return nullptr;
  }
}
UnaryFn complex_test(Test op, bool wide) {
  switch (op) {
#define F(name, expression) \
  case Test::name##_:       \
    return wide ? name##_test<double> : name##_test<float>;
    WG_COMPLEX_TEST(F)
#undef F
    default:
      return nullptr;
  }
}

namespace {

constexpr int64_t kTile = 256;

// Sums and products are kept in double precision, running ones too.
template <bool product>
Complex<double> combine(Complex<double> a, Complex<double> x) {
  return product ? times(a, x) : a + x;
}
template <class R, bool product, bool running>
void accumulate(int64_t outer, int64_t n, int64_t inner, void* out, const void* in) {
  auto* to = static_cast<Complex<R>*>(out);
  const auto* from = static_cast<const Complex<R>*>(in);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += (running ? n : 1) * inner) {
    for (int64_t first = 0; first < inner; first += kTile) {
      const int64_t width = inner - first < kTile ? inner - first : kTile;
      Complex<double> acc[kTile];
      for (int64_t i = 0; i < width; ++i) acc[i] = product ? 1 : 0;
      for (int64_t k = 0; k < n; ++k) {
        const int64_t row = k * inner + first;
        for (int64_t i = 0; i < width; ++i) {
          acc[i] = combine<product>(acc[i], static_cast<Complex<double>>(from[row + i]));
          if (running) to[row + i] = static_cast<Complex<R>>(acc[i]);
        }
      }
      if (!running) {
        for (int64_t i = 0; i < width; ++i) to[first + i] = static_cast<Complex<R>>(acc[i]);
      }
    }
  }
}
template <class R, bool every>
void test(int64_t outer, int64_t n, int64_t inner, void* out, const void* in) {
  auto* to = static_cast<uint8_t*>(out);
  const auto* from = static_cast<const Complex<R>*>(in);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    for (int64_t i = 0; i < inner; ++i) to[i] = every;
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t i = 0; i < inner; ++i) {
        const uint8_t set = from[k * inner + i] != R(0);
        to[i] = every ? to[i] & set : to[i] | set;
      }
    }
  }
}

}  // namespace

ReduceFn complex_reduce(Reduce op, bool wide) {
  switch (op) {
    case Reduce::sum:
      return wide ? accumulate<double, false, false> : accumulate<float, false, false>;
    case Reduce::prod:
      return wide ? accumulate<double, true, false> : accumulate<float, true, false>;
    case Reduce::any:
      return wide ? test<double, false> : test<float, false>;
    case Reduce::all:
      return wide ? test<double, true> : test<float, true>;
    default:
      return nullptr;
  }
}
ReduceFn complex_scan(Scan op, bool wide) {
  return op == Scan::sum ? (wide ? accumulate<double, false, true> : accumulate<float, false, true>)
                         : (wide ? accumulate<double, true, true> : accumulate<float, true, true>);
}

}  // namespace wengert::kernels::generic

namespace wengert::kernels {

void conjugate(DType dtype, int64_t n, void* out, const void* in) {
  const auto loop = [n](auto* to, const auto* from) {
    for (int64_t i = 0; i < n; ++i) to[i] = std::conj(from[i]);
  };
  if (dtype == DType::complex128) {
    loop(static_cast<std::complex<double>*>(out), static_cast<const std::complex<double>*>(in));
  } else {
    loop(static_cast<std::complex<float>*>(out), static_cast<const std::complex<float>*>(in));
  }
}

}  // namespace wengert::kernels
