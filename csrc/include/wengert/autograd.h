// Differentiation: backward passes, gradients of functions, modes, hooks, custom operations.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// ---- passes -------------------------------------------------------------------------------

// Adds d(sum of roots * gradients) / d(leaf) to the grad of every leaf that the roots depend on,
// or only of `inputs` where some are given. An undefined gradient stands for ones and needs a root
// with one element.
WENGERT_API void backward(TensorList roots, TensorList gradients = {}, bool retain_graph = false,
                          bool create_graph = false, TensorList inputs = {});

// d(sum of outputs * grad_outputs) / d(inputs). With create_graph the results can be
// differentiated again. An input that the outputs do not depend on is an Error, or with
// allow_unused an undefined tensor.
WENGERT_API std::vector<Tensor> grad(TensorList outputs, TensorList inputs,
                                     TensorList grad_outputs = {}, bool retain_graph = false,
                                     bool create_graph = false, bool allow_unused = false);

// ---- modes, for the current thread and scope ----------------------------------------------

WENGERT_API bool is_grad_enabled();
WENGERT_API void set_grad_enabled(bool on);

class WENGERT_API GradModeGuard {
 public:
  explicit GradModeGuard(bool enabled);
  ~GradModeGuard();
  GradModeGuard(const GradModeGuard&) = delete;
  GradModeGuard& operator=(const GradModeGuard&) = delete;

 private:
  bool before_;
};
struct NoGradGuard : GradModeGuard {
  NoGradGuard() : GradModeGuard(false) {}
};
struct EnableGradGuard : GradModeGuard {
  EnableGradGuard() : GradModeGuard(true) {}
};

// A mode that operations pass through: made by one of the functions below, on while it lives.
// Modes end in the reverse of the order in which they began, on the thread that began them.
class WENGERT_API ModeScope {
 public:
  virtual ~ModeScope();
};
// Nothing is recorded, and the tensors made cannot take part in recorded operations later. Off:
// leaves the inference mode around it, and records.
WENGERT_API std::unique_ptr<ModeScope> inference_mode(bool on = true);
WENGERT_API bool is_inference_mode();
// Every recorded operation remembers where it was called: `where` is asked for the place. A
// backward pass that then fails or, with check_nan, computes a NaN, names it in its error.
WENGERT_API std::unique_ptr<ModeScope> anomaly_mode(bool check_nan,
                                                    std::function<std::string()> where);
// Leaves the anomaly mode around it.
WENGERT_API std::unique_ptr<ModeScope> no_anomaly_mode();
WENGERT_API bool is_anomaly_mode();
WENGERT_API bool anomaly_checks_nan();
// The dtype in which a language binding computes products on this thread; nothing: that of their
// inputs. The functions of this library take their inputs as they are.
WENGERT_API std::optional<DType> autocast_dtype();
WENGERT_API void set_autocast_dtype(std::optional<DType> dtype);

// ---- forward mode and vectorisation over examples -----------------------------------------

// A level of forward mode on this thread, while it lives or until end(): tensors made by it are
// dual numbers, whose tangents every operation carries on. Levels nest and are kept apart.
class WENGERT_API DualLevel {
 public:
  DualLevel();
  ~DualLevel();
  void end();
  uint64_t number() const;
  // `primal` with a tangent of its shape, which is converted to its dtype.
  Tensor make(const Tensor& primal, const Tensor& tangent) const;
  // Primal and tangent, which is undefined where there is none.
  std::pair<Tensor, Tensor> unpack(const Tensor& dual) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// How often operations have carried tangents by a rule of their own, and by differentiating their
// gradient once more, since the program began.
struct ForwardCounts {
  uint64_t rules, fallbacks;
};
WENGERT_API ForwardCounts forward_counts();

enum class Randomness { error, different, same };

// A level of vectorisation on this thread: tensors made by wrap() stand for one example each of
// `size`, and an operation on them runs once for all.
class WENGERT_API BatchLevel {
 public:
  explicit BatchLevel(int64_t size, Randomness randomness = Randomness::error);
  ~BatchLevel();
  void end();
  // One example of those that lie along a dimension of `t`.
  Tensor wrap(const Tensor& t, int64_t dim) const;
  // All examples, along dimension 0; those of a tensor that is the same for all are equal.
  Tensor unwrap(const Tensor& t) const;
  // Whether `t` may differ between examples.
  bool is_batched(const Tensor& t) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
// How often operations have run once for all examples, and example by example.
struct BatchCounts {
  uint64_t rules, fallbacks;
};
WENGERT_API BatchCounts batch_counts();

// Operations are recorded for gradients of each example by itself, inside of the BatchLevels that
// are on, while it lives or until end().
class WENGERT_API GradientScope {
 public:
  GradientScope();
  ~GradientScope();
  void end();
  // A variable with the elements of `t` to differentiate by in this scope, linked to t's history.
  Tensor variable(const Tensor& t) const;
  // d(sum of outputs * gradients) / d(variables), undefined for those that do not matter. Can be
  // differentiated if what is outside of the scope is.
  std::vector<Tensor> gradients(TensorList outputs, TensorList variables, TensorList gradients,
                                bool retain_graph = false) const;
  // The result of a computation, as it is seen outside of the scope.
  Tensor outside(const Tensor& result) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- hooks --------------------------------------------------------------------------------

// Called with the gradient of a tensor; returns its replacement, or an undefined tensor to keep it.
class WENGERT_API TensorHook {
 public:
  virtual ~TensorHook();
  virtual Tensor call(const Tensor& gradient) = 0;
  // The object of a language binding that this hook keeps alive.
  virtual void* object() const { return nullptr; }
};
using HookList = std::vector<std::pair<uint64_t, std::shared_ptr<TensorHook>>>;

// Each returns an id for remove_hook. The gradient is the sum over all uses of the tensor.
WENGERT_API uint64_t register_hook(const Tensor& t, std::shared_ptr<TensorHook> hook);
WENGERT_API uint64_t register_hook(const Tensor& t, std::function<Tensor(const Tensor&)> hook);
// Called with a leaf after its grad was updated.
WENGERT_API uint64_t register_post_accumulate_grad_hook(const Tensor& leaf,
                                                        std::shared_ptr<TensorHook> hook);
WENGERT_API bool remove_hook(const Tensor& t, uint64_t id);

// ---- saved values -------------------------------------------------------------------------

// What hooks have made of a value that is saved for a backward pass.
class WENGERT_API PackedValue {
 public:
  virtual ~PackedValue();
  virtual Tensor unpack() = 0;
  virtual void* object() const { return nullptr; }
};
class WENGERT_API SavedTensorHooks {
 public:
  virtual ~SavedTensorHooks();
  // Called when an operation saves a value, without recording. It must not change the value.
  virtual std::unique_ptr<PackedValue> pack(const Tensor& value) = 0;
};
// The values that operations save on this thread are kept as the hooks of the innermost scope pack
// them. What unpack gives takes the value's place, with the value's history; changes in place are
// not noticed any more.
WENGERT_API std::unique_ptr<ModeScope> saved_tensor_hooks(std::shared_ptr<SavedTensorHooks> hooks);
// Calls `f` with every tensor that an operation of this thread is about to change in place.
WENGERT_API std::unique_ptr<ModeScope> before_mutation(std::function<void(const Tensor&)> f);

// ---- custom operations --------------------------------------------------------------------

// The backward half of an operation written by a user.
class WENGERT_API CustomBackward {
 public:
  virtual ~CustomBackward();
  virtual const char* name() const = 0;
  // Gradients of the inputs from those of the outputs (undefined: none arrived) and the values
  // given to record_custom. Undefined results mean no gradient. Differentiable if it computes with
  // differentiable operations.
  virtual std::vector<Tensor> backward(const std::vector<Tensor>& gradients,
                                       const std::vector<Tensor>& saved) = 0;
  virtual void* object() const { return nullptr; }
};

// Makes `outputs`, which must be fresh tensors computed without recording, depend on `inputs`.
// `saved` are checked for later changes in place; those among them that are outputs are kept
// without a cycle. Outputs for which `differentiable` is false stay constants.
WENGERT_API void record_custom(std::shared_ptr<CustomBackward> backward, TensorList inputs,
                               TensorList outputs, const std::vector<bool>& differentiable,
                               TensorList saved);

// ---- checking -----------------------------------------------------------------------------

struct GradcheckOptions {
  double eps = 1e-6;
  double atol = 1e-5;
  double rtol = 1e-3;
};
// Compares the gradients of `f` at `inputs` (float64) with central differences; throws Error with
// the first entry that differs. Inputs that do not require grad are constants.
WENGERT_API void gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& f,
                           const std::vector<Tensor>& inputs, const GradcheckOptions& o = {});

WENGERT_NAMESPACE_END
