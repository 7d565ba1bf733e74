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
// p -= rate b. Arrays: p, gradient, v, m (only if centered), b (only with momentum).
struct RmspropStep {
  double rate, alpha, eps, weight_decay, momentum, sign;
  bool centered;
};
// s += g^2; p -= rate g / (sqrt(s) + eps). Arrays: p, gradient, s.
struct AdagradStep {
  double rate, eps, weight_decay, sign;
};

inline constexpr int kMaxStepArrays = 5;
template <class Step>
using StepFn = void (*)(int64_t n, const Step& step, void* const* arrays);

struct OptimizerKernels {
  StepFn<SgdStep> sgd;
  StepFn<AdamStep> adam;
  StepFn<RmspropStep> rmsprop;
  StepFn<AdagradStep> adagrad;
  // The sum of squares of n elements, in a fixed order.
  double (*sum_of_squares)(int64_t n, const void* x);
  // x *= factor.
  void (*scale)(int64_t n, double factor, void* x);
};
const OptimizerKernels& optimizer(DType dtype);

}  // namespace wengert::kernels
