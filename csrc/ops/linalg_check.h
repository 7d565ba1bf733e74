// Checks of the matrices that linear algebra takes.
#pragma once

#include "ops/op.h"
#include "wengert/ops/factors.h"

WENGERT_NAMESPACE_BEGIN

// The last two dimensions are a matrix of float32, float64, complex64 or complex128.
inline void check_matrix(const char* op, const Tensor& t) {
  const TensorImpl& x = *detail::input(op, t);
  WG_CHECK(x.ndim >= 2, Error, op, ": expected a matrix or a batch of them, but got shape ",
           x.sizes());
  WG_CHECK(is_differentiable(x.dtype) && item_size(x.dtype) >= 4, Error, op,
           ": expected dtype float32, float64, complex64 or complex128, but got ", x.dtype,
           "; convert with to()");
}
inline void check_square(const char* op, const Tensor& t) {
  check_matrix(op, t);
  WG_CHECK(t.size(-1) == t.size(-2), Error, op, ": expected square matrices, but got shape ",
           t.shape());
}
// Two batches of matrices with their leading dimensions broadcast.
inline std::pair<Tensor, Tensor> broadcast_batches(const char* op, const Tensor& a,
                                                   const Tensor& b) {
  const Dims x = a.shape(), y = b.shape();
  Shape batch;
  WG_CHECK(broadcast_shapes(Dims(x.data(), x.size() - 2), Dims(y.data(), y.size() - 2), batch),
           Error, op, ": the leading dimensions of ", x, " and ", y, " do not broadcast");
  const auto whole = [&](const Tensor& t) {
    Shape s = batch;
    s.push(t.size(-2));
    s.push(t.size(-1));
    return t.shape() == Dims(s) ? t : expand(t, s);
  };
  return {whole(a), whole(b)};
}

inline Tensor turned(const Tensor& t) { return transpose(t, -2, -1); }
inline Tensor adjoint(const Tensor& t) { return conj(turned(t)); }

WENGERT_NAMESPACE_END
