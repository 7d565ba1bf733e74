// The hooks of a module, and the walk over those inside it.
#pragma once

#include <vector>

#include "tensor/check.h"
#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

class Computation;

struct Module::Hooks {
  std::vector<std::pair<uint64_t, ForwardPreHook>> before;
  std::vector<std::pair<uint64_t, ForwardHook>> after;
  std::vector<std::pair<uint64_t, BackwardPreHook>> backward_before;
  std::vector<std::pair<uint64_t, BackwardHook>> backward;
  std::vector<uint64_t> always;  // those of `after` that run where the call throws, too
  std::vector<std::pair<uint64_t, StateDictPreHook>> save_before;
  std::vector<std::pair<uint64_t, StateDictPostHook>> save_after;
  std::vector<std::pair<uint64_t, LoadStateDictPreHook>> load_before;
  std::vector<std::pair<uint64_t, LoadStateDictPostHook>> load_after;
  // Computations are in `before`, too.
  std::vector<std::pair<uint64_t, std::shared_ptr<const Computation>>> computed;
  bool parametrized = false;  // which the text says
  uint64_t last = 0;          // number given out

  template <class Hook>
  uint64_t add(std::vector<std::pair<uint64_t, Hook>>& to, Hook hook, bool prepend = false) {
    WG_CHECK(hook, TypeError, "register_hook: expected a function to call, but got an empty one");
    to.emplace(prepend ? to.begin() : to.end(), ++last, std::move(hook));
    return last;
  }
};

// f(module, prefix of its names) for a module and those inside it, parents first.
template <class M, class F>
void Module::each_module(M& module, const std::string& prefix, const F& f) {
  f(module, prefix);
  for (const auto& [name, inner] : module.modules_) {
    each_module<M>(*inner, prefix + name + ".", f);
  }
}

}  // namespace nn
WENGERT_NAMESPACE_END
