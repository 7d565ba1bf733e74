// A reader of pickles that are not trusted: a pickle is a program, and this one runs none of it. It
// knows the instructions of protocols 2 to 5 that build plain values; names of classes and
// functions are handed to its user.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

struct PickleItem;
using PicklePtr = PickleItem*;

// A value on the way. Lists and dicts may still grow when something else refers to them already.
struct PickleItem {
  enum class Kind { mark, plain, list, tuple, dict, name, storage };
  Kind kind = Kind::plain;
  Value plain = {};                   // whatever is no container; the key of a storage
  std::string name = {};              // "module.name"; the class of a storage
  std::vector<PicklePtr> items = {};  // of a list or tuple; keys and values in turn of a dict
};

class PickleReader {
 public:
  // call(name, arguments) gives what a function is to make, persistent(id) what an id stands for.
  using Call = std::function<PickleItem(const std::string&, const PickleItem&)>;
  using Persistent = std::function<PickleItem(const PickleItem&)>;
  PickleReader(std::string_view data, Call call, Persistent persistent);

  // The value that the pickle describes; its size is bounded by the pickle's. Throws ValueError for
  // whatever is wrong.
  Value load();
  // A finished item as a value.
  Value value_of(const PickleItem& item, int depth = 0);
  // Counts copied items; a pickle may copy no more than it holds.
  void spend(size_t n);

 private:
  bool step();  // false at the end
  std::string_view take(size_t n);
  uint64_t number(size_t n);
  std::string line();
  void push(PickleItem item);
  PicklePtr pop();
  PickleItem& top(PickleItem::Kind kind);
  std::vector<PicklePtr> pop_items();
  void push_tuple(size_t n);
  void push_long(size_t n);
  void call();
  void add(PickleItem::Kind kind, std::vector<PicklePtr> items);

  std::string_view data_;
  size_t at_ = 0;
  Call call_;
  Persistent persistent_;
  std::deque<PickleItem> all_;  // every item made: they may refer to one another in circles
  std::vector<PicklePtr> stack_;
  std::map<uint64_t, PicklePtr> memo_;
  size_t credit_;  // how many more values may be made
};

[[noreturn]] void damaged_pickle(const char* what);

}  // namespace io
WENGERT_NAMESPACE_END
