#include "ops/random_counts.h"

#include <math.h>

#include "kernels/special.h"

WENGERT_NAMESPACE_BEGIN

namespace {
using kernels::special::lgamma;

// Hoermann, "The transformed rejection method for generating Poisson random variables" (1993),
// algorithm PTRS; rate >= 10.
double poisson_by_rejection(RandomStream& random, double rate) {
  const double root = sqrt(rate), log_rate = log(rate);
  const double b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  const double log_inverse_alpha = log(1.1239 + 1.1328 / (b - 3.4));
  const double inner = 0.9277 - 3.6224 / (b - 2);
  while (true) {
    const double u = random.uniform() - 0.5, v = random.uniform();
    const double s = 0.5 - fabs(u), k = floor((2 * a / s + b) * u + rate + 0.43);
    if (s >= 0.07 && v <= inner) return k;
    if (k < 0 || (s < 0.013 && v > s)) continue;
    if (log(v) + log_inverse_alpha - log(a / (s * s) + b) <= k * log_rate - rate - lgamma(k + 1))
      return k;
  }
}

// Hoermann, "The generation of binomial random variates" (1993), algorithm BTRS; p <= 1/2 and
// n p >= 10.
double binomial_by_rejection(RandomStream& random, double n, double p) {
  const double root = sqrt(n * p * (1 - p));
  const double b = 1.15 + 2.53 * root, a = -0.0873 + 0.0248 * b + 0.01 * p, c = n * p + 0.5;
  const double inner = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * root;
  const double mode = floor((n + 1) * p), log_odds = log(p / (1 - p));
  const double at_mode = lgamma(mode + 1) + lgamma(n - mode + 1);
  while (true) {
    const double u = random.uniform() - 0.5, v = random.uniform();
    const double s = 0.5 - fabs(u), k = floor((2 * a / s + b) * u + c);
    if (s >= 0.07 && v <= inner) return k;
    if (k < 0 || k > n) continue;
    const double bound = at_mode - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * log_odds;
    if (log(v * alpha / (a / (s * s) + b)) <= bound) return k;
  }
}

// Waiting times between successes are geometric.
double binomial_by_waiting(RandomStream& random, double n, double p) {
  const double log_failure = log1p(-p);
  double successes = 0, trials = 0;
  while (true) {
    trials += ceil(log(random.uniform()) / log_failure);
    if (!(trials <= n)) return successes;
    successes += 1;
  }
}

}  // namespace

double sample_log_gamma(RandomStream& random, double shape) {
  // Below 1: the one of shape + 1 times u^(1 / shape).
  double shift = 0;
  if (shape < 1) {
    shift = log(random.uniform()) / shape;
    shape += 1;
  }
  // Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
  const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
  while (true) {
    const double x = random.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = random.uniform();
    if (u < 1 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + d * (1 - v + log(v)))
      return shift + log(d * v);
  }
}

double sample_poisson(RandomStream& random, double rate) {
  if (rate >= 10) return poisson_by_rejection(random, rate);
  const double bound = exp(-rate);
  double count = 0;
  for (double product = random.uniform(); product > bound; product *= random.uniform()) count += 1;
  return count;
}

double sample_binomial(RandomStream& random, double n, double p) {
  if (p > 0.5) return n - sample_binomial(random, n, 1 - p);
  return n * p >= 10 ? binomial_by_rejection(random, n, p) : binomial_by_waiting(random, n, p);
}

WENGERT_NAMESPACE_END
