// Files of tensors.
#include "wengert/io.h"

#include "bindings/module.h"

namespace py = pybind11;

namespace wengert::python {

void bind_io(py::module_& m) {
  m.def(
      "write_safetensors",
      [](const std::string& path, const TensorMap& tensors, const io::Metadata& metadata) {
        py::gil_scoped_release release;
        io::save(path, tensors, metadata);
      },
      py::arg("path"), py::arg("tensors"), py::arg("metadata") = io::Metadata(),
      "Writes tensors by name, and texts, to a safetensors file, which is replaced as a whole.");
  m.def(
      "read_safetensors",
      [](const std::string& path) {
        io::TensorFile file;
        {
          py::gil_scoped_release release;
          file = io::load(path);
        }
        return std::pair(std::move(file.tensors), std::move(file.metadata));
      },
      py::arg("path"), "The tensors by name and the texts of a safetensors file.");
}

}  // namespace wengert::python
