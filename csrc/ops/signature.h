// The textual signature of a function row, made ready for calls from other languages.
#pragma once

#include <string>
#include <vector>

#include "ops/function.h"

WENGERT_NAMESPACE_BEGIN

struct WENGERT_API Parameter {
  std::string name;
  ArgKind kind;
  bool required = true;
  bool keyword_only = false;
  bool variadic = false;      // "*size": separate ints or one list
  Value value;                // the default; it may point into this object
  std::string text;           // the default as written
  std::vector<int64_t> dims;  // the default, where it is a list

  // Whether "nothing" may be given.
  bool nullable() const;
};

struct WENGERT_API Signature {
  std::vector<Parameter> parameters;
  std::vector<std::string> results;  // names, where there are several

  explicit Signature(const Function& f);
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;
  // As it is shown to users: "input, dim=-1, *, dtype=None".
  std::string describe() const;
};

WENGERT_API const char* kind_text(ArgKind kind);

// Whether the function has a form that changes its first argument, called by its name and "_".
WENGERT_API bool has_in_place_form(const Function& f);
// Calls that form with values for all parameters; returns values[0].
WENGERT_API Tensor call_in_place(const Function& f, const Signature& signature, Value* values);

WENGERT_NAMESPACE_END
