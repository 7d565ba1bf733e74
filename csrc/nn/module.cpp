#include <algorithm>
#include <set>
#include <sstream>

#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/nn.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

Module::~Module() = default;

Tensor Module::forward(const Tensor&) {
  fail<NotImplementedError>("Module: this module has no forward(input); override it");
}

void Module::check_name(const std::string& name) const {
  const auto called = [&](const auto& entry) { return entry.first == name; };
  const auto has = [&](const auto& list) { return std::any_of(list.begin(), list.end(), called); };
  WG_CHECK(!name.empty() && name.find('.') == name.npos, ValueError,
           "Module: a name must not be empty or contain a dot, but got '", name, "'");
  WG_CHECK(!has(parameters_) && !has(buffers_) && !has(modules_), ValueError, "Module: the name '",
           name, "' is taken");
}

Tensor Module::register_parameter(const std::string& name, Tensor t) {
  check_name(name);
  WG_CHECK(t.defined(), ValueError, "register_parameter: the tensor '", name, "' is undefined");
  WG_CHECK(t.is_leaf(), ValueError, "register_parameter: '", name,
           "' is the result of a recorded operation; expected a leaf");
  t.requires_grad_();
  parameters_.emplace_back(name, t);
  return t;
}

Tensor Module::register_buffer(const std::string& name, Tensor t) {
  check_name(name);
  WG_CHECK(t.defined(), ValueError, "register_buffer: the tensor '", name, "' is undefined");
  buffers_.emplace_back(name, t);
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

void Module::collect(NamedTensors Module::* list, const std::string& prefix,
                     NamedTensors& to) const {
  for (const auto& [name, t] : this->*list) {
    const auto same = [&t = t](const auto& entry) { return entry.second.is_same(t); };
    if (std::none_of(to.begin(), to.end(), same)) to.emplace_back(prefix + name, t);
  }
  for (const auto& [name, module] : modules_) module->collect(list, prefix + name + ".", to);
}

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  collect(&Module::parameters_, "", all);
  return all;
}

NamedTensors Module::named_buffers() const {
  NamedTensors all;
  collect(&Module::buffers_, "", all);
  return all;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> all;
  for (auto& [name, t] : named_parameters()) all.push_back(t);
  return all;
}

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

void Module::add_state(const std::string& prefix, TensorMap& to) const {
  for (const NamedTensors* list : {&parameters_, &buffers_}) {
    for (const auto& [name, t] : *list) to.emplace(prefix + name, t.detach());
  }
  for (const auto& [name, module] : modules_) module->add_state(prefix + name + ".", to);
}

TensorMap Module::state_dict() const {
  TensorMap state;
  add_state("", state);
  return state;
}

void Module::load_state_dict(const TensorMap& state, bool strict) {
  TensorMap own = state_dict();
  std::ostringstream problems;
  for (const auto& [name, t] : own) {
    const auto given = state.find(name);
    if (given == state.end()) {
      if (strict) problems << "\n  '" << name << "' is missing";
    } else if (!given->second.defined() || given->second.shape() != t.shape()) {
      problems << "\n  '" << name << "' must have shape " << to_text(t.shape());
      if (given->second.defined()) problems << ", but has " << to_text(given->second.shape());
    }
  }
  for (const auto& [name, t] : state) {
    if (strict && !own.count(name)) problems << "\n  '" << name << "' is unknown";
  }
  WG_CHECK(problems.str().empty(), Error,
           "load_state_dict: the state does not fit this module:", problems.str());
  NoGradGuard no_grad;
  for (auto& [name, t] : own) {
    const auto given = state.find(name);
    if (given != state.end()) copy_(t, given->second);
  }
}

Sequential::Sequential(std::initializer_list<std::shared_ptr<Module>> modules) {
  for (const auto& module : modules) append(module);
}

void Sequential::append(std::shared_ptr<Module> module) {
  register_module(std::to_string(children().size()), std::move(module));
}

Tensor Sequential::forward(const Tensor& input) {
  Tensor x = input;
  for (const auto& [name, module] : children()) x = module->forward(x);
  return x;
}

}  // namespace nn
WENGERT_NAMESPACE_END
