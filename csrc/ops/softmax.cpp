// Softmax, its logarithm, and the logarithm of a sum of exponentials.
#include <limits>

#include "kernels/reduce.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/reduce_plan.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The dimension becomes the last of a dense array, and back.
Tensor as_rows(const Tensor& x, int64_t dim, DType dtype) {
  return as_contiguous(x.dim() ? transpose(x, dim, -1) : x, dtype);
}

template <class F>
void over_rows(const Tensor& rows, F&& f) {
  const int64_t n = rows.dim() ? rows.size(-1) : 1;
  if (rows.numel() == 0) return;
  runtime::parallel_for(rows.numel() / n, std::max<int64_t>(kParallelGrain / (4 * n), 1),
                        [&](int64_t begin, int64_t end) {
                          const auto item = static_cast<int64_t>(item_size(rows.dtype()));
                          f(end - begin, n, begin * n * item);
                        });
}

template <bool kLog>
struct Softmax {
  int64_t dim;
  DType dtype;
  static constexpr const char* name = kLog ? "log_softmax" : "softmax";
  WG_FIELDS(dim, dtype)
  Softmax batched(int64_t) const { return {dim + 1, dtype}; }
  void jvp(Jvp& j) const {
    const Tensor &t = j.tangent(0), &y = j.out();
    if constexpr (kLog) {
      j.set(0, sub(t, sum(mul(exp(y), t), {dim}, true)));
    } else {
      j.set(0, mul(y, sub(t, sum(mul(y, t), {dim}, true))));
    }
  }
  static constexpr Save saves[] = {save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_rows(c.in(0), dim, compute_dtype(dtype));
    const auto& k = kernels::softmax(x.dtype());
    const kernels::RowFn fn = kLog ? k.log_softmax : k.softmax;
    rows_to(x, c.out(), [&](int64_t rows, int64_t n, int64_t at, char* to) {
      fn(rows, n, to + at, x.data<char>() + at);
    });
  }
  void vjp(Vjp& v) const {
    const Tensor &g = v.grad(), &y = v.saved(0);
    if (!v.create_graph() && is_floating(dtype)) {
      const DType t = compute_dtype(dtype);
      const Tensor gr = as_rows(g, dim, t), yr = as_rows(y, dim, t);
      const auto& k = kernels::softmax(t);
      const kernels::RowGradFn fn = kLog ? k.log_softmax_grad : k.softmax_grad;
      Tensor gx = new_tensor(dtype, y.shape());
      rows_to(gr, gx, [&](int64_t rows, int64_t n, int64_t at, char* to) {
        fn(rows, n, to + at, gr.data<char>() + at, yr.data<char>() + at);
      });
      v.set(0, std::move(gx));
      return;
    }
    if constexpr (kLog) {
      v.set(0, sub(g, mul(exp(y), sum(g, {dim}, true))));
    } else {
      v.set(0, mul(y, sub(g, sum(mul(g, y), {dim}, true))));
    }
  }

 private:
  // Calls f(rows, n, offset, memory) for the rows of an array shaped like `x`, and brings what it
  // wrote into `out`.
  template <class F>
  void rows_to(const Tensor& x, const Tensor& out, F&& f) const {
    const bool direct = x.dtype() == dtype && (out.dim() == 0 || dim == out.dim() - 1);
    const Tensor rows = direct ? out : new_tensor(x.dtype(), x.shape());
    char* to = rows.data<char>();
    over_rows(x, [&](int64_t count, int64_t n, int64_t at) { f(count, n, at, to); });
    if (!direct) {
      copy_elements(*out.impl(), *(out.dim() ? transpose(rows, dim, -1) : rows).impl());
    }
  }
};

template <bool kLog>
Tensor run_softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  constexpr const char* op = Softmax<kLog>::name;
  const TensorImpl& x = *detail::input(op, input);
  const DType t = dtype.value_or(x.dtype);
  const int64_t d = wrap_dim(op, dim, x.ndim);
  if (x.numel == 0 && !is_floating(t)) return clone(to(input, t));
  WG_CHECK(is_floating(t), NotImplementedError, op, ": not available for dtype ", t,
           "; give dtype=, or convert the input first");
  return apply(Softmax<kLog>{d, t}, input);
}

struct LogSumExp {
  DimSet dims;
  bool keepdim;
  static constexpr const char* name = "logsumexp";
  WG_FIELDS(dims, keepdim)
  LogSumExp batched(int64_t) const { return {dims.later(), keepdim}; }
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    const Tensor x = to(c.in(0), compute_dtype(c.in(0).dtype()));
    const TensorImpl& out = *c.out().impl();
    if (x.numel() == 0) {
      fill_(c.out(), -std::numeric_limits<double>::infinity());
      return;
    }
    const Shape kept = reduced_shape(x.shape(), dims, true);
    Tensor largest = new_tensor(x.dtype(), kept), total = new_tensor(x.dtype(), kept);
    reduce_into(name, kernels::Reduce::max, x, dims, *largest.impl(), x.dtype());
    largest = where(isfinite(largest), largest, zeros({}, x.dtype()));
    Tensor terms = sub(x, largest);
    exp_(terms);
    reduce_into(name, kernels::Reduce::sum, terms, dims, *total.impl(), x.dtype());
    log_(total);
    add_(total, largest);
    copy_flat(out, total);
  }
  void vjp(Vjp& v) const { v.set(0, gradient(v.grad(), v.saved(0), v.saved(1))); }
  void jvp(Jvp& j) const {
    reduced_tangent(j, dims, keepdim,
                    [&](const Tensor& g) { return gradient(g, j.in(0), j.out()); });
  }

 private:
  Tensor gradient(const Tensor& g, const Tensor& x, const Tensor& result) const {
    const Shape shape = x.shape();
    const Tensor y = keep_dims(result, shape, dims, keepdim);
    // Without this a sum of nothing but e^-inf gives NaN.
    const Tensor finite = where(isneginf(y), zeros({}, y.dtype()), y);
    return mul(keep_dims(g, shape, dims, keepdim), exp(sub(x, finite)));
  }
};

}  // namespace

Tensor softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return run_softmax<false>(input, dim, dtype);
}
Tensor log_softmax(const Tensor& input, int64_t dim, std::optional<DType> dtype) {
  return run_softmax<true>(input, dim, dtype);
}
Tensor logsumexp(const Tensor& input, Dims dims, bool keepdim) {
  const TensorImpl& x = *detail::input("logsumexp", input);
  const DimSet set = wrap_dims("logsumexp", dims, x.ndim);
  WG_CHECK(!is_complex(x.dtype), NotImplementedError, "logsumexp: not available for dtype ",
           x.dtype);
  return apply(LogSumExp{set, keepdim}, is_floating(x.dtype) ? input : to(input, default_dtype()));
}

namespace {
constexpr const char* kSamples =
    "T((3, 4)), 1\nT((3, 4)), 0\nT((2, 3, 4)), 1\nT((0, 3)), 1\nT(()), 0";
constexpr Function rows[] = {
    make_function<softmax>(
        "softmax", "input, dim, dtype=None", kFunction | kMethod | kOut,
        "e^x divided by its sum along dim, without overflow", kSamples,
        "scipy.special.softmax(input, axis=dim if input.ndim else None) if input.size else input"),
    make_function<log_softmax>("log_softmax", "input, dim, dtype=None", kFunction | kMethod | kOut,
                               "Logarithm of softmax, without overflow", kSamples,
                               "scipy.special.log_softmax(input, axis=dim if input.ndim else None) "
                               "if input.size else input"),
    make_function<logsumexp>(
        "logsumexp", "input, dim, keepdim=False", kFunction | kMethod | kOut,
        "log of the sum of e^x over the given dimensions, without overflow",
        "T((3, 4)), 1\nT((3, 4, 2)), (0, 2), True\nT(()), 0",
        "scipy.special.logsumexp(input, axis=dim if input.ndim else None, keepdims=keepdim)"),
};
}  // namespace

extern const FunctionTable softmax_functions;
const FunctionTable softmax_functions = {rows, std::size(rows)};

WG_OPERATIONS(softmax, operation<Softmax<false>>(), operation<Softmax<true>>(),
              operation<LogSumExp>())

WENGERT_NAMESPACE_END
