// Arithmetic of sparse tensors: all of it is done with their values.
#include <algorithm>
#include <limits>
#include <numeric>

#include "autograd/mode.h"
#include "ops/sparse_coo.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops.h"
#include "wengert/ops/grid.h"

WENGERT_NAMESPACE_BEGIN
namespace sparse {

namespace {

void check_same_shape(const char* op, const Tensor& a, const Tensor& b) {
  WG_CHECK(a.defined() && b.defined() && a.shape() == b.shape(), Error, op,
           ": expected two tensors of one shape, but got ", a.shape(), " and ", b.shape());
}

bool same_places(const SparseParts& a, const SparseParts& b) {
  return a.indices.is_same(b.indices) ||
         (a.indices.shape() == b.indices.shape() && equal(a.indices, b.indices));
}

Tensor number(const Tensor& t) { return t.dim() == 0 && !sparse::is_sparse(t) ? t : Tensor(); }

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  const char* op = "sparse::add";
  const SparseParts& y = parts_of(op, b);
  check_same_shape(op, a, b);
  const DType dtype = promote(a.dtype(), b.dtype());
  detail::check_alpha(op, dtype, alpha);
  const Tensor values = alpha.equal(1) ? y.values : y.values.to(dtype) * alpha;
  if (!sparse::is_sparse(a)) {
    if (y.indices.size(0) == 0) return a + wengert::sum(values, {0});
    return index_put(a.to(dtype), unbind(y.indices), values.to(dtype), true);
  }
  const SparseParts& x = sparse_parts(a);
  WG_CHECK(x.indices.size(0) == y.indices.size(0), Error, op,
           ": expected as many sparse dimensions, but got ", x.indices.size(0), " and ",
           y.indices.size(0));
  const bool coalesced = x.coalesced && y.coalesced;
  if (same_places(x, y)) return made(x.indices, x.values + values, a.shape(), coalesced);
  const Tensor both =
      made(cat({x.indices, y.indices}, 1), cat({x.values.to(dtype), values.to(dtype)}), a.shape());
  return coalesced ? coalesce(both) : both;
}

Tensor sub(const Tensor& a, const Tensor& b, const Scalar& alpha) {
  WG_CHECK(!a.defined() || !b.defined() || (a.dtype() != DType::bool_ && b.dtype() != DType::bool_),
           NotImplementedError, "sparse::sub: not defined for bools; convert them first");
  return sparse::add(a, b,
                     alpha.kind() == DTypeKind::complex    ? Scalar(-alpha.to_complex())
                     : alpha.kind() == DTypeKind::floating ? Scalar(-alpha.to_double())
                                                           : Scalar(-alpha.to_int()));
}

Tensor mul(const Tensor& t, const Scalar& number) {
  return like(t, parts_of("sparse::mul", t).values * number);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  const char* op = "sparse::mul";
  if (!sparse::is_sparse(a)) return parts_of(op, b), sparse::mul(b, a);
  const SparseParts& x = sparse_parts(a);
  if (const Tensor n = number(b); n.defined()) return like(a, x.values * n);
  const auto n = x.indices.size(0);
  if (!sparse::is_sparse(b)) {
    WG_CHECK(b.dim() <= a.dim() && Dims(broadcast_shapes({b.shape(), a.shape()})) == a.shape(),
             Error, op, ": a dense tensor of shape ", b.shape(),
             " does not broadcast to the sparse one of shape ", a.shape());
    const Tensor all = expand(b, a.shape());
    return like(a, x.values * (n > 0 ? index(all, unbind(x.indices)) : all));
  }
  check_same_shape(op, a, b);
  const SparseParts& y = sparse_parts(b);
  WG_CHECK(n == y.indices.size(0), Error, op,
           ": expected as many sparse dimensions in both tensors, but got ", n, " and ",
           y.indices.size(0));
  if (x.coalesced && y.coalesced && same_places(x, y)) return like(a, x.values * y.values);
  // Places at which only one of them is not zero are left out.
  const Tensor sorted = coalesce(b);
  const SparseParts& other = sparse_parts(sorted);
  const std::vector<int64_t> wanted = flat_places(x.indices, a.shape());
  const std::vector<int64_t> there = flat_places(other.indices, b.shape());
  std::vector<int64_t> kept, at;
  for (size_t k = 0; k < wanted.size(); ++k) {
    const auto found = std::lower_bound(there.begin(), there.end(), wanted[k]);
    if (found == there.end() || *found != wanted[k]) continue;
    kept.push_back(static_cast<int64_t>(k));
    at.push_back(found - there.begin());
  }
  const Tensor ours = index_tensor(kept);
  return made(index_select(x.indices, 1, ours),
              index_select(x.values, 0, ours) * index_select(other.values, 0, index_tensor(at)),
              a.shape(), x.coalesced);
}

Tensor div(const Tensor& t, const Scalar& number) {
  return like(t, parts_of("sparse::div", t).values / number);
}

Tensor neg(const Tensor& t) { return like(t, -parts_of("sparse::neg", t).values); }

Tensor map(const Tensor& t, const std::function<Tensor(const Tensor&)>& f) {
  WG_CHECK(f, TypeError, "sparse::map: expected a function to call, but got an empty one");
  const Tensor sorted = coalesce(t);
  const Tensor before = sparse_parts(sorted).values, values = f(before);
  WG_CHECK(values.defined() && values.shape() == before.shape(), Error,
           "sparse::map: expected a function of single elements");
  return like(sorted, values);
}

// ---- over dimensions

Tensor sum(const Tensor& t, Dims dims, bool keepdim) {
  const char* op = "sparse::sum";
  parts_of(op, t);
  // Integers at one place are summed in their own dtype, all others in int64.
  const Tensor summands = is_integral(t.dtype()) ? coalesce(t) : t;
  const SparseParts& p = sparse_parts(summands);
  if (dims.empty()) return wengert::sum(p.values);
  const int64_t n = p.indices.size(0);
  std::vector<bool> summed(static_cast<size_t>(t.dim()), false);
  std::vector<int64_t> dense, kept, shape;
  for (const int64_t given : dims) {
    const int64_t d = wrapped(op, given, t.dim());
    WG_CHECK(!summed[static_cast<size_t>(d)], Error, op, ": dimension ", d, " appears twice");
    summed[static_cast<size_t>(d)] = true;
    if (d >= n) dense.push_back(d - n + 1);
  }
  for (int64_t d = 0; d < t.dim(); ++d) {
    if (summed[static_cast<size_t>(d)]) continue;
    if (d < n) kept.push_back(d);
    shape.push_back(t.size(d));
  }
  Tensor values = p.values;
  if (!dense.empty()) {
    values = wengert::sum(values, dense);
  } else if (!is_differentiable(values.dtype())) {
    values = values.to(DType::int64);
  }
  if (kept.empty()) {
    Tensor result = wengert::sum(values, {0});
    for (int64_t d = 0; keepdim && d < t.dim(); ++d) {
      if (summed[static_cast<size_t>(d)]) result = unsqueeze(result, d);
    }
    return result;
  }
  const Tensor result =
      coalesce(made(index_select(p.indices, 0, index_tensor(kept)), values, shape));
  if (!keepdim) return result;
  // Dimensions of size 1: indexed ones have the index 0 everywhere.
  const SparseParts& r = sparse_parts(result);
  const Tensor zero = zeros({1, r.indices.size(1)}, DType::int64);
  std::vector<Tensor> rows;
  Tensor with_ones = r.values;
  std::vector<int64_t> all = t.shape().vec();
  int64_t next = 0;
  for (int64_t d = 0; d < t.dim(); ++d) {
    const bool is_one = summed[static_cast<size_t>(d)];
    if (is_one) all[static_cast<size_t>(d)] = 1;
    if (d < n) {
      rows.push_back(is_one ? zero : narrow(r.indices, 0, next++, 1));
    } else if (is_one) {
      with_ones = unsqueeze(with_ones, d - n + 1);
    }
  }
  return made(cat(rows), with_ones, all, true);
}

Tensor norm(const Tensor& t, double p) {
  parts_of("sparse::norm", t);
  return vector_norm(values(coalesce(t)), p);
}

namespace {

Tensor softmax_of(const char* op, const Tensor& t, int64_t dim, bool is_log) {
  parts_of(op, t);
  WG_CHECK(is_floating(t.dtype()), NotImplementedError, op,
           ": expected a floating point dtype, but got ", t.dtype(), "; convert the values first");
  dim = wrapped(op, dim, t.dim());
  const Tensor sorted = coalesce(t);
  const SparseParts& p = sparse_parts(sorted);
  const int64_t n = p.indices.size(0);
  if (dim >= n) {
    const int64_t own = dim - n + 1;
    return like(sorted,
                is_log ? wengert::log_softmax(p.values, own) : wengert::softmax(p.values, own));
  }
  if (p.values.size(0) == 0) return sorted;
  // The lines along dim, by the other dimensions.
  std::vector<int64_t> rest, shape;
  for (int64_t d = 0; d < n; ++d) {
    if (d == dim) continue;
    rest.push_back(d);
    shape.push_back(t.size(d));
  }
  const Places lines = distinct(index_select(p.indices, 0, index_tensor(rest)), shape);
  std::vector<int64_t> line(lines.order.size());
  for (size_t k = 0; k < line.size(); ++k) {
    line[static_cast<size_t>(lines.order[k])] = lines.groups[k];
  }
  const auto count = static_cast<int64_t>(lines.first.size());
  const Tensor group = index_tensor(line);
  Tensor largest;
  {
    // Numbers are taken relative to the largest of their line.
    const RecordingGuard off(false);
    std::vector<int64_t> of_lines = p.values.shape().vec(), column(of_lines.size(), 1);
    of_lines[0] = count;
    column[0] = -1;
    const Tensor lowest =
        full(of_lines, -std::numeric_limits<double>::infinity(), p.values.dtype());
    const Tensor at = expand(group.reshape(column), p.values.shape());
    largest = index_select(scatter_reduce(lowest, 0, at, p.values.detach(), "amax"), 0, group);
  }
  const Tensor shifted = p.values - largest, exponents = exp(shifted);
  const Tensor total = index_select(sum_by(exponents, group, count), 0, group);
  return like(sorted, is_log ? shifted - log(total) : exponents / total);
}

}  // namespace

Tensor softmax(const Tensor& t, int64_t dim) {
  return softmax_of("sparse::softmax", t, dim, false);
}
Tensor log_softmax(const Tensor& t, int64_t dim) {
  return softmax_of("sparse::log_softmax", t, dim, true);
}

}  // namespace sparse
WENGERT_NAMESPACE_END
