// Products of matrices and batches of them.
#include <utility>

#include "kernels/gemm.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/product.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// A factor as GEMM reads it: row-major or its transpose, copied only where it is neither.
struct GemmOperand {
  GemmOperand(const Factor& f, DType dtype) {
    if (f.t.impl()->dtype != dtype) copy = as_contiguous(f.t, dtype);
    if (!read(copy.defined() ? *copy.impl() : *f.t.impl())) {
      copy = dense_copy(*f.t.impl(), dtype);
      const bool readable = read(*copy.impl());
      WG_ASSERT(readable);
    }
    if (f.turned) {
      transposed = !transposed;
      std::swap(rows, columns);
    }
  }

  const void* data;
  int64_t rows, columns, ld, batch_stride;
  bool transposed;
  Tensor copy;

 private:
  bool read(const TensorImpl& x) {
    const int r = x.ndim - 2, c = x.ndim - 1;
    data = x.data;
    rows = x.shape()[r];
    columns = x.shape()[c];
    batch_stride = x.ndim == 3 && x.shape()[0] > 1 ? x.strides()[0] : 0;
    if (batch_stride < 0) return false;
    const int64_t down = rows == 1 ? columns : x.strides()[r];
    transposed = false;
    ld = down;
    if ((columns == 1 || x.strides()[c] == 1) && down >= columns) return true;
    const int64_t across = columns == 1 ? rows : x.strides()[c];
    transposed = true;
    ld = across;
    return (rows == 1 || x.strides()[r] == 1) && across >= rows;
  }
};

Tensor contiguous_factor(const Factor& f, DType dtype) {
  return as_contiguous(f.turned ? transpose(f.t, -2, -1) : f.t, dtype);
}

void check_dtypes(const char* op, DType a, DType b) {
  WG_CHECK(a == b, Error, op, ": both inputs must have one dtype, but got ", a, " and ", b,
           "; convert one with to()");
}

// Integers have no GEMM; a plain loop keeps them exact.
template <class T>
void integer_loop(const Tensor& a, const Tensor& b, const Tensor& out) {
  const int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1),
                batch = a.dim() == 3 ? a.size(0) : 1;
  const T *x = a.data<T>(), *y = b.data<T>();
  T* z = out.data<T>();
  for (int64_t p = 0; p < batch; ++p, x += m * k, y += k * n, z += m * n) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) z[i * n + j] = 0;
      for (int64_t l = 0; l < k; ++l) {
        const T v = x[i * k + l];
        for (int64_t j = 0; j < n; ++j)
          z[i * n + j] = static_cast<T>(z[i * n + j] + v * y[l * n + j]);
      }
    }
  }
}

void integer_product(const Factor& a, const Factor& b, const Tensor& c) {
  const Tensor x = contiguous_factor(a, c.dtype()), y = contiguous_factor(b, c.dtype());
  switch (c.dtype()) {
    case DType::uint8:
      return integer_loop<uint8_t>(x, y, c);
    case DType::int8:
      return integer_loop<int8_t>(x, y, c);
    case DType::int16:
      return integer_loop<int16_t>(x, y, c);
    case DType::int32:
      return integer_loop<int32_t>(x, y, c);
    case DType::int64:
      return integer_loop<int64_t>(x, y, c);
    default:
      throw InternalError("matrix product: expected integers, got another dtype (a bug)");
  }
}

// (a + bi)(c + di) by four products of real matrices.
void complex_product(const char* op, const Factor& a, const Factor& b, const Tensor& c) {
  RecordingGuard off(false);
  const auto parts = [&](const Factor& f) {
    const Tensor z = view_as_real(contiguous_factor(f, c.dtype()));
    return std::pair(contiguous(wengert::select(z, -1, 0)), contiguous(wengert::select(z, -1, 1)));
  };
  const auto [ar, ai] = parts(a);
  const auto [br, bi] = parts(b);
  const auto product = [&](const Tensor& x, const Tensor& y) {
    const Tensor z = new_tensor(x.dtype(), c.shape());
    matrix_product(op, x, y, z, false);
    return z;
  };
  const Tensor re = product(ar, br) - product(ai, bi), im = product(ar, bi) + product(ai, br);
  copy_elements(*c.impl(), *complex(re, im).impl());
}

}  // namespace

void matrix_product(const char* op, const Factor& a, const Factor& b, const Tensor& c,
                    bool accumulate, const Tensor* bias) {
  const TensorImpl& z = *c.impl();
  WG_CHECK(z.dtype != DType::bool_, NotImplementedError, op,
           ": not available for bool; convert with to()");
  if (is_integral(z.dtype)) return integer_product(a, b, c);
  if (is_complex(z.dtype)) {
    WG_ASSERT(!accumulate && !bias);
    return complex_product(op, a, b, c);
  }
  check_dtypes(op, a.t.impl()->dtype, b.t.impl()->dtype);
  const DType t = z.dtype;
  const GemmOperand left(a, t), right(b, t);
  kernels::Gemm g;
  g.dtype = t;
  g.transpose_a = left.transposed;
  g.transpose_b = right.transposed;
  g.m = left.rows;
  g.n = right.columns;
  g.k = left.columns;
  g.a = left.data;
  g.lda = left.ld;
  g.b = right.data;
  g.ldb = right.ld;
  g.c = z.data;
  g.ldc = g.n;
  g.accumulate = accumulate;
  Tensor added;
  if (bias) {
    added = as_contiguous(*bias, t == DType::float64 ? t : DType::float32);
    g.epilogue = kernels::Epilogue::bias;
    g.bias = added.data();
  }
  if (a.t.impl()->ndim == 3) {
    kernels::gemm_batched(g, a.t.impl()->shape()[0], left.batch_stride, right.batch_stride,
                          g.m * g.n);
  } else {
    kernels::gemm(g);
  }
}

namespace {

// The gradients of a product: g b^T and a^T g, added in place where there is something to add to.
template <class Multiply>
void product_vjp(const char* op, Vjp& v, Multiply multiply) {
  const Tensor& g = v.grad();
  for (int i = 0; i < 2; ++i) {
    if (!v.needs(i)) continue;
    const Tensor& other = v.saved(1 - i);
    const bool added = v.dtype(i) == g.dtype() && is_floating(g.dtype()) &&
                       item_size(g.dtype()) >= 4 && v.accumulate(i, [&](Tensor& sum) {
                         if (i == 0)
                           matrix_product(op, g, {other, true}, sum, true);
                         else
                           matrix_product(op, {other, true}, g, sum, true);
                       });
    if (added) continue;
    if (multiplies_memory(v)) {
      v.set(i, i == 0 ? product_gradient(op, g, {other, true}, v.shape(0))
                      : product_gradient(op, {other, true}, g, v.shape(1)));
      continue;
    }
    const Tensor turned = conj(transpose(other, -2, -1));
    v.set(i, i == 0 ? multiply(g, turned) : multiply(turned, g));
  }
}

struct Mm {
  static constexpr const char* name = "mm";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::multilinear;
  bool batch(Batch& b) const {
    b.set(0, matmul(b.in(0), b.in(1)));
    return true;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) {
    const Dims a = s.inputs[0];
    return 2 * Sizes::count(s.outputs[0]) * a[a.size() - 1];
  }
  void infer(Infer& m) const {
    const TensorImpl &a = m.in(0), &b = m.in(1);
    WG_CHECK(a.shape()[1] == b.shape()[0], Error, "matmul: the last dimension of ", a.sizes(),
             " must equal the first of ", b.sizes(), "; transpose one of them?");
    WG_CHECK(a.dtype == b.dtype, Error, "matmul: both inputs must have one dtype, but got ",
             a.dtype, " and ", b.dtype, "; convert one with to()");
    m.out().dtype = a.dtype;
    m.out().shape.push(a.shape()[0]);
    m.out().shape.push(b.shape()[1]);
  }
  void compute(Compute& c) const { matrix_product("matmul", c.in(0), c.in(1), c.out(), false); }
  void vjp(Vjp& v) const { product_vjp("matmul", v, mm); }
};

struct Bmm {
  static constexpr const char* name = "bmm";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::multilinear;
  bool batch(Batch& b) const {
    b.set(0, matmul(b.in(0), b.in(1)));
    return true;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) {
    const Dims a = s.inputs[0];
    return 2 * Sizes::count(s.outputs[0]) * a[a.size() - 1];
  }
  void infer(Infer& m) const {
    const TensorImpl &a = m.in(0), &b = m.in(1);
    WG_CHECK(a.shape()[0] == b.shape()[0] && a.shape()[2] == b.shape()[1], Error,
             "bmm: expected shapes (b, n, k) and (b, k, m), but got ", a.sizes(), " and ",
             b.sizes());
    WG_CHECK(a.dtype == b.dtype, Error, "bmm: both inputs must have one dtype, but got ", a.dtype,
             " and ", b.dtype, "; convert one with to()");
    m.out().dtype = a.dtype;
    m.out().shape.push(a.shape()[0]);
    m.out().shape.push(a.shape()[1]);
    m.out().shape.push(b.shape()[2]);
  }
  void compute(Compute& c) const { matrix_product("bmm", c.in(0), c.in(1), c.out(), false); }
  void vjp(Vjp& v) const { product_vjp("bmm", v, bmm); }
};

}  // namespace

Tensor mm(const Tensor& input, const Tensor& mat2) {
  WG_CHECK(input.dim() == 2 && mat2.dim() == 2, Error, "mm: expected two matrices, but got shapes ",
           input.shape(), " and ", mat2.shape(), "; use matmul() for other products");
  return apply(Mm{}, input, mat2);
}

Tensor bmm(const Tensor& input, const Tensor& mat2) {
  WG_CHECK(input.dim() == 3 && mat2.dim() == 3, Error,
           "bmm: expected two 3-d tensors, but got shapes ", input.shape(), " and ", mat2.shape(),
           "; use matmul() for other products");
  return apply(Bmm{}, input, mat2);
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  const TensorImpl &x = *detail::input("matmul", a), &y = *detail::input("matmul", b);
  if (x.ndim == 2 && y.ndim == 2) return apply(Mm{}, a, b);
  WG_CHECK(x.ndim > 0 && y.ndim > 0, Error,
           "matmul: inputs must have at least one dimension, "
           "but got shapes ",
           x.sizes(), " and ", y.sizes(), "; multiply by a number with *");
  const int64_t k = x.shape()[x.ndim - 1], k2 = y.shape()[y.ndim == 1 ? 0 : y.ndim - 2];
  WG_CHECK(k == k2, Error, "matmul: the last dimension of ", x.sizes(),
           y.ndim == 1 ? " must equal the size of " : " must equal the last but one of ", y.sizes(),
           "; transpose one of them?");
  if (x.ndim == 1 || y.ndim == 1) {
    // A vector is a matrix with one row or column, which is then dropped.
    Tensor left = x.ndim == 1 ? unsqueeze(a, 0) : a, right = y.ndim == 1 ? unsqueeze(b, 1) : b;
    Tensor c = matmul(left, right);
    if (y.ndim == 1) c = squeeze(c, {-1});
    if (x.ndim == 1) c = squeeze(c, {y.ndim == 1 ? -1 : -2});
    return c;
  }
  const int64_t n = x.shape()[x.ndim - 2], m = y.shape()[y.ndim - 1];
  if (y.ndim == 2) {
    // One matrix for the whole batch: a single product with more rows.
    Shape out = x.sizes();
    out.d[out.ndim - 1] = m;
    int64_t rows = 1;
    for (int i = 0; i < x.ndim - 1; ++i) rows *= x.shape()[i];
    return reshape(apply(Mm{}, reshape(a, {rows, k}), b), out);
  }
  Shape batch;
  WG_CHECK(broadcast_shapes({x.shape(), static_cast<size_t>(x.ndim - 2)},
                            {y.shape(), static_cast<size_t>(y.ndim - 2)}, batch),
           Error, "matmul: the leading dimensions of ", x.sizes(), " and ", y.sizes(),
           " do not broadcast");
  int64_t count = 1;
  for (int i = 0; i < batch.ndim; ++i) count *= batch.d[i];
  const auto batched = [&](const Tensor& t, int64_t rows, int64_t columns) {
    Shape full = batch;
    full.push(rows);
    full.push(columns);
    return reshape(t.shape() == Dims(full) ? t : expand(t, full), {count, rows, columns});
  };
  Shape out = batch;
  out.push(n);
  out.push(m);
  return reshape(apply(Bmm{}, batched(a, n, k), batched(b, k, m)), out);
}

namespace {
constexpr Function rows[] = {
    make_function<matmul>(
        "matmul", "input, other", kFunction | kMethod | kOut,
        "Matrix product: dot product of two vectors, matrix times vector, or a batch of products "
        "whose leading dimensions broadcast",
        "T((3, 4)), T((4, 2))\nT((4,)), T((4,))\nT((3, 4)), T((4,))\nT((4,)), T((4, 2))\nT((2, 3, "
        "4)), T((2, 4, 2))\nT((2, 1, 3, 4)), T((5, 4, 2))\nT((2, 3, 4)), T((4, 2))\nT((0, 4)), "
        "T((4, 2))\nT((2, 0)), T((0, 3))",
        "np.matmul(input, other)"),
    make_function<mm>("mm", "input, mat2", kFunction | kMethod | kOut, "Product of two matrices",
                      "T((3, 4)), T((4, 2))", "input @ mat2"),
    make_function<bmm>("bmm", "input, mat2", kFunction | kMethod | kOut,
                       "Products of two batches of matrices", "T((2, 3, 4)), T((2, 4, 2))",
                       "input @ mat2"),
};
}  // namespace

extern const FunctionTable matmul_functions;
const FunctionTable matmul_functions = {rows, std::size(rows)};

WG_OPERATIONS(matmul, operation<Mm>(), operation<Bmm>())

WENGERT_NAMESPACE_END
