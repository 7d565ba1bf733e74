#include "ops/signature.h"

#include <cstdlib>
#include <limits>

#include "autograd/inspect.h"
#include "tensor/impl.h"
#include "wengert/autograd.h"
#include "wengert/detail/owner.h"
#include "wengert/ops/creation.h"

WENGERT_NAMESPACE_BEGIN

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  int depth = 0;
  std::string part;
  for (const char c : text) {
    depth += c == '(' || c == '[';
    depth -= c == ')' || c == ']';
    if (c == ',' && depth == 0) {
      parts.push_back(part);
      part.clear();
    } else if (!(c == ' ' && part.empty())) {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

// Sets the default from its text.
void set_default(Parameter& p) {
  const std::string& t = p.text;
  Value& v = p.value;
  if (t == "None" || t == "()") {
    v.none = true;
    return;
  }
  if (t == "True" || t == "False") {
    v.boolean = t == "True";
    v.scalar = v.boolean;
  } else if (t[0] == '\'' || t[0] == '"') {
    // The text outlives the value: both stand in the parameter.
    v.data = p.text.data() + 1;
    v.size = t.size() - 2;
    return;
  } else if (t[0] == '(') {
    for (const std::string& s : split(t.substr(1, t.size() - 2)))
      p.dims.push_back(std::atoll(s.c_str()));
    v.data = p.dims.data();
    v.size = p.dims.size();
    return;
  } else {
    const double d = t == "inf" ? std::numeric_limits<double>::infinity() : std::atof(t.c_str());
    const bool whole = t.find_first_of(".ein") == std::string::npos;
    if (p.kind == ArgKind::real || p.kind == ArgKind::optional_real) {
      v.real = d;
    } else if (p.kind == ArgKind::dims || p.kind == ArgKind::optional_dims) {
      p.dims = {std::atoll(t.c_str())};
      v.data = p.dims.data();
      v.size = 1;
      return;
    } else {
      v.integer = static_cast<int64_t>(d);
    }
    v.scalar = whole ? Scalar(static_cast<int64_t>(d)) : Scalar(d);
    if (p.kind == ArgKind::operand) v.tensor = nullptr;
  }
}

// Whether an argument requires grad.
bool takes_part(const Signature& signature, const Value* values) {
  for (size_t i = 0; i < signature.parameters.size(); ++i) {
    const ArgKind kind = signature.parameters[i].kind;
    const bool is_tensor = kind == ArgKind::tensor || kind == ArgKind::operand;
    if (is_tensor && values[i].tensor && values[i].tensor->requires_grad()) return true;
  }
  return false;
}

}  // namespace

bool Parameter::nullable() const {
  return (!required && value.none) || kind == ArgKind::optional_scalar ||
         kind == ArgKind::optional_integer || kind == ArgKind::optional_real ||
         kind == ArgKind::optional_boolean || kind == ArgKind::optional_dims ||
         kind == ArgKind::optional_dtype;
}

const char* kind_text(ArgKind kind) {
  switch (kind) {
    case ArgKind::tensor:
      return "Tensor";
    case ArgKind::operand:
      return "Tensor or number";
    case ArgKind::tensor_list:
      return "sequence of Tensors";
    case ArgKind::scalar:
    case ArgKind::optional_scalar:
      return "number";
    case ArgKind::integer:
    case ArgKind::optional_integer:
      return "int";
    case ArgKind::real:
    case ArgKind::optional_real:
      return "float";
    case ArgKind::boolean:
    case ArgKind::optional_boolean:
      return "bool";
    case ArgKind::dims:
    case ArgKind::optional_dims:
      return "int or sequence of ints";
    case ArgKind::dtype:
    case ArgKind::optional_dtype:
      return "dtype";
    case ArgKind::text:
      return "str";
    case ArgKind::generator:
      return "Generator";
  }
  return "value";
}

Signature::Signature(const Function& f) {
  std::string text = f.signature;
  if (const size_t arrow = text.find(" -> "); arrow != std::string::npos) {
    results = split(text.substr(arrow + 4));
    text.resize(arrow);
  }
  bool keyword_only = false;
  const auto parts = split(text);
  parameters.reserve(parts.size());
  for (const std::string& part : parts) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    Parameter& p = parameters.emplace_back();
    const size_t equals = part.find('=');
    p.name = part.substr(0, equals);
    p.keyword_only = keyword_only;
    if (p.name[0] == '*') {
      p.name.erase(0, 1);
      p.variadic = true;
      keyword_only = true;
    }
    const size_t index = parameters.size() - 1;
    p.kind = index < static_cast<size_t>(f.n_args) ? f.kinds[index] : ArgKind::tensor;
    if (equals != std::string::npos) {
      p.required = false;
      p.text = part.substr(equals + 1);
    }
  }
  // Only now do the parameters keep their addresses.
  for (Parameter& p : parameters) {
    if (!p.required) set_default(p);
  }
}

std::string Signature::describe() const {
  std::string s;
  bool star = false;
  for (const Parameter& p : parameters) {
    if (!s.empty()) s += ", ";
    if (p.keyword_only && !star) {
      s += "*, ";
      star = true;
    }
    if (p.variadic) {
      s += "*";
      star = true;
    }
    s += p.name;
    if (!p.required) s += "=" + p.text;
  }
  return s;
}

bool has_in_place_form(const Function& f) {
  return (f.flags & kInPlace) != 0 || (f.in_place && (f.flags & kMethod));
}

Tensor call_in_place(const Function& f, const Signature& signature, Value* values) {
  Tensor target = Tensor::share(values[0].tensor);
  if (f.in_place) {
    f.in_place(values);
    return target;
  }
  // What the call saves for its gradient must not be what is overwritten.
  Tensor before;
  if (is_grad_enabled() && (is_transforming() || takes_part(signature, values))) {
    before = clone(target);
    values[0].tensor = before.impl();
  }
  Result result;
  f.call(values, result);
  detail::store_result(f.name, target,
                       result.kind == ResultKind::tensors ? result.tensors[0] : result.tensor);
  return target;
}

WENGERT_NAMESPACE_END
