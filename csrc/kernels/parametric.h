// Elementwise kernels with numbers as parameters: those of parametric.def.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

#define WG_PARAMETRIC(name, ...) name##_,
#define WG_PARAMETRIC_PAIR WG_PARAMETRIC
enum class Parametric : uint16_t {
#include "kernels/parametric.def"
  count
};
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR

constexpr int kParameters = 3;  // at most

// Of up to three inputs, each an array (step 1) or one element (step 0). out may be the same array
// as an input; otherwise the ranges do not overlap.
using ParametricFn = void (*)(int64_t n, void* out, const void* const* in, const int64_t* steps,
                              const double* numbers);

// The value, and what is passed on to each input, whose inputs are the gradient and those of the
// value. All are there for float32 and float64 alone.
struct ParametricKernels {
  ParametricFn value, gradient[2];
};
const ParametricKernels& parametric(Parametric op, DType dtype);

}  // namespace wengert::kernels
