// The optimizers that work on each element by itself, as operations: the options are the
// attributes; states() names the tensors kept for each parameter, in the order of the lists that an
// operation takes behind those of the parameters and the gradients. The last kNumbers of them hold
// one number each. rule() gives a function that, called once for each parameter with its numbers,
// updates them and returns the constants of the kernel; it must not throw.
#pragma once

#include <array>
#include <cmath>

#include "kernels/optimizer.h"
#include "ops/op.h"
#include "tensor/copy.h"
#include "wengert/optim_options.h"

WENGERT_NAMESPACE_BEGIN
namespace optimizer {

struct State {
  const char* name;
  bool present = true;
  double initial = 0;
};

// The numbers kept for one parameter of n.
class Numbers {
 public:
  Numbers(TensorImpl* const* first, int n) : first_(first), n_(n) {}
  double get(int k) const { return load_scalar(at(k).dtype, at(k).data).to_double(); }
  void set(int k, double value) const { store_scalar(at(k).dtype, at(k).data, value); }
  // As a product of numbers of the state's own dtype; returns it.
  double multiply(int k, double factor) const {
    if (at(k).dtype == DType::float32) factor = static_cast<float>(factor);
    set(k, get(k) * factor);
    return get(k);
  }
  // Adds 1 to the first number, the count of steps, and returns it.
  double count() const {
    const double t = get(0) + 1;
    set(0, t);
    return t;
  }

 private:
  TensorImpl& at(int k) const { return *first_[k * n_]; }
  TensorImpl* const* first_;
  int n_;
};

inline double sign_of(bool maximize) { return maximize ? -1 : 1; }

// What several rules derive from the count of steps; parameters mostly have made the same number.
template <class F>
auto by_count(F&& constants) {
  using Step = decltype(constants(1.0));
  return [constants, known = 0.0, step = Step{}](const Numbers& numbers) mutable {
    const double t = numbers.count();
    if (t != known) {
      known = t;
      step = constants(t);
    }
    return step;
  };
}

struct SgdUpdate : optim::SGDOptions {
  static constexpr const char* name = "sgd_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::sgd;
  static constexpr int kNumbers = 0;
  WG_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize)
  auto states() const { return std::array{State{"momentum_buffer", momentum != 0}}; }
  auto rule() const {
    const kernels::SgdStep step{lr,           momentum,          1 - dampening,
                                weight_decay, sign_of(maximize), nesterov};
    return [=](const Numbers&) { return step; };
  }
};

struct AdamUpdate : optim::AdamOptions {
  static constexpr const char* name = "adam_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::adam;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)
  auto states() const {
    return std::array{State{"exp_avg"}, State{"exp_avg_sq"}, State{"max_exp_avg_sq", amsgrad},
                      State{"step"}};
  }
  auto rule() const {
    return by_count([o = *this](double t) {
      return kernels::AdamStep{o.lr / (1 - std::pow(o.beta1, t)),
                               o.beta1,
                               o.beta2,
                               1 / std::sqrt(1 - std::pow(o.beta2, t)),
                               o.eps,
                               o.decoupled_weight_decay ? 0 : o.weight_decay,
                               o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1,
                               sign_of(o.maximize),
                               o.amsgrad};
    });
  }
};

struct RmspropUpdate : optim::RMSpropOptions {
  static constexpr const char* name = "rmsprop_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::rmsprop;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, alpha, eps, weight_decay, momentum, centered, maximize)
  auto states() const {
    return std::array{State{"square_avg"}, State{"momentum_buffer", momentum > 0},
                      State{"grad_avg", centered}, State{"step"}};
  }
  auto rule() const {
    const kernels::RmspropStep step{lr,      alpha, eps, weight_decay, momentum, sign_of(maximize),
                                    centered};
    return [=](const Numbers& numbers) {
      numbers.count();
      return step;
    };
  }
};

struct AdagradUpdate : optim::AdagradOptions {
  static constexpr const char* name = "adagrad_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::adagrad;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, lr_decay, weight_decay, eps, maximize)
  auto states() const {
    return std::array{State{"sum", true, initial_accumulator_value}, State{"step"}};
  }
  auto rule() const {
    return by_count([o = *this](double t) {
      return kernels::AdagradStep{o.lr / (1 + (t - 1) * o.lr_decay), o.eps, o.weight_decay,
                                  sign_of(o.maximize)};
    });
  }
};

struct AdadeltaUpdate : optim::AdadeltaOptions {
  static constexpr const char* name = "adadelta_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::adadelta;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, rho, eps, weight_decay, maximize)
  auto states() const { return std::array{State{"square_avg"}, State{"acc_delta"}, State{"step"}}; }
  auto rule() const {
    const kernels::AdadeltaStep step{lr, rho, eps, weight_decay, sign_of(maximize)};
    return [=](const Numbers& numbers) {
      numbers.count();
      return step;
    };
  }
};

struct AdamaxUpdate : optim::AdamaxOptions {
  static constexpr const char* name = "adamax_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::adamax;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
  auto states() const { return std::array{State{"exp_avg"}, State{"exp_inf"}, State{"step"}}; }
  auto rule() const {
    return by_count([o = *this](double t) {
      return kernels::AdamaxStep{o.lr / (1 - std::pow(o.beta1, t)),
                                 o.beta1,
                                 o.beta2,
                                 o.eps,
                                 o.weight_decay,
                                 sign_of(o.maximize)};
    });
  }
};

struct NadamUpdate : optim::NAdamOptions {
  static constexpr const char* name = "nadam_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::nadam;
  static constexpr int kNumbers = 2;
  WG_FIELDS(lr, beta1, beta2, eps, weight_decay, momentum_decay, maximize, decoupled_weight_decay)
  auto states() const {
    return std::array{State{"exp_avg"}, State{"exp_avg_sq"}, State{"step"},
                      State{"mu_product", true, 1}};
  }
  double mu(double t) const { return beta1 * (1 - 0.5 * std::pow(0.96, t * momentum_decay)); }
  auto rule() const {
    return [o = *this](const Numbers& numbers) {
      const double t = numbers.count(), now = o.mu(t), next = o.mu(t + 1);
      const double product = numbers.multiply(1, now);
      return kernels::NadamStep{o.lr * (1 - now) / (1 - product),
                                o.lr * next / (1 - product * next),
                                o.beta1,
                                o.beta2,
                                1 / std::sqrt(1 - std::pow(o.beta2, t)),
                                o.eps,
                                o.decoupled_weight_decay ? 0 : o.weight_decay,
                                o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1,
                                sign_of(o.maximize)};
    };
  }
};

struct RadamUpdate : optim::RAdamOptions {
  static constexpr const char* name = "radam_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::radam;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize, decoupled_weight_decay)
  auto states() const { return std::array{State{"exp_avg"}, State{"exp_avg_sq"}, State{"step"}}; }
  auto rule() const {
    return by_count([o = *this](double t) {
      const double decay = std::pow(o.beta2, t), rest = 1 - decay;
      const double longest = 2 / (1 - o.beta2) - 1, length = longest - 2 * t * decay / rest;
      const bool rectified = length > 5;
      double rate = o.lr / (1 - std::pow(o.beta1, t));
      if (rectified) {
        rate *= std::sqrt(rest * (length - 4) * (length - 2) * longest /
                          ((longest - 4) * (longest - 2) * length));
      }
      return kernels::RadamStep{rate,
                                o.beta1,
                                o.beta2,
                                o.eps,
                                o.decoupled_weight_decay ? 0 : o.weight_decay,
                                o.decoupled_weight_decay ? 1 - o.lr * o.weight_decay : 1,
                                sign_of(o.maximize),
                                rectified};
    });
  }
};

struct RpropUpdate : optim::RpropOptions {
  static constexpr const char* name = "rprop_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::rprop;
  static constexpr int kNumbers = 1;
  WG_FIELDS(lr, eta_minus, eta_plus, min_step, max_step, maximize)
  auto states() const {
    return std::array{State{"prev"}, State{"step_size", true, lr}, State{"step"}};
  }
  auto rule() const {
    const kernels::RpropStep step{eta_minus, eta_plus, min_step, max_step, sign_of(maximize)};
    return [=](const Numbers& numbers) {
      numbers.count();
      return step;
    };
  }
};

struct AsgdUpdate : optim::ASGDOptions {
  static constexpr const char* name = "asgd_step";
  static constexpr auto kernel = &kernels::OptimizerKernels::asgd;
  static constexpr int kNumbers = 3;
  WG_FIELDS(lr, lambd, alpha, t0, weight_decay, maximize)
  auto states() const {
    return std::array{State{"ax"}, State{"step"}, State{"eta", true, lr}, State{"mu", true, 1}};
  }
  auto rule() const {
    return [o = *this](const Numbers& numbers) {
      const double t = numbers.count(), eta = numbers.get(1), mu = numbers.get(2);
      numbers.set(1, o.lr / std::pow(1 + o.lambd * o.lr * t, o.alpha));
      numbers.set(2, 1 / (t - o.t0 > 1 ? t - o.t0 : 1));
      return kernels::AsgdStep{eta, 1 - o.lambd * eta, mu, o.weight_decay, sign_of(o.maximize)};
    };
  }
};

}  // namespace optimizer
WENGERT_NAMESPACE_END
