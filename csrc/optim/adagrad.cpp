#include <algorithm>

#include "optim/sparse.h"
#include "optim/step_all.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

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

}  // namespace optim
WENGERT_NAMESPACE_END
