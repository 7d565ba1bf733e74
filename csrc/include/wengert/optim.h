// Optimizers: they change parameters by their gradients. The formulas are those of the Python
// classes of the same names.
//
//   optim::Adam optimizer(net.parameters(), {.lr = 1e-3});
//   optimizer.zero_grad();
//   loss.backward();
//   optimizer.step();
#pragma once

#include <vector>

#include "wengert/io.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
};
struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool amsgrad = false, maximize = false, decoupled_weight_decay = false;
};
struct AdamWOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2;
  bool amsgrad = false, maximize = false;
};
struct RMSpropOptions {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
};
struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, weight_decay = 0, eps = 1e-10;
  bool maximize = false;
  double initial_accumulator_value = 0;
};
struct AdadeltaOptions {
  double lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
};
struct AdamaxOptions {
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool maximize = false;
};
struct NAdamOptions {
  double lr = 2e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double momentum_decay = 4e-3;
  bool maximize = false, decoupled_weight_decay = false;
};
struct RAdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool maximize = false, decoupled_weight_decay = false;
};
struct RpropOptions {
  double lr = 1e-2, eta_minus = 0.5, eta_plus = 1.2, min_step = 1e-6, max_step = 50;
  bool maximize = false;
};
struct ASGDOptions {
  double lr = 1e-2, lambd = 1e-4, alpha = 0.75, t0 = 1e6, weight_decay = 0;
  bool maximize = false;
};

class WENGERT_API Optimizer {
 public:
  // Leaves; ValueError if there is none, or one twice.
  explicit Optimizer(std::vector<Tensor> parameters);
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Changes every parameter that has a gradient, in place. Nothing is recorded.
  virtual void step() = 0;
  // Drops the gradients.
  void zero_grad();
  const std::vector<Tensor>& parameters() const { return parameters_; }

  // What is kept for each parameter, as "<number of the parameter>.<name>"; the tensors in use.
  TensorMap state_dict() const;
  // Replaces the state by copies of what state_dict gave for parameters of the same shapes.
  void load_state_dict(const TensorMap& state);

 protected:
  // The numbers of the parameters that have a gradient.
  std::vector<size_t> active() const;
  // One step of the parameters of these numbers; state that is missing is made.
  template <class Update>
  void step_all(const std::vector<size_t>& numbers, const Update& update);
  bool has_state(size_t number, const char* name) const;

 private:
  Tensor& state(size_t number, const char* name, bool is_number, double initial);

  std::vector<Tensor> parameters_;
  std::vector<TensorMap> state_;  // by parameter
};

// The options may be changed between steps.
class WENGERT_API SGD : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, const SGDOptions& options = {});
  void step() override;
  SGDOptions options;
};

class WENGERT_API Adam : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, const AdamOptions& options = {});
  void step() override;
  AdamOptions options;
};

// Adam whose weight decay is apart from the gradient.
class WENGERT_API AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> parameters, const AdamWOptions& options = {});
};

class WENGERT_API RMSprop : public Optimizer {
 public:
  explicit RMSprop(std::vector<Tensor> parameters, const RMSpropOptions& options = {});
  void step() override;
  RMSpropOptions options;
};

class WENGERT_API Adagrad : public Optimizer {
 public:
  explicit Adagrad(std::vector<Tensor> parameters, const AdagradOptions& options = {});
  void step() override;
  AdagradOptions options;
};

class WENGERT_API Adadelta : public Optimizer {
 public:
  explicit Adadelta(std::vector<Tensor> parameters, const AdadeltaOptions& options = {});
  void step() override;
  AdadeltaOptions options;
};

class WENGERT_API Adamax : public Optimizer {
 public:
  explicit Adamax(std::vector<Tensor> parameters, const AdamaxOptions& options = {});
  void step() override;
  AdamaxOptions options;
};

class WENGERT_API NAdam : public Optimizer {
 public:
  explicit NAdam(std::vector<Tensor> parameters, const NAdamOptions& options = {});
  void step() override;
  NAdamOptions options;
};

class WENGERT_API RAdam : public Optimizer {
 public:
  explicit RAdam(std::vector<Tensor> parameters, const RAdamOptions& options = {});
  void step() override;
  RAdamOptions options;
};

class WENGERT_API Rprop : public Optimizer {
 public:
  explicit Rprop(std::vector<Tensor> parameters, const RpropOptions& options = {});
  void step() override;
  RpropOptions options;
};

class WENGERT_API ASGD : public Optimizer {
 public:
  explicit ASGD(std::vector<Tensor> parameters, const ASGDOptions& options = {});
  void step() override;
  ASGDOptions options;
};

// Scales the gradients down, in place, so that their common norm of order p is at most max_norm.
// Returns the norm before, 0-d.
WENGERT_API Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                   double p = 2);

}  // namespace optim
WENGERT_NAMESPACE_END
