// Elements found by their rank along one dimension: medians, order statistics, modes.
#include <cmath>

#include "ops/function.h"
#include "ops/operations.h"
#include "ops/order.h"
#include "ops/real_types.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

enum class Rank : uint8_t { kth, median, nanmedian, mode };

// Moves the wanted entry of n > 0 to a place that is returned.
template <class T, class E>
E* find(Rank rank, int64_t k, E* e, E* scratch, int64_t n) {
  using U = order::Key<T>;
  const auto is_nan = [](const E& x) {
    return std::is_floating_point_v<T> && x.key == static_cast<U>(-1);
  };
  if (rank == Rank::mode) {
    e = order::sort(e, scratch, n);
    int64_t best = 0, length = 0;
    for (int64_t first = 0, i = 1; i <= n; ++i) {
      if (i < n && e[i].key == e[first].key) continue;
      if (i - first > length) {
        length = i - first;
        best = i - 1;
      }
      first = i;
    }
    return e + best;
  }
  int64_t at = k;
  if (rank == Rank::median) {
    E* nan = std::find_if(e, e + n, is_nan);
    if (nan != e + n) return nan;
    at = (n - 1) / 2;
  } else if (rank == Rank::nanmedian) {
    const int64_t numbers = n - std::count_if(e, e + n, is_nan);
    at = numbers ? (numbers - 1) / 2 : 0;
  }
  std::nth_element(e, e + at, e + n);
  return e + at;
}

void find_all(const char* op, Rank rank, int64_t k, const Tensor& input, int64_t dim,
              const Tensor& out, int64_t* indices) {
  const Tensor x = order::comparable(input);
  const Tensor values = x.dtype() == out.dtype() ? out : new_tensor(x.dtype(), out.shape());
  const Along a(x.shape(), dim);
  with_real_type(op, x.dtype(), [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = values.data<T>();
    order::for_each_row<T>(op, x, a, false, [&](auto* e, auto* scratch, int64_t r) {
      const int64_t at = find<T>(rank, k, e, scratch, a.n)->at;
      to[r] = from[a.start(r, a.n) + at * a.inner];
      if (indices) indices[r] = at;
    });
  });
  if (!values.is_same(out)) copy_elements(*out.impl(), *values.impl());
}

struct Ranked {
  Rank rank;
  int64_t k, dim;
  bool keepdim;
  static constexpr const char* name = "ranked";
  static constexpr const char* field_names = "rank, k, dim, keepdim";
  auto fields() const { return std::tie(rank, k, dim, keepdim); }
  Ranked batched(int64_t) const { return {rank, k, dim + 1, keepdim}; }
  void jvp(Jvp& j) const { j.set(0, pick(j.tangent(0), j.out(1), dim, keepdim)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    m.out(0).shape = m.out(1).shape =
        reduced_shape(m.in(0).sizes(), DimSet(m.in(0).ndim ? 1u << dim : 0), keepdim);
  }
  void compute(Compute& c) const {
    find_all(name, rank, k, c.in(0), dim, c.out(0), c.out(1).data<int64_t>());
  }
  void vjp(Vjp& v) const {
    if (v.grad(0).defined()) v.set(0, unpick(v.grad(0), v.saved(0), v.shape(0), dim, keepdim));
  }
};

// The median of all elements; those that equal it share the gradient.
template <Rank kRank>
struct MedianOfAll {
  static constexpr const char* name = kRank == Rank::median ? "median" : "nanmedian";
  WG_NO_FIELDS
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = Shape();
  }
  void compute(Compute& c) const {
    find_all(name, kRank, 0, reshape(c.in(0), {-1}), 0, c.out(), nullptr);
  }
  void vjp(Vjp& v) const {
    const DimSet all((1u << v.ndim(0)) - 1);
    v.set(0, share_equally(v.grad(), v.saved(0), v.saved(1), all, false));
  }
  void jvp(Jvp& j) const {
    const DimSet all((1u << j.in(0).dim()) - 1);
    reduced_tangent(j, all, false, [&](const Tensor& g) {
      return share_equally(g, j.in(0), j.out(), all, false);
    });
  }
};

std::pair<Tensor, Tensor> ranked(const char* op, Rank rank, const Tensor& input, int64_t k,
                                 int64_t dim, bool keepdim) {
  const TensorImpl& x = *detail::input(op, input);
  const int64_t d = wrap_dim(op, dim, x.ndim);
  const int64_t n = x.ndim ? x.shape()[d] : 1;
  WG_CHECK(n > 0, IndexError, op, ": dimension ", d, " of shape ", x.sizes(),
           " has size 0, so there is no element to take");
  WG_CHECK(rank != Rank::kth || (k >= 1 && k <= n), Error, op, ": k must lie between 1 and ", n,
           ", the size of dimension ", d, ", but is ", k);
  auto [values, indices] = apply_many<2>(Ranked{rank, k - 1, d, keepdim}, input);
  return {values, indices};
}

template <Rank kRank>
Tensor median_of_all(const Tensor& input) {
  using Op = MedianOfAll<kRank>;
  const TensorImpl& x = *detail::input(Op::name, input);
  if (x.numel == 0) {
    WG_CHECK(is_floating(x.dtype), IndexError, Op::name, ": no elements in shape ", x.sizes());
    return full({}, std::nan(""), x.dtype);
  }
  return apply(Op{}, input);
}

}  // namespace

Tensor median(const Tensor& input) { return median_of_all<Rank::median>(input); }
Tensor nanmedian(const Tensor& input) { return median_of_all<Rank::nanmedian>(input); }
std::pair<Tensor, Tensor> median(const Tensor& input, int64_t dim, bool keepdim) {
  return ranked("median", Rank::median, input, 1, dim, keepdim);
}
std::pair<Tensor, Tensor> nanmedian(const Tensor& input, int64_t dim, bool keepdim) {
  return ranked("nanmedian", Rank::nanmedian, input, 1, dim, keepdim);
}
std::pair<Tensor, Tensor> kthvalue(const Tensor& input, int64_t k, int64_t dim, bool keepdim) {
  return ranked("kthvalue", Rank::kth, input, k, dim, keepdim);
}
std::pair<Tensor, Tensor> mode(const Tensor& input, int64_t dim, bool keepdim) {
  return ranked("mode", Rank::mode, input, 1, dim, keepdim);
}

namespace {
using One = Tensor (*)(const Tensor&);
using Along1 = std::pair<Tensor, Tensor> (*)(const Tensor&, int64_t, bool);
constexpr const char* kAlongSamples = "T((3, 5)), 1\nT((4, 3)), 0, True";
constexpr Function rows[] = {
    make_function<static_cast<One>(median)>("_median", "input", kFunction | kInternal,
                                            "The lower median of all elements", "T((3, 5))",
                                            "np.median(input)"),
    make_function<static_cast<One>(nanmedian)>("_nanmedian", "input", kFunction | kInternal,
                                               "The lower median of all elements that are not NaN",
                                               "T((3, 5))", "np.nanmedian(input)"),
    make_function<static_cast<Along1>(median)>(
        "_median_dim", "input, dim=-1, keepdim=False -> values, indices",
        kFunction | kInternal | kOut, "The lower median along dim, and its position", kAlongSamples,
        ""),
    make_function<static_cast<Along1>(nanmedian)>(
        "_nanmedian_dim", "input, dim=-1, keepdim=False -> values, indices",
        kFunction | kInternal | kOut, "The lower median along dim without NaN, and its position",
        kAlongSamples, ""),
    make_function<kthvalue>(
        "kthvalue", "input, k, dim=-1, keepdim=False -> values, indices",
        kFunction | kMethod | kOut,
        "The k-th smallest element along dim (counted from 1), and its position",
        "T((3, 5)), 2\nT((4, 3)), 4, 0, True",
        "tuple(np.squeeze(a, dim) if not keepdim else a for a in (np.take(np.sort(input, "
        "axis=dim), [k - 1], axis=dim), np.take(np.argsort(input, axis=dim), [k - 1], axis=dim)))"),
    make_function<mode>(
        "mode", "input, dim=-1, keepdim=False -> values, indices", kFunction | kMethod | kOut,
        "The most frequent element along dim (the smallest of several), and its last position",
        "T((3, 5))\nI((3, 9), 0, 3), 1, True", ""),
};
}  // namespace

extern const FunctionTable rank_functions;
const FunctionTable rank_functions = {rows, std::size(rows)};

WG_OPERATIONS(rank, operation<MedianOfAll<Rank::median>>(),
              operation<MedianOfAll<Rank::nanmedian>>(), operation<Ranked>())

WENGERT_NAMESPACE_END
