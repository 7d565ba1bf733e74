// Tensors from Python data: numbers, nested sequences, and memory of other libraries.
#include <algorithm>
#include <cstring>

#include "bindings/module.h"
#include "kernels/elementwise.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

bool is_sequence(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }

struct Nested {
  bool floating = false;   // whether the dtype asked for is
  bool inferring = false;  // whether the data is to give a dtype
  std::vector<int64_t> shape;
  DTypeKind kind = DTypeKind::boolean;
  bool any = false;
  bool tensors = false;
  DType tensor_dtype = DType::bool_;
};

// As scalar_from; integers beyond 64 bits are numbers where floating ones are wanted.
int number_from(PyObject* o, Scalar* s, bool floating) {
  const int r = scalar_from(o, s);
  if (r >= 0) return r;
  if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw PythonError();
  PyErr_Clear();
  if (!floating) throw ValueError("tensor: the integer does not fit in 64 bits");
  const double v = PyFloat_AsDouble(o);
  if (v == -1 && PyErr_Occurred()) throw PythonError();
  *s = v;
  return 1;
}

[[noreturn]] void no_number(PyObject* o, bool inferring) {
  const std::string text =
      std::string("tensor: expected numbers or nested sequences of numbers, but found ") +
      Py_TYPE(o)->tp_name;
  if (inferring && !PyUnicode_Check(o) && !PyBytes_Check(o)) throw Error(text);
  throw TypeError(text);
}

// NumPy's float64 and complex128 are numbers of Python's classes too, but have a dtype.
bool is_numpy_number(PyObject* o, DType* dtype) {
  const bool real = PyFloat_Check(o);
  if (real ? PyFloat_CheckExact(o) : !PyComplex_Check(o) || PyComplex_CheckExact(o)) return false;
  *dtype = real ? DType::float64 : DType::complex128;
  return PyObject_HasAttrString(o, "dtype");
}

// Finds shape and kind; every branch must have the same shape.
void measure(PyObject* o, size_t depth, Nested& n) {
  if (is_sequence(o)) {
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(o);
    if (depth > 60) throw ValueError("tensor: the data is nested too deeply");
    if (n.shape.size() <= depth) {
      if (n.any) throw ValueError("tensor: numbers and sequences are mixed at one depth");
      n.shape.push_back(size);
    } else if (n.shape[depth] != size) {
      throw ValueError("tensor: expected a sequence of length " + std::to_string(n.shape[depth]) +
                       " at depth " + std::to_string(depth) + ", but got " + std::to_string(size) +
                       "; rows must have one length");
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
      if (i >= size) throw ValueError("tensor: the data changed while it was read");
      const auto item = py::reinterpret_borrow<py::object>(PySequence_Fast_ITEMS(o)[i]);
      measure(item.ptr(), depth + 1, n);
    }
    return;
  }
  if (TensorImpl* t = unwrap(o)) {
    for (int i = 0; i < t->ndim; ++i) {
      const size_t at = depth + static_cast<size_t>(i);
      if (n.shape.size() <= at) {
        if (n.any) throw ValueError("tensor: numbers and sequences are mixed at one depth");
        n.shape.push_back(t->shape()[i]);
      } else if (n.shape[at] != t->shape()[i]) {
        throw ValueError("tensor: the tensors in the data have different shapes");
      }
    }
    if (n.shape.size() != depth + t->ndim)
      throw ValueError("tensor: the tensors in the data have different shapes");
    n.tensor_dtype = n.tensors ? promote(n.tensor_dtype, t->dtype) : t->dtype;
    n.tensors = n.any = true;
    return;
  }
  Scalar s;
  if (!number_from(o, &s, n.floating)) no_number(o, n.inferring);
  if (n.shape.size() != depth)
    throw ValueError("tensor: numbers and sequences are mixed at one depth");
  n.any = true;
  if (DType t; is_numpy_number(o, &t)) {
    n.tensor_dtype = n.tensors ? promote(n.tensor_dtype, t) : t;
    n.tensors = true;
    return;
  }
  if (s.kind() > n.kind) n.kind = s.kind();
}

// Objects that turn into numbers may change the sequences meanwhile.
void take_room(const char* to, const char* end, size_t bytes) {
  if (static_cast<size_t>(end - to) < bytes)
    throw ValueError("tensor: the data changed while it was read");
}

void fill(PyObject* o, DType dtype, char*& to, const char* end) {
  if (is_sequence(o)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
      const auto item = py::reinterpret_borrow<py::object>(PySequence_Fast_ITEMS(o)[i]);
      fill(item.ptr(), dtype, to, end);
    }
    return;
  }
  const size_t item = item_size(dtype);
  if (TensorImpl* t = unwrap(o)) {
    const Tensor dense = as_tensor(t).detach().to(dtype).contiguous();
    take_room(to, end, static_cast<size_t>(dense.numel()) * item);
    std::memcpy(to, dense.data(), static_cast<size_t>(dense.numel()) * item);
    to += static_cast<size_t>(dense.numel()) * item;
    return;
  }
  Scalar s;
  if (!number_from(o, &s, is_floating(dtype) || is_complex(dtype)))
    throw TypeError("tensor: the data changed while it was read");
  take_room(to, end, item);
  detail::store_element(dtype, to, s);
  to += item;
}

Tensor from_sequence(const py::object& data, const std::optional<DType>& dtype, bool operand) {
  Nested n;
  n.floating = dtype && (is_floating(*dtype) || is_complex(*dtype));
  n.inferring = !dtype && !operand;
  measure(data.ptr(), 0, n);
  DType t = dtype_of(Scalar(true));
  if (dtype) {
    t = *dtype;
  } else if (!n.any) {
    t = default_dtype();
  } else {
    switch (n.kind) {
      case DTypeKind::boolean:
        t = DType::bool_;
        break;
      case DTypeKind::integer:
        t = DType::int64;
        break;
      case DTypeKind::floating:
        t = default_dtype();
        break;
      case DTypeKind::complex:
        t = default_dtype() == DType::float64 ? DType::complex128 : DType::complex64;
        break;
    }
    if (n.tensors) t = n.kind == DTypeKind::boolean ? n.tensor_dtype : promote(n.tensor_dtype, t);
  }
  Tensor out = new_from_host(t, n.shape);
  if (out.numel() == 0) return out;
  char* to = out.impl()->data;
  const char* end = to + static_cast<size_t>(out.numel()) * item_size(t);
  fill(data.ptr(), t, to, end);
  if (to != end) throw ValueError("tensor: the data changed while it was read");
  return out;
}

void release_object(void* o) {
  if (!Py_IsInitialized()) return;
  taking_gil([&] {
    py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(o));
  });
}

// The memory behind an __array_interface__, without a copy. The array lives as long as the tensor.
Tensor from_array(const py::object& array) {
  const py::dict d = array.attr("__array_interface__");
  const std::string type = py::cast<std::string>(d["typestr"]);
  static constexpr struct {
    const char* text;
    DType dtype;
  } types[] = {{"b1", DType::bool_},     {"u1", DType::uint8},      {"i1", DType::int8},
               {"i2", DType::int16},     {"i4", DType::int32},      {"i8", DType::int64},
               {"f2", DType::float16},   {"f4", DType::float32},    {"f8", DType::float64},
               {"c8", DType::complex64}, {"c16", DType::complex128}};
  std::optional<DType> dtype;
  for (const auto& t : types) {
    if (type.substr(1) == t.text) dtype = t.dtype;
  }
  if (!dtype) {
    throw TypeError("from_numpy: arrays of type '" + type +
                    "' have no tensor dtype; supported are bool, int8 to int64, uint8, float16 to "
                    "float64 and complex");
  }
  if (type[0] == '>')
    throw ValueError("from_numpy: the array is big-endian; convert it with astype first");
  const auto shape = py::cast<std::vector<int64_t>>(d["shape"]);
  const auto item = static_cast<int64_t>(item_size(*dtype));
  std::vector<int64_t> strides;
  if (d.contains("strides") && !d["strides"].is_none()) {
    strides = py::cast<std::vector<int64_t>>(d["strides"]);
    for (int64_t& s : strides) {
      if (s % item)
        throw ValueError(
            "from_numpy: the strides are no multiples of the element size; copy the array first");
      s /= item;
    }
  }
  const py::tuple data = d["data"];
  void* p = reinterpret_cast<void*>(py::cast<uintptr_t>(data[0]));
  const bool read_only = py::cast<bool>(data[1]);
  if (reinterpret_cast<uintptr_t>(p) % static_cast<uintptr_t>(std::min<int64_t>(item, 8)) && p) {
    throw ValueError("from_numpy: the array is not aligned; copy it first");
  }
  Tensor t = from_blob(p, shape, *dtype, strides, release_object, array.ptr());
  array.inc_ref();  // given back by release_object
  if (read_only) detail::set_read_only(t);
  return t;
}

py::dict array_interface(const Tensor& t) {
  static constexpr const char* types[] = {"|b1", "|u1",   "|i1", "<i2", "<i4", "<i8",
                                          "<f2", nullptr, "<f4", "<f8", "<c8", "<c16"};
  const char* type = types[static_cast<int>(t.dtype())];
  if (!type) throw TypeError("numpy: NumPy has no dtype for bfloat16; convert with float() first");
  const auto item = static_cast<int64_t>(item_size(t.dtype()));
  py::tuple shape(t.dim()), strides(t.dim());
  for (int64_t i = 0; i < t.dim(); ++i) {
    shape[static_cast<size_t>(i)] = t.size(i);
    strides[static_cast<size_t>(i)] = t.stride(i) * item;
  }
  py::dict d;
  d["typestr"] = type;
  d["shape"] = shape;
  d["strides"] = strides;
  d["data"] = py::make_tuple(reinterpret_cast<uintptr_t>(t.data()), detail::is_read_only(t));
  d["version"] = 3;
  return d;
}

}  // namespace

void bind_data(py::module_& m) {
  m.def("from_sequence", &from_sequence, py::arg("data"), py::arg("dtype") = py::none(),
        py::arg("operand") = false, "A tensor with the numbers of nested sequences.");
  m.def("from_array", &from_array, py::arg("array"), "A tensor over the memory of an array.");
  m.def("array_interface", &array_interface);
  m.def(
      "_storage_of",
      [](const Tensor& t) {
        const Storage& s = *t.impl()->storage;
        return py::make_tuple(reinterpret_cast<uintptr_t>(s.data), s.nbytes);
      },
      "Address and size in bytes of the memory that the tensor is part of.");
  m.def(
      "from_bytes",
      [](const py::bytes& data, DType dtype, const std::vector<int64_t>& shape) {
        const std::string_view bytes = data;
        Tensor t = new_from_host(dtype, shape);
        if (static_cast<size_t>(t.numel()) * item_size(dtype) != bytes.size()) {
          throw ValueError("from_bytes: " + std::to_string(bytes.size()) +
                           " bytes do not fill the shape");
        }
        std::memcpy(t.impl()->data, bytes.data(), bytes.size());
        return t;
      },
      "A tensor with a copy of row-major elements.");
  m.def(
      "to_bytes",
      [](const Tensor& t) {
        const Tensor dense = t.contiguous();
        return py::bytes(dense.data<char>(),
                         static_cast<size_t>(dense.numel()) * item_size(dense.dtype()));
      },
      "The elements in row-major order.");
}

}  // namespace wengert::python
