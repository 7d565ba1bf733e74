// What files hold beside tensors: nested lists and dicts of plain values, as Python has them.
#pragma once

#include <concepts>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

using TensorMap = std::map<std::string, Tensor>;

namespace io {

// None, a truth value, a whole number, a number, a text, a tensor, a list, a tuple or a dict. What
// asks for another kind than the value is of throws ValueError.
class WENGERT_API Value {
 public:
  using Entry = std::pair<Value, Value>;

  Value() = default;
  Value(bool v) : v_(v) {}
  template <std::integral T>
  Value(T v) : v_(static_cast<int64_t>(v)) {}
  template <std::floating_point T>
  Value(T v) : v_(static_cast<double>(v)) {}
  Value(const char* v) : v_(std::string(v)) {}
  Value(std::string v) : v_(std::move(v)) {}
  Value(Tensor v) : v_(std::move(v)) {}
  // Dicts with the names as keys.
  Value(const TensorMap& tensors);

  static Value list(std::vector<Value> items = {});
  static Value tuple(std::vector<Value> items);
  // Keys are texts or whole numbers and keep the order in which they were set.
  static Value dict(std::vector<Entry> entries = {});
  template <class T>
  static Value list_of(const std::vector<T>& items) {
    return list({items.begin(), items.end()});
  }

  bool is_none() const { return holds<std::monostate>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_int() const { return holds<int64_t>(); }
  bool is_double() const { return holds<double>(); }
  bool is_text() const { return holds<std::string>(); }
  bool is_tensor() const { return holds<Tensor>(); }
  bool is_list() const { return holds<Items>(); }
  bool is_tuple() const { return is_list() && std::get<Items>(v_).tuple; }
  bool is_dict() const { return holds<Entries>(); }

  bool to_bool() const;
  int64_t to_int() const;
  double to_double() const;  // of whole numbers too
  const std::string& text() const;
  const Tensor& tensor() const;
  Tensor& tensor();
  const std::vector<Value>& items() const;  // of a list or a tuple
  std::vector<Value>& items();
  const std::vector<Entry>& entries() const;  // of a dict
  // A dict of texts to tensors.
  TensorMap tensors() const;

  // Of a dict: what stands under a key, or null.
  const Value* find(std::string_view key) const;
  const Value* find(int64_t key) const;
  // What stands under a key, or in a list. ValueError if there is nothing.
  const Value& operator[](std::string_view key) const;
  const Value& operator[](int64_t key) const;
  // Puts a value under a key of a dict, in place of one that is there.
  void set(Value key, Value value);

  // "a list", "a number", ...
  const char* kind() const;

 private:
  struct Items {
    std::vector<Value> items;
    bool tuple;
  };
  struct Entries {
    std::vector<Entry> entries;
  };
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(v_);
  }
  template <class T>
  const T& get(const char* expected) const;

  std::variant<std::monostate, bool, int64_t, double, std::string, Tensor, Items, Entries> v_;
};

}  // namespace io
WENGERT_NAMESPACE_END
