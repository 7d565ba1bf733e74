// The textual signature of a function row, made ready for parsing calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/python_tensor.h"
#include "ops/function.h"

namespace wengert::python {

struct Parameter {
  std::string name;
  PyObject* key = nullptr;  // the interned name
  ArgKind kind;
  bool required = true;
  bool keyword_only = false;
  bool variadic = false;  // "*size": separate ints or one list
  Value value;            // the default
  std::string text;       // the default as written
};

struct Signature {
  std::vector<Parameter> parameters;
  std::vector<std::string> results;  // names, where there are several

  explicit Signature(const Function& f);
  // As help() shows it: "input, dim=-1, *, dtype=None".
  std::string describe() const;
};

const char* kind_text(ArgKind kind);

}  // namespace wengert::python
