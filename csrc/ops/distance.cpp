// Distances between the rows of matrices.
#include <cmath>

#include "kernels/neural.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// f(batch, row) for all rows of a batch of matrices, each worth `work` elements.
template <class F>
void each_row(int64_t batches, int64_t rows, int64_t work, F&& f) {
  runtime::parallel_for(batches * rows, kParallelGrain / 4 / (work + 1) + 1,
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; ++i) f(i / rows, i % rows);
                        });
}

// Inputs: x1 (B, P, M) and x2 (B, R, M); output (B, P, R). `product`: squares and a matrix product
// instead of differences.
struct Cdist {
  double p;
  bool product;
  static constexpr const char* name = "cdist";
  WG_FIELDS(p, product)
  bool batch(Batch& b) const {
    const Tensor x = b.front(0), y = b.front(1);
    const auto merged = [](const Tensor& t) {
      return reshape(t, {t.size(0) * t.size(1), t.size(2), t.size(3)});
    };
    const Tensor found = apply(*this, merged(x), merged(y));
    b.set(0, reshape(found, {x.size(0), x.size(1), x.size(2), y.size(2)}));
    return true;
  }
  static constexpr Save saves[] = {save_input(0), save_input(1), save_output(0)};
  void infer(Infer& m) const {
    const Dims a = m.in(0).sizes(), b = m.in(1).sizes();
    m.out().dtype = m.in(0).dtype;
    for (const int64_t n : {a[0], a[1], b[1]}) m.out().shape.push(n);
  }
  void compute(Compute& c) const {
    if (product) {
      const Tensor &a = c.in(0), &b = c.in(1);
      const Tensor squares =
          add(sum(square(a), {-1}, true), transpose(sum(square(b), {-1}, true), 1, 2));
      const Tensor both = sub(squares, mul(bmm(a, transpose(b, 1, 2)), 2.0));
      copy_(c.out(), sqrt(maximum(both, 0.0)));
      return;
    }
    const Tensor a = as_contiguous(c.in(0)), b = as_contiguous(c.in(1));
    const int64_t rows = a.size(1), others = b.size(1), n = a.size(2);
    const auto bytes = static_cast<int64_t>(item_size(a.dtype()));
    each_row(a.size(0), rows, others * n, [&](int64_t batch, int64_t i) {
      const int64_t row = batch * rows + i;
      kernels::distance(a.dtype()).forward(
          others, n, p, c.out().data<char>() + row * others * bytes,
          a.data<char>() + row * n * bytes, b.data<char>() + batch * others * n * bytes);
    });
  }
  void vjp(Vjp& v) const {
    const Tensor &a = v.saved(0), &b = v.saved(1), &y = v.saved(2);
    if (p == 0) {
      for (int i = 0; i < 2; ++i) v.set(i, zeros(v.shape(i), v.dtype(i)));
    } else if (p == 2 && (product || v.create_graph())) {
      // sum_j g_ij / y_ij (a_i - b_j), 0 where the points coincide.
      const Tensor same = eq(y, 0), zero = zeros({}, y.dtype());
      const Tensor r = where(same, zero, div(v.grad(), where(same, ones({}, y.dtype()), y)));
      if (v.needs(0)) v.set(0, sub(mul(a, sum(r, {-1}, true)), bmm(r, b)));
      const Tensor t = transpose(r, 1, 2);
      if (v.needs(1)) v.set(1, sub(mul(b, sum(t, {-1}, true)), bmm(t, a)));
    } else if (v.create_graph()) {
      const Tensor g = formula(v.grad(), a, b, y);
      if (v.needs(0)) v.set(0, sum(g, {2}));
      if (v.needs(1)) v.set(1, neg(sum(g, {1})));
    } else {
      const Tensor g = as_contiguous(v.grad()), d = as_contiguous(y);
      const int64_t others = b.size(1);
      if (v.needs(0)) v.set(0, gradient(a, b, d, g, others, 1));
      if (v.needs(1)) v.set(1, gradient(b, a, d, g, 1, others));
    }
  }
  void jvp(Jvp& j) const {
    if (p == 0) return;
    const Tensor &a = j.in(0), &b = j.in(1), &y = j.out();
    const Tensor one = ones({}, y.dtype());
    if (p != 2) {
      const Tensor moved =
          sub(unsqueeze(j.tangent_or_zeros(0), 2), unsqueeze(j.tangent_or_zeros(1), 1));
      j.set(0, sum(mul(formula(expand(one, y.shape()), a, b, y), moved), {3}));
      return;
    }
    // (a_i - b_j) (a'_i - b'_j) / y_ij, 0 where the points coincide.
    Tensor found;
    const auto add_part = [&](const Tensor& t, const Tensor& own, const Tensor& other, bool turn) {
      const Tensor part = sub(sum(mul(t, own), {-1}, true), bmm(t, transpose(other, 1, 2)));
      const Tensor placed = turn ? transpose(part, 1, 2) : part;
      found = found.defined() ? add(found, placed) : placed;
    };
    if (j.has(0)) add_part(j.tangent(0), a, b, false);
    if (j.has(1)) add_part(j.tangent(1), b, a, true);
    const Tensor same = eq(y, 0);
    j.set(0, where(same, zeros({}, y.dtype()), div(found, where(same, one, y))));
  }

 private:
  // The gradient of each element of a from the distances, those of one row of a being `row_step`
  // and its neighbours `step` apart.
  Tensor gradient(const Tensor& x, const Tensor& from, const Tensor& y, const Tensor& g,
                  int64_t row_step, int64_t step) const {
    const Tensor a = as_contiguous(x), b = as_contiguous(from);
    const Tensor out = new_tensor(a.dtype(), a.shape());
    const int64_t rows = a.size(1), others = b.size(1), n = a.size(2);
    const auto bytes = static_cast<int64_t>(item_size(a.dtype()));
    each_row(a.size(0), rows, others * n, [&](int64_t batch, int64_t i) {
      const int64_t row = (batch * rows + i) * n * bytes;
      const int64_t first = (batch * rows * others + i * row_step) * bytes;
      kernels::distance(a.dtype()).gradient(others, n, p, out.data<char>() + row,
                                            a.data<char>() + row,
                                            b.data<char>() + batch * others * n * bytes,
                                            y.data<char>() + first, g.data<char>() + first, step);
    });
    return out;
  }

  // The same for each pair, (B, P, R, M), in differentiable operations.
  Tensor formula(const Tensor& g, const Tensor& a, const Tensor& b, const Tensor& y) const {
    const Tensor d = sub(unsqueeze(a, 2), unsqueeze(b, 1));
    const Tensor up = unsqueeze(g, 3), size = unsqueeze(y, 3), zero = zeros({}, d.dtype());
    if (p == 1) return mul(up, sign(d));
    if (std::isinf(p)) return where(eq(abs(d), size), mul(up, sign(d)), zero);
    const Tensor flat = eq(d, 0), none = eq(size, 0), one = ones({}, d.dtype());
    const Tensor part = mul(sign(d), pow(where(flat, one, abs(d)), p - 1));
    return mul(part, where(none, zero, div(up, pow(where(none, one, size), p - 1))));
  }
};

void check_rows(const char* op, const char* what, const TensorImpl& x) {
  WG_CHECK(is_floating(x.dtype), Error, op, ": expected ", what,
           " of a floating point dtype, but got ", x.dtype);
  WG_CHECK(x.dtype == DType::float32 || x.dtype == DType::float64, NotImplementedError, op,
           ": not available for dtype ", x.dtype, "; convert to float32");
}

// Beyond this many rows the matrix product is worth its loss of digits.
constexpr int64_t kManyRows = 25;

}  // namespace

Tensor cdist(const Tensor& x1, const Tensor& x2, double p, std::string_view compute_mode) {
  const TensorImpl &a = *detail::input("cdist", x1), &b = *detail::input("cdist", x2);
  const bool always = compute_mode == "use_mm_for_euclid_dist";
  const bool maybe = compute_mode == "use_mm_for_euclid_dist_if_necessary";
  WG_CHECK(always || maybe || compute_mode == "donot_use_mm_for_euclid_dist", ValueError,
           "cdist: ", compute_mode, " is not a valid value for compute_mode");
  WG_CHECK(a.ndim >= 2 && b.ndim >= 2, Error,
           "cdist: expected matrices, or batches of them, but got shapes ", a.sizes(), " and ",
           b.sizes());
  check_rows("cdist", "x1", a);
  check_rows("cdist", "x2", b);
  WG_CHECK(a.dtype == b.dtype, Error, "cdist: expected tensors of one dtype, but got ", a.dtype,
           " and ", b.dtype);
  const int64_t rows = a.shape()[a.ndim - 2], others = b.shape()[b.ndim - 2];
  const int64_t n = a.shape()[a.ndim - 1];
  WG_CHECK(n == b.shape()[b.ndim - 1], Error,
           "cdist: x1 and x2 must have the same number of columns, but have ", n, " and ",
           b.shape()[b.ndim - 1]);
  WG_CHECK(p >= 0, Error, "cdist: expected a p of at least 0, but got ", p);
  Shape batch;
  WG_CHECK(broadcast_shapes(Dims(a.shape(), static_cast<size_t>(a.ndim) - 2),
                            Dims(b.shape(), static_cast<size_t>(b.ndim) - 2), batch),
           Error, "cdist: the batches of shapes ", a.sizes(), " and ", b.sizes(),
           " do not broadcast");
  int64_t count = 1;
  for (int i = 0; i < batch.ndim; ++i) count *= batch.d[i];
  const auto flat = [&](const Tensor& x, int64_t r) {
    Shape full = batch;
    full.push(r);
    full.push(n);
    return reshape(expand(x, full), {count, r, n});
  };
  const bool product = p == 2 && (always || (maybe && (rows > kManyRows || others > kManyRows)));
  const Tensor y = apply(Cdist{p, product}, flat(x1, rows), flat(x2, others));
  Shape out = batch;
  out.push(rows);
  out.push(others);
  return reshape(y, out);
}

Tensor pdist(const Tensor& input, double p) {
  const TensorImpl& x = *detail::input("pdist", input);
  WG_CHECK(x.ndim == 2, Error, "pdist: expected a matrix, but got shape ", x.sizes());
  check_rows("pdist", "an input", x);
  WG_CHECK(p >= 0, Error, "pdist: expected a p of at least 0, but got ", p);
  const int64_t n = x.shape()[0];
  const Tensor index = new_tensor(DType::int64, {n * (n - 1) / 2});
  int64_t* at = index.data<int64_t>();
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) *at++ = i * n + j;
  }
  const Tensor all = cdist(input, input, p, "donot_use_mm_for_euclid_dist");
  return index_select(reshape(all, {n * n}), 0, index);
}

namespace {
constexpr Function rows[] = {
    make_function<cdist>(
        "cdist", "x1, x2, p=2.0, compute_mode='use_mm_for_euclid_dist_if_necessary'", kFunction,
        "Norms of order p of x1[..., i, :] - x2[..., j, :], for (*, P, M) and (*, R, M): (*, P, R)",
        "T((3, 4)), T((2, 4))\nT((2, 1, 3, 4)), T((5, 2, 4)), 1\nT((3, 4)), T((2, 4)), 3\nT((30, "
        "4)), T((2, 4))",
        "np.linalg.norm(x1[..., :, None, :] - x2[..., None, :, :], ord=p, axis=-1)"),
    make_function<pdist>("pdist", "input, p=2", kFunction,
                         "Norms of order p of input[i] - input[j] for i < j",
                         "T((4, 3))\nT((4, 3)), 1\nT((1, 3))"),
};
}  // namespace

extern const FunctionTable distance_functions;
const FunctionTable distance_functions = {rows, std::size(rows)};

WG_OPERATIONS(distance, operation<Cdist>())

WENGERT_NAMESPACE_END
