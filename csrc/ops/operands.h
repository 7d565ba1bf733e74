// Functions that take a tensor or a number on either side.
#pragma once

#include "ops/function.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

// One call for tensors and numbers on either side; two numbers make a 0-d tensor.
template <class F>
Tensor with_operands(const Operand& a, const Operand& b, F f) {
  if (a.tensor && b.tensor) return f(*a.tensor, *b.tensor);
  if (a.tensor) return f(*a.tensor, b.scalar);
  if (b.tensor) return f(a.scalar, *b.tensor);
  return f(scalar(a.scalar), b.scalar);
}

// The operand as a tensor; a number becomes a 0-d one, which is as weak in promotion as it.
inline Tensor as_tensor(const Operand& o) { return o.tensor ? *o.tensor : scalar(o.scalar); }

WENGERT_NAMESPACE_END
