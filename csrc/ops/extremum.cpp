// Largest and smallest elements, and where they are.
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Positions of extremes in a dense array of a dtype that has kernels.
void find_positions(bool maximum, const Tensor& x, const Along& a, int64_t* index) {
  const kernels::ArgReduceFn fn = kernels::argreduce(maximum, x.dtype());
  const auto item = static_cast<int64_t>(item_size(x.dtype()));
  const char* from = x.impl()->data;
  if (a.rows() == 1 && a.n > kReduceBlock) {
    // The extremes of blocks, then the extreme among them.
    const int64_t blocks = (a.n + kReduceBlock - 1) / kReduceBlock;
    const Tensor at = new_tensor(DType::int64, {blocks}), values = new_tensor(x.dtype(), {blocks});
    runtime::parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        int64_t& p = at.data<int64_t>()[b];
        const int64_t first = b * kReduceBlock;
        fn(1, std::min(kReduceBlock, a.n - first), 1, &p, from + first * item);
        p += first;
        std::memcpy(values.data<char>() + b * item, from + p * item, static_cast<size_t>(item));
      }
    });
    int64_t best = 0;
    fn(1, blocks, 1, &best, values.data());
    *index = at.data<int64_t>()[best];
    return;
  }
  const int64_t work = std::max<int64_t>(a.n * a.inner, 1);
  runtime::parallel_for(
      a.outer, std::max<int64_t>(kParallelGrain / work, 1), [&](int64_t begin, int64_t end) {
        fn(end - begin, a.n, a.inner, index + begin * a.inner, from + begin * a.n * a.inner * item);
      });
}

void check_nonempty(const char* op, const TensorImpl& x, DimSet dims) {
  for (int i = 0; i < x.ndim; ++i) {
    WG_CHECK(!dims.has(i) || x.shape()[i] > 0, IndexError, op, ": dimension ", i, " of shape ",
             x.sizes(), " has size 0, so there is no element to take; reduce over nonempty ones");
  }
}

// Values of all extremes over a set of dimensions.
template <bool kMaximum>
struct Extreme {
  DimSet dims;
  bool keepdim;
  static constexpr const char* name = kMaximum ? "amax" : "amin";
  WG_FIELDS(dims, keepdim)
  Extreme batched(int64_t) const { return {dims.later(), keepdim}; }
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    reduce_into(name, kMaximum ? kernels::Reduce::max : kernels::Reduce::min, c.in(0), dims,
                *c.out().impl(), c.in(0).dtype());
  }
  void vjp(Vjp& v) const {
    v.set(0, share_equally(v.grad(), v.saved(0), v.saved(1), dims, keepdim));
  }
  void jvp(Jvp& j) const {
    reduced_tangent(j, dims, keepdim, [&](const Tensor& g) {
      return share_equally(g, j.in(0), j.out(), dims, keepdim);
    });
  }
};

// The first extreme along one dimension, and its position.
template <bool kMaximum>
struct ExtremeAt {
  int64_t dim;
  bool keepdim;
  static constexpr const char* name = kMaximum ? "max" : "min";
  WG_FIELDS(dim, keepdim)
  ExtremeAt batched(int64_t) const { return {dim + 1, keepdim}; }
  void jvp(Jvp& j) const { j.set(0, pick(j.tangent(0), j.out(1), dim, keepdim)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    m.out(0).shape = m.out(1).shape =
        reduced_shape(m.in(0).sizes(), DimSet(m.in(0).ndim ? 1u << dim : 0), keepdim);
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), compute_dtype(c.in(0).dtype()));
    const Along a(x.shape(), dim);
    int64_t* at = c.out(1).data<int64_t>();
    find_positions(kMaximum, x, a, at);
    const Tensor values =
        x.dtype() == c.out(0).dtype() ? c.out(0) : new_tensor(x.dtype(), c.out(0).shape());
    with_real_type(name, x.dtype(), [&]<class T>(T) {
      const T* from = x.data<T>();
      T* to = values.data<T>();
      for (int64_t r = 0; r < a.rows(); ++r) to[r] = from[a.start(r, a.n) + at[r] * a.inner];
    });
    if (!values.is_same(c.out(0))) copy_elements(*c.out(0).impl(), *values.impl());
  }
  void vjp(Vjp& v) const {
    if (v.grad(0).defined()) v.set(0, unpick(v.grad(0), v.saved(0), v.shape(0), dim, keepdim));
  }
};

template <bool kMaximum>
struct Position {
  int64_t dim;  // of all elements in a row: -1
  bool keepdim;
  static constexpr const char* name = kMaximum ? "argmax" : "argmin";
  WG_FIELDS(dim, keepdim)
  bool batch(Batch& b) const {
    if (dim >= 0) {
      const Position shifted{dim + 1, keepdim};
      return b.run_with_front(op_class<Position>, &shifted);
    }
    Tensor y = apply(Position{1, false}, reshape(b.front(0), {b.size(), -1}));
    if (keepdim) {
      Shape ones;
      for (int64_t i = 0; i < b.ndim(0); ++i) ones.push(1);
      y = reshape(y, with_front(b.size(), ones));
    }
    b.set(0, y);
    return true;
  }
  void infer(Infer& m) const {
    const int n = m.in(0).ndim;
    m.out().dtype = DType::int64;
    m.out().shape = reduced_shape(m.in(0).sizes(),
                                  DimSet(dim < 0 ? (1u << n) - 1
                                         : n     ? 1u << dim
                                                 : 0),
                                  keepdim);
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), compute_dtype(c.in(0).dtype()));
    const Along a = dim < 0 ? Along({x.numel()}, 0) : Along(x.shape(), dim);
    find_positions(kMaximum, x, a, c.out().data<int64_t>());
  }
};

void check_real(const char* op, const TensorImpl& x) {
  WG_CHECK(!is_complex(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype);
}

template <bool kMaximum>
Tensor extreme(const char* op, const Tensor& input, Dims dims, bool keepdim) {
  const TensorImpl& x = *detail::input(op, input);
  check_real(op, x);
  const DimSet set = wrap_dims(op, dims, x.ndim);
  WG_CHECK(!dims.empty() || x.numel > 0, Error, op, ": shape ", x.sizes(),
           " has no element to take; name nonempty dimensions to reduce over");
  check_nonempty(op, x, set);
  return apply(Extreme<kMaximum>{set, keepdim}, input);
}
template <bool kMaximum>
std::pair<Tensor, Tensor> extreme_at(const Tensor& input, int64_t dim, bool keepdim) {
  constexpr const char* op = kMaximum ? "max" : "min";
  const TensorImpl& x = *detail::input(op, input);
  check_real(op, x);
  const int64_t d = wrap_dim(op, dim, x.ndim);
  check_nonempty(op, x, DimSet(1u << d));
  auto [values, indices] = apply_many<2>(ExtremeAt<kMaximum>{d, keepdim}, input);
  return {values, indices};
}
template <bool kMaximum>
Tensor position(const Tensor& input, std::optional<int64_t> dim, bool keepdim) {
  constexpr const char* op = kMaximum ? "argmax" : "argmin";
  const TensorImpl& x = *detail::input(op, input);
  check_real(op, x);
  const int64_t d = dim ? wrap_dim(op, *dim, x.ndim) : -1;
  check_nonempty(op, x, DimSet(d < 0 ? (1u << x.ndim) - 1 : 1u << d));
  return apply(Position<kMaximum>{d, keepdim}, input);
}

}  // namespace

Tensor amax(const Tensor& input, Dims dims, bool keepdim) {
  return extreme<true>("amax", input, dims, keepdim);
}
Tensor amin(const Tensor& input, Dims dims, bool keepdim) {
  return extreme<false>("amin", input, dims, keepdim);
}
Tensor max(const Tensor& input) { return extreme<true>("max", input, {}, false); }
Tensor min(const Tensor& input) { return extreme<false>("min", input, {}, false); }
std::pair<Tensor, Tensor> max(const Tensor& input, int64_t dim, bool keepdim) {
  return extreme_at<true>(input, dim, keepdim);
}
std::pair<Tensor, Tensor> min(const Tensor& input, int64_t dim, bool keepdim) {
  return extreme_at<false>(input, dim, keepdim);
}
Tensor argmax(const Tensor& input, std::optional<int64_t> dim, bool keepdim) {
  return position<true>(input, dim, keepdim);
}
Tensor argmin(const Tensor& input, std::optional<int64_t> dim, bool keepdim) {
  return position<false>(input, dim, keepdim);
}
std::pair<Tensor, Tensor> aminmax(const Tensor& input, std::optional<int64_t> dim, bool keepdim) {
  const Dims dims = dim ? Dims(&*dim, 1) : Dims();
  return {extreme<false>("aminmax", input, dims, keepdim),
          extreme<true>("aminmax", input, dims, keepdim)};
}

namespace {
using One = Tensor (*)(const Tensor&);
using Along1 = std::pair<Tensor, Tensor> (*)(const Tensor&, int64_t, bool);
constexpr const char* kSamples = "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nT(())";
constexpr const char* kAlongSamples = "T((3, 4)), 0\nT((3, 4)), -1, True\nT((2, 0)), 0";
constexpr const char* kAtSamples = "T((3, 4))\nT((3, 4)), 0\nT((3, 4)), 1, True\nT((2, 0)), 0";
constexpr Function rows[] = {
    make_function<amax>("amax", "input, dim=(), keepdim=False", kFunction | kMethod | kOut,
                        "Largest element over the given dimensions, or all; NaN if there is one, "
                        "and equal ones share the gradient",
                        kSamples, "np.max(input, axis=dim or None, keepdims=keepdim)"),
    make_function<amin>("amin", "input, dim=(), keepdim=False", kFunction | kMethod | kOut,
                        "Smallest element over the given dimensions, or all; NaN if there is one, "
                        "and equal ones share the gradient",
                        kSamples, "np.min(input, axis=dim or None, keepdims=keepdim)"),
    make_function<static_cast<One>(max)>("_max", "input", kFunction | kInternal, "Largest element",
                                         "T((3, 4))", "np.max(input)"),
    make_function<static_cast<One>(min)>("_min", "input", kFunction | kInternal, "Smallest element",
                                         "T((3, 4))", "np.min(input)"),
    make_function<static_cast<Along1>(max)>(
        "_max_dim", "input, dim, keepdim=False -> values, indices", kFunction | kOut | kInternal,
        "Largest elements along dim, and their first positions", kAlongSamples,
        "(np.max(input, axis=dim, keepdims=keepdim), np.argmax(input, axis=dim, "
        "keepdims=keepdim))"),
    make_function<static_cast<Along1>(min)>(
        "_min_dim", "input, dim, keepdim=False -> values, indices", kFunction | kOut | kInternal,
        "Smallest elements along dim, and their first positions", kAlongSamples,
        "(np.min(input, axis=dim, keepdims=keepdim), np.argmin(input, axis=dim, "
        "keepdims=keepdim))"),
    make_function<argmax>("argmax", "input, dim=None, keepdim=False",
                          kFunction | kMethod | kOut | kNoGrad,
                          "Position of the first largest element along dim, or among all in "
                          "row-major order; a NaN counts as largest",
                          kAtSamples, "np.argmax(input, axis=dim, keepdims=keepdim)"),
    make_function<argmin>("argmin", "input, dim=None, keepdim=False",
                          kFunction | kMethod | kOut | kNoGrad,
                          "Position of the first smallest element along dim, or among all in "
                          "row-major order; a NaN counts as smallest",
                          kAtSamples, "np.argmin(input, axis=dim, keepdims=keepdim)"),
    make_function<aminmax>(
        "aminmax", "input, *, dim=None, keepdim=False -> min, max", kFunction | kMethod | kOut,
        "Smallest and largest elements along dim, or of all",
        "T((3, 4))\nT((3, 4)), dim=1, keepdim=True",
        "(np.min(input, axis=dim, keepdims=keepdim), np.max(input, axis=dim, keepdims=keepdim))"),
};
}  // namespace

extern const FunctionTable extremum_functions;
const FunctionTable extremum_functions = {rows, std::size(rows)};

WG_OPERATIONS(extremum, operation<Extreme<false>>(), operation<Extreme<true>>(),
              operation<Position<false>>(), operation<Position<true>>(),
              operation<ExtremeAt<false>>(), operation<ExtremeAt<true>>())

WENGERT_NAMESPACE_END
