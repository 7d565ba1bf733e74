// Sharing memory with other libraries through DLPack capsules.
#include "bindings/dlpack.h"

#include <memory>

#include "bindings/module.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

using namespace dlpack;

struct Names {
  const char *fresh, *used;
};
template <class Managed>
constexpr Names names = {"dltensor_versioned", "used_dltensor_versioned"};
template <>
constexpr Names names<Legacy> = {"dltensor", "used_dltensor"};

[[noreturn]] void buffer_error(const std::string& text) {
  PyErr_SetString(PyExc_BufferError, text.c_str());
  throw py::error_already_set();
}

DataType type_of(DType t) {
  const auto bits = static_cast<uint8_t>(8 * item_size(t));
  switch (kind_of(t)) {
    case DTypeKind::boolean:
      return {kBool, bits, 1};
    case DTypeKind::integer:
      return {t == DType::uint8 ? kUInt : kInt, bits, 1};
    case DTypeKind::floating:
      return {t == DType::bfloat16 ? kBfloat : kFloat, bits, 1};
    case DTypeKind::complex:
      break;
  }
  return {kComplex, bits, 1};
}

DType dtype_from(const DataType& d) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto t = static_cast<DType>(i);
    const DataType own = type_of(t);
    if (own.code == d.code && own.bits == d.bits && d.lanes == 1) return t;
  }
  throw TypeError("from_dlpack: no dtype has type code " + std::to_string(d.code) + " with " +
                  std::to_string(d.bits) + " bits and " + std::to_string(d.lanes) + " lanes");
}

// ---- export -------------------------------------------------------------------------------

// What a capsule of ours owns; dies in the deleter, on whatever thread the consumer calls it.
template <class Managed>
struct Export {
  Managed managed{};
  Tensor tensor;
  std::vector<int64_t> dims;
};

template <class Managed>
void delete_export(Managed* m) {
  delete static_cast<Export<Managed>*>(m->context);
}

template <class Managed>
void destroy_capsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, names<Managed>.fresh)) return;  // its consumer owns the memory
  auto* m = static_cast<Managed*>(PyCapsule_GetPointer(capsule, names<Managed>.fresh));
  if (m && m->deleter) m->deleter(m);
}

template <class Managed>
py::object make_capsule(const Tensor& t, uint64_t flags) {
  auto e = std::make_unique<Export<Managed>>();
  e->tensor = t;
  const TensorImpl& impl = *t.impl();
  t.data();  // refuses what has no elements of its own
  e->dims.assign(impl.dims, impl.dims + 2 * impl.ndim);
  for (int i = 0; i < impl.ndim; ++i) {
    if (impl.shape()[i] < 2) e->dims[static_cast<size_t>(impl.ndim + i)] = 1;  // never stepped over
  }
  Array& a = e->managed.array;
  a.data = impl.numel ? impl.data : nullptr;
  a.device = {kCpu, 0};
  a.ndim = impl.ndim;
  a.dtype = type_of(impl.dtype);
  a.shape = e->dims.data();
  a.strides = e->dims.data() + impl.ndim;
  if constexpr (std::is_same_v<Managed, Versioned>) {
    e->managed.version = kVersion;
    e->managed.flags = flags;
  }
  e->managed.context = e.get();
  e->managed.deleter = delete_export<Managed>;
  PyObject* capsule = PyCapsule_New(&e->managed, names<Managed>.fresh, destroy_capsule<Managed>);
  if (!capsule) throw py::error_already_set();
  e.release();
  return py::reinterpret_steal<py::object>(capsule);
}

py::object to_dlpack(const Tensor& t, const py::object& stream, const py::object& max_version,
                     const py::object& device, const py::object& copy) {
  if (!t.defined()) throw TypeError("__dlpack__: expected a Tensor");
  if (t.requires_grad()) {
    buffer_error(
        "__dlpack__: the tensor requires grad, and other libraries cannot carry its history; "
        "detach() it");
  }
  if (!stream.is_none()) buffer_error("__dlpack__: stream must be None for memory of the CPU");
  if (!device.is_none() && py::cast<std::pair<int, int>>(device) != std::pair<int, int>(kCpu, 0)) {
    buffer_error("__dlpack__: the tensor can be exported to the CPU only, device (1, 0)");
  }
  const bool versioned =
      !max_version.is_none() && py::cast<std::pair<int, int>>(max_version).first >= 1;
  const bool copied = !copy.is_none() && py::cast<bool>(copy);
  const Tensor shared = copied ? t.clone() : t;
  const bool read_only = detail::is_read_only(shared);
  if (versioned) {
    return make_capsule<Versioned>(
        shared, (read_only ? uint64_t{kReadOnlyFlag} : 0) | (copied ? uint64_t{kCopiedFlag} : 0));
  }
  if (read_only) {
    buffer_error(
        "__dlpack__: the tensor's memory is read-only, which needs a consumer of DLPack 1.0; "
        "clone() it first");
  }
  return make_capsule<Legacy>(shared, 0);
}

// ---- import -------------------------------------------------------------------------------

// Some libraries' deleters touch Python objects, so they are called under the GIL.
template <class Managed>
void release_import(void* p) {
  auto* m = static_cast<Managed*>(p);
  if (!m->deleter || !Py_IsInitialized()) return;
  taking_gil([&] {
    py::gil_scoped_acquire gil;
    m->deleter(m);
  });
}

template <class Managed>
Tensor take(PyObject* capsule) {
  auto* m = static_cast<Managed*>(PyCapsule_GetPointer(capsule, names<Managed>.fresh));
  if (!m) throw py::error_already_set();
  bool read_only = false;
  if constexpr (std::is_same_v<Managed, Versioned>) {
    if (m->version.major > kVersion.major) {
      buffer_error("from_dlpack: the array speaks DLPack " + std::to_string(m->version.major) +
                   ", of which the layout is not known; version 1 was asked for");
    }
    read_only = m->flags & kReadOnlyFlag;
  }
  const Array& a = m->array;
  if (a.device.type != kCpu) {
    buffer_error("from_dlpack: the array is on device type " + std::to_string(a.device.type) +
                 "; wengert is a CPU engine, copy it to the CPU first");
  }
  const DType dtype = dtype_from(a.dtype);
  if (a.ndim < 0 || a.ndim > kMaxDims) {
    throw ValueError("from_dlpack: expected at most " + std::to_string(kMaxDims) +
                     " dimensions, but got " + std::to_string(a.ndim));
  }
  const auto n = static_cast<size_t>(a.ndim);
  const Dims shape(a.shape, n);
  const Dims strides = a.strides ? Dims(a.strides, n) : Dims();
  char* data = static_cast<char*>(a.data) + (a.data ? a.byte_offset : 0);
  const size_t alignment = std::min<size_t>(item_size(dtype), 8);
  if (reinterpret_cast<uintptr_t>(data) % alignment) {
    buffer_error("from_dlpack: the array's elements are not aligned in memory; copy it first");
  }
  Tensor t = from_blob(data, shape, dtype, strides, release_import<Managed>, m);
  // From here on the tensor owns the memory.
  PyCapsule_SetName(capsule, names<Managed>.used);
  PyCapsule_SetDestructor(capsule, nullptr);
  if (read_only) detail::set_read_only(t);
  return t;
}

Tensor from_capsule(const py::object& capsule) {
  PyObject* o = capsule.ptr();
  if (PyCapsule_IsValid(o, names<Versioned>.fresh)) return take<Versioned>(o);
  if (PyCapsule_IsValid(o, names<Legacy>.fresh)) return take<Legacy>(o);
  if (PyCapsule_IsValid(o, names<Versioned>.used) || PyCapsule_IsValid(o, names<Legacy>.used)) {
    throw ValueError("from_dlpack: the capsule was consumed before; export the array again");
  }
  throw Error(
      std::string("from_dlpack: expected an array with __dlpack__ or its capsule, but got ") +
      Py_TYPE(o)->tp_name);
}

}  // namespace

void bind_dlpack(py::module_& m) {
  m.def("to_dlpack", &to_dlpack, py::arg("tensor"), py::arg("stream") = py::none(),
        py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
        py::arg("copy") = py::none(), "A DLPack capsule over the memory of a tensor.");
  m.def("from_dlpack_capsule", &from_capsule, py::arg("capsule"),
        "A tensor over the memory that a DLPack capsule describes; takes the capsule's contents.");
}

}  // namespace wengert::python
