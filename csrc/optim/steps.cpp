#include <algorithm>

#include "autograd/mode.h"
#include "ops/optimizer.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

void check_not_negative(const char* optimizer, const char* name, double value) {
  WG_CHECK(value >= 0, ValueError, optimizer, ": ", name, " must not be negative, but is ", value);
}
void check_betas(const char* optimizer, double beta1, double beta2) {
  for (const double beta : {beta1, beta2}) {
    WG_CHECK(beta >= 0 && beta < 1, ValueError, optimizer,
             ": expected betas in [0, 1), but one is ", beta);
  }
}
template <class Options>
void check_moments(const char* optimizer, const Options& o) {
  check_not_negative(optimizer, "lr", o.lr);
  check_not_negative(optimizer, "eps", o.eps);
  check_not_negative(optimizer, "weight_decay", o.weight_decay);
  check_betas(optimizer, o.beta1, o.beta2);
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

template <class Update>
void Optimizer::step_all(const std::vector<size_t>& numbers, const Update& update) {
  if (numbers.empty()) return;
  std::vector<TensorImpl*> tensors;
  for (const size_t i : numbers) tensors.push_back(parameters_[i].impl());
  for (const size_t i : numbers) tensors.push_back(parameters_[i].grad().impl());
  RecordingGuard off(false);
  const auto states = update.states();
  for (size_t k = 0; k < states.size(); ++k) {
    const optimizer::State& s = states[k];
    if (!s.present) continue;
    const bool is_number = k + Update::kNumbers >= states.size();
    for (const size_t i : numbers) {
      tensors.push_back(state(i, s.name, is_number, s.initial).impl());
    }
  }
  optimizer_step(tensors.data(), static_cast<int>(numbers.size()), update);
}

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
  if (options.momentum != 0 && options.dampening != 0) {
    // The first momentum is the gradient, not dampened.
    const auto rest = std::partition(numbers.begin(), numbers.end(),
                                     [&](size_t i) { return !has_state(i, "momentum_buffer"); });
    SGDOptions first = options;
    first.dampening = 0;
    step_all({numbers.begin(), rest}, optimizer::SgdUpdate{first});
    numbers.erase(numbers.begin(), rest);
  }
  step_all(numbers, optimizer::SgdUpdate{options});
}

Adam::Adam(std::vector<Tensor> parameters, const AdamOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_moments("Adam", o);
}
void Adam::step() { step_all(active(), optimizer::AdamUpdate{options}); }

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
void RMSprop::step() { step_all(active(), optimizer::RmspropUpdate{options}); }

Adagrad::Adagrad(std::vector<Tensor> parameters, const AdagradOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("Adagrad", "lr", o.lr);
  check_not_negative("Adagrad", "lr_decay", o.lr_decay);
  check_not_negative("Adagrad", "weight_decay", o.weight_decay);
  check_not_negative("Adagrad", "eps", o.eps);
  check_not_negative("Adagrad", "initial_accumulator_value", o.initial_accumulator_value);
}
void Adagrad::step() { step_all(active(), optimizer::AdagradUpdate{options}); }

Adadelta::Adadelta(std::vector<Tensor> parameters, const AdadeltaOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("Adadelta", "lr", o.lr);
  check_not_negative("Adadelta", "eps", o.eps);
  check_not_negative("Adadelta", "weight_decay", o.weight_decay);
  WG_CHECK(o.rho >= 0 && o.rho <= 1, ValueError, "Adadelta: rho must lie in [0, 1], but is ",
           o.rho);
}
void Adadelta::step() { step_all(active(), optimizer::AdadeltaUpdate{options}); }

Adamax::Adamax(std::vector<Tensor> parameters, const AdamaxOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_moments("Adamax", o);
}
void Adamax::step() { step_all(active(), optimizer::AdamaxUpdate{options}); }

NAdam::NAdam(std::vector<Tensor> parameters, const NAdamOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_moments("NAdam", o);
  check_not_negative("NAdam", "momentum_decay", o.momentum_decay);
}
void NAdam::step() { step_all(active(), optimizer::NadamUpdate{options}); }

RAdam::RAdam(std::vector<Tensor> parameters, const RAdamOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_moments("RAdam", o);
}
void RAdam::step() { step_all(active(), optimizer::RadamUpdate{options}); }

Rprop::Rprop(std::vector<Tensor> parameters, const RpropOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("Rprop", "lr", o.lr);
  WG_CHECK(o.eta_minus > 0 && o.eta_minus < 1 && o.eta_plus > 1, ValueError,
           "Rprop: expected 0 < eta_minus < 1 < eta_plus, but got ", o.eta_minus, " and ",
           o.eta_plus);
}
void Rprop::step() { step_all(active(), optimizer::RpropUpdate{options}); }

ASGD::ASGD(std::vector<Tensor> parameters, const ASGDOptions& o)
    : Optimizer(std::move(parameters)), options(o) {
  check_not_negative("ASGD", "lr", o.lr);
  check_not_negative("ASGD", "weight_decay", o.weight_decay);
}
void ASGD::step() { step_all(active(), optimizer::AsgdUpdate{options}); }

}  // namespace optim
WENGERT_NAMESPACE_END
