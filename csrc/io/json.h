// JSON, as far as headers of tensor files need it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace io {

// Reads a text from front to back. Throws ValueError where the text is not what was asked for.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  // Calls item() at each element, entry(key) at each value. They must read it.
  template <class F>
  void array(F&& item) {
    expect('[');
    if (take(']')) return;
    do {
      item();
    } while (take(','));
    expect(']');
  }
  template <class F>
  void object(F&& entry) {
    expect('{');
    if (take('}')) return;
    do {
      const std::string key = string();
      expect(':');
      entry(key);
    } while (take(','));
    expect('}');
  }
  std::string string();
  // A whole number of at most 62 bits.
  int64_t natural();
  // Anything: null is None, objects are dicts. Not nested deeper than `depth` allows.
  Value value(int depth);
  void end();  // nothing but blanks follows

 private:
  void skip_blanks();
  bool take(char c);  // skips blanks, then c if it is there
  void expect(char c);
  bool take_word(std::string_view word);
  Value number();
  uint32_t hex4();
  uint32_t escaped_code_point();
  [[noreturn]] void bad(const char* expected) const;

  std::string_view text_;
  size_t at_ = 0;
};

bool is_utf8(std::string_view s);
// Appends s (UTF-8) with quotes.
void append_json(std::string& to, std::string_view s);
// Appends a finite number with as many digits as it takes to read it back, and a point or exponent.
void append_json(std::string& to, double v);

}  // namespace io
WENGERT_NAMESPACE_END
