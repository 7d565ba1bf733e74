// A step of parameters by an update of ops/optimizer_updates.h.
#pragma once

#include "ops/optimizer.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

template <class Update>
void Optimizer::step_all(const std::vector<size_t>& numbers, const Update& update) {
  if (numbers.empty()) return;
  std::vector<TensorImpl*> tensors;
  std::vector<Tensor> gradients;
  for (const size_t i : numbers) tensors.push_back(parameters_[i].impl());
  for (const size_t i : numbers) {
    gradients.push_back(parameters_[i].grad());
    tensors.push_back(gradients.back().impl());
  }
  const auto states = update.states();
  for (size_t k = 0; k < states.size(); ++k) {
    const optimizer::State& s = states[k];
    if (!s.present) continue;
    const bool is_number = k + Update::kNumbers >= states.size();
    for (const size_t i : numbers) {
      tensors.push_back(state_tensor(i, s.name, is_number, s.initial).impl());
    }
  }
  optimizer_step(tensors.data(), static_cast<int>(numbers.size()), update);
}

template <class Update>
std::vector<StateEntry> Optimizer::entries_of(const Update& update, const Tensor& parameter) {
  std::vector<StateEntry> all;
  const auto states = update.states();
  for (size_t k = 0; k < states.size(); ++k) {
    StateEntry entry{states[k].name};
    if (k + Update::kNumbers < states.size()) entry.shape = parameter.shape().vec();
    entry.optional = !states[k].present;
    all.push_back(std::move(entry));
  }
  return all;
}

// The states of an optimizer with this update.
#define WG_ENTRIES(Name, Update)                                                           \
  std::vector<StateEntry> Name::entries(size_t number, const io::Value&) const {           \
    return entries_of(optimizer::Update{options(group_of(number))}, parameters()[number]); \
  }

}  // namespace optim
WENGERT_NAMESPACE_END
