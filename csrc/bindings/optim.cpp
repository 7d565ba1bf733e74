// Optimizer steps over lists of tensors. A small model is stepped in about a microsecond, so the
// arguments are read with the plain C interface.
#include <array>
#include <memory>

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

template <class Options>
void run(TensorLists& tensors, void (*step)(TensorImpl* const*, int, const Options&),
         const Options& o) {
  const bool large = tensors.large();
  if (large) tensors.hold();
  GilRelease release(large);
  if (tensors.n() > 0) step(tensors.data(), tensors.n(), o);
}

PyObject* sgd(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("sgd_step", count, 9);
    const optim::SGDOptions o{.lr = number(a[3]),
                              .momentum = number(a[4]),
                              .dampening = number(a[5]),
                              .weight_decay = number(a[6]),
                              .nesterov = truth(a[7]),
                              .maximize = truth(a[8])};
    TensorLists tensors("sgd_step");
    tensors.reserve(a[0], 3);
    tensors.add(a[0]);
    tensors.add(a[1]);
    if (o.momentum != 0) tensors.add(a[2]);
    run(tensors, sgd_step, o);
    Py_RETURN_NONE;
  });
}

PyObject* adam(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("adam_step", count, 14);
    const optim::AdamOptions o{.lr = number(a[6]),
                               .beta1 = number(a[7]),
                               .beta2 = number(a[8]),
                               .eps = number(a[9]),
                               .weight_decay = number(a[10]),
                               .amsgrad = truth(a[11]),
                               .maximize = truth(a[12]),
                               .decoupled_weight_decay = truth(a[13])};
    TensorLists tensors("adam_step");
    tensors.reserve(a[0], 6);
    for (int i = 0; i < 6; ++i) {
      if (i != 4 || o.amsgrad) tensors.add(a[i]);
    }
    run(tensors, adam_step, o);
    Py_RETURN_NONE;
  });
}

PyObject* rmsprop(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("rmsprop_step", count, 13);
    const optim::RMSpropOptions o{.lr = number(a[6]),
                                  .alpha = number(a[7]),
                                  .eps = number(a[8]),
                                  .weight_decay = number(a[9]),
                                  .momentum = number(a[10]),
                                  .centered = truth(a[11]),
                                  .maximize = truth(a[12])};
    TensorLists tensors("rmsprop_step");
    tensors.reserve(a[0], 6);
    for (int i = 0; i < 6; ++i) {
      if ((i != 3 || o.centered) && (i != 4 || o.momentum > 0)) tensors.add(a[i]);
    }
    run(tensors, rmsprop_step, o);
    Py_RETURN_NONE;
  });
}

PyObject* adagrad(PyObject*, PyObject* const* a, Py_ssize_t count) {
  return guarded([&]() -> PyObject* {
    check_count("adagrad_step", count, 9);
    const optim::AdagradOptions o{.lr = number(a[4]),
                                  .lr_decay = number(a[5]),
                                  .weight_decay = number(a[6]),
                                  .eps = number(a[7]),
                                  .maximize = truth(a[8])};
    TensorLists tensors("adagrad_step");
    tensors.reserve(a[0], 4);
    for (int i = 0; i < 4; ++i) tensors.add(a[i]);
    run(tensors, adagrad_step, o);
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

PyMethodDef methods[] = {
    WG_FAST("sgd_step", sgd,
            "sgd_step(params, grads, momentum_buffers, lr, momentum, dampening, weight_decay, "
            "nesterov, maximize)\n--\n\nOne step of stochastic gradient descent, in place."),
    WG_FAST("adam_step", adam,
            "adam_step(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, lr, beta1, "
            "beta2, eps, weight_decay, amsgrad, maximize, decoupled_weight_decay)\n--\n\nOne step "
            "of Adam or AdamW, in place."),
    WG_FAST("rmsprop_step", rmsprop,
            "rmsprop_step(params, grads, square_avgs, grad_avgs, momentum_buffers, steps, lr, "
            "alpha, eps, weight_decay, momentum, centered, maximize)\n--\n\nOne step of RMSprop, "
            "in place."),
    WG_FAST("adagrad_step", adagrad,
            "adagrad_step(params, grads, sums, steps, lr, lr_decay, weight_decay, eps, maximize)"
            "\n--\n\nOne step of Adagrad, in place."),
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
