// Programs in files: docs/tape_format.md describes them.
#pragma once

#include <string>
#include <vector>

#include "tape/program.h"
#include "wengert/io.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

inline constexpr const char* kMetadataKey = "wengert.tape";
inline constexpr int64_t kVersion = 1;
// No file may ask for more memory, or name larger numbers as attributes.
inline constexpr int64_t kLargest = int64_t{1} << 46;

// The program as JSON, and the tensors that it names. `names` are those of the states; ValueError
// where they are not unique, or for a program that files cannot hold.
struct FileContents {
  TensorMap tensors;
  std::string program;
};
FileContents to_file(const Program& p, const std::vector<std::string>& names);
// The reverse; ValueError says what is wrong. `names` gets those of the states.
Program from_file(const TensorMap& tensors, const std::string& text,
                  std::vector<std::string>& names);

// The bytes that a value takes, from the storage's reference point; nothing is reached where
// first == end. ValueError where the numbers are too large.
struct Extent {
  int64_t first = 0, end = 0;
};
Extent extent_of(const Value& v);

// Throws ValueError unless the program can be run without a further look at it: numbers of values
// are in range, values lie in their storages and are made before they are used, and what each
// operation takes and gives is what its `infer` and `admit` say. Sets the sizes of temporary
// storages.
void verify(Program& p);

}  // namespace tape
WENGERT_NAMESPACE_END
