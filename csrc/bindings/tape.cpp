// Recordings and programs.
#include "wengert/tape.h"

#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <optional>

#include "bindings/held.h"
#include "bindings/module.h"
#include "wengert/autograd.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

using Tensors = std::vector<Tensor>;

double* number_of(const Tape& tape, int64_t step, const std::string& name) {
  double* number = tape.number(step, name);
  if (!number) {
    throw ValueError("tape: operation " + std::to_string(step) + " has no number '" + name + "'");
  }
  return number;
}

// A program, and what of Python must be as it was when it was recorded.
class Program {
 public:
  explicit Program(Tape tape) : tape_(std::move(tape)) {}
  // One from a file, which relies on nothing of Python but the default dtype.
  struct Loaded {};
  Program(Tape tape, Loaded) : tape_(std::move(tape)), loaded_(true) {}

  const Tape& tape() const { return tape_; }

  // The value of dict[key] must be this object, or equal to it where it is a number or text.
  void guard(py::dict dict, py::object key, py::object value, std::string what) {
    guards_.push_back({std::move(dict), std::move(key), std::move(value), std::move(what)});
  }
  // The container must have as many items as now.
  void guard_size(py::object container, std::string what) {
    const auto size = static_cast<py::ssize_t>(py::len(container));
    sizes_.push_back({std::move(container), size, std::move(what)});
  }
  // Relies on the same of Python as this, but for hyper-parameters of steps that are replaced:
  // these must be what they are now.
  Program with_parts(
      const std::vector<std::pair<std::vector<int64_t>, const Program*>>& parts) const {
    std::vector<TapePart> tapes;
    for (const auto& [steps, part] : parts) {
      if (steps.empty()) throw ValueError("tape: expected the steps that are replaced");
      tapes.push_back({steps[0], part->tape(), {steps.begin() + 1, steps.end()}});
    }
    std::vector<int64_t> kept;
    Program p(tape_.with_parts(tapes, &kept));
    p.modes_ = modes_;
    p.loaded_ = loaded_;
    p.guards_ = guards_;
    p.sizes_ = sizes_;
    for (const Setting& s : settings_) {
      if (const int64_t now = kept[static_cast<size_t>(s.step)]; now >= 0) {
        p.input(now, s.name, s.dict, s.key, s.index, s.keeps_sign);
      } else if (PyObject* value = PyDict_GetItemWithError(s.dict.ptr(), s.key.ptr())) {
        p.guard(s.dict, s.key, py::reinterpret_borrow<py::object>(value),
                "a hyper-parameter of a step that was replaced");
      }
    }
    return p;
  }
  // Relies on no object of Python from here on.
  void forget_guards() {
    guards_.clear();
    sizes_.clear();
  }
  // The attribute `name` of a step is read from dict[key] before each run, or if `index` is not
  // negative from that item of the sequence there. With `keeps_sign`, one of another sign is
  // refused.
  void input(int64_t step, const std::string& name, py::dict dict, py::object key,
             py::ssize_t index, bool keeps_sign) {
    double* to = number_of(tape_, step, name);
    settings_.push_back({to, step, name, std::move(dict), std::move(key), index, keeps_sign});
  }

  // Positional arguments that are all tensors: why it did not run, the result, or a list of them.
  py::object call(const py::tuple& args) {
    Tensors inputs;
    inputs.reserve(args.size());
    for (const py::handle a : args) {
      TensorImpl* t = unwrap(a.ptr());
      if (!t) return py::str("other arguments: a tensor is none now");
      inputs.push_back(Tensor::share(t));
    }
    return run(inputs);
  }

  // Why it did not run, or the outputs.
  py::object run(const Tensors& inputs) {
    if (loaded_ ? modes_.dtype != default_dtype() : !(modes_ == Modes()))
      return py::str("a mode (recording, autocast, the default dtype, ...)");
    for (const Guard& g : guards_) {
      PyObject* now = PyDict_GetItemWithError(g.dict.ptr(), g.key.ptr());
      if (now == g.value.ptr()) continue;
      if (!now) {
        if (PyErr_Occurred()) throw py::error_already_set();
        return py::str(g.what);
      }
      if (!is_plain(g.value.ptr()) || Py_TYPE(now) != Py_TYPE(g.value.ptr()))
        return py::str(g.what);
      const int same = PyObject_RichCompareBool(now, g.value.ptr(), Py_EQ);
      if (same < 0) throw py::error_already_set();
      if (!same) return py::str(g.what);
    }
    for (const Size& s : sizes_) {
      const py::ssize_t now = PyObject_Size(s.container.ptr());
      if (now < 0) throw py::error_already_set();
      if (now != s.size) return py::str(s.what);
    }
    for (const Setting& s : settings_) {
      PyObject* now = PyDict_GetItemWithError(s.dict.ptr(), s.key.ptr());
      if (!now) return py::str("a hyper-parameter is missing");
      py::object item;
      if (s.index >= 0) {
        item = py::reinterpret_steal<py::object>(PySequence_GetItem(now, s.index));
        if (!(now = item.ptr())) throw py::error_already_set();
      }
      const double v = PyFloat_CheckExact(now) ? PyFloat_AS_DOUBLE(now) : PyFloat_AsDouble(now);
      if (v == -1 && PyErr_Occurred()) throw py::error_already_set();
      if (s.keeps_sign && ((v > 0) != (*s.to > 0) || (v < 0) != (*s.to < 0))) return py::str(s.key);
      *s.to = v;
    }
    Tensors outputs;
    std::string why;
    {
      const py::gil_scoped_release nogil;
      why = tape_.run(inputs, outputs);
    }
    if (!why.empty()) return py::str(why);
    return py::cast(std::move(outputs));
  }

 private:
  // What operations depend on beside their inputs.
  struct Modes {
    bool recording = is_grad_enabled(), inference = is_inference_mode();
    DType dtype = default_dtype();
    std::optional<DType> autocast = autocast_dtype();
    bool operator==(const Modes&) const = default;
  };
  struct Guard {
    py::dict dict;
    py::object key, value;
    std::string what;
  };
  struct Size {
    py::object container;
    py::ssize_t size;
    std::string what;
  };
  struct Setting {
    double* to;
    int64_t step;
    std::string name;
    py::dict dict;
    py::object key;
    py::ssize_t index;
    bool keeps_sign;
  };
  static bool is_plain(PyObject* o) {
    return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyUnicode_CheckExact(o) ||
           PyTuple_CheckExact(o) || PyComplex_CheckExact(o);
  }

  Tape tape_;
  Modes modes_;
  bool loaded_ = false;
  std::vector<Guard> guards_;
  std::vector<Size> sizes_;
  std::vector<Setting> settings_;
};

template <class T>
py::object object_of(const T& v) {
  return py::cast(v);
}
py::object object_of(const Scalar& v) {
  switch (v.kind()) {
    case DTypeKind::boolean:
      return py::bool_(v.to_bool());
    case DTypeKind::integer:
      return py::int_(v.to_int());
    case DTypeKind::floating:
      return py::float_(v.to_double());
    case DTypeKind::complex:
      break;
  }
  return py::cast(v.to_complex());
}

// Kind, name, attributes, inputs, outputs, where.
py::tuple tuple_of(const TapeStep& s) {
  py::dict attributes;
  for (const auto& [name, value] : s.attributes) {
    attributes[py::str(name)] = std::visit([](const auto& v) { return object_of(v); }, value);
  }
  return py::make_tuple(static_cast<int>(s.kind), s.name, attributes, s.inputs, s.outputs, s.where);
}

py::dict dict_of(const TapeStats& s) {
  py::dict d;
  d["operations"] = s.operations;
  d["rules"] = s.rules;
  d["checks"] = s.checks;
  d["bytes"] = s.bytes;
  d["flops"] = s.flops;
  d["peak_bytes"] = s.peak_bytes;
  d["allocations"] = s.allocations;
  return d;
}

}  // namespace

void bind_tape(py::module_& m) {
  py::class_<Program>(m, "_Tape")
      .def("run", &Program::run, py::arg("inputs"))
      .def("call", &Program::call, py::arg("args"))
      .def("guard", &Program::guard, py::arg("dict"), py::arg("key"), py::arg("value"),
           py::arg("what"))
      .def("guard_size", &Program::guard_size, py::arg("container"), py::arg("what"))
      .def("forget_guards", &Program::forget_guards)
      .def("input", &Program::input, py::arg("step"), py::arg("name"), py::arg("dict"),
           py::arg("key"), py::arg("index"), py::arg("keeps_sign"))
      .def(
          "has_number",
          [](const Program& p, int64_t i, const std::string& name) {
            return p.tape().number(i, name) != nullptr;
          },
          py::arg("step"), py::arg("name"))
      .def(
          "apply",
          [](const Program& p, int64_t i, const std::vector<std::optional<Tensor>>& inputs,
             const std::map<std::string, int64_t>& attributes) {
            Tensors given;
            for (const auto& t : inputs) given.push_back(t.value_or(Tensor()));
            return attributes.empty() ? p.tape().apply(i, given)
                                      : p.tape().apply(i, given, attributes);
          },
          py::arg("step"), py::arg("inputs"),
          py::arg("attributes") = std::map<std::string, int64_t>())
      .def("state_values", [](const Program& p) { return p.tape().state_values(); })
      .def("changed", [](const Program& p) { return p.tape().changed(); })
      .def(
          "added_to", [](const Program& p, int64_t i) { return p.tape().added_to(i); },
          py::arg("step"))
      .def(
          "is_unused", [](const Program& p, int64_t i) { return p.tape().is_unused(i); },
          py::arg("step"))
      .def("dependencies", [](const Program& p) { return p.tape().dependencies(); })
      .def("with_parts", &Program::with_parts, py::arg("parts"))
      .def(
          "number",
          [](const Program& p, int64_t i, const std::string& name) {
            return *number_of(p.tape(), i, name);
          },
          py::arg("step"), py::arg("name"))
      .def(
          "set_number",
          [](const Program& p, int64_t i, const std::string& name, double value) {
            *number_of(p.tape(), i, name) = value;
          },
          py::arg("step"), py::arg("name"), py::arg("value"))
      .def(
          "save",
          [](const Program& p, const std::string& path,
             const std::map<std::string, std::string>& metadata) {
            const py::gil_scoped_release nogil;
            p.tape().save(path, {}, metadata);
          },
          py::arg("path"), py::arg("metadata"))
      .def(
          "set_state_names",
          [](Program& p, std::vector<std::string> names) {
            Tape t = p.tape();
            t.set_state_names(std::move(names));
          },
          py::arg("names"))
      .def("state_names", [](const Program& p) { return p.tape().state_names(); })
      .def("states", [](const Program& p) { return p.tape().states(); })
      .def("text", [](const Program& p) { return p.tape().to_string(); })
      .def("stats", [](const Program& p) { return dict_of(p.tape().stats()); })
      .def("size", [](const Program& p) { return p.tape().size(); })
      .def(
          "step", [](const Program& p, int64_t i) { return tuple_of(p.tape().step(i)); },
          py::arg("i"))
      .def("values",
           [](const Program& p) {
             py::list all;
             for (const TapeValue& v : p.tape().values())
               all.append(py::make_tuple(static_cast<int>(v.kind), v.index, v.storage, v.offset,
                                         v.dtype, v.shape, v.strides));
             return all;
           })
      .def("arguments", [](const Program& p) { return p.tape().arguments(); })
      .def("results", [](const Program& p) { return p.tape().results(); });
  py::class_<TapeRecording>(m, "_TapeRecording")
      .def(py::init([](const Tensors& inputs, py::object where) {
             std::function<std::string()> line;
             if (!where.is_none()) {
               auto f = std::make_shared<Held>(std::move(where));
               line = [f] {
                 return calling_python([&] { return py::cast<std::string>(f->get()()); });
               };
             }
             return std::make_unique<TapeRecording>(inputs, std::move(line));
           }),
           py::arg("inputs"), py::arg("where") = py::none())
      .def("add_state", &TapeRecording::add_state, py::arg("tensor"))
      .def("add_constant", &TapeRecording::add_constant, py::arg("tensor"))
      .def("keep_host_numbers", &TapeRecording::keep_host_numbers)
      .def(
          "origin",
          [](const TapeRecording& r, const Tensor& t) {
            switch (r.origin(t)) {
              case TapeValue::Kind::argument:
                return "argument";
              case TapeValue::Kind::temporary:
                return "made";
              default:
                return "outside";
            }
          },
          py::arg("tensor"))
      .def("size", &TapeRecording::size)
      .def("pause", &TapeRecording::pause, py::arg("paused"))
      .def("close", &TapeRecording::close)
      .def(
          "finish",
          [](TapeRecording& r, const std::vector<std::optional<Tensor>>& outputs) {
            Tensors results;
            for (const auto& t : outputs) results.push_back(t.value_or(Tensor()));
            return std::make_unique<Program>(r.finish(results));
          },
          py::arg("outputs"));
  m.def(
      "_load_tape",
      [](const std::string& path) {
        std::map<std::string, std::string> metadata;
        auto program = [&] {
          const py::gil_scoped_release nogil;
          return Tape::load(path, &metadata);
        }();
        return py::make_tuple(std::make_unique<Program>(std::move(program), Program::Loaded()),
                              std::move(metadata));
      },
      py::arg("path"), "The program in a file, and what was kept beside.");
  m.def("_tape_recording", &TapeRecording::current, py::return_value_policy::reference,
        "The recording of this thread, or None.");
}

}  // namespace wengert::python
