// Text and copies of containers.
#include <string_view>

#include "nn/text.h"
#include "wengert/nn/container.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

std::string ModuleList::to_string() const {
  std::vector<std::string> lines, texts;
  for (const auto& [name, module] : children()) texts.push_back(module->to_string());
  for (size_t i = 0, end; i < texts.size(); i = end) {
    end = i + 1;
    while (end < texts.size() && texts[end] == texts[i]) ++end;
    const std::string first = '(' + std::to_string(i), text = indented(texts[i]);
    lines.push_back(end == i + 1 ? first + "): " + text
                                 : first + '-' + std::to_string(end - 1) +
                                       "): " + std::to_string(end - i) + " x " + text);
  }
  return module_text(type_name(*this), {}, lines);
}

namespace {

std::string describe(const std::string& name, const Tensor& t, const std::string& kind) {
  std::string sizes;
  for (const int64_t size : t.shape()) sizes += (sizes.empty() ? "" : "x") + std::to_string(size);
  return "  (" + name + "): Parameter containing: [" + kind + " of size " + sizes + ']';
}
void add_line(std::string& to, const std::string& line) { to += (to.empty() ? "" : "\n") + line; }

// The name that Tensor.type() of Python gives the tensors of a dtype.
std::string type_of(DType dtype) {
  constexpr std::pair<DType, const char*> names[] = {
      {DType::float32, "FloatTensor"},          {DType::float64, "DoubleTensor"},
      {DType::float16, "HalfTensor"},           {DType::bfloat16, "BFloat16Tensor"},
      {DType::complex64, "ComplexFloatTensor"}, {DType::complex128, "ComplexDoubleTensor"}};
  for (const auto& [each, name] : names) {
    if (each == dtype) return name;
  }
  return "Tensor";
}

}  // namespace

std::string ParameterList::extra_repr() const {
  std::string text;
  for (size_t i = 0; i < values_.size(); ++i) {
    const Tensor& t = values_[i];
    add_line(text, describe(std::to_string(i), t, std::string("wengert.") + name_of(t.dtype())));
  }
  return text;
}
std::string ParameterDict::extra_repr() const {
  std::string text;
  for (const auto& [name, t] : values_) {
    add_line(text, describe(name, t, "torch." + type_of(t.dtype())));
  }
  return text;
}

std::shared_ptr<Module> ParameterList::make_like() const {
  auto made = make<ParameterList>();
  for (const Tensor& t : values_) made->append(t.detach().clone());
  return made;
}
std::shared_ptr<Module> ParameterDict::make_like() const {
  auto made = make<ParameterDict>();
  for (const auto& [name, t] : values_) made->set(name, t.detach().clone());
  return made;
}

}  // namespace nn
WENGERT_NAMESPACE_END
