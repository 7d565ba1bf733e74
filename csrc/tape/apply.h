// One step of a program as an ordinary call.
#pragma once

#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// One that draws numbers draws others. Error unless there are as many tensors as the step takes,
// defined where it has one, and ValueError where these are not like those of the step and its
// operation could not have been called with them.
std::vector<Tensor> apply_step(const Program& program, const Step& step,
                               const std::vector<Tensor>& inputs);

}  // namespace tape
WENGERT_NAMESPACE_END
