// Every function by its name. This file alone knows the list of all functions, which keeps every
// operation in the program that calls it.
#include "capi/call.h"

#include <cstring>
#include <memory>
#include <optional>
#include <unordered_map>

#include "ops/signature.h"
#include "tensor/impl.h"

namespace wg = wengert;
using wg::ArgKind;
using wg::Scalar;
using wg::Tensor;
using wg::capi::Call;
using wg::capi::guard;
using wg::capi::handle;
using wg::capi::impl;

namespace {

struct Entry {
  const wg::Function* function;
  wg::Signature signature;
  explicit Entry(const wg::Function& f) : function(&f), signature(f) {}
};

// All functions, in the order of the tables and by name; made once and never destroyed.
struct Index {
  std::vector<std::unique_ptr<Entry>> entries;
  std::unordered_map<std::string_view, const Entry*> by_name;

  static const Index& get() {
    static const Index* index = new Index;
    return *index;
  }

 private:
  Index() {
    for (const wg::FunctionTable& table : wg::all_function_tables()) {
      for (size_t i = 0; i < table.size; ++i) {
        entries.push_back(std::make_unique<Entry>(table.rows[i]));
        by_name.emplace(table.rows[i].name, entries.back().get());
      }
    }
  }
};

// The function of that name, and whether its form in place is meant.
std::pair<const Entry*, bool> find(const Call& c, const char* name) {
  const auto& by_name = Index::get().by_name;
  std::string_view text = name;
  if (const auto found = by_name.find(text); found != by_name.end()) return {found->second, false};
  if (text.ends_with('_')) {
    text.remove_suffix(1);
    const auto found = by_name.find(text);
    if (found != by_name.end() && wg::has_in_place_form(*found->second->function)) {
      return {found->second, true};
    }
  }
  wg::fail<wg::ValueError>(c.function, ": there is no function '", name,
                           "'; wg_function_info lists them");
}

const char* given_text(wg_kind kind) {
  static constexpr const char* texts[] = {"nothing", "a tensor", "tensors",    "an int",
                                          "a real",  "a bool",   "complex",    "ints",
                                          "a dtype", "text",     "a generator"};
  return kind >= 0 && kind <= WG_KIND_GENERATOR ? texts[kind] : "a value of an unknown kind";
}

// The arguments of one call as the function takes them.
class Arguments {
 public:
  Arguments(const Entry& entry, const wg_value* given, int64_t n)
      : name_(entry.function->name), signature_(entry.signature) {
    const auto& parameters = signature_.parameters;
    bool filled[wg::kMaxArguments] = {};
    bool named = false;
    size_t position = 0;
    for (int64_t i = 0; i < n; ++i) {
      size_t at = position;
      if (given[i].name) {
        named = true;
        at = 0;
        while (at < parameters.size() && parameters[at].name != given[i].name) ++at;
        WG_CHECK(at < parameters.size(), wg::TypeError, name_, ": there is no parameter '",
                 given[i].name, "'; they are (", signature_.describe(), ")");
      } else {
        WG_CHECK(!named, wg::TypeError, name_,
                 ": an argument without a name stands behind one with a name");
        WG_CHECK(at < parameters.size(), wg::TypeError, name_, ": takes at most ",
                 parameters.size(), " arguments, but ", n, " were given");
        ++position;
      }
      WG_CHECK(!filled[at], wg::TypeError, name_, ": argument '", parameters[at].name,
               "' was given twice");
      filled[at] = true;
      convert(parameters[at], given[i], values[at]);
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      if (filled[i] || parameters[i].variadic) continue;
      WG_CHECK(!parameters[i].required, wg::TypeError, name_, ": missing argument '",
               parameters[i].name, "'; the parameters are (", signature_.describe(), ")");
      values[i] = parameters[i].value;
    }
  }

  wg::Value values[wg::kMaxArguments];

 private:
  [[noreturn]] void refuse(const wg::Parameter& p, const wg_value& given) const {
    wg::fail<wg::TypeError>(name_, ": argument '", p.name, "' must be ", wg::kind_text(p.kind),
                            ", but got ", given_text(given.kind));
  }
  static bool is_none(const wg_value& v) {
    return v.kind == WG_KIND_NONE || (v.kind == WG_KIND_TENSOR && !v.as.tensor) ||
           (v.kind == WG_KIND_TEXT && !v.as.text) ||
           (v.kind == WG_KIND_GENERATOR && !v.as.generator);
  }
  static std::optional<Scalar> number(const wg_value& v) {
    switch (v.kind) {
      case WG_KIND_INT:
        return Scalar(v.as.integer);
      case WG_KIND_BOOL:
        return Scalar(v.as.integer != 0);
      case WG_KIND_REAL:
        return Scalar(v.as.real);
      case WG_KIND_COMPLEX:
        return Scalar(std::complex<double>(v.as.complex_parts[0], v.as.complex_parts[1]));
      default:
        return {};
    }
  }

  void convert(const wg::Parameter& p, const wg_value& given, wg::Value& v) const {
    if (is_none(given)) {
      if (!p.nullable()) refuse(p, given);
      v.none = true;
      return;
    }
    const Call c{name_};
    const bool ok = [&] {
      switch (p.kind) {
        case ArgKind::tensor:
          v.tensor = impl(given.as.tensor);
          return given.kind == WG_KIND_TENSOR;
        case ArgKind::operand:
          if (given.kind == WG_KIND_TENSOR) {
            v.tensor = impl(given.as.tensor);
            return true;
          }
          [[fallthrough]];
        case ArgKind::scalar:
        case ArgKind::optional_scalar: {
          const std::optional<Scalar> s = number(given);
          if (s) v.scalar = *s;
          return s.has_value();
        }
        case ArgKind::tensor_list: {
          if (given.kind != WG_KIND_TENSORS) return false;
          const wg::TensorList list = c.list(given.as.tensors, given.count, p.name.c_str(), true);
          v.data = list.begin();
          v.size = list.size();
          return true;
        }
        case ArgKind::integer:
        case ArgKind::optional_integer:
          v.integer = given.as.integer;
          return given.kind == WG_KIND_INT;
        case ArgKind::real:
        case ArgKind::optional_real: {
          const std::optional<Scalar> s = number(given);
          if (!s || given.kind == WG_KIND_COMPLEX) return false;
          v.real = s->to_double();
          return true;
        }
        case ArgKind::boolean:
        case ArgKind::optional_boolean:
          v.boolean = given.as.integer != 0;
          return given.kind == WG_KIND_BOOL || given.kind == WG_KIND_INT;
        case ArgKind::dims:
        case ArgKind::optional_dims: {
          if (given.kind == WG_KIND_INT) {
            v.data = &given.as.integer;
            v.size = 1;
            return true;
          }
          if (given.kind != WG_KIND_INTS) return false;
          const wg::Dims dims = c.dims(given.as.integers, given.count, p.name.c_str());
          v.data = dims.data();
          v.size = dims.size();
          return true;
        }
        case ArgKind::dtype:
        case ArgKind::optional_dtype:
          if (given.kind != WG_KIND_DTYPE) return false;
          v.dtype = c.dtype(static_cast<wg_dtype>(given.as.integer));
          return true;
        case ArgKind::text:
          if (given.kind != WG_KIND_TEXT) return false;
          v.data = given.as.text;
          v.size = std::strlen(given.as.text);
          return true;
        case ArgKind::generator:
          if (given.kind != WG_KIND_GENERATOR) return false;
          v.generator = &given.as.generator->generator;
          return true;
      }
      return false;
    }();
    if (!ok) refuse(p, given);
  }

  const char* name_;
  const wg::Signature& signature_;
};

wg::Result run(const Call& c, const char* name, const wg_value* given, int64_t n,
               const Entry*& entry) {
  c.pointer(name, "name");
  c.array(given, n, "arguments");
  bool in_place = false;
  std::tie(entry, in_place) = find(c, name);
  Arguments arguments(*entry, given, n);
  wg::Result result;
  if (in_place) {
    result.kind = wg::ResultKind::tensor;
    result.tensor = call_in_place(*entry->function, entry->signature, arguments.values);
  } else {
    entry->function->call(arguments.values, result);
  }
  return result;
}

}  // namespace

wg_status wg_call(const char* name, const wg_value* arguments, int64_t n_arguments,
                  wg_value* results, int64_t capacity, int64_t* count) {
  return guard(__func__, [&](const Call& c) {
    c.array(results, capacity, "results");
    const Entry* entry = nullptr;
    wg::Result r = run(c, name, arguments, n_arguments, entry);
    const int64_t n = r.kind == wg::ResultKind::nothing   ? 0
                      : r.kind == wg::ResultKind::tensors ? static_cast<int64_t>(r.tensors.size())
                                                          : 1;
    WG_CHECK(n <= capacity, wg::ValueError, name, ": there are ", n, " results, but room for ",
             capacity);
    if (count) *count = n;
    const auto& names = entry->signature.results;
    for (int64_t i = 0; i < n; ++i) {
      const auto k = static_cast<size_t>(i);
      const char* result_name = k < names.size() ? names[k].c_str() : nullptr;
      switch (r.kind) {
        case wg::ResultKind::boolean:
          results[i] = wg_arg_bool(result_name, r.integer != 0);
          break;
        case wg::ResultKind::integer:
          results[i] = wg_arg_int(result_name, r.integer);
          break;
        case wg::ResultKind::real:
          results[i] = wg_arg_real(result_name, r.real);
          break;
        case wg::ResultKind::dtype:
          results[i] = wg_arg_dtype(result_name, static_cast<wg_dtype>(r.integer));
          break;
        case wg::ResultKind::tensors:
          results[i] = wg_arg_tensor(result_name, handle(std::move(r.tensors[k])));
          break;
        default:
          results[i] = wg_arg_tensor(result_name, handle(std::move(r.tensor)));
      }
    }
  });
}

wg_status wg_call_tensor(const char* name, const wg_value* arguments, int64_t n_arguments,
                         wg_tensor** out) {
  return guard(__func__, [&](const Call& c) {
    c.pointer(out, "output");
    const Entry* entry = nullptr;
    wg::Result r = run(c, name, arguments, n_arguments, entry);
    WG_CHECK(r.kind == wg::ResultKind::tensor, wg::TypeError, name,
             ": the result is not one tensor; use wg_call");
    c.give(out, std::move(r.tensor));
  });
}

wg_status wg_function_info(int64_t number, const char** name, const char** signature,
                           const char** documentation) {
  return guard(__func__, [&](const Call& c) {
    const auto& entries = Index::get().entries;
    WG_CHECK(number >= 0 && number < static_cast<int64_t>(entries.size()), wg::IndexError,
             c.function, ": there are ", entries.size(), " functions, but no number ", number);
    const wg::Function& f = *entries[static_cast<size_t>(number)]->function;
    if (name) *name = f.name;
    if (signature) *signature = f.signature;
    if (documentation) *documentation = f.doc;
  });
}
