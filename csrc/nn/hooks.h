// The hooks of a module.
#pragma once

#include <vector>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct Module::Hooks {
  std::vector<std::pair<uint64_t, ForwardPreHook>> before;
  std::vector<std::pair<uint64_t, ForwardHook>> after;
  uint64_t last = 0;  // number given out
};

}  // namespace nn
WENGERT_NAMESPACE_END
