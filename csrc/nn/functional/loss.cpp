#include "wengert/nn/functional/loss.h"

#include <cmath>
#include <numbers>

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

}  // namespace nn::functional
WENGERT_NAMESPACE_END
