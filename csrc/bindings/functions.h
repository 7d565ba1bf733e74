// Python callables made from the rows of the library's function tables.
#pragma once

#include "bindings/python_tensor.h"
#include "ops/function.h"

namespace wengert::python {

// Adds functions to the module and methods to the Tensor type, and the list of rows as
// module._functions. Returns false with a Python error set.
bool add_functions(PyObject* module, PyObject* tensor_type);

// The other module's side of a tensor object.
PyObject* wrap(Tensor t);         // None for an undefined tensor
TensorImpl* unwrap(PyObject* o);  // nullptr: not a tensor
// As above, also of sparse tensors, which only gradients may be.
TensorImpl* unwrap_gradient(PyObject* o);
int dtype_code(PyObject* o);  // -1: not a dtype
PyObject* dtype_object(DType t);
bool import_tensor_api();

}  // namespace wengert::python
