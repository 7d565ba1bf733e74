// The format: 8 bytes with the length of the header (little-endian), the header, the elements in
// row-major order. https://github.com/huggingface/safetensors#format
#include <algorithm>
#include <bit>
#include <optional>
#include <set>
#include <string_view>

#include "io/file.h"
#include "io/json.h"
#include "tensor/check.h"
#include "tensor/copy.h"
#include "wengert/io.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian numbers");

// As in the format's reference implementation.
constexpr uint64_t kLongestHeader = 100'000'000;
constexpr const char* kMetadata = "__metadata__";
// Elements begin at a multiple of this, so that they are aligned when the file is mapped.
constexpr size_t kAlignment = 64;

// By dtype; the format has no name for complex128.
constexpr const char* kNames[kDTypeCount] = {"BOOL", "U8",   "I8",  "I16", "I32", "I64",
                                             "F16",  "BF16", "F32", "F64", "C64", nullptr};

std::optional<DType> dtype_named(std::string_view name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kNames[i] && name == kNames[i]) return static_cast<DType>(i);
  }
  return {};
}

// ---- saving

void check(const TensorMap& tensors, const Metadata& metadata) {
  for (const auto& [name, t] : tensors) {
    WG_CHECK(t.defined(), ValueError, "save: tensor '", name, "' is undefined");
    WG_CHECK(kNames[static_cast<int>(t.dtype())], ValueError, "save: tensor '", name,
             "' has dtype ", t.dtype(),
             ", which the file format does not have; save its real and "
             "imaginary parts");
    WG_CHECK(name != kMetadata, ValueError, "save: a tensor cannot be called '", name, "'");
    WG_CHECK(is_utf8(name), ValueError, "save: expected names in UTF-8");
  }
  for (const auto& [key, value] : metadata) {
    WG_CHECK(is_utf8(key) && is_utf8(value), ValueError, "save: expected metadata in UTF-8");
  }
}

uint64_t bytes_of(const Tensor& t) {
  return static_cast<uint64_t>(t.numel()) * item_size(t.dtype());
}

using Entries = std::vector<const TensorMap::value_type*>;

// Wide elements first, so that all are aligned.
Entries in_file_order(const TensorMap& tensors) {
  Entries entries;
  for (const auto& entry : tensors) entries.push_back(&entry);
  std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) {
    return item_size(a->second.dtype()) > item_size(b->second.dtype());
  });
  return entries;
}

std::string header_text(const Entries& entries, const Metadata& metadata) {
  std::string text = "{";
  const auto comma = [&] {
    if (text.back() != '{') text += ',';
  };
  if (!metadata.empty()) {
    append_json(text, kMetadata);
    text += ":{";
    for (const auto& [key, value] : metadata) {
      comma();
      append_json(text, key);
      text += ':';
      append_json(text, value);
    }
    text += '}';
  }
  uint64_t at = 0;
  for (const auto* entry : entries) {
    const Tensor& t = entry->second;
    comma();
    append_json(text, entry->first);
    text += ":{\"dtype\":\"";
    text += kNames[static_cast<int>(t.dtype())];
    text += "\",\"shape\":[";
    for (size_t d = 0; d < t.shape().size(); ++d) {
      text += (d ? "," : "") + std::to_string(t.shape()[d]);
    }
    const uint64_t end = at + bytes_of(t);
    text += "],\"data_offsets\":[" + std::to_string(at) + "," + std::to_string(end) + "]}";
    at = end;
  }
  text += '}';
  text.append((kAlignment - (text.size() + 8) % kAlignment) % kAlignment, ' ');
  WG_CHECK(text.size() <= kLongestHeader, ValueError, "save: names and metadata take ", text.size(),
           " bytes, but the file format has room for ", kLongestHeader);
  return text;
}

// ---- loading

struct Place {
  std::string name;
  DType dtype = DType::float32;
  std::vector<int64_t> shape;
  int64_t begin = 0, end = 0;
};

// How many bytes elements of this shape and dtype take; nothing if there is no such number.
std::optional<int64_t> byte_count(const std::vector<int64_t>& shape, DType dtype) {
  auto bytes = static_cast<int64_t>(item_size(dtype));
  for (const int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return {};
  }
  return bytes;
}

Place read_place(JsonReader& json, const std::string& name) {
  Place place;
  place.name = name;
  std::set<std::string> seen;
  json.object([&](const std::string& key) {
    WG_CHECK(seen.insert(key).second, ValueError, "load: tensor '", name, "' has ", key, " twice");
    if (key == "dtype") {
      const std::string text = json.string();
      const auto dtype = dtype_named(text);
      WG_CHECK(dtype, ValueError, "load: tensor '", name, "' has dtype ", text,
               ", which is not supported");
      place.dtype = *dtype;
    } else if (key == "shape") {
      json.array([&] {
        place.shape.push_back(json.natural());
        WG_CHECK(place.shape.size() <= kMaxDims, ValueError, "load: tensor '", name,
                 "' has more than ", kMaxDims, " dimensions");
      });
    } else if (key == "data_offsets") {
      int count = 0;
      json.array([&] { (count++ == 0 ? place.begin : place.end) = json.natural(); });
      WG_CHECK(count == 2, ValueError, "load: tensor '", name, "' must have two offsets, not ",
               count);
    } else {
      fail<ValueError>("load: tensor '", name, "' has an unknown property '", key, "'");
    }
  });
  WG_CHECK(seen.size() == 3, ValueError, "load: tensor '", name,
           "' must have dtype, shape and data_offsets");
  const auto bytes = byte_count(place.shape, place.dtype);
  WG_CHECK(place.begin <= place.end && bytes == place.end - place.begin, ValueError,
           "load: tensor '", name, "' of shape ", Dims(place.shape), " and dtype ", place.dtype,
           " does not fill the bytes ", place.begin, " to ", place.end, " given to it");
  return place;
}

std::vector<Place> read_header(const std::string& text, Metadata& metadata) {
  std::vector<Place> places;
  std::set<std::string> names;
  JsonReader json(text);
  json.object([&](const std::string& name) {
    WG_CHECK(names.insert(name).second, ValueError, "load: the name '", name, "' occurs twice");
    if (name != kMetadata) {
      places.push_back(read_place(json, name));
      return;
    }
    json.object([&](const std::string& key) {
      WG_CHECK(metadata.emplace(key, json.string()).second, ValueError, "load: metadata '", key,
               "' occurs twice");
    });
  });
  json.end();
  return places;
}

// The tensors must fill the file without gaps and overlaps.
void check_places(std::vector<Place>& places, int64_t available) {
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  int64_t at = 0;
  for (const Place& p : places) {
    WG_CHECK(p.begin == at, ValueError, "load: tensor '", p.name, "' begins at byte ", p.begin,
             ", but the one before it ends at ", at);
    at = p.end;
  }
  WG_CHECK(at == available, ValueError, "load: the tensors take ", at, " bytes, but ", available,
           " follow the header; the file is damaged or was cut off");
}

}  // namespace

void save(const std::string& path, const TensorMap& tensors, const Metadata& metadata) {
  check(tensors, metadata);
  const Entries entries = in_file_order(tensors);
  const std::string header = header_text(entries, metadata);
  OutputFile file(path);
  const uint64_t length = header.size();
  file.write(&length, sizeof length);
  file.write(header.data(), header.size());
  for (const auto* entry : entries) {
    const Tensor dense = as_contiguous(entry->second);
    file.write(dense.data(), bytes_of(dense));
  }
  file.commit();
}

TensorFile load(const std::string& path) {
  InputFile file(path);
  uint64_t length = 0;
  if (file.size() >= sizeof length) file.read(&length, sizeof length);
  WG_CHECK(file.size() >= sizeof length && length <= kLongestHeader &&
               length <= file.size() - sizeof length,
           ValueError, "load: ", path, " is no safetensors file, or it was cut off: of its ",
           file.size(), " bytes the header would take ", length);
  std::string header(length, ' ');
  file.read(header.data(), length);
  TensorFile result;
  std::vector<Place> places = read_header(header, result.metadata);
  check_places(places, static_cast<int64_t>(file.size() - sizeof length - length));
  for (const Place& p : places) {
    Tensor t = new_tensor(p.dtype, p.shape);
    file.read(t.data(), bytes_of(t));
    if (p.dtype == DType::bool_) {
      // Any byte may stand in the file, but a bool is 0 or 1.
      uint8_t* b = t.data<uint8_t>();
      for (int64_t i = 0; i < t.numel(); ++i) b[i] = b[i] != 0;
    }
    result.tensors.emplace(p.name, std::move(t));
  }
  return result;
}

}  // namespace io
WENGERT_NAMESPACE_END
