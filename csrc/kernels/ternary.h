// Elementwise operations of three inputs and a number, over strided rows.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

enum class Ternary : uint8_t { lerp, addcmul, addcdiv };

// Steps of a, b and c in elements. `value` points to a number of the operands' dtype, which lerp
// does not read.
using TernaryFn = void (*)(int64_t n, void* out, const void* a, const void* b, const void* c,
                           const int64_t* steps, const void* value);
// nullptr where there is no kernel: bool, complex, float16 and bfloat16; lerp and addcdiv of
// integers.
TernaryFn ternary(Ternary op, DType dtype);

}  // namespace wengert::kernels
