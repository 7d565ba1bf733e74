// Python objects and calls on the C++ side.
#pragma once

#include <utility>

#include "bindings/casters.h"

namespace wengert::python {

// A Python object that C++ keeps alive and lets go of under the GIL.
class Held {
 public:
  explicit Held(pybind11::object o) : object_(std::move(o)) {}
  ~Held() {
    if (!Py_IsInitialized()) {
      object_.release();
      return;
    }
    taking_gil([&] {
      pybind11::gil_scoped_acquire gil;
      object_ = pybind11::object();
    });
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  const pybind11::object& get() const { return object_; }

 private:
  pybind11::object object_;
};

// Python errors raised inside the engine stay pending and unwind as PythonError.
template <class F>
auto calling_python(F&& f) {
  return taking_gil([&] {
    pybind11::gil_scoped_acquire gil;
    try {
      return f();
    } catch (pybind11::error_already_set& e) {
      e.restore();
      throw PythonError();
    }
  });
}

}  // namespace wengert::python
