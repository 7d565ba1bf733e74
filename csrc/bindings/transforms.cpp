// Levels of forward mode and vmap, and scopes of gradients inside of them.
#include "autograd/inspect.h"
#include "bindings/module.h"
#include "wengert/autograd.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

Randomness parse_randomness(const std::string& text) {
  if (text == "error") return Randomness::error;
  if (text == "different") return Randomness::different;
  if (text == "same") return Randomness::same;
  throw Error("vmap: randomness must be 'error', 'different' or 'same', but is '" + text + "'");
}

py::object optional(const Tensor& t) { return t.defined() ? py::cast(t) : py::none(); }

}  // namespace

void bind_transforms(py::module_& m) {
  py::class_<DualLevel>(m, "_DualLevel")
      .def(py::init<>())
      .def("end", &DualLevel::end)
      .def_property_readonly("number", &DualLevel::number)
      .def("make", &DualLevel::make)
      .def("unpack", [](const DualLevel& level, const Tensor& dual) {
        const auto [primal, tangent] = level.unpack(dual);
        return py::make_tuple(primal, optional(tangent));
      });
  m.def("_forward_counts", [] {
    const ForwardCounts c = forward_counts();
    return py::make_tuple(c.rules, c.fallbacks);
  });

  py::class_<BatchLevel>(m, "_BatchLevel")
      .def(py::init([](int64_t size, const std::string& randomness) {
        return std::make_unique<BatchLevel>(size, parse_randomness(randomness));
      }))
      .def("end", &BatchLevel::end)
      .def("wrap", &BatchLevel::wrap)
      .def("unwrap", &BatchLevel::unwrap)
      .def("is_batched", &BatchLevel::is_batched);
  m.def("_tangents_of", [](const Tensor& t) {
    py::list list;
    for (const auto& [level, tangent] : tangents_of(t)) list.append(py::make_tuple(level, tangent));
    return list;
  });
  m.def("_is_transforming", &is_transforming);
  m.def("_without_tangent", &without_tangent);
  m.def("_give_tangent", &give_tangent);
  m.def("_is_one_of_many", &is_one_of_many);
  m.def("_examples_of", &examples_of);
  m.def("_examples_require_grad", &examples_require_grad);
  m.def("_is_in_vmap", &is_in_vmap);
  m.def("_mapped_inputs", [](const std::vector<Tensor>& inputs) -> py::object {
    const MappedInputs found = mapped_inputs(inputs);
    if (found.level == 0) return py::none();
    const char* const names[] = {"error", "different", "same"};
    return py::make_tuple(found.level, found.size, names[static_cast<int>(found.randomness)],
                          found.values, found.batched, found.differentiated);
  });
  m.def("_one_of_examples", &one_of_examples);
  m.def("_batch_counts", [] {
    const BatchCounts c = batch_counts();
    return py::make_tuple(c.rules, c.fallbacks);
  });

  py::class_<GradientScope>(m, "_GradientScope")
      .def(py::init<>())
      .def("end", &GradientScope::end)
      .def("variable", &GradientScope::variable)
      .def("outside", &GradientScope::outside)
      .def("gradients", [](const GradientScope& scope, const std::vector<Tensor>& outputs,
                           const std::vector<Tensor>& variables,
                           const std::vector<Tensor>& gradients, bool retain_graph) {
        std::vector<Tensor> g;
        {
          py::gil_scoped_release release;
          g = scope.gradients(outputs, variables, gradients, retain_graph);
        }
        py::list list;
        for (const Tensor& t : g) list.append(optional(t));
        return list;
      });
}

}  // namespace wengert::python
