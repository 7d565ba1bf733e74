// Functions behind the Tensor class that are easier said in C++.
#pragma once

#include <algorithm>
#include <vector>

#include "autograd/meta.h"
#include "bindings/autocast.h"
#include "bindings/python_tensor.h"
#include "wengert/detail/owner.h"

namespace wengert::python {

// ---- identity (design D8) -----------------------------------------------------------------
// The owner slot holds a borrowed PyObject* while the object lives. When the object dies before
// the tensor and had a class or attributes of its own, the slot keeps the tuple (class, dict), with
// the lowest bit set, until an object is made again.

inline PyObject* owner_of(TensorImpl* t) {
  return static_cast<PyObject*>(t->owner.load(std::memory_order_acquire));
}
inline void set_owner(TensorImpl* t, PyObject* o) { t->owner.store(o, std::memory_order_release); }
inline bool is_kept(TensorImpl* t) {
  return reinterpret_cast<uintptr_t>(t->owner.load(std::memory_order_acquire)) & 1;
}
inline void keep_identity(TensorImpl* t, PyObject* class_and_dict) {
  Py_INCREF(class_and_dict);
  t->owner.store(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(class_and_dict) | 1),
                 std::memory_order_release);
}
inline PyObject* kept(void* owner) {
  return reinterpret_cast<PyObject*>(reinterpret_cast<uintptr_t>(owner) & ~uintptr_t{1});
}
// The tuple; the slot is empty afterwards.
inline PyObject* restore_identity(TensorImpl* t) { return kept(t->owner.exchange(nullptr)); }

// ---- attributes ---------------------------------------------------------------------------
// The __dict__ stands behind the pointer to the tensor and is made when it is first needed;
// Cython's own would be made with every object.

inline TensorImpl*& impl_slot(PyObject* o) {
  return *reinterpret_cast<TensorImpl**>(reinterpret_cast<char*>(o) + sizeof(PyObject));
}
inline PyObject*& attributes_slot(PyObject* o) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(o) + sizeof(PyObject) +
                                       sizeof(TensorImpl*));
}
// The slots must be where Cython has put the members; a C method of the class would move them.
inline void check_layout(PyObject* o, TensorImpl** impl, PyObject** attributes) {
  if (&impl_slot(o) != impl || &attributes_slot(o) != attributes) {
    PyErr_SetString(PyExc_ImportError,
                    "the members of Tensor are not where bindings/tensor_support.h expects them; "
                    "this is a bug in wengert");
  }
}
inline bool has_attributes(PyObject* o) {
  PyObject* dict = attributes_slot(o);
  return dict && PyDict_GET_SIZE(dict) > 0;
}
inline PyObject* attributes_of(PyObject* o) {
  PyObject* dict = attributes_slot(o);
  if (!dict) Py_RETURN_NONE;
  Py_INCREF(dict);
  return dict;
}
inline void drop_attributes(PyObject* o) { Py_CLEAR(attributes_slot(o)); }

inline void install_attributes(PyObject* type) {
  static PyGetSetDef dict = {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr,
                             nullptr};
  auto* t = reinterpret_cast<PyTypeObject*>(type);
  t->tp_dictoffset = sizeof(PyObject) + sizeof(TensorImpl*);
  PyObject* descriptor = PyDescr_NewGetSet(t, &dict);
  if (descriptor) PyDict_SetItemString(t->tp_dict, "__dict__", descriptor);
  Py_XDECREF(descriptor);
  PyType_Modified(t);
}

inline uint32_t references(TensorImpl* t) { return t->refs.load(std::memory_order_acquire); }
inline void drop_reference(TensorImpl* t) { detail::release(t); }

// ---- the cycle collector ------------------------------------------------------------------
// What Python objects a tensor keeps alive, as far as it alone holds them: hooks, and the contexts
// of custom functions reachable through nodes that nobody else holds.

template <class Hooks, class F>
int visit_hooks(const Hooks& hooks, F& visit) {
  for (auto& h : hooks) {
    if (auto* o = static_cast<PyObject*>(h.second->object())) {
      if (const int r = visit(o)) return r;
    }
  }
  return 0;
}

template <class F>
int visit_objects(TensorImpl* t, F&& visit) {
  if (references(t) != 1) return 0;
  if (t->meta) {
    for (const HookList* list : {&t->meta->hooks, &t->meta->accumulated_hooks}) {
      if (const int r = visit_hooks(*list, visit)) return r;
    }
  }
  // Nodes with one reference form a tree: each is met once, by the edge that holds it.
  constexpr int kMost = 4096, kWaiting = 128;
  Node* waiting[kWaiting];
  int n_waiting = 0;
  const auto wait = [&](Node* n) {
    if (n_waiting < kWaiting && n->refs.load(std::memory_order_acquire) == 1) {
      waiting[n_waiting++] = n;
    }
  };
  if (t->grad_fn) wait(t->grad_fn);
  for (int seen = 0; n_waiting > 0 && seen < kMost; ++seen) {
    Node* n = waiting[--n_waiting];
    if (CustomBackward* custom = custom_backward(*n)) {
      if (auto* o = static_cast<PyObject*>(custom->object())) {
        if (const int r = visit(o)) return r;
      }
    }
    if (n->extras) {
      for (auto& s : n->extras->slot_hooks) {
        if (const int r = visit_hooks(s.hooks, visit)) return r;
      }
      if (const int r = visit_hooks(n->extras->hooks, visit)) return r;
    }
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const Edge& e = n->edges()[i];
      if (e.target && !e.is_leaf()) wait(e.node());
    }
  }
  return 0;
}

inline traverseproc original_traverse;
inline inquiry original_clear;
inline int traverse(PyObject* self, visitproc visit, void* arg) {
  if (original_traverse) {
    if (const int r = original_traverse(self, visit, arg)) return r;
  }
  Py_VISIT(attributes_slot(self));
  TensorImpl* t = impl_slot(self);
  return t ? visit_objects(t, [&](PyObject* o) { return visit(o, arg); }) : 0;
}

inline int clear(PyObject* self) {
  if (TensorImpl* t = impl_slot(self); t && references(t) == 1) {
    if (t->meta) {
      HookList hooks = std::move(t->meta->hooks), after = std::move(t->meta->accumulated_hooks);
    }
    detail::drop_history(t);
  }
  drop_attributes(self);
  return original_clear ? original_clear(self) : 0;
}

inline void release_kept(void* owner) {
  if (!Py_IsInitialized()) return;
  const PyGILState_STATE state = PyGILState_Ensure();
  Py_DECREF(kept(owner));
  PyGILState_Release(state);
}

inline void install_collector(PyObject* type) {
  auto* t = reinterpret_cast<PyTypeObject*>(type);
  original_traverse = t->tp_traverse;
  original_clear = t->tp_clear;
  t->tp_traverse = traverse;
  t->tp_clear = clear;
  detail::set_owner_release(release_kept);
}

// Extension types refuse setattr from Python; this is how methods are added to them.
inline void set_type_attribute(PyObject* type, PyObject* name, PyObject* value) {
  auto* t = reinterpret_cast<PyTypeObject*>(type);
  PyDict_SetItem(t->tp_dict, name, value);
  PyType_Modified(t);
}

// ---- operations ---------------------------------------------------------------------------

inline TensorImpl* matmul_call(TensorImpl* a, TensorImpl* b) {
  // A product does more with each element than other operations.
  GilRelease release(a->numel + b->numel > kReleaseGil / 4);
  if (const std::optional<DType> low = autocast_dtype()) [[unlikely]] {
    return matmul(autocast_to(as_tensor(a), *low), autocast_to(as_tensor(b), *low)).release();
  }
  return matmul(as_tensor(a), as_tensor(b)).release();
}
inline TensorImpl* neg_call(TensorImpl* a) {
  GilRelease release(is_large(a));
  return neg(as_tensor(a)).release();
}
inline TensorImpl* select_call(TensorImpl* t, int64_t dim, int64_t i) {
  return select(as_tensor(t), dim, i).release();
}
inline TensorImpl* slice_call(TensorImpl* t, int64_t dim, PyObject* s) {
  const auto* o = reinterpret_cast<PySliceObject*>(s);
  const auto bound = [](PyObject* v) -> std::optional<int64_t> {
    if (v == Py_None) return std::nullopt;
    // Out of range means as far as it goes.
    PyObject* i = PyNumber_Index(v);
    if (!i) throw PythonError();
    const Py_ssize_t n = PyNumber_AsSsize_t(i, nullptr);
    Py_DECREF(i);
    return n;
  };
  const std::optional<int64_t> step = bound(o->step);
  return slice(as_tensor(t), dim, bound(o->start), bound(o->stop), step.value_or(1)).release();
}
inline TensorImpl* unsqueeze_call(TensorImpl* t, int64_t dim) {
  return unsqueeze(as_tensor(t), dim).release();
}
inline TensorImpl* transpose_call(TensorImpl* t, int64_t a, int64_t b) {
  if (t->ndim < 2) throw ValueError("mT: expected at least 2 dimensions");
  return transpose(as_tensor(t), a, b).release();
}
inline TensorImpl* reverse_dims_call(TensorImpl* t) {
  if (t->ndim == 2) return transpose(as_tensor(t), 0, 1).release();
  std::vector<int64_t> dims;
  for (int64_t i = t->ndim - 1; i >= 0; --i) dims.push_back(i);
  return permute(as_tensor(t), dims).release();
}
inline bool any_large(const TensorImpl* t, const std::vector<Tensor>& indices) {
  return is_large(t) || std::any_of(indices.begin(), indices.end(),
                                    [](const Tensor& i) { return is_large(i.impl()); });
}
inline TensorImpl* index_call(TensorImpl* t, std::vector<Tensor>& indices) {
  GilRelease release(any_large(t, indices));
  return index(as_tensor(t), indices).release();
}
inline void index_put_call(TensorImpl* t, std::vector<Tensor>& indices, TensorImpl* values) {
  Tensor self = Tensor::share(t);
  GilRelease release(any_large(t, indices));
  index_put_(self, indices, as_tensor(values));
}
inline void copy_call(TensorImpl* to, TensorImpl* from) {
  GilRelease release(is_large(to));
  Tensor self = Tensor::share(to);
  copy_(self, as_tensor(from));
}
inline void fill_call(TensorImpl* t, const Scalar& s) {
  Tensor self = Tensor::share(t);
  GilRelease release(is_large(t));
  fill_(self, s);
}
inline TensorImpl* scalar_call(const Scalar& s) { return scalar(s).release(); }
inline TensorImpl* data_call(TensorImpl* t) {
  return detail::fresh_version(as_tensor(t)).release();
}
inline void set_data_call(TensorImpl* t, TensorImpl* from) {
  detail::replace_data(as_tensor(t), as_tensor(from));
}
inline void detach_in_place(TensorImpl* t) { detail::detach_(as_tensor(t)); }
inline void backward_call(TensorImpl* t, TensorImpl* g, bool retain_graph, bool create_graph) {
  GilRelease release(true);
  as_tensor(t).backward(as_tensor(g), retain_graph, create_graph);
}
inline bool has_history(TensorImpl* t) { return !as_tensor(t).is_leaf(); }
// A view of a leaf that requires grad.
inline bool shows_leaf(TensorImpl* t) {
  return t->has(kIsView) && t->meta->base.impl()->has(kLeafRequiresGrad) &&
         !t->meta->base.impl()->grad_fn;
}
// How many dimensions an index tensor stands for. Masks may be uint8, as they were in PyTorch.
inline int64_t mask_dims(TensorImpl* t) {
  return t->dtype == DType::bool_ || t->dtype == DType::uint8 ? t->ndim : 1;
}

// Nested lists of the elements from `data` on, starting at dimension d.
inline PyObject* to_list(TensorImpl* t, int d, const char* data) {
  if (d == t->ndim) return to_python(detail::element(t->dtype, data));
  const int64_t n = t->shape()[d];
  const int64_t step = t->strides()[d] * static_cast<int64_t>(item_size(t->dtype));
  PyObject* list = PyList_New(n);
  if (!list) throw PythonError();
  for (int64_t i = 0; i < n; ++i) {
    PyObject* o = to_list(t, d + 1, data + i * step);
    if (!o) {
      Py_DECREF(list);
      throw PythonError();
    }
    PyList_SET_ITEM(list, i, o);
  }
  return list;
}

}  // namespace wengert::python
