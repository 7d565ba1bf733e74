// Sparse tensors by places and values, for programs in C++.
#include <limits>

#include "autograd/sparse.h"
#include "ops/operations.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

namespace {

const SparseParts& parts_of(const char* op, const Tensor& t) {
  WG_CHECK(t.defined() && wengert::is_sparse(t), Error, op,
           ": expected a sparse tensor, but got a dense one");
  return sparse_parts(t);
}

// The places as numbers in row-major order over the indexed dimensions, of which there are `count`.
Tensor flat(const Tensor& indices, Dims shape, int64_t& count) {
  count = 1;
  Tensor at = zeros({indices.size(1)}, DType::int64);
  for (int64_t d = 0; d < indices.size(0); ++d) {
    const int64_t n = shape[static_cast<size_t>(d)];
    WG_CHECK(!__builtin_mul_overflow(count, n, &count), Error, "sparse tensor: shape ", shape,
             " has too many places to count");
    at = at * n + select(indices, 0, d);
  }
  return at;
}

// Sums of the rows of values that belong to each of the groups.
Tensor sum_by(const Tensor& values, const Tensor& groups, int64_t count) {
  Shape s;
  s.push(count);
  for (int64_t i = 1; i < values.dim(); ++i) s.push(values.size(i));
  return index_add(zeros(Dims(s), values.dtype()), 0, groups, values);
}

}  // namespace

Tensor coo_tensor(const Tensor& indices, const Tensor& values, Dims shape) {
  const char* op = "coo_tensor";
  WG_CHECK(indices.defined() && values.defined(), TypeError, op, ": expected indices and values");
  WG_CHECK(indices.dim() == 2 && indices.dtype() == DType::int64, Error, op,
           ": expected indices (sparse dimensions, count) of int64, but got shape ",
           indices.shape(), " of ", indices.dtype());
  const int64_t n = indices.size(0), count = indices.size(1);
  WG_CHECK(values.dim() >= 1 && values.size(0) == count, Error, op, ": got ", count,
           " indices, but values of shape ", values.shape());
  const Dims dense = Dims(values.shape().begin() + 1, static_cast<size_t>(values.dim() - 1));
  WG_CHECK(static_cast<int64_t>(shape.size()) == n + values.dim() - 1 &&
               Dims(shape.begin() + n, dense.size()) == dense,
           Error, op, ": values of shape ", values.shape(), " at places of ", n,
           " dimensions do not fit in the shape ", shape);
  const RecordingGuard off(false);
  for (int64_t d = 0; d < n && count > 0; ++d) {
    const Tensor of = select(indices, 0, d);
    const int64_t low = min(of).item<int64_t>(), high = max(of).item<int64_t>();
    const int64_t size = shape[static_cast<size_t>(d)];
    WG_CHECK(low >= 0 && high < size, Error, op, ": found index ", low < 0 ? low : high,
             " for dimension ", d, ", whose size is ", size);
  }
  return new_sparse(shape, {indices.detach(), values, false});
}

bool is_sparse(const Tensor& t) { return t.defined() && wengert::is_sparse(t); }
Tensor indices(const Tensor& t) { return parts_of("indices", t).indices; }
Tensor values(const Tensor& t) { return parts_of("values", t).values; }

Tensor coalesce(const Tensor& t) {
  const SparseParts& p = parts_of("coalesce", t);
  if (p.coalesced) return t;
  int64_t places = 0;
  const auto [first, group, counts] = unique(flat(p.indices, t.shape(), places));
  const int64_t found = first.numel();
  // Any entry of a place has its indices.
  Tensor at = zeros({p.indices.size(0), found}, DType::int64);
  if (found > 0) at = index_copy(at, 1, group, p.indices);
  return new_sparse(t.shape(), {at, sum_by(p.values, group, found), true});
}

Tensor to_dense(const Tensor& t) {
  if (!sparse::is_sparse(t)) return t;
  const SparseParts& p = sparse_parts(t);
  int64_t places = 0;
  const Tensor at = flat(p.indices, t.shape(), places);
  return reshape(sum_by(p.values, at, places), t.shape());
}

}  // namespace sparse
WENGERT_NAMESPACE_END
