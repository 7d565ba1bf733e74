#include "tape/attributes.h"

#include <cstring>

#include "autograd/fields.h"
#include "tape/file.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// The order of kernels::Unary.
#define WG_UNARY(op, ...) #op,
constexpr const char* unary_names[] = {
#include "wengert/ops/unary.def"
};
#undef WG_UNARY

bool names_kernel(const std::string& key, const std::string& field) {
  return key == "unary_gradient" && field == "kernel";
}

class Reading final : public FieldVisitor {
 public:
  Reading(const std::string& key, Attributes& to) : key_(key), to_(to) {}
  void visit(const std::string& n, bool& v) override { add(n, v); }
  void visit(const std::string& n, int64_t& v) override {
    if (names_kernel(key_, n)) {
      const auto i = static_cast<uint64_t>(v);
      add(n, std::string(i < std::size(unary_names) ? unary_names[i] : ""));
    } else {
      add(n, v);
    }
  }
  void visit(const std::string& n, uint64_t& v) override { add(n, v); }
  void visit(const std::string& n, double& v) override { add(n, v); }
  void visit(const std::string& n, DType& v) override { add(n, v); }
  void visit(const std::string& n, Scalar& v) override { add(n, v); }
  void visit(const std::string& n, Shape& v) override { add(n, Dims(v).vec()); }
  void visit(const std::string& n, std::vector<int64_t>& v) override { add(n, v); }

 private:
  void add(const std::string& n, Attribute v) { to_.emplace_back(n, std::move(v)); }
  const std::string& key_;
  Attributes& to_;
};

int64_t bounded(const Json& v, const char* where) {
  const int64_t i = v.integer(where);
  WG_CHECK(i >= -kLargest && i <= kLargest, ValueError, "load: ", where, ": ", i, " is too large");
  return i;
}

Scalar scalar_of(const Json& v, const char* where) {
  const auto& members = v.members(where);
  WG_CHECK(members.size() == 1, ValueError, "load: ", where,
           ": expected a number with its kind as {\"float\": 1.5}");
  const auto& [kind, number] = members[0];
  if (kind == "bool") return Scalar(number.boolean(where));
  if (kind == "int") return Scalar(number.integer(where));
  if (kind == "float") return Scalar(number.number(where));
  WG_CHECK(kind == "complex" && number.array(where).size() == 2, ValueError, "load: ", where,
           ": expected bool, int, float, or complex with two numbers, but got '", kind, "'");
  const auto& parts = number.array(where);
  return Scalar(std::complex<double>(parts[0].number(where), parts[1].number(where)));
}

class Writing final : public FieldVisitor {
 public:
  Writing(const std::string& key, const Json* from) : key_(key), from_(from) {}
  void visit(const std::string& n, bool& v) override {
    const auto [json, where] = at(n);
    v = json.boolean(where);
  }
  void visit(const std::string& n, int64_t& v) override {
    const auto [json, where] = at(n);
    if (names_kernel(key_, n)) {
      const std::string& name = json.string(where);
      int64_t i = 0;
      while (i < static_cast<int64_t>(std::size(unary_names)) && name != unary_names[i]) ++i;
      WG_CHECK(i < static_cast<int64_t>(std::size(unary_names)), ValueError, "load: ", where,
               ": there is no function '", name, "'");
      v = i;
    } else {
      v = bounded(json, where);
    }
  }
  void visit(const std::string& n, uint64_t& v) override {
    const auto [json, where] = at(n);
    v = json.natural(where);
  }
  void visit(const std::string& n, double& v) override {
    const auto [json, where] = at(n);
    v = json.number(where);
  }
  void visit(const std::string& n, DType& v) override {
    const auto [json, where] = at(n);
    v = dtype_named(json.string(where));
  }
  void visit(const std::string& n, Scalar& v) override {
    const auto [json, where] = at(n);
    v = scalar_of(json, where);
  }
  void visit(const std::string& n, Shape& v) override {
    const auto [json, where] = at(n);
    const auto& list = json.array(where);
    WG_CHECK(list.size() <= kMaxDims, ValueError, "load: ", where, ": more than ", kMaxDims,
             " numbers");
    v.ndim = 0;
    for (const Json& i : list) v.push(bounded(i, where));
  }
  void visit(const std::string& n, std::vector<int64_t>& v) override {
    const auto [json, where] = at(n);
    v.clear();
    for (const Json& i : json.array(where)) v.push_back(bounded(i, where));
  }
  size_t count = 0;

 private:
  struct Found {
    const Json& json;
    const char* where;  // until the next is looked up
  };
  Found at(const std::string& name) {
    ++count;
    where_ = key_ + ", attribute '" + name + "'";
    const Json* v = from_ ? from_->find(name) : nullptr;
    WG_CHECK(v, ValueError, "load: ", where_, " is missing");
    return {*v, where_.c_str()};
  }

  const std::string& key_;
  const Json* from_;
  std::string where_;
};

}  // namespace

DType dtype_named(const std::string& name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (name == name_of(static_cast<DType>(i))) return static_cast<DType>(i);
  }
  fail<ValueError>("load: there is no dtype '", name, "'");
}

Attributes attributes_of(const std::string& key, const OpValue& op) {
  Attributes all;
  Reading reading(key, all);
  // The visitor changes nothing.
  if (op.cls().fields) op.cls().fields(const_cast<void*>(op.get()), reading);
  return all;
}

std::string to_json(const Attribute& v) {
  struct Text {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(int64_t i) const { return std::to_string(i); }
    std::string operator()(uint64_t i) const { return json_number(i); }
    std::string operator()(double d) const { return json_number(d); }
    std::string operator()(DType t) const { return (*this)(std::string(name_of(t))); }
    std::string operator()(const std::string& s) const { return '"' + s + '"'; }
    std::string operator()(const Scalar& s) const {
      switch (s.kind()) {
        case DTypeKind::boolean:
          return "{\"bool\":" + (*this)(s.to_bool()) + "}";
        case DTypeKind::integer:
          return "{\"int\":" + (*this)(s.to_int()) + "}";
        case DTypeKind::floating:
          return "{\"float\":" + (*this)(s.to_double()) + "}";
        case DTypeKind::complex:
          break;
      }
      const std::complex<double> z = s.to_complex();
      return "{\"complex\":[" + (*this)(z.real()) + "," + (*this)(z.imag()) + "]}";
    }
    std::string operator()(const std::vector<int64_t>& list) const {
      std::string text = "[";
      for (const int64_t i : list) text += (text.size() > 1 ? "," : "") + std::to_string(i);
      return text + "]";
    }
  };
  return std::visit(Text(), v);
}

OpValue make_operation(const Operation& operation, const Json* attributes) {
  const std::string key = operation.key;
  const OpClass& cls = *operation.cls;
  OpValue op(cls, operation.make);
  Writing writing(key, attributes);
  if (cls.fields && cls.size) cls.fields(op.get(), writing);
  const size_t given = attributes ? attributes->members(key.c_str()).size() : 0;
  WG_CHECK(given == writing.count, ValueError, "load: ", key, " has ", writing.count,
           " attributes, but ", given, " are given");
  // What an operation keeps in less room must be what was given.
  for (const auto& [name, value] : attributes_of(key, op)) {
    const Json& want = (*attributes)[name];
    bool same = true;
    if (const auto* i = std::get_if<int64_t>(&value)) same = *i == want.integer(name.c_str());
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
      same = *list == want.integers(name.c_str());
    WG_CHECK(same, ValueError, "load: ", key, ", attribute '", name,
             "': such a value does not exist");
  }
  return op;
}

}  // namespace tape
WENGERT_NAMESPACE_END
