// One step of an optimizer over arrays of n float32 or float64 elements, in one pass.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// g below is sign * gradient, to which weight_decay * p is added unless weight_decay is 0.

// b = momentum b + keep g; p -= rate b, or with nesterov p -= rate (g + momentum b). Without
// momentum p -= rate g. Arrays: p, gradient, b (only with momentum).
struct SgdStep {
  double rate, momentum, keep, weight_decay, sign;
  bool nesterov;
};
// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
// p = shrink p - rate m / (root_scale sqrt(v) + eps), where with amsgrad the largest v so far
// stands for v. Arrays: p, gradient, m, v, largest v (only with amsgrad).
struct AdamStep {
  double rate, beta1, beta2, root_scale, eps, weight_decay, shrink, sign;
  bool amsgrad;
};
// v = alpha v + (1 - alpha) g^2; d = g / (sqrt(v) + eps), with v less the square of the mean
// m = alpha m + (1 - alpha) g if centered; p -= rate d, or with momentum b = momentum b + d and
// p -= rate b. Arrays: p, gradient, v, b (only with momentum), m (only if centered).
struct RmspropStep {
  double rate, alpha, eps, weight_decay, momentum, sign;
  bool centered;
};
// s += g^2; p -= rate g / (sqrt(s) + eps). Arrays: p, gradient, s.
struct AdagradStep {
  double rate, eps, weight_decay, sign;
};

// v = rho v + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(v + eps) g; u = rho u + (1 - rho) d^2;
// p -= rate d. Arrays: p, gradient, v, u.
struct AdadeltaStep {
  double rate, rho, eps, weight_decay, sign;
};
// m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + eps); p -= rate m / u.
// Arrays: p, gradient, m, u.
struct AdamaxStep {
  double rate, beta1, beta2, eps, weight_decay, sign;
};
// m and v as AdamStep has them; p = shrink p - (rate g + mean_rate m) / (root_scale sqrt(v) + eps).
// Arrays: p, gradient, m, v.
struct NadamStep {
  double rate, mean_rate, beta1, beta2, root_scale, eps, weight_decay, shrink, sign;
};
// m and v as AdamStep has them; p = shrink p - rate m / (sqrt(v) + eps), or if not rectified
// shrink p - rate m. Arrays: p, gradient, m, v.
struct RadamStep {
  double rate, beta1, beta2, eps, weight_decay, shrink, sign;
  bool rectified;
};
// s is multiplied by up or down, where g has kept or changed its sign, and held in [min, max];
// where it has changed, g becomes 0; p -= s sign(g); b = g. Arrays: p, gradient, b, s.
struct RpropStep {
  double down, up, min, max, sign;
};
// p = shrink p - rate g; a += weight (p - a). Arrays: p, gradient, a.
struct AsgdStep {
  double rate, shrink, weight, weight_decay, sign;
};

inline constexpr int kMaxStepArrays = 5;
template <class Step>
using StepFn = void (*)(int64_t n, const Step& step, void* const* arrays);

struct OptimizerKernels {
  StepFn<SgdStep> sgd;
  StepFn<AdamStep> adam;
  StepFn<RmspropStep> rmsprop;
  StepFn<AdagradStep> adagrad;
  StepFn<AdadeltaStep> adadelta;
  StepFn<AdamaxStep> adamax;
  StepFn<NadamStep> nadam;
  StepFn<RadamStep> radam;
  StepFn<RpropStep> rprop;
  StepFn<AsgdStep> asgd;
  // The sum of squares of n elements, in a fixed order.
  double (*sum_of_squares)(int64_t n, const void* x);
  // x *= factor.
  void (*scale)(int64_t n, double factor, void* x);
};
const OptimizerKernels& optimizer(DType dtype);

}  // namespace wengert::kernels
