// The extension module wengert._core.
#include "bindings/module.h"

#include "kernels/peak.h"
#include "wengert/runtime.h"
#include "wengert/version.h"

namespace py = pybind11;

namespace wengert::python {

Generator* generator_of(PyObject* o) {
  try {
    return py::cast<Generator*>(py::handle(o));
  } catch (const py::cast_error&) {
    return nullptr;
  }
}

namespace {

void bind_runtime(py::module_& m) {
  m.def("get_num_threads", &num_threads, "Threads a single operation may use.");
  m.def("set_num_threads", &set_num_threads, py::arg("num_threads"),
        "Sets how many threads a single operation may use. RuntimeError unless at least 1.");
  m.def("_set_flush_denormal", &set_flush_denormal, py::arg("mode").noconvert(),
        "Whether this thread's operations take and give zero for denormal numbers; False where "
        "the processor cannot.");
  m.def(
      "memory_stats",
      [] {
        const MemoryStats s = memory_stats();
        py::dict d;
        d["allocated"] = s.allocated;
        d["peak_allocated"] = s.peak_allocated;
        d["cached"] = s.cached;
        d["live_blocks"] = s.live_blocks;
        d["system_allocations"] = s.system_allocations;
        return d;
      },
      "Bytes and blocks held by tensors and graphs, and kept for reuse.");
  m.def("reset_peak_memory", &reset_peak_memory, "Starts measuring peak_allocated anew.");
  m.def("trim_memory", &trim_memory, "Gives cached memory back to the operating system.");
  m.def("set_memory_limit", &set_memory_limit, py::arg("bytes"),
        "No more than this many bytes in live tensors; 0 means no limit.");
  m.def("set_cache_limit", &set_cache_limit, py::arg("bytes"),
        "No more than this many bytes are kept for reuse.");
  m.attr("__version__") = WENGERT_VERSION;
  m.def("config", [] {
    const Config c = config();
    py::dict d;
    d["version"] = c.version;
    d["isa"] = c.isa;
    d["cpu"] = c.cpu;
    d["blas"] = c.blas;
    d["blas_core"] = c.blas_core;
    d["threads"] = c.threads;
    return d;
  });
  m.def("fma_peak_gflops", &kernels::measure_fma_peak_gflops,
        "Measured float32 FMA peak of one core in GFLOP/s.");
  m.def("get_default_dtype", &default_dtype,
        "The dtype of floating results where none is asked for.");
  m.def("_set_default_dtype", &set_default_dtype);
  m.def(
      "promote_types", [](DType a, DType b) { return promote(a, b); }, py::arg("type1"),
      py::arg("type2"), "The smallest dtype that both convert to.");
}

void bind_random(py::module_& m) {
  py::class_<Generator>(m, "Generator", "A stream of random numbers (Philox4x32-10).")
      .def(py::init([](const py::object& device) {
             const std::string d =
                 device.is_none() ? "cpu" : py::cast<std::string>(py::str(device));
             if (d.rfind("cpu", 0) != 0)
               throw Error("Generator: wengert is a CPU engine; use device='cpu'");
             return Generator();
           }),
           py::arg("device") = py::none())
      .def(
          "manual_seed",
          [](py::object self, const py::int_& seed) {
            // What seed() gives may need all 64 bits; negative ones stand for the same bits.
            int overflow;
            const long long s = PyLong_AsLongLongAndOverflow(seed.ptr(), &overflow);
            auto bits = static_cast<uint64_t>(s);
            if (overflow) bits = PyLong_AsUnsignedLongLong(seed.ptr());
            if (PyErr_Occurred()) {
              PyErr_Clear();
              throw ValueError("manual_seed: expected a seed from -2^63 to 2^64 - 1, but got " +
                               std::string(py::repr(seed)));
            }
            self.cast<Generator&>().manual_seed(bits);
            return self;
          },
          py::arg("seed"), "Restarts the stream named by the seed.")
      .def("seed", &Generator::seed, "Reseeds from the operating system and returns the new seed.")
      .def_property_readonly(
          "device",
          [](const Generator&) {
            return py::module_::import("wengert._device").attr("device")("cpu");
          },
          "Where numbers are made: the CPU.")
      .def("initial_seed", &Generator::initial_seed, "The seed of the stream.")
      .def(
          "get_state", [](const Generator& g) { return get_rng_state(g); },
          "The state, as a tensor of bytes.")
      .def(
          "set_state", [](Generator& g, const Tensor& t) { set_rng_state(t, g); },
          py::arg("new_state"));
  m.attr("default_generator") = py::cast(default_generator());
}

}  // namespace
}  // namespace wengert::python

PYBIND11_MODULE(_core, m) {
  using namespace wengert::python;
  if (!import_tensor_api()) throw py::error_already_set();
  py::register_exception_translator([](std::exception_ptr p) {
    if (!p) return;
    try {
      std::rethrow_exception(p);
    } catch (const wengert::Error&) {
      translate_exception();
    } catch (const PythonError&) {
    }
  });
  const py::object tensor = py::module_::import("wengert._tensor").attr("Tensor");
  bind_runtime(m);
  bind_random(m);
  bind_autograd(m);
  bind_transforms(m);
  bind_profile(m);
  bind_tape(m);
  bind_data(m);
  bind_dlpack(m);
  bind_optim(m);
  py::module_ functions = m.def_submodule("ops", "The operations of the library.");
  if (!add_functions(functions.ptr(), tensor.ptr())) throw py::error_already_set();
}
