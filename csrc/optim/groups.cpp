// Groups of parameters: their options by name.
#include <algorithm>

#include "optim/checks.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

io::Value read(const Option::Member& member) {
  return std::visit(
      [](const auto* m) -> io::Value {
        using T = std::remove_cvref_t<decltype(*m)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return m->empty() ? io::Value() : io::Value(*m);  // Python's None
        } else if constexpr (std::is_arithmetic_v<T>) {
          return *m;
        } else {
          return m->has_value() ? io::Value(**m) : io::Value();
        }
      },
      member);
}

void assign(double& to, const io::Value& v) { to = number_of(v); }
void assign(bool& to, const io::Value& v) { to = v.is_int() ? v.to_int() != 0 : v.to_bool(); }
void assign(int64_t& to, const io::Value& v) { to = v.to_int(); }
void assign(std::string& to, const io::Value& v) { to = v.is_none() ? "" : v.text(); }
template <class T>
void assign(std::optional<T>& to, const io::Value& v) {
  if (v.is_none()) {
    to.reset();
  } else {
    assign(to.emplace(), v);
  }
}

io::Value read(const Option& option) {
  if (option.members.size() == 1) return read(option.members[0]);
  std::vector<io::Value> items;
  for (const auto& member : option.members) items.push_back(read(member));
  return io::Value::tuple(std::move(items));
}

void write(const Option& option, const io::Value& value) {
  std::vector<io::Value> items{value};
  if (option.members.size() > 1) items = value.items();
  WG_CHECK(items.size() == option.members.size(), ValueError, "optimizer: expected ",
           option.members.size(), " values of '", option.name, "', but got ", items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    std::visit([&](auto* m) { assign(*m, items[i]); }, option.members[i]);
  }
}

}  // namespace

const Option* ParamGroup::find(std::string_view name) const {
  for (const Option& o : options_) {
    if (o.name == name) return &o;
  }
  return nullptr;
}

bool ParamGroup::has(std::string_view name) const {
  return find(name) || std::any_of(notes_.begin(), notes_.end(),
                                   [&](const auto& note) { return note.first == name; });
}

io::Value ParamGroup::get(std::string_view name) const {
  if (const Option* o = find(name)) return read(*o);
  for (const auto& [key, value] : notes_) {
    if (key == name) return value;
  }
  fail<ValueError>("optimizer: a group of parameters has no '", name, "'");
}

void ParamGroup::set(std::string_view name, const io::Value& value) {
  if (const Option* o = find(name)) return write(*o, value);
  for (auto& [key, known] : notes_) {
    if (key == name) {
      known = value;
      return;
    }
  }
  notes_.emplace_back(name, value);
}

io::Value ParamGroup::to_dict() const {
  std::vector<io::Value::Entry> entries;
  for (const Option& o : options_) entries.emplace_back(o.name, read(o));
  for (const auto& [key, value] : notes_) entries.emplace_back(key, value);
  return io::Value::dict(std::move(entries));
}

}  // namespace optim
WENGERT_NAMESPACE_END
