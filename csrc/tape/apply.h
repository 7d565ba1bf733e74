// One step of a program as an ordinary call.
#pragma once

#include <map>
#include <string>

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// One that draws numbers draws others. Error unless there are as many tensors as the step takes,
// defined where it has one, and ValueError where these are not like those of the step and its
// operation could not have been called with them.
std::vector<Tensor> apply_step(const Program& program, const Step& step,
                               const std::vector<Tensor>& inputs);

// The operation of a step, or its rule, with other integers as attributes: the inputs are those
// that it takes then. A rule must have saved all inputs of its operation; it adds to nothing, and
// gives the gradients of the inputs that the step's own gives or adds to. Errors as above.
std::vector<Tensor> apply_variant(const Step& step, const std::vector<Tensor>& inputs,
                                  const std::map<std::string, int64_t>& attributes);

}  // namespace tape
WENGERT_NAMESPACE_END
