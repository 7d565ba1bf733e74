// The state of optimizers, as Python's state_dict() has it.
#include <algorithm>

#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

namespace {

// Options that states saved by old programs do not have.
bool is_newer(std::string_view name) {
  constexpr std::string_view kNewer[] = {
      "amsgrad",  "centered", "decoupled_weight_decay", "initial_accumulator_value", "maximize",
      "momentum", "nesterov"};
  return std::find(std::begin(kNewer), std::end(kNewer), name) != std::end(kNewer);
}

// One number for each parameter, in a dtype of its own.
bool is_number(std::string_view name) {
  return name == "step" || name == "mu_product" || name == "eta" || name == "mu";
}

bool fits_one(const StateEntry& entry, const io::Value& v) {
  if (!entry.shape) {
    return v.is_tensor() ? v.tensor().numel() == 1 : v.is_double() || v.is_int() || v.is_bool();
  }
  return v.is_tensor() && v.tensor().shape() == Dims(*entry.shape);
}

bool fits(const StateEntry& entry, const io::Value& v) {
  if (!entry.count) return fits_one(entry, v);
  return v.is_list() && v.items().size() == *entry.count &&
         std::all_of(v.items().begin(), v.items().end(),
                     [&](const io::Value& item) { return fits_one(entry, item); });
}

void check_state(size_t number, const std::vector<StateEntry>& entries, const io::Value& saved) {
  for (const StateEntry& entry : entries) {
    const io::Value* v = saved.find(entry.name);
    if (!v || v->is_none()) {
      WG_CHECK(entry.optional, ValueError, "load_state_dict: the state of parameter ", number,
               " lacks '", entry.name, "'; load what this kind of optimizer has saved");
      continue;
    }
    WG_CHECK(fits(entry, *v), ValueError, "load_state_dict: '", entry.name, "' of parameter ",
             number,
             " does not fit; load the state into an optimizer of the same parameters in "
             "the same order");
  }
}

// A copy in the form in which it is kept for the parameter.
io::Value fitted(const Tensor& p, const io::Value& v, std::string_view name) {
  if (v.is_tensor()) {
    const Tensor& t = v.tensor();
    if (is_sparse(t)) {
      const SparseParts& parts = sparse_parts(t);
      return new_sparse(t.shape(), {clone(parts.indices), clone(parts.values), parts.coalesced});
    }
    const bool cast = !is_number(name) && is_floating(p.dtype());
    return cast && t.dtype() != p.dtype() ? to(t.detach(), p.dtype()) : clone(t.detach());
  }
  if (!v.is_list()) return v;
  std::vector<io::Value> items;
  for (const io::Value& item : v.items()) items.push_back(fitted(p, item, name));
  return v.is_tuple() ? io::Value::tuple(std::move(items)) : io::Value::list(std::move(items));
}

}  // namespace

io::Value Optimizer::state_dict() const {
  std::vector<io::Value::Entry> all;
  for (size_t i = 0; i < state_.size(); ++i) {
    if (state_[i].empty()) continue;
    std::vector<io::Value::Entry> entries(state_[i].begin(), state_[i].end());
    all.emplace_back(i, io::Value::dict(std::move(entries)));
  }
  std::vector<io::Value> groups;
  for (const ParamGroup& group : groups_) {
    io::Value packed = group.to_dict();
    std::vector<io::Value> numbers;
    for (size_t i = 0; i < group.params_.size(); ++i) numbers.emplace_back(group.first_ + i);
    packed.set("params", io::Value::list(std::move(numbers)));
    groups.push_back(std::move(packed));
  }
  return io::Value::dict({{"state", io::Value::dict(std::move(all))},
                          {"param_groups", io::Value::list(std::move(groups))}});
}

void Optimizer::load_state_dict(const io::Value& saved) {
  RecordingGuard off(false);
  const auto& groups = saved["param_groups"].items();
  WG_CHECK(groups.size() == groups_.size(), ValueError, "load_state_dict: expected ",
           groups_.size(), " groups of parameters, but got ", groups.size());
  // The options are assigned first, since what a state holds depends on them.
  std::vector<io::Value> before;
  for (const ParamGroup& group : groups_) before.push_back(group.to_dict());
  const auto assign = [&](const std::vector<io::Value>& to) {
    for (size_t g = 0; g < to.size(); ++g) {
      groups_[g].notes_.clear();
      for (const auto& [name, value] : to[g].entries()) {
        if (name.text() != "params") groups_[g].set(name.text(), value);
      }
    }
  };
  std::map<int64_t, size_t> number_of;
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& numbers = groups[g]["params"].items();
    const size_t size = groups_[g].params_.size();
    WG_CHECK(numbers.size() == size, ValueError, "load_state_dict: expected ", size,
             " parameters in group ", g, ", but got ", numbers.size());
    for (size_t i = 0; i < size; ++i) number_of[numbers[i].to_int()] = groups_[g].first_ + i;
    for (const Option& o : groups_[g].options_) {
      WG_CHECK(groups[g].find(o.name) || is_newer(o.name), ValueError, "load_state_dict: group ", g,
               " has no option '", o.name, "'; load what this kind of optimizer has saved");
    }
  }
  std::vector<State> loaded(parameters_.size());
  try {
    assign(groups);
    for (const auto& [key, state] : saved["state"].entries()) {
      const auto number = key.is_int() ? number_of.find(key.to_int()) : number_of.end();
      WG_CHECK(number != number_of.end(), ValueError,
               "load_state_dict: there is a state of something else than the ", parameters_.size(),
               " parameters");
      const size_t i = number->second;
      if (!state.entries().empty()) check_state(i, entries(i, state), state);
      for (const auto& [name, value] : state.entries()) {
        loaded[i][name.text()] = fitted(parameters_[i], value, name.text());
      }
    }
  } catch (...) {
    assign(before);
    throw;
  }
  state_ = std::move(loaded);
}

std::vector<StateEntry> Optimizer::entries(size_t, const io::Value&) const { return {}; }

}  // namespace optim
WENGERT_NAMESPACE_END
