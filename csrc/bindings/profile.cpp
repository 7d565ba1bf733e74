// Profiles and the ranges in them.
#include "wengert/profile.h"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/held.h"
#include "bindings/module.h"
#include "wengert/autograd.h"

namespace py = pybind11;

namespace wengert::python {

namespace {

py::tuple tuple_of(const ProfileEvent& e) {
  py::list inputs;
  for (const auto& [dtype, shape] : e.inputs) inputs.append(py::make_tuple(name_of(dtype), shape));
  return py::make_tuple(e.name, static_cast<int>(e.kind), e.thread, e.begin_ns, e.end_ns, e.node,
                        e.parent, e.forward, e.bytes, e.flops, e.flops64, e.allocated, inputs,
                        e.stack);
}

// A range whose end Python says.
class Range {
 public:
  Range(const std::string& name, EventKind kind) { range_.emplace(name, kind); }
  void end() { range_.reset(); }

 private:
  std::optional<ProfileRange> range_;
};

}  // namespace

void bind_profile(py::module_& m) {
  py::class_<Profile>(m, "_Profile")
      .def(py::init([](bool shapes, bool memory, py::object stack) {
             ProfileOptions options{shapes, memory, {}};
             if (!stack.is_none()) {
               auto f = std::make_shared<Held>(std::move(stack));
               options.stack = [f] {
                 return calling_python([&] { return py::cast<std::string>(f->get()()); });
               };
             }
             return std::make_unique<Profile>(std::move(options));
           }),
           py::arg("shapes") = false, py::arg("memory") = false, py::arg("stack") = py::none())
      .def("stop", &Profile::stop)
      .def("pause", &Profile::pause)
      .def("join", &Profile::join)
      .def("events",
           [](const Profile& p) {
             py::list events;
             for (const ProfileEvent& e : p.events()) events.append(tuple_of(e));
             return events;
           })
      .def("modules",
           [](const Profile& p) {
             py::list rows;
             for (const ModuleProfile& r : p.modules()) {
               rows.append(py::make_tuple(r.name, r.calls, r.forward_ns, r.backward_ns, r.bytes,
                                          r.flops, r.flops64));
             }
             return rows;
           })
      .def("chrome_trace", &Profile::chrome_trace);
  py::class_<Range>(m, "_ProfileRange").def("end", &Range::end);
  m.def(
      "_profile_range",
      [](const std::string& name, bool is_module) -> std::unique_ptr<Range> {
        if (!is_profiling()) return nullptr;
        return std::make_unique<Range>(name, is_module ? EventKind::module : EventKind::range);
      },
      py::arg("name"), py::arg("is_module") = false);
  m.def("_is_profiling", &is_profiling);
  m.def("_share_of_peak", &share_of_peak);
}

}  // namespace wengert::python
