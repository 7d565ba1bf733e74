#include "tape/memory_plan.h"

#include <algorithm>
#include <numeric>

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {
constexpr int64_t kLine = 64;
}

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
  const auto apart = [&](size_t a, size_t b) {
    return begin[static_cast<size_t>(made_at[a])] > end[static_cast<size_t>(last_use[b])] ||
           end[static_cast<size_t>(last_use[a])] < begin[static_cast<size_t>(made_at[b])];
  };
  // The largest first, each at the lowest place that is free while it lives.
  std::vector<size_t> order;
  for (size_t s = 0; s < p.storages.size(); ++s) {
    if (planned[s] && made_at[s] >= 0) order.push_back(s);
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
}

}  // namespace tape
WENGERT_NAMESPACE_END
