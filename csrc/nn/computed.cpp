#include "nn/computed.h"

#include <algorithm>

#include "nn/text.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

Slot::Slot(std::string name)
    : find_([name = std::move(name)](Module& module) -> Tensor& {
        Tensor* const own = module.variable(name);
        WG_CHECK(own, ValueError, "Slot: the class ", type_name(module), " finds no tensor '", name,
                 "' by its name; give the member of the class that holds it, such as "
                 "&nn::Linear::weight");
        return *own;
      }) {}

void detail::ModuleAccess::add_parameter(Module& m, const std::string& name, const Tensor& t) {
  const bool trained = t.requires_grad();
  m.register_parameter(name, t).requires_grad_(trained);
}

Tensor detail::ModuleAccess::find(const Module& m, const std::string& name) {
  for (const auto& [own, t] : m.parameters_) {
    if (own == name) return t;
  }
  for (const Module::Buffer& b : m.buffers_) {
    if (b.name == name) return b.tensor;
  }
  return {};
}

bool detail::ModuleAccess::has_parameter(const Module& m, const std::string& name) {
  return std::any_of(m.parameters_.begin(), m.parameters_.end(),
                     [&](const auto& entry) { return entry.first == name; });
}

std::string detail::ModuleAccess::name_of(Module& m, const Slot& slot) {
  const Tensor& wanted = slot(m);
  if (!wanted.defined()) return {};
  for (const auto& [name, t] : m.parameters_) {
    if (t.is_same(wanted)) return name;
  }
  for (const Module::Buffer& b : m.buffers_) {
    if (b.tensor.is_same(wanted)) return b.name;
  }
  return {};
}

void detail::ModuleAccess::begin(Module& m, ComputationPtr computation) {
  const uint64_t number = m.register_forward_pre_hook([computation](Module& module, const Tensor&) {
    computation->run(module);
    return Tensor();
  });
  m.hooks().computed.emplace_back(number, std::move(computation));
}

void detail::ModuleAccess::end(Module& m, const Computation& computation) {
  for (const auto& [number, own] : m.hooks().computed) {
    if (own.get() == &computation) {
      m.remove_hook(uint64_t{number});
      return;
    }
  }
}

std::vector<ComputationPtr> detail::ModuleAccess::computations(const Module& m) {
  std::vector<ComputationPtr> all;
  if (!m.hooks_) return all;
  for (const auto& [number, own] : m.hooks_->computed) all.push_back(own);
  return all;
}

ComputationPtr detail::ModuleAccess::computation_of(Module& m, const Slot& slot) {
  const Tensor* const wanted = &slot(m);
  for (ComputationPtr& c : computations(m)) {
    if (&c->slot(m) == wanted) return c;
  }
  return nullptr;
}

std::string parameter_in(const char* op, Module& m, const Slot& slot) {
  using Access = detail::ModuleAccess;
  if (const ComputationPtr other = Access::computation_of(m, slot)) {
    fail<ValueError>(op, ": the tensor '", other->name,
                     "' is computed from others already; remove that first");
  }
  const std::string name = Access::name_of(m, slot);
  WG_CHECK(Access::has_parameter(m, name), ValueError, op,
           ": the tensor is not one of the module's parameters");
  return name;
}

}  // namespace nn
WENGERT_NAMESPACE_END
