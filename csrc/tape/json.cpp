#include "tape/json.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "io/json.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

Json Json::parse(std::string_view text) {
  io::JsonReader reader(text);
  const io::Value v = reader.value(kDeepest);
  reader.end();
  return Json(v);
}

Json::Json(const io::Value& v) {
  if (v.is_bool()) {
    kind_ = Kind::boolean;
    boolean_ = v.to_bool();
  } else if (v.is_int() || v.is_double()) {
    kind_ = Kind::number;
    whole_ = v.is_int();
    if (whole_) integer_ = v.to_int();
    number_ = v.to_double();
  } else if (v.is_text()) {
    kind_ = Kind::string;
    text_ = v.text();
  } else if (v.is_list()) {
    kind_ = Kind::array;
    for (const io::Value& item : v.items()) items_.emplace_back(item);
  } else if (v.is_dict()) {
    kind_ = Kind::object;
    std::set<std::string> seen;
    for (const auto& [key, value] : v.entries()) {
      WG_CHECK(seen.insert(key.text()).second, ValueError, "load: the key '", key.text(),
               "' occurs twice");
      members_.emplace_back(key.text(), Json(value));
    }
  }
}

void Json::bad(const char* where, const char* expected) const {
  static constexpr const char* kNames[] = {"null",   "true or false", "a number",
                                           "a text", "a list",        "an object"};
  fail<ValueError>("load: ", where, ": expected ", expected, ", but got ",
                   kNames[static_cast<int>(kind_)]);
}

bool Json::boolean(const char* where) const {
  if (kind_ != Kind::boolean) bad(where, "true or false");
  return boolean_;
}

int64_t Json::integer(const char* where) const {
  if (!whole_) bad(where, "an integer");
  return integer_;
}

uint64_t Json::natural(const char* where) const {
  uint64_t v = 0;
  if (kind_ == Kind::string) {
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), v);
    if (error == std::errc() && end == text_.data() + text_.size()) return v;
  }
  if (!whole_ || integer_ < 0) bad(where, "a natural number");
  return static_cast<uint64_t>(integer_);
}

double Json::number(const char* where) const {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (kind_ == Kind::string) {
    if (text_ == "inf") return kInf;
    if (text_ == "-inf") return -kInf;
    if (text_ == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  if (kind_ != Kind::number) bad(where, "a number");
  return number_;
}

const std::string& Json::string(const char* where) const {
  if (kind_ != Kind::string) bad(where, "a text");
  return text_;
}

const std::vector<Json>& Json::array(const char* where) const {
  if (kind_ != Kind::array) bad(where, "a list");
  return items_;
}

std::vector<int64_t> Json::integers(const char* where) const {
  std::vector<int64_t> all;
  for (const Json& v : array(where)) all.push_back(v.integer(where));
  return all;
}

const std::vector<std::pair<std::string, Json>>& Json::members(const char* where) const {
  if (kind_ != Kind::object) bad(where, "an object");
  return members_;
}

const Json* Json::find(std::string_view key) const {
  if (kind_ != Kind::object) bad(std::string(key).c_str(), "to stand in an object");
  for (const auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Json& Json::operator[](std::string_view key) const {
  const Json* v = find(key);
  WG_CHECK(v, ValueError, "load: '", key, "' is missing");
  return *v;
}

std::string json_number(double v) {
  if (std::isnan(v)) return "\"nan\"";
  if (std::isinf(v)) return v > 0 ? "\"inf\"" : "\"-inf\"";
  std::string text;
  io::append_json(text, v);
  return text;
}

std::string json_number(uint64_t v) {
  const std::string text = std::to_string(v);
  return v <= INT64_MAX ? text : '"' + text + '"';
}

}  // namespace tape
WENGERT_NAMESPACE_END
