#include "wengert/dtype.h"

#include <atomic>
#include <string>

#include "wengert/error.h"
#include "wengert/scalar.h"

WENGERT_NAMESPACE_BEGIN

namespace {

std::atomic<DType> default_setting{DType::float32};

DType promote_integers(DType a, DType b) {
  if (a == b) return a;
  if (a == DType::uint8 || b == DType::uint8) {
    const DType other = a == DType::uint8 ? b : a;
    return other == DType::int8 ? DType::int16 : other;  // int16 holds both ranges
  }
  return a > b ? a : b;
}

DType promote_floats(DType a, DType b) {
  if (a == b) return a;
  const DType wider = a > b ? a : b;
  return wider == DType::bfloat16 ? DType::float32 : wider;  // float16 with bfloat16
}

}  // namespace

const char* name_of(DType t) {
  static constexpr const char* names[kDTypeCount] = {
      "bool",    "uint8",    "int8",    "int16",   "int32",     "int64",
      "float16", "bfloat16", "float32", "float64", "complex64", "complex128"};
  return names[static_cast<int>(t)];
}

DType promote(DType a, DType b) {
  const DTypeKind ka = kind_of(a), kb = kind_of(b);
  if (ka < kb) return promote(b, a);
  if (ka == kb) {
    if (ka == DTypeKind::integer) return promote_integers(a, b);
    return ka == DTypeKind::floating ? promote_floats(a, b) : (a > b ? a : b);
  }
  if (ka == DTypeKind::complex && kb == DTypeKind::floating) {
    return promote(a, complex_for(b));
  }
  return a;
}

DType promote(DType t, const Scalar& s) {
  if (s.kind() <= kind_of(t)) return t;
  if (s.kind() == DTypeKind::complex && is_floating(t)) return complex_for(t);
  return dtype_of(s);
}

DType dtype_of(const Scalar& s) {
  switch (s.kind()) {
    case DTypeKind::boolean:
      return DType::bool_;
    case DTypeKind::integer:
      return DType::int64;
    case DTypeKind::floating:
      return default_dtype();
    case DTypeKind::complex:
      break;
  }
  return complex_for(default_dtype());
}

DType default_dtype() { return default_setting.load(std::memory_order_relaxed); }

void set_default_dtype(DType t) {
  if (!is_floating(t)) {
    throw TypeError(std::string("set_default_dtype: expected a floating-point dtype, got ") +
                    name_of(t));
  }
  default_setting.store(t, std::memory_order_relaxed);
}

WENGERT_NAMESPACE_END
