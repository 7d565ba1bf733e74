// Graph nodes, backward passes, hooks, modes and custom functions.
#include "autograd/engine.h"
#include "autograd/inspect.h"
#include "bindings/held.h"
#include "bindings/module.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

// `sparse`: where the gradient of a leaf may come.
Tensor as_gradient(const py::object& o, const char* what, bool sparse = false) {
  if (o.is_none()) return {};
  TensorImpl* t = sparse ? unwrap_gradient(o.ptr()) : unwrap(o.ptr());
  if (!t) {
    throw TypeError(std::string(what) + ": expected a Tensor or None, but got " +
                    Py_TYPE(o.ptr())->tp_name);
  }
  return Tensor::share(t);
}

class PythonHook final : public TensorHook {
 public:
  explicit PythonHook(py::object f) : function_(std::move(f)) {}
  Tensor call(const Tensor& gradient) override {
    return calling_python([&] { return as_gradient(function_.get()(gradient), "hook", true); });
  }
  void* object() const override { return function_.get().ptr(); }

 private:
  Held function_;
};

py::tuple to_tuple(const std::vector<Tensor>& tensors) {
  py::tuple t(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) t[i] = py::cast(tensors[i]);
  return t;
}

void replace(std::vector<Tensor>& tensors, const py::object& result, const char* what) {
  if (result.is_none()) return;
  const py::tuple t =
      py::isinstance<py::tuple>(result) ? py::cast<py::tuple>(result) : py::make_tuple(result);
  if (t.size() != tensors.size()) {
    throw Error(std::string(what) + ": expected " + std::to_string(tensors.size()) +
                " gradients, but got " + std::to_string(t.size()));
  }
  for (size_t i = 0; i < t.size(); ++i) tensors[i] = as_gradient(t[i], what, true);
}

class PythonNodeHook final : public NodeHook {
 public:
  PythonNodeHook(py::object f, bool before) : function_(std::move(f)), before_(before) {}
  void before(std::vector<Tensor>& gradients) override {
    if (!before_) return;
    calling_python([&] { replace(gradients, function_.get()(to_tuple(gradients)), "pre-hook"); });
  }
  void after(std::vector<Tensor>& inputs, const std::vector<Tensor>& gradients) override {
    if (before_) return;
    calling_python(
        [&] { replace(inputs, function_.get()(to_tuple(inputs), to_tuple(gradients)), "hook"); });
  }
  void* object() const override { return function_.get().ptr(); }

 private:
  Held function_;
  bool before_;
};

class PythonPacked final : public PackedValue {
 public:
  PythonPacked(std::shared_ptr<Held> unpack, py::object value)
      : unpack_(std::move(unpack)), value_(std::move(value)) {}
  Tensor unpack() override {
    return calling_python([&] {
      const py::object result = unpack_->get()(value_.get());
      TensorImpl* t = unwrap(result.ptr());
      if (!t) {
        throw TypeError(std::string("saved_tensors_hooks: expected the unpack hook to return a "
                                    "Tensor, but got ") +
                        Py_TYPE(result.ptr())->tp_name);
      }
      return Tensor::share(t);
    });
  }
  void* object() const override { return value_.get().ptr(); }

 private:
  std::shared_ptr<Held> unpack_;
  Held value_;
};

class PythonSavedHooks final : public SavedTensorHooks {
 public:
  PythonSavedHooks(py::object pack, py::object unpack)
      : pack_(std::move(pack)), unpack_(std::make_shared<Held>(std::move(unpack))) {}
  std::unique_ptr<PackedValue> pack(const Tensor& value) override {
    return calling_python(
        [&] { return std::make_unique<PythonPacked>(unpack_, pack_.get()(py::cast(value))); });
  }

 private:
  Held pack_;
  std::shared_ptr<Held> unpack_;
};

// A dict that C++ keeps alive.
std::shared_ptr<void> new_dict() {
  return {py::dict().release().ptr(), [](void* o) {
            if (!Py_IsInitialized()) return;
            py::gil_scoped_acquire gil;
            Py_DECREF(static_cast<PyObject*>(o));
          }};
}

// The context object of a wengert.autograd.Function.
class PythonBackward final : public CustomBackward {
 public:
  PythonBackward(py::object context, std::string name)
      : context_(std::move(context)), name_(std::move(name)) {}
  const char* name() const override { return name_.c_str(); }
  std::vector<Tensor> backward(const std::vector<Tensor>& gradients,
                               const std::vector<Tensor>& saved) override {
    return calling_python([&] {
      const py::object result =
          context_.get().attr("_run_backward")(to_tuple(gradients), to_tuple(saved));
      std::vector<Tensor> out;
      for (const py::handle item : result) {
        out.push_back(as_gradient(py::reinterpret_borrow<py::object>(item), name_.c_str()));
      }
      return out;
    });
  }
  void* object() const override { return context_.get().ptr(); }

 private:
  Held context_;
  std::string name_;
};

std::vector<Tensor> tensor_list(const py::object& o, const char* what) {
  if (o.is_none()) return {};
  if (TensorImpl* t = unwrap(o.ptr())) return {Tensor::share(t)};
  std::vector<Tensor> list;
  for (const py::handle item : o) {
    list.push_back(as_gradient(py::reinterpret_borrow<py::object>(item), what));
  }
  return list;
}

// A Python-visible node; nodes are compared by what they stand for.
py::object wrap_node(const NodeRef& n) { return n.defined() ? py::cast(n) : py::none(); }

}  // namespace

void bind_autograd(py::module_& m) {
  py::class_<NodeRef>(
      m, "Node",
      "A node of the backward graph: a recorded operation, or the gradient sink of a leaf.")
      .def("name", &NodeRef::name, "The name of the operation's backward, such as 'MulBackward0'.")
      .def_property_readonly(
          "next_functions",
          [](const NodeRef& n) {
            const auto edges = n.edges();
            py::tuple t(edges.size());
            for (size_t i = 0; i < edges.size(); ++i) {
              t[i] = py::make_tuple(wrap_node(edges[i].first), edges[i].second);
            }
            return t;
          },
          "The nodes that gradients go to, as pairs (node or None, index of its output).")
      .def_property_readonly(
          "variable",
          [](const NodeRef& n) {
            if (!n.leaf().defined())
              throw py::attribute_error("only gradient sinks have a variable");
            return n.leaf();
          },
          "The leaf of a gradient sink.")
      .def_property_readonly(
          "attributes",
          [](const NodeRef& n) {
            py::dict d;
            for (const auto& [name, value] : n.attributes()) d[py::str(name)] = value;
            return d;
          },
          "The attributes of the operation as text.")
      .def_property_readonly(
          "metadata",
          [](const NodeRef& n) {
            const std::shared_ptr<void> held = n.metadata(new_dict);
            if (!held) return py::dict();
            auto d = py::reinterpret_borrow<py::dict>(static_cast<PyObject*>(held.get()));
            if (!n.created_at().empty()) d["created_at"] = n.created_at();
            return d;
          },
          "A dict for notes about the node; anomaly mode writes its own there.")
      .def_property_readonly("_sequence_nr", &NodeRef::number)
      .def("_is_sink", [](const NodeRef& n) { return n.leaf().defined(); })
      .def("_stand_in", &NodeRef::stand_in, py::arg("output_nr"), py::arg("like"))
      .def("_is_reached", &NodeRef::is_reached)
      .def("_saved_names", &NodeRef::saved_names)
      .def("_saved_count", &NodeRef::saved_count)
      .def("_saved", &NodeRef::saved)
      .def("_pack",
           [](const NodeRef& n, int k, py::object pack, py::object unpack) {
             PythonSavedHooks hooks(std::move(pack), std::move(unpack));
             n.pack(k, hooks);
           })
      .def("_context",
           [](const NodeRef& n) -> py::object {
             void* o = n.custom_object();
             return o ? py::reinterpret_borrow<py::object>(static_cast<PyObject*>(o)) : py::none();
           })
      .def(
          "__call__",
          [](const NodeRef& n, const py::args& gradients) {
            std::vector<Tensor> g;
            for (const py::handle h : gradients)
              g.push_back(as_gradient(py::reinterpret_borrow<py::object>(h), "node"));
            std::vector<Tensor> r = n.apply(g);
            return r.size() == 1 ? py::cast(r[0]) : py::object(to_tuple(r));
          },
          "Applies the backward formula to gradients of the outputs; keeps the saved values.")
      .def("_register_hook",
           [](const NodeRef& n, py::object f, bool before) {
             return n.add_hook(std::make_shared<PythonNodeHook>(std::move(f), before));
           })
      .def("_remove_hook", &NodeRef::remove_hook)
      .def("__eq__",
           [](const NodeRef& a, const py::object& b) {
             return py::isinstance<NodeRef>(b) && a.id() == py::cast<const NodeRef&>(b).id();
           })
      .def("__hash__", [](const NodeRef& n) { return n.id() >> 4; })
      .def("__repr__", [](const NodeRef& n) { return "<" + n.name() + ">"; });

  m.def("_output_nr",
        [](const Tensor& t) { return NodeRef::of(t).leaf().defined() ? 0 : t.impl()->output_nr; });
  m.def("node_of", [](const Tensor& t) { return wrap_node(NodeRef::of(t)); });

  m.def("backward", [](const py::object& tensors, const py::object& gradients, bool retain_graph,
                       bool create_graph, const py::object& inputs) {
    const auto roots = tensor_list(tensors, "backward"), g = tensor_list(gradients, "backward"),
               in = tensor_list(inputs, "backward");
    GilRelease release(true);
    backward(roots, g, retain_graph, create_graph, in);
  });
  m.def("grad",
        [](const py::object& outputs, const py::object& inputs, const py::object& grad_outputs,
           bool retain_graph, bool create_graph, bool allow_unused) {
          const auto out = tensor_list(outputs, "grad"), in = tensor_list(inputs, "grad"),
                     g = tensor_list(grad_outputs, "grad");
          std::vector<Tensor> result;
          {
            GilRelease release(true);
            result = grad(out, in, g, retain_graph, create_graph, allow_unused);
          }
          return to_tuple(result);
        });

  m.def("is_grad_enabled", &is_grad_enabled, "Whether operations are recorded on this thread.");
  m.def("_set_grad_enabled", &set_grad_enabled);
  // No signal handler can come between the call and the end of the mode.
  m.def("_call_with_grad",
        [](bool on, const py::function& f, const py::args& args, const py::kwargs& kwargs) {
          const GradModeGuard mode(on);
          return f(*args, **kwargs);
        });
  m.def("is_inference_mode_enabled", &is_inference_mode,
        "Whether inference mode is on for this thread.");
  m.def("is_anomaly_enabled", &is_anomaly_mode, "Whether anomaly mode is on for this thread.");
  m.def(
      "is_anomaly_check_nan_enabled", [] { return !is_anomaly_mode() || anomaly_checks_nan(); },
      "Whether anomaly mode looks for NaN on this thread, or would if it were on.");
  m.def("_no_anomaly_mode", &no_anomaly_mode);
  py::class_<ModeScope>(m, "_ModeScope");
  m.def("_inference_mode", &inference_mode, py::arg("on") = true);
  m.def("_anomaly_mode", [](bool check_nan, py::object where) {
    auto f = std::make_shared<Held>(std::move(where));
    return anomaly_mode(check_nan, [f] {
      return calling_python([&] { return py::cast<std::string>(f->get()()); });
    });
  });

  m.def("_saved_tensor_hooks", [](py::object pack, py::object unpack) {
    return saved_tensor_hooks(
        std::make_shared<PythonSavedHooks>(std::move(pack), std::move(unpack)));
  });
  m.def("_before_mutation", [](py::object f) {
    auto held = std::make_shared<Held>(std::move(f));
    return before_mutation(
        [held](const Tensor& t) { calling_python([&] { held->get()(py::cast(t)); }); });
  });
  m.def("_pass_has_inputs", &current_pass_has_inputs);
  m.def("_current_pass", &current_pass);

  m.def("_autocast_dtype", &autocast_dtype);
  m.def("_set_autocast_dtype", &set_autocast_dtype, py::arg("dtype"));

  m.def("_register_hook", [](const Tensor& t, py::object f) {
    return register_hook(t, std::make_shared<PythonHook>(std::move(f)));
  });
  m.def("_register_post_accumulate_grad_hook", [](const Tensor& t, py::object f) {
    return register_post_accumulate_grad_hook(t, std::make_shared<PythonHook>(std::move(f)));
  });
  m.def("_remove_hook", &remove_hook);

  m.def("_record_custom", [](py::object context, const std::string& name, const py::object& inputs,
                             const py::object& outputs, const std::vector<bool>& differentiable,
                             const py::object& saved) {
    record_custom(std::make_shared<PythonBackward>(std::move(context), name),
                  tensor_list(inputs, "apply"), tensor_list(outputs, "apply"), differentiable,
                  tensor_list(saved, "save_for_backward"));
  });
  m.def("_forbid_in_place", &forbid_in_place);
  m.def("_mark_dirty", [](const Tensor& t) { mark_changed(t); });
}

}  // namespace wengert::python
