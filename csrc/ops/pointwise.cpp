// Elementwise operations made of those of the tables, and clamp.
#include <cmath>
#include <limits>

#include "ops/elementwise.h"
#include "ops/operands.h"
#include "ops/operations.h"
#include "ops/parametric.h"
#include "tensor/copy.h"
#include "wengert/detail/owner.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The gradient passes where the bounds, both included, did not act.
Tensor inside(const Tensor& g, const Tensor& mask) { return where(mask, g, zeros({}, g.dtype())); }

// One bound, a number; both make two of them.
template <bool kLower>
struct ClampNumber {
  Scalar bound;
  static constexpr const char* name = kLower ? "clamp_min" : "clamp_max";
  WG_FIELDS(bound)
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0)};
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const {
    elementwise::infer_scalar(name, elementwise::ResultType::SAME, false, bound, m);
    check_fits(name, m.out().dtype, bound);
  }
  void compute(Compute& c) const {
    const auto kernel = kLower ? kernels::Binary::maximum_ : kernels::Binary::minimum_;
    elementwise::compute_scalar(name, kernels::binary(kernel), false, bound, false, c);
  }
  void vjp(Vjp& v) const {
    const Tensor& x = v.saved(0);
    v.set(0, inside(v.grad(), kLower ? ge(x, bound) : le(x, bound)));
  }
  void jvp(Jvp& j) const {
    j.set(0, inside(j.tangent(0), kLower ? ge(j.in(0), bound) : le(j.in(0), bound)));
  }
};

// Bounds are tensors; either may be missing.
struct Clamp {
  static constexpr const char* name = "clamp";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2)};
  void infer(Infer& m) const {
    Meta& out = m.out();
    out.dtype = m.in(0).dtype;
    out.shape = m.in(0).sizes();
    for (int i = 1; i < 3; ++i) {
      if (!m.inputs[i]) continue;
      const Shape before = out.shape;
      WG_CHECK(broadcast_shapes(before, m.in(i).sizes(), out.shape), Error, "clamp: shapes ",
               Dims(before), " and ", m.in(i).sizes(), " do not broadcast");
      const DType t = elementwise::operand_dtype(m.in(0), m.in(i));
      out.dtype = i == 1 ? t : promote(out.dtype, t);
    }
  }
  void compute(Compute& c) const {
    Tensor y = c.in(0);
    if (c.inputs[1]) y = maximum(y, c.in(1));
    if (c.inputs[2]) y = minimum(y, c.in(2));
    copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    const Tensor& x = v.saved(0);
    const Tensor low = v.has_saved(1) ? v.saved(1) : Tensor();
    const Tensor high = v.has_saved(2) ? v.saved(2) : Tensor();
    if (v.needs(0)) {
      Tensor mask = low.defined() ? ge(x, low) : le(x, high);
      if (low.defined() && high.defined()) mask = logical_and(mask, le(x, high));
      v.set(0, inside(v.grad(), mask));
    }
    if (v.needs(1)) {
      const Tensor mask = lt(x, low);
      v.set(1, inside(v.grad(), high.defined() ? logical_and(mask, lt(low, high)) : mask));
    }
    if (v.needs(2)) {
      const Tensor mask = gt(x, high);
      v.set(2, inside(v.grad(), low.defined() ? logical_or(mask, lt(high, low)) : mask));
    }
  }
  void jvp(Jvp& j) const {
    const Tensor &x = j.in(0), &low = j.in(1), &high = j.in(2);
    if (j.has(0)) {
      Tensor mask = low.defined() ? ge(x, low) : le(x, high);
      if (low.defined() && high.defined()) mask = logical_and(mask, le(x, high));
      j.add(0, inside(j.tangent(0), mask));
    }
    if (j.has(1)) {
      const Tensor mask = lt(x, low);
      j.add(0, inside(j.tangent(1), high.defined() ? logical_and(mask, lt(low, high)) : mask));
    }
    if (j.has(2)) {
      const Tensor mask = gt(x, high);
      j.add(0, inside(j.tangent(2), low.defined() ? logical_or(mask, lt(high, low)) : mask));
    }
  }
};

// log(x / (1 - x)) with x moved to [eps, 1 - eps]; without bounds for a negative eps.
struct Logit {
  double eps;
  static constexpr const char* name = "logit";
  WG_FIELDS(eps)
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0)};
  void infer(Infer& m) const {
    WG_CHECK(!is_complex(m.in(0).dtype), NotImplementedError,
             "logit: expected real numbers, but got ", m.in(0).dtype);
    elementwise::infer_unary(name, elementwise::ResultType::FLOAT, m);
  }
  void compute(Compute& c) const {
    Tensor x = to(c.in(0), c.out().dtype());
    if (eps >= 0) x = where(lt(x, Scalar(eps)), full({}, eps, x.dtype()), below(x));
    copy_elements(*c.out().impl(), *log(div(x, sub(Scalar(1.0), x))).impl());
  }
  void vjp(Vjp& v) const { v.set(0, along(v.grad(), v.saved(0))); }
  void jvp(Jvp& j) const { j.set(0, along(j.tangent(0), j.in(0))); }

 private:
  Tensor below(const Tensor& x) const {
    return where(gt(x, Scalar(1 - eps)), full({}, 1 - eps, x.dtype()), x);
  }
  // Where x is out of bounds nothing passes, or there is no derivative.
  Tensor along(const Tensor& t, const Tensor& x) const {
    const double low = eps >= 0 ? eps : 0.0;
    const double rest = eps >= 0 ? 0.0 : std::numeric_limits<double>::quiet_NaN();
    const Tensor out = logical_or(lt(x, Scalar(low)), gt(x, Scalar(1 - low)));
    return where(out, full({}, rest, t.dtype()), div(t, mul(x, sub(Scalar(1.0), x))));
  }
};

// Whether one pass limits the elements from both sides; throws if a bound is too large for them.
bool between(const Tensor& x, const std::optional<Scalar>& min, const std::optional<Scalar>& max) {
  const DType t = detail::input("clamp", x)->dtype;
  if (!min || !max || !is_floating(t) || min->kind() > DTypeKind::floating ||
      max->kind() > DTypeKind::floating)
    return false;
  check_fits("clamp", t, *min);
  check_fits("clamp", t, *max);
  return true;
}
void check_bounds(bool any) {
  WG_CHECK(any, Error, "clamp: at least one of min and max must be given");
}

}  // namespace

Tensor clamp(const Tensor& input, std::optional<Scalar> min, std::optional<Scalar> max) {
  check_bounds(min || max);
  if (between(input, min, max)) return clamp_between(input, min->to_double(), max->to_double());
  if (min && max) {
    // Of the dtype of both: the lower bound may be none of the input's.
    const DType both = promote(promote(input.dtype(), *min), *max);
    if (both != input.dtype()) return clamp(to(input, both), min, max);
  }
  const Tensor low = min ? apply(ClampNumber<true>{*min}, input) : input;
  return max ? apply(ClampNumber<false>{*max}, low) : low;
}
Tensor& clamp_(Tensor& self, std::optional<Scalar> min, std::optional<Scalar> max) {
  check_bounds(min || max);
  if (between(self, min, max)) {
    clamp_between_(self, min->to_double(), max->to_double());
    return self;
  }
  if (max) {  // refused before anything has changed
    Meta meta;
    const TensorImpl* in = detail::input("clamp_", self);
    Infer m{&in, 1, &meta, 1};
    ClampNumber<false>{*max}.infer(m);
    WG_CHECK(kind_of(meta.dtype) <= kind_of(self.dtype()), Error, "clamp_: a result of dtype ",
             meta.dtype, " cannot be stored in a tensor of dtype ", self.dtype(),
             "; use the form that returns a new tensor");
  }
  if (min) apply_in_place(ClampNumber<true>{*min}, self);
  if (max) apply_in_place(ClampNumber<false>{*max}, self);
  return self;
}
Tensor clamp(const Tensor& input, const Tensor& min, const Tensor& max) {
  check_bounds(min.defined() || max.defined());
  detail::input("clamp", input);
  return apply_optional(Clamp{}, input, min, max);
}
Tensor& clamp_(Tensor& self, const Tensor& min, const Tensor& max) {
  check_bounds(min.defined() || max.defined());
  apply_optional_in_place(Clamp{}, self, min, max);
  return self;
}

Tensor bitwise_not(const Tensor& input) {
  if (detail::input("bitwise_not", input)->dtype == DType::bool_) return logical_not(input);
  WG_CHECK(is_integral(input.dtype()), NotImplementedError,
           "bitwise_not: expected integers or bools, but got ", input.dtype(),
           "; convert with to()");
  return bitwise_xor(input, Scalar(-1));
}

Tensor logit(const Tensor& input, std::optional<double> eps) {
  return apply(Logit{eps.value_or(-1.0)}, input);
}

Tensor deg2rad(const Tensor& input) { return mul(input, Scalar(0.017453292519943295769)); }
Tensor rad2deg(const Tensor& input) { return mul(input, Scalar(57.295779513082320877)); }

Tensor nan_to_num(const Tensor& input, double nan, std::optional<double> posinf,
                  std::optional<double> neginf) {
  const DType t = detail::input("nan_to_num", input)->dtype;
  if (is_integral(t)) return clone(input);
  const double largest = t == DType::float64    ? std::numeric_limits<double>::max()
                         : t == DType::float16  ? 65504.0
                         : t == DType::bfloat16 ? 0x1.FEp127
                                                : std::numeric_limits<float>::max();
  const auto number = [&](double v) { return full({}, v, t); };
  Tensor y = where(isnan(input), number(nan), input);
  y = where(isposinf(input), number(posinf.value_or(largest)), y);
  return where(isneginf(input), number(neginf.value_or(-largest)), y);
}

Tensor heaviside(const Tensor& input, const Tensor& values) {
  WG_CHECK(detail::input("heaviside", input)->dtype == detail::input("heaviside", values)->dtype,
           Error, "heaviside: input and values must have one dtype, but got ", input.dtype(),
           " and ", values.dtype(), "; convert one with to()");
  const Tensor x = input.detach();
  return where(eq(x, Scalar(0)), values.detach(), to(gt(x, Scalar(0)), x.dtype()));
}

Tensor ldexp(const Tensor& input, const Tensor& other) {
  return mul(input, pow(Scalar(2.0), other));
}

Tensor mvlgamma(const Tensor& input, int64_t p) {
  WG_CHECK(p >= 1, Error, "mvlgamma: p must be at least 1, but got ", p);
  constexpr double kLogPi = 1.14472988584940017414;
  const double n = static_cast<double>(p);
  const Tensor steps = arange(0, n / 2, 0.5, promote(input.dtype(), Scalar(0.5)));
  const Tensor terms = lgamma(sub(unsqueeze(input, -1), steps));
  return add(sum(terms, {-1}), Scalar(n * (n - 1) / 4 * kLogPi));
}

namespace {

Tensor bound(const Tensor& input, const std::optional<Operand>& o) {
  if (!o) return {};
  return o->tensor ? *o->tensor : scalar(o->scalar, promote(input.dtype(), o->scalar));
}
bool is_number(const std::optional<Operand>& o) { return !o || !o->tensor; }
std::optional<Scalar> number(const std::optional<Operand>& o) {
  return o ? std::optional(o->scalar) : std::nullopt;
}
Tensor clamp_row(const Tensor& x, std::optional<Operand> min, std::optional<Operand> max) {
  return is_number(min) && is_number(max) ? clamp(x, number(min), number(max))
                                          : clamp(x, bound(x, min), bound(x, max));
}
Tensor& clamp_row_(Tensor& x, std::optional<Operand> min, std::optional<Operand> max) {
  if (is_number(min) && is_number(max)) return clamp_(x, number(min), number(max));
  return clamp_(x, bound(x, min), bound(x, max));
}
Tensor clamp_min_row(const Tensor& x, const Operand& min) { return clamp_row(x, min, {}); }
Tensor& clamp_min_row_(Tensor& x, const Operand& min) { return clamp_row_(x, min, {}); }
Tensor clamp_max_row(const Tensor& x, const Operand& max) { return clamp_row(x, {}, max); }
Tensor& clamp_max_row_(Tensor& x, const Operand& max) { return clamp_row_(x, {}, max); }

Tensor float_power_row(const Operand& a, const Operand& b) {
  const auto wide = [](const Operand& o) { return to(as_tensor(o), DType::float64); };
  if (a.tensor && !b.tensor) return pow(wide(a), b.scalar.to_double());
  return pow(wide(a), wide(b));
}
Tensor& float_power_row_(Tensor& self, const Operand& b) {
  WG_CHECK(self.dtype() == DType::float64, Error,
           "float_power_: the result is float64, which cannot be stored in a tensor of dtype ",
           self.dtype(), "; use the form that returns a new tensor");
  return b.tensor ? pow_(self, to(*b.tensor, DType::float64)) : pow_(self, b.scalar.to_double());
}
Tensor xlog1py_row(const Operand& a, const Operand& b) {
  // log1p keeps what 1 + b loses, so that x log(1 + b) is not made of xlogy.
  const Tensor x = as_tensor(a), t = as_tensor(b), y = log1p(t);
  const Tensor keep = logical_or(ne(x, Scalar(0)), isnan(t));
  return where(keep, mul(x, y), zeros({}, y.dtype()));
}

constexpr uint32_t kUsual = kFunction | kMethod | kOut;
constexpr uint32_t kChanging = kUsual | kInPlace;

constexpr Function rows[] = {
    make_function<clamp_row, clamp_row_>(
        "clamp", "input, min=None, max=None", kUsual,
        "Elements below min become min, those above max become max; bounds are numbers or tensors",
        "T((3, 4), -3, 3), -1, 1\nT((3, 4), -3, 3), 0.5\nT((), -3, 3), max=0.5\nT((3, 4), -3, 3), "
        "T((4,), -2, -1), T((3, 1), 1, 2)\nT((0, 3)), 0",
        "np.clip(input, min, max)"),
    make_function<clamp_row, clamp_row_>("clip", "input, min=None, max=None", kUsual | kAlias,
                                         "Another name of clamp"),
    make_function<clamp_min_row, clamp_min_row_>(
        "clamp_min", "input, min", kUsual, "max(input, min), min being a number or a tensor",
        "T((3, 4), -3, 3), 0.5\nT((3, 4), -3, 3), T((4,), -1, 1)", "np.maximum(input, min)"),
    make_function<clamp_max_row, clamp_max_row_>(
        "clamp_max", "input, max", kUsual, "min(input, max), max being a number or a tensor",
        "T((3, 4), -3, 3), 0.5\nT((3, 4), -3, 3), T((4,), -1, 1)", "np.minimum(input, max)"),
    make_function<bitwise_not>("bitwise_not", "input", kChanging | kNoGrad,
                               "Every bit reversed; the other truth of bools",
                               "I((3, 4), -9, 9)\nM((3,))", "~input"),
    make_function<logit>(
        "logit", "input, eps=None", kChanging,
        "log(x / (1 - x)), the inverse of sigmoid, with x first clamped to [eps, 1 - eps] where "
        "eps is given",
        "T((3, 4), 0.1, 0.9)\nT((3, 4), 0.1, 0.9), 0.3",
        "scipy.special.logit(input if eps is None else np.clip(input, eps, 1 - eps))"),
    make_function<deg2rad>("deg2rad", "input", kChanging, "Degrees converted to radians",
                           "T((3, 4), -180, 180)", "np.deg2rad(input)"),
    make_function<rad2deg>("rad2deg", "input", kChanging, "Radians converted to degrees",
                           "T((3, 4), -3, 3)", "np.rad2deg(input)"),
    make_function<nan_to_num>("nan_to_num", "input, nan=0.0, posinf=None, neginf=None", kChanging,
                              "Numbers in place of NaN and the infinities; by default the ends of "
                              "the dtype for the latter",
                              "T((3, 4))\nT((3, 4)), 1.0, 2.0, 3.0", "np.nan_to_num(input)"),
    make_function<heaviside>("heaviside", "input, values", kChanging | kNoGrad,
                             "0 below zero, 1 above it, values at zero",
                             "T((3, 4), -1, 1), T((4,))", "np.heaviside(input, values)"),
    make_function<+[](const Tensor& x, const Operand& n) { return ldexp(x, as_tensor(n)); }>(
        "ldexp", "input, other", kChanging, "input 2^other", "T((3, 4)), T((4,), -2, 2)",
        "input * 2.0**other"),
    make_function<mvlgamma>("mvlgamma", "input, p", kChanging,
                            "Logarithm of the multivariate gamma function of dimension p",
                            "T((3, 4), 2, 5), 3",
                            "scipy.special.multigammaln(input, p) if np.ndim(input) == 0 else "
                            "np.vectorize(lambda v: scipy.special.multigammaln(v, p))(input)"),
    make_function<float_power_row, float_power_row_>(
        "float_power", "input, exponent", kUsual, "Power computed in float64",
        "T((3, 4), 0.5, 3), T((4,))\nT((3,), 0.5, 3), 2.5", "np.float_power(input, exponent)"),
    make_function<xlog1py_row>("_xlog1py", "input, other", kFunction | kInternal,
                               "input log(1 + other), which is 0 where input is 0",
                               "T((3, 4)), T((4,), -0.5, 3)",
                               "scipy.special.xlog1py(input, other)"),
};
}  // namespace

extern const FunctionTable pointwise_functions;
const FunctionTable pointwise_functions = {rows, std::size(rows)};

WG_OPERATIONS(pointwise, operation<ClampNumber<false>>(), operation<ClampNumber<true>>(),
              operation<Clamp>(), operation<Logit>())

WENGERT_NAMESPACE_END
