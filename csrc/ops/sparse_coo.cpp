// Sparse tensors by places and values, for programs in C++.
#include <algorithm>
#include <numeric>

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

// The places as numbers, counted in row-major order over the indexed dimensions: new_sparse has
// seen that they can be.
std::vector<int64_t> flat_places(const SparseParts& parts, Dims shape) {
  const Tensor indices = parts.indices.contiguous();
  const int64_t count = indices.size(1);
  std::vector<int64_t> at(static_cast<size_t>(count));
  for (int64_t d = 0; d < indices.size(0); ++d) {
    const int64_t* row = indices.data<int64_t>() + d * count;
    for (size_t k = 0; k < at.size(); ++k) {
      at[k] = at[k] * shape[static_cast<size_t>(d)] + row[k];
    }
  }
  return at;
}

Tensor index_tensor(const std::vector<int64_t>& at) {
  return from_data(at.data(), {static_cast<int64_t>(at.size())}, DType::int64);
}

// The sums of the rows of values that belong to each of `count` groups.
Tensor sum_by(const Tensor& values, const Tensor& groups, int64_t count) {
  const DType dtype = values.dtype();
  if (dtype == DType::float16 || dtype == DType::bfloat16) {
    return to(sum_by(to(values, DType::float32), groups, count), dtype);
  }
  if (dtype == DType::bool_) {
    return to(sum_by(to(values, DType::int64), groups, count), dtype);
  }
  std::vector<int64_t> shape = values.shape().vec();
  shape[0] = count;
  return index_add(zeros(shape, dtype), 0, groups, values);
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
  for (const int64_t size : shape) {
    WG_CHECK(size >= 0, Error, op, ": sizes must not be negative, but got the shape ", shape);
  }
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
  const std::vector<int64_t> at = flat_places(p, t.shape());
  const auto place = [&](int64_t k) { return at[static_cast<size_t>(k)]; };
  std::vector<int64_t> order(at.size()), groups(at.size()), first;
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return place(a) < place(b); });
  for (size_t k = 0; k < order.size(); ++k) {
    if (k == 0 || place(order[k]) != place(order[k - 1])) first.push_back(order[k]);
    groups[k] = static_cast<int64_t>(first.size()) - 1;
  }
  Tensor values = index_select(p.values, 0, index_tensor(order));
  if (first.size() < order.size()) {
    values = sum_by(values, index_tensor(groups), static_cast<int64_t>(first.size()));
  }
  return new_sparse(t.shape(), {index_select(p.indices, 1, index_tensor(first)), values, true});
}

Tensor to_dense(const Tensor& t) {
  if (!sparse::is_sparse(t)) return t;
  const SparseParts& p = sparse_parts(t);
  int64_t places = 1;
  for (int64_t d = 0; d < p.indices.size(0); ++d) places *= t.size(d);
  const Tensor at = index_tensor(flat_places(p, t.shape()));
  return reshape(sum_by(p.values, at, places), t.shape());
}

}  // namespace sparse
WENGERT_NAMESPACE_END
