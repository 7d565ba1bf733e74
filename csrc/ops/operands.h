// Functions that take a tensor or a number on either side.
#pragma once

#include <string_view>

#include "ops/function.h"
#include "tensor/check.h"
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

// The functions that PyTorch lets make a tensor of two numbers; the others need a tensor.
constexpr bool takes_two_numbers(std::string_view name) {
  return name == "mul" || name == "floor_divide" || name == "multiply" || name == "true_divide";
}
template <class F>
Tensor with_tensor_operand(const char* op, const Operand& a, const Operand& b, F f) {
  WG_CHECK(a.tensor || b.tensor || takes_two_numbers(op), TypeError, op,
           ": expected at least one tensor, but got two numbers; make one with tensor()");
  return with_operands(a, b, f);
}

// The operand as a tensor; a number becomes a 0-d one, which is as weak in promotion as it.
inline Tensor as_tensor(const Operand& o) { return o.tensor ? *o.tensor : scalar(o.scalar); }

WENGERT_NAMESPACE_END
