// Products of vectors, matrices and batches with something added, and those made of them.
#include "ops/product.h"

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"
#include "wengert/ops/einsum.h"

WENGERT_NAMESPACE_BEGIN

namespace {

bool is_one(const Scalar& s) { return s.equal(1); }
Tensor times(const Tensor& t, const Scalar& s) { return is_one(s) ? t : mul(t, s); }

// beta input + alpha a b, for matrices or batches of them.
struct AddProduct {
  Scalar beta, alpha;
  static constexpr const char* name = "addmm";
  WG_FIELDS(beta, alpha)
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, times(j.tangent(0), beta));
    if (j.has(1)) j.add(0, times(matmul(j.tangent(1), j.in(2)), alpha));
    if (j.has(2)) j.add(0, times(matmul(j.in(1), j.tangent(2)), alpha));
  }
  bool batch(Batch& b) const {
    const Tensor product = times(matmul(b.front(1), b.in(2)), alpha);
    Shape aligned;
    if (b.batched(0)) aligned.push(b.size());
    for (int64_t i = b.ndim(0); i < b.ndim(1); ++i) aligned.push(1);
    for (const int64_t d : b.shape(0)) aligned.push(d);
    const bool adds = !beta.equal(0);
    b.set(0, adds ? add(times(reshape(b.in(0), aligned), beta), product) : product);
    return true;
  }
  static constexpr Save saves[] = {save_input(1, for_input(2)), save_input(2, for_input(1))};
  static int64_t flops(const Sizes& s) {
    const Dims a = s.inputs[1];
    return 2 * Sizes::count(s.outputs[0]) * a[a.size() - 1];
  }
  void infer(Infer& m) const {
    const TensorImpl &x = m.in(0), &a = m.in(1), &b = m.in(2);
    const int n = a.ndim;
    const char* op = n == 2 ? "addmm" : "baddbmm";
    WG_CHECK(a.dtype == b.dtype && a.dtype == x.dtype, Error, op,
             ": all inputs must have one dtype, but got ", x.dtype, ", ", a.dtype, " and ", b.dtype,
             "; convert with to()");
    WG_CHECK(a.shape()[n - 1] == b.shape()[n - 2] && (n == 2 || a.shape()[0] == b.shape()[0]),
             Error, op, ": shapes ", a.sizes(), " and ", b.sizes(), " cannot be multiplied");
    WG_CHECK(!(is_integral(x.dtype) &&
               (beta.kind() > DTypeKind::integer || alpha.kind() > DTypeKind::integer)),
             Error, op, ": beta and alpha must be whole numbers beside integers");
    m.out().dtype = x.dtype;
    if (n == 3) m.out().shape.push(a.shape()[0]);
    m.out().shape.push(a.shape()[n - 2]);
    m.out().shape.push(b.shape()[n - 1]);
    Shape both;
    WG_CHECK(broadcast_shapes(x.sizes(), m.out().shape, both) && Dims(both) == Dims(m.out().shape),
             Error, op, ": a tensor of shape ", x.sizes(),
             " does not broadcast to the product's shape ", Dims(m.out().shape));
  }
  void compute(Compute& c) const {
    const Tensor& out = c.out();
    const bool adds = !beta.equal(0);
    const Tensor a = times(c.in(1), alpha);
    if (!adds || out.dtype() == DType::float32 || out.dtype() == DType::float64) {
      if (adds) copy_elements(*out.impl(), *times(c.in(0), beta).impl());
      matrix_product(name, a, c.in(2), out, adds);
      return;
    }
    matrix_product(name, a, c.in(2), out, false);
    Tensor sum = out;
    add_(sum, times(c.in(0), beta));
  }
  void vjp(Vjp& v) const {
    const Tensor& g = v.grad();
    if (v.needs(0)) v.set(0, times(g, beta));
    if (v.needs(1)) v.set(1, times(matmul(g, transpose(v.saved(1), -2, -1)), alpha));
    if (v.needs(2)) v.set(2, times(matmul(transpose(v.saved(0), -2, -1), g), alpha));
  }
};

void check_dim(const char* op, const char* argument, const Tensor& t, int64_t ndim) {
  WG_CHECK(detail::input(op, t)->ndim == ndim, Error, op, ": ", argument, " must have ", ndim,
           ndim == 1 ? " dimension" : " dimensions", ", but has shape ", t.shape());
}
void check_dtypes(const char* op, const Tensor& a, const Tensor& b) {
  WG_CHECK(a.dtype() == b.dtype(), Error, op, ": both inputs must have one dtype, but got ",
           a.dtype(), " and ", b.dtype(), "; convert one with to()");
}

}  // namespace

Tensor mv(const Tensor& input, const Tensor& vec) {
  check_dim("mv", "input", input, 2);
  check_dim("mv", "vec", vec, 1);
  check_dtypes("mv", input, vec);
  return matmul(input, vec);
}

Tensor dot(const Tensor& input, const Tensor& other) {
  check_dim("dot", "input", input, 1);
  check_dim("dot", "other", other, 1);
  check_dtypes("dot", input, other);
  WG_CHECK(input.numel() == other.numel(), Error, "dot: both vectors must have one size, but got ",
           input.numel(), " and ", other.numel());
  return matmul(input, other);
}

Tensor vdot(const Tensor& input, const Tensor& other) { return dot(conj(input), other); }

Tensor inner(const Tensor& input, const Tensor& other) {
  if (detail::input("inner", input)->ndim == 0 || detail::input("inner", other)->ndim == 0)
    return mul(input, other);
  WG_CHECK(input.size(-1) == other.size(-1), Error,
           "inner: the last dimensions must agree, but the shapes are ", input.shape(), " and ",
           other.shape());
  check_dtypes("inner", input, other);
  return tensordot(input, other, {-1}, {-1});
}

Tensor outer(const Tensor& input, const Tensor& vec2) {
  check_dim("outer", "input", input, 1);
  check_dim("outer", "vec2", vec2, 1);
  return mul(unsqueeze(input, 1), vec2);
}

Tensor addmm(const Tensor& input, const Tensor& mat1, const Tensor& mat2, const Scalar& beta,
             const Scalar& alpha) {
  check_dim("addmm", "mat1", mat1, 2);
  check_dim("addmm", "mat2", mat2, 2);
  return apply(AddProduct{beta, alpha}, input, mat1, mat2);
}

Tensor baddbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
               const Scalar& alpha) {
  check_dim("baddbmm", "batch1", batch1, 3);
  check_dim("baddbmm", "batch2", batch2, 3);
  return apply(AddProduct{beta, alpha}, input, batch1, batch2);
}

Tensor addbmm(const Tensor& input, const Tensor& batch1, const Tensor& batch2, const Scalar& beta,
              const Scalar& alpha) {
  check_dim("addbmm", "batch1", batch1, 3);
  check_dim("addbmm", "batch2", batch2, 3);
  WG_CHECK(batch1.size(0) == batch2.size(0) && batch1.size(2) == batch2.size(1), Error,
           "addbmm: shapes ", batch1.shape(), " and ", batch2.shape(), " cannot be multiplied");
  // One product with the batches side by side.
  const int64_t inner_size = batch1.size(0) * batch1.size(2);
  return addmm(input, reshape(transpose(batch1, 0, 1), {batch1.size(1), inner_size}),
               reshape(batch2, {inner_size, batch2.size(2)}), beta, alpha);
}

Tensor addmv(const Tensor& input, const Tensor& mat, const Tensor& vec, const Scalar& beta,
             const Scalar& alpha) {
  check_dim("addmv", "mat", mat, 2);
  check_dim("addmv", "vec", vec, 1);
  const Tensor column = detail::input("addmv", input)->ndim == 0 ? input : unsqueeze(input, -1);
  return squeeze(addmm(column, mat, unsqueeze(vec, 1), beta, alpha), {1});
}

Tensor addr(const Tensor& input, const Tensor& vec1, const Tensor& vec2, const Scalar& beta,
            const Scalar& alpha) {
  const Tensor product = times(outer(vec1, vec2), alpha);
  return beta.equal(0) ? product : add(times(input, beta), product);
}

Tensor kron(const Tensor& input, const Tensor& other) {
  const TensorImpl &a = *detail::input("kron", input), &b = *detail::input("kron", other);
  const int n = a.ndim > b.ndim ? a.ndim : b.ndim;
  WG_CHECK(2 * n <= kMaxDims, Error, "kron: at most ", kMaxDims / 2,
           " dimensions, but the shapes are ", a.sizes(), " and ", b.sizes());
  Shape left, right, out;
  for (int i = 0; i < n; ++i) {
    const int ia = i - (n - a.ndim), ib = i - (n - b.ndim);
    const int64_t p = ia < 0 ? 1 : a.shape()[ia], q = ib < 0 ? 1 : b.shape()[ib];
    left.push(p);
    left.push(1);
    right.push(1);
    right.push(q);
    out.push(p * q);
  }
  return reshape(mul(reshape(input, left), reshape(other, right)), out);
}

Tensor cross(const Tensor& input, const Tensor& other, int64_t dim) {
  const TensorImpl &x = *detail::input("cross", input), &y = *detail::input("cross", other);
  WG_CHECK(x.ndim == y.ndim, Error,
           "cross: both inputs must have as many dimensions, but the shapes are ", x.sizes(),
           " and ", y.sizes());
  const int64_t d = wrap_dim("cross", dim, x.ndim);
  WG_CHECK(x.ndim > 0 && x.shape()[d] == 3 && y.shape()[d] == 3, Error, "cross: dimension ", dim,
           " must have size 3, but the shapes are ", x.sizes(), " and ", y.sizes());
  // The three components, starting with the k-th.
  const auto from = [&](const Tensor& t, int64_t k) {
    return cat({slice(t, d, k, 3), slice(t, d, 0, k)}, d);
  };
  return sub(mul(from(input, 1), from(other, 2)), mul(from(input, 2), from(other, 1)));
}

Tensor tensordot(const Tensor& a, const Tensor& b, Dims dims_a, Dims dims_b) {
  const TensorImpl &x = *detail::input("tensordot", a), &y = *detail::input("tensordot", b);
  WG_CHECK(dims_a.size() == dims_b.size(), Error,
           "tensordot: expected as many dimensions of each tensor, "
           "but got ",
           dims_a, " and ", dims_b);
  bool summed_a[kMaxDims] = {}, summed_b[kMaxDims] = {};
  std::vector<int64_t> order_a, order_b, last_a;
  int64_t inner_size = 1;
  for (size_t i = 0; i < dims_a.size(); ++i) {
    const int64_t da = wrap_dim("tensordot", dims_a[i], x.ndim),
                  db = wrap_dim("tensordot", dims_b[i], y.ndim);
    WG_CHECK(!summed_a[da] && !summed_b[db], Error, "tensordot: a dimension appears twice in ",
             dims_a, " or ", dims_b);
    WG_CHECK(x.shape()[da] == y.shape()[db], Error, "tensordot: dimension ", da, " of ", x.sizes(),
             " and dimension ", db, " of ", y.sizes(), " must have one size");
    summed_a[da] = summed_b[db] = true;
    inner_size *= x.shape()[da];
    last_a.push_back(da);
    order_b.push_back(db);
  }
  Shape out;
  int64_t n = 1, m = 1;
  for (int64_t d = 0; d < x.ndim; ++d) {
    if (summed_a[d]) continue;
    order_a.push_back(d);
    out.push(x.shape()[d]);
    n *= x.shape()[d];
  }
  order_a.insert(order_a.end(), last_a.begin(), last_a.end());
  for (int64_t d = 0; d < y.ndim; ++d) {
    if (summed_b[d]) continue;
    order_b.push_back(d);
    out.push(y.shape()[d]);
    m *= y.shape()[d];
  }
  return reshape(mm(reshape(permute(a, order_a), {n, inner_size}),
                    reshape(permute(b, order_b), {inner_size, m})),
                 out);
}

namespace {

Tensor torch_cross(const Tensor& input, const Tensor& other, std::optional<int64_t> dim) {
  if (dim) return cross(input, other, *dim);
  for (int64_t d = 0; d < input.dim(); ++d) {
    if (input.size(d) == 3) return cross(input, other, d);
  }
  fail<Error>("cross: no dimension of shape ", input.shape(), " has size 3");
}

constexpr uint32_t kUsual = kFunction | kMethod | kOut;
constexpr uint32_t kChanging = kUsual | kInPlace;

constexpr Function rows[] = {
    make_function<mv>("mv", "input, vec", kUsual, "Matrix times vector",
                      "T((3, 4)), T((4,))\nT((0, 4)), T((4,))\nT((3, 0)), T((0,))", "input @ vec"),
    make_function<dot>("dot", "input, tensor", kUsual, "Dot product of two vectors",
                       "T((4,)), T((4,))\nT((0,)), T((0,))", "np.dot(input, tensor)"),
    make_function<vdot>("vdot", "input, other", kUsual | kAlias,
                        "Dot product of two vectors, the first conjugated"),
    make_function<inner>(
        "inner", "input, other", kUsual,
        "Sums of products over the last dimension of both; the product where one is a number",
        "T((4,)), T((4,))\nT((2, 3, 4)), T((5, 4))\nT(()), T((2, 3))", "np.inner(input, other)"),
    make_function<outer>("outer", "input, vec2", kUsual,
                         "Every element of one vector times every element of the other",
                         "T((3,)), T((4,))\nT((0,)), T((4,))", "np.outer(input, vec2)"),
    make_function<outer>("ger", "input, vec2", kUsual | kAlias, "Another name of outer"),
    make_function<addmm>("addmm", "input, mat1, mat2, *, beta=1, alpha=1", kChanging,
                         "beta input + alpha mat1 mat2",
                         "T((3, 2)), T((3, 4)), T((4, 2))\nT((2,)), T((3, 4)), T((4, 2)), "
                         "beta=0.5, alpha=2.0\nT(()), T((3, 0)), T((0, 2)), beta=3",
                         "beta * input + alpha * (mat1 @ mat2)"),
    make_function<baddbmm>("baddbmm", "input, batch1, batch2, *, beta=1, alpha=1", kChanging,
                           "beta input + alpha batch1 batch2, product by product",
                           "T((2, 3, 2)), T((2, 3, 4)), T((2, 4, 2))\nT((3, 1)), T((2, 3, 4)), "
                           "T((2, 4, 2)), beta=0.5, alpha=2.0",
                           "beta * input + alpha * (batch1 @ batch2)"),
    make_function<addbmm>("addbmm", "input, batch1, batch2, *, beta=1, alpha=1", kChanging,
                          "beta input + alpha times the sum of the products of a batch",
                          "T((3, 2)), T((5, 3, 4)), T((5, 4, 2))\nT((2,)), T((5, 3, 4)), T((5, 4, "
                          "2)), beta=0.5, alpha=2.0",
                          "beta * input + alpha * (batch1 @ batch2).sum(0)"),
    make_function<addmv>(
        "addmv", "input, mat, vec, *, beta=1, alpha=1", kChanging, "beta input + alpha mat vec",
        "T((3,)), T((3, 4)), T((4,))\nT(()), T((3, 4)), T((4,)), beta=0.5, alpha=2.0",
        "beta * input + alpha * (mat @ vec)"),
    make_function<addr>(
        "addr", "input, vec1, vec2, *, beta=1, alpha=1", kChanging,
        "beta input + alpha times the outer product of two vectors",
        "T((3, 4)), T((3,)), T((4,))\nT((4,)), T((3,)), T((4,)), beta=0.5, alpha=2.0",
        "beta * input + alpha * np.outer(vec1, vec2)"),
    make_function<kron>("kron", "input, other", kUsual, "Kronecker product",
                        "T((2, 3)), T((3, 2))\nT((2,)), T((2, 3))\nT(()), T((3,))",
                        "np.kron(input, other)"),
    make_function<torch_cross>(
        "cross", "input, other, dim=None", kUsual,
        "Cross products along a dimension of size 3, by default the first such",
        "T((3,)), T((3,))\nT((4, 3)), T((4, 3)), 1\nT((4, 3)), T((1, 3)), -1",
        "np.cross(input, other)"),
    make_function<cross>("_linalg_cross", "input, other, *, dim=-1", kFunction | kInternal,
                         "Cross products along a dimension of size 3", "T((2, 3)), T((2, 3))",
                         "np.cross(input, other)"),
    make_function<tensordot>(
        "_tensordot", "a, b, dims_a, dims_b", kFunction | kInternal,
        "Sums over the given dimensions of each, taken pair by pair",
        "T((2, 3, 4)), T((4, 3, 5)), (1, 2), (1, 0)\nT((2, 3)), T((4,)), (), ()",
        "np.tensordot(a, b, (dims_a, dims_b))"),
};
}  // namespace

extern const FunctionTable product_functions;
const FunctionTable product_functions = {rows, std::size(rows)};

WG_OPERATIONS(product, operation<AddProduct>())

WENGERT_NAMESPACE_END
