#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "io/json.h"
#include "io/structure.h"
#include "tensor/check.h"
#include "wengert/io.h"
#include "wengert/ops/complex.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

template <class... Args>
[[noreturn]] void damaged(const Args&... what) {
  fail<ValueError>("load: the file's structure is damaged: ", what...);
}

bool is_true(const Value& node, const char* name) {
  const Value* v = node.find(name);
  return v && v->is_bool() && v->to_bool();
}

class Reader {
 public:
  explicit Reader(const TensorMap& tensors) : tensors_(tensors) {}

  // JSON in which everything but plain values is an object whose first key is its type.
  Value decode(const Value& node, int depth) {
    if (depth > kDeepestStructure + 1) damaged("it is nested too deeply");
    if (node.is_list()) return Value::list(decode_all(node, depth));
    if (!node.is_dict()) return node;
    if (node.entries().empty()) damaged("an empty object");
    const auto& [key, value] = node.entries().front();
    const std::string& type = key.text();
    if (type == "tensor") return decode_tensor(node, value);
    if (type == "same") {
      const auto t = value.is_int() ? by_id_.find(value.to_int()) : by_id_.end();
      if (t == by_id_.end()) damaged("it refers to a tensor that is not there");
      return t->second;
    }
    if (type == "sparse") return decode_sparse(node, value, depth);
    if (type == "dict" || type == "odict") return decode_dict(value, depth);
    if (type == "tuple" || type == "size") return Value::tuple(decode_all(value, depth));
    if (type == "set" || type == "frozenset") return Value::list(decode_all(value, depth));
    if (type == "float") return decode_float(value.text());
    if (type == "dtype" || type == "device") return value.text();
    fail<ValueError>("load: the file holds a value of type '", type,
                     "', which has no counterpart here");
  }

 private:
  std::vector<Value> decode_all(const Value& list, int depth) {
    std::vector<Value> items;
    for (const Value& item : list.items()) items.push_back(decode(item, depth + 1));
    return items;
  }
  Value decode_dict(const Value& pairs, int depth) {
    std::vector<Value::Entry> entries;
    for (const Value& pair : pairs.items()) {
      if (!pair.is_list() || pair.items().size() != 2)
        damaged("a dict of something else than pairs");
      // As in saving: value after key, so that the first mention of a tensor comes first.
      Value key = decode(pair[0], depth + 1);
      entries.emplace_back(std::move(key), decode(pair[1], depth + 1));
    }
    return Value::dict(std::move(entries));
  }
  static double decode_float(const std::string& text) {
    if (text == "inf") return INFINITY;
    if (text == "-inf") return -INFINITY;
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
    double v = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, v);
    if (error != std::errc() || at != end) damaged("'", text, "' is no number");
    return v;
  }

  Tensor decode_tensor(const Value& node, const Value& name) {
    const auto found = name.is_text() ? tensors_.find(name.text()) : tensors_.end();
    if (found == tensors_.end()) damaged("a tensor is missing");
    Tensor t = found->second;
    if (is_true(node, "complex128")) {
      if (t.dtype() != DType::float64 || t.dim() == 0 || t.size(-1) != 2) {
        damaged("complex numbers must be stored as pairs of float64");
      }
      t = view_as_complex(t).clone();
    } else if (!used_.insert(name.text()).second) {
      t = t.detach();  // another tensor over the same memory
    }
    if (is_true(node, "requires_grad")) {
      if (!is_floating(t.dtype()) && !is_complex(t.dtype())) {
        damaged("a tensor of dtype ", t.dtype(), " cannot require grad");
      }
      t.requires_grad_();
    }
    const Value* id = node.find("id");
    if (id && id->is_int()) by_id_[id->to_int()] = t;
    return t;
  }

  Tensor decode_sparse(const Value& node, const Value& indices_node, int depth) {
    if (is_true(node, "csr")) {
      fail<ValueError>("load: the file holds a sparse tensor stored by rows; save to_sparse_coo()");
    }
    const Tensor indices = decode(indices_node, depth + 1).tensor();
    const Tensor values = decode(node["values"], depth + 1).tensor();
    std::vector<int64_t> size;
    for (const Value& n : node["size"].items()) size.push_back(n.to_int());
    const auto ndim = static_cast<int64_t>(size.size());
    const bool fits = indices.dtype() == DType::int64 && indices.dim() == 2 && values.dim() >= 1 &&
                      ndim <= kMaxDims && indices.size(1) == values.size(0) &&
                      indices.size(0) + values.dim() - 1 == ndim;
    if (!fits) damaged("a sparse tensor's indices, values and size do not belong together");
    const auto sparse = static_cast<size_t>(indices.size(0));
    for (size_t d = 0; d < size.size(); ++d) {
      if (size[d] < 0) damaged("a sparse tensor has a negative size");
      if (d >= sparse && values.shape()[d - sparse + 1] != size[d]) {
        damaged("a sparse tensor's values do not have its size");
      }
    }
    const Tensor rows = indices.contiguous();
    const int64_t* at = rows.data<int64_t>();
    const int64_t count = values.size(0);
    for (int64_t k = 0; k < rows.numel(); ++k) {
      if (at[k] < 0 || at[k] >= size[static_cast<size_t>(k / count)]) {
        damaged("an index of a sparse tensor lies outside of it");
      }
    }
    return new_sparse(size, {rows, values, is_true(node, "coalesced") && ascending(rows)});
  }
  // Whether each column comes after the one before, compared from the first row on.
  static bool ascending(const Tensor& rows) {
    const int64_t* at = rows.data<int64_t>();
    const int64_t n = rows.size(0), count = rows.size(1);
    for (int64_t k = 1; k < count; ++k) {
      int64_t d = 0;
      while (d < n && at[d * count + k] == at[d * count + k - 1]) ++d;
      if (d == n || at[d * count + k] < at[d * count + k - 1]) return false;
    }
    return true;
  }

  const TensorMap& tensors_;
  std::set<std::string> used_;
  std::map<int64_t, Tensor> by_id_;
};

}  // namespace

Value load_value(const std::string& path) {
  RecordingGuard off(false);
  const TensorFile file = load(path);
  const auto text = file.metadata.find(kStructureKey);
  if (text == file.metadata.end()) return file.tensors;
  JsonReader json(text->second);
  const Value structure = json.value(3 * kDeepestStructure + 10);
  json.end();
  const Value* version = structure.is_dict() ? structure.find("version") : nullptr;
  const Value* root = structure.is_dict() ? structure.find("root") : nullptr;
  if (!root) damaged("it has no root");
  WG_CHECK(version && version->is_int() && version->to_int() == kStructureVersion, ValueError,
           "load: the file's structure has another version than ", kStructureVersion,
           "; was it saved by a newer program?");
  return Reader(file.tensors).decode(*root, 0);
}

}  // namespace io
WENGERT_NAMESPACE_END
