#include <cmath>

#include "ops/optimizer.h"
#include "ops/optimizer_run.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The attributes of an operation are the options of its optimizer.
struct SgdUpdate : optim::SGDOptions {
  static constexpr const char* name = "sgd_step";
  WG_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize)
  int lists() const { return momentum != 0 ? 3 : 2; }

  void infer(Infer& m) const {
    optimizer::check_lists(name, m, m.n_inputs / lists(), lists(), false);
  }
  void compute(Compute& c) const {
    const int n = c.n_inputs / lists();
    optimizer::check_writable(name, c, n, lists());
    const kernels::SgdStep step{lr,      momentum, 1 - dampening, weight_decay, maximize ? -1. : 1.,
                                nesterov};
    optimizer::run(c, n, lists(), &kernels::OptimizerKernels::sgd, [&](int) { return step; });
    optimizer::bump_versions(c.inputs, n, lists());
  }
};

struct AdamUpdate : optim::AdamOptions {
  static constexpr const char* name = "adam_step";
  WG_FIELDS(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)
  int lists() const { return amsgrad ? 6 : 5; }

  void infer(Infer& m) const {
    optimizer::check_lists(name, m, m.n_inputs / lists(), lists(), true);
  }
  void compute(Compute& c) const {
    const int n = c.n_inputs / lists();
    optimizer::check_writable(name, c, n, lists());
    TensorImpl* const* steps = c.inputs + (lists() - 1) * n;
    double known = 0;  // the step for which `step` is right
    kernels::AdamStep step{0,
                           beta1,
                           beta2,
                           0,
                           eps,
                           decoupled_weight_decay ? 0 : weight_decay,
                           decoupled_weight_decay ? 1 - lr * weight_decay : 1,
                           maximize ? -1. : 1.,
                           amsgrad};
    optimizer::run(c, n, lists() - 1, &kernels::OptimizerKernels::adam, [&](int i) {
      const double t = optimizer::advance(*steps[i]);
      if (t != known) {
        known = t;
        step.rate = lr / (1 - std::pow(beta1, t));
        step.root_scale = 1 / std::sqrt(1 - std::pow(beta2, t));
      }
      return step;
    });
    optimizer::bump_versions(c.inputs, n, lists());
  }
};

struct RmspropUpdate : optim::RMSpropOptions {
  static constexpr const char* name = "rmsprop_step";
  WG_FIELDS(lr, alpha, eps, weight_decay, momentum, centered, maximize)
  int lists() const { return 4 + centered + (momentum > 0); }

  void infer(Infer& m) const {
    optimizer::check_lists(name, m, m.n_inputs / lists(), lists(), true);
  }
  void compute(Compute& c) const {
    const int n = c.n_inputs / lists();
    optimizer::check_writable(name, c, n, lists());
    TensorImpl* const* steps = c.inputs + (lists() - 1) * n;
    const kernels::RmspropStep step{
        lr, alpha, eps, weight_decay, momentum, maximize ? -1. : 1., centered};
    optimizer::run(c, n, lists() - 1, &kernels::OptimizerKernels::rmsprop, [&](int i) {
      optimizer::advance(*steps[i]);
      return step;
    });
    optimizer::bump_versions(c.inputs, n, lists());
  }
};

struct AdagradUpdate : optim::AdagradOptions {
  static constexpr const char* name = "adagrad_step";
  static constexpr int kLists = 4;
  WG_FIELDS(lr, lr_decay, weight_decay, eps, maximize)

  void infer(Infer& m) const { optimizer::check_lists(name, m, m.n_inputs / kLists, kLists, true); }
  void compute(Compute& c) const {
    const int n = c.n_inputs / kLists;
    optimizer::check_writable(name, c, n, kLists);
    TensorImpl* const* steps = c.inputs + (kLists - 1) * n;
    optimizer::run(c, n, kLists - 1, &kernels::OptimizerKernels::adagrad, [&](int i) {
      const double t = optimizer::advance(*steps[i]);
      return kernels::AdagradStep{lr / (1 + (t - 1) * lr_decay), eps, weight_decay,
                                  maximize ? -1. : 1.};
    });
    optimizer::bump_versions(c.inputs, n, kLists);
  }
};

}  // namespace

void sgd_step(TensorImpl* const* tensors, int n, const optim::SGDOptions& o) {
  const SgdUpdate op{o};
  optimizer::call(op, tensors, n * op.lists());
}
void adam_step(TensorImpl* const* tensors, int n, const optim::AdamOptions& o) {
  const AdamUpdate op{o};
  optimizer::call(op, tensors, n * op.lists());
}
void rmsprop_step(TensorImpl* const* tensors, int n, const optim::RMSpropOptions& o) {
  const RmspropUpdate op{o};
  optimizer::call(op, tensors, n * op.lists());
}
void adagrad_step(TensorImpl* const* tensors, int n, const optim::AdagradOptions& o) {
  const AdagradUpdate op{o};
  optimizer::call(op, tensors, n * AdagradUpdate::kLists);
}

WENGERT_NAMESPACE_END
