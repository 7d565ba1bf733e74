#include "ops/op.h"

#include <cstdio>

#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

Shape with_front(int64_t n, Dims shape) {
  Shape s;
  s.push(n);
  for (const int64_t d : shape) s.push(d);
  return s;
}
Shape one_later(Dims dims) {
  Shape s = dims;
  for (int i = 0; i < s.ndim; ++i) ++s.d[i];
  return s;
}

bool broadcast_shapes(Dims a, Dims b, Shape& out) { return broadcast(a, b, out.d, &out.ndim); }

std::string attribute_text(int64_t v) { return std::to_string(v); }
std::string attribute_text(uint64_t v) { return std::to_string(v); }
std::string attribute_text(bool v) { return v ? "True" : "False"; }
std::string attribute_text(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", v);
  return text;
}
std::string attribute_text(DType v) { return name_of(v); }
std::string attribute_text(const Scalar& v) {
  switch (v.kind()) {
    case DTypeKind::boolean:
      return attribute_text(v.to_bool());
    case DTypeKind::integer:
      return attribute_text(v.to_int());
    case DTypeKind::floating:
      return attribute_text(v.to_double());
    case DTypeKind::complex: {
      const auto c = v.to_complex();
      return attribute_text(c.real()) + "+" + attribute_text(c.imag()) + "j";
    }
  }
  return {};
}
std::string attribute_text(const Shape& v) { return to_text(v); }
std::string attribute_text(const std::vector<int64_t>& v) { return to_text(v); }

void visit_attribute(AttributeVisitor& visitor, const char* names, int i,
                     const std::string& value) {
  std::string all = names;
  size_t begin = 0;
  for (; i > 0; --i) begin = all.find(',', begin) + 1;
  std::string name = all.substr(begin, all.find(',', begin) - begin);
  name.erase(0, name.find_first_not_of(' '));
  if (!name.empty() && name.back() == '_') name.pop_back();
  visitor.visit(name.c_str(), value);
}

namespace detail {
void undefined_input(const char* op) {
  fail<ValueError>(op, ": expected a tensor, but got an undefined one");
}
}  // namespace detail

WENGERT_NAMESPACE_END
