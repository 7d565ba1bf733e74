#include "autograd/levels.h"

#include <algorithm>

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/inspect.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

thread_local std::vector<uint64_t> open;

bool is_open(uint64_t level) { return std::find(open.begin(), open.end(), level) != open.end(); }

}  // namespace

const std::vector<uint64_t>& open_levels() { return open; }

Levels& make_levels(TensorImpl& t) {
  AutogradMeta& meta = meta_of(t);
  if (!meta.levels) meta.levels = std::make_unique<Levels>();
  t.flags |= kHasLevels;
  return *meta.levels;
}

void set_examples(TensorImpl& t, Tensor examples, uint64_t level, bool same) {
  Levels& l = make_levels(t);
  l.examples = std::move(examples);
  l.batch_level = level;
  l.same = same;
  t.flags |= kBatched;
  update_contiguous(t);
}

void copy_levels(TensorImpl& to, const TensorImpl& from) {
  if (const Levels* have = levels_of(from)) {
    make_levels(to) = *have;
    to.flags |= from.flags & kBatched;
    update_contiguous(to);
  }
  if (!shares_tangents(from)) return;
  const Levels* of_base = levels_of(*from.meta->base.impl());
  if (!of_base) return;
  for (const Levels::Tangent& t : of_base->tangents) {
    if (is_open(t.level)) set_tangent(to, t.level, tangent_at(from, t.level));
  }
}

Tensor without_history(const Tensor& t) {
  Tensor plain = t.detach();
  copy_levels(*plain.impl(), *t.impl());
  return plain;
}

namespace {

const Tensor& own_tangent_at(const TensorImpl& t, uint64_t level) {
  static const Tensor nothing;
  if (const Levels* l = levels_of(t)) {
    for (const Levels::Tangent& tangent : l->tangents) {
      if (tangent.level == level) return tangent.value;
    }
  }
  return nothing;
}

}  // namespace

Tensor tangent_at(const TensorImpl& t, uint64_t level) {
  const Tensor& own = own_tangent_at(t, level);
  if (!shares_tangents(t)) return own;
  const Tensor& whole = own_tangent_at(*t.meta->base.impl(), level);
  if (!whole.defined() || (own.defined() && own.impl()->storage == whole.impl()->storage))
    return own;
  return t.meta->step->apply(whole);
}

void set_tangent(TensorImpl& t, uint64_t level, Tensor tangent) {
  auto& list = make_levels(t).tangents;
  // Those of levels that have ended stay nowhere for long.
  std::erase_if(list, [&](const auto& e) { return e.level == level || !is_open(e.level); });
  if (tangent.defined()) list.push_back({level, std::move(tangent)});
}

bool is_transforming() { return transforming(); }

std::vector<std::pair<uint64_t, Tensor>> tangents_of(const Tensor& t) {
  std::vector<std::pair<uint64_t, Tensor>> found;
  for (const Transform* at = thread_mode.top; at; at = at->below()) {
    if (at->bit() != kForwardMode) continue;
    const uint64_t level = static_cast<const Level*>(at)->number();
    if (const Tensor tangent = tangent_at(*t.impl(), level); tangent.defined())
      found.emplace_back(level, tangent);
  }
  return found;
}
void give_tangent(const Tensor& t, uint64_t level, const Tensor& tangent) {
  WG_CHECK(tangent.shape() == t.shape() && tangent.dtype() == t.dtype(), Error,
           "jvp: the tangent of an output of shape ", t.shape(), " and dtype ", t.dtype(),
           " has shape ", tangent.shape(), " and dtype ", tangent.dtype());
  set_tangent(*t.impl(), level, tangent);
  if (Node* n = t.impl()->grad_fn) {
    for_saved_copies(*n, t.impl()->output_nr,
                     [&](TensorImpl& saved) { set_tangent(saved, level, tangent); });
  }
}
bool is_one_of_many(const Tensor& t) { return t.impl()->has(kBatched); }
std::pair<Tensor, bool> examples_of(const Tensor& t) {
  const Levels* l = is_one_of_many(t) ? levels_of(*t.impl()) : nullptr;
  return l ? std::pair{l->examples, l->same} : std::pair{Tensor(), false};
}
bool examples_require_grad(const Tensor& t) {
  for (const TensorImpl* e = t.impl(); e->has(kBatched);) {
    e = e->meta->levels->examples.impl();
    if (e->requires_grad()) return true;
  }
  return false;
}

bool is_differentiated(const Tensor& t, uint64_t inside) {
  if (t.requires_grad() || examples_require_grad(t)) return true;
  for (Tensor e = t; e.defined();) {
    for (const auto& [level, tangent] : tangents_of(e)) {
      if (level < inside) return true;
    }
    e = e.impl()->has(kBatched) ? Tensor(e.impl()->meta->levels->examples) : Tensor();
  }
  return false;
}

Level::Level(uint32_t bit) : Transform(bit) {
  static std::atomic<uint64_t> last{0};
  number_ = last.fetch_add(1, std::memory_order_relaxed) + 1;
  open.push_back(number_);
}
Level::~Level() { std::erase(open, number_); }

WENGERT_NAMESPACE_END
