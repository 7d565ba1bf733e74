// Integrals of samples by the trapezoidal rule.
#include "ops/function.h"
#include "ops/op.h"
#include "wengert/ops/statistics.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void check_numbers(const char* op, const Tensor& t) {
  WG_CHECK(detail::input(op, t)->dtype != DType::bool_, Error, op,
           ": expected numbers, but got bools; convert with to()");
}

// The dimension along which the samples lie.
int64_t samples_along(const char* op, const Tensor& y, int64_t dim) {
  WG_CHECK(y.dim() > 0, IndexError, op, ": expected samples along a dimension, but got a number");
  return wrap_dim(op, dim, y.dim());
}

// The sums of neighbours along dim.
Tensor neighbours(const Tensor& y, int64_t dim) {
  return slice(y, dim, 1, std::nullopt) + slice(y, dim, std::nullopt, -1);
}

// The areas between neighbours along dim, which are dx apart.
Tensor areas(const char* op, const Tensor& y, const std::optional<Scalar>& dx, int64_t dim) {
  check_numbers(op, y);
  const Tensor sums = neighbours(y, samples_along(op, y, dim));
  if (!dx) return sums / 2;
  if (dx->kind() == DTypeKind::complex) return sums * Scalar(dx->to_complex() / 2.0);
  return sums * (dx->to_double() / 2);
}

// The same for samples taken at x.
Tensor areas(const char* op, const Tensor& y, const Tensor& x, int64_t dim) {
  check_numbers(op, y);
  check_numbers(op, x);
  const int64_t along = samples_along(op, y, dim);
  if (x.dim() == 1) {
    WG_CHECK(x.numel() == y.size(along), Error, op, ": expected ", y.size(along),
             " places, one for each sample, but got ", x.numel());
    std::vector<int64_t> column(static_cast<size_t>(y.dim() - along), 1);
    column[0] = -1;
    return neighbours(y, along) * reshape(diff(x), column) / 2;
  }
  // A dimension of size 1 serves all samples.
  Shape shape;
  WG_CHECK(broadcast_shapes(x.shape(), y.shape(), shape), Error, op, ": places of shape ",
           x.shape(), " do not broadcast with samples of shape ", y.shape());
  return neighbours(expand(y, shape), dim) * diff(expand(x, shape), 1, dim) / 2;
}

}  // namespace

Tensor trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  return sum(areas("trapezoid", y, x, dim), {dim});
}
Tensor trapezoid(const Tensor& y, std::optional<Scalar> dx, int64_t dim) {
  return sum(areas("trapezoid", y, dx, dim), {dim});
}
Tensor cumulative_trapezoid(const Tensor& y, const Tensor& x, int64_t dim) {
  return cumsum(areas("cumulative_trapezoid", y, x, dim), dim);
}
Tensor cumulative_trapezoid(const Tensor& y, std::optional<Scalar> dx, int64_t dim) {
  return cumsum(areas("cumulative_trapezoid", y, dx, dim), dim);
}

namespace {

void check_spacing(const char* op, const Tensor& x, const std::optional<Scalar>& dx) {
  WG_CHECK(!x.defined() || !dx, TypeError, op, ": give x or dx, not both");
}
Tensor trapezoid_row(const Tensor& y, const Tensor& x, std::optional<Scalar> dx, int64_t dim) {
  check_spacing("trapezoid", x, dx);
  return x.defined() ? trapezoid(y, x, dim) : trapezoid(y, dx, dim);
}
Tensor cumulative_row(const Tensor& y, const Tensor& x, std::optional<Scalar> dx, int64_t dim) {
  check_spacing("cumulative_trapezoid", x, dx);
  return x.defined() ? cumulative_trapezoid(y, x, dim) : cumulative_trapezoid(y, dx, dim);
}

constexpr const char* kSignature = "y, x=None, *, dx=None, dim=-1";

constexpr Function rows[] = {
    make_function<trapezoid_row>(
        "trapezoid", kSignature, kFunction,
        "The integral along dim of samples y by the trapezoidal rule: dx apart (1), or taken at x, "
        "which has one place for each along dim or broadcasts with y",
        "T((3, 4))\nT((3, 4)), dx=0.5, dim=0\nT((3, 4)), T((4,))\nT((3, 4)), T((3, 1)), dim=0",
        "np.trapezoid(y, x, 1 if dx is None else dx, dim)"),
    make_function<trapezoid_row>("trapz", kSignature, kFunction | kAlias,
                                 "Another name of trapezoid"),
    make_function<cumulative_row>(
        "cumulative_trapezoid", kSignature, kFunction,
        "The integrals up to each sample but the first; see trapezoid",
        "T((3, 4))\nT((3, 4)), dx=0.5, dim=0\nT((3, 4)), T((4,))",
        "scipy.integrate.cumulative_trapezoid(y, x, 1 if dx is None else dx, dim)"),
};

}  // namespace

extern const FunctionTable trapezoid_functions;
const FunctionTable trapezoid_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
