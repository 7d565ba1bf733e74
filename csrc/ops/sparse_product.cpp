// Products of sparse matrices, given by their entries, with dense ones.
#include <algorithm>

#include "kernels/sparse.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/sparse_coo.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

SparsePlan::SparsePlan(const Tensor& plan, int64_t n)
    : held(as_contiguous(plan, DType::int64)), rows(n), count((held.numel() - n - 2) / 2) {}

namespace {

struct Plan : SparsePlan {
  using SparsePlan::SparsePlan;
  // f(SparseRows) for parts of the rows, whose work is that of `width` elements for each entry.
  template <class F>
  void each(int64_t width, F&& f) const {
    const int64_t work = (count * (width + 4)) / (rows + 1) + 4;
    runtime::parallel_for(rows, kParallelGrain / work + 1, [&](int64_t begin, int64_t end) {
      f(kernels::SparseRows{begin, end, first(), column(), position()});
    });
  }
};

Tensor planned(int64_t rows, int64_t columns, int64_t count, const int64_t* row,
               const int64_t* column, const int64_t* position) {
  const Tensor plan = new_tensor(DType::int64, {rows + 2 + 2 * count});
  int64_t* first = plan.data<int64_t>();
  first[rows + 1 + 2 * count] = columns;
  std::fill(first, first + rows + 1, 0);
  for (int64_t k = 0; k < count; ++k) ++first[row[k] + 1];
  for (int64_t r = 0; r < rows; ++r) first[r + 1] += first[r];
  // Entries of a row stay in their order; first[r] moves to the end of row r and is moved back.
  int64_t *c = first + rows + 1, *p = c + count;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t e = first[row[k]]++;
    c[e] = column[k];
    p[e] = position ? position[k] : k;
  }
  for (int64_t r = rows; r > 0; --r) first[r] = first[r - 1];
  first[0] = 0;
  return plan;
}

// The plan of the transposed matrix, of `columns` rows.
Tensor transposed(const Tensor& plan, int64_t rows, int64_t columns) {
  const Plan p(plan, rows);
  const Tensor row = new_tensor(DType::int64, {p.count});
  for (int64_t r = 0; r < rows; ++r) {
    std::fill(row.data<int64_t>() + p.first()[r], row.data<int64_t>() + p.first()[r + 1], r);
  }
  return planned(columns, rows, p.count, p.column(), row.data<int64_t>(), p.position());
}

// The other plan, if it was not given.
Tensor other_plan(Vjp& v, int64_t rows, int64_t columns) {
  return v.has_saved(1) ? v.saved(1) : transposed(v.saved(0), rows, columns);
}

Tensor inner(const Tensor& plan, const Tensor& other, const Tensor& g, const Tensor& x);

// Inputs: the plan of a matrix of `rows` rows, that of the transposed matrix or none, the values
// (count) and a dense matrix. Output: their product.
struct SparseProduct {
  int64_t rows;
  static constexpr const char* name = "sparse_product";
  WG_FIELDS(rows)
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2, for_input(3)),
                                   save_input(3, for_input(2))};
  void infer(Infer& m) const {
    m.out().dtype = m.in(3).dtype;
    m.out().shape.push(rows);
    m.out().shape.push(m.in(3).shape()[1]);
  }
  void compute(Compute& c) const {
    const Plan plan(c.in(0), rows);
    const Tensor values = as_contiguous(c.in(2)), x = as_contiguous(c.in(3));
    const int64_t n = x.size(1);
    plan.each(n, [&](const kernels::SparseRows& part) {
      kernels::sparse(x.dtype()).product(part, n, c.out().data(), values.data(), x.data());
    });
  }
  void vjp(Vjp& v) const {
    if (v.needs(2))
      v.set(2, inner(v.saved(0), v.has_saved(1) ? v.saved(1) : Tensor(), v.grad(), v.saved(3)));
    if (v.needs(3)) {
      const int64_t columns = v.shape(3).d[0];
      v.set(3, apply_optional(SparseProduct{columns}, other_plan(v, rows, columns), v.saved(0),
                              v.saved(2), v.grad()));
    }
  }
};

// Inputs: the plans as above and two dense matrices. Output: for each entry (r, c) the inner
// product of row r of the first and row c of the second.
struct SparseInner {
  WG_NO_FIELDS
  static constexpr const char* name = "sparse_inner";
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2, for_input(3)),
                                   save_input(3, for_input(2))};
  void infer(Infer& m) const {
    m.out().dtype = m.in(2).dtype;
    m.out().shape.push((m.in(0).numel - m.in(2).shape()[0] - 2) / 2);
  }
  void compute(Compute& c) const {
    const Tensor g = as_contiguous(c.in(2)), x = as_contiguous(c.in(3));
    const Plan plan(c.in(0), g.size(0));
    const int64_t n = g.size(1);
    plan.each(n, [&](const kernels::SparseRows& part) {
      kernels::sparse(g.dtype()).inner(part, n, c.out().data(), g.data(), x.data());
    });
  }
  void vjp(Vjp& v) const {
    const int64_t rows = v.shape(2).d[0], columns = v.shape(3).d[0];
    const Tensor other = v.has_saved(1) ? v.saved(1) : Tensor();
    if (v.needs(2)) {
      v.set(2, apply_optional(SparseProduct{rows}, v.saved(0), other, v.grad(), v.saved(3)));
    }
    if (v.needs(3)) {
      v.set(3, apply_optional(SparseProduct{columns}, other_plan(v, rows, columns), v.saved(0),
                              v.grad(), v.saved(2)));
    }
  }
};

Tensor inner(const Tensor& plan, const Tensor& other, const Tensor& g, const Tensor& x) {
  return apply_optional(SparseInner{}, plan, other, g, x);
}

}  // namespace

Tensor sparse_plan(const Tensor& row, const Tensor& column, int64_t rows, int64_t columns) {
  const char* op = "sparse_plan";
  WG_CHECK(row.dim() == 1 && row.shape() == column.shape(), Error, op,
           ": expected as many rows as columns, but got shapes ", row.shape(), " and ",
           column.shape());
  const Tensor r = as_contiguous(row, DType::int64), c = as_contiguous(column, DType::int64);
  check_indices(r, rows, op);
  check_indices(c, columns, op);
  return planned(rows, columns, r.numel(), r.data<int64_t>(), c.data<int64_t>(), nullptr);
}

Tensor sparse_product(const Tensor& plan, const Tensor& other_plan, const Tensor& values,
                      const Tensor& dense, int64_t rows) {
  const char* op = "sparse_product";
  WG_CHECK(dense.dim() == 2 && values.dim() == 1, Error, op,
           ": expected values of one dimension and a matrix, but got shapes ", values.shape(),
           " and ", dense.shape());
  WG_CHECK(values.dtype() == dense.dtype() &&
               (values.dtype() == DType::float32 || values.dtype() == DType::float64),
           Error, op, ": expected both to be float32 or float64, but got ", values.dtype(), " and ",
           dense.dtype());
  const int64_t count = values.numel();
  WG_CHECK(
      plan.numel() == rows + 2 + 2 * count && select(plan, 0, -1).item().to_int() == dense.size(0),
      Error, op, ": the plan is of another matrix");
  return apply_optional(SparseProduct{rows}, plan, other_plan, values, dense);
}

namespace {
constexpr Function rows[] = {
    make_function<sparse_plan>(
        "_sparse_plan", "row, column, rows, columns", kFunction | kInternal,
        "The entries of a sparse matrix in the order of its rows, for _sparse_product"),
    make_function<sparse_product>("_sparse_product", "plan, other_plan, values, dense, rows",
                                  kFunction | kInternal,
                                  "The product of a sparse matrix and a dense one; other_plan, "
                                  "that of the transposed matrix, "
                                  "may be None"),
};
}  // namespace

extern const FunctionTable sparse_product_functions;
const FunctionTable sparse_product_functions = {rows, std::size(rows)};

WG_OPERATIONS(sparse_product, operation<SparseInner>(), operation<SparseProduct>())

WENGERT_NAMESPACE_END
