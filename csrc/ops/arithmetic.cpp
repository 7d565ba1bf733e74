// Sums, differences and quotients with the arguments that only they have.
#include "ops/operands.h"
#include "ops/sparse_coo.h"
#include "tensor/check.h"
#include "wengert/detail/owner.h"

WENGERT_NAMESPACE_BEGIN

void detail::check_alpha(const char* op, DType result, const Scalar& alpha) {
  WG_CHECK(!(is_integral(result) && alpha.kind() > DTypeKind::integer), Error, op,
           ": alpha must be a whole number beside integers, but got ", alpha.to_double());
  WG_CHECK(!(alpha.kind() == DTypeKind::boolean && result != DType::bool_), Error, op,
           ": alpha may be a bool only beside bools; give a number");
}

namespace {

using detail::check_alpha;

// alpha b in the dtype in which it meets a.
template <class A>
Tensor scaled(const char* op, const A& a, const Tensor& b, const Scalar& alpha) {
  const DType t = result_type(b, a);
  check_alpha(op, t, alpha);
  return alpha.equal(1) ? b : mul(to(b, t), alpha);
}
Scalar scaled(const char* op, const Tensor& a, const Scalar& b, const Scalar& alpha) {
  check_alpha(op, result_type(a, b), alpha);
  if (alpha.equal(1)) return b;
  const bool whole = b.kind() <= DTypeKind::integer && alpha.kind() <= DTypeKind::integer;
  return whole ? Scalar(b.to_int() * alpha.to_int()) : Scalar(b.to_double() * alpha.to_double());
}

}  // namespace

Tensor add(const Tensor& input, const Tensor& other, const Scalar& alpha) {
  return add(input, scaled("add", input, other, alpha));
}
Tensor sub(const Tensor& input, const Tensor& other, const Scalar& alpha) {
  return sub(input, scaled("sub", input, other, alpha));
}
Tensor& add_(Tensor& self, const Tensor& other, const Scalar& alpha) {
  return add_(self, scaled("add", self, other, alpha));
}
Tensor& sub_(Tensor& self, const Tensor& other, const Scalar& alpha) {
  return sub_(self, scaled("sub", self, other, alpha));
}

namespace {

// In the form of `div`: "" the quotient, "floor" and "trunc" a whole number.
template <class A, class B>
Tensor divide(const A& a, const B& b, std::string_view rounding_mode) {
  if (rounding_mode.empty()) return div(a, b);
  if (rounding_mode == "floor") return floor_divide(a, b);
  WG_CHECK(rounding_mode == "trunc", Error,
           "div: expected rounding_mode to be None, 'trunc' or 'floor', but got '", rounding_mode,
           "'");
  if (is_integral(result_type(a, b))) {
    // a - fmod(a, b) is a multiple of b.
    return floor_divide(sub(a, fmod(a, b)), b);
  }
  return trunc(div(a, b));
}

}  // namespace

Tensor div(const Tensor& input, const Tensor& other, std::string_view rounding_mode) {
  return divide(input, other, rounding_mode);
}
Tensor div(const Tensor& input, const Scalar& other, std::string_view rounding_mode) {
  return divide(input, other, rounding_mode);
}

namespace {

Tensor add_row(const Operand& a, const Operand& b, const Scalar& alpha) {
  return with_operands(
      a, b, [&](const auto& x, const auto& y) { return add(x, scaled("add", x, y, alpha)); });
}
Tensor& add_row_(Tensor& self, const Operand& b, const Scalar& alpha) {
  return b.tensor ? add_(self, *b.tensor, alpha) : add_(self, scaled("add", self, b.scalar, alpha));
}
Tensor sub_row(const Operand& a, const Operand& b, const Scalar& alpha) {
  return with_operands(
      a, b, [&](const auto& x, const auto& y) { return sub(x, scaled("sub", x, y, alpha)); });
}
Tensor& sub_row_(Tensor& self, const Operand& b, const Scalar& alpha) {
  return b.tensor ? sub_(self, *b.tensor, alpha) : sub_(self, scaled("sub", self, b.scalar, alpha));
}
Tensor rsub_row(const Operand& a, const Operand& b, const Scalar& alpha) {
  return sub_row(b, a, alpha);
}

Tensor div_row(const Operand& a, const Operand& b, std::string_view rounding_mode) {
  if (rounding_mode.empty()) {
    return with_operands(a, b, [](const auto& x, const auto& y) { return div(x, y); });
  }
  if (b.tensor || !a.tensor) return divide(as_tensor(a), as_tensor(b), rounding_mode);
  return divide(*a.tensor, b.scalar, rounding_mode);
}
Tensor& div_row_(Tensor& self, const Operand& b, std::string_view rounding_mode) {
  if (rounding_mode.empty()) return b.tensor ? div_(self, *b.tensor) : div_(self, b.scalar);
  if (rounding_mode == "floor") {
    return b.tensor ? floor_divide_(self, *b.tensor) : floor_divide_(self, b.scalar);
  }
  const DType t = b.tensor ? result_type(self, *b.tensor) : result_type(self, b.scalar);
  if (rounding_mode == "trunc" && !is_integral(t)) {
    return trunc_(b.tensor ? div_(self, *b.tensor) : div_(self, b.scalar));
  }
  detail::store_result("div", self, div_row({&self, {}}, b, rounding_mode));
  return self;
}

constexpr uint32_t kUsual = kFunction | kMethod | kOut;
constexpr const char* kAddSamples =
    "T((3, 4), -3, 3), T((3, 4), -3, 3)\nT((3, 1)), T((4,))\nT(()), T((2, 1))\nT((3, 4)), N(-3, "
    "3)\n"
    "T((0, 3)), T((3,))\nT((3, 4)), T((4,)), alpha=2.5\nT((3, 4)), N(-3, 3), alpha=-2";
constexpr const char* kDivSamples =
    "T((3, 4), -3, 3), T((3, 4), 0.5, 3)\nT((3, 1)), T((4,), 0.5, 3)\nT(()), T((2, 1), 0.5, 3)\n"
    "T((3, 4)), N(0.5, 3)\nT((0, 3)), T((3,), 0.5, 3)\nT((3, 4), -3, 3), T((4,), 0.5, 3), "
    "rounding_mode='floor'\nT((3, 4), -3, 3), N(0.5, 3), rounding_mode='trunc'";
constexpr const char* kQuotient =
    "{None: np.divide, 'floor': np.floor_divide, 'trunc': lambda a, b: np.trunc(a / "
    "b)}[rounding_mode](input, other)";
constexpr const char* kSum = "input, other, *, alpha=1";
constexpr const char* kDiv = "input, other, *, rounding_mode=None";

constexpr Function rows[] = {
    make_function<add_row, add_row_>("add", kSum, kUsual,
                                     "input + alpha other; logical or of bools", kAddSamples,
                                     "input + alpha * other"),
    make_function<sub_row, sub_row_>("sub", kSum, kUsual, "input - alpha other", kAddSamples,
                                     "input - alpha * other"),
    make_function<rsub_row>("rsub", kSum, kFunction | kOut, "other - alpha input", kAddSamples,
                            "other - alpha * input"),
    make_function<div_row, div_row_>(
        "div", kDiv, kUsual,
        "input / other; with rounding_mode 'floor' or 'trunc' rounded down or towards zero",
        kDivSamples, kQuotient),
    make_function<sub_row, sub_row_>("subtract", kSum, kUsual | kAlias, "Another name of sub"),
    make_function<div_row, div_row_>("divide", kDiv, kUsual | kAlias, "Another name of div"),
};
}  // namespace

extern const FunctionTable arithmetic_functions;
const FunctionTable arithmetic_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
