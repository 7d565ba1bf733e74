// How the text of modules is put together, in the form of Python's repr.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "wengert/nn/module.h"
#include "wengert/nn/size.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// The name of the module's class, without its namespaces.
std::string type_name(const Module& m);

// `text` with the lines behind the first moved to the right by two.
std::string indented(const std::string& text);

// The form of a module of this name: Name(extra), or a line for each of these.
std::string module_text(const std::string& name, const std::string& extra,
                        const std::vector<std::string>& children);

std::string text_of(double v);  // the shortest digits that mean v: 0.1, 1.0, 1e-05
inline std::string text_of(bool v) { return v ? "True" : "False"; }
inline std::string text_of(int64_t v) { return std::to_string(v); }
inline std::string text_of(const std::string& v) { return v; }
inline std::string text_of(const char* v) { return v; }
inline std::string quoted(const std::string& v) { return '\'' + v + '\''; }

template <class T>
std::string text_of(const std::optional<T>& v) {
  return v ? text_of(*v) : "None";
}

// A tuple.
template <class List>
std::string tuple_text(const List& values) {
  std::string text;
  for (const auto& v : values) text += (text.empty() ? "" : ", ") + text_of(v);
  return '(' + text + (std::size(values) == 1 ? ",)" : ")");
}
inline std::string text_of(const std::vector<int64_t>& v) { return tuple_text(v); }
template <size_t N>
std::string text_of(const SizeOf<N>& v) {
  return tuple_text(v.d);
}
// As it was given: a number, or a tuple.
template <size_t N>
std::string as_given(const SizeOf<N>& v) {
  return v.is_one ? text_of(v.d[0]) : text_of(v);
}

// What stands between the parentheses, comma by comma.
class Text {
 public:
  template <class T>
  Text& add(const T& value) {
    text_ += (text_.empty() ? "" : ", ") + text_of(value);
    return *this;
  }
  template <class T>
  Text& add(const char* name, const T& value) {
    return add(name + ('=' + text_of(value)));
  }
  // What is not said where it is the default.
  template <class T>
  Text& add_unless(const T& usual, const char* name, const T& value) {
    return value == usual ? *this : add(name, value);
  }
  operator std::string() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace nn
WENGERT_NAMESPACE_END
