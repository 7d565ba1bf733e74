#include "bindings/functions.h"

#include <structmember.h>

#include <cstddef>
#include <cstring>

#include "autograd/inspect.h"
#include "bindings/autocast.h"
#include "ops/signature.h"
#include "tensor_api.h"

namespace wengert::python {

bool import_tensor_api() { return import_wengert___tensor() == 0; }

PyObject* wrap(Tensor t) {
  if (!t.defined()) Py_RETURN_NONE;
  return wengert_wrap(t.release());
}
TensorImpl* unwrap(PyObject* o) { return wengert_unwrap(o); }
TensorImpl* unwrap_gradient(PyObject* o) { return wengert_unwrap_gradient(o); }
int dtype_code(PyObject* o) { return wengert_dtype_code(o); }
PyObject* dtype_object(DType t) { return wengert_dtype(static_cast<int>(t)); }

Generator* generator_of(PyObject* o);  // module.cpp

namespace {

enum class Form : uint8_t { function, in_place };

// A signature with the interned names of its parameters.
struct NamedSignature : Signature {
  std::vector<PyObject*> keys;
  explicit NamedSignature(const Function& f) : Signature(f) {
    for (const Parameter& p : parameters)
      keys.push_back(PyUnicode_InternFromString(p.name.c_str()));
  }
};

// The callable. As a method descriptor it takes the tensor as its first argument.
struct Callable {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Function* row;
  NamedSignature* signature;  // made at the first call; never freed
  PyTypeObject* result_type;
  Form form;
  PyObject* name;
};

constexpr int kMaxArgs = kMaxArguments;

// What the values of one call point to.
struct CallMemory {
  static constexpr size_t kSmall = 2 * kMaxDims;
  int64_t small[kSmall];
  size_t used = 0;
  std::vector<std::vector<int64_t>> large;
  std::vector<Tensor> tensors[3];

  // Room for n integers; most calls find it in `small`.
  int64_t* integers(size_t n) {
    if (n <= kSmall - used) {
      used += n;
      return small + (used - n);
    }
    return large.emplace_back(n).data();
  }
  int lists = 0;
  std::vector<PyObject*> temporaries;
  ~CallMemory() {
    for (PyObject* o : temporaries) Py_DECREF(o);
  }
};

// An error is pending: says which argument it is about where a number was too large.
[[noreturn]] void pending_error(const char* function, const Parameter& p) {
  if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
    PyErr_Clear();
    const std::string text =
        std::string(function) + ": argument '" + p.name + "' does not fit in 64 bits";
    if (p.kind == ArgKind::scalar || p.kind == ArgKind::optional_scalar ||
        p.kind == ArgKind::operand) {
      PyErr_SetString(PyExc_OverflowError, text.c_str());
      throw PythonError();
    }
    const bool sizes = p.kind == ArgKind::dims && std::string_view(p.name) != "dim";
    if (sizes) throw TypeError(text);
    throw ValueError(text);
  }
  throw PythonError();
}

int64_t to_int(PyObject* o, const char* function, const Parameter& p) {
  if (PyLong_CheckExact(o)) {
    const long long v = PyLong_AsLongLong(o);
    if (v != -1 || !PyErr_Occurred()) return v;
    pending_error(function, p);
  }
  PyObject* i = PyFloat_Check(o) ? nullptr : PyNumber_Index(o);
  if (!i) {
    PyErr_Clear();
    throw TypeError(std::string(function) + ": argument '" + p.name + "' must be " +
                    kind_text(p.kind) + ", but got " + Py_TYPE(o)->tp_name);
  }
  const long long v = PyLong_AsLongLong(i);
  Py_DECREF(i);
  if (v == -1 && PyErr_Occurred()) pending_error(function, p);
  return v;
}

// Parameters without a shape are of the right type, but hold no tensor yet.
void refuse_uninitialized(const char* function, const Parameter& p, PyObject* o) {
  if (PyObject_HasAttrString(o, "_uninitialized")) {
    throw ValueError(std::string(function) + ": argument '" + p.name + "' is an uninitialized " +
                     Py_TYPE(o)->tp_name + "; call its module on an example first");
  }
}

// What an argument is not, another may know what to do with; see hand_over.
class WrongType : public TypeError {
 public:
  using TypeError::TypeError;
};

[[noreturn]] void wrong_type(const char* function, const Parameter& p, PyObject* o) {
  refuse_uninitialized(function, p, o);
  throw WrongType(std::string(function) + ": argument '" + p.name + "' must be " +
                  kind_text(p.kind) + ", but got " + Py_TYPE(o)->tp_name);
}

void to_dims(PyObject* o, const char* function, const Parameter& p, Value& v, CallMemory& memory) {
  v.size = 1;
  if (PyTuple_Check(o) || PyList_Check(o)) {
    PyObject** items = PySequence_Fast_ITEMS(o);
    v.size = static_cast<size_t>(PySequence_Fast_GET_SIZE(o));
    int64_t* to = memory.integers(v.size);
    for (size_t i = 0; i < v.size; ++i) to[i] = to_int(items[i], function, p);
    v.data = to;
    return;
  }
  if (TensorImpl* t = unwrap(o); t && t->ndim == 1) {
    v.size = static_cast<size_t>(t->numel);
    int64_t* to = memory.integers(v.size);
    for (int64_t i = 0; i < t->numel; ++i) to[i] = select(as_tensor(t), 0, i).item().to_int();
    v.data = to;
    return;
  }
  int64_t* to = memory.integers(1);
  *to = to_int(o, function, p);
  v.data = to;
}

void convert(PyObject* o, const char* function, const Parameter& p, Value& v, CallMemory& memory) {
  if (o == Py_None) {
    if (!p.nullable()) wrong_type(function, p, o);
    v = Value{};
    v.none = true;
    return;
  }
  v.none = false;
  switch (p.kind) {
    case ArgKind::tensor:
      v.tensor = unwrap(o);
      if (!v.tensor) wrong_type(function, p, o);
      return;
    case ArgKind::operand:
      v.tensor = unwrap(o);
      if (v.tensor) return;
      [[fallthrough]];
    case ArgKind::scalar:
    case ArgKind::optional_scalar: {
      if (TensorImpl* t = unwrap(o); t && t->numel == 1) {
        v.scalar = as_tensor(t).item();
        return;
      }
      const int r = scalar_from(o, &v.scalar);
      if (r < 0) pending_error(function, p);
      if (!r) wrong_type(function, p, o);
      return;
    }
    case ArgKind::tensor_list: {
      PyObject* items = PySequence_Fast(o, "");
      if (!items || unwrap(o)) {
        PyErr_Clear();
        Py_XDECREF(items);
        if (TensorImpl* t = unwrap(o); t && t->ndim > 0) {  // a tensor is the list of its slices
          auto& list = memory.tensors[memory.lists++];
          list = unbind(as_tensor(t), 0);
          v.data = list.data();
          v.size = list.size();
          return;
        }
        wrong_type(function, p, o);
      }
      memory.temporaries.push_back(items);
      auto& list = memory.tensors[memory.lists++];
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); ++i) {
        PyObject* item = PySequence_Fast_GET_ITEM(items, i);
        TensorImpl* t = unwrap(item);
        if (!t && item != Py_None) {
          refuse_uninitialized(function, p, item);
          throw WrongType(std::string(function) + ": element " + std::to_string(i) + " of '" +
                          p.name + "' must be Tensor, but got " + Py_TYPE(item)->tp_name);
        }
        list.push_back(Tensor::share(t));
      }
      v.data = list.data();
      v.size = list.size();
      return;
    }
    case ArgKind::integer:
    case ArgKind::optional_integer:
      v.integer = to_int(o, function, p);
      return;
    case ArgKind::real:
    case ArgKind::optional_real: {
      Scalar s;
      TensorImpl* t = unwrap(o);
      if (t && t->numel == 1) {
        v.real = as_tensor(t).item().to_double();
        return;
      }
      const int r = t ? 0 : scalar_from(o, &s);
      if (r < 0) pending_error(function, p);
      if (!r || s.kind() == DTypeKind::complex) wrong_type(function, p, o);
      v.real = s.to_double();
      return;
    }
    case ArgKind::boolean:
    case ArgKind::optional_boolean: {
      if (!PyBool_Check(o) && !PyLong_Check(o) && !unwrap(o) &&
          std::strncmp(Py_TYPE(o)->tp_name, "numpy.bool", 10) != 0) {
        wrong_type(function, p, o);
      }
      const int truth = PyObject_IsTrue(o);
      if (truth < 0) throw PythonError();
      v.boolean = truth != 0;
      return;
    }
    case ArgKind::dims:
    case ArgKind::optional_dims:
      to_dims(o, function, p, v, memory);
      return;
    case ArgKind::dtype:
    case ArgKind::optional_dtype: {
      const int code = dtype_code(o);
      if (code < 0) wrong_type(function, p, o);
      v.dtype = static_cast<DType>(code);
      return;
    }
    case ArgKind::text: {
      Py_ssize_t n = 0;
      const char* text = PyUnicode_Check(o) ? PyUnicode_AsUTF8AndSize(o, &n) : nullptr;
      if (!text) wrong_type(function, p, o);
      v.data = text;
      v.size = static_cast<size_t>(n);
      return;
    }
    case ArgKind::generator:
      v.generator = generator_of(o);
      if (!v.generator) wrong_type(function, p, o);
      return;
  }
}

bool same_name(PyObject* a, PyObject* b) { return a == b || PyUnicode_Compare(a, b) == 0; }

// Other spellings that NumPy or older programs use.
const char* alias(const char* name) {
  static constexpr const char* pairs[][2] = {
      {"axis", "dim"}, {"keepdims", "keepdim"}, {"x", "input"},  {"self", "input"},
      {"dims", "dim"}, {"value", "src"},        {"x1", "input"}, {"x2", "other"}};
  for (const auto& p : pairs) {
    if (std::strcmp(p[0], name) == 0) return p[1];
  }
  return nullptr;
}

// Keywords that belong to the call rather than to the function.
struct CallOptions {
  PyObject* out = nullptr;
  PyObject* memory_format = nullptr;
  bool requires_grad = false;
};

bool take_option(const Function& row, PyObject* key, PyObject* value, CallOptions& options) {
  const char* name = PyUnicode_AsUTF8(key);
  if (!name) throw PythonError();
  if (std::strcmp(name, "out") == 0 && row.flags & kOut) {
    if (value != Py_None) options.out = value;
    return true;
  }
  if (!(row.flags & kCreates)) return false;
  if (std::strcmp(name, "requires_grad") == 0) {
    options.requires_grad = PyObject_IsTrue(value) == 1;
    return true;
  }
  if (std::strcmp(name, "device") == 0) {
    if (value == Py_None) return true;
    PyObject* text = PyObject_Str(value);
    if (!text) throw PythonError();
    const char* utf8 = PyUnicode_AsUTF8(text);
    const std::string device = utf8 ? utf8 : "?";
    Py_DECREF(text);
    if (!utf8) throw PythonError();
    if (device.rfind("cpu", 0) != 0) {
      throw Error(std::string(row.name) + ": device '" + device +
                  "' does not exist; wengert is a CPU engine, use device='cpu'");
    }
    return true;
  }
  if (std::strcmp(name, "memory_format") == 0) {
    if (value != Py_None) options.memory_format = value;
    return true;
  }
  return std::strcmp(name, "layout") == 0 || std::strcmp(name, "pin_memory") == 0;
}

// A new tensor's elements in the order that a wengert.memory_format names.
Tensor ordered(const Tensor& made, PyObject* memory_format) {
  PyObject* t = wrap(made);
  if (!t) throw PythonError();
  PyObject* ordered = PyObject_CallMethod(memory_format, "apply", "O", t);
  Py_DECREF(t);
  if (!ordered) throw PythonError();
  Tensor result = Tensor::share(unwrap(ordered));
  Py_DECREF(ordered);
  return result;
}

void write_out(const Function& row, PyObject* out, Tensor result) {
  TensorImpl* t = unwrap(out);
  if (!t) {
    throw TypeError(std::string(row.name) + ": out must be Tensor, but got " +
                    Py_TYPE(out)->tp_name);
  }
  Tensor target = Tensor::share(t);
  detail::write_out(row.name, target, result);
}

PyObject* to_python(Callable* self, const Function& row, Result& r) {
  switch (r.kind) {
    case ResultKind::nothing:
      Py_RETURN_NONE;
    case ResultKind::tensor:
      return wrap(std::move(r.tensor));
    case ResultKind::boolean:
      return PyBool_FromLong(r.integer != 0);
    case ResultKind::integer:
      return PyLong_FromLongLong(r.integer);
    case ResultKind::real:
      return PyFloat_FromDouble(r.real);
    case ResultKind::dtype:
      return dtype_object(static_cast<DType>(r.integer));
    case ResultKind::tensors:
      break;
  }
  const auto n = static_cast<Py_ssize_t>(r.tensors.size());
  PyObject* tuple;
  if (!self->signature->results.empty()) {
    if (!self->result_type) {
      auto* fields = new PyStructSequence_Field[self->signature->results.size() + 1]();
      for (size_t i = 0; i < self->signature->results.size(); ++i) {
        fields[i].name = self->signature->results[i].c_str();
      }
      auto* name = new std::string(std::string("wengert.return_types.") + row.name);
      PyStructSequence_Desc d{name->c_str(), nullptr, fields,
                              static_cast<int>(self->signature->results.size())};
      self->result_type = PyStructSequence_NewType(&d);
      if (!self->result_type) return nullptr;
    }
    tuple = PyStructSequence_New(self->result_type);
  } else {
    tuple = PyTuple_New(n);
  }
  if (!tuple) return nullptr;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* o = wrap(std::move(r.tensors[static_cast<size_t>(i)]));
    if (!o) {
      Py_DECREF(tuple);
      return nullptr;
    }
    if (self->result_type) {
      PyStructSequence_SET_ITEM(tuple, i, o);
    } else {
      PyTuple_SET_ITEM(tuple, i, o);
    }
  }
  return tuple;
}

// Whether a size, an argument of a function that makes a tensor, is that of a large one.
bool asks_for_much(ArgKind kind, const Value& v) {
  if (kind == ArgKind::integer) return v.integer > kReleaseGil;
  if (kind != ArgKind::dims) return false;
  double count = 1;
  for (size_t i = 0; i < v.size; ++i) {
    count *= static_cast<double>(static_cast<const int64_t*>(v.data)[i]);
  }
  return count > kReleaseGil;
}

// The `_wengert_call` of an argument, or of an element of one that is a list or a tuple: objects
// that are tensors of another kind have it and take over the functions they are given to.
PyObject* takes_over(PyObject* o, bool inside = true) {
  PyObject* f = PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(o)), "_wengert_call");
  if (f) return f;
  PyErr_Clear();
  if (!inside || !(PyTuple_Check(o) || PyList_Check(o))) return nullptr;
  for (Py_ssize_t i = 0; !f && i < PySequence_Fast_GET_SIZE(o); ++i) {
    f = takes_over(PySequence_Fast_GET_ITEM(o, i), false);
  }
  return f;
}

// Gives a call with an argument of the wrong type to that argument, as
// _wengert_call(name, args, kwargs). False if there is none that takes it.
bool hand_over(PyObject* name, PyObject* const* args, Py_ssize_t nargs, PyObject* kwnames,
               PyObject*& result) {
  const Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
  PyObject* f = nullptr;
  for (Py_ssize_t i = 0; !f && i < nargs + nkw; ++i) f = takes_over(args[i]);
  if (!f) return false;
  PyObject* positional = PyTuple_New(nargs);
  PyObject* named = PyDict_New();
  for (Py_ssize_t i = 0; positional && i < nargs; ++i) {
    Py_INCREF(args[i]);
    PyTuple_SET_ITEM(positional, i, args[i]);
  }
  bool ok = positional && named;
  for (Py_ssize_t i = 0; ok && i < nkw; ++i) {
    ok = PyDict_SetItem(named, PyTuple_GET_ITEM(kwnames, i), args[nargs + i]) == 0;
  }
  result = ok ? PyObject_CallFunctionObjArgs(f, name, positional, named, nullptr) : nullptr;
  Py_XDECREF(positional);
  Py_XDECREF(named);
  Py_DECREF(f);
  return true;
}

PyObject* call(PyObject* callable, PyObject* const* args, size_t nargsf, PyObject* kwnames) {
  auto* self = reinterpret_cast<Callable*>(callable);
  const Function& row = *self->row;
  try {
    if (!self->signature) self->signature = new NamedSignature(row);
    const auto& parameters = self->signature->parameters;
    const auto n_parameters = static_cast<Py_ssize_t>(parameters.size());
    const Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    const Py_ssize_t nkw = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    // Only the values of parameters that exist are made.
    alignas(Value) char value_space[sizeof(Value) * kMaxArgs];
    auto* values = reinterpret_cast<Value*>(value_space);
    for (Py_ssize_t i = 0; i < n_parameters; ++i) new (values + i) Value;
    bool given[kMaxArgs] = {};
    // Most calls need no memory beside the values.
    alignas(CallMemory) char space[sizeof(CallMemory)];
    CallMemory* memory = new (space) CallMemory;
    struct Free {
      CallMemory* m;
      ~Free() { m->~CallMemory(); }
    } free{memory};
    CallOptions options;

    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; i < nargs; ++i, ++at) {
      if (at >= n_parameters || parameters[at].keyword_only) {
        if (at > 0 && at <= n_parameters && parameters[at - 1].variadic) break;
        throw TypeError(std::string(row.name) + ": takes at most " + std::to_string(at) +
                        " positional arguments, but " + std::to_string(nargs) + " were given");
      }
      const Parameter& p = parameters[at];
      if (p.variadic && !PyTuple_Check(args[i]) && !PyList_Check(args[i]) &&
          (nargs - i > 1 || !unwrap(args[i]))) {
        values[at].size = static_cast<size_t>(nargs - i);
        int64_t* dims = memory->integers(values[at].size);
        values[at].data = dims;
        for (; i < nargs; ++i) *dims++ = to_int(args[i], row.name, p);
        given[at] = true;
        break;
      }
      convert(args[i], row.name, p, values[at], *memory);
      given[at] = true;
    }
    for (Py_ssize_t k = 0; k < nkw; ++k) {
      PyObject* key = PyTuple_GET_ITEM(kwnames, k);
      PyObject* value = args[nargs + k];
      Py_ssize_t found = -1;
      for (Py_ssize_t i = 0; i < n_parameters && found < 0; ++i) {
        if (same_name(self->signature->keys[static_cast<size_t>(i)], key)) found = i;
      }
      if (found < 0) {
        if (take_option(row, key, value, options)) continue;
        const char* text = PyUnicode_AsUTF8(key);
        if (!text) throw PythonError();
        const char* other = alias(text);
        for (Py_ssize_t i = 0; other && i < n_parameters && found < 0; ++i) {
          if (parameters[i].name == other) found = i;
        }
        if (found < 0) {
          throw TypeError(std::string(row.name) + ": unexpected keyword argument '" + text +
                          "'; the parameters are (" + self->signature->describe() + ")");
        }
      }
      if (given[found]) {
        throw TypeError(std::string(row.name) + ": argument '" + parameters[found].name +
                        "' was given twice");
      }
      convert(value, row.name, parameters[found], values[found], *memory);
      given[found] = true;
    }
    bool large = false;
    for (Py_ssize_t i = 0; i < n_parameters; ++i) {
      if (!given[i]) {
        const Parameter& p = parameters[i];
        if (p.variadic) continue;  // no sizes: a 0-d tensor
        if (p.required) {
          throw TypeError(std::string(row.name) + ": missing argument '" + p.name +
                          "'; the parameters are (" + self->signature->describe() + ")");
        }
        values[i] = p.value;
      } else if (parameters[i].kind == ArgKind::tensor || parameters[i].kind == ArgKind::operand) {
        large |= is_large(values[i].tensor);
      } else if (parameters[i].kind == ArgKind::tensor_list) {
        large = true;
      } else if (row.flags & kCreates) {
        large |= asks_for_much(parameters[i].kind, values[i]);
      }
    }
    if (options.out && is_transforming()) [[unlikely]] {
      throw NotImplementedError(std::string(row.name) +
                                ": out= is not available in forward mode and vmap; use the result");
    }
    if (self->form == Form::in_place) {
      Tensor target;
      {
        GilRelease release(large);
        target = call_in_place(row, *self->signature, values);
      }
      return wrap(std::move(target));
    }
    Result result;
    std::vector<Tensor> kept;
    {
      GilRelease release(large);
      const std::optional<DType> low = autocast_dtype();
      if (low && !options.out) [[unlikely]]
        autocast_values(row.name, *low, parameters, values, kept);
      row.call(values, result);
    }
    if (row.flags & kCreates && is_transforming()) [[unlikely]]
      result.tensor = made_inside(result.tensor);
    if (options.memory_format) result.tensor = ordered(result.tensor, options.memory_format);
    if (options.requires_grad) result.tensor.requires_grad_();
    if (row.flags & kMutates && nargs > 0 && unwrap(args[0])) {
      Py_INCREF(args[0]);
      return args[0];
    }
    if (options.out) {
      if (result.kind == ResultKind::tensors) {
        PyObject* items = PySequence_Fast(options.out, "out: expected a tuple of tensors");
        if (!items) throw PythonError();
        memory->temporaries.push_back(items);
        if (PySequence_Fast_GET_SIZE(items) != static_cast<Py_ssize_t>(result.tensors.size())) {
          throw ValueError(std::string(row.name) + ": out must hold one tensor for each result");
        }
        for (size_t i = 0; i < result.tensors.size(); ++i) {
          write_out(row, PySequence_Fast_GET_ITEM(items, i), result.tensors[i]);
        }
      } else {
        write_out(row, options.out, result.tensor);
      }
      Py_INCREF(options.out);
      return options.out;
    }
    return to_python(self, row, result);
  } catch (const WrongType&) {
    PyObject* result = nullptr;
    if (hand_over(self->name, args, PyVectorcall_NARGS(nargsf), kwnames, result)) return result;
    translate_exception();
    return nullptr;
  } catch (...) {
    translate_exception();
    return nullptr;
  }
}

PyObject* bind(PyObject* self, PyObject* object, PyObject*) {
  if (!object || object == Py_None) {
    Py_INCREF(self);
    return self;
  }
  return PyMethod_New(self, object);
}

PyObject* get_doc(PyObject* o, void*) {
  auto* self = reinterpret_cast<Callable*>(o);
  const Signature s(*self->row);
  const std::string_view doc = self->row->doc;
  const char* end = doc.empty() || doc.back() == '.' ? "" : ".";
  return PyUnicode_FromFormat("%U(%s)\n\n%s%s", self->name, s.describe().c_str(), doc.data(), end);
}
PyObject* get_text_signature(PyObject* o, void*) {
  const Signature s(*reinterpret_cast<Callable*>(o)->row);
  return PyUnicode_FromFormat("(%s)", s.describe().c_str());
}
PyObject* get_name(PyObject* o, void*) {
  PyObject* name = reinterpret_cast<Callable*>(o)->name;
  Py_INCREF(name);
  return name;
}
PyObject* get_module(PyObject*, void*) { return PyUnicode_FromString("wengert"); }
PyObject* repr(PyObject* o) {
  return PyUnicode_FromFormat("<wengert function %U>", reinterpret_cast<Callable*>(o)->name);
}
PyObject* reduce(PyObject* o, PyObject*) {  // found again by its name
  return get_name(o, nullptr);
}

PyGetSetDef getset[] = {{"__doc__", get_doc, nullptr, nullptr, nullptr},
                        {"__text_signature__", get_text_signature, nullptr, nullptr, nullptr},
                        {"__name__", get_name, nullptr, nullptr, nullptr},
                        {"__qualname__", get_name, nullptr, nullptr, nullptr},
                        {"__module__", get_module, nullptr, nullptr, nullptr},
                        {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

PyTypeObject* callable_type() {
  static PyTypeObject type{};
  if (type.tp_name) return &type;
  Py_SET_REFCNT(reinterpret_cast<PyObject*>(&type), 1);
  type.tp_basicsize = sizeof(Callable);
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  type.tp_vectorcall_offset = offsetof(Callable, vectorcall);
  type.tp_call = PyVectorcall_Call;
  type.tp_descr_get = bind;
  type.tp_repr = repr;
  type.tp_getset = getset;
  type.tp_methods = methods;
  type.tp_name = "wengert.function";
  return PyType_Ready(&type) < 0 ? nullptr : &type;
}

PyObject* new_callable(const Function& row, Form form, const std::string& name) {
  PyTypeObject* type = callable_type();
  if (!type) return nullptr;
  auto* c = PyObject_New(Callable, type);
  if (!c) return nullptr;
  c->vectorcall = call;
  c->row = &row;
  c->signature = nullptr;
  c->result_type = nullptr;
  c->form = form;
  c->name = PyUnicode_InternFromString(name.c_str());
  return reinterpret_cast<PyObject*>(c);
}

PyObject* describe(const Function& f) {
  const Signature s(f);
  PyObject* kinds = PyList_New(0);
  for (const Parameter& p : s.parameters) {
    PyObject* k = PyUnicode_FromString(kind_text(p.kind));
    PyList_Append(kinds, k);
    Py_DECREF(k);
  }
  PyObject* d =
      Py_BuildValue("{s:s,s:s,s:s,s:s,s:s,s:k,s:N}", "name", f.name, "signature", f.signature,
                    "doc", f.doc, "samples", f.samples, "reference", f.reference, "flags",
                    static_cast<unsigned long>(f.flags), "kinds", kinds);
  return d;
}

PyObject* function_rows(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  for (const FunctionTable& table : all_function_tables()) {
    for (size_t i = 0; i < table.size; ++i) {
      PyObject* d = describe(table.rows[i]);
      if (!d || PyList_Append(list, d) < 0) {
        Py_XDECREF(d);
        Py_DECREF(list);
        return nullptr;
      }
      Py_DECREF(d);
    }
  }
  return list;
}
PyMethodDef rows_def = {"function_rows", function_rows, METH_NOARGS,
                        "The rows of the library's function tables as dicts."};

}  // namespace

bool add_functions(PyObject* module, PyObject* tensor_type) {
  auto* type = reinterpret_cast<PyTypeObject*>(tensor_type);
  for (const FunctionTable& table : all_function_tables()) {
    for (size_t i = 0; i < table.size; ++i) {
      const Function& f = table.rows[i];
      PyObject* c = new_callable(f, Form::function, f.name);
      if (!c) return false;
      if (PyObject_SetAttrString(module, f.name, c) < 0) return false;
      if (f.flags & kMethod && PyDict_SetItemString(type->tp_dict, f.name, c) < 0) return false;
      Py_DECREF(c);
      if (has_in_place_form(f)) {
        const std::string name = std::string(f.name) + "_";
        PyObject* p = new_callable(f, Form::in_place, name);
        if (!p || PyDict_SetItemString(type->tp_dict, name.c_str(), p) < 0 ||
            PyObject_SetAttrString(module, name.c_str(), p) < 0) {
          return false;
        }
        Py_DECREF(p);
      }
    }
  }
  PyType_Modified(type);
  PyObject* rows = PyCFunction_New(&rows_def, nullptr);
  const bool ok = rows && PyObject_SetAttrString(module, "function_rows", rows) == 0;
  Py_XDECREF(rows);
  return ok;
}

}  // namespace wengert::python
