// The optimizers that treat each element by itself.
#include <algorithm>

#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "ops/optimizer.h"
#include "optim/checks.h"
#include "optim/sparse.h"

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

#define WG_ELEMENTWISE(Name, Update)                                                              \
  void Name::update(size_t group) { step_all(active(group), optimizer::Update{options(group)}); } \
  WG_ENTRIES(Name, Update)
#define WG_ENTRIES(Name, Update)                                                           \
  std::vector<StateEntry> Name::entries(size_t number, const io::Value&) const {           \
    return entries_of(optimizer::Update{options(group_of(number))}, parameters()[number]); \
  }
WG_ELEMENTWISE(Adam, AdamUpdate)
WG_ELEMENTWISE(RMSprop, RmspropUpdate)
WG_ELEMENTWISE(Adadelta, AdadeltaUpdate)
WG_ELEMENTWISE(Adamax, AdamaxUpdate)
WG_ELEMENTWISE(NAdam, NadamUpdate)
WG_ELEMENTWISE(RAdam, RadamUpdate)
WG_ELEMENTWISE(Rprop, RpropUpdate)
WG_ELEMENTWISE(ASGD, AsgdUpdate)
WG_ENTRIES(Adagrad, AdagradUpdate)

void Adagrad::update(size_t group) {
  const AdagradOptions& o = options(group);
  std::vector<size_t> numbers = active(group, true);
  const auto sparse = std::stable_partition(
      numbers.begin(), numbers.end(), [&](size_t i) { return !is_sparse(parameters()[i].grad()); });
  for (auto i = sparse; i != numbers.end(); ++i) {
    Tensor p = parameters()[*i];
    Tensor& sum = state_tensor(*i, "sum", false, o.initial_accumulator_value);
    adagrad_sparse(p, sum, state_tensor(*i, "step", true, 0), o);
  }
  numbers.erase(sparse, numbers.end());
  step_all(numbers, optimizer::AdagradUpdate{o});
}

void SGD::update(size_t group) {
  const SGDOptions& o = options(group);
  std::vector<size_t> numbers = active(group, true);
  const auto sparse = std::stable_partition(
      numbers.begin(), numbers.end(), [&](size_t i) { return !is_sparse(parameters()[i].grad()); });
  for (auto i = sparse; i != numbers.end(); ++i) {
    Tensor p = parameters()[*i], none;
    if (o.momentum == 0) {
      sgd_sparse(p, none, o);
      continue;
    }
    io::Value& buffer = state(*i)["momentum_buffer"];
    if (!buffer.is_tensor()) buffer = Tensor();
    sgd_sparse(p, buffer.tensor(), o);
  }
  numbers.erase(sparse, numbers.end());
  if (o.momentum != 0 && o.dampening != 0) {
    // The first momentum is the gradient, not dampened.
    const auto rest = std::stable_partition(
        numbers.begin(), numbers.end(), [&](size_t i) { return !has_state(i, "momentum_buffer"); });
    SGDOptions first = o;
    first.dampening = 0;
    step_all({numbers.begin(), rest}, optimizer::SgdUpdate{first});
    numbers.erase(numbers.begin(), rest);
  }
  step_all(numbers, optimizer::SgdUpdate{o});
}

// The momentum begins when it is first asked for, even after steps without it.
std::vector<StateEntry> SGD::entries(size_t number, const io::Value&) const {
  return {{"momentum_buffer", parameters()[number].shape().vec(), true}};
}

// ---- AdamW

namespace {
AdamOptions decoupled(const AdamWOptions& o) {
  return {.lr = o.lr,
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .amsgrad = o.amsgrad,
          .maximize = o.maximize,
          .decoupled_weight_decay = true};
}
std::vector<GroupOf<AdamOptions>> decoupled(std::vector<GroupOf<AdamWOptions>> groups) {
  std::vector<GroupOf<AdamOptions>> all;
  for (auto& group : groups) all.push_back({std::move(group.params), decoupled(group.options)});
  return all;
}
}  // namespace

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& o)
    : Adam(std::move(params), decoupled(o)) {}
AdamW::AdamW(std::vector<GroupOf<AdamWOptions>> groups) : Adam(decoupled(std::move(groups))) {}
void AdamW::add_param_group(std::vector<Tensor> params, const AdamWOptions& o) {
  Adam::add_param_group(std::move(params), decoupled(o));
}

}  // namespace optim
WENGERT_NAMESPACE_END
