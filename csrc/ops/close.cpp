// Comparing whole tensors.
#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

Tensor isclose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  const TensorImpl &x = *detail::input("isclose", input), &y = *detail::input("isclose", other);
  WG_CHECK(x.dtype == y.dtype, Error, "isclose: the tensors have dtypes ", x.dtype, " and ",
           y.dtype, "; convert one of them");
  WG_CHECK(rtol >= 0 && atol >= 0, Error, "isclose: rtol and atol must not be negative, but are ",
           rtol, " and ", atol);
  RecordingGuard off(false);
  Tensor close = eq(input, other);
  if (equal_nan && is_floating(x.dtype))
    close = logical_or(close, logical_and(isnan(input), isnan(other)));
  if (rtol == 0 && atol == 0) return close;
  const bool whole = is_integral(x.dtype);
  const Tensor a = whole ? to(input, DType::float64) : input,
               b = whole ? to(other, DType::float64) : other;
  const Tensor error = abs(sub(a, b)), allowed = add(abs(mul(b, rtol)), atol);
  return logical_or(close, logical_and(isfinite(error), le(error, allowed)));
}

bool allclose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  return all(isclose(input, other, rtol, atol, equal_nan)).item().to_bool();
}

bool equal(const Tensor& input, const Tensor& other) {
  const TensorImpl &x = *detail::input("equal", input), &y = *detail::input("equal", other);
  return x.sizes() == y.sizes() && all(eq(input, other)).item().to_bool();
}

namespace {
constexpr const char* kSignature = "input, other, rtol=1e-5, atol=1e-8, equal_nan=False";
constexpr const char* kSamples = "T((3, 4)), T((3, 4))\nT((3, 4)), T((4,)), 0.5, 0.5";
constexpr Function rows[] = {
    make_function<isclose>(
        "isclose", kSignature, kFunction | kMethod | kNoGrad,
        "Whether abs(input - other) <= atol + rtol abs(other), element by element", kSamples,
        "np.isclose(input, other, rtol, atol, equal_nan)"),
    make_function<allclose>("allclose", kSignature, kFunction | kMethod | kNoGrad,
                            "Whether all elements are close, as isclose has it", kSamples,
                            "np.allclose(input, other, rtol, atol, equal_nan)"),
    make_function<equal>("equal", "input, other", kFunction | kMethod | kNoGrad,
                         "Whether two tensors have the same shape and elements",
                         "T((3, 4)), T((3, 4))\nT((3,)), T((4,))", "np.array_equal(input, other)"),
};
}  // namespace

extern const FunctionTable close_functions;
const FunctionTable close_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
