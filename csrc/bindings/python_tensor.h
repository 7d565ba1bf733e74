// What both extension modules need to know of tensors and Python.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <new>
#include <string>

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#endif
#if defined(__GLIBCXX__)
#include <unistd.h>
#endif

#include "tensor/impl.h"
#include "wengert/detail/owner.h"
#include "wengert/error.h"
#include "wengert/wengert.h"

namespace wengert::python {

// Raises an exception of a class that is written in Python.
inline void set_error(const char* module_name, const char* type_name, const char* text) {
  PyObject* module = PyImport_ImportModule(module_name);
  PyObject* type = module ? PyObject_GetAttrString(module, type_name) : nullptr;
  if (type) PyErr_SetString(type, text);
  Py_XDECREF(type);
  Py_XDECREF(module);
}

// Turns the C++ exception being handled into the Python exception of the same kind. A Python error
// that a callback has left pending is kept.
inline void translate_exception() {
  try {
    if (PyErr_Occurred()) return;
    throw;
  } catch (const ValueError& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const TypeError& e) {
    PyErr_SetString(PyExc_TypeError, e.what());
  } catch (const IndexError& e) {
    PyErr_SetString(PyExc_IndexError, e.what());
  } catch (const NotImplementedError& e) {
    PyErr_SetString(PyExc_NotImplementedError, e.what());
  } catch (const LinAlgError& e) {
    set_error("wengert.linalg", "LinAlgError", e.what());
  } catch (const IoError& e) {
    PyErr_SetString(PyExc_OSError, e.what());
  } catch (const OutOfMemoryError& e) {
    set_error("wengert.cuda", "OutOfMemoryError", e.what());
  } catch (const InternalError& e) {
    PyErr_SetString(PyExc_SystemError, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

// A Python error is pending; unwinds C++ frames up to the binding, which returns it to Python.
class PythonError : public ForeignError {
 public:
  const char* what() const noexcept override { return "a Python exception is pending"; }
  // Tracebacks show notes from Python 3.11 on.
  void add_note(const std::string& note) noexcept override {
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    if (PyObject* done = PyObject_CallMethod(value, "add_note", "s", note.c_str()))
      Py_DECREF(done);
    else
      PyErr_Clear();
    PyErr_Restore(type, value, trace);
    PyGILState_Release(state);
  }
};

// 1: `o` is a number, now in `s`; 0: it is none; -1: a Python error is set.
inline int scalar_from(PyObject* o, Scalar* s) {
  if (PyFloat_Check(o)) {
    *s = PyFloat_AS_DOUBLE(o);
    return 1;
  }
  if (PyBool_Check(o)) {
    *s = o == Py_True;
    return 1;
  }
  if (PyLong_Check(o)) {
    int overflow;
    const long long v = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow) {
      PyErr_SetString(PyExc_OverflowError, "the integer does not fit in int64");
      return -1;
    }
    *s = static_cast<int64_t>(v);
    return 1;
  }
  if (PyComplex_Check(o)) {
    *s = std::complex<double>(PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o));
    return 1;
  }
  const PyNumberMethods* n = Py_TYPE(o)->tp_as_number;
  // Numbers of other libraries; arrays have these slots too, but also a length.
  if (!n || (Py_TYPE(o)->tp_as_mapping && Py_TYPE(o)->tp_as_mapping->mp_subscript &&
             PyObject_HasAttrString(o, "__len__"))) {
    return 0;
  }
  if (n->nb_index) {
    PyObject* i = PyNumber_Index(o);
    if (!i) {
      PyErr_Clear();
      return 0;
    }
    const int r = scalar_from(i, s);
    Py_DECREF(i);
    return r;
  }
  if (n->nb_float) {
    PyObject* f = PyNumber_Float(o);
    if (!f) {
      PyErr_Clear();
      return 0;
    }
    *s = PyFloat_AS_DOUBLE(f);
    Py_DECREF(f);
    return 1;
  }
  return 0;
}

inline PyObject* to_python(const Scalar& s) {
  switch (s.kind()) {
    case DTypeKind::boolean:
      return PyBool_FromLong(s.to_bool());
    case DTypeKind::integer:
      return PyLong_FromLongLong(s.to_int());
    case DTypeKind::floating:
      return PyFloat_FromDouble(s.to_double());
    case DTypeKind::complex:
      break;
  }
  const auto c = s.to_complex();
  return PyComplex_FromDoubles(c.real(), c.imag());
}

// Work on more elements than this gives other Python threads a chance meanwhile.
inline constexpr int64_t kReleaseGil = 1 << 14;

// Calls f, which takes the GIL. While the interpreter ends, Python 3.13 and older then exit a
// daemon thread by unwinding it, which would terminate the process in C++ frames: such a thread
// sleeps until the process is gone, as it does from Python 3.14 on.
template <class F>
decltype(auto) taking_gil(F&& f) {
#if defined(__GLIBCXX__)
  try {
    return f();
  } catch (abi::__forced_unwind&) {
    for (;;) pause();
  }
#else
  return f();
#endif
}

class GilRelease {
 public:
  explicit GilRelease(bool on) : state_(on ? PyEval_SaveThread() : nullptr) {}
  ~GilRelease() {
    if (state_) taking_gil([&] { PyEval_RestoreThread(state_); });
  }
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;

 private:
  PyThreadState* state_;
};

inline bool is_large(const TensorImpl* t) { return t && t->numel > kReleaseGil; }

// Hot operators of the Tensor class. They run without the GIL where the work is large.
#define WG_BINARY_CALL(name)                                                                     \
  inline TensorImpl* name##_call(TensorImpl* a, TensorImpl* b) {                                 \
    GilRelease release(is_large(a) || is_large(b));                                              \
    return wengert::name(reinterpret_cast<const Tensor&>(a), reinterpret_cast<const Tensor&>(b)) \
        .release();                                                                              \
  }                                                                                              \
  inline TensorImpl* name##_call(TensorImpl* a, const Scalar& b) {                               \
    GilRelease release(is_large(a));                                                             \
    return wengert::name(reinterpret_cast<const Tensor&>(a), b).release();                       \
  }                                                                                              \
  inline TensorImpl* name##_call(const Scalar& a, TensorImpl* b) {                               \
    GilRelease release(is_large(b));                                                             \
    return wengert::name(a, reinterpret_cast<const Tensor&>(b)).release();                       \
  }                                                                                              \
  inline void name##_in_place(TensorImpl* a, TensorImpl* b) {                                    \
    GilRelease release(is_large(a));                                                             \
    Tensor self = Tensor::share(a);                                                              \
    wengert::name##_(self, reinterpret_cast<const Tensor&>(b));                                  \
  }                                                                                              \
  inline void name##_in_place(TensorImpl* a, const Scalar& b) {                                  \
    GilRelease release(is_large(a));                                                             \
    Tensor self = Tensor::share(a);                                                              \
    wengert::name##_(self, b);                                                                   \
  }
#define WG_BINARY(name, ...) WG_BINARY_CALL(name)
#define WG_COMPARE(name, ...) WG_BINARY_CALL(name)
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE
#undef WG_BINARY_CALL

inline const Tensor& as_tensor(TensorImpl* const& impl) {
  return reinterpret_cast<const Tensor&>(impl);
}

}  // namespace wengert::python
