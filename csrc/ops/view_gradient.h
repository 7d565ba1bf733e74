// The gradient of views that show a part of their input.
#pragma once

#include "autograd/algebra.h"
#include "autograd/mode.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

// Adds the gradient to the part of the input's gradient that `op` shows, or makes one that is zero
// elsewhere. Differentiable: the copy into the part is recorded.
template <class Op>
void view_gradient(Vjp& v, const Op& op) {
  const bool done = v.accumulate(0, [&](Tensor& whole) {
    Tensor part = apply(op, whole);
    add_(part, v.grad());
  });
  if (done) return;
  Tensor whole = algebra::new_zeros(v.grad(), v.shape(0), v.grad().dtype());
  Tensor part = apply(op, whole);
  copy_(part, v.grad());
  v.set(0, std::move(whole));
}

WENGERT_NAMESPACE_END
