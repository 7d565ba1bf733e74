// What functions written by users see of the vmap that they run in.
#include "autograd/inspect.h"
#include "autograd/vmap_level.h"

WENGERT_NAMESPACE_BEGIN

namespace {

const VmapLevel* vmap_of(uint64_t number) {
  for (const Transform* t = thread_mode.top; t; t = t->below()) {
    const auto* vmap = t->bit() == kVmap ? static_cast<const VmapLevel*>(t) : nullptr;
    if (vmap && vmap->number() == number) return vmap;
  }
  return nullptr;
}

}  // namespace

bool is_in_vmap() { return thread_mode.word & kVmap; }

MappedInputs mapped_inputs(TensorList inputs) {
  MappedInputs found;
  const VmapLevel* vmap = nullptr;
  for (const Tensor& t : inputs) {
    if (!t.impl()->has(kBatched)) continue;
    const VmapLevel* of = vmap_of(t.impl()->meta->levels->batch_level);
    if (of && (!vmap || of->number() > vmap->number())) vmap = of;
  }
  if (!vmap) return found;
  found.level = vmap->number();
  found.size = vmap->size();
  found.randomness = vmap->randomness();
  for (const Tensor& t : inputs) {
    const Levels* l = batched_at(*t.impl(), found.level);
    found.values.push_back(l ? Tensor(l->examples) : t);
    found.batched.push_back(l && !l->same);
    found.differentiated |= is_differentiated(found.values.back(), found.level);
  }
  return found;
}

Tensor one_of_examples(uint64_t level, const Tensor& examples) {
  const VmapLevel* vmap = vmap_of(level);
  return vmap ? vmap->wrap(examples) : examples;
}

WENGERT_NAMESPACE_END
