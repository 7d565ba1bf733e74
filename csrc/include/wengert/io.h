// Tensors in files: the safetensors format, which other programs read and write too. It consists of
// a JSON header with names, dtypes, shapes and places, and the bytes; loading never runs code.
#pragma once

#include <map>
#include <string>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

using TensorMap = std::map<std::string, Tensor>;

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

}  // namespace io
WENGERT_NAMESPACE_END
