// Tensors in files: the safetensors format, which other programs read and write too. It consists of
// a JSON header with names, dtypes, shapes and places, and the bytes; loading never runs code.
#pragma once

#include <map>
#include <string>

#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

using Metadata = std::map<std::string, std::string>;

struct TensorFile {
  TensorMap tensors;
  Metadata metadata;
};

// Writes the tensors to the file `path`. It is replaced as a whole, when everything is on the disk:
// whatever fails, the old file is as it was. Every dtype but complex128; names and texts in UTF-8.
// Throws IoError with the reason the system gives, ValueError for tensors or texts that the format
// cannot hold.
WENGERT_API void save(const std::string& path, const TensorMap& tensors,
                      const Metadata& metadata = {});

// Reads such a file. Throws ValueError if it is damaged or of another format; everything is checked
// before memory is asked for, so that no file can ask for more than it has.
WENGERT_API TensorFile load(const std::string& path);

// The same for nested values, such as the states of optimizers: files that Python's wengert.save
// writes and wengert.load reads. The tensors stand in them under the names of their places
// ("model.0.weight"), so that other programs find them; complex128 too.
//
//   io::save_value("checkpoint.wg", io::Value::dict({{"model", net.state_dict()},
//                                                    {"optimizer", optimizer.state_dict()},
//                                                    {"epoch", 3}}));
//   const io::Value saved = io::load_value("checkpoint.wg");
//   net.load_state_dict(saved["model"].tensors());
//
// Of a file without such a structure, load_value gives a dict of its tensors. What is there more
// than once is one tensor. Of what Python saves, sets and sizes become lists and tuples, dtypes and
// devices texts; bytes, complex numbers and whole numbers beyond 64 bits are a ValueError.
WENGERT_API void save_value(const std::string& path, const Value& value);
WENGERT_API Value load_value(const std::string& path);

// Reads a file of PyTorch's save (a zip archive with a pickle) that holds tensors and plain values:
// numbers, texts, lists, tuples and dicts with keys that are texts or whole numbers. Tensors that
// share memory do so again; all come to the CPU. No instruction of the pickle calls anything.
// Throws ValueError for files that are damaged or hold anything else.
WENGERT_API Value load_torch(const std::string& path);

}  // namespace io
WENGERT_NAMESPACE_END
