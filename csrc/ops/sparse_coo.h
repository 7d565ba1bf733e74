// What operations on sparse tensors are made of.
#pragma once

#include <vector>

#include "autograd/sparse.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

// Error, in the name of `op`, for a dense tensor.
const SparseParts& parts_of(const char* op, const Tensor& t);
int64_t wrapped(const char* op, int64_t dim, int64_t dims);
Tensor index_tensor(const std::vector<int64_t>& at);

// Coalesced too if there are fewer than two entries.
Tensor made(const Tensor& indices, const Tensor& values, Dims shape, bool coalesced = false);
// Other values at the same places.
Tensor like(const Tensor& t, const Tensor& values);

// The places as numbers, counted in row-major order over the indexed dimensions, of which there
// must not be more than can be counted.
std::vector<int64_t> flat_places(const Tensor& indices, Dims shape);
// The distinct places in order.
struct Places {
  std::vector<int64_t> order;   // the entries by place, those of one as they were
  std::vector<int64_t> groups;  // of each entry in that order, the number of its place
  std::vector<int64_t> first;   // an entry of each place
};
Places distinct(const Tensor& indices, Dims shape);

// The sums of the rows of values that belong to each of `count` groups.
Tensor sum_by(const Tensor& values, const Tensor& groups, int64_t count);

}  // namespace sparse

// What a plan says, one int64 tensor: where each row begins and the last one ends, then the column
// of each entry, then its position among the values, then how many columns there are.
struct SparsePlan {
  Tensor held;  // as_contiguous
  int64_t rows, count;

  SparsePlan(const Tensor& plan, int64_t rows);
  const int64_t* first() const { return held.data<int64_t>(); }
  const int64_t* column() const { return first() + rows + 1; }
  const int64_t* position() const { return column() + count; }
};
// The entries of a matrix by rows, those of one row as they were, and the product of the matrix
// with a dense one; `other_plan`, that of the transposed matrix, may be undefined
// (ops/sparse_product.cpp).
Tensor sparse_plan(const Tensor& row, const Tensor& column, int64_t rows, int64_t columns);
Tensor sparse_product(const Tensor& plan, const Tensor& other_plan, const Tensor& values,
                      const Tensor& dense, int64_t rows);

namespace detail {
// Error for an alpha that cannot scale what becomes a tensor of this dtype (ops/arithmetic.cpp).
void check_alpha(const char* op, DType result, const Scalar& alpha);
}  // namespace detail

WENGERT_NAMESPACE_END
