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
  // For these parameters: the parameters, the gradients, the tensors of each named state (zeros
  // where there are none), one list behind the other. The state "step" is a count.
  std::vector<TensorImpl*> gather(const std::vector<size_t>& numbers,
                                  const std::vector<const char*>& names);
  bool has_state(size_t number, const char* name) const;

 private:
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

// Scales the gradients down, in place, so that their common norm of order p is at most max_norm.
// Returns the norm before, 0-d.
WENGERT_API Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                   double p = 2);

}  // namespace optim
WENGERT_NAMESPACE_END
