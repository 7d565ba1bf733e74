#include "autograd/fields.h"

#include <cstdio>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

class Texts final : public FieldVisitor {
 public:
  std::vector<std::pair<std::string, std::string>> list;

  void visit(const std::string& name, bool& v) override { add(name, v ? "True" : "False"); }
  void visit(const std::string& name, int64_t& v) override { add(name, std::to_string(v)); }
  void visit(const std::string& name, uint64_t& v) override { add(name, std::to_string(v)); }
  void visit(const std::string& name, double& v) override { add(name, text(v)); }
  void visit(const std::string& name, DType& v) override { add(name, name_of(v)); }
  void visit(const std::string& name, Scalar& v) override { add(name, text(v)); }
  void visit(const std::string& name, Shape& v) override { add(name, to_text(v)); }
  void visit(const std::string& name, std::vector<int64_t>& v) override { add(name, to_text(v)); }

 private:
  void add(const std::string& name, std::string value) { list.emplace_back(name, value); }
  static std::string text(double v) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.17g", v);
    return digits;
  }
  static std::string text(const Scalar& v) {
    switch (v.kind()) {
      case DTypeKind::boolean:
        return v.to_bool() ? "True" : "False";
      case DTypeKind::integer:
        return std::to_string(v.to_int());
      case DTypeKind::floating:
        return text(v.to_double());
      case DTypeKind::complex:
        return text(v.to_complex().real()) + "+" + text(v.to_complex().imag()) + "j";
    }
    return {};
  }
};

}  // namespace

std::string field_name(const char* names, int i) {
  const std::string all = names;
  size_t begin = 0;
  for (; i > 0; --i) begin = all.find(',', begin) + 1;
  std::string name = all.substr(begin, all.find(',', begin) - begin);
  name.erase(0, name.find_first_not_of(' '));
  if (!name.empty() && name.back() == '_') name.pop_back();
  return name;
}

std::vector<std::pair<std::string, std::string>> attributes_of(const OpClass& cls, const void* op) {
  Texts texts;
  // The visitor changes nothing.
  if (cls.fields) cls.fields(const_cast<void*>(op), texts);
  return std::move(texts.list);
}

WENGERT_NAMESPACE_END
