// Element types, and the promotion rules between them (those of PyTorch).
#pragma once

#include <cstddef>
#include <cstdint>

#include "wengert/export.h"

WENGERT_NAMESPACE_BEGIN

enum class DType : uint8_t {
  bool_,
  uint8,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64,
  complex64,
  complex128,
};
inline constexpr int kDTypeCount = 12;

// Ordered: a kind absorbs the kinds before it when dtypes are promoted.
enum class DTypeKind : uint8_t { boolean, integer, floating, complex };

constexpr size_t item_size(DType t) {
  constexpr uint8_t sizes[kDTypeCount] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
  return sizes[static_cast<int>(t)];
}
constexpr DTypeKind kind_of(DType t) {
  return t == DType::bool_     ? DTypeKind::boolean
         : t <= DType::int64   ? DTypeKind::integer
         : t <= DType::float64 ? DTypeKind::floating
                               : DTypeKind::complex;
}
constexpr bool is_floating(DType t) { return kind_of(t) == DTypeKind::floating; }
constexpr bool is_complex(DType t) { return kind_of(t) == DTypeKind::complex; }
constexpr bool is_integral(DType t) { return kind_of(t) <= DTypeKind::integer; }  // includes bool
// The dtype of a complex dtype's parts; a real one itself.
constexpr DType real_of(DType t) {
  return t == DType::complex64 ? DType::float32 : t == DType::complex128 ? DType::float64 : t;
}
// The complex dtype whose parts hold a real dtype; there is none narrower than complex64.
constexpr DType complex_for(DType t) {
  return t == DType::float64 || t == DType::complex128 ? DType::complex128 : DType::complex64;
}
// Only floating and complex tensors carry gradients.
constexpr bool is_differentiable(DType t) { return kind_of(t) >= DTypeKind::floating; }

WENGERT_API const char* name_of(DType t);  // "float32"

// The smallest dtype that both convert to, for two tensors of one or more dimensions.
WENGERT_API DType promote(DType a, DType b);

// The dtype floating results take when none is asked for; float32 unless changed.
WENGERT_API DType default_dtype();
WENGERT_API void set_default_dtype(DType t);

WENGERT_NAMESPACE_END
