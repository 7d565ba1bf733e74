#include "io/json.h"

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

namespace {

void append_utf8(std::string& to, uint32_t c) {
  if (c < 0x80) {
    to += static_cast<char>(c);
  } else if (c < 0x800) {
    to += static_cast<char>(0xC0 | c >> 6);
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    to += static_cast<char>(0xE0 | c >> 12);
    to += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    to += static_cast<char>(0xF0 | c >> 18);
    to += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    to += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    to += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace

bool is_utf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto first = static_cast<uint8_t>(s[i]);
    const size_t more = first < 0x80             ? 0
                        : (first & 0xE0) == 0xC0 ? 1
                        : (first & 0xF0) == 0xE0 ? 2
                        : (first & 0xF8) == 0xF0 ? 3
                                                 : s.size();
    if (more >= s.size() - i) return false;
    uint32_t c = more == 0 ? first : first & (0x3Fu >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<uint8_t>(s[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      c = c << 6 | (next & 0x3F);
    }
    // One spelling for each code point, and none for halves of pairs.
    constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (c < kLeast[more] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) return false;
    i += more + 1;
  }
  return true;
}

void append_json(std::string& to, std::string_view s) {
  constexpr char kHex[] = "0123456789abcdef";
  to += '"';
  for (const char c : s) {
    if (c == '"' || c == '\\') {
      to += '\\';
      to += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      to += "\\u00";
      to += kHex[c >> 4];
      to += kHex[c & 15];
    } else {
      to += c;
    }
  }
  to += '"';
}

void JsonReader::bad(const char* expected) const {
  fail<ValueError>("load: the header is damaged: expected ", expected, " at byte ", at_);
}

void JsonReader::skip_blanks() {
  constexpr std::string_view kBlanks = " \n\t\r";
  while (at_ < text_.size() && kBlanks.find(text_[at_]) != kBlanks.npos) ++at_;
}

bool JsonReader::take(char c) {
  skip_blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonReader::expect(char c) {
  const char expected[] = {'\'', c, '\'', 0};
  if (!take(c)) bad(expected);
}

void JsonReader::end() {
  skip_blanks();
  if (at_ != text_.size()) bad("nothing more");
}

uint32_t JsonReader::hex4() {
  uint32_t v = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : 0;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) bad("four hexadecimal digits");
    v = v << 4 | static_cast<uint32_t>(digit);
  }
  return v;
}

uint32_t JsonReader::escaped_code_point() {
  const uint32_t high = hex4();
  if (high < 0xD800 || high >= 0xE000) return high;
  if (high >= 0xDC00 || text_.substr(at_, 2) != "\\u")
    bad("the first half of a pair and the second");
  at_ += 2;
  const uint32_t low = hex4();
  if (low < 0xDC00 || low >= 0xE000) bad("the second half of a pair");
  return 0x10000 + ((high - 0xD800) << 10 | (low - 0xDC00));
}

std::string JsonReader::string() {
  if (!take('"')) bad("a text in quotes");
  std::string s;
  while (true) {
    if (at_ >= text_.size()) bad("a closing quote");
    const char c = text_[at_++];
    if (c == '"') break;
    if (static_cast<uint8_t>(c) < 0x20) bad("no control characters in a text");
    if (c != '\\') {
      s += c;
      continue;
    }
    const char escape = at_ < text_.size() ? text_[at_++] : 0;
    switch (escape) {
      case '"':
      case '\\':
      case '/':
        s += escape;
        break;
      case 'b':
        s += '\b';
        break;
      case 'f':
        s += '\f';
        break;
      case 'n':
        s += '\n';
        break;
      case 'r':
        s += '\r';
        break;
      case 't':
        s += '\t';
        break;
      case 'u':
        append_utf8(s, escaped_code_point());
        break;
      default:
        bad("an escape that JSON knows");
    }
  }
  if (!is_utf8(s)) bad("a text in UTF-8");
  return s;
}

int64_t JsonReader::natural() {
  skip_blanks();
  const size_t begin = at_;
  int64_t v = 0;
  for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
    if (v >= int64_t{1} << 58) bad("a smaller number");
    v = v * 10 + (text_[at_] - '0');
  }
  if (at_ == begin || (text_[begin] == '0' && at_ > begin + 1)) bad("a whole number");
  return v;
}

}  // namespace io
WENGERT_NAMESPACE_END
