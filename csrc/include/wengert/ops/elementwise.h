// Elementwise operations. Two tensors broadcast against each other; a number beside a tensor does
// not change its dtype within its kind. The formulas stand in unary.def, binary.def and test.def.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

#define WG_UNARY(name, ...)                     \
  WENGERT_API Tensor name(const Tensor& input); \
  WENGERT_API Tensor& name##_(Tensor& self);
#include "wengert/ops/unary.def"
#undef WG_UNARY

#define WG_TEST(name, ...) WENGERT_API Tensor name(const Tensor& input);
#include "wengert/ops/test.def"
#undef WG_TEST

#define WG_BINARY(name, ...)                                      \
  WENGERT_API Tensor name(const Tensor& a, const Tensor& b);      \
  WENGERT_API Tensor name(const Tensor& a, const Scalar& b);      \
  WENGERT_API Tensor name(const Scalar& a, const Tensor& b);      \
  WENGERT_API Tensor& name##_(Tensor& self, const Tensor& other); \
  WENGERT_API Tensor& name##_(Tensor& self, const Scalar& other);
#define WG_COMPARE(name, ...) WG_BINARY(name)
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE

// input where condition (bool, or uint8) is true, other elsewhere; all three broadcast.
WENGERT_API Tensor where(const Tensor& condition, const Tensor& input, const Tensor& other);

#define WG_OPERATOR(symbol, name)                                                        \
  inline Tensor operator symbol(const Tensor& a, const Tensor& b) { return name(a, b); } \
  inline Tensor operator symbol(const Tensor& a, const Scalar& b) { return name(a, b); } \
  inline Tensor operator symbol(const Scalar& a, const Tensor& b) { return name(a, b); }
WG_OPERATOR(+, add)
WG_OPERATOR(-, sub)
WG_OPERATOR(*, mul)
WG_OPERATOR(/, div)
WG_OPERATOR(<, lt)
WG_OPERATOR(<=, le)
WG_OPERATOR(>, gt)
WG_OPERATOR(>=, ge)
WG_OPERATOR(==, eq)
WG_OPERATOR(!=, ne)
#undef WG_OPERATOR
inline Tensor operator-(const Tensor& a) { return neg(a); }
inline Tensor& operator+=(Tensor& a, const Tensor& b) { return add_(a, b); }
inline Tensor& operator-=(Tensor& a, const Tensor& b) { return sub_(a, b); }
inline Tensor& operator*=(Tensor& a, const Tensor& b) { return mul_(a, b); }
inline Tensor& operator/=(Tensor& a, const Tensor& b) { return div_(a, b); }

WENGERT_NAMESPACE_END
