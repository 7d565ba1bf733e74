// Running sums and products along one dimension, and differences.
#include "ops/scan.h"

#include "kernels/reduce.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

Tensor reversed(const Tensor& t, int64_t dim) { return slice(t, dim, {}, {}, -1); }

Tensor delayed(const Tensor& t, int64_t dim, double first) {
  if (t.size(dim) == 0) return t;
  Shape one = t.shape();
  one.d[dim] = 1;
  return cat({full(one, first, t.dtype()), slice(t, dim, 0, -1)}, dim);
}

namespace {

struct Recurrence {
  int64_t dim;
  static constexpr const char* name = "recurrence";
  WG_FIELDS(dim)
  Recurrence batched(int64_t) const { return {dim + 1}; }
  void jvp(Jvp& j) const {
    Tensor t = j.tangent_or_zeros(1);
    if (j.has(0)) t = add(t, mul(j.tangent(0), delayed(j.out(), dim, 0)));
    j.set(0, recurrence(j.in(0), t, dim));
  }
  static constexpr Save saves[] = {save_input(0), save_output(0, for_input(0))};
  void infer(Infer& m) const {
    m.out().dtype = m.in(1).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const DType t = compute_dtype(c.out().dtype());
    const Tensor a = as_contiguous(c.in(0), t), b = as_contiguous(c.in(1), t);
    const Tensor y = t == c.out().dtype() ? c.out() : new_tensor(t, b.shape());
    const Along s(b.shape(), dim);
    with_inexact_type(name, t, [&]<class T>(T) {
      const T *pa = a.data<T>(), *pb = b.data<T>();
      T* py = y.data<T>();
      const int64_t grain =
          std::max<int64_t>(kParallelGrain / std::max<int64_t>(s.n * s.inner, 1), 1);
      runtime::parallel_for(s.outer, grain, [&](int64_t begin, int64_t end) {
        for (int64_t o = begin; o < end; ++o) {
          for (int64_t k = 0; k < s.n; ++k) {
            const int64_t at = (o * s.n + k) * s.inner;
            for (int64_t i = at; i < at + s.inner; ++i) {
              py[i] = k == 0 ? pb[i] : pa[i] * py[i - s.inner] + pb[i];
            }
          }
        }
      });
    });
    if (t != c.out().dtype()) copy_elements(*c.out().impl(), *y.impl());
  }
  // What reaches b_t also reaches b_{t-1}, times a_t: the same recurrence from the other end.
  void vjp(Vjp& v) const {
    const Tensor a = conj(v.saved(0));
    const Tensor g =
        reversed(recurrence(delayed(reversed(a, dim), dim, 1), reversed(v.grad(), dim), dim), dim);
    if (v.needs(0)) v.set(0, mul(g, conj(delayed(v.saved(1), dim, 0))));
    if (v.needs(1)) v.set(1, g);
  }
};

template <kernels::Scan kKind>
struct Cumulative {
  int64_t dim;
  DType dtype;
  static constexpr bool kProduct = kKind == kernels::Scan::prod;
  static constexpr const char* name = kProduct ? "cumprod" : "cumsum";
  WG_FIELDS(dim, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const DType t = is_integral(dtype) ? DType::int64 : compute_dtype(dtype);
    const Tensor x = as_contiguous(c.in(0), t);
    const kernels::ReduceFn fn = kernels::scan(kKind, t);
    WG_CHECK(fn, NotImplementedError, name, ": not available for dtype ", dtype);
    const Tensor y = t == dtype ? c.out() : new_tensor(t, x.shape());
    const Along a(x.shape(), dim);
    const auto item = static_cast<int64_t>(item_size(t));
    const int64_t step = a.n * a.inner;
    runtime::parallel_for(a.outer,
                          std::max<int64_t>(kParallelGrain / std::max<int64_t>(step, 1), 1),
                          [&](int64_t begin, int64_t end) {
                            fn(end - begin, a.n, a.inner, y.data<char>() + begin * step * item,
                               x.data<char>() + begin * step * item);
                          });
    if (t != dtype) copy_elements(*c.out().impl(), *y.impl());
  }
};

struct CumSum : Cumulative<kernels::Scan::sum> {
  static constexpr Tangents tangents = Tangents::linear;
  CumSum batched(int64_t) const { return {{dim + 1, dtype}}; }
  void vjp(Vjp& v) const {
    const Tensor& g = v.grad();
    v.set(0, g.dim() == 0 ? g : reversed(cumsum(reversed(g, dim), dim), dim));
  }
};

struct CumProd : Cumulative<kernels::Scan::prod> {
  CumProd batched(int64_t) const { return {{dim + 1, dtype}}; }
  void jvp(Jvp& j) const {
    if (j.out().dim() == 0) {
      j.set(0, j.tangent(0));
      return;
    }
    const Tensor x = to(j.in(0), dtype);
    j.set(0, recurrence(x, mul(j.tangent(0), delayed(j.out(), dim, 1)), dim));
  }
  static constexpr Save saves[] = {save_input(0)};
  // Element j reaches all later results: the product of those before it, times the sum over the
  // later ones of gradient times the product of what lies between. Nothing is divided by.
  void vjp(Vjp& v) const {
    const Tensor x = conj(v.saved(0).to(dtype));
    if (x.numel() == 0 || x.dim() == 0) {
      v.set(0, v.grad());
      return;
    }
    const Tensor before = cumprod(delayed(x, dim, 1), dim);
    const Tensor after =
        reversed(recurrence(delayed(reversed(x, dim), dim, 1), reversed(v.grad(), dim), dim), dim);
    v.set(0, mul(before, after));
  }
};

template <class Op>
Tensor run_scan(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input(Op::name, input);
  const DType t = dtype ? *dtype : is_integral(x.dtype) ? DType::int64 : x.dtype;
  Op op;
  op.dim = wrap_dim(Op::name, dim, x.ndim);
  WG_CHECK(t != DType::bool_ || x.ndim == 0 || x.numel == 0, NotImplementedError, Op::name,
           ": not available for dtype ", t, "; leave dtype out to count in int64");
  op.dtype = t;
  return apply(op, t == DType::bool_ ? to(input, t) : input);
}

}  // namespace

Tensor recurrence(const Tensor& a, const Tensor& b, int64_t dim) {
  return apply(Recurrence{dim}, a, b);
}
Tensor cumsum(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return run_scan<CumSum>(input, dim, dtype);
}
Tensor cumprod(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return run_scan<CumProd>(input, dim, dtype);
}

Tensor diff(const Tensor& input, int64_t n, int64_t dim, const Tensor& prepend,
            const Tensor& append) {
  const TensorImpl& x = *detail::input("diff", input);
  WG_CHECK(x.ndim > 0, Error, "diff: expected at least one dimension, but got a 0-d tensor");
  WG_CHECK(n >= 0, Error, "diff: n must not be negative, but is ", n);
  const int64_t d = wrap_dim("diff", dim, x.ndim);
  if (n == 0) return clone(input);
  Tensor y = input;
  if (prepend.defined() || append.defined()) {
    std::vector<Tensor> parts;
    for (const Tensor& part : {prepend, input, append}) {
      if (!part.defined()) continue;
      WG_CHECK(part.dim() == x.ndim, Error, "diff: prepend and append must have the input's ",
               x.ndim, " dimensions, but one has shape ", part.shape());
      parts.push_back(part);
    }
    y = cat(parts, d);
  }
  for (int64_t i = 0; i < n && y.size(d) > 0; ++i) {
    const Tensor later = slice(y, d, 1, {}), earlier = slice(y, d, 0, -1);
    y = y.dtype() == DType::bool_ ? logical_xor(later, earlier) : sub(later, earlier);
  }
  return y;
}

namespace {
constexpr const char* kSamples =
    "T((3, 4)), 0\nT((2, 3, 4)), 1\nT((3, 4)), -1\nT((0, 3)), 0\nT(()), 0";
constexpr Function rows[] = {
    make_function<cumsum>("cumsum", "input, dim, *, dtype=None",
                          kFunction | kMethod | kInPlace | kOut,
                          "Sum of the elements up to each one along dim", kSamples,
                          "np.cumsum(input, axis=dim) if input.ndim else input"),
    make_function<cumprod>("cumprod", "input, dim, *, dtype=None",
                           kFunction | kMethod | kInPlace | kOut,
                           "Product of the elements up to each one along dim", kSamples,
                           "np.cumprod(input, axis=dim) if input.ndim else input"),
    make_function<recurrence>("_recurrence", "a, b, dim", kFunction | kInternal,
                              "y with y[0] = b[0] and y[t] = a[t] y[t - 1] + b[t] along dim",
                              "T((3, 4)), T((3, 4)), 0\nT((3, 4)), T((3, 4)), 1", ""),
    make_function<diff>(
        "diff", "input, n=1, dim=-1, prepend=None, append=None", kFunction | kMethod | kOut,
        "Differences of neighbours along dim, taken n times",
        "T((3, 4))\nT((4, 3)), 2, 0\nT((3, 4)), 1, 1, T((3, 1))\nT((3, 4)), 1, 0, None, T((2, 4))",
        "np.diff(input, n, axis=dim, **{k: v for k, v in (('prepend', prepend), ('append', "
        "append)) if v is not None})"),
};
}  // namespace

extern const FunctionTable scan_functions;
const FunctionTable scan_functions = {rows, std::size(rows)};

WG_OPERATIONS(scan, operation<Recurrence>(), operation<CumSum>(), operation<CumProd>())

WENGERT_NAMESPACE_END
