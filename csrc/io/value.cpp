#include "wengert/value.h"

#include <set>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {
void check_key(const Value& key) {
  WG_CHECK(key.is_text() || key.is_int(), ValueError,
           "value: expected a text or a whole number as the key of a dict, but got ", key.kind());
}
}  // namespace

Value::Value(const TensorMap& tensors) {
  Entries all;
  for (const auto& [name, t] : tensors) all.entries.emplace_back(name, t);
  v_ = std::move(all);
}

Value Value::list(std::vector<Value> items) {
  Value v;
  v.v_ = Items{std::move(items), false};
  return v;
}

Value Value::tuple(std::vector<Value> items) {
  Value v;
  v.v_ = Items{std::move(items), true};
  return v;
}

Value Value::dict(std::vector<Entry> entries) {
  std::set<std::string_view> texts;
  std::set<int64_t> numbers;
  for (const auto& [key, value] : entries) {
    check_key(key);
    const bool first =
        key.is_text() ? texts.insert(key.text()).second : numbers.insert(key.to_int()).second;
    WG_CHECK(first, ValueError, "value: a key of a dict is given twice");
  }
  Value v;
  v.v_ = Entries{std::move(entries)};
  return v;
}

const char* Value::kind() const {
  constexpr const char* kNames[] = {"None",   "a truth value", "a whole number", "a number",
                                    "a text", "a tensor",      "a list",         "a dict"};
  return is_tuple() ? "a tuple" : kNames[v_.index()];
}

template <class T>
const T& Value::get(const char* expected) const {
  const T* v = std::get_if<T>(&v_);
  WG_CHECK(v, ValueError, "value: expected ", expected, ", but it is ", kind());
  return *v;
}

bool Value::to_bool() const { return get<bool>("a truth value"); }
int64_t Value::to_int() const { return get<int64_t>("a whole number"); }
double Value::to_double() const {
  return is_int() ? static_cast<double>(to_int()) : get<double>("a number");
}
const std::string& Value::text() const { return get<std::string>("a text"); }
const Tensor& Value::tensor() const { return get<Tensor>("a tensor"); }
Tensor& Value::tensor() { return const_cast<Tensor&>(std::as_const(*this).tensor()); }
const std::vector<Value>& Value::items() const { return get<Items>("a list").items; }
std::vector<Value>& Value::items() {
  return const_cast<std::vector<Value>&>(std::as_const(*this).items());
}
const std::vector<Value::Entry>& Value::entries() const { return get<Entries>("a dict").entries; }

TensorMap Value::tensors() const {
  TensorMap all;
  for (const auto& [key, v] : entries()) {
    WG_CHECK(v.is_tensor(), ValueError, "value: expected a dict of tensors, but the entry '",
             key.text(), "' is ", v.kind());
    all.emplace(key.text(), v.tensor());
  }
  return all;
}

const Value* Value::find(std::string_view key) const {
  for (const auto& [k, v] : entries()) {
    if (k.is_text() && k.text() == key) return &v;
  }
  return nullptr;
}
const Value* Value::find(int64_t key) const {
  for (const auto& [k, v] : entries()) {
    if (k.is_int() && k.to_int() == key) return &v;
  }
  return nullptr;
}

const Value& Value::operator[](std::string_view key) const {
  const Value* v = find(key);
  WG_CHECK(v, ValueError, "value: the dict has no entry '", key, "'");
  return *v;
}
const Value& Value::operator[](int64_t key) const {
  if (is_dict()) {
    const Value* v = find(key);
    WG_CHECK(v, ValueError, "value: the dict has no entry ", key);
    return *v;
  }
  const auto& all = items();
  WG_CHECK(key >= 0 && key < static_cast<int64_t>(all.size()), ValueError,
           "value: the list has no item ", key, " among its ", all.size());
  return all[static_cast<size_t>(key)];
}

void Value::set(Value key, Value value) {
  check_key(key);
  const Value* known = key.is_text() ? find(key.text()) : find(key.to_int());  // checks the kind
  if (known) {
    *const_cast<Value*>(known) = std::move(value);
  } else {
    std::get<Entries>(v_).entries.emplace_back(std::move(key), std::move(value));
  }
}

}  // namespace io
WENGERT_NAMESPACE_END
