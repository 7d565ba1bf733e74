// Tensors that keep the gradient of a node's output. Other threads may drop such a tensor while a
// pass delivers to it: the list and the gradients in it are touched under one lock only, and
// nothing is computed or freed while it is held.
#include <algorithm>
#include <mutex>

#include "autograd/algebra.h"
#include "autograd/meta.h"

WENGERT_NAMESPACE_BEGIN

namespace {

std::mutex& list_mutex() {
  static auto* mutex = new std::mutex;
  return *mutex;
}

NodeExtras* extras_if_any(Node& n) {
  return std::atomic_ref(n.extras).load(std::memory_order_acquire);
}

}  // namespace

void remember_retained(TensorImpl& t) {
  NodeExtras& extras = extras_of(*t.grad_fn);
  const std::lock_guard lock(list_mutex());
  extras.retained.emplace_back(t.output_nr, &t);
}

void move_retained(TensorImpl& t, Node* from, Node* to) {
  if (NodeExtras* extras = from ? extras_if_any(*from) : nullptr) {
    const std::lock_guard lock(list_mutex());
    std::erase_if(extras->retained, [&](const auto& entry) { return entry.second == &t; });
  }
  if (to) remember_retained(t);
}

void forget_retained(TensorImpl& t) noexcept { move_retained(t, t.grad_fn, nullptr); }

void accumulate_retained(Node& n, uint32_t slot, const Tensor& g) {
  std::vector<TensorImpl*> done;  // compared with, never followed
  while (true) {
    TensorImpl* target = nullptr;
    Tensor before, sum;
    while (true) {
      {
        const std::lock_guard lock(list_mutex());
        const auto& list = n.extras->retained;
        const auto next = std::find_if(list.begin(), list.end(), [&](const auto& entry) {
          return entry.first == slot &&
                 std::find(done.begin(), done.end(), entry.second) == done.end();
        });
        if (next == list.end()) return;
        AutogradMeta& meta = meta_of(*next->second);
        const GradLock grad_lock(meta);
        if (sum.defined() && next->second == target && meta.grad.impl() == before.impl()) {
          meta.grad.swap(sum);
          break;
        }
        target = next->second;
        before = meta.grad;
      }
      sum = before.defined() ? algebra::add(before, g) : algebra::clone(g);
    }
    done.push_back(target);
  }
}

WENGERT_NAMESPACE_END
