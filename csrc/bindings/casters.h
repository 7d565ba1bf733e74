// pybind11 sees tensors and dtypes as the Tensor class of the other module.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/functions.h"

namespace pybind11::detail {

template <>
struct type_caster<wengert::Tensor> {
  PYBIND11_TYPE_CASTER(wengert::Tensor, const_name("Tensor"));
  bool load(handle source, bool) {
    if (source.is_none()) {
      value = wengert::Tensor();
      return true;
    }
    value = wengert::Tensor::share(wengert::python::unwrap(source.ptr()));
    return value.defined();
  }
  static handle cast(wengert::Tensor t, return_value_policy, handle) {
    return wengert::python::wrap(std::move(t));
  }
};

template <>
struct type_caster<wengert::DType> {
  PYBIND11_TYPE_CASTER(wengert::DType, const_name("dtype"));
  bool load(handle source, bool) {
    const int code = wengert::python::dtype_code(source.ptr());
    if (code < 0) return false;
    value = static_cast<wengert::DType>(code);
    return true;
  }
  static handle cast(wengert::DType t, return_value_policy, handle) {
    return wengert::python::dtype_object(t);
  }
};

}  // namespace pybind11::detail
