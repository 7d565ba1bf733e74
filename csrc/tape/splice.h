// A program with other programs in place of some of its steps.
#pragma once

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// Takes the place of steps. Its arguments are, of each step in order, the inputs that are there,
// then the values that a rule adds to; its results are the outputs, of their dtypes, shapes and
// strides. Changes have no results: the part changes its argument itself. What one of the steps
// makes and another takes is an argument too, which the part must not read.
struct Part {
  std::vector<size_t> steps;
  const Program* program;
};

// Steps move where those of a part do not stand side by side. Steps that nobody needs, and states
// that then nobody uses, are left out. `kept` gets the number
// that each step has in the result, -1 for none, `states` for each of the result the state of `p`
// that it is, or -1. ValueError for parts that do not fit, NotImplementedError where the result
// would lie in memory that something else changes.
Program splice(const Program& p, const std::vector<Part>& parts, std::vector<int>& kept,
               std::vector<int>& states);

// By storage: whether a step changes elements that were there before it.
std::vector<bool> changed_storages(const Program& p);

}  // namespace tape
WENGERT_NAMESPACE_END
