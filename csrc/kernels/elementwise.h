// Elementwise kernels: contiguous inner loops, looked up by operation and dtype. Strides,
// broadcasting and mixed dtypes are the caller's concern.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

#define WG_UNARY(name, ...) name##_,
enum class Unary : uint16_t {
#include "wengert/ops/unary.def"
  count
};
#undef WG_UNARY

#define WG_BINARY(name, ...) name##_,
#define WG_COMPARE(name, ...)
enum class Binary : uint16_t {
#include "wengert/ops/binary.def"
  count
};
#undef WG_BINARY
#undef WG_COMPARE
#define WG_BINARY(name, ...)
#define WG_COMPARE(name, ...) name##_,
enum class Compare : uint16_t {
#include "wengert/ops/binary.def"
  count
};
#undef WG_BINARY
#undef WG_COMPARE

#define WG_TEST(name, ...) name##_,
enum class Test : uint16_t {
#include "wengert/ops/test.def"
  count
};
#undef WG_TEST

// out may be the same pointer as an input; otherwise the ranges do not overlap.
using UnaryFn = void (*)(int64_t n, void* out, const void* x);
// gx = g * derivative(s), where s is what the operation saves (x, y, or nothing: nullptr).
using UnaryGradFn = void (*)(int64_t n, void* gx, const void* g, const void* s);
using BinaryFn = void (*)(int64_t n, void* out, const void* a, const void* b);

// Which operands of a binary kernel are a single element repeated n times.
enum BinaryLayout : int { kBothVary = 0, kScalarB = 1, kScalarA = 2 };

// abs of complex numbers writes real ones.
struct UnaryKernels {
  UnaryFn value[kDTypeCount];  // nullptr: no kernel for this dtype; convert to another
  UnaryGradFn grad[kDTypeCount];
};
struct BinaryKernels {
  BinaryFn fn[kDTypeCount][3];  // [dtype of the operands][BinaryLayout]
};

const UnaryKernels& unary(Unary op);
const BinaryKernels& binary(Binary op);
const BinaryKernels& compare(Compare op);  // out is bool (uint8_t 0 or 1)
UnaryFn test(Test op, DType dtype);        // out is bool; nullptr for float16, bfloat16

// out[i] = the complex conjugate of in[i].
void conjugate(DType dtype, int64_t n, void* out, const void* in);

// Whether any of n integers or bools is zero: a divisor to refuse.
bool any_zero(DType dtype, int64_t n, const void* p);

// dst[i] = src[i] converted, as C++ converts (to bool: != 0; float to integer: truncated).
// Complete over all pairs of dtypes.
using CastFn = void (*)(int64_t n, void* dst, const void* src);
CastFn cast(DType to, DType from);

// out[i] = condition[i] ? a[i] : b[i] for elements of `size` 1, 2, 4, 8 or 16 bytes.
using SelectFn = void (*)(int64_t n, void* out, const uint8_t* condition, const void* a,
                          const void* b);
SelectFn select(size_t item_size);

}  // namespace wengert::kernels
