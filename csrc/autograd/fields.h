// The attributes of an operation, one by one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN

// Sees each field by its name, and may change it.
class FieldVisitor {
 public:
  virtual ~FieldVisitor() = default;
  virtual void visit(const std::string& name, bool& v) = 0;
  virtual void visit(const std::string& name, int64_t& v) = 0;
  virtual void visit(const std::string& name, uint64_t& v) = 0;
  virtual void visit(const std::string& name, double& v) = 0;
  virtual void visit(const std::string& name, DType& v) = 0;
  virtual void visit(const std::string& name, Scalar& v) = 0;
  virtual void visit(const std::string& name, Shape& v) = 0;
  virtual void visit(const std::string& name, std::vector<int64_t>& v) = 0;
};

// The i-th of the comma-separated names of fields, without the underscore of members.
std::string field_name(const char* names, int i);

// Names and values as text.
std::vector<std::pair<std::string, std::string>> attributes_of(const OpClass& cls, const void* op);

WENGERT_NAMESPACE_END
