#include "autograd/levels.h"

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

Levels& make_levels(TensorImpl& t) {
  AutogradMeta& meta = meta_of(t);
  if (!meta.levels) meta.levels = std::make_unique<Levels>();
  t.flags |= kHasLevels;
  return *meta.levels;
}

void copy_levels(TensorImpl& to, const TensorImpl& from) {
  const Levels* have = levels_of(from);
  if (!have) return;
  make_levels(to) = *have;
  to.flags |= from.flags & kBatched;
  update_contiguous(to);
}

Tensor without_history(const Tensor& t) {
  Tensor plain = t.detach();
  copy_levels(*plain.impl(), *t.impl());
  return plain;
}

const Tensor& tangent_at(const TensorImpl& t, uint64_t level) {
  static const Tensor nothing;
  if (const Levels* l = levels_of(t)) {
    for (const Levels::Tangent& tangent : l->tangents) {
      if (tangent.level == level) return tangent.value;
    }
  }
  return nothing;
}

namespace {

bool on_stack(uint64_t level) {
  for (const Transform* t = thread_mode.top; t; t = t->below()) {
    const auto* l = t->bit() & (kForwardMode | kVmap) ? static_cast<const Level*>(t) : nullptr;
    if (l && l->number() == level) return true;
  }
  return false;
}

}  // namespace

void set_tangent(TensorImpl& t, uint64_t level, Tensor tangent) {
  auto& list = make_levels(t).tangents;
  // Those of levels that have ended stay nowhere for long.
  std::erase_if(list, [&](const auto& e) { return e.level == level || !on_stack(e.level); });
  if (tangent.defined()) list.push_back({level, std::move(tangent)});
}

bool is_transforming() { return transforming(); }

std::vector<std::pair<uint64_t, Tensor>> tangents_of(const Tensor& t) {
  std::vector<std::pair<uint64_t, Tensor>> found;
  if (const Levels* l = levels_of(*t.impl())) {
    for (const Levels::Tangent& tangent : l->tangents) {
      if (on_stack(tangent.level)) found.emplace_back(tangent.level, tangent.value);
    }
  }
  return found;
}
void give_tangent(const Tensor& t, uint64_t level, const Tensor& tangent) {
  WG_CHECK(tangent.shape() == t.shape() && tangent.dtype() == t.dtype(), Error,
           "jvp: the tangent of an output of shape ", t.shape(), " and dtype ", t.dtype(),
           " has shape ", tangent.shape(), " and dtype ", tangent.dtype());
  set_tangent(*t.impl(), level, tangent);
  for_saved_copies(*t.impl(), [&](const Saved& s) {
    if (!s.is_packed && s.tensor) set_tangent(*s.tensor, level, tangent);
  });
}
bool is_one_of_many(const Tensor& t) { return t.impl()->has(kBatched); }
bool examples_require_grad(const Tensor& t) {
  for (const TensorImpl* e = t.impl(); e->has(kBatched);) {
    e = e->meta->levels->examples.impl();
    if (e->requires_grad()) return true;
  }
  return false;
}

Level::Level(uint32_t bit) : Transform(bit) {
  static std::atomic<uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

WENGERT_NAMESPACE_END
