// What layers and models have in common.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "wengert/io.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

class Module;
using NamedModules = std::vector<std::pair<std::string, Module*>>;

// Called before a module with its input: returns its replacement, or an undefined tensor to keep
// it; and after it with the input and the output, whose replacement it returns. Of modules with
// several inputs or outputs they are given the first.
using ForwardPreHook = std::function<Tensor(Module& module, const Tensor& input)>;
using ForwardHook =
    std::function<Tensor(Module& module, const Tensor& input, const Tensor& output)>;
// Called in a backward pass: when the gradient of the output is known, and when that of the input
// is (undefined if the input needs none). They return a replacement of the output's and of the
// input's gradient, or an undefined tensor to keep it. The module must be there still.
using BackwardPreHook = std::function<Tensor(Module& module, const Tensor& grad_output)>;
using BackwardHook =
    std::function<Tensor(Module& module, const Tensor& grad_input, const Tensor& grad_output)>;

// Around state_dict(): before the state of a module is gathered, and when it and that of all inside
// it is in `state`, which may be changed. The module's names begin with `prefix`, here as below.
using StateDictPreHook = std::function<void(const Module& module, const std::string& prefix)>;
using StateDictPostHook =
    std::function<void(const Module& module, TensorMap& state, const std::string& prefix)>;
// What a state lacked, and what it had too much.
struct IncompatibleKeys {
  std::vector<std::string> missing_keys, unexpected_keys;
};
// Around load_state_dict(): before values are taken out of `state`, a copy of what was given, which
// may be changed (names of older files); and when a module and all inside it have their values:
// names that it removes from the lists are no errors.
using LoadStateDictPreHook =
    std::function<void(Module& module, TensorMap& state, const std::string& prefix)>;
using LoadStateDictPostHook = std::function<void(Module& module, IncompatibleKeys& keys)>;

namespace detail {

// The first tensor of what a module returns; other types have such a function beside them.
inline Tensor& first_of(Tensor& t) { return t; }
template <class A, class B>
Tensor& first_of(std::pair<A, B>& both);
template <class A, class... Rest>
Tensor& first_of(std::tuple<A, Rest...>& parts) {
  return first_of(std::get<0>(parts));
}
template <class A, class B>
Tensor& first_of(std::pair<A, B>& both) {
  return first_of(both.first);
}

class BackwardBoundary;

// A call of a module: an event of profiles that are on, with hooks.
class WENGERT_API ModuleCall {
 public:
  explicit ModuleCall(Module& module);
  ~ModuleCall();
  ModuleCall(const ModuleCall&) = delete;
  ModuleCall& operator=(const ModuleCall&) = delete;
  Tensor before(const Tensor& input);
  void after(const Tensor& input, Tensor& output);
  // While an exception leaves the call.
  void failed(const Tensor& input);

 private:
  struct Event;
  std::vector<uint64_t> done_;  // forward hooks that ran
  Module& module_;
  std::unique_ptr<Event> event_;
  std::shared_ptr<BackwardBoundary> boundary_;
};
WENGERT_API bool is_plain_call(const Module& module);
struct ModuleAccess;  // what nn::utils registers and takes away

}  // namespace detail

// Holds parameters, buffers (tensors that are saved but not trained) and other modules. It stays
// where it is: those that hold it know its address.
class WENGERT_API Module {
 public:
  Module();
  virtual ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Overridden by modules that map one tensor to one; others have functions of their own.
  virtual Tensor forward(const Tensor& input);
  // forward(input), with hooks. For profiles that are on, a call is an event: of the outermost
  // module by its type's name, of those inside it with their own names behind.
  Tensor operator()(const Tensor& input);

  // Of this module and those inside it, each once, in the order of registration. Names have the
  // names of the modules in front: "hidden.weight".
  std::vector<Tensor> parameters() const;
  NamedTensors named_parameters() const;
  std::vector<Tensor> buffers() const;
  NamedTensors named_buffers() const;
  const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& children() const {
    return modules_;
  }
  // This module, whose name is empty, and all inside it; parents first.
  NamedModules named_modules();
  std::vector<Module*> modules();

  // In training, dropout drops and batch normalisation uses the statistics of the batch.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }
  void requires_grad_(bool on = true);
  void zero_grad();
  // Converts floating and complex parameters, with their gradients, and buffers; they stay the same
  // tensors, so that optimizers keep hold of them. TypeError for another dtype, Error for views.
  void to(DType dtype);
  // Calls `f` with every module inside, then with this one.
  void apply(const std::function<void(Module&)>& f);

  // Parameters, persistent buffers and extra state by name, for io::save. They share memory with
  // those in use.
  TensorMap state_dict() const;
  // Copies the values of `state` into the parameters and buffers; one element may stand for a 0-d
  // tensor. Names that are missing or unknown (unless not `strict`) and shapes that differ are an
  // Error, which changes nothing. Returns those names.
  IncompatibleKeys load_state_dict(const TensorMap& state, bool strict = true);
  // What else of this module is saved, under the name "_extra_state", as one tensor of any shape
  // and dtype, and how load_state_dict and nn::clone give it back. Overridden together
  // (NotImplementedError without the second); undefined, as by default, for modules that have none.
  // set_extra_state throws for what does not fit, before it changes anything; the tensor belongs to
  // the caller, so that it is to be cloned where it is kept.
  virtual Tensor get_extra_state() const;
  virtual void set_extra_state(const Tensor& state);

  // This module and those inside it, in the form in which Python prints them.
  virtual std::string to_string() const;
  // What stands between the parentheses, on one line or several.
  virtual std::string extra_repr() const;

  // Where this module keeps the tensor of this name, for helpers that are told a name (Slot);
  // overridden by classes that keep tensors in lists, where no member stands for one. By default
  // and for other names null.
  virtual Tensor* variable(const std::string& name);

  // A new module of the same class, options and structure, for nn::clone, which then gives it the
  // values; modules of one's own override it: { return nn::make<Net>(width); }. Modules that are
  // missing are added, so that a container may be empty.
  virtual std::shared_ptr<Module> make_like() const;

  // Each returns a number for remove_hook, which tells whether there was such a hook.
  // Hooks run in the order of registration; with `prepend` before those there are. With
  // `always_call` one runs with an undefined output where the call throws; what it throws then is
  // lost.
  uint64_t register_forward_pre_hook(ForwardPreHook hook, bool prepend = false);
  uint64_t register_forward_hook(ForwardHook hook, bool prepend = false, bool always_call = false);
  uint64_t register_full_backward_pre_hook(BackwardPreHook hook, bool prepend = false);
  uint64_t register_full_backward_hook(BackwardHook hook, bool prepend = false);
  uint64_t register_state_dict_pre_hook(StateDictPreHook hook);
  uint64_t register_state_dict_post_hook(StateDictPostHook hook);
  uint64_t register_load_state_dict_pre_hook(LoadStateDictPreHook hook);
  uint64_t register_load_state_dict_post_hook(LoadStateDictPostHook hook);
  bool remove_hook(uint64_t number);

 protected:
  // Each returns what it was given. ValueError for a name that is taken, empty or contains a dot.
  Tensor register_parameter(const std::string& name, Tensor t);
  // A buffer that is not persistent is no part of the state_dict.
  Tensor register_buffer(const std::string& name, Tensor t, bool persistent = true);
  // `module` must live as long as this one; usually it is a member.
  void register_module(const std::string& name, Module& module);
  void register_module(const std::string& name, std::shared_ptr<Module> module);
  // Forgets a parameter, buffer or module; whether there was one.
  bool unregister(const std::string& name);
  // Another tensor for a parameter there is; returns it.
  Tensor replace_parameter(const std::string& name, Tensor t);
  // Replaces a module by another, or all of them.
  void replace_module(const std::string& name, std::shared_ptr<Module> module);
  void replace_modules(std::vector<std::pair<std::string, std::shared_ptr<Module>>> modules);

  // What a call operator of another form does: f(input), as operator() calls forward.
  template <class F>
  auto call(const Tensor& input, F&& f) {
    if (detail::is_plain_call(*this)) [[likely]]
      return f(input);
    detail::ModuleCall scope(*this);
    Tensor x = input;
    try {
      x = scope.before(input);
      auto y = f(x);
      using detail::first_of;
      scope.after(x, first_of(y));
      return y;
    } catch (...) {
      scope.failed(x);
      throw;
    }
  }

 private:
  friend class detail::ModuleCall;
  friend class detail::BackwardBoundary;
  friend struct detail::ModuleAccess;
  friend bool detail::is_plain_call(const Module&);
  struct Buffer {
    std::string name;
    Tensor tensor;
    bool persistent;
  };
  struct Hooks;
  class Cloning;
  template <class M>
  friend std::shared_ptr<M> clone(const M& module);

  std::shared_ptr<Module> deep_copy() const;
  Hooks& hooks();  // made when it is first asked for
  void check_name(const std::string& name) const;
  void add_modules(const std::string& prefix, NamedModules& to);
  template <class M, class F>
  static void each_module(M& module, const std::string& prefix, const F& f);
  void save_state(const std::string& prefix, TensorMap& to) const;
  void after_loading(IncompatibleKeys& keys);

  NamedTensors parameters_;
  std::vector<Buffer> buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> modules_;
  std::unique_ptr<Hooks> hooks_;
  bool training_ = true;
};

template <class M, class... Args>
std::shared_ptr<M> make(Args&&... args) {
  return std::make_shared<M>(std::forward<Args>(args)...);
}

// A deep copy of a module: of its parameters and buffers, without gradients, and of the modules
// inside it, with the mode and the hooks of each. What it shares inside, such as a tensor under two
// names, is shared inside of the copy. Draws no random numbers. NotImplementedError for classes
// without make_like(), Error where that gives a module of another structure.
template <class M>
std::shared_ptr<M> clone(const M& module) {
  return std::static_pointer_cast<M>(static_cast<const Module&>(module).deep_copy());
}

WENGERT_API std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace nn
WENGERT_NAMESPACE_END
