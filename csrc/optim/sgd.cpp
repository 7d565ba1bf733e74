#include <algorithm>

#include "optim/sparse.h"
#include "optim/step_all.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

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

}  // namespace optim
WENGERT_NAMESPACE_END
