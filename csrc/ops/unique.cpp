// Distinct elements, and distinct slices along a dimension.
#include <algorithm>
#include <numeric>

#include "ops/function.h"
#include "ops/order.h"
#include "ops/real_types.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Groups {
  Tensor firsts;   // where the first member of each group stands
  Tensor inverse;  // the group of each item
  Tensor counts;
};

// Consecutive items of `order` that are equal form a group.
template <class Same>
Groups group(const std::vector<int64_t>& order, Same&& same) {
  const auto n = static_cast<int64_t>(order.size());
  Groups g;
  g.inverse = new_tensor(DType::int64, {n});
  std::vector<int64_t> firsts, counts;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = order[static_cast<size_t>(i)];
    if (i == 0 || !same(order[static_cast<size_t>(i - 1)], at)) {
      firsts.push_back(at);
      counts.push_back(0);
    }
    ++counts.back();
    g.inverse.data<int64_t>()[at] = static_cast<int64_t>(firsts.size()) - 1;
  }
  const auto groups = static_cast<int64_t>(firsts.size());
  g.firsts = new_tensor(DType::int64, {groups});
  g.counts = new_tensor(DType::int64, {groups});
  std::copy(firsts.begin(), firsts.end(), g.firsts.data<int64_t>());
  std::copy(counts.begin(), counts.end(), g.counts.data<int64_t>());
  return g;
}

// Groups the n slices of m elements each.
Groups group_slices(const char* op, const Tensor& x, int64_t n, int64_t m, bool sorted) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  Groups g;
  with_real_type(op, x.dtype(), [&]<class T>(T) {
    const T* p = x.data<T>();
    if (sorted && m == 1) {
      order::for_each_row<T>(op, x, Along({n}, 0), false, [&](auto* e, auto* scratch, int64_t) {
        e = order::sort(e, scratch, n);
        for (int64_t i = 0; i < n; ++i) order[static_cast<size_t>(i)] = e[i].at;
      });
    } else if (sorted) {
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        const auto less = [](T u, T v) { return order::key_of(u) < order::key_of(v); };
        return std::lexicographical_compare(p + a * m, p + a * m + m, p + b * m, p + b * m + m,
                                            less);
      });
    }
    g = group(order, [&](int64_t a, int64_t b) {
      return std::equal(p + a * m, p + a * m + m, p + b * m);
    });
  });
  return g;
}

std::tuple<Tensor, Tensor, Tensor> run_unique(const char* op, const Tensor& input,
                                              std::optional<int64_t> dim, bool sorted) {
  const TensorImpl& x = *detail::input(op, input);
  RecordingGuard off(false);
  const int64_t d = dim ? wrap_dim(op, *dim, x.ndim) : 0;
  WG_CHECK(!dim || x.ndim > 0, IndexError, op, ": a 0-d tensor has no dimension ", d);
  Shape order;  // the dimension first, the others as they are
  order.push(d);
  for (int i = 0; i < x.ndim; ++i) {
    if (i != d) order.push(i);
  }
  const Tensor items = dim ? permute(input, order) : reshape(input, {-1});
  const int64_t n = items.size(0), m = n ? items.numel() / n : 0;
  WG_CHECK(n == 0 || m > 0, Error, op, ": the slices of shape ", x.sizes(), " along dimension ", d,
           " have no elements");
  const Groups g = group_slices(op, order::comparable(items), n, m, sorted);
  if (dim) return {index_select(input, d, g.firsts), g.inverse, g.counts};
  return {index_select(items, 0, g.firsts), reshape(g.inverse, x.sizes()), g.counts};
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> unique(const Tensor& input, std::optional<int64_t> dim) {
  return run_unique("unique", input, dim, true);
}
std::tuple<Tensor, Tensor, Tensor> unique_consecutive(const Tensor& input,
                                                      std::optional<int64_t> dim) {
  return run_unique("unique_consecutive", input, dim, false);
}

namespace {
constexpr Function rows[] = {
    make_function<unique>("_unique", "input, dim=None -> output, inverse_indices, counts",
                          kFunction | kInternal | kNoGrad,
                          "Distinct elements, or slices along dim, in ascending order; the place "
                          "of each among them; how often each occurs",
                          "I((3, 4), 0, 5)\nI((6, 2), 0, 2), 0",
                          "np.unique(input, return_inverse=True, return_counts=True, axis=dim)"),
    make_function<unique_consecutive>(
        "_unique_consecutive", "input, dim=None -> output, inverse_indices, counts",
        kFunction | kInternal | kNoGrad,
        "Elements, or slices along dim, without those equal to the one before",
        "I((12,), 0, 2)\nI((6, 2), 0, 2), 0", ""),
};
}  // namespace

extern const FunctionTable unique_functions;
const FunctionTable unique_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
