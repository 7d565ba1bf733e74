// Products with sparse matrices.
#include <cmath>
#include <mutex>

#include "autograd/mode.h"
#include "ops/sparse_coo.h"
#include "runtime/half.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

namespace {

constinit std::mutex plans_lock;

SparsePlans plans_of(const Tensor& a) {
  const SparseParts& p = sparse_parts(a);
  {
    const std::lock_guard lock(plans_lock);
    if (p.plans && p.plans->rows.defined()) return *p.plans;
  }
  const RecordingGuard off(false);
  const Tensor row = select(p.indices, 0, 0), column = select(p.indices, 0, 1);
  const SparsePlans made{sparse_plan(row, column, a.size(0), a.size(1)),
                         sparse_plan(column, row, a.size(1), a.size(0))};
  const std::lock_guard lock(plans_lock);
  if (p.plans) *p.plans = made;
  return made;
}

// `rows` is what a must have of dimensions, `columns` b.
void check(const char* op, const Tensor& a, const Tensor& b, int64_t rows, int64_t columns) {
  WG_CHECK(a.defined() && b.defined() && a.dim() == rows && b.dim() == columns, Error, op,
           ": expected tensors of ", rows, " and ", columns, " dimensions, but got shapes ",
           a.shape(), " and ", b.shape());
  for (const Tensor* t : {&a, &b}) {
    WG_CHECK(!sparse::is_sparse(*t) || dense_dim(*t) == 0, Error, op,
             ": expected matrices of numbers, but one has dense blocks");
  }
  WG_CHECK(a.size(-1) == b.size(b.dim() == 1 ? 0 : -2), Error, op, ": the last dimension of ",
           a.shape(), " must equal the first of ", b.shape());
  WG_CHECK(a.dtype() == b.dtype(), Error, op, ": expected two tensors of one dtype, but got ",
           a.dtype(), " and ", b.dtype());
}

Tensor with_dense(const Tensor& a, const Tensor& x) {
  const SparseParts& p = sparse_parts(a);
  const DType dtype = p.values.dtype();
  if (is_half(dtype)) {
    return with_dense(like(a, p.values.to(DType::float32)), x.to(DType::float32)).to(dtype);
  }
  if (dtype != DType::float32 && dtype != DType::float64) {
    const Tensor taken = index_select(x, 0, select(p.indices, 0, 1));
    return sum_by(unsqueeze(p.values, -1) * taken, select(p.indices, 0, 0), a.size(0));
  }
  const SparsePlans plans = plans_of(a);
  return sparse_product(plans.rows, plans.columns, p.values, x, a.size(0));
}

// Each entry of the first meets the entries of one row of the second.
Tensor with_sparse(const Tensor& a, const Tensor& b) {
  const SparseParts &x = sparse_parts(a), &y = sparse_parts(b);
  const Tensor inner = select(x.indices, 0, 1).contiguous();
  const Tensor row = select(x.indices, 0, 0).contiguous();
  const SparsePlan second(
      sparse_plan(select(y.indices, 0, 0), select(y.indices, 0, 1), b.size(0), b.size(1)),
      b.size(0));
  std::vector<int64_t> left, right, rows, columns;
  for (int64_t k = 0; k < inner.numel(); ++k) {
    const int64_t i = inner.data<int64_t>()[k];
    for (int64_t e = second.first()[i]; e < second.first()[i + 1]; ++e) {
      left.push_back(k);
      right.push_back(second.position()[e]);
      rows.push_back(row.data<int64_t>()[k]);
      columns.push_back(second.column()[e]);
    }
  }
  const Tensor values = index_select(x.values, 0, index_tensor(left)) *
                        index_select(y.values, 0, index_tensor(right));
  return coalesce(
      made(stack({index_tensor(rows), index_tensor(columns)}), values, {a.size(0), b.size(1)}));
}

}  // namespace

Tensor transpose(const Tensor& t, int64_t dim0, int64_t dim1) {
  const char* op = "sparse::transpose";
  const SparseParts& p = parts_of(op, t);
  const int64_t a = wrapped(op, dim0, t.dim()), b = wrapped(op, dim1, t.dim());
  if (a == b) return t;
  const int64_t n = p.indices.size(0);
  WG_CHECK(a < n && b < n, Error, op, ": only the ", n,
           " indexed dimensions can change places, but got ", dim0, " and ", dim1);
  std::vector<int64_t> order, shape = t.shape().vec();
  for (int64_t d = 0; d < n; ++d) order.push_back(d == a ? b : d == b ? a : d);
  std::swap(shape[static_cast<size_t>(a)], shape[static_cast<size_t>(b)]);
  const Tensor turned = made(index_select(p.indices, 0, index_tensor(order)), p.values, shape);
  if (t.dim() == 2 && p.plans) {
    const std::lock_guard lock(plans_lock);
    *sparse_parts(turned).plans = {p.plans->columns, p.plans->rows};
  }
  return turned;
}

Tensor t(const Tensor& matrix) {
  const SparseParts& p = parts_of("sparse::t", matrix);
  WG_CHECK(matrix.dim() == 2 && p.values.dim() == 1, Error,
           "sparse::t: expected a sparse matrix, but got shape ", matrix.shape());
  return sparse::transpose(matrix, 0, 1);
}

Tensor mm(const Tensor& a, const Tensor& b) {
  const bool left = sparse::is_sparse(a), right = sparse::is_sparse(b);
  if (!left && !right) return wengert::mm(a, b);
  check("sparse::mm", a, b, 2, 2);
  if (left) return right ? with_sparse(a, b) : with_dense(a, b);
  return with_dense(sparse::t(b), a.t()).t();
}

Tensor mv(const Tensor& a, const Tensor& x) {
  parts_of("sparse::mv", a);
  WG_CHECK(!sparse::is_sparse(x), Error,
           "sparse::mv: expected a dense vector; convert with to_dense()");
  check("sparse::mv", a, x, 2, 1);
  return select(with_dense(a, unsqueeze(x, -1)), 1, 0);
}

Tensor bmm(const Tensor& a, const Tensor& b) {
  const char* op = "sparse::bmm";
  const SparseParts& p = parts_of(op, a);
  WG_CHECK(!sparse::is_sparse(b), Error, op,
           ": expected a dense second batch; convert with to_dense()");
  check(op, a, b, 3, 3);
  const int64_t batches = a.size(0), n = a.size(1), m = a.size(2), columns = b.size(2);
  WG_CHECK(b.size(0) == batches, Error, op, ": expected two batches of one size, but got shapes ",
           a.shape(), " and ", b.shape());
  // One matrix with those of the batch along its diagonal.
  const std::vector<Tensor> at = unbind(p.indices);
  const Tensor places = stack({at[0] * n + at[1], at[0] * m + at[2]});
  const Tensor diagonal = made(places, p.values, {batches * n, batches * m});
  return sparse::mm(diagonal, b.reshape({batches * m, columns})).reshape({batches, n, columns});
}

Tensor addmm(const Tensor& input, const Tensor& a, const Tensor& b, double beta, double alpha) {
  WG_CHECK(!sparse::is_sparse(input), Error,
           "sparse::addmm: expected a dense input; sparse tensors do not expand");
  const char* op = "sparse::addmm";
  const Tensor product = sparse::mm(a, b);
  WG_CHECK(input.dtype() == product.dtype(), Error, op,
           ": expected an input of the products' dtype, ", product.dtype(), ", but got ",
           input.dtype());
  const bool whole = is_integral(product.dtype());
  WG_CHECK(!whole || (beta == std::floor(beta) && alpha == std::floor(alpha)), Error, op,
           ": beta and alpha must be whole numbers beside integers, but are ", beta, " and ",
           alpha);
  const auto number = [&](double v) { return whole ? Scalar(static_cast<int64_t>(v)) : Scalar(v); };
  const auto times = [&](const Tensor& t, double v) { return v == 1 ? t : t * number(v); };
  // What is not added must not be looked at: it may be infinite.
  const Tensor all = expand(input, product.shape());
  const Tensor scaled = beta == 0 ? zeros_like(all) : times(all, beta);
  if (sparse::is_sparse(product)) return sparse::add(scaled, product, number(alpha));
  return beta == 0 ? times(product, alpha) : scaled + times(product, alpha);
}

}  // namespace sparse
WENGERT_NAMESPACE_END
