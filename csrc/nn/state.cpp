// The state of a tree of modules: saved, loaded, and the hooks around both.
#include <algorithm>
#include <sstream>

#include "autograd/sparse.h"
#include "nn/copy.h"
#include "nn/hooks.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/sparse.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

constexpr const char* kExtraState = "_extra_state";

// Values take the place of others of the same shape; a sparse tensor gets other parts.
void take_values(Tensor& t, const Tensor& from) {
  if (!sparse::is_sparse(t)) {
    copy_(t, from);
    return;
  }
  const Tensor copied = copy_of(from);
  SparseParts& parts = sparse_parts(t);
  parts = sparse_parts(copied);
  parts.values = parts.values.to(t.dtype());
}

}  // namespace

Tensor Module::get_extra_state() const { return {}; }

void Module::set_extra_state(const Tensor&) {
  fail<NotImplementedError>(
      "Module: this module has extra state, but no set_extra_state(state); override both");
}

void Module::save_state(const std::string& prefix, TensorMap& to) const {
  if (hooks_) {
    for (const auto& [number, hook] : std::vector(hooks_->save_before)) hook(*this, prefix);
  }
  for (const auto& [name, t] : parameters_) to.emplace(prefix + name, t.detach());
  for (const Buffer& b : buffers_) {
    if (b.persistent) to.emplace(prefix + b.name, b.tensor.detach());
  }
  if (const Tensor extra = get_extra_state(); extra.defined()) {
    to.emplace(prefix + kExtraState, extra.detach());
  }
  for (const auto& [name, module] : modules_) module->save_state(prefix + name + ".", to);
  if (hooks_) {
    for (const auto& [number, hook] : std::vector(hooks_->save_after)) hook(*this, to, prefix);
  }
}

TensorMap Module::state_dict() const {
  TensorMap state;
  save_state("", state);
  return state;
}

void Module::after_loading(IncompatibleKeys& keys) {
  for (const auto& [name, module] : modules_) module->after_loading(keys);
  if (!hooks_) return;
  for (const auto& [number, hook] : std::vector(hooks_->load_after)) hook(*this, keys);
}

IncompatibleKeys Module::load_state_dict(const TensorMap& given, bool strict) {
  TensorMap state = given, own;
  bool has_hooks = false;
  each_module(*this, "", [&](Module& m, const std::string& prefix) {
    if (!m.hooks_) return;
    for (const auto& [number, hook] : std::vector(m.hooks_->load_before)) hook(m, state, prefix);
    has_hooks |= !m.hooks_->load_after.empty();
  });
  std::map<std::string, Module*> extra;
  each_module(*this, "", [&](Module& m, const std::string& prefix) {
    for (const auto& [name, t] : m.parameters_) own.emplace(prefix + name, t.detach());
    for (const Buffer& b : m.buffers_) {
      if (b.persistent) own.emplace(prefix + b.name, b.tensor.detach());
    }
    if (m.get_extra_state().defined()) extra.emplace(prefix + kExtraState, &m);
  });

  IncompatibleKeys keys;
  std::ostringstream misfits;
  for (const auto& [name, t] : own) {
    const auto found = state.find(name);
    if (found == state.end()) {
      keys.missing_keys.push_back(name);
      continue;
    }
    Tensor& value = found->second;
    if (value.defined() && sparse::is_sparse(value) != sparse::is_sparse(t)) {
      misfits << "\n  '" << name << "' must be "
              << (sparse::is_sparse(t) ? "sparse, but is dense" : "dense, but is sparse");
      continue;
    }
    if (value.defined() && t.dim() == 0 && value.dim() == 1 && value.numel() == 1) {
      value = value.reshape({});
    }
    if (value.defined() && value.shape() == t.shape()) continue;
    misfits << "\n  '" << name << "' must have shape " << to_text(t.shape());
    if (value.defined()) misfits << ", but has " << to_text(value.shape());
  }
  for (const auto& [name, m] : extra) {
    const auto found = state.find(name);
    if (found == state.end()) {
      keys.missing_keys.push_back(name);
    } else if (!found->second.defined()) {
      misfits << "\n  '" << name << "' must be a tensor, but is undefined";
    }
  }
  for (const auto& [name, t] : state) {
    if (!own.count(name) && !extra.count(name)) keys.unexpected_keys.push_back(name);
  }
  const auto check = [&] {
    std::ostringstream problems;
    if (strict) {
      for (const std::string& name : keys.missing_keys) {
        problems << "\n  '" << name << "' is missing";
      }
      for (const std::string& name : keys.unexpected_keys) {
        problems << "\n  '" << name << "' is unknown";
      }
    }
    problems << misfits.str();
    WG_CHECK(problems.str().empty(), Error,
             "load_state_dict: the state does not fit this module:", problems.str());
  };
  // Hooks may still say that names do not matter.
  if (!has_hooks || !misfits.str().empty()) check();

  const NoGradGuard no_grad;
  TensorMap before;
  const auto load = [&](const TensorMap& from) {
    for (auto& [name, t] : own) {
      const auto found = from.find(name);
      if (found != from.end()) take_values(t, found->second);
    }
  };
  if (has_hooks || !extra.empty()) {  // which may throw
    for (const auto& [name, t] : own) before.emplace(name, copy_of(t));
  }
  std::vector<std::pair<Module*, Tensor>> extra_before;  // of those that have a new one
  try {
    load(state);
    for (const auto& [name, m] : extra) {
      const auto found = state.find(name);
      if (found == state.end()) continue;
      Tensor old = m->get_extra_state().detach().clone();
      m->set_extra_state(found->second.detach());
      extra_before.emplace_back(m, std::move(old));
    }
    if (has_hooks) {
      after_loading(keys);
      check();
    }
  } catch (...) {
    load(before);
    // The last first: a module under two names has two. One that refuses what was its own leaves
    // the others theirs.
    std::reverse(extra_before.begin(), extra_before.end());
    for (const auto& [m, old] : extra_before) {
      try {
        m->set_extra_state(old);
      } catch (...) {
      }
    }
    throw;
  }
  return keys;
}

}  // namespace nn
WENGERT_NAMESPACE_END
