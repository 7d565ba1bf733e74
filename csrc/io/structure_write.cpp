#include <cmath>
#include <set>
#include <tuple>

#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "io/json.h"
#include "io/structure.h"
#include "tensor/check.h"
#include "wengert/io.h"
#include "wengert/ops/complex.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

// The memory a tensor shows.
struct Place {
  const void* data;
  DType dtype;
  std::vector<int64_t> shape, strides;
  bool operator<(const Place& o) const {
    return std::tie(data, dtype, shape, strides) < std::tie(o.data, o.dtype, o.shape, o.strides);
  }
};

class Writer {
 public:
  TensorMap tensors;
  std::string json;

  // A tensor that occurs several times is given a number.
  void find_repeated(const Value& v) {
    if (v.is_tensor()) {
      const Tensor& t = v.tensor();
      if (t.defined() && !seen_.insert(t.impl()).second) numbers_.emplace(t.impl(), -1);
    } else if (v.is_list()) {
      for (const Value& item : v.items()) find_repeated(item);
    } else if (v.is_dict()) {
      for (const auto& [key, value] : v.entries()) find_repeated(value);
    }
  }

  void write(const Value& v, const std::string& name, int depth) {
    WG_CHECK(depth <= kDeepestStructure, ValueError, "save: the value is nested deeper than ",
             kDeepestStructure, " levels");
    if (v.is_none()) {
      json += "null";
    } else if (v.is_bool()) {
      json += v.to_bool() ? "true" : "false";
    } else if (v.is_int()) {
      json += std::to_string(v.to_int());
    } else if (v.is_double()) {
      write(v.to_double());
    } else if (v.is_text()) {
      write(v.text());
    } else if (v.is_tensor()) {
      write(v.tensor(), name);
    } else if (v.is_list()) {
      if (v.is_tuple()) json += "{\"tuple\":";
      write_items(v, name, depth);
      if (v.is_tuple()) json += '}';
    } else {
      write_dict(v, name, depth);
    }
  }

 private:
  void write(double v) {
    if (std::isfinite(v)) return append_json(json, v);
    json += std::isnan(v) ? "{\"float\":\"nan\"}"
            : v > 0       ? "{\"float\":\"inf\"}"
                          : "{\"float\":\"-inf\"}";
  }
  void write(const std::string& text) {
    WG_CHECK(is_utf8(text), ValueError, "save: expected texts in UTF-8");
    append_json(json, text);
  }
  void comma() {
    if (json.back() != '[') json += ',';
  }
  static std::string inside(const std::string& name, const std::string& part) {
    return name.empty() ? part : name + "." + part;
  }

  void write_items(const Value& v, const std::string& name, int depth) {
    json += '[';
    size_t i = 0;
    for (const Value& item : v.items()) {
      comma();
      write(item, inside(name, std::to_string(i++)), depth + 1);
    }
    json += ']';
  }
  void write_dict(const Value& v, const std::string& name, int depth) {
    json += "{\"dict\":[";
    for (const auto& [key, value] : v.entries()) {
      comma();
      json += '[';
      write(key, name, depth + 1);
      json += ',';
      write(value, inside(name, key.is_text() ? key.text() : std::to_string(key.to_int())),
            depth + 1);
      json += ']';
    }
    json += "]}";
  }

  void write(const Tensor& t, const std::string& name) {
    WG_CHECK(t.defined(), ValueError, "save: tensor '", name, "' is undefined");
    if (is_sparse(t)) return write_sparse(t, name);
    const auto number = numbers_.find(t.impl());
    if (number != numbers_.end() && number->second >= 0) {
      json += "{\"same\":" + std::to_string(number->second) + "}";
      return;
    }
    json += "{\"tensor\":";
    append_json(json, store(t, name));
    if (t.requires_grad()) json += ",\"requires_grad\":true";
    if (t.dtype() == DType::complex128) json += ",\"complex128\":true";
    if (number != numbers_.end()) {
      number->second = count_++;
      json += ",\"id\":" + std::to_string(number->second);
    }
    json += '}';
  }
  void write_sparse(const Tensor& t, const std::string& name) {
    const SparseParts& parts = sparse_parts(t);
    json += "{\"sparse\":";
    write(parts.indices.detach(), inside(name, "indices"));
    json += ",\"values\":";
    write(parts.values.detach(), inside(name, "values"));
    json += ",\"size\":[";
    for (const int64_t n : t.shape()) {
      comma();
      json += std::to_string(n);
    }
    json += std::string("],\"coalesced\":") + (parts.coalesced ? "true}" : "false}");
  }

  // The name of the tensor's elements in the file; the same memory is stored once.
  std::string store(const Tensor& t, const std::string& path) {
    Place place{t.data(), t.dtype(), t.shape().vec(), t.strides().vec()};
    const auto known = t.numel() ? places_.find(place) : places_.end();
    if (known != places_.end()) return known->second;
    const std::string wanted = path.empty() ? "tensor" : path;
    std::string name = wanted;
    for (int n = 1; tensors.count(name) || name == "__metadata__"; ++n) {
      name = wanted + "#" + std::to_string(n);
    }
    tensors[name] = t.dtype() == DType::complex128 ? view_as_real(t.detach()) : t.detach();
    places_.emplace(std::move(place), name);
    return name;
  }

  std::set<const TensorImpl*> seen_;
  std::map<const TensorImpl*, int> numbers_;
  std::map<Place, std::string> places_;
  int count_ = 0;
};

}  // namespace

void save_value(const std::string& path, const Value& value) {
  RecordingGuard off(false);
  Writer writer;
  writer.find_repeated(value);
  writer.json = "{\"version\":" + std::to_string(kStructureVersion) + ",\"root\":";
  writer.write(value, "", 0);
  writer.json += '}';
  save(path, writer.tensors, {{kStructureKey, writer.json}});
}

}  // namespace io
WENGERT_NAMESPACE_END
