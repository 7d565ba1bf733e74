// A matrix prepared for many products with few rows.
#pragma once

#include "kernels/gemm.h"
#include "runtime/parallel.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

// The transpose of a matrix w (n, k), cut into panels of columns that lie one after the other: a
// product reads them in a row, where the rows of a wide matrix would displace each other from the
// cache.
class Panels {
 public:
  explicit Panels(const Tensor& w);
  // c (m, n) = or += a (m, k) w^T + bias; the bias may be null.
  void product(int64_t m, const void* a, void* c, bool accumulate, const void* bias) const;

 private:
  kernels::Gemm part(int64_t panel, int64_t m, const void* a, void* c, bool accumulate,
                     const void* bias) const;

  Tensor data_;
  DType dtype_;
  int64_t n_, k_, width_;
};

WENGERT_NAMESPACE_END
