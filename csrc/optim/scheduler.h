// What the schedulers share: how their attributes are saved and loaded, and the momentum of the
// cyclic ones.
#pragma once

#include <cmath>
#include <numbers>

#include "optim/checks.h"
#include "wengert/lr_scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

inline io::Value to_value(const auto& v) { return v; }
inline io::Value to_value(const std::vector<double>& v) { return io::Value::list_of(v); }
inline io::Value to_value(const std::vector<int64_t>& v) { return io::Value::list_of(v); }
inline io::Value to_value(const std::optional<double>& v) {
  return v ? io::Value(*v) : io::Value();
}

inline void from_value(double& to, const io::Value& v) { to = number_of(v); }
inline void from_value(int64_t& to, const io::Value& v) { to = v.to_int(); }
inline void from_value(bool& to, const io::Value& v) { to = v.to_bool(); }
inline void from_value(std::string& to, const io::Value& v) { to = v.text(); }
inline void from_value(std::optional<double>& to, const io::Value& v) {
  to = v.is_none() ? std::nullopt : std::optional(number_of(v));
}
// Numbers with how often each occurs.
using Counts = std::map<int64_t, int64_t>;
inline io::Value to_value(const Counts& v) { return io::Value::dict({v.begin(), v.end()}); }
inline void from_value(Counts& to, const io::Value& v) {
  to.clear();
  for (const auto& [number, count] : v.entries()) to[number.to_int()] = count.to_int();
}
template <class T>
void from_value(std::vector<T>& to, const io::Value& v) {
  to.clear();
  for (const io::Value& item : v.items()) from_value(to.emplace_back(), item);
}

// Visits attributes by their names in Python, to save or to load them.
class StateFields {
 public:
  StateFields() = default;
  explicit StateFields(const io::Value& from) : from_(&from) {}

  template <class T>
  void operator()(const char* name, T& v) {
    if (from_) {
      from_value(v, (*from_)[name]);
    } else {
      entries.emplace_back(name, to_value(v));
    }
  }
  // What Python keeps and is always the same here.
  void constant(const char* name, io::Value v) {
    if (!from_) entries.emplace_back(name, std::move(v));
  }

  std::vector<io::Value::Entry> entries;

 private:
  const io::Value* from_ = nullptr;
};

std::vector<double> per_group(const char* name, const Optimizer& optimizer, const PerGroup& value);
// Whether the momentum is the first of the betas; ValueError if there is neither.
bool finds_beta1(const Optimizer& optimizer);
void set_momentum(ParamGroup& group, bool use_beta1, double value);
void begin_momentum(Optimizer& optimizer, bool use_beta1, const std::vector<double>& highs,
                    const std::vector<double>& lows);

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
