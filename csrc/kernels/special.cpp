#include "special.h"

#include <math.h>

namespace wengert::kernels::special {
namespace {

constexpr double kPi = 3.14159265358979323846;

// sum over k >= 0 of (q + k)^-s for s > 1, by Euler and Maclaurin from q + k >= 12 on.
double hurwitz_zeta(double s, double q) {
  if (isinf(q)) return q > 0 ? 0 : NAN;
  if (q <= 0 && q == floor(q)) return INFINITY;
  double total = 0;
  for (; q < 12; q += 1) total += pow(q, -s);
  const double power = pow(q, -s);
  total += power * (q / (s - 1) + 0.5);
  // B_2j / (2j)!
  constexpr double coefficients[] = {1.0 / 12,          -1.0 / 720,
                                     1.0 / 30240,       -1.0 / 1209600,
                                     1.0 / 47900160,    -691.0 / 1307674368000.0,
                                     1.0 / 74724249600, -3617.0 / 10670622842880000.0};
  double factor = s * power / q;
  for (int j = 0; j < 8; ++j) {
    total += coefficients[j] * factor;
    factor *= (s + 2 * j + 1) * (s + 2 * j + 2) / (q * q);
  }
  return total;
}

}  // namespace

double lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

double digamma(double x) {
  if (x == 0) return copysign(INFINITY, -x);
  if (x < 0) {
    if (x == floor(x)) return NAN;
    return digamma(1 - x) - kPi / tan(kPi * (x - rint(x)));
  }
  double total = 0;
  for (; x < 12; x += 1) total -= 1 / x;
  const double z = 1 / (x * x);
  // B_2j / 2j
  const double series =
      z * (1.0 / 12 +
           z * (-1.0 / 120 +
                z * (1.0 / 252 +
                     z * (-1.0 / 240 + z * (1.0 / 132 + z * (-691.0 / 32760 + z * (1.0 / 12)))))));
  return total + (log(x) - 0.5 / x - series);
}

double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  if (!(n > 0) || n != floor(n)) return NAN;
  if (n == 1 && x < 0) {
    if (isinf(x)) return NAN;
    if (x == floor(x)) return INFINITY;
    const double s = sin(kPi * (x - rint(x)));
    return kPi * kPi / (s * s) - polygamma(1, 1 - x);
  }
  const double sign = fmod(n, 2) == 0 ? -1 : 1;
  return sign * tgamma(n + 1) * hurwitz_zeta(n + 1, x);
}

namespace {

// y > 0 with erfc(y) = q = 1 - a, 0 < q < 1: a guess good to some 0.002, then two steps of third
// order on erf or four of Newton's on log(erfc), which is nearly a parabola.
double inverse_erf(double a, double q) {
  const double l = log(q * (2 - q)), b = 2 / (kPi * 0.147) + 0.5 * l;
  double y = sqrt(sqrt(b * b - l / 0.147) - b);
  if (a >= 0.5) {
    for (int step = 0; step < 4; ++step) {
      const double r = erfc(y);
      y += log(r / q) * r / (1.12837916709551257390 * exp(-y * y));
    }
    return y;
  }
  for (int step = 0; step < 2; ++step) {
    const double error = erf(y) - a;
    const double u = error / (1.12837916709551257390 * exp(-y * y));
    y -= u / (1 + y * u);
  }
  return y;
}

}  // namespace

double erfinv(double x) {
  const double a = fabs(x);
  if (!(a < 1)) return a == 1 ? copysign(INFINITY, x) : NAN;
  if (a < 1e-9) return x * 0.88622692545275801365;
  return copysign(inverse_erf(a, 1 - a), x);
}

double ndtri(double p) {
  if (!(p > 0 && p < 1)) return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
  constexpr double kRoot2 = 1.41421356237309504880;
  if (fabs(p - 0.5) < 0.25) return kRoot2 * erfinv(2 * (p - 0.5));
  return p < 0.5 ? -kRoot2 * inverse_erf(1 - 2 * p, 2 * p)
                 : kRoot2 * inverse_erf(1 - 2 * (1 - p), 2 * (1 - p));
}

double log_ndtr(double x) {
  constexpr double kHalfRoot2 = 0.70710678118654752440;
  if (x > 0) return log1p(-0.5 * erfc(kHalfRoot2 * x));
  if (!(x < -20)) return log(0.5 * erfc(-kHalfRoot2 * x));
  // The asymptotic series of the tail.
  const double z = 1 / (x * x);
  double term = 1, total = 0;
  for (int k = 1; k < 20; ++k) {
    term *= -(2 * k - 1) * z;
    total += term;
  }
  return -0.5 * x * x - log(-x) - 0.91893853320467274178 + log1p(total);
}

}  // namespace wengert::kernels::special
