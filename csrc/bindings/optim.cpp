// Optimizer steps over lists of tensors. A small model is stepped in about a microsecond, so the
// arguments are read with the plain C interface.
#include <algorithm>
#include <array>
#include <memory>
#include <tuple>

#include "bindings/module.h"
#include "ops/optimizer.h"

namespace wengert::python {
namespace {

// Tensors of several lists, one list behind the other. They stay alive while the GIL is released.
class TensorLists {
 public:
  explicit TensorLists(const char* op) : op_(op) {}
  TensorLists(const TensorLists&) = delete;
  TensorLists& operator=(const TensorLists&) = delete;
  ~TensorLists() {
    for (size_t i = 0; i < held_; ++i) detail::release(data_[i]);
  }

  // Room for `lists` lists as long as this one.
  void reserve(PyObject* first, int lists) {
    check(first);
    n_ = PySequence_Fast_GET_SIZE(first);
    const auto size = static_cast<size_t>(n_ * lists);
    if (size > inline_.size()) {
      heap_.reset(new TensorImpl*[size]);
      data_ = heap_.get();
    }
  }
  void add(PyObject* list) {
    check(list);
    if (PySequence_Fast_GET_SIZE(list) != n_) {
      throw ValueError(std::string(op_) + ": expected lists of the same length, " +
                       std::to_string(n_) + ", but got one of length " +
                       std::to_string(PySequence_Fast_GET_SIZE(list)));
    }
    PyObject** items = PySequence_Fast_ITEMS(list);
    for (Py_ssize_t i = 0; i < n_; ++i) {
      TensorImpl* t = unwrap(items[i]);
      if (!t) {
        throw TypeError(std::string(op_) + ": expected lists of tensors, but one contains " +
                        Py_TYPE(items[i])->tp_name);
      }
      elements_ += t->numel;
      data_[count_++] = t;
    }
  }
  bool large() const { return elements_ > kReleaseGil; }
  // Keeps the tensors alive from here on.
  void hold() {
    for (; held_ < count_; ++held_) detail::retain(data_[held_]);
  }
  TensorImpl* const* data() const { return data_; }
  int n() const { return static_cast<int>(n_); }

 private:
  void check(PyObject* list) const {
    if (!PyList_Check(list) && !PyTuple_Check(list)) {
      throw TypeError(std::string(op_) + ": expected a list of tensors, but got " +
                      Py_TYPE(list)->tp_name);
    }
  }

  const char* op_;
  std::array<TensorImpl*, 64> inline_;
  std::unique_ptr<TensorImpl*[]> heap_;
  TensorImpl** data_ = inline_.data();
  Py_ssize_t n_ = 0;
  size_t count_ = 0, held_ = 0;
  int64_t elements_ = 0;
};

void check_count(const char* op, Py_ssize_t given, Py_ssize_t expected) {
  if (given != expected) {
    throw TypeError(std::string(op) + ": expected " + std::to_string(expected) +
                    " arguments, but got " + std::to_string(given));
  }
}
double number(PyObject* o) {
  const double v = PyFloat_CheckExact(o) ? PyFloat_AS_DOUBLE(o) : PyFloat_AsDouble(o);
  if (v == -1 && PyErr_Occurred()) throw PythonError();
  return v;
}
bool truth(PyObject* o) {
  const int v = PyObject_IsTrue(o);
  if (v < 0) throw PythonError();
  return v != 0;
}

template <class F>
PyObject* guarded(F&& f) {
  try {
    return f();
  } catch (const PythonError&) {
  } catch (...) {
    translate_exception();
  }
  return nullptr;
}

void read(PyObject* o, double& v) { v = number(o); }
void read(PyObject* o, bool& v) { v = truth(o); }

// The numbers and truth values in a tuple; the items of a tuple in it count as its own.
template <size_t n>
std::array<PyObject*, n> flat_options(const char* op, PyObject* tuple) {
  std::array<PyObject*, n> options{};
  size_t given = 0;
  const auto add = [&](PyObject* o) {
    if (given < n) options[given] = o;
    ++given;
  };
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
    PyObject* o = PyTuple_GET_ITEM(tuple, i);
    if (!PyTuple_Check(o) && !PyList_Check(o)) {
      add(o);
      continue;
    }
    for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(o); ++k) {
      add(PySequence_Fast_GET_ITEM(o, k));
    }
  }
  if (given != n) {
    throw TypeError(std::string(op) + ": expected " + std::to_string(n) + " options, but got " +
                    std::to_string(given));
  }
  return options;
}

// step(params, grads, states, options): a tuple with a list of tensors for each state, those that
// the options do not ask for being left unread, and a tuple of options.
template <class Update>
PyObject* step(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count(Update::name, count, 4);
    Update update;
    const auto fields = update.fields();
    const auto n_states = static_cast<Py_ssize_t>(update.states().size());
    if (!PyTuple_Check(a[2]) || PyTuple_GET_SIZE(a[2]) != n_states || !PyTuple_Check(a[3])) {
      throw TypeError(std::string(Update::name) + ": expected a tuple of " +
                      std::to_string(n_states) + " lists and a tuple of options");
    }
    const auto options = flat_options<std::tuple_size_v<decltype(fields)>>(Update::name, a[3]);
    std::apply(
        [&, k = size_t{0}](const auto&... field) mutable {
          (read(options[k++], const_cast<std::remove_cvref_t<decltype(field)>&>(field)), ...);
        },
        fields);
    TensorLists tensors(Update::name);
    tensors.reserve(a[0], 2 + static_cast<int>(n_states));
    tensors.add(a[0]);
    tensors.add(a[1]);
    const auto states = update.states();
    for (size_t k = 0; k < states.size(); ++k) {
      if (states[k].present) tensors.add(PyTuple_GET_ITEM(a[2], static_cast<Py_ssize_t>(k)));
    }
    const bool large = tensors.large();
    if (large) tensors.hold();
    GilRelease release(large);
    if (tensors.n() > 0) optimizer_step(tensors.data(), tensors.n(), update);
    Py_RETURN_NONE;
  });
}

PyObject* norm(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("grad_norm", count, 2);
    const double p = number(a[1]);
    TensorLists tensors("grad_norm");
    tensors.reserve(a[0], 1);
    tensors.add(a[0]);
    Tensor result;
    {
      const bool large = tensors.large();
      if (large) tensors.hold();
      GilRelease release(large);
      result = grad_norm(tensors.data(), tensors.n(), p);
    }
    return wrap(std::move(result));
  });
}

PyObject* scale(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("scale_", count, 2);
    Tensor factor = Tensor::share(unwrap(a[1]));
    if (!factor.defined()) factor = scalar(number(a[1]), DType::float64);
    TensorLists tensors("scale_");
    tensors.reserve(a[0], 1);
    tensors.add(a[0]);
    std::vector<TensorImpl*> all{factor.impl()};
    all.insert(all.end(), tensors.data(), tensors.data() + tensors.n());
    {
      const bool large = tensors.large();
      if (large) tensors.hold();
      GilRelease release(large);
      scale_all_(all.data(), tensors.n());
    }
    Py_RETURN_NONE;
  });
}

#define WG_FAST(name, function, text) \
  {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), METH_FASTCALL, text}

#define WG_STEP(Update) \
  WG_FAST(optimizer::Update::name, step<optimizer::Update>, step_text<optimizer::Update>())

// The function's signature and what states and options are.
template <class Update>
const char* step_text() {
  static const std::string text = [] {
    std::string names;
    for (const optimizer::State& s : Update{}.states()) {
      names += std::string(names.empty() ? "" : ", ") + s.name;
    }
    return std::string(Update::name) +
           "(params, grads, states, options)\n--\n\nOne step of an optimizer, in place: states are "
           "lists of " +
           names + "; options are " + Update::field_names + ".";
  }();
  return text.c_str();
}

PyMethodDef methods[] = {
    WG_STEP(SgdUpdate),
    WG_STEP(AdamUpdate),
    WG_STEP(RmspropUpdate),
    WG_STEP(AdagradUpdate),
    WG_STEP(AdadeltaUpdate),
    WG_STEP(AdamaxUpdate),
    WG_STEP(NadamUpdate),
    WG_STEP(RadamUpdate),
    WG_STEP(RpropUpdate),
    WG_STEP(AsgdUpdate),
    WG_FAST("grad_norm", norm,
            "grad_norm(tensors, p)\n--\n\nThe norm of order p of all elements together; not "
            "recorded."),
    WG_FAST("scale_", scale,
            "scale_(tensors, factor)\n--\n\nMultiplies tensors by a number or a tensor of one "
            "element, in place; not recorded."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

void bind_optim(pybind11::module_& m) {
  if (PyModule_AddFunctions(m.ptr(), methods) < 0) throw pybind11::error_already_set();
}

}  // namespace wengert::python
