// Nested values in a file: its tensors by name, and JSON in the metadata that says where they
// belong, in the form that python/wengert/_serialization.py describes.
#pragma once

namespace wengert::io {

inline constexpr const char* kStructureKey = "wengert";
inline constexpr int kStructureVersion = 1;
// Levels of values; each takes up to three of JSON.
inline constexpr int kDeepestStructure = 100;

}  // namespace wengert::io
