#include "io/pickle.h"

#include <bit>

#include "io/json.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

using Kind = PickleItem::Kind;

void damaged_pickle(const char* what) {
  fail<ValueError>("load: the file's pickle is damaged: ", what);
}

PickleReader::PickleReader(std::string_view data, Call call, Persistent persistent)
    : data_(data),
      call_(std::move(call)),
      persistent_(std::move(persistent)),
      credit_(4 * data.size() + 1000) {}

std::string_view PickleReader::take(size_t n) {
  if (n > data_.size() - at_) damaged_pickle("it was cut off");
  at_ += n;
  return data_.substr(at_ - n, n);
}

uint64_t PickleReader::number(size_t n) {
  uint64_t v = 0;
  const std::string_view bytes = take(n);
  for (size_t i = n; i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[i]);
  return v;
}

std::string PickleReader::line() {
  const size_t end = data_.substr(at_, 1000).find('\n');
  if (end == data_.npos) damaged_pickle("a name does not end");
  const std::string text(take(end));
  take(1);
  return text;
}

void PickleReader::push(PickleItem item) { stack_.push_back(&all_.emplace_back(std::move(item))); }

PicklePtr PickleReader::pop() {
  if (stack_.empty() || stack_.back()->kind == Kind::mark) damaged_pickle("a value is missing");
  const PicklePtr item = stack_.back();
  stack_.pop_back();
  return item;
}

PickleItem& PickleReader::top(Kind kind) {
  if (stack_.empty() || stack_.back()->kind != kind) {
    damaged_pickle("items are added to something that cannot hold them");
  }
  return *stack_.back();
}

// What stands above the last mark.
std::vector<PicklePtr> PickleReader::pop_items() {
  size_t at = stack_.size();
  while (at > 0 && stack_[at - 1]->kind != Kind::mark) --at;
  if (at == 0) damaged_pickle("a mark is missing");
  std::vector<PicklePtr> items(stack_.begin() + static_cast<std::ptrdiff_t>(at), stack_.end());
  stack_.resize(at - 1);
  return items;
}

void PickleReader::push_tuple(size_t n) {
  std::vector<PicklePtr> items(n);
  while (n-- > 0) items[n] = pop();
  push({.kind = Kind::tuple, .items = std::move(items)});
}

void PickleReader::push_long(size_t n) {
  if (n > 8) damaged_pickle("a whole number has more than 64 bits");
  uint64_t v = number(n);
  if (n > 0 && n < 8 && v >> (8 * n - 1)) v |= ~uint64_t{0} << (8 * n);
  push({.plain = static_cast<int64_t>(v)});
}

void PickleReader::call() {
  const PicklePtr arguments = pop(), function = pop();
  if (arguments->kind != Kind::tuple || function->kind != Kind::name) {
    damaged_pickle("something is called that is no function, or without a tuple");
  }
  push(call_(function->name, *arguments));
}

void PickleReader::add(Kind kind, std::vector<PicklePtr> items) {
  if (kind == Kind::dict && items.size() % 2 != 0) damaged_pickle("a key has no value");
  PickleItem& to = top(kind);
  to.items.insert(to.items.end(), items.begin(), items.end());
}

bool PickleReader::step() {
  const auto text = [&](size_t bytes) {
    const std::string_view s = take(number(bytes));
    if (!is_utf8(s)) damaged_pickle("a text is not UTF-8");
    push({.plain = std::string(s)});
  };
  const auto memo = [&](uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) damaged_pickle("it refers to a value that is not there");
    stack_.push_back(found->second);
  };
  const auto remember = [&](uint64_t index) {
    if (stack_.empty() || stack_.back()->kind == Kind::mark) damaged_pickle("a value is missing");
    memo_[index] = stack_.back();
  };
  const auto code = static_cast<uint8_t>(take(1)[0]);
  switch (code) {
    case 0x80:  // PROTO
      if (const uint64_t v = number(1); v < 2 || v > 5) {
        damaged_pickle("its protocol is not 2, 3, 4 or 5");
      }
      return true;
    case 0x95:  // FRAME
      number(8);
      return true;
    case '.':
      return false;
    case '(':
      return push({.kind = Kind::mark}), true;
    case 'N':
      return push({}), true;
    case 0x88:
      return push({.plain = true}), true;
    case 0x89:
      return push({.plain = false}), true;
    case 'K':
      return push({.plain = number(1)}), true;
    case 'M':
      return push({.plain = number(2)}), true;
    case 'J':
      return push_long(4), true;
    case 0x8a:
      return push_long(number(1)), true;
    case 'G': {
      uint64_t bits = 0;
      for (const char c : take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
      return push({.plain = std::bit_cast<double>(bits)}), true;
    }
    case 'X':
      return text(4), true;
    case 0x8c:
      return text(1), true;
    case 0x8d:
      return text(8), true;
    case ']':
      return push({.kind = Kind::list}), true;
    case '}':
      return push({.kind = Kind::dict}), true;
    case ')':
      return push({.kind = Kind::tuple}), true;
    case 'l':
      return push({.kind = Kind::list, .items = pop_items()}), true;
    case 't':
      return push({.kind = Kind::tuple, .items = pop_items()}), true;
    case 'd': {
      auto items = pop_items();
      push({.kind = Kind::dict});
      return add(Kind::dict, std::move(items)), true;
    }
    case 0x85:
    case 0x86:
    case 0x87:
      return push_tuple(code - size_t{0x84}), true;
    case 'a': {
      const PicklePtr item = pop();
      return add(Kind::list, {item}), true;
    }
    case 'e': {
      auto items = pop_items();
      return add(Kind::list, std::move(items)), true;
    }
    case 's': {
      const PicklePtr value = pop(), key = pop();
      return add(Kind::dict, {key, value}), true;
    }
    case 'u': {
      auto items = pop_items();
      return add(Kind::dict, std::move(items)), true;
    }
    case 'q':
      return remember(number(1)), true;
    case 'r':
      return remember(number(4)), true;
    case 0x94:
      return remember(memo_.size()), true;
    case 'h':
      return memo(number(1)), true;
    case 'j':
      return memo(number(4)), true;
    case 'c': {
      const std::string module = line();
      return push({.kind = Kind::name, .name = module + "." + line()}), true;
    }
    case 0x93: {  // STACK_GLOBAL
      const PicklePtr name = pop(), module = pop();
      return push({.kind = Kind::name, .name = module->plain.text() + "." + name->plain.text()}),
             true;
    }
    case 'R':
    case 0x81:  // NEWOBJ
      return call(), true;
    case 'b':  // BUILD: the versions of the modules of a state dict, which nothing here needs
      pop();
      return top(Kind::dict), true;
    case 'Q': {
      const PicklePtr id = pop();
      return push(persistent_(*id)), true;
    }
    default:
      fail<ValueError>("load: the file's pickle has instruction ", static_cast<int>(code),
                       ", which is not one of those that build what is supported here");
  }
}

void PickleReader::spend(size_t n) {
  if (n > credit_) damaged_pickle("it makes far more than it holds");
  credit_ -= n;
}

Value PickleReader::value_of(const PickleItem& item, int depth) {
  // What occurs several times is made as often; a list may even contain itself.
  if (depth > 100) damaged_pickle("it is nested too deeply");
  spend(1);
  switch (item.kind) {
    case Kind::plain:
      return item.plain;
    case Kind::list:
    case Kind::tuple: {
      std::vector<Value> items;
      for (const PicklePtr i : item.items) items.push_back(value_of(*i, depth + 1));
      return item.kind == Kind::list ? Value::list(std::move(items))
                                     : Value::tuple(std::move(items));
    }
    case Kind::dict: {
      // Of equal keys the last counts.
      std::vector<Value::Entry> entries;
      std::map<std::pair<int64_t, std::string>, size_t> places;
      for (size_t i = 0; i < item.items.size(); i += 2) {
        Value key = value_of(*item.items[i], depth + 1);
        Value value = value_of(*item.items[i + 1], depth + 1);
        if (!key.is_text() && !key.is_int()) damaged_pickle("a key is no text or whole number");
        const auto [place, first] =
            places.emplace(key.is_int() ? std::pair(key.to_int(), std::string())
                                        : std::pair(int64_t{0}, "k" + key.text()),
                           entries.size());
        if (first) {
          entries.emplace_back(std::move(key), std::move(value));
        } else {
          entries[place->second].second = std::move(value);
        }
      }
      return Value::dict(std::move(entries));
    }
    case Kind::name:
      fail<ValueError>("load: the file names ", item.name.substr(0, 200),
                       ", which is not among the tensors and plain values that loading builds; "
                       "nothing of it was run. Save a state_dict() and plain values instead");
    default:
      damaged_pickle("a storage or a mark stands where a value is expected");
  }
}

Value PickleReader::load() {
  while (step()) {
  }
  if (stack_.size() != 1) damaged_pickle("it does not end with one value");
  return value_of(*stack_[0]);
}

}  // namespace io
WENGERT_NAMESPACE_END
