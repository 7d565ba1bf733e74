// The visitor of an operation's fields that looks for some of them begins with this one.
#pragma once

#include "autograd/fields.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// Does nothing with any field.
class IgnoreFields : public FieldVisitor {
 public:
  void visit(const std::string&, bool&) override {}
  void visit(const std::string&, int64_t&) override {}
  void visit(const std::string&, uint64_t&) override {}
  void visit(const std::string&, double&) override {}
  void visit(const std::string&, DType&) override {}
  void visit(const std::string&, Scalar&) override {}
  void visit(const std::string&, Shape&) override {}
  void visit(const std::string&, std::vector<int64_t>&) override {}
};

}  // namespace tape
WENGERT_NAMESPACE_END
