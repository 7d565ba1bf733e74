// Chains of pointwise operations that run block by block: what only the chain uses never leaves
// the first-level cache.
#pragma once

#include <vector>

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

struct FusedStep {
  // An array that is read or written: a value, or a block that only the chain sees.
  struct Operand {
    int value = -1;
    int block = -1;
    int64_t item = 0;       // bytes of an element
    bool repeated = false;  // one element
  };
  Pointwise kernel;
  Operand in[Pointwise::kMaxInputs], out;
  int n_inputs = 0;
  Pointwise::Two two = nullptr;  // that of the kernel which fits the inputs
};

// Steps [first, last] of a program.
struct Chain {
  size_t first, last;
  int64_t numel;
  int blocks = 0;    // that it needs at once
  int64_t item = 0;  // bytes of their largest element
  std::vector<FusedStep> steps;

  // Runs it; `data` has the places of each step's inputs (kMaxInputs) and of its output, where they
  // have any.
  void run(const std::vector<char*>& data) const;
};

// Whether each element of the step's output follows from those at its place in the inputs, which
// are as large or one element.
bool is_pointwise(const Program& p, const Step& s);

// The chains of a program in order, of two steps or more. `hidden[s]` is set for storages that
// need no memory since only a chain uses them. Those that are `visible` have memory.
std::vector<Chain> find_chains(const Program& p, const std::vector<bool>& visible,
                               std::vector<bool>& hidden);

}  // namespace tape
WENGERT_NAMESPACE_END
