#include "wengert/nn/module.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "nn/hooks.h"
#include "tensor/check.h"
#include "tensor/impl.h"
#include "wengert/autograd.h"
#include "wengert/detail/owner.h"
#include "wengert/ops/creation.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

Module::Module() = default;
Module::~Module() = default;

Tensor Module::forward(const Tensor&) {
  fail<NotImplementedError>("Module: this module has no forward(input); override it");
}

Tensor* Module::variable(const std::string&) { return nullptr; }

// ---- registering

void Module::check_name(const std::string& name) const {
  const auto called = [&](const auto& entry) { return entry.first == name; };
  const auto has = [&](const auto& list) { return std::any_of(list.begin(), list.end(), called); };
  WG_CHECK(!name.empty() && name.find('.') == name.npos, ValueError,
           "Module: a name must not be empty or contain a dot, but got '", name, "'");
  WG_CHECK(!has(parameters_) && !has(modules_) &&
               std::none_of(buffers_.begin(), buffers_.end(),
                            [&](const Buffer& b) { return b.name == name; }),
           ValueError, "Module: the name '", name, "' is taken");
}

namespace {
void check_parameter(const std::string& name, const Tensor& t) {
  WG_CHECK(t.defined(), ValueError, "register_parameter: the tensor '", name, "' is undefined");
  WG_CHECK(t.is_leaf(), ValueError, "register_parameter: '", name,
           "' is the result of a recorded operation; expected a leaf");
}
}  // namespace

Tensor Module::register_parameter(const std::string& name, Tensor t) {
  check_name(name);
  check_parameter(name, t);
  t.requires_grad_();
  parameters_.emplace_back(name, t);
  return t;
}

Tensor Module::replace_parameter(const std::string& name, Tensor t) {
  check_parameter(name, t);
  for (auto& [own, old] : parameters_) {
    if (own == name) return old = t.requires_grad_();
  }
  fail<ValueError>("replace_parameter: there is no parameter '", name, "'");
}

Tensor Module::register_buffer(const std::string& name, Tensor t, bool persistent) {
  check_name(name);
  WG_CHECK(t.defined(), ValueError, "register_buffer: the tensor '", name, "' is undefined");
  buffers_.push_back({name, t, persistent});
  return t;
}

void Module::register_module(const std::string& name, Module& module) {
  // Shares no ownership.
  register_module(name, std::shared_ptr<Module>(std::shared_ptr<Module>(), &module));
}

void Module::register_module(const std::string& name, std::shared_ptr<Module> module) {
  check_name(name);
  WG_CHECK(module && module.get() != this, ValueError, "register_module: '", name,
           "' must be another module");
  modules_.emplace_back(name, std::move(module));
}

bool Module::unregister(const std::string& name) {
  const auto called = [&](const auto& entry) { return entry.first == name; };
  const auto buffer = [&](const Buffer& b) { return b.name == name; };
  return std::erase_if(parameters_, called) + std::erase_if(buffers_, buffer) +
             std::erase_if(modules_, called) >
         0;
}

void Module::replace_module(const std::string& name, std::shared_ptr<Module> module) {
  WG_CHECK(module && module.get() != this, ValueError, "replace_module: '", name,
           "' must be another module");
  for (auto& [own, old] : modules_) {
    if (own == name) return void(old = std::move(module));
  }
  register_module(name, std::move(module));
}

void Module::replace_modules(std::vector<std::pair<std::string, std::shared_ptr<Module>>> modules) {
  modules_ = std::move(modules);
}

// ---- looking inside

namespace {
void add_new(NamedTensors& to, std::string name, const Tensor& t) {
  const auto same = [&](const auto& entry) { return entry.second.is_same(t); };
  if (std::none_of(to.begin(), to.end(), same)) to.emplace_back(std::move(name), t);
}
std::vector<Tensor> without_names(const NamedTensors& named) {
  std::vector<Tensor> all;
  for (const auto& [name, t] : named) all.push_back(t);
  return all;
}
}  // namespace

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  each_module(*this, "", [&](const Module& m, const std::string& prefix) {
    for (const auto& [name, t] : m.parameters_) add_new(all, prefix + name, t);
  });
  return all;
}
std::vector<Tensor> Module::parameters() const { return without_names(named_parameters()); }

NamedTensors Module::named_buffers() const {
  NamedTensors all;
  each_module(*this, "", [&](const Module& m, const std::string& prefix) {
    for (const Buffer& b : m.buffers_) add_new(all, prefix + b.name, b.tensor);
  });
  return all;
}
std::vector<Tensor> Module::buffers() const { return without_names(named_buffers()); }

void Module::add_modules(const std::string& name, NamedModules& to) {
  const auto same = [this](const auto& entry) { return entry.second == this; };
  if (std::any_of(to.begin(), to.end(), same)) return;
  to.emplace_back(name, this);
  for (const auto& [own, module] : modules_) {
    module->add_modules(name.empty() ? own : name + "." + own, to);
  }
}
NamedModules Module::named_modules() {
  NamedModules all;
  add_modules("", all);
  return all;
}
std::vector<Module*> Module::modules() {
  std::vector<Module*> all;
  for (const auto& [name, module] : named_modules()) all.push_back(module);
  return all;
}

// ---- changing all of it

void Module::train(bool on) {
  training_ = on;
  for (const auto& [name, module] : modules_) module->train(on);
}

void Module::requires_grad_(bool on) {
  for (Tensor& t : parameters()) t.requires_grad_(on);
}

void Module::zero_grad() {
  for (Tensor& t : parameters()) t.set_grad({});
}

void Module::to(DType dtype) {
  WG_CHECK(is_differentiable(dtype), TypeError,
           "Module::to: expected a floating point or complex dtype, but got ", dtype);
  for (const auto& [name, t] : named_buffers()) {
    WG_CHECK(!sparse::is_sparse(t), NotImplementedError, "Module::to: the buffer '", name,
             "' is sparse; register its indices and values instead");
  }
  for (const NamedTensors& all : {named_parameters(), named_buffers()}) {
    for (const auto& [name, t] : all) {
      WG_CHECK(!t.impl()->has(kIsView) || !is_differentiable(t.dtype()), Error, "Module::to: '",
               name, "' is a view, whose data cannot be replaced; register a clone of it");
    }
  }
  const NoGradGuard no_grad;
  for (Tensor& t : parameters()) {
    if (!is_differentiable(t.dtype())) continue;
    const Tensor gradient = t.grad();
    wengert::detail::replace_data(t, t.detach().to(dtype));
    if (gradient.defined()) t.set_grad(gradient.to(dtype));
  }
  for (const Tensor& t : buffers()) {
    if (is_differentiable(t.dtype())) wengert::detail::replace_data(t, t.detach().to(dtype));
  }
}

void Module::apply(const std::function<void(Module&)>& f) {
  std::set<const Module*> seen;
  for (const auto& [name, module] : modules_) {
    if (seen.insert(module.get()).second) module->apply(f);
  }
  f(*this);
}

// ---- hooks

Module::Hooks& Module::hooks() {
  if (!hooks_) hooks_ = std::make_unique<Hooks>();
  return *hooks_;
}

uint64_t Module::register_forward_pre_hook(ForwardPreHook hook, bool prepend) {
  return hooks().add(hooks().before, std::move(hook), prepend);
}

uint64_t Module::register_forward_hook(ForwardHook hook, bool prepend, bool always_call) {
  const uint64_t number = hooks().add(hooks().after, std::move(hook), prepend);
  if (always_call) hooks().always.push_back(number);
  return number;
}

uint64_t Module::register_full_backward_pre_hook(BackwardPreHook hook, bool prepend) {
  return hooks().add(hooks().backward_before, std::move(hook), prepend);
}

uint64_t Module::register_full_backward_hook(BackwardHook hook, bool prepend) {
  return hooks().add(hooks().backward, std::move(hook), prepend);
}

uint64_t Module::register_state_dict_pre_hook(StateDictPreHook hook) {
  return hooks().add(hooks().save_before, std::move(hook));
}

uint64_t Module::register_state_dict_post_hook(StateDictPostHook hook) {
  return hooks().add(hooks().save_after, std::move(hook));
}

uint64_t Module::register_load_state_dict_pre_hook(LoadStateDictPreHook hook) {
  return hooks().add(hooks().load_before, std::move(hook));
}

uint64_t Module::register_load_state_dict_post_hook(LoadStateDictPostHook hook) {
  return hooks().add(hooks().load_after, std::move(hook));
}

bool Module::remove_hook(uint64_t number) {
  if (!hooks_) return false;
  const auto erased = [number](auto&... lists) {
    return (std::erase_if(lists, [&](const auto& entry) { return entry.first == number; }) + ...);
  };
  std::erase(hooks_->always, number);
  Hooks& h = *hooks_;
  return erased(h.before, h.after, h.backward_before, h.backward, h.save_before, h.save_after,
                h.load_before, h.load_after, h.computed) > 0;
}

}  // namespace nn
WENGERT_NAMESPACE_END
