// Sparse tensors by places and values, for programs in C++.
#include "ops/sparse_coo.h"

#include <algorithm>
#include <numeric>

#include "ops/operations.h"
#include "tensor/check.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

const SparseParts& parts_of(const char* op, const Tensor& t) {
  WG_CHECK(t.defined() && wengert::is_sparse(t), Error, op,
           ": expected a sparse tensor, but got a dense one");
  return sparse_parts(t);
}

int64_t wrapped(const char* op, int64_t dim, int64_t dims) {
  WG_CHECK(dim >= -dims && dim < dims, IndexError, op, ": dimension ", dim,
           " is out of range for a tensor of ", dims, " dimensions");
  return dim < 0 ? dim + dims : dim;
}

Tensor made(const Tensor& indices, const Tensor& values, Dims shape, bool coalesced) {
  return new_sparse(shape, {indices, values, coalesced || values.size(0) < 2});
}

Tensor like(const Tensor& t, const Tensor& values) {
  SparseParts parts = sparse_parts(t);
  parts.values = values;
  return new_sparse(t.shape(), std::move(parts));
}

std::vector<int64_t> flat_places(const Tensor& given, Dims shape) {
  const Tensor indices = given.contiguous();
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

Places distinct(const Tensor& indices, Dims shape) {
  const std::vector<int64_t> at = flat_places(indices, shape);
  const auto place = [&](int64_t k) { return at[static_cast<size_t>(k)]; };
  Places p;
  p.order.resize(at.size());
  p.groups.resize(at.size());
  std::iota(p.order.begin(), p.order.end(), int64_t{0});
  std::stable_sort(p.order.begin(), p.order.end(),
                   [&](int64_t a, int64_t b) { return place(a) < place(b); });
  for (size_t k = 0; k < at.size(); ++k) {
    if (k == 0 || place(p.order[k]) != place(p.order[k - 1])) p.first.push_back(p.order[k]);
    p.groups[k] = static_cast<int64_t>(p.first.size()) - 1;
  }
  return p;
}

Tensor index_tensor(const std::vector<int64_t>& at) {
  return from_data(at.data(), {static_cast<int64_t>(at.size())}, DType::int64);
}

Tensor sum_by(const Tensor& values, const Tensor& groups, int64_t count) {
  const DType dtype = values.dtype();
  if (is_half(dtype)) {
    return to(sum_by(to(values, DType::float32), groups, count), dtype);
  }
  if (dtype == DType::bool_) {
    return to(sum_by(to(values, DType::int64), groups, count), dtype);
  }
  std::vector<int64_t> shape = values.shape().vec();
  shape[0] = count;
  return index_add(zeros(shape, dtype), 0, groups, values);
}

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
  return made(indices.detach(), values, shape);
}

bool is_sparse(const Tensor& t) { return t.defined() && wengert::is_sparse(t); }
Tensor indices(const Tensor& t) { return parts_of("indices", t).indices; }
Tensor values(const Tensor& t) { return parts_of("values", t).values; }
bool is_coalesced(const Tensor& t) { return parts_of("is_coalesced", t).coalesced; }
int64_t sparse_dim(const Tensor& t) { return parts_of("sparse_dim", t).indices.size(0); }
int64_t dense_dim(const Tensor& t) { return parts_of("dense_dim", t).values.dim() - 1; }
int64_t nnz(const Tensor& t) { return parts_of("nnz", t).values.size(0); }

Tensor coalesce(const Tensor& t) {
  const SparseParts& p = parts_of("coalesce", t);
  if (p.coalesced) return t;
  const Places places = distinct(p.indices, t.shape());
  Tensor values = index_select(p.values, 0, index_tensor(places.order));
  if (places.first.size() < places.order.size()) {
    values = sum_by(values, index_tensor(places.groups), static_cast<int64_t>(places.first.size()));
  }
  return made(index_select(p.indices, 1, index_tensor(places.first)), values, t.shape(), true);
}

Tensor to_dense(const Tensor& t) {
  if (!sparse::is_sparse(t)) return t;
  const SparseParts& p = sparse_parts(t);
  int64_t places = 1;
  for (int64_t d = 0; d < p.indices.size(0); ++d) places *= t.size(d);
  const Tensor at = index_tensor(flat_places(p.indices, t.shape()));
  return reshape(sum_by(p.values, at, places), t.shape());
}

Tensor to_sparse(const Tensor& t, std::optional<int64_t> sparse_dims) {
  const char* op = "to_sparse";
  if (sparse::is_sparse(t)) {
    WG_CHECK(!sparse_dims || *sparse_dims == sparse_dim(t), Error, op,
             ": a sparse tensor keeps its ", sparse_dim(t), " indexed dimensions");
    return t;
  }
  const int64_t n = sparse_dims.value_or(t.dim());
  WG_CHECK(n >= std::min<int64_t>(1, t.dim()) && n <= t.dim(), Error, op,
           ": expected sparse_dim to be from ", std::min<int64_t>(1, t.dim()), " to ", t.dim(),
           ", but got ", n);
  Tensor there;
  {
    const RecordingGuard off(false);
    there = t.detach() != 0;
    std::vector<int64_t> dense;
    for (int64_t d = n; d < t.dim(); ++d) dense.push_back(d);
    if (!dense.empty()) there = any(there, dense);
  }
  if (n == 0) {
    const int64_t count = there.item().to_bool() ? 1 : 0;
    return made(zeros({0, count}, DType::int64), narrow(t.reshape({1}), 0, 0, count), {}, true);
  }
  const Tensor at = nonzero(there).t().contiguous();
  return made(at, index(t, unbind(at)), t.shape(), true);
}

Tensor sparse_mask(const Tensor& t, const Tensor& mask) {
  const char* op = "sparse_mask";
  const Tensor& at = parts_of(op, mask).indices;
  WG_CHECK(!sparse::is_sparse(t), Error, op, ": expected a dense tensor; convert with to_dense()");
  WG_CHECK(t.shape() == mask.shape(), Error, op, ": expected a mask of shape ", t.shape(),
           ", but got ", mask.shape());
  if (at.size(0) > 0) return like(mask, index(t, unbind(at)));
  std::vector<int64_t> shape = t.shape().vec();
  shape.insert(shape.begin(), at.size(1));
  return like(mask, expand(t, shape));
}

}  // namespace sparse
WENGERT_NAMESPACE_END
