// The JSON of programs: values that say where they stand when they are not what was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// What is asked for by the wrong type is a ValueError that names `where` the value stands.
class Json {
 public:
  enum class Kind : uint8_t { null, boolean, number, string, array, object };

  // ValueError where it is no JSON, has a key twice or nests deeper than kDeepest.
  static constexpr int kDeepest = 16;
  static Json parse(std::string_view text);
  explicit Json(const io::Value& v);

  Kind kind() const { return kind_; }
  bool is(Kind k) const { return kind_ == k; }
  bool boolean(const char* where) const;
  int64_t integer(const char* where) const;
  // Those above 2^63 are texts.
  uint64_t natural(const char* where) const;
  // Also "inf", "-inf" and "nan", for which JSON has no numbers.
  double number(const char* where) const;
  const std::string& string(const char* where) const;
  const std::vector<Json>& array(const char* where) const;
  std::vector<int64_t> integers(const char* where) const;

  const std::vector<std::pair<std::string, Json>>& members(const char* where) const;
  const Json* find(std::string_view key) const;        // nullptr where there is none
  const Json& operator[](std::string_view key) const;  // ValueError where there is none

 private:
  [[noreturn]] void bad(const char* where, const char* expected) const;

  Kind kind_ = Kind::null;
  bool boolean_ = false;
  bool whole_ = false;
  int64_t integer_ = 0;
  double number_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
};

std::string json_number(double v);
std::string json_number(uint64_t v);

}  // namespace tape
WENGERT_NAMESPACE_END
