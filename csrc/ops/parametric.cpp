// The operations of kernels/parametric.def, and the activation functions made of them.
#include "ops/parametric.h"

#include <cmath>
#include <type_traits>

#include "ops/elementwise_map.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/selu_constants.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

void infer_parametric(const char* op, bool gradient, Infer& m) {
  Meta& out = m.out();
  out.dtype = m.in(0).dtype;
  out.shape = m.in(0).sizes();
  for (int i = 0; i < m.n_inputs; ++i) {
    WG_CHECK(is_floating(m.in(i).dtype), NotImplementedError, op,
             ": expected a tensor of floating point dtype, but got ", m.in(i).dtype,
             "; convert it with to(dtype)");
    if (i == 0) continue;
    const Shape before = out.shape;
    WG_CHECK(broadcast_shapes(before, m.in(i).sizes(), out.shape), Error, op, ": shapes ",
             Dims(before), " and ", m.in(i).sizes(), " do not broadcast");
    if (!gradient) out.dtype = operand_dtype(m.in(i - 1), m.in(i));
  }
  for (int i = gradient; i < m.n_inputs; ++i) {
    if (m.in(i).ndim == 0 || !(m.in(i).sizes() == Dims(out.shape))) continue;
    like_layout(out, m.in(i));
    return;
  }
}

namespace {
kernels::ParametricFn function(kernels::Parametric kernel, int of, DType t) {
  const kernels::ParametricKernels& k = kernels::parametric(kernel, t);
  return of == kValue ? k.value : k.gradient[of];
}
}  // namespace

void compute_parametric(kernels::Parametric kernel, int of, const Numbers& numbers, Compute& c) {
  const TensorImpl& out = *c.out().impl();
  const DType t = compute_dtype(out.dtype);
  const kernels::ParametricFn fn = function(kernel, of, t);
  map<kMapped>(out, t, c.inputs, c.n_inputs, t,
               [&](int64_t n, void* y, const void* const* x, const int64_t* steps) {
                 fn(n, y, x, steps, numbers.list);
               });
}

static_assert(kMapped == Pointwise::kMaxInputs &&
              kernels::kParameters == std::extent_v<decltype(Pointwise::numbers)>);

bool pointwise_parametric(kernels::Parametric kernel, int of, const Numbers& numbers,
                          const DType* inputs, int n, Pointwise& p) {
  for (int i = 0; i < n; ++i) {
    if (inputs[i] != inputs[0] || compute_dtype(inputs[i]) != inputs[i]) return false;
  }
  p.any = function(kernel, of, inputs[0]);
  for (int i = 0; i < kernels::kParameters; ++i) p.numbers[i] = numbers.list[i];
  p.out = inputs[0];
  return true;
}

namespace {

#define WG_MEMBERS(...)                                    \
  __VA_OPT__(double __VA_ARGS__;)                          \
  static constexpr const char* field_names = #__VA_ARGS__; \
  auto fields() const { return std::tie(__VA_ARGS__); }    \
  Numbers numbers() const { return {{__VA_ARGS__}}; }
#define WG_COMMON(op, names)                                                \
  WG_MEMBERS names static constexpr const char* name = #op;                 \
  static constexpr const char* gradient_name = #op "_gradient";             \
  static constexpr kernels::Parametric kernel = kernels::Parametric::op##_; \
  static constexpr Overwrites overwrites = Overwrites::any;                 \
  static constexpr bool composed = true;                                    \
  static constexpr Batching batching = Batching::elementwise;               \
  void infer(Infer& m) const { infer_parametric(name, false, m); }          \
  bool pointwise(const DType* in, int n, Pointwise& p) const {              \
    return pointwise_parametric(kernel, kValue, numbers(), in, n, p);       \
  }                                                                         \
  void compute(Compute& c) const { compute_parametric(kernel, kValue, numbers(), c); }

#define WG_PARAMETRIC(op, names, value, derivative)                                  \
  struct op##_op {                                                                   \
    WG_COMMON(op, names)                                                             \
    static constexpr Save saves[] = {save_input(0)};                                 \
    template <int kOf>                                                               \
    Tensor chain_rule(const Tensor& g, const Tensor& x) const {                      \
      return chain(g, derivative);                                                   \
    }                                                                                \
    void vjp(Vjp& v) const { put_parametric<0>(v, *this, v.saved(0)); }              \
    void jvp(Jvp& j) const {                                                         \
      put_tangent(j, 0, [&](const Tensor& t) { return chain_rule<0>(t, j.in(0)); }); \
    }                                                                                \
  };
#define WG_PARAMETRIC_PAIR(op, names, value, by_a, by_b)                                        \
  struct op##_op {                                                                              \
    WG_COMMON(op, names)                                                                        \
    static constexpr Save saves[] = {save_input(0), save_input(1)};                             \
    template <int kOf>                                                                          \
    Tensor chain_rule(const Tensor& g, const Tensor& a, const Tensor& b) const {                \
      if constexpr (kOf == 0) {                                                                 \
        return chain(g, by_a);                                                                  \
      } else {                                                                                  \
        return chain(g, by_b);                                                                  \
      }                                                                                         \
    }                                                                                           \
    void vjp(Vjp& v) const {                                                                    \
      put_parametric<1>(v, *this, v.saved(0), v.saved(1));                                      \
      put_parametric<0>(v, *this, v.saved(0), v.saved(1));                                      \
    }                                                                                           \
    void jvp(Jvp& j) const {                                                                    \
      const Tensor &a = j.in(0), &b = j.in(1);                                                  \
      if (j.has(0)) put_tangent(j, 0, [&](const Tensor& t) { return chain_rule<0>(t, a, b); }); \
      if (j.has(1)) put_tangent(j, 1, [&](const Tensor& t) { return chain_rule<1>(t, a, b); }); \
    }                                                                                           \
  };
#include "kernels/parametric.def"
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR

elu_op celu_of(double alpha) {
  WG_CHECK(alpha != 0, Error, "celu: expected an alpha that is not 0");
  return {alpha, 1, 1 / alpha};
}
hardtanh_op hardtanh_of(double min_val, double max_val) {
  WG_CHECK(min_val <= max_val, ValueError, "hardtanh: min_val cannot be greater than max_val, got ",
           min_val, " > ", max_val);
  return {min_val, max_val};
}
// Whole numbers have neither a kernel nor a derivative.
bool is_whole(const char* op, const Tensor& x) {
  const DType t = detail::input(op, x)->dtype;
  WG_CHECK(t != DType::bool_, Error, op, ": not defined for bools; convert with to(dtype)");
  return is_integral(t);
}

}  // namespace
}  // namespace elementwise

using namespace elementwise;

Tensor clamp_between(const Tensor& input, double min, double max) {
  return apply(clamp_between_op{min, max}, input);
}
void clamp_between_(Tensor& self, double min, double max) {
  apply_in_place(clamp_between_op{min, max}, self);
}
Tensor smooth_l1(const Tensor& a, const Tensor& b, double beta) {
  return apply(smooth_l1_op{beta}, a, b);
}
Tensor huber(const Tensor& a, const Tensor& b, double delta) {
  return apply(huber_op{delta}, a, b);
}

Tensor leaky_relu(const Tensor& input, double negative_slope) {
  return apply(leaky_relu_op{negative_slope}, input);
}
Tensor& leaky_relu_(Tensor& self, double negative_slope) {
  apply_in_place(leaky_relu_op{negative_slope}, self);
  return self;
}
Tensor elu(const Tensor& input, double alpha) { return apply(elu_op{alpha, 1, 1}, input); }
Tensor& elu_(Tensor& self, double alpha) {
  apply_in_place(elu_op{alpha, 1, 1}, self);
  return self;
}
Tensor selu(const Tensor& input) { return apply(elu_op{kSeluAlpha, kSeluScale, 1}, input); }
Tensor& selu_(Tensor& self) {
  apply_in_place(elu_op{kSeluAlpha, kSeluScale, 1}, self);
  return self;
}
Tensor celu(const Tensor& input, double alpha) { return apply(celu_of(alpha), input); }
Tensor& celu_(Tensor& self, double alpha) {
  apply_in_place(celu_of(alpha), self);
  return self;
}
Tensor softplus(const Tensor& input, double beta, double threshold) {
  return apply(softplus_op{beta, threshold}, input);
}
Tensor hardtanh(const Tensor& input, double min_val, double max_val) {
  const hardtanh_op op = hardtanh_of(min_val, max_val);
  if (!is_whole(op.name, input)) return apply(op, input);
  WG_CHECK(input.dtype() != DType::uint8 || (min_val >= 0 && max_val >= 0), Error,
           "hardtanh: expected limits of at least 0 for uint8, but got ", min_val, " and ",
           max_val);
  const Tensor y = where(le(input, min_val), full_like(input, min_val), input);
  return where(ge(input, max_val), full_like(input, max_val), y);
}
Tensor& hardtanh_(Tensor& self, double min_val, double max_val) {
  const hardtanh_op op = hardtanh_of(min_val, max_val);
  if (is_whole(op.name, self)) return copy_(self, hardtanh(self, min_val, max_val));
  apply_in_place(op, self);
  return self;
}
Tensor threshold(const Tensor& input, double threshold, double value) {
  const threshold_op op{threshold, value};
  if (!is_whole(op.name, input)) return apply(op, input);
  const Tensor limit = full({}, threshold, input.dtype());
  return where(le(input, limit), full_like(input, value), input);
}
Tensor& threshold_(Tensor& self, double threshold, double value) {
  const threshold_op op{threshold, value};
  if (is_whole(op.name, self)) return copy_(self, wengert::threshold(self, threshold, value));
  apply_in_place(op, self);
  return self;
}
Tensor hardshrink(const Tensor& input, double lambd) { return apply(hardshrink_op{lambd}, input); }
Tensor softshrink(const Tensor& input, double lambd) {
  WG_CHECK(lambd >= 0, Error, "softshrink: lambd must be greater or equal to 0, but found ", lambd);
  return apply(softshrink_op{lambd}, input);
}

Tensor prelu(const Tensor& input, const Tensor& weight) {
  const TensorImpl &x = *detail::input("prelu", input), &w = *detail::input("prelu", weight);
  WG_CHECK(w.ndim <= 1, Error, "prelu: expected a weight of 0 or 1 dimensions, got ", w.ndim);
  WG_CHECK(w.dtype == x.dtype, Error, "prelu: expected a weight of the input's dtype ", x.dtype,
           ", got ", w.dtype);
  if (w.numel == 1) return apply(prelu_op{}, input, reshape(weight, {}));
  const int64_t channels = x.ndim > 1 ? x.shape()[1] : x.ndim;
  WG_CHECK(w.numel == channels, Error, "prelu: expected 1 weight or one for each of ", channels,
           " channels, got a weight of shape ", w.sizes(), " for an input of shape ", x.sizes());
  Shape shape;
  shape.push(channels);
  for (int i = 2; i < x.ndim; ++i) shape.push(1);
  return apply(prelu_op{}, input, reshape(weight, shape));
}

namespace {

#define WG_SAMPLES(numbers) \
  "T((3, 4), -3, 3)\nT((2, 3, 4), -3, 3)" numbers "\nT((), -3, 3)\nT((0, 3))"
constexpr uint32_t kUsual = kFunction | kNN;
constexpr uint32_t kInto = kFunction | kNN | kMutates;
constexpr Function rows[] = {
    make_function<leaky_relu>("leaky_relu", "input, negative_slope=0.01", kUsual,
                              "x where x > 0, else negative_slope x", WG_SAMPLES(", 0.3"),
                              "np.where(input > 0, input, input * negative_slope)"),
    make_function<leaky_relu_>("leaky_relu_", "input, negative_slope=0.01", kInto,
                               "leaky_relu in place"),
    make_function<elu>("elu", "input, alpha=1.0", kUsual, "x where x > 0, else alpha (e^x - 1)",
                       WG_SAMPLES(", 0.7"),
                       "np.where(input > 0, input, alpha * np.expm1(np.minimum(input, 0)))"),
    make_function<elu_>("elu_", "input, alpha=1.0", kInto, "elu in place"),
    make_function<selu>("selu", "input", kUsual,
                        "Scaled ELU with the self-normalising constants of Klambauer et al. (2017)",
                        WG_SAMPLES(),
                        "1.0507009873554805 * np.where(input > 0, input, 1.6732632423543773 * "
                        "np.expm1(np.minimum(input, 0)))"),
    make_function<selu_>("selu_", "input", kInto, "selu in place"),
    make_function<celu>(
        "celu", "input, alpha=1.0", kUsual, "max(0, x) + min(0, alpha (e^(x / alpha) - 1))",
        WG_SAMPLES(", 2.0"),
        "np.where(input > 0, input, alpha * np.expm1(np.minimum(input, 0) / alpha))"),
    make_function<celu_>("celu_", "input, alpha=1.0", kInto, "celu in place"),
    make_function<softplus>("softplus", "input, beta=1.0, threshold=20.0", kUsual,
                            "log(1 + e^(beta x)) / beta; x itself where beta x > threshold",
                            WG_SAMPLES(", 2.0, 3.0"),
                            "np.where(input * beta > threshold, input, np.logaddexp(0, input * "
                            "beta) / beta)"),
    make_function<hardtanh>("hardtanh", "input, min_val=-1.0, max_val=1.0", kUsual,
                            "x limited to [min_val, max_val], with derivative 0 on the borders",
                            WG_SAMPLES(", -2.0, 0.5"), "np.clip(input, min_val, max_val)"),
    make_function<hardtanh_>("hardtanh_", "input, min_val=-1.0, max_val=1.0", kInto,
                             "hardtanh in place"),
    make_function<threshold>("threshold", "input, threshold, value", kUsual,
                             "x where x > threshold, else value",
                             "T((3, 4), -3, 3), 0.5, 9.0\nT((), -3, 3), 0.5, 9.0",
                             "np.where(input > threshold, input, value)"),
    make_function<threshold_>("threshold_", "input, threshold, value", kInto, "threshold in place"),
    make_function<hardshrink>("hardshrink", "input, lambd=0.5", kUsual,
                              "x where |x| > lambd, else 0", WG_SAMPLES(", 1.0"),
                              "np.where(np.abs(input) > lambd, input, 0)"),
    make_function<softshrink>("softshrink", "input, lambd=0.5", kUsual,
                              "x moved towards 0 by lambd, 0 where |x| <= lambd",
                              WG_SAMPLES(", 1.0"),
                              "np.sign(input) * np.maximum(np.abs(input) - lambd, 0)"),
    make_function<prelu>(
        "prelu", "input, weight", kUsual,
        "x where x > 0, else weight x, with one weight or one for each channel (dimension 1)",
        "T((3, 4), -3, 3), T((4,), 0.1, 1)\nT((2, 3, 4), -3, 3), T((3,), 0.1, 1)\nT((3, 4), -3, "
        "3), T((1,), 0.1, 1)\nT((0, 3)), T((3,))",
        "np.where(input > 0, input, input * (weight if weight.size == 1 else "
        "weight.reshape([-1] + [1] * (input.ndim - 2))))"),
};
#undef WG_SAMPLES
}  // namespace

extern const FunctionTable parametric_functions;
const FunctionTable parametric_functions = {rows, std::size(rows)};

namespace {
#define WG_PARAMETRIC(op, ...) \
  operation<op##_op>(), operation<ParametricGradient<op##_op, 0>>(#op ".gradient"),
#define WG_PARAMETRIC_PAIR(op, ...) \
  WG_PARAMETRIC(op) operation<ParametricGradient<op##_op, 1>>(#op ".gradient_other"),
constexpr Operation list[] = {
#include "kernels/parametric.def"
};
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR
}  // namespace

extern const OperationTable parametric_operations;
const OperationTable parametric_operations = {list, std::size(list)};

WENGERT_NAMESPACE_END
