// Conversions, selection, comparisons, tests, and integer arithmetic.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/elementwise.h"

namespace {

using namespace wengert;
using namespace wengert::kernels;
using Check = kernels::Test;  // not testing::Test

template <class To, class From>
std::vector<To> convert(DType to, DType from, const std::vector<From>& x) {
  std::vector<To> y(x.size());
  cast(to, from)(x.size(), y.data(), x.data());
  return y;
}

// The value of a 16-bit float with the given numbers of bits.
double value_of(uint16_t bits, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp((1 << mantissa_bits) + mantissa, exponent - bias - mantissa_bits);
}

void check_format(DType dtype, int exponent_bits, int mantissa_bits) {
  std::vector<uint16_t> all(65536);
  std::iota(all.begin(), all.end(), 0);
  const auto floats = convert<float>(DType::float32, dtype, all);
  const auto back = convert<uint16_t>(dtype, DType::float32, floats);
  for (int i = 0; i < 65536; ++i) {
    const double v = value_of(i, exponent_bits, mantissa_bits);
    if (std::isnan(v)) {
      ASSERT_TRUE(std::isnan(floats[i]) &&
                  std::isnan(value_of(back[i], exponent_bits, mantissa_bits)));
    } else {
      ASSERT_EQ(floats[i], v);
      ASSERT_EQ(back[i], i);
    }
  }
  // Between neighbours: to the nearest, the middle to the even one; from float64 without rounding
  // twice.
  const int largest = ((1 << exponent_bits) - 1) << mantissa_bits;  // the bits of infinity
  for (int i = 0; i < largest; ++i) {
    const double a = value_of(i, exponent_bits, mantissa_bits);
    const double step = i + 1 == largest ? a - value_of(i - 1, exponent_bits, mantissa_bits)
                                         : value_of(i + 1, exponent_bits, mantissa_bits) - a;
    const double middle = a + step / 2, nudge = std::ldexp(middle, -50);
    const std::vector<double> x = {middle, middle - nudge, middle + nudge, -middle};
    const auto y = convert<uint16_t>(dtype, DType::float64, x);
    const uint16_t even = i % 2 == 0 ? i : i + 1;
    ASSERT_EQ(y[0], even) << i;
    ASSERT_EQ(y[1], i);
    ASSERT_EQ(y[2], i + 1);
    ASSERT_EQ(y[3], even | 0x8000);
    if (static_cast<float>(middle) == middle) {
      ASSERT_EQ(convert<uint16_t>(dtype, DType::float32, std::vector<float>{float(middle)})[0],
                even);
    }
  }
}
TEST(Cast, Float16) { check_format(DType::float16, 5, 10); }
TEST(Cast, BFloat16) { check_format(DType::bfloat16, 8, 7); }

TEST(Cast, AllPairsCarrySmallNumbers) {
  const std::vector<double> x = {0, 1, 2, 100, 0, 7, 1};
  for (int from = 0; from < kDTypeCount; ++from) {
    std::vector<unsigned char> source(x.size() * 16);
    cast(DType(from), DType::float64)(x.size(), source.data(), x.data());
    for (int to = 0; to < kDTypeCount; ++to) {
      std::vector<unsigned char> target(x.size() * 16);
      cast(DType(to), DType(from))(x.size(), target.data(), source.data());
      std::vector<double> y(x.size());
      cast(DType::float64, DType(to))(x.size(), y.data(), target.data());
      const bool flag = to == 0 || from == 0;
      for (size_t i = 0; i < x.size(); ++i) {
        EXPECT_EQ(y[i], flag ? x[i] != 0 : x[i])
            << name_of(DType(from)) << " to " << name_of(DType(to));
      }
    }
  }
}

TEST(Cast, AsCpp) {
  EXPECT_EQ(convert<int32_t>(DType::int32, DType::float64, std::vector<double>{-2.9, 2.9}),
            (std::vector<int32_t>{-2, 2}));
  EXPECT_EQ(convert<uint8_t>(DType::bool_, DType::float32, std::vector<float>{0.f, -0.f, .5f, NAN}),
            (std::vector<uint8_t>{0, 0, 1, 1}));
  EXPECT_EQ(convert<int8_t>(DType::int8, DType::int64, std::vector<int64_t>{300, -129}),
            (std::vector<int8_t>{44, 127}));
  const std::vector<std::complex<double>> z = {{1, 2}, {0, 3}};
  EXPECT_EQ(convert<float>(DType::float32, DType::complex128, z), (std::vector<float>{1, 0}));
  EXPECT_EQ(convert<uint8_t>(DType::bool_, DType::complex128, z), (std::vector<uint8_t>{1, 1}));
  EXPECT_EQ(convert<std::complex<float>>(DType::complex64, DType::complex128, z)[1],
            std::complex<float>(0, 3));
}

TEST(Select, EverySize) {
  for (size_t size : {1, 2, 4, 8, 16}) {
    constexpr int kCount = 37;
    std::vector<unsigned char> a(kCount * size, 1), b(kCount * size, 2), y(kCount * size);
    std::vector<uint8_t> condition(kCount);
    for (int i = 0; i < kCount; ++i) condition[i] = i % 3 == 0;
    select(size)(kCount, y.data(), condition.data(), a.data(), b.data());
    for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], i / size % 3 == 0 ? 1 : 2);
  }
  EXPECT_EQ(select(3), nullptr);
}

template <class T>
void check_compare(DType dtype, const std::vector<T>& values) {
  for (const T a : values) {
    for (const T b : values) {
      const auto f = [&](Compare op, int layout = kBothVary) {
        uint8_t y;
        compare(op).fn[static_cast<int>(dtype)][layout](1, &y, &a, &b);
        return y;
      };
      EXPECT_EQ(f(Compare::eq_), a == b);
      EXPECT_EQ(f(Compare::ne_), a != b);
      EXPECT_EQ(f(Compare::lt_), a < b);
      EXPECT_EQ(f(Compare::le_, kScalarA), a <= b);
      EXPECT_EQ(f(Compare::gt_, kScalarB), a > b);
      EXPECT_EQ(f(Compare::ge_), a >= b);
      EXPECT_EQ(f(Compare::logical_and_), a && b);
      EXPECT_EQ(f(Compare::logical_or_), a || b);
      EXPECT_EQ(f(Compare::logical_xor_), !a != !b);
    }
  }
}
TEST(Compare, AllOperations) {
  check_compare<int8_t>(DType::int8, {-128, -1, 0, 1, 127});
  check_compare<uint8_t>(DType::uint8, {0, 1, 128, 255});
  check_compare<int64_t>(DType::int64, {INT64_MIN, -1, 0, 1, INT64_MAX});
  check_compare<float>(DType::float32, {-INFINITY, -1, -0.f, 0, 1, NAN, INFINITY});
  check_compare<double>(DType::float64, {-INFINITY, -1, -0.0, 0, 1, NAN, INFINITY});
}
TEST(Compare, TestsOfOneNumber) {
  for (const double x :
       std::vector<double>{0, -0.0, 1, -1, 1e308, INFINITY, -INFINITY, NAN, 5e-324}) {
    const auto f = [&](Check op) {
      uint8_t y;
      test(op, DType::float64)(1, &y, &x);
      return y != 0;
    };
    EXPECT_EQ(f(Check::isnan_), std::isnan(x));
    EXPECT_EQ(f(Check::isinf_), std::isinf(x));
    EXPECT_EQ(f(Check::isfinite_), std::isfinite(x));
    EXPECT_EQ(f(Check::isposinf_), x == INFINITY);
    EXPECT_EQ(f(Check::isneginf_), x == -INFINITY);
    EXPECT_EQ(f(Check::signbit_), std::signbit(x));
    EXPECT_EQ(f(Check::logical_not_), x == 0);
  }
  const int32_t n = -3;
  uint8_t y;
  test(Check::isfinite_, DType::int32)(1, &y, &n);
  EXPECT_EQ(y, 1);
  test(Check::signbit_, DType::int32)(1, &y, &n);
  EXPECT_EQ(y, 1);
}

template <class T>
T apply(Binary op, DType dtype, T a, T b) {
  T y;
  binary(op).fn[static_cast<int>(dtype)][kBothVary](1, &y, &a, &b);
  return y;
}
// Python's division, in wider arithmetic.
int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

template <class T>
void check_integers(DType dtype) {
  const auto f = [&](Binary op, int64_t a, int64_t b) { return apply<T>(op, dtype, a, b); };
  for (int64_t a = std::numeric_limits<int8_t>::min(); a < 128; a += 5) {
    for (int64_t b = -128; b < 128; b += 3) {
      const int64_t x = static_cast<T>(a), y = static_cast<T>(b);
      EXPECT_EQ(f(Binary::add_, x, y), static_cast<T>(x + y));
      EXPECT_EQ(f(Binary::sub_, x, y), static_cast<T>(x - y));
      EXPECT_EQ(f(Binary::mul_, x, y), static_cast<T>(x * y));
      EXPECT_EQ(f(Binary::maximum_, x, y), std::max(x, y));
      EXPECT_EQ(f(Binary::minimum_, x, y), std::min(x, y));
      EXPECT_EQ(f(Binary::bitwise_xor_, x, y), static_cast<T>(x ^ y));
      EXPECT_EQ(f(Binary::gcd_, x, y), static_cast<T>(std::gcd(x, y)));
      if (y == 0) {
        EXPECT_EQ(f(Binary::floor_divide_, x, y), 0);
        EXPECT_EQ(f(Binary::remainder_, x, y), 0);
      } else {
        EXPECT_EQ(f(Binary::floor_divide_, x, y), static_cast<T>(floor_div(x, y))) << x << " " << y;
        EXPECT_EQ(f(Binary::remainder_, x, y), static_cast<T>(x - floor_div(x, y) * y))
            << x << " " << y;
        EXPECT_EQ(f(Binary::fmod_, x, y), static_cast<T>(x % y)) << x << " " << y;
      }
    }
  }
  const int bits = sizeof(T) * 8;
  EXPECT_EQ(f(Binary::pow_, 3, 4), 81);
  EXPECT_EQ(f(Binary::pow_, 0, 0), 1);
  EXPECT_EQ(f(Binary::bitwise_left_shift_, 3, 2), 12);
  EXPECT_EQ(f(Binary::bitwise_left_shift_, 1, bits), 0);
  EXPECT_EQ(f(Binary::bitwise_right_shift_, 100, 3), 12);
  EXPECT_EQ(f(Binary::lcm_, 6, 4), 12);
  if (std::is_signed_v<T>) {
    EXPECT_EQ(f(Binary::bitwise_left_shift_, 1, -1), 0);
    EXPECT_EQ(f(Binary::bitwise_right_shift_, -8, bits + 9), -1);
    EXPECT_EQ(f(Binary::pow_, 2, -1), 0);
    EXPECT_EQ(f(Binary::pow_, -1, -3), -1);
    const T lowest = std::numeric_limits<T>::min();
    EXPECT_EQ(f(Binary::floor_divide_, lowest, -1), lowest);
    EXPECT_EQ(f(Binary::remainder_, lowest, -1), 0);
  }
  EXPECT_EQ(binary(Binary::div_).fn[static_cast<int>(dtype)][0], nullptr);
}
TEST(Integers, Arithmetic) {
  check_integers<uint8_t>(DType::uint8);
  check_integers<int8_t>(DType::int8);
  check_integers<int16_t>(DType::int16);
  check_integers<int32_t>(DType::int32);
  check_integers<int64_t>(DType::int64);
}
TEST(Integers, UnaryAndBool) {
  const std::vector<int16_t> x = {-32768, -3, 0, 4};
  std::vector<int16_t> y(4);
  const int slot = static_cast<int>(DType::int16);
  unary(Unary::abs_).value[slot](4, y.data(), x.data());
  EXPECT_EQ(y, (std::vector<int16_t>{-32768, 3, 0, 4}));
  unary(Unary::relu6_).value[slot](4, y.data(), x.data());
  EXPECT_EQ(y, (std::vector<int16_t>{0, 0, 0, 4}));
  unary(Unary::sign_).value[slot](4, y.data(), x.data());
  EXPECT_EQ(y, (std::vector<int16_t>{-1, -1, 0, 1}));
  EXPECT_EQ(unary(Unary::exp_).value[slot], nullptr);
  EXPECT_EQ(apply<uint8_t>(Binary::add_, DType::bool_, 1, 1), 1);
  EXPECT_EQ(apply<uint8_t>(Binary::mul_, DType::bool_, 1, 0), 0);
  EXPECT_EQ(apply<uint8_t>(Binary::bitwise_xor_, DType::bool_, 1, 1), 0);
  const std::vector<int32_t> divisors = {5, 0, 7};
  EXPECT_TRUE(any_zero(DType::int32, 3, divisors.data()));
  EXPECT_FALSE(any_zero(DType::int32, 1, divisors.data()));
}

}  // namespace
