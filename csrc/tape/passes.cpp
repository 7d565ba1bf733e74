#include "tape/passes.h"

#include <algorithm>
#include <unordered_map>

#include "autograd/fields.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {
size_t storage_of(const Program& p, int v) {
  return static_cast<size_t>(p.values[static_cast<size_t>(v)].storage);
}
bool is_temporary(const Program& p, int v) {
  return p.storage_of(v).kind == StorageKind::temporary;
}
}  // namespace

std::vector<bool> visible_storages(const Program& p) {
  std::vector<bool> visible(p.storages.size(), false);
  for (const int v : p.outputs) {
    if (v >= 0) visible[storage_of(p, v)] = true;
  }
  for (const LeafGradient& g : p.gradients) {
    if (g.end >= 0) visible[storage_of(p, g.end)] = true;
  }
  return visible;
}

void remove_dead(Program& p) {
  std::vector<bool> read = visible_storages(p);
  for (auto s = p.steps.rbegin(); s != p.steps.rend(); ++s) {
    if (s->dead) continue;
    const auto wanted = [&](int v) {
      return v >= 0 && (!is_temporary(p, v) || read[storage_of(p, v)]);
    };
    const std::vector<int> changed = s->changed();
    // A view of what was there before makes nothing, but values are read through it.
    const bool needed = s->kind == StepKind::check || s->kind == StepKind::view ||
                        std::any_of(s->outputs.begin(), s->outputs.end(), wanted) ||
                        std::any_of(changed.begin(), changed.end(), wanted);
    s->dead = !needed;
    if (s->dead || s->kind == StepKind::view) continue;
    for (const int v : s->inputs) {
      if (v >= 0) read[storage_of(p, v)] = true;
    }
  }
}

void share_common(Program& p) {
  const std::vector<bool> visible = visible_storages(p);
  std::vector<int> writes(p.storages.size(), 0);  // how many steps write to each storage
  for (const Step& s : p.steps) {
    if (s.kind == StepKind::view) continue;
    for (const int v : s.outputs) {
      if (v >= 0) ++writes[storage_of(p, v)];
    }
    if (s.kind == StepKind::change && !s.outputs.empty()) continue;  // counted as an output
    for (const int v : s.changed()) ++writes[storage_of(p, v)];
  }
  const auto plain = [&](int v) {
    return is_temporary(p, v) && writes[storage_of(p, v)] == 1 && !visible[storage_of(p, v)];
  };
  std::vector<int> epoch(p.storages.size(), 0);  // changes so far
  std::unordered_map<std::string, int> known;    // by what is computed
  for (Step& s : p.steps) {
    if (s.kind == StepKind::op && s.outputs.size() == 1 && s.outputs[0] >= 0 && !s.dead &&
        !s.op.cls().random && s.op.cls().fields && plain(s.outputs[0])) {
      std::string key = s.op.cls().name;
      // Variants of one name, with and without a number, have classes of their own.
      key += "@" + std::to_string(reinterpret_cast<uintptr_t>(&s.op.cls()));
      for (const auto& [name, value] : attributes_of(s.op.cls(), s.op.get())) key += ";" + value;
      for (const int v : s.inputs) {
        key += "," + std::to_string(v);
        if (v >= 0) key += ":" + std::to_string(epoch[storage_of(p, v)]);
      }
      const auto [first, fresh] = known.emplace(key, s.outputs[0]);
      const Value &a = p.values[static_cast<size_t>(first->second)],
                  &b = p.values[static_cast<size_t>(s.outputs[0])];
      if (!fresh && a.offset == b.offset && a.dtype == b.dtype && Dims(a.shape) == Dims(b.shape) &&
          Dims(a.strides) == Dims(b.strides)) {
        const int from = b.storage, to = a.storage;
        for (Value& v : p.values) {
          if (v.storage == from) v.storage = to;
        }
        s.dead = true;
        continue;
      }
    }
    for (const int v : s.changed()) ++epoch[storage_of(p, v)];
  }
}

}  // namespace tape
WENGERT_NAMESPACE_END
