// JSON values of any kind.
#include <charconv>

#include "io/json.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

bool JsonReader::take_word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

// As JSON has them: no sign but '-', no leading zeros, digits on both sides of a point.
Value JsonReader::number() {
  const size_t begin = at_;
  const auto digits = [&] {
    const size_t first = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    if (at_ == first) bad("a value");
    return first;
  };
  bool whole = true;
  take_word("-");
  const size_t first = digits();
  if (text_[first] == '0' && at_ > first + 1) bad("a number without leading zeros");
  if (take_word(".")) {
    whole = false;
    digits();
  }
  if (take_word("e") || take_word("E")) {
    whole = false;
    if (!take_word("-")) take_word("+");
    digits();
  }
  const char *from = text_.data() + begin, *to = text_.data() + at_;
  if (whole) {
    int64_t v = 0;
    if (std::from_chars(from, to, v).ec != std::errc()) bad("a whole number of at most 64 bits");
    return v;
  }
  double v = 0;
  if (std::from_chars(from, to, v).ec != std::errc()) bad("a number in the range of float64");
  return v;
}

Value JsonReader::value(int depth) {
  if (depth == 0) bad("no deeper nesting");
  skip_blanks();
  if (take_word("null")) return {};
  if (take_word("true")) return true;
  if (take_word("false")) return false;
  const char c = at_ < text_.size() ? text_[at_] : 0;
  if (c == '"') return string();
  if (c == '[') {
    std::vector<Value> items;
    array([&] { items.push_back(value(depth - 1)); });
    return Value::list(std::move(items));
  }
  if (c == '{') {
    std::vector<Value::Entry> entries;
    object([&](const std::string& key) { entries.emplace_back(key, value(depth - 1)); });
    return Value::dict(std::move(entries));
  }
  return number();
}

void append_json(std::string& to, double v) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, v).ptr;
  const std::string_view digits(text, static_cast<size_t>(end - text));
  to += digits;
  if (digits.find_first_of(".e") == digits.npos) to += ".0";
}

}  // namespace io
WENGERT_NAMESPACE_END
