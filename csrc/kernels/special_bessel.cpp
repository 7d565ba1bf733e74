// Modified Bessel functions of the first kind: the power series, whose terms are all positive, and
// for large arguments Hankel's expansion (Abramowitz and Stegun 9.6.10 and 9.7.1).
#include <math.h>

#include "special.h"

namespace wengert::kernels::special {
namespace {

constexpr double kBorder = 30;

// I_n(x), n = 0 or 1, over x^n / 2^n.
double power_series(int n, double x) {
  const double z = 0.25 * x * x;
  double term = 1, total = 1;
  for (int k = 1; term > 1e-17 * total; ++k) {
    term *= z / (k * static_cast<double>(k + n));
    total += term;
  }
  return total;
}

// e^-x I_n(x) for x >= kBorder.
double expansion(int n, double x) {
  const double mu = 4.0 * n * n;
  double term = 1, total = 1;
  for (int k = 1; k < 40 && fabs(term) > 1e-17; ++k) {
    const double odd = 2 * k - 1;
    term *= -(mu - odd * odd) / (8 * k * x);
    total += term;
  }
  return total / sqrt(6.28318530717958647693 * x);
}

}  // namespace

double i0e(double x) {
  const double a = fabs(x);
  return a < kBorder ? exp(-a) * power_series(0, a) : expansion(0, a);
}
double i1e(double x) {
  const double a = fabs(x);
  return copysign(a < kBorder ? exp(-a) * 0.5 * a * power_series(1, a) : expansion(1, a), x);
}
double i0(double x) {
  const double a = fabs(x);
  if (a < kBorder) return power_series(0, a);
  // In two factors, since e^a alone overflows too early.
  const double half = exp(0.5 * a);
  return half * expansion(0, a) * half;
}
double i1(double x) {
  const double a = fabs(x);
  if (a < kBorder) return 0.5 * x * power_series(1, a);
  const double half = exp(0.5 * a);
  return copysign(half * expansion(1, a) * half, x);
}

}  // namespace wengert::kernels::special
