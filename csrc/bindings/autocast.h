// Autocast: while it is on, functions that Python calls convert their tensors, products to a short
// dtype and what needs precision to float32, as PyTorch's lists for the CPU say.
#pragma once

#include <optional>
#include <vector>

#include "bindings/python_tensor.h"
#include "ops/autocast_to.h"
#include "ops/signature.h"
#include "wengert/autograd.h"

namespace wengert::python {

// Converts the tensors among the values of a call of `name`. What is made is kept in `kept`.
void autocast_values(const char* name, DType dtype, const std::vector<Parameter>& parameters,
                     Value* values, std::vector<Tensor>& kept);

}  // namespace wengert::python
