// Elementwise float kernels of every ISA level the processor has, against libm in higher precision.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/levels.h"
#include "runtime/cpu.h"

namespace {

using namespace wengert;
using namespace wengert::kernels;
using Real = long double;

struct Level {
  std::string name;
  const FloatUnary* unary;
  const FloatBinary* binary;
};

std::vector<Level> levels() {
#if defined(__x86_64__)
  const auto best = runtime::cpu().level;
  std::vector<Level> all;
#if defined(WENGERT_HAS_V2)
  all.push_back({"v2", v2::unary_table, v2::binary_table});
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= runtime::IsaLevel::v3) all.push_back({"v3", v3::unary_table, v3::binary_table});
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= runtime::IsaLevel::v4) all.push_back({"v4", v4::unary_table, v4::binary_table});
#endif
  return all;
#else
  return {{"baseline", baseline::unary_table, baseline::binary_table}};
#endif
}

template <class T>
constexpr int kSlot = sizeof(T) == 8;

template <class T>
T apply(const Level& level, Unary op, T x) {
  T y;
  level.unary[static_cast<int>(op)].value[kSlot<T>](1, &y, &x);
  return y;
}
template <class T>
T apply(const Level& level, Binary op, T a, T b) {
  T y;
  level.binary[static_cast<int>(op)].fn[kSlot<T>][0](1, &y, &a, &b);
  return y;
}

// Distance from the exact value in units in the last place of T; 0 if both are NaN or the same
// infinity.
template <class T>
double ulps(T y, Real exact) {
  const T nearest = static_cast<T>(exact);
  if (std::isnan(exact) || std::isnan(y)) return std::isnan(exact) == std::isnan(y) ? 0 : 1e300;
  if (std::isinf(nearest) || std::isinf(y)) {
    if (y == nearest) return 0;
    // The largest number beside an infinity is one unit away.
    return std::nextafter(y, nearest) == nearest || std::nextafter(nearest, y) == y ? 1 : 1e300;
  }
  const T size = std::fabs(nearest);
  const Real unit =
      static_cast<Real>(std::nextafter(size, std::numeric_limits<T>::infinity())) - size;
  return static_cast<double>(std::fabs(y - exact) / unit);
}

struct UnaryCase {
  const char* name;
  Unary op;
  Real (*reference)(Real);
  double low, high;
  double ulp32, ulp64;
};
#define WG_CASE(name, low, high, ulp32, ulp64) \
  {#name, Unary::name##_, [](Real x) -> Real { return std::name(x); }, low, high, ulp32, ulp64}
const UnaryCase kLibm[] = {
    WG_CASE(exp, -110, 95, 1.5, 1.5),   WG_CASE(exp2, -155, 130, 1.5, 1.5),
    WG_CASE(expm1, -60, 95, 2, 2.5),    WG_CASE(log, 1e-3, 50, 1.5, 1.5),
    WG_CASE(log2, 1e-3, 50, 0.51, 2),   WG_CASE(log10, 1e-3, 50, 0.51, 2.5),
    WG_CASE(log1p, -0.999, 50, 2, 2),   WG_CASE(sqrt, 0, 50, 0.5, 0.5),
    WG_CASE(sin, -9000, 9000, 2, 2),    WG_CASE(cos, -9000, 9000, 2, 2),
    WG_CASE(tan, -9000, 9000, 0.51, 4), WG_CASE(asin, -1, 1, 0.51, 3),
    WG_CASE(acos, -1, 1, 0.51, 3),      WG_CASE(atan, -9, 9, 0.51, 2.5),
    WG_CASE(sinh, -90, 90, 0.51, 3.5),  WG_CASE(cosh, -90, 90, 0.51, 3.5),
    WG_CASE(tanh, -12, 12, 3, 3),       WG_CASE(asinh, -99, 99, 0.51, 3),
    WG_CASE(acosh, 1, 99, 0.51, 3),     WG_CASE(atanh, -1, 1, 0.51, 3),
    WG_CASE(erf, -6, 6, 3, 2.5),        WG_CASE(erfc, -6, 13, 4, 4),
};
const UnaryCase kOwn[] = {
    {"sigmoid", Unary::sigmoid_, [](Real x) { return 1 / (1 + std::exp(-x)); }, -110, 110, 3, 3},
    {"logsigmoid", Unary::logsigmoid_,
     [](Real x) { return std::fmin(x, 0.0L) - std::log1p(std::exp(-std::fabs(x))); }, -110, 110, 3,
     3},
    {"rsqrt", Unary::rsqrt_, [](Real x) { return 1 / std::sqrt(x); }, 1e-3, 50, 2, 2},
    {"silu", Unary::silu_, [](Real x) { return x / (1 + std::exp(-x)); }, -80, 80, 4, 4},
    {"gelu", Unary::gelu_, [](Real x) { return x * std::erfc(-x / std::sqrt(2.0L)) / 2; }, -2, 9, 7,
     7},
};

template <class T>
void check_random(const Level& level, const UnaryCase& c, double allowed) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> draw(c.low, c.high);
  constexpr int kSamples = 20000;
  std::vector<T> x(kSamples), y(kSamples);
  for (int i = 0; i < kSamples; ++i) {
    x[i] = static_cast<T>(draw(random));
    if (i % 4 == 0) x[i] = static_cast<T>(std::ldexp(x[i], -(i / 4) % 60));
    if (x[i] < c.low) x[i] = static_cast<T>(c.low);
  }
  level.unary[static_cast<int>(c.op)].value[kSlot<T>](kSamples, y.data(), x.data());
  for (int i = 0; i < kSamples; ++i) {
    const double error = ulps(y[i], c.reference(x[i]));
    ASSERT_LE(error, allowed) << level.name << " " << c.name << "(" << x[i] << ") = " << y[i];
  }
}

TEST(Kernels, UnaryAccuracy) {
  for (const Level& level : levels()) {
    for (const UnaryCase& c : kLibm) {
      check_random<float>(level, c, c.ulp32);
      check_random<double>(level, c, c.ulp64);
    }
    for (const UnaryCase& c : kOwn) {
      check_random<float>(level, c, c.ulp32);
      check_random<double>(level, c, c.ulp64);
    }
  }
}

template <class T>
std::vector<T> specials() {
  using L = std::numeric_limits<T>;
  std::vector<T> x = {0,
                      1,
                      2,
                      3,
                      0.5,
                      10,
                      100,
                      L::max(),
                      L::min(),
                      L::denorm_min(),
                      L::min() / 3,
                      L::infinity(),
                      L::epsilon(),
                      T(1e-9),
                      T(88.7),
                      T(103.9),
                      T(709.7),
                      T(745.1),
                      T(1e15),
                      T(1e30),
                      T(3.14159265358979323846),
                      T(1.57079632679489661923)};
  const size_t positive = x.size();
  for (size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  x.push_back(L::quiet_NaN());
  return x;
}

// Subnormal results may be off by a few of their (absolute) steps.
template <class T>
void check_specials(const Level& level, const UnaryCase& c, double allowed) {
  for (const T x : specials<T>()) {
    const T y = apply(level, c.op, x);
    const Real exact = c.reference(x);
    EXPECT_LE(ulps(y, exact), allowed + 0.5)
        << level.name << " " << c.name << "(" << x << ") = " << y;
    if (exact == 0 && c.op != Unary::cos_) {
      EXPECT_EQ(std::signbit(y), std::signbit(exact))
          << level.name << " " << c.name << "(" << x << ")";
    }
  }
}
TEST(Kernels, UnarySpecialValues) {
  for (const Level& level : levels()) {
    for (const UnaryCase& c : kLibm) {
      check_specials<float>(level, c, c.ulp32);
      check_specials<double>(level, c, c.ulp64);
    }
    EXPECT_EQ(apply(level, Unary::sigmoid_, -800.0), 0.0);
    EXPECT_EQ(apply(level, Unary::sigmoid_, 800.0), 1.0);
    EXPECT_EQ(apply(level, Unary::logsigmoid_, -1e10), -1e10);
    EXPECT_TRUE(std::isnan(apply(level, Unary::relu_, std::nan(""))));
    EXPECT_EQ(apply(level, Unary::round_, 2.5), 2.0);
    EXPECT_EQ(apply(level, Unary::sign_, std::nan("")), 0.0);
    EXPECT_EQ(apply(level, Unary::erfinv_, 1.0), std::numeric_limits<double>::infinity());
  }
}

TEST(Kernels, SpecialFunctionsKnownValues) {
  const Level level = levels().front();
  // Abramowitz and Stegun, tables 6.1 to 6.4; zeta(3).
  EXPECT_NEAR(apply(level, Unary::digamma_, 1.0), -0.57721566490153286061, 1e-15);
  EXPECT_NEAR(apply(level, Unary::digamma_, 0.5), -1.96351002602142347944, 1e-14);
  EXPECT_NEAR(apply(level, Unary::digamma_, -1.5), 0.70315664064524318723, 1e-13);
  EXPECT_NEAR(apply(level, Binary::polygamma_, 1.0, 1.0), M_PI * M_PI / 6, 1e-14);
  EXPECT_NEAR(apply(level, Binary::polygamma_, 1.0, -0.5), 8.9348022005446793094, 1e-12);
  EXPECT_NEAR(apply(level, Binary::polygamma_, 2.0, 1.0), -2 * 1.20205690315959428540, 1e-13);
  for (double x : {-0.999, -0.3, 1e-12, 0.1, 0.5, 0.9999, 1 - 1e-15}) {
    const double y = apply(level, Unary::erfinv_, x);
    EXPECT_NEAR(std::erfc(std::fabs(y)) / (1 - std::fabs(x)), 1, 1e-13) << x;
  }
}

template <class T>
void check_pow(const Level& level) {
  for (const T a : specials<T>()) {
    for (const T b : specials<T>()) {
      const T y = apply(level, Binary::pow_, a, b);
      const Real exact =
          sizeof(T) == 8 ? static_cast<Real>(std::pow(a, b)) : std::pow(Real(a), Real(b));
      EXPECT_LE(ulps(y, exact), 1.6) << level.name << " pow(" << a << ", " << b << ") = " << y;
      EXPECT_TRUE(std::isnan(y) || std::signbit(y) == std::signbit(exact)) << a << " " << b;
      EXPECT_LE(ulps(apply(level, Binary::atan2_, a, b), std::atan2(Real(a), Real(b))), 2.5)
          << level.name << " atan2(" << a << ", " << b << ")";
      EXPECT_LE(ulps(apply(level, Binary::hypot_, a, b), std::hypot(Real(a), Real(b))), 2.5)
          << level.name << " hypot(" << a << ", " << b << ")";
      EXPECT_EQ(ulps(apply(level, Binary::fmod_, a, b), std::fmod(Real(a), Real(b))), 0)
          << level.name << " fmod(" << a << ", " << b << ")";
      EXPECT_EQ(ulps(apply(level, Binary::nextafter_, a, b), Real(std::nextafter(a, b))), 0);
    }
  }
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-1, 1);
  for (int i = 0; i < 20000; ++i) {
    const T a = static_cast<T>(std::exp(5 * exponent(random)));
    const T b = static_cast<T>((sizeof(T) == 8 ? 130 : 17) * exponent(random));
    ASSERT_LE(ulps(apply(level, Binary::pow_, a, b), std::pow(Real(a), Real(b))), 1.6)
        << a << " " << b;
    const T m = apply(level, Binary::fmod_, b, a);
    ASSERT_EQ(m, std::fmod(b, a)) << b << " " << a;
  }
}
TEST(Kernels, BinaryAgainstLibm) {
  for (const Level& level : levels()) {
    check_pow<float>(level);
    check_pow<double>(level);
  }
}

TEST(Kernels, BinaryConventions) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  for (const Level& level : levels()) {
    const auto f = [&](Binary op, double a, double b) { return apply(level, op, a, b); };
    EXPECT_TRUE(std::isnan(f(Binary::maximum_, 1, nan)) && std::isnan(f(Binary::maximum_, nan, 1)));
    EXPECT_EQ(f(Binary::fmax_, 1, nan), 1);
    EXPECT_EQ(f(Binary::fmin_, nan, 2), 2);
    EXPECT_EQ(f(Binary::remainder_, -5, 3), 1);
    EXPECT_EQ(f(Binary::remainder_, 5, -3), -1);
    EXPECT_EQ(f(Binary::remainder_, -5, inf), inf);
    EXPECT_EQ(f(Binary::floor_divide_, -7, 2), -4);
    EXPECT_EQ(f(Binary::floor_divide_, 1, 0.1), 9);
    EXPECT_EQ(f(Binary::floor_divide_, 1, 0), inf);
    EXPECT_TRUE(std::isnan(f(Binary::floor_divide_, 0, 0)));
    EXPECT_EQ(f(Binary::xlogy_, 0, -1), 0);
    EXPECT_TRUE(std::isnan(f(Binary::xlogy_, 0, nan)));
    EXPECT_EQ(f(Binary::logaddexp_, -inf, -inf), -inf);
    EXPECT_EQ(f(Binary::logaddexp_, inf, 1), inf);
    EXPECT_NEAR(f(Binary::logaddexp2_, 3, 3), 4, 1e-15);
    EXPECT_EQ(f(Binary::copysign_, 3, -0.0), -3);
  }
}

// ---- the bits of an element do not depend on where it stands ------------------------------
template <class T>
std::vector<T> mixed(unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> draw(0, 3);
  const std::vector<T> odd = specials<T>();
  std::vector<T> x(96);
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = i % 5 == 4 ? odd[(i * 7 + seed) % odd.size()] : static_cast<T>(draw(random));
  }
  return x;
}
template <class T, class F>
void check_position(F run, const std::string& what) {
  const T guard = 12345;
  for (int offset : {0, 1, 3, 7}) {
    for (int n = 0; n <= 70; ++n) {
      std::vector<T> y(96, guard);
      run(n, y.data() + 8, offset);
      for (int i = 0; i < n; ++i) {
        T alone;
        run(1, &alone, offset + i);
        ASSERT_EQ(std::memcmp(&alone, &y[8 + i], sizeof(T)), 0)
            << what << " n=" << n << " i=" << i << ": " << y[8 + i] << " and alone " << alone;
      }
      ASSERT_EQ(y[7], guard) << what;
      ASSERT_EQ(y[8 + n], guard) << what;
    }
  }
}
template <class T>
void check_positions(const Level& level) {
  const std::vector<T> x = mixed<T>(1), g = mixed<T>(2);
  for (int op = 0; op < static_cast<int>(Unary::count); ++op) {
    const std::string what = level.name + " unary " + std::to_string(op);
    check_position<T>([&](int n, T* y, int at) { level.unary[op].value[kSlot<T>](n, y, &x[at]); },
                      what);
    check_position<T>(
        [&](int n, T* y, int at) { level.unary[op].grad[kSlot<T>](n, y, &g[at], &x[at]); }, what);
  }
  for (int op = 0; op < static_cast<int>(Binary::count); ++op) {
    const auto& fn = level.binary[op].fn[kSlot<T>];
    if (fn[0] == nullptr) continue;
    const std::string what = level.name + " binary " + std::to_string(op);
    check_position<T>([&](int n, T* y, int at) { fn[kBothVary](n, y, &x[at], &g[at]); }, what);
    check_position<T>([&](int n, T* y, int at) { fn[kScalarB](n, y, &x[at], &g[5]); }, what);
    check_position<T>([&](int n, T* y, int at) { fn[kScalarA](n, y, &x[5], &g[at]); }, what);
  }
}
TEST(Kernels, BitsDoNotDependOnPosition) {
  for (const Level& level : levels()) {
    check_positions<float>(level);
    check_positions<double>(level);
  }
}

}  // namespace
