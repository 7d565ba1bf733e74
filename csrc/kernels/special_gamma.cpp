// Incomplete gamma and beta functions and how their quantiles move with their parameters.
#include <math.h>

#include "special.h"

namespace wengert::kernels::special {
namespace {

constexpr double kEps = 1e-17;
constexpr int kMaxSteps = 1 << 18;

// A number and its derivative by one parameter.
struct Dual {
  double v, d;
  Dual(double value, double derivative = 0) : v(value), d(derivative) {}
};
Dual operator+(Dual a, Dual b) { return {a.v + b.v, a.d + b.d}; }
Dual operator-(Dual a, Dual b) { return {a.v - b.v, a.d - b.d}; }
Dual operator*(Dual a, Dual b) { return {a.v * b.v, a.d * b.v + a.v * b.d}; }
Dual operator/(Dual a, Dual b) { return {a.v / b.v, (a.d - a.v / b.v * b.d) / b.v}; }
double value(double x) { return x; }
double value(Dual x) { return x.v; }
bool settled(double change, double) { return fabs(change - 1) < 1e-16; }
bool settled(Dual change, double scale) {
  return fabs(change.v - 1) < 1e-16 && fabs(change.d) < 1e-16 * scale;
}
double size_of_derivative(double) { return 0; }
double size_of_derivative(Dual x) { return fabs(x.d / x.v) + 1e-300; }

double away_from_zero(double x) { return fabs(x) < 1e-300 ? 1e-300 : x; }
Dual away_from_zero(Dual x) { return {away_from_zero(x.v), x.d}; }

// 1 + x/(a+1) + x^2/((a+1)(a+2)) + ...
template <class T>
T gamma_series(T a, double x) {
  T term = 1.0, total = 1.0;
  for (int n = 1; n < kMaxSteps; ++n) {
    term = term * (T(x) / (a + T(n)));
    total = total + term;
    if (value(term) < kEps * value(total)) break;
  }
  return total;
}

// The continued fraction of Q(a, x) e^x x^-a Gamma(a) by Lentz's method (Press et al., Numerical
// Recipes, 6.2).
template <class T>
T gamma_fraction(T a, double x) {
  T b = T(x + 1) - a, c = 1e300, d = T(1.0) / away_from_zero(b), h = d;
  for (int i = 1; i < kMaxSteps; ++i) {
    const T an = T(-i) * (T(i) - a);
    b = b + T(2.0);
    d = T(1.0) / away_from_zero(an * d + b);
    c = away_from_zero(b + an / c);
    const T change = d * c;
    h = h * change;
    if (settled(change, size_of_derivative(h))) break;
  }
  return h;
}

// The continued fraction of I_x(a, b) a B(a, b) x^-a (1-x)^-b, for x < (a + 1) / (a + b + 2).
template <class T>
T beta_fraction(T a, T b, double x) {
  const T sum = a + b;
  T c = 1.0, d = T(1.0) / away_from_zero(T(1.0) - sum * T(x) / (a + T(1.0))), h = d;
  for (int m = 1; m < kMaxSteps; ++m) {
    const T k = m, twice = 2 * m;
    T step = k * (b - k) * T(x) / ((a - T(1.0) + twice) * (a + twice));
    d = T(1.0) / away_from_zero(T(1.0) + step * d);
    c = away_from_zero(T(1.0) + step / c);
    h = h * (d * c);
    step = T(-1.0) * (a + k) * (sum + k) * T(x) / ((a + twice) * (a + T(1.0) + twice));
    d = T(1.0) / away_from_zero(T(1.0) + step * d);
    c = away_from_zero(T(1.0) + step / c);
    const T change = d * c;
    h = h * change;
    if (settled(change, size_of_derivative(h))) break;
  }
  return h;
}

// log(1 + x) - x.
double log1p_minus(double x) {
  if (fabs(x) > 0.3) return log1p(x) - x;
  double power = -x * x, total = 0;
  for (int k = 2; k < 80; ++k) {
    total += power / k;
    power *= -x;
  }
  return total;
}

// x^a e^-x / Gamma(a).
double gamma_factor(double a, double x) {
  const double mu = (x - a) / a;
  if (a < 100 || fabs(mu) > 0.5) return exp(a * log(x) - x - lgamma(a));
  const double stirling = (1.0 / 12 - (1.0 / 360 - 1.0 / (1260 * a * a)) / (a * a)) / a;
  return sqrt(a / 6.28318530717958647693) * exp(a * log1p_minus(mu) - stirling);
}

bool by_series(double a, double x) { return x <= 1 || x <= a + 1; }

}  // namespace

double igamma(double a, double x) {
  if (!(a >= 0) || !(x >= 0)) return NAN;
  if (a == 0) return x > 0 ? 1 : NAN;
  if (x == 0) return 0;
  if (isinf(a)) return isinf(x) ? NAN : 0;
  if (isinf(x)) return 1;
  return by_series(a, x) ? gamma_factor(a, x) / a * gamma_series(a, x)
                         : 1 - gamma_factor(a, x) * gamma_fraction(a, x);
}

double igammac(double a, double x) {
  if (!(a >= 0) || !(x >= 0)) return NAN;
  if (a == 0) return x > 0 ? 0 : NAN;
  if (x == 0) return 1;
  if (isinf(a)) return isinf(x) ? NAN : 1;
  if (isinf(x)) return 0;
  return by_series(a, x) ? 1 - gamma_factor(a, x) / a * gamma_series(a, x)
                         : gamma_factor(a, x) * gamma_fraction(a, x);
}

// Figurnov, Mohamed and Mnih, "Implicit reparameterization gradients" (2018): dx/da = -(dP/da) / p.
double gamma_quantile_gradient(double a, double x) {
  if (!(a > 0) || isnan(x)) return NAN;
  if (x <= 0) return 0;
  if (a > 1e7) {  // Wilson and Hilferty's cube root
    const double w = cbrt(x / a), n = 3 * sqrt(a) * (w - 1 + 1 / (9 * a));
    return w * w * (w + 3 * a * (1 / (9 * a * a) - n / (6 * a * sqrt(a))));
  }
  if (by_series(a, x)) {
    const Dual s = gamma_series(Dual(a, 1), x);
    return -x / a * (s.v * (log(x) - digamma(a + 1)) + s.d);
  }
  const Dual f = gamma_fraction(Dual(a, 1), x);
  return x * (f.v * (log(x) - digamma(a)) + f.d);
}

double beta_quantile_gradient(double x, double a, double total) {
  const double b = total - a;
  if (!(a > 0) || !(b > 0) || isnan(x)) return NAN;
  if (x <= 0) return 0;
  if (x > 1 - 0x1p-53) x = 1 - 0x1p-53;
  const double slope = log(x) - digamma(a) + digamma(total);
  if (x < (a + 1) / (total + 2)) {
    const Dual f = beta_fraction(Dual(a, 1), Dual(b), x);
    return -x / a * (f.v * (slope - 1 / a) + f.d);
  }
  const Dual f = beta_fraction(Dual(b), Dual(a, 1), 1 - x);
  return x / b * (f.v * slope + f.d);
}

}  // namespace wengert::kernels::special
