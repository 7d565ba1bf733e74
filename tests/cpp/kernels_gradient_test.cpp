// The derivative columns of the operation tables against central differences of the values.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>

#include "kernels/elementwise.h"

namespace {

using wengert::DType;
using namespace wengert::kernels;

constexpr int kFloat64 = static_cast<int>(DType::float64);

double value(Unary op, double x) {
  double y;
  unary(op).value[kFloat64](1, &y, &x);
  return y;
}
double value(Binary op, double a, double b) {
  double y;
  binary(op).fn[kFloat64][kBothVary](1, &y, &a, &b);
  return y;
}

struct Range {
  double low, high;
  explicit Range(const char* text) { EXPECT_EQ(std::sscanf(text, "%lf, %lf", &low, &high), 2); }
  double at(double fraction) const { return low + (high - low) * fraction; }
};

constexpr double kStep = 1e-5, kUpstream = 2;

TEST(Gradients, UnaryKernels) {
#define WG_UNARY(name, result, saved, value, derivative, domain, ...) {#name, #saved, domain},
  const struct {
    const char *name, *saved, *domain;
  } rows[] = {
#include "wengert/ops/unary.def"
  };
#undef WG_UNARY
  for (int op = 0; op < static_cast<int>(Unary::count); ++op) {
    const Range domain(rows[op].domain);
    for (int i = 1; i < 40; ++i) {
      const double x = domain.at(i / 40.0 + 0.0017), y = value(Unary(op), x);
      const double slope =
          (value(Unary(op), x + kStep) - value(Unary(op), x - kStep)) / (2 * kStep);
      const bool from_output = rows[op].saved == std::string("OUTPUT");
      double gx;
      unary(Unary(op)).grad[kFloat64](1, &gx, &kUpstream, from_output ? &y : &x);
      EXPECT_NEAR(gx, kUpstream * slope, 1e-6 * (1 + std::fabs(slope)))
          << rows[op].name << "'(" << x << ")";
    }
  }
}

// ---- the expressions of binary.def, over plain numbers ------------------------------------
double conj(double x) { return x; }
double square(double x) { return x * x; }
double sign(double x) { return (x > 0) - (x < 0); }
double chain(double g, double d) { return g * d; }
double sigmoid(double x) { return value(Unary::sigmoid_, x); }
double select(bool condition, double a, double b) { return condition ? a : b; }
double polygamma(double n, double x) { return value(Binary::polygamma_, n, x); }
bool positive_part(double x) { return x > 0; }
double none() { return std::nan(""); }
// A gradient that is not available.
double refuse(const char*, double) { return std::nan(""); }
using std::exp;
using std::floor;
using std::lgamma;
using std::log;
using std::pow;
using std::trunc;

struct BinaryRow {
  const char* name;
  Binary op;
  double (*da)(double g, double a, double b, double y);
  double (*db)(double g, double a, double b, double y);
  const char *domain_a, *domain_b;
};
#define WG_GRADIENT(expression)                                                       \
  []([[maybe_unused]] double g, [[maybe_unused]] double a, [[maybe_unused]] double b, \
     [[maybe_unused]] double y) -> double { return expression; }
#define WG_COMPARE(...)
#define WG_BINARY(name, result, value, da, da_saves, db, db_saves, domain_a, domain_b, ...) \
  {#name, Binary::name##_, WG_GRADIENT(da), WG_GRADIENT(db), domain_a, domain_b},
const BinaryRow kRows[] = {
#include "wengert/ops/binary.def"
};

TEST(Gradients, BinaryExpressions) {
  for (const BinaryRow& row : kRows) {
    if (binary(row.op).fn[kFloat64][0] == nullptr) continue;
    const Range domain_a(row.domain_a), domain_b(row.domain_b);
    for (int i = 1; i < 30; ++i) {
      const double a = domain_a.at(i / 30.0 + 0.0013), b = domain_b.at(std::fmod(i * 0.618, 1));
      const double y = value(row.op, a, b);
      const double da = row.da(kUpstream, a, b, y), db = row.db(kUpstream, a, b, y);
      const auto slope = [&](double ha, double hb) {
        return (value(row.op, a + ha, b + hb) - value(row.op, a - ha, b - hb)) / (2 * kStep);
      };
      if (!std::isnan(da)) {
        const double s = slope(kStep, 0);
        EXPECT_NEAR(da, kUpstream * s, 1e-6 * (1 + std::fabs(s)))
            << row.name << " da " << a << " " << b;
      }
      if (!std::isnan(db)) {
        const double s = slope(0, kStep);
        EXPECT_NEAR(db, kUpstream * s, 1e-6 * (1 + std::fabs(s)))
            << row.name << " db " << a << " " << b;
      }
    }
  }
}

TEST(Gradients, BinaryConventions) {
  const auto row = [](Binary op) { return kRows[static_cast<int>(op)]; };
  const double nan = std::nan("");
  // As PyTorch 2.13 has them.
  EXPECT_EQ(row(Binary::maximum_).da(1, 2, 2, 2), 0.5);
  EXPECT_EQ(row(Binary::minimum_).db(1, 2, 2, 2), 0.5);
  EXPECT_EQ(row(Binary::maximum_).da(1, nan, 0, nan), 1);
  EXPECT_EQ(row(Binary::maximum_).db(1, nan, 0, nan), 1);
  EXPECT_EQ(row(Binary::fmax_).da(1, 2, 2, 2), 1);
  EXPECT_EQ(row(Binary::fmax_).db(1, 2, 2, 2), 0);
  EXPECT_EQ(row(Binary::fmax_).da(1, nan, 2, 2), 0);
  EXPECT_EQ(row(Binary::fmax_).da(1, 2, nan, 2), 1);
  EXPECT_EQ(row(Binary::pow_).da(1, 0, 0, 1), 0);
  EXPECT_EQ(row(Binary::pow_).db(1, 0, 2, 0), 0);
  EXPECT_EQ(row(Binary::xlogy_).da(1, 0, 0, 0), 0);
  EXPECT_EQ(row(Binary::copysign_).da(1, -2, 3, 2), -1);
  EXPECT_EQ(row(Binary::copysign_).da(1, 0, 3, 0), 0);
}

}  // namespace
