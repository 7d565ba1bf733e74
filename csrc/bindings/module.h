// The parts of wengert._core.
#pragma once

#include "bindings/casters.h"

namespace wengert::python {

void bind_autograd(pybind11::module_& m);
void bind_data(pybind11::module_& m);
void bind_dlpack(pybind11::module_& m);
void bind_optim(pybind11::module_& m);
void bind_profile(pybind11::module_& m);
void bind_tape(pybind11::module_& m);
void bind_transforms(pybind11::module_& m);

}  // namespace wengert::python
