// Arithmetic of weak scalars, as gradient expressions with a number in place of a tensor need it.
#pragma once

#include "ops/elementwise.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

inline Scalar operator-(const Scalar& a, double b) { return a.to_double() - b; }
inline Scalar operator+(const Scalar& a, double b) { return a.to_double() + b; }
inline bool operator==(const Scalar& a, double b) { return a.equal(b); }
inline bool operator>(const Scalar& a, double b) { return a.to_double() > b; }
inline Tensor select(bool condition, double a, const Tensor& b) {
  return condition ? full(b.shape(), a, b.dtype()) : b;
}

}  // namespace elementwise
WENGERT_NAMESPACE_END
