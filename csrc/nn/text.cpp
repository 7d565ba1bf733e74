#include "nn/text.h"

#include "nn/hooks.h"

#if __has_include(<cxxabi.h>)
#include <cxxabi.h>
#define WENGERT_HAS_CXXABI 1
#endif

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ostream>
#include <typeinfo>

WENGERT_NAMESPACE_BEGIN
namespace nn {

std::string type_name(const Module& m) {
  std::string name = typeid(m).name();
#if WENGERT_HAS_CXXABI
  int failed = 0;
  char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &failed);
  if (!failed) name = readable;
  std::free(readable);
#endif
  return name.substr(name.rfind(':') + 1);
}

std::string text_of(double v) {
  if (!std::isfinite(v)) return std::isnan(v) ? "nan" : v > 0 ? "inf" : "-inf";
  char text[64];
  const auto write = [&](std::chars_format format) {
    return std::string(text, std::to_chars(text, text + sizeof text, v, format).ptr);
  };
  const std::string scientific = write(std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (exponent < -4 || exponent >= 16) return scientific;
  const std::string fixed = write(std::chars_format::fixed);
  return fixed.find('.') == fixed.npos ? fixed + ".0" : fixed;
}

std::string indented(const std::string& text) {
  std::string moved;
  for (const char c : text) {
    moved += c;
    if (c == '\n') moved += "  ";
  }
  return moved;
}

std::string module_text(const std::string& name, const std::string& extra,
                        const std::vector<std::string>& children) {
  if (children.empty() && extra.find('\n') == extra.npos) return name + '(' + extra + ')';
  std::string text = name + '(';
  if (!extra.empty()) text += "\n  " + indented(extra);
  for (const std::string& child : children) text += "\n  " + child;
  return text + "\n)";
}

std::string Module::to_string() const {
  std::vector<std::string> lines;
  for (const auto& [name, module] : modules_) {
    lines.push_back('(' + name + "): " + indented(module->to_string()));
  }
  const char* before = hooks_ && hooks_->parametrized ? "Parametrized" : "";
  return module_text(before + type_name(*this), extra_repr(), lines);
}

std::string Module::extra_repr() const { return {}; }

std::ostream& operator<<(std::ostream& out, const Module& module) {
  return out << module.to_string();
}

}  // namespace nn
WENGERT_NAMESPACE_END
