#include "tape/memory_plan.h"

#include <algorithm>
#include <numeric>

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

constexpr int64_t kLine = 64;

bool is_whole(const Program& p, const Value& v) {
  const int64_t bytes = v.numel() * static_cast<int64_t>(item_size(v.dtype));
  return v.offset == 0 && v.contiguous() &&
         bytes == p.storages[static_cast<size_t>(v.storage)].bytes;
}

// The storage of the input in whose place a pointwise step can write its output, since nobody reads
// the input later; -1: none.
int taken_over(const Program& p, int step, const MemoryPlan& plan,
               const std::vector<bool>& planned) {
  const Step& s = p.steps[static_cast<size_t>(step)];
  const auto value = [&](int v) -> const Value& { return p.values[static_cast<size_t>(v)]; };
  if (s.kind != StepKind::op || !is_pointwise(p, s)) return -1;
  const Value& out = value(s.outputs[0]);
  const auto to = static_cast<size_t>(out.storage);
  if (!planned[to] || plan.made_at[to] != step || !is_whole(p, out)) return -1;
  for (const int v : s.inputs) {
    if (v < 0) continue;
    const Value& in = value(v);
    const auto from = static_cast<size_t>(in.storage);
    const bool alone = std::all_of(s.inputs.begin(), s.inputs.end(), [&](int other) {
      return other < 0 || other == v || value(other).storage != in.storage;
    });
    if (planned[from] && from != to && plan.last_use[from] == step && is_whole(p, in) && alone &&
        in.numel() == out.numel() && item_size(in.dtype) == item_size(out.dtype))
      return in.storage;
  }
  return -1;
}

}  // namespace

MemoryPlan::MemoryPlan(const Program& p, const std::vector<Chain>& chains,
                       const std::vector<bool>& planned)
    : offsets(p.storages.size(), -1),
      made_at(p.storages.size(), -1),
      last_use(p.storages.size(), -1) {
  const auto storage = [&](int v) {
    return static_cast<size_t>(p.values[static_cast<size_t>(v)].storage);
  };
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const Step& s = p.steps[i];
    if (s.dead) continue;
    const auto use = [&](const std::vector<int>& values) {
      for (const int v : values) {
        if (v < 0) continue;
        if (made_at[storage(v)] < 0) made_at[storage(v)] = static_cast<int>(i);
        last_use[storage(v)] = static_cast<int>(i);
      }
    };
    use(s.inputs);
    use(s.outputs);
    use(s.changed());
  }
  std::vector<int> begin(p.steps.size()), end(p.steps.size());
  std::iota(begin.begin(), begin.end(), 0);
  std::iota(end.begin(), end.end(), 0);
  for (const Chain& c : chains) {
    for (size_t i = c.first; i <= c.last; ++i) {
      begin[i] = static_cast<int>(c.first);
      end[i] = static_cast<int>(c.last);
    }
  }
  // Storages that take over the place of another; the first of them stands for all.
  std::vector<size_t> place(p.storages.size());
  std::iota(place.begin(), place.end(), size_t{0});
  std::vector<int> needed_until = last_use;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    if (begin[i] != end[i]) continue;
    const int from = taken_over(p, static_cast<int>(i), *this, planned);
    if (from < 0) continue;
    const size_t to = storage(p.steps[i].outputs[0]), first = place[static_cast<size_t>(from)];
    place[to] = first;
    needed_until[first] = last_use[to];
  }
  const auto apart = [&](size_t a, size_t b) {
    return begin[static_cast<size_t>(made_at[a])] > end[static_cast<size_t>(needed_until[b])] ||
           end[static_cast<size_t>(needed_until[a])] < begin[static_cast<size_t>(made_at[b])];
  };
  // The largest first, each at the lowest place that is free while it lives.
  std::vector<size_t> order;
  for (size_t s = 0; s < p.storages.size(); ++s) {
    if (planned[s] && made_at[s] >= 0 && place[s] == s) order.push_back(s);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return p.storages[a].bytes > p.storages[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (const size_t s : order) {
    const int64_t size = (p.storages[s].bytes + kLine - 1) / kLine * kLine;
    int64_t at = 0;
    for (const size_t o : placed) {
      if (apart(o, s)) continue;
      if (offsets[o] >= at + size) break;
      at = std::max(at, offsets[o] + (p.storages[o].bytes + kLine - 1) / kLine * kLine);
    }
    offsets[s] = at;
    bytes = std::max(bytes, at + size);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), s,
                                   [&](size_t a, size_t b) { return offsets[a] < offsets[b]; }),
                  s);
  }
  for (size_t s = 0; s < p.storages.size(); ++s) offsets[s] = offsets[place[s]];
}

}  // namespace tape
WENGERT_NAMESPACE_END
