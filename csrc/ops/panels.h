// A matrix prepared for many products.
#pragma once

#include "kernels/gemm.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

// A dense matrix w, (n, k) and turned or (k, n), in the order in which products with it read it.
// Products are of w's dtype, their results too, or float32 where `wide`. Only for dtypes that
// kernels::gemm_packs.
class Panels {
 public:
  Panels(const Tensor& w, bool turned, bool wide = false);
  // c (m, n) = or += a (m, k) w^T, or a w, + bias. The bias may be null, and is float32 where w has
  // 16 bits.
  void product(int64_t m, const void* a, void* c, bool accumulate,
               const void* bias = nullptr) const;

 private:
  kernels::Gemm product_;  // what is the same in all of them
  Tensor data_;
};

WENGERT_NAMESPACE_END
