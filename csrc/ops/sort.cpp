// Sorting along one dimension.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/function.h"
#include "ops/op.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// NaN counts as greatest, so that every order is total.
template <class T>
bool less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}

template <class T>
void sort_rows(const Tensor& x, const Tensor& values, const Tensor& indices, int64_t outer, int64_t n,
               int64_t inner, bool descending) {
  const T* from = x.data<T>();
  T* to = values.data<T>();
  int64_t* at = indices.data<int64_t>();
  const int64_t grain = std::max<int64_t>(1, 4096 / std::max<int64_t>(n, 1));
  runtime::parallel_for(outer * inner, grain, [&](int64_t begin, int64_t end) {
    std::vector<int64_t> order(static_cast<size_t>(n));
    for (int64_t r = begin; r < end; ++r) {
      const int64_t base = r / inner * n * inner + r % inner;
      std::iota(order.begin(), order.end(), 0);
      const auto value = [&](int64_t i) { return from[base + i * inner]; };
      if (descending) {
        std::stable_sort(order.begin(), order.end(),
                         [&](int64_t a, int64_t b) { return less(value(b), value(a)); });
      } else {
        std::stable_sort(order.begin(), order.end(),
                         [&](int64_t a, int64_t b) { return less(value(a), value(b)); });
      }
      for (int64_t i = 0; i < n; ++i) {
        to[base + i * inner] = value(order[static_cast<size_t>(i)]);
        at[base + i * inner] = order[static_cast<size_t>(i)];
      }
    }
  });
}

struct Sort {
  int64_t dim;
  bool descending;
  static constexpr const char* name = "sort";
  WG_FIELDS(dim, descending)
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    m.out(0).shape = m.out(1).shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0));
    const Dims s = x.shape();
    int64_t outer = 1, inner = 1;
    const int64_t n = s.empty() ? 1 : s[static_cast<size_t>(dim)];
    for (int64_t i = 0; i < x.dim(); ++i) (i < dim ? outer : inner) *= i == dim ? 1 : s[static_cast<size_t>(i)];
    const auto run = [&]<class T>(T) { sort_rows<T>(x, c.out(0), c.out(1), outer, n, inner, descending); };
    switch (x.dtype()) {
      case DType::bool_:
      case DType::uint8: run(uint8_t{}); return;
      case DType::int8: run(int8_t{}); return;
      case DType::int16: run(int16_t{}); return;
      case DType::int32: run(int32_t{}); return;
      case DType::int64: run(int64_t{}); return;
      case DType::float32: run(float{}); return;
      case DType::float64: run(double{}); return;
      default: fail<NotImplementedError>("sort: not available for dtype ", x.dtype());
    }
  }
  // Each value came from one place.
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    v.set(0, scatter(zeros(v.shape(0), v.grad(0).dtype()), dim, v.saved(0), v.grad(0)));
  }
};

}  // namespace

std::pair<Tensor, Tensor> sort(const Tensor& input, int64_t dim, bool descending, bool) {
  const TensorImpl& x = *detail::input("sort", input);
  auto [values, indices] = apply_many<2>(Sort{wrap_dim("sort", dim, x.ndim), descending}, input);
  return {values, indices};
}

namespace {
constexpr Function rows[] = {
    make_function<sort>("sort", "input, dim=-1, descending=False, stable=True -> values, indices", kFunction | kMethod | kOut,
                        "Sorted values along dim, and where each came from. Equal elements keep their order; NaN counts as greatest.",
                        "T((3, 4))\nT((3, 4)), 0, True\nT((0, 3)), 0\nT(())",
                        "(np.sort(input, axis=dim), np.argsort(input, axis=dim, kind='stable')) if input.ndim and not descending else (-np.sort(-input, axis=dim), np.argsort(-input, axis=dim, kind='stable')) if input.ndim else (input, 0)"),
};
}  // namespace

extern const FunctionTable sort_functions;
const FunctionTable sort_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
