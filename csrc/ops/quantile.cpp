// Quantiles along one dimension.
#include <cmath>

#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The dimension `from` as number `to`, the others in their order.
Tensor move_dim(const Tensor& t, int64_t from, int64_t to) {
  if (t.dim() < 2 || from == to) return t;
  Shape order;
  for (int64_t i = 0; i < t.dim(); ++i) {
    if (i != from) order.push(i);
  }
  for (int i = order.ndim++; i > to; --i) order.d[i] = order.d[i - 1];
  order.d[to] = from;
  return permute(t, order);
}

// Fractional positions in the sorted rows, whose last dimension is replaced by one for q.
Tensor ranks(const Tensor& sorted, const Tensor& q, bool skip_nan) {
  const Tensor nan = isnan(sorted);
  const int64_t n = sorted.size(-1);
  Shape shape = sorted.shape();
  shape.d[shape.ndim - 1] = q.size(0);
  if (skip_nan) {
    const Tensor numbers = sum(logical_not(nan), {-1}, true).to(q.dtype());
    const Tensor rank = mul(q, sub(numbers, 1));
    return where(le(numbers, 0), zeros({}, q.dtype()), rank);
  }
  const double last = static_cast<double>(n - 1);
  const Tensor rank = expand(mul(q, last), shape);
  return where(slice(nan, -1, n - 1, n), full({}, last, q.dtype()), rank);
}

Tensor run_quantile(const char* op, const Tensor& input, const Tensor& q,
                    std::optional<int64_t> dim, bool keepdim, std::string_view interpolation,
                    bool skip_nan) {
  const TensorImpl &x = *detail::input(op, input), &p = *detail::input(op, q);
  WG_CHECK(x.dtype == DType::float32 || x.dtype == DType::float64, Error, op,
           ": expected dtype float32 or float64, but got ", x.dtype, "; convert the input first");
  WG_CHECK(p.ndim <= 1 && p.numel > 0, Error, op,
           ": q must be a number or a 1-d tensor that is not "
           "empty, but has shape ",
           p.sizes());
  WG_CHECK(p.dtype == x.dtype, Error, op, ": q has dtype ", p.dtype, ", but the input has ",
           x.dtype);
  WG_CHECK(p.has(kBatched) || all(logical_and(ge(q, 0), le(q, 1))).item().to_bool(), Error, op,
           ": q must lie between 0 and 1");
  const bool lower = interpolation == "lower", higher = interpolation == "higher",
             midpoint = interpolation == "midpoint", nearest = interpolation == "nearest";
  WG_CHECK(lower || higher || midpoint || nearest || interpolation == "linear", Error, op,
           ": interpolation must be linear, lower, higher, midpoint or nearest, but is ",
           std::string(interpolation));
  const int64_t d = dim ? wrap_dim(op, *dim, x.ndim) : 0;
  const Tensor row = dim && x.ndim ? move_dim(input, d, x.ndim - 1) : reshape(input, {-1});
  WG_CHECK(x.numel > 0, Error, op, ": no elements to take a quantile of in shape ", x.sizes());
  const Tensor sorted = sort(row).first;
  Tensor rank = ranks(sorted, reshape(q, {-1}), skip_nan);
  if (lower) rank = floor(rank);
  if (higher) rank = ceil(rank);
  if (nearest) rank = round(rank);
  const Tensor below = floor(rank);
  Tensor y = gather(sorted, -1, to(below, DType::int64));
  if (midpoint || interpolation == "linear") {
    const Tensor above = gather(sorted, -1, to(ceil(rank), DType::int64));
    const Tensor step = sub(above, y);
    const Tensor part = midpoint ? full({}, 0.5, x.dtype) : sub(rank, below);
    // From the nearer end, so that an infinite one is exact.
    y = where(lt(part, 0.5), add(y, mul(part, step)), sub(above, mul(sub(1, part), step)));
  }
  // q comes first.
  y = p.ndim == 0 ? select(y, -1, 0) : move_dim(y, y.dim() - 1, 0);
  if (!keepdim || x.ndim == 0) return y;
  if (dim) return unsqueeze(y, d + p.ndim);
  Shape whole = y.shape();
  for (int i = 0; i < x.ndim; ++i) whole.push(1);
  return reshape(y, whole);
}

template <bool kSkipNan>
Tensor quantile_of(const Tensor& input, Operand q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  const Tensor number = q.tensor ? Tensor() : full({}, q.scalar, input.dtype());
  return run_quantile(kSkipNan ? "nanquantile" : "quantile", input, q.tensor ? *q.tensor : number,
                      dim, keepdim, interpolation, kSkipNan);
}

}  // namespace

Tensor quantile(const Tensor& input, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                std::string_view interpolation) {
  return run_quantile("quantile", input, q, dim, keepdim, interpolation, false);
}
Tensor nanquantile(const Tensor& input, const Tensor& q, std::optional<int64_t> dim, bool keepdim,
                   std::string_view interpolation) {
  return run_quantile("nanquantile", input, q, dim, keepdim, interpolation, true);
}

namespace {
constexpr const char* kSignature = "input, q, dim=None, keepdim=False, *, interpolation='linear'";
constexpr const char* kSamples =
    "T((3, 5)), 0.3\nT((3, 5)), 0.75, 1\nT((4, 3)), T((2,), 0, 1), 0, True\nT((3, 5)), 0.4, 1, "
    "interpolation='midpoint'";
constexpr Function rows[] = {
    make_function<quantile_of<false>>(
        "quantile", kSignature, kFunction | kMethod | kOut,
        "The values below which the fractions q of the elements along dim (or of all) lie; NaN if "
        "there is one",
        kSamples, "np.quantile(input, q, axis=dim, keepdims=keepdim, method=interpolation)"),
    make_function<quantile_of<true>>(
        "nanquantile", kSignature, kFunction | kMethod | kOut,
        "The values below which the fractions q of the elements that are not NaN lie", kSamples,
        "np.nanquantile(input, q, axis=dim, keepdims=keepdim, method=interpolation)"),
};
}  // namespace

extern const FunctionTable quantile_functions;
const FunctionTable quantile_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
