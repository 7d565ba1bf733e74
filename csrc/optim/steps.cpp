#include <algorithm>

#include "ops/optimizer.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

void check_not_negative(const char* optimizer, const char* name, double value) {
  WG_CHECK(value >= 0, ValueError, optimizer, ": ", name, " must not be negative, but is ", value);
}
void check_beta(const char* name, double value) {
  WG_CHECK(value >= 0 && value < 1, ValueError, "Adam: ", name, " must lie in [0, 1), but is ",
           value);
}

AdamOptions decoupled(const AdamWOptions& o) {
  return {.lr = o.lr,
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .amsgrad = o.amsgrad,
          .maximize = o.maximize,
          .decoupled_weight_decay = true};
}

}  // namespace

SGD::SGD(std::vector<Tensor> parameters, const SGDOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("SGD", "lr", o.lr);
  check_not_negative("SGD", "momentum", o.momentum);
  check_not_negative("SGD", "weight_decay", o.weight_decay);
  WG_CHECK(!o.nesterov || (o.momentum > 0 && o.dampening == 0), ValueError,
           "SGD: nesterov needs a momentum and no dampening");
}
void SGD::step() {
  std::vector<size_t> numbers = active();
  std::vector<const char*> names;
  if (options.momentum != 0) {
    names.push_back("momentum_buffer");
    // The first momentum is the gradient, not dampened.
    const auto rest = std::partition(numbers.begin(), numbers.end(), [&](size_t i) {
      return options.dampening != 0 && !has_state(i, names[0]);
    });
    const std::vector<size_t> fresh(numbers.begin(), rest);
    numbers.erase(numbers.begin(), rest);
    if (!fresh.empty()) {
      SGDOptions first = options;
      first.dampening = 0;
      sgd_step(gather(fresh, names).data(), static_cast<int>(fresh.size()), first);
    }
  }
  if (!numbers.empty()) {
    sgd_step(gather(numbers, names).data(), static_cast<int>(numbers.size()), options);
  }
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("Adam", "lr", o.lr);
  check_not_negative("Adam", "eps", o.eps);
  check_not_negative("Adam", "weight_decay", o.weight_decay);
  check_beta("beta1", o.beta1);
  check_beta("beta2", o.beta2);
}
void Adam::step() {
  const std::vector<size_t> numbers = active();
  std::vector<const char*> names = {"exp_avg", "exp_avg_sq"};
  if (options.amsgrad) names.push_back("max_exp_avg_sq");
  names.push_back("step");
  if (!numbers.empty()) {
    adam_step(gather(numbers, names).data(), static_cast<int>(numbers.size()), options);
  }
}

AdamW::AdamW(std::vector<Tensor> parameters, const AdamWOptions& o)
    : Adam(std::move(parameters), decoupled(o)) {}

RMSprop::RMSprop(std::vector<Tensor> parameters, const RMSpropOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("RMSprop", "lr", o.lr);
  check_not_negative("RMSprop", "alpha", o.alpha);
  check_not_negative("RMSprop", "eps", o.eps);
  check_not_negative("RMSprop", "weight_decay", o.weight_decay);
  check_not_negative("RMSprop", "momentum", o.momentum);
}
void RMSprop::step() {
  const std::vector<size_t> numbers = active();
  std::vector<const char*> names = {"square_avg"};
  if (options.centered) names.push_back("grad_avg");
  if (options.momentum > 0) names.push_back("momentum_buffer");
  names.push_back("step");
  if (!numbers.empty()) {
    rmsprop_step(gather(numbers, names).data(), static_cast<int>(numbers.size()), options);
  }
}

Adagrad::Adagrad(std::vector<Tensor> parameters, const AdagradOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("Adagrad", "lr", o.lr);
  check_not_negative("Adagrad", "lr_decay", o.lr_decay);
  check_not_negative("Adagrad", "weight_decay", o.weight_decay);
  check_not_negative("Adagrad", "eps", o.eps);
}
void Adagrad::step() {
  const std::vector<size_t> numbers = active();
  if (!numbers.empty()) {
    adagrad_step(gather(numbers, {"sum", "step"}).data(), static_cast<int>(numbers.size()),
                 options);
  }
}

}  // namespace optim
WENGERT_NAMESPACE_END
