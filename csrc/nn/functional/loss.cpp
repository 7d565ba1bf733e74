#include "wengert/nn/functional/loss.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "nn/functional/reduce.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

namespace {

// The loss of each element times its weight; the mean divides by the sum of the weights.
Tensor weighted(const char* op, const Tensor& loss, const Tensor& weight,
                std::string_view reduction) {
  WG_CHECK(weight.shape() == loss.shape(), ValueError, op, ": expected a weight of shape ",
           loss.shape(), ", got ", weight.shape());
  if (reduction == "mean") return sum(loss * weight) / sum(weight);
  return reduced(loss * weight, reduction);
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
                const Tensor& weight) {
  check_reduction("mse_loss", reduction);
  if (!weight.defined()) return wengert::mse_loss(input, target, reduction);
  return weighted("mse_loss", wengert::mse_loss(input, target, "none"), weight, reduction);
}

Tensor l1_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
               const Tensor& weight) {
  check_reduction("l1_loss", reduction);
  if (!weight.defined()) return wengert::l1_loss(input, target, reduction);
  return weighted("l1_loss", wengert::l1_loss(input, target, "none"), weight, reduction);
}

Tensor smooth_l1_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
                      double beta) {
  check_reduction("smooth_l1_loss", reduction);
  WG_CHECK(beta >= 0, Error, "smooth_l1_loss: expected a beta that is not negative, got ", beta);
  if (beta == 0) return wengert::l1_loss(input, target, reduction);
  return wengert::smooth_l1_loss(input, target, reduction, beta);
}

Tensor huber_loss(const Tensor& input, const Tensor& target, std::string_view reduction,
                  double delta, const Tensor& weight) {
  check_reduction("huber_loss", reduction);
  WG_CHECK(delta > 0, Error, "huber_loss: expected a positive delta, got ", delta);
  if (!weight.defined()) return wengert::huber_loss(input, target, reduction, delta);
  // Its mean counts elements, unlike that of the other losses with weights.
  WG_CHECK(weight.shape() == input.shape(), ValueError, "huber_loss: expected a weight of shape ",
           input.shape(), ", got ", weight.shape());
  return reduced(wengert::huber_loss(input, target, "none", delta) * weight, reduction);
}

Tensor kl_div(const Tensor& input, const Tensor& target, std::string_view reduction,
              bool log_target) {
  if (reduction == "batchmean") {
    const Tensor total = wengert::kl_div(input, target, "sum", log_target);
    return input.dim() ? total / input.size(0) : total;
  }
  check_reduction("kl_div", reduction);
  return wengert::kl_div(input, target, reduction, log_target);
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, bool log_input, bool full,
                        double eps, std::string_view reduction) {
  check_reduction("poisson_nll_loss", reduction);
  Tensor loss = log_input ? exp(input) - target * input : input - target * log(input + eps);
  if (full) {
    const Tensor safe = clamp(target, Scalar(1), std::nullopt);
    // One after the other: gradients are added up in the reverse order.
    const Tensor product = safe * log(safe) - safe;
    const Tensor stirling = product + 0.5 * log(safe * (2 * std::numbers::pi));
    loss = loss + where(target > 1, stirling, zeros_like(stirling));
  }
  return reduced(loss, reduction);
}

Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& given, bool full,
                         double eps, std::string_view reduction) {
  check_reduction("gaussian_nll_loss", reduction);
  Tensor var = given;
  if (!(var.shape() == input.shape())) {
    const auto leading = [](const Tensor& t) {
      return Dims(t.shape().data(), static_cast<size_t>(t.dim() - 1));
    };
    WG_CHECK(input.dim() > 0, ValueError, "gaussian_nll_loss: expected a var of shape ",
             input.shape(), ", got ", var.shape());
    const bool narrow = var.dim() > 0 && leading(var) == leading(input) && var.size(-1) == 1;
    WG_CHECK(narrow || leading(input) == var.shape(), ValueError,
             "gaussian_nll_loss: var is of incorrect size: expected shape ", input.shape(),
             ", with 1 for the last dimension or without it, got ", var.shape());
    if (!narrow) var = unsqueeze(var, -1);
  }
  WG_CHECK(!any(var < 0).item().to_bool(), ValueError,
           "gaussian_nll_loss: var has negative entry/entries");
  // The lower limit is not differentiated: its value counts, the gradient passes.
  Tensor limited = clone(var);
  {
    const NoGradGuard no_grad;
    clamp_(limited, Scalar(eps), std::nullopt);
  }
  const Tensor loss = 0.5 * (log(limited) + pow(input - target, 2) / limited);
  return reduced(full ? loss + 0.5 * std::log(2 * std::numbers::pi) : loss, reduction);
}

Tensor linear_cross_entropy(const Tensor& input, const Tensor& linear_weight, const Tensor& target,
                            const Tensor& linear_bias, const Tensor& weight,
                            std::string_view reduction, std::optional<int64_t> ignore_index,
                            double label_smoothing) {
  const char* op = "linear_cross_entropy";
  WG_CHECK(linear_weight.dim() >= 2, Error, op,
           ": expected a linear_weight of at least 2 dimensions, got shape ",
           linear_weight.shape());
  WG_CHECK(input.dim() == 2 || (input.dim() == 1 && linear_weight.dim() == 2), Error, op,
           ": expected an input (N, in_features), got shape ", input.shape());
  const int64_t features = linear_weight.size(-1);
  WG_CHECK(input.size(-1) == features, Error, op, ": expected an input of ", features,
           " features, got shape ", input.shape());
  const Dims outputs(linear_weight.shape().data(), linear_weight.shape().size() - 1);
  WG_CHECK(!linear_bias.defined() || linear_bias.shape() == outputs, Error, op,
           ": expected a linear_bias of shape ", outputs, ", got ", linear_bias.shape());
  std::vector<int64_t> shape = outputs.vec();
  if (input.dim() == 2) shape.insert(shape.begin(), input.size(0));
  WG_CHECK(!ignore_index || !(target.shape() == Dims(shape)), Error, op,
           ": ignore_index cannot be given where the target contains probabilities");
  const Tensor rows = linear_weight.reshape({-1, features});
  const Tensor bias = linear_bias.defined() ? linear_bias.reshape({-1}) : linear_bias;
  return cross_entropy(linear(input, rows, bias).reshape(shape), target, weight, reduction,
                       ignore_index.value_or(-100), label_smoothing);
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
