// Losses of elements, composed of differentiable operations.
#include "ops/nn_loss.h"

#include <cmath>

#include "autograd/levels.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/parametric.h"

WENGERT_NAMESPACE_BEGIN

namespace detail {

Reduction reduction_of(const char* op, std::string_view name) {
  if (name == "mean") return Reduction::mean;
  if (name == "sum") return Reduction::sum;
  WG_CHECK(name == "none", ValueError, op, ": ", name,
           " is not a valid value for reduction; use 'mean', 'sum' or 'none'");
  return Reduction::none;
}

Tensor reduced(const Tensor& loss, Reduction r) {
  return r == Reduction::mean ? mean(loss) : r == Reduction::sum ? sum(loss) : loss;
}

Tensor checked_targets(const char* op, const Tensor& target, Dims rest) {
  const Dims given = target.shape();
  if (rest.empty()) {
    WG_CHECK(given.size() <= 1 && target.numel() == 1, ValueError, op,
             ": expected one class index for an input of one sample, but got shape ", given);
    return reshape(target, {});
  }
  WG_CHECK(!given.empty() && given[0] == rest[0], ValueError, op,
           ": expected class indices of shape ", rest,
           ", the input's without its classes, but got ", given);
  WG_CHECK(given == rest, Error, op, ": expected class indices of shape ", rest,
           ", the input's without its classes, but got ", given);
  return target;
}

}  // namespace detail

namespace {

using detail::reduced;
using detail::Reduction;
using detail::reduction_of;

// max(log x, -100), whose derivative is that of the logarithm where it is not limited.
struct LimitedLog {
  static constexpr const char* name = "limited_log";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0)};
  static constexpr double kLeast = -100;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor y = maximum(log(c.in(0)), kLeast);
    copy_(c.out(), y);
  }
  void vjp(Vjp& v) const { v.set(0, v.grad() / maximum(v.saved(0), 1e-12)); }
  void jvp(Jvp& j) const { j.set(0, j.tangent(0) / maximum(j.in(0), 1e-12)); }
};

// Of which dtype the results are.
DType check_real_numbers(const char* op, const Tensor& input, const Tensor& target) {
  const DType a = detail::input(op, input)->dtype, b = detail::input(op, target)->dtype;
  const DType t = promote(a, b);
  WG_CHECK(is_floating(t), NotImplementedError, op, ": not available for dtypes ", a, " and ", b,
           "; convert one to a floating point dtype");
  return t;
}
// Integers as numbers of dtype t.
Tensor floating(const Tensor& x, DType t) { return is_floating(x.dtype()) ? x : to(x, t); }

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, std::string_view reduction) {
  const Reduction r = reduction_of("mse_loss", reduction);
  check_real_numbers("mse_loss", input, target);
  return reduced(square(sub(input, target)), r);
}
Tensor l1_loss(const Tensor& input, const Tensor& target, std::string_view reduction) {
  const Reduction r = reduction_of("l1_loss", reduction);
  return reduced(abs(sub(input, target)), r);
}
Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
                      double beta) {
  const Reduction r = reduction_of("smooth_l1_loss", reduction);
  WG_CHECK(beta >= 0, Error, "smooth_l1_loss: expected a beta of at least 0, but got ", beta);
  if (beta == 0) return l1_loss(input, target, reduction);
  const DType t = check_real_numbers("smooth_l1_loss", input, target);
  return reduced(smooth_l1(floating(input, t), floating(target, t), beta), r);
}
Tensor huber_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
                  double delta) {
  const Reduction r = reduction_of("huber_loss", reduction);
  WG_CHECK(delta > 0, Error, "huber_loss: expected a positive delta, but got ", delta);
  const DType t = check_real_numbers("huber_loss", input, target);
  return reduced(huber(floating(input, t), floating(target, t), delta), r);
}

Tensor nll_loss(const Tensor& input, const Tensor& target, const Tensor& weight,
                std::string_view reduction, int64_t ignore_index) {
  const TensorImpl &x = *detail::input("nll_loss", input), &t = *detail::input("nll_loss", target);
  const Reduction r = reduction_of("nll_loss", reduction);
  WG_CHECK(x.ndim > 0, ValueError, "nll_loss: expected an input (C), (N, C) or (N, C, ...)");
  const int64_t dim = x.ndim == 1 ? 0 : 1, classes = x.shape()[dim];
  Shape rest;
  for (int i = 0; i < x.ndim; ++i) {
    if (i != dim) rest.push(x.shape()[i]);
  }
  WG_CHECK(detail::is_class_index(t.dtype), Error,
           "nll_loss: expected class indices of dtype int64 or uint8, but got ", t.dtype);
  const Tensor each_target = detail::checked_targets("nll_loss", target, rest);
  WG_CHECK(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes), Error,
           "nll_loss: expected a weight for each of ", classes, " classes");
  WG_CHECK(!weight.defined() || weight.dtype() == x.dtype, Error, "nll_loss: the input has dtype ",
           x.dtype, ", but the weight ", weight.dtype());
  const Tensor indices = to(each_target, DType::int64), used = ne(indices, Scalar(ignore_index));
  const Tensor zero = zeros({}, x.dtype);
  const Tensor safe = where(used, indices, zeros({}, DType::int64));
  const Tensor all = all_examples(safe);
  WG_CHECK(!any(logical_or(lt(all, 0), ge(all, Scalar(classes)))).item().to_bool(), IndexError,
           "nll_loss: a target is out of bounds for ", classes, " classes");
  const Tensor picked = squeeze(gather(input, dim, unsqueeze(safe, dim)), {dim});
  Tensor counts = to(used, x.dtype);
  if (weight.defined()) {
    const Tensor each = reshape(index_select(weight, 0, reshape(safe, {safe.numel()})), rest);
    counts = counts * each;
  }
  const Tensor loss = where(used, neg(picked * counts), zero);
  return r == Reduction::mean ? sum(loss) / sum(counts) : reduced(loss, r);
}

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight,
                            std::string_view reduction) {
  const Reduction r = reduction_of("binary_cross_entropy", reduction);
  WG_CHECK(is_floating(detail::input("binary_cross_entropy", input)->dtype), Error,
           "binary_cross_entropy: expected probabilities of a floating point dtype, but got ",
           input.dtype());
  const auto in_range = [](const Tensor& x) {
    if (x.impl()->has(kBatched)) return true;  // the elements cannot be read
    return all(logical_and(ge(x, 0.0), le(x, 1.0))).item().to_bool();
  };
  WG_CHECK(in_range(input), Error,
           "binary_cross_entropy: all elements of input should be between 0 and 1; apply sigmoid() "
           "first, or use binary_cross_entropy_with_logits()");
  WG_CHECK(in_range(target), Error,
           "binary_cross_entropy: all elements of target should be between 0 and 1");
  const Tensor yes = apply(LimitedLog{}, input), no = apply(LimitedLog{}, sub(1.0, input));
  Tensor loss = sub(mul(sub(target, 1.0), no), mul(target, yes));
  if (weight.defined()) loss = mul(loss, expand(weight, loss.shape()));
  return reduced(loss, r);
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const Tensor& weight, const Tensor& pos_weight,
                                        std::string_view reduction) {
  const Reduction r = reduction_of("binary_cross_entropy_with_logits", reduction);
  Tensor log_yes = logsigmoid(input);
  if (pos_weight.defined()) {
    log_yes = mul(log_yes, add(mul(sub(pos_weight, 1.0), target), 1.0));
  }
  Tensor loss = sub(mul(sub(1.0, target), input), log_yes);
  if (weight.defined()) loss = mul(loss, weight);
  return reduced(loss, r);
}

Tensor kl_div(const Tensor& input, const Tensor& target, std::string_view reduction,
              bool log_target) {
  const Reduction r = reduction_of("kl_div", reduction);
  const Tensor loss = log_target ? mul(exp(target), sub(target, input))
                                 : sub(xlogy(target, target), mul(target, input));
  return reduced(loss, r);
}

namespace {
#define WG_MEAN(x) \
  "(" x ").mean() if reduction == 'mean' else (" x ").sum() if reduction == 'sum' else " x
#define WG_PAIR "T((3, 4)), T((3, 4))\nT((3, 4)), T((3, 4)), 'sum'\nT((3, 4)), T((4,)), 'none'"
constexpr Function rows[] = {
    make_function<mse_loss>("mse_loss", "input, target, reduction='mean'", kFunction | kNN,
                            "(x - t)^2", WG_PAIR, WG_MEAN("(input - target)**2")),
    make_function<l1_loss>("l1_loss", "input, target, reduction='mean'", kFunction | kNN, "|x - t|",
                           WG_PAIR, WG_MEAN("np.abs(input - target)")),
    make_function<smooth_l1_loss>(
        "smooth_l1_loss", "input, target, reduction='mean', beta=1.0", kFunction | kNN,
        "d^2 / (2 beta) where d = |x - t| < beta, else d - beta / 2", WG_PAIR,
        WG_MEAN("np.where(abs(input - target) < beta, 0.5 * (input - target)**2 / beta, abs(input "
                "- target) - 0.5 * beta)")),
    make_function<huber_loss>("huber_loss", "input, target, reduction='mean', delta=1.0",
                              kFunction | kNN,
                              "d^2 / 2 where d = |x - t| <= delta, else delta (d - delta / 2)",
                              WG_PAIR, WG_MEAN("scipy.special.huber(delta, input - target)")),
    make_function<nll_loss>(
        "nll_loss", "input, target, weight=None, reduction='mean', ignore_index=-100",
        kFunction | kNN, "-input[target] of log-probabilities, with class indices as targets",
        "T((4, 5)), I((4,), 0, 5)\nT((2, 5, 3)), I((2, 3), 0, 5), T((5,), 0.5, 2), "
        "'none'\nT((5,)), "
        "I((), 0, 5)"),
    make_function<binary_cross_entropy>(
        "binary_cross_entropy", "input, target, weight=None, reduction='mean'", kFunction | kNN,
        "-(t log(x) + (1 - t) log(1 - x)) of probabilities, each logarithm at least -100",
        "T((3, 4), 0.1, 0.9), T((3, 4), 0, 1)\nT((3, 4), 0.1, 0.9), T((3, 4), 0, 1), T((4,)), "
        "'sum'",
        WG_MEAN("-(target * np.log(input) + (1 - target) * np.log1p(-input)) * (1 if weight is "
                "None else weight)")),
    make_function<binary_cross_entropy_with_logits>(
        "binary_cross_entropy_with_logits",
        "input, target, weight=None, pos_weight=None, reduction='mean'", kFunction | kNN,
        "binary_cross_entropy of sigmoid(x), without overflow",
        "T((3, 4)), T((3, 4), 0, 1)\nT((3, 4)), T((3, 4), 0, 1), T((4,)), T((4,), 0.5, 2), 'none'"),
    make_function<kl_div>("kl_div", "input, target, reduction='mean', log_target=False",
                          kFunction | kNN, "t (log(t) - x) of log-probabilities x",
                          "T((3, 4)), T((3, 4), 0.1, 1)\nT((3, 4)), T((3, 4)), 'sum', True",
                          WG_MEAN("(np.exp(target) * (target - input) if log_target else "
                                  "scipy.special.xlogy(target, target) - target * input)")),
};
#undef WG_MEAN
#undef WG_PAIR
}  // namespace

extern const FunctionTable nn_loss_functions;
const FunctionTable nn_loss_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_loss, operation<LimitedLog>())

WENGERT_NAMESPACE_END
