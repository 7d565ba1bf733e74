// The options of the optimizers that treat each element by itself: their names in Python, and what
// they may be.
#include "optim/checks.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace detail {

std::vector<Option> list_options(SGDOptions& o) {
  return {{"lr", {&o.lr}},
          {"momentum", {&o.momentum}},
          {"dampening", {&o.dampening}},
          {"weight_decay", {&o.weight_decay}},
          {"nesterov", {&o.nesterov}},
          {"maximize", {&o.maximize}}};
}
void check_group(const SGDOptions& o, const std::vector<Tensor>&) {
  check_not_negative("SGD", "lr", o.lr);
  check_not_negative("SGD", "momentum", o.momentum);
  check_not_negative("SGD", "weight_decay", o.weight_decay);
  WG_CHECK(!o.nesterov || (o.momentum > 0 && o.dampening == 0), ValueError,
           "SGD: nesterov needs a momentum and no dampening");
}

std::vector<Option> list_options(AdamOptions& o) {
  return {{"lr", {&o.lr}},
          {"betas", {&o.beta1, &o.beta2}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"amsgrad", {&o.amsgrad}},
          {"maximize", {&o.maximize}},
          {"decoupled_weight_decay", {&o.decoupled_weight_decay}}};
}
void check_group(const AdamOptions& o, const std::vector<Tensor>&) { check_moments("Adam", o); }

std::vector<Option> list_options(RMSpropOptions& o) {
  return {{"lr", {&o.lr}},
          {"momentum", {&o.momentum}},
          {"alpha", {&o.alpha}},
          {"eps", {&o.eps}},
          {"centered", {&o.centered}},
          {"weight_decay", {&o.weight_decay}},
          {"maximize", {&o.maximize}}};
}
void check_group(const RMSpropOptions& o, const std::vector<Tensor>&) {
  check_not_negative("RMSprop", "lr", o.lr);
  check_not_negative("RMSprop", "alpha", o.alpha);
  check_not_negative("RMSprop", "eps", o.eps);
  check_not_negative("RMSprop", "weight_decay", o.weight_decay);
  check_not_negative("RMSprop", "momentum", o.momentum);
}

std::vector<Option> list_options(AdagradOptions& o) {
  return {{"lr", {&o.lr}},
          {"lr_decay", {&o.lr_decay}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"initial_accumulator_value", {&o.initial_accumulator_value}},
          {"maximize", {&o.maximize}}};
}
void check_group(const AdagradOptions& o, const std::vector<Tensor>&) {
  check_not_negative("Adagrad", "lr", o.lr);
  check_not_negative("Adagrad", "lr_decay", o.lr_decay);
  check_not_negative("Adagrad", "weight_decay", o.weight_decay);
  check_not_negative("Adagrad", "eps", o.eps);
  check_not_negative("Adagrad", "initial_accumulator_value", o.initial_accumulator_value);
}

std::vector<Option> list_options(AdadeltaOptions& o) {
  return {{"lr", {&o.lr}},
          {"rho", {&o.rho}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"maximize", {&o.maximize}}};
}
void check_group(const AdadeltaOptions& o, const std::vector<Tensor>&) {
  check_not_negative("Adadelta", "lr", o.lr);
  check_not_negative("Adadelta", "eps", o.eps);
  check_not_negative("Adadelta", "weight_decay", o.weight_decay);
  WG_CHECK(o.rho >= 0 && o.rho <= 1, ValueError, "Adadelta: rho must lie in [0, 1], but is ",
           o.rho);
}

std::vector<Option> list_options(AdamaxOptions& o) {
  return {{"lr", {&o.lr}},
          {"betas", {&o.beta1, &o.beta2}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"maximize", {&o.maximize}}};
}
void check_group(const AdamaxOptions& o, const std::vector<Tensor>&) { check_moments("Adamax", o); }

std::vector<Option> list_options(NAdamOptions& o) {
  return {{"lr", {&o.lr}},
          {"betas", {&o.beta1, &o.beta2}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"momentum_decay", {&o.momentum_decay}},
          {"decoupled_weight_decay", {&o.decoupled_weight_decay}},
          {"maximize", {&o.maximize}}};
}
void check_group(const NAdamOptions& o, const std::vector<Tensor>&) {
  check_moments("NAdam", o);
  check_not_negative("NAdam", "momentum_decay", o.momentum_decay);
}

std::vector<Option> list_options(RAdamOptions& o) {
  return {{"lr", {&o.lr}},
          {"betas", {&o.beta1, &o.beta2}},
          {"eps", {&o.eps}},
          {"weight_decay", {&o.weight_decay}},
          {"maximize", {&o.maximize}},
          {"decoupled_weight_decay", {&o.decoupled_weight_decay}}};
}
void check_group(const RAdamOptions& o, const std::vector<Tensor>&) { check_moments("RAdam", o); }

std::vector<Option> list_options(RpropOptions& o) {
  return {{"lr", {&o.lr}},
          {"etas", {&o.eta_minus, &o.eta_plus}},
          {"step_sizes", {&o.min_step, &o.max_step}},
          {"maximize", {&o.maximize}}};
}
void check_group(const RpropOptions& o, const std::vector<Tensor>&) {
  check_not_negative("Rprop", "lr", o.lr);
  WG_CHECK(o.eta_minus > 0 && o.eta_minus < 1 && o.eta_plus > 1, ValueError,
           "Rprop: expected 0 < eta_minus < 1 < eta_plus, but got ", o.eta_minus, " and ",
           o.eta_plus);
}

std::vector<Option> list_options(ASGDOptions& o) {
  return {{"lr", {&o.lr}},
          {"lambd", {&o.lambd}},
          {"alpha", {&o.alpha}},
          {"t0", {&o.t0}},
          {"weight_decay", {&o.weight_decay}},
          {"maximize", {&o.maximize}}};
}
void check_group(const ASGDOptions& o, const std::vector<Tensor>&) {
  check_not_negative("ASGD", "lr", o.lr);
  check_not_negative("ASGD", "weight_decay", o.weight_decay);
}

}  // namespace detail
}  // namespace optim
WENGERT_NAMESPACE_END
