// The matrix product on memory, shared by the operations that contain one.
#pragma once

#include "autograd/vjp.h"
#include "tensor/impl.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// A matrix, or a batch of them: a tensor of two or three dimensions, whose last two are exchanged
// if it is turned.
struct Factor {
  Factor(const Tensor& t, bool turned = false) : t(t), turned(turned) {}
  const Tensor& t;
  bool turned;
};

// c = or += a b, for factors of one dtype; c is contiguous, whatever its shape. Only float32 and
// float64 are accumulated. A bias adds a number to each column of a floating product.
void matrix_product(const char* op, const Factor& a, const Factor& b, const Tensor& c,
                    bool accumulate, const Tensor* bias = nullptr);

// Whether the rule may multiply memory: no mode must see its products as operations.
inline bool multiplies_memory(const Vjp& v) {
  return is_floating(v.grad().dtype()) && !v.create_graph() && !(thread_mode.word & kSlowModes);
}

// A gradient of this shape in such a rule.
inline Tensor product_gradient(const char* op, const Factor& a, const Factor& b, Dims shape) {
  Tensor c = new_tensor(a.t.dtype(), shape);
  matrix_product(op, a, b, c, false);
  return c;
}

WENGERT_NAMESPACE_END
