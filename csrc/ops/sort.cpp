// Sorting along one dimension.
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/order.h"
#include "ops/real_types.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Writes the elements at the first k entries of row r, and their positions.
template <class T, class E>
void write_row(const Tensor& x, const Along& a, int64_t r, int64_t k, const E* entries, T* values,
               int64_t* indices) {
  const T* from = x.data<T>() + a.start(r, a.n);
  const int64_t to = a.start(r, k);
  for (int64_t i = 0; i < k; ++i) {
    values[to + i * a.inner] = from[entries[i].at * a.inner];
    indices[to + i * a.inner] = entries[i].at;
  }
}

// The k first elements of each row in ascending or descending order.
struct Sort {
  int64_t dim;
  bool descending;
  int64_t k;  // the whole row: -1
  bool sorted;
  static constexpr const char* name = "sort";
  WG_FIELDS(dim, descending, k, sorted)
  Sort batched(int64_t) const { return {dim + 1, descending, k, sorted}; }
  void jvp(Jvp& j) const { j.set(0, pick(j.tangent(0), j.out(1), dim, true)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    m.out(0).shape = m.in(0).sizes();
    if (k >= 0 && m.in(0).ndim > 0) m.out(0).shape.d[dim] = k;
    m.out(1).shape = m.out(0).shape;
  }
  void compute(Compute& c) const {
    const Tensor x = order::comparable(c.in(0));
    const Along a(x.shape(), dim);
    const int64_t count = k < 0 ? a.n : k;
    if (c.out(0).numel() == 0) return;
    const Tensor values =
        x.dtype() == c.out(0).dtype() ? c.out(0) : new_tensor(x.dtype(), c.out(0).shape());
    int64_t* indices = c.out(1).data<int64_t>();
    with_real_type(name, x.dtype(), [&]<class T>(T) {
      order::for_each_row<T>(name, x, a, descending, [&](auto* e, auto* scratch, int64_t r) {
        if (count == a.n) {
          e = order::sort(e, scratch, a.n);
        } else if (count * 16 <= a.n) {
          std::partial_sort(e, e + count, e + a.n);
        } else {
          std::nth_element(e, e + count - 1, e + a.n);
          if (sorted) std::sort(e, e + count);
        }
        write_row<T>(x, a, r, count, e, values.data<T>(), indices);
      });
    });
    if (!values.is_same(c.out(0))) copy_elements(*c.out(0).impl(), *values.impl());
  }
  // Each value came from one place.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.set(0, scatter(zeros(v.shape(0), v.grad(0).dtype()), dim, v.saved(0), v.grad(0)));
  }
};

std::pair<Tensor, Tensor> run_sort(const char* op, const Tensor& input, int64_t dim,
                                   bool descending, int64_t k, bool sorted) {
  const TensorImpl& x = *detail::input(op, input);
  const int64_t d = wrap_dim(op, dim, x.ndim);
  auto [values, indices] = apply_many<2>(Sort{d, descending, k, sorted}, input);
  return {values, indices};
}

}  // namespace

std::pair<Tensor, Tensor> sort(const Tensor& input, int64_t dim, bool descending, bool) {
  return run_sort("sort", input, dim, descending, -1, true);
}
Tensor argsort(const Tensor& input, int64_t dim, bool descending, bool) {
  return run_sort("argsort", input, dim, descending, -1, true).second;
}
Tensor msort(const Tensor& input) { return run_sort("msort", input, 0, false, -1, true).first; }

std::pair<Tensor, Tensor> topk(const Tensor& input, int64_t k, int64_t dim, bool largest,
                               bool sorted) {
  const TensorImpl& x = *detail::input("topk", input);
  const int64_t d = wrap_dim("topk", dim, x.ndim);
  const int64_t n = x.ndim ? x.shape()[d] : 1;
  WG_CHECK(k >= 0 && k <= n, Error, "topk: k must lie between 0 and ", n,
           ", the size of dimension ", d, ", but is ", k);
  // NaN counts as greatest, so that it comes first among the largest.
  return run_sort("topk", input, d, largest, x.ndim == 0 ? 1 : k, sorted);
}

namespace {
constexpr Function rows[] = {
    make_function<sort>(
        "sort", "input, dim=-1, descending=False, stable=True -> values, indices",
        kFunction | kMethod | kOut,
        "Sorted values along dim, and where each came from. Equal elements keep their order; NaN "
        "counts as greatest.",
        "T((3, 4))\nT((3, 4)), 0, True\nT((0, 3)), 0\nT(())",
        "(np.sort(input, axis=dim), np.argsort(input, axis=dim, kind='stable')) if input.ndim and "
        "not descending else (-np.sort(-input, axis=dim), np.argsort(-input, axis=dim, "
        "kind='stable')) if input.ndim else (input, 0)"),
    make_function<argsort>(
        "argsort", "input, dim=-1, descending=False, stable=True", kFunction | kMethod | kNoGrad,
        "Where the sorted values along dim came from", "T((3, 4))\nT((3, 4)), 0, True",
        "np.argsort(-input if descending else input, axis=dim, kind='stable')"),
    make_function<msort>("msort", "input", kFunction | kMethod | kOut,
                         "Sorted values along the first dimension", "T((3, 4))",
                         "np.sort(input, axis=0)"),
    make_function<topk>(
        "topk", "input, k, dim=-1, largest=True, sorted=True -> values, indices",
        kFunction | kMethod | kOut,
        "The k largest (or smallest) elements along dim, and where they came from. NaN counts as "
        "greatest.",
        "T((3, 4)), 2\nT((4, 3)), 3, 0, False\nT((3, 4)), 0\nT(()), 1",
        "tuple(np.take(a, range(k), axis=dim) for a in ((-np.sort(-input, axis=dim), "
        "np.argsort(-input, axis=dim, kind='stable')) if largest else (np.sort(input, axis=dim), "
        "np.argsort(input, axis=dim, kind='stable')))) if input.ndim else (input, 0)"),
};
}  // namespace

extern const FunctionTable sort_functions;
const FunctionTable sort_functions = {rows, std::size(rows)};

WG_OPERATIONS(sort, operation<Sort>())

WENGERT_NAMESPACE_END
