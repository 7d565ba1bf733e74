// The hooks of a module.
#pragma once

#include <vector>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct Module::Hooks {
  std::vector<std::pair<uint64_t, ForwardPreHook>> before;
  std::vector<std::pair<uint64_t, ForwardHook>> after;
  std::vector<std::pair<uint64_t, BackwardPreHook>> backward_before;
  std::vector<std::pair<uint64_t, BackwardHook>> backward;
  uint64_t last = 0;  // number given out

  template <class Hook>
  uint64_t add(std::vector<std::pair<uint64_t, Hook>>& to, Hook hook, bool prepend) {
    to.emplace(prepend ? to.begin() : to.end(), ++last, std::move(hook));
    return last;
  }
};

}  // namespace nn
WENGERT_NAMESPACE_END
