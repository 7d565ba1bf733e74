// Tensors of modules that are computed from others before each call.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "nn/hooks.h"
#include "wengert/nn/slot.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// How the tensor that was called `name` is computed. It holds no tensors and no module, but finds
// them by name in the module it is given, so that copies of the module share it.
class Computation {
 public:
  Computation(std::string of, Slot in) : name(std::move(of)), slot(std::move(in)) {}
  virtual ~Computation() = default;
  virtual Tensor compute(Module& module) const = 0;
  void run(Module& module) const { slot(module) = compute(module); }
  const std::string name;
  const Slot slot;
};
using ComputationPtr = std::shared_ptr<const Computation>;

// What the helpers of nn::utils change in modules.
struct detail::ModuleAccess {
  // A parameter that is trained if it was.
  static void add_parameter(Module& m, const std::string& name, const Tensor& t);
  static void add_buffer(Module& m, const std::string& name, const Tensor& t) {
    m.register_buffer(name, t);
  }
  static void add_module(Module& m, const std::string& name, std::shared_ptr<Module> module) {
    m.register_module(name, std::move(module));
  }
  // ValueError if one of these names is taken; asked before anything changes.
  static void check_free(const Module& m, std::initializer_list<std::string> names) {
    for (const std::string& name : names) m.check_name(name);
  }
  static void take(Module& m, const std::string& name) { m.unregister(name); }
  // The module's own parameter or buffer of this name; undefined without.
  static Tensor find(const Module& m, const std::string& name);
  static bool has_parameter(const Module& m, const std::string& name);
  // The name under which the tensor in a slot is registered; empty without.
  static std::string name_of(Module& m, const Slot& slot);
  static void set_parametrized(Module& m, bool on) { m.hooks().parametrized = on; }

  // Before each call from now on.
  static void begin(Module& m, ComputationPtr computation);
  static void end(Module& m, const Computation& computation);
  static std::vector<ComputationPtr> computations(const Module& m);
  // That of this kind and name, or null.
  template <class C>
  static std::shared_ptr<const C> computation(const Module& m, const std::string& name) {
    for (const ComputationPtr& c : computations(m)) {
      if (c->name != name) continue;
      if (auto found = std::dynamic_pointer_cast<const C>(c)) return found;
    }
    return nullptr;
  }
  // The computation of what stands in a slot, or null.
  static ComputationPtr computation_of(Module& m, const Slot& slot);
};

// The name of the parameter in a slot. ValueError if there is none or it is computed.
std::string parameter_in(const char* op, Module& m, const Slot& slot);

}  // namespace nn
WENGERT_NAMESPACE_END
