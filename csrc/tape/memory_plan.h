// Where the storages that a program makes lie in one block of memory.
#pragma once

#include "tape/fusion.h"
#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

struct MemoryPlan {
  // Of the storages that are `planned`; the steps of a chain happen at the time of its first.
  MemoryPlan(const Program& p, const std::vector<Chain>& chains, const std::vector<bool>& planned);

  int64_t bytes = 0;             // of the block
  std::vector<int64_t> offsets;  // by storage; -1: not in the block
  std::vector<int> made_at;      // by storage: the step that makes it, -1: none
  std::vector<int> last_use;     // by storage: the last step that reads or writes it, -1: none
};

}  // namespace tape
WENGERT_NAMESPACE_END
