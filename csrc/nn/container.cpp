#include "wengert/nn/container.h"

#include <algorithm>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

using Named = std::vector<std::pair<std::string, ModulePtr>>;

// With the names "0", "1", ...
Named numbered(const std::vector<ModulePtr>& modules) {
  Named all;
  for (const ModulePtr& m : modules) all.emplace_back(std::to_string(all.size()), m);
  return all;
}

std::vector<ModulePtr> values_of(const Named& named) {
  std::vector<ModulePtr> all;
  for (const auto& [name, m] : named) all.push_back(m);
  return all;
}

template <class List>
auto find_named(List& list, const std::string& name) {
  return std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == name; });
}

template <class List>
std::vector<std::string> keys_of(const List& list) {
  std::vector<std::string> all;
  for (const auto& [name, value] : list) all.push_back(name);
  return all;
}

}  // namespace

// ---- lists of modules

ModuleList::ModuleList(std::initializer_list<ModulePtr> modules) {
  for (const ModulePtr& m : modules) append(m);
}
ModuleList::ModuleList(const std::vector<ModulePtr>& modules) { extend(modules); }

size_t ModuleList::position(const char* op, int64_t index, size_t size) const {
  const auto n = static_cast<int64_t>(size);
  WG_CHECK(index >= -n && index < n, IndexError, op, ": index ", index, " is out of range for ",
           this->size(), " modules");
  return static_cast<size_t>(index < 0 ? index + n : index);
}

void ModuleList::append(ModulePtr module) {
  register_module(std::to_string(size()), std::move(module));
}
void ModuleList::extend(const std::vector<ModulePtr>& modules) {
  for (const ModulePtr& m : modules) append(m);
}
void ModuleList::insert(int64_t index, ModulePtr module) {
  // Negative ones name the place before that module, the number of modules the end.
  const auto n = static_cast<int64_t>(size());
  const size_t at = index == n ? size() : position("insert", index, size());
  WG_CHECK(module && module.get() != this, ValueError, "insert: expected another module");
  std::vector<ModulePtr> all = values_of(children());
  all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), std::move(module));
  replace_modules(numbered(all));
}
ModulePtr ModuleList::pop(int64_t index) {
  const size_t at = position("pop", index, size());
  std::vector<ModulePtr> all = values_of(children());
  ModulePtr taken = all[at];
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
  replace_modules(numbered(all));
  return taken;
}
void ModuleList::set(int64_t index, ModulePtr module) {
  replace_module(children()[position("set", index, size())].first, std::move(module));
}
const ModulePtr& ModuleList::at(int64_t index) const {
  return children()[position("ModuleList", index, size())].second;
}
Module& ModuleList::operator[](int64_t index) const { return *at(index); }

std::shared_ptr<Sequential> Sequential::named(const Named& modules) {
  auto made = std::make_shared<Sequential>();
  for (const auto& [name, m] : modules) made->register_module(name, m);
  return made;
}

Tensor Sequential::forward(const Tensor& input) {
  Tensor x = input;
  for (const auto& [name, module] : children()) x = (*module)(x);
  return x;
}

// ---- modules by name

ModuleDict::ModuleDict(std::initializer_list<std::pair<std::string, ModulePtr>> modules) {
  for (const auto& [name, m] : modules) set(name, m);
}
void ModuleDict::set(const std::string& name, ModulePtr module) {
  replace_module(name, std::move(module));
}
const ModulePtr& ModuleDict::at(const std::string& name) const {
  const auto found = find_named(children(), name);
  WG_CHECK(found != children().end(), IndexError, "ModuleDict: there is no module '", name, "'");
  return found->second;
}
Module& ModuleDict::operator[](const std::string& name) const { return *at(name); }
ModulePtr ModuleDict::pop(const std::string& name) {
  ModulePtr taken = at(name);
  unregister(name);
  return taken;
}
bool ModuleDict::contains(const std::string& name) const {
  return find_named(children(), name) != children().end();
}
std::vector<std::string> ModuleDict::keys() const { return keys_of(children()); }

// ---- parameters

ParameterList::ParameterList(std::initializer_list<Tensor> values) {
  for (const Tensor& t : values) append(t);
}
ParameterList::ParameterList(const std::vector<Tensor>& values) { extend(values); }
void ParameterList::append(Tensor value) {
  values_.push_back(register_parameter(std::to_string(size()), std::move(value)));
}
void ParameterList::extend(const std::vector<Tensor>& values) {
  for (const Tensor& t : values) append(t);
}
const Tensor& ParameterList::operator[](int64_t index) const {
  const auto n = static_cast<int64_t>(size());
  WG_CHECK(index >= -n && index < n, IndexError, "ParameterList: index ", index,
           " is out of range for ", n, " parameters");
  return values_[static_cast<size_t>(index < 0 ? index + n : index)];
}

ParameterDict::ParameterDict(std::initializer_list<std::pair<std::string, Tensor>> values) {
  for (const auto& [name, t] : values) set(name, t);
}
void ParameterDict::set(const std::string& name, Tensor value) {
  const auto found = find_named(values_, name);
  if (found == values_.end()) {
    values_.emplace_back(name, register_parameter(name, std::move(value)));
    return;
  }
  found->second = replace_parameter(name, std::move(value));
}
const Tensor& ParameterDict::operator[](const std::string& name) const {
  const auto found = find_named(values_, name);
  WG_CHECK(found != values_.end(), IndexError, "ParameterDict: there is no parameter '", name, "'");
  return found->second;
}
Tensor ParameterDict::pop(const std::string& name) {
  const Tensor taken = (*this)[name];
  values_.erase(find_named(values_, name));
  unregister(name);
  return taken;
}
bool ParameterDict::contains(const std::string& name) const {
  return find_named(values_, name) != values_.end();
}
std::vector<std::string> ParameterDict::keys() const { return keys_of(values_); }

}  // namespace nn
WENGERT_NAMESPACE_END
