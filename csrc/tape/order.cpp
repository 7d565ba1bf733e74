#include "tape/order.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "tape/file.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

size_t at(int i) { return static_cast<size_t>(i); }

// The accesses to one storage so far, but for those behind which a later one stands anyway.
class Accesses {
 public:
  // Calls f with each step that one which does this must stay behind.
  template <class F>
  void add(int step, const Extent& e, bool writes, F f) {
    for (const Access& a : all_) {
      const bool apart = a.extent.end <= e.first || e.end <= a.extent.first;
      if (a.step != step && !apart && (a.writes || writes)) f(a.step);
    }
    if (writes) {
      std::erase_if(all_, [&](const Access& a) {
        return a.step != step && a.extent.first >= e.first && a.extent.end <= e.end;
      });
    }
    all_.push_back({step, e, writes});
  }

 private:
  struct Access {
    int step;
    Extent extent;
    bool writes;
  };
  std::vector<Access> all_;
};

}  // namespace

std::vector<std::vector<int>> dependencies(const Program& p) {
  std::vector<std::vector<int>> before(p.steps.size());
  std::vector<int> maker(p.values.size(), -1);
  std::vector<Accesses> storages(p.storages.size());
  std::vector<int> made(p.storages.size(), -1);  // the step that makes the memory
  int last_check = -1;
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const Step& s = p.steps[i];
    if (s.dead) continue;
    const int step = static_cast<int>(i);
    const auto behind = [&](int other) {
      if (other >= 0) before[i].push_back(other);
    };
    const auto touch = [&](int v, bool writes) {
      if (v < 0) return;
      const Value& x = p.values[at(v)];
      storages[at(x.storage)].add(step, extent_of(x), writes, behind);
    };
    const auto made_before = [&](int v) {
      return v >= 0 && (p.storage_of(v).kind != StorageKind::temporary ||
                        made[at(p.values[at(v)].storage)] >= 0);
    };
    const std::vector<int> changed = s.changed();
    for (const std::vector<int>* taken : {&s.inputs, &changed}) {
      for (const int v : *taken) {
        if (v < 0) continue;
        behind(maker[at(v)]);
        behind(made[at(p.values[at(v)].storage)]);
      }
    }
    if (s.kind != StepKind::view) {
      for (const int v : s.inputs) touch(v, false);
      for (const int v : changed) touch(v, true);
      if (s.kind != StepKind::change) {
        // A rule may show memory that is there already, and leaves that as it is.
        for (const int v : s.outputs) touch(v, s.kind == StepKind::op || !made_before(v));
      }
    }
    if (s.kind == StepKind::check) behind(std::exchange(last_check, step));
    if (s.kind == StepKind::change) continue;
    for (const int v : s.outputs) {
      if (v < 0) continue;
      maker[at(v)] = step;
      int& first = made[at(p.values[at(v)].storage)];
      if (first < 0) first = step;
    }
  }
  for (std::vector<int>& b : before) {
    std::sort(b.begin(), b.end());
    b.erase(std::unique(b.begin(), b.end()), b.end());
  }
  return before;
}

std::vector<size_t> order_with(const Program& p, const std::vector<std::vector<size_t>>& groups) {
  const size_t n = p.steps.size();
  // A unit is a group, or a step that is in none; its number is that of its first step.
  std::vector<size_t> unit(n);
  std::vector<std::vector<size_t>> steps(n);
  for (size_t i = 0; i < n; ++i) unit[i] = i;
  for (const auto& g : groups) {
    const size_t first = *std::min_element(g.begin(), g.end());
    for (const size_t i : g) unit[i] = first;
    steps[first] = g;
  }
  for (size_t i = 0; i < n; ++i) {
    if (unit[i] == i && steps[i].empty()) steps[i] = {i};
  }
  std::vector<std::vector<size_t>> after(n);
  std::vector<int> waits(n, 0);
  const std::vector<std::vector<int>> before = dependencies(p);
  for (size_t i = 0; i < n; ++i) {
    for (const int b : before[i]) {
      if (unit[at(b)] == unit[i]) continue;
      after[unit[at(b)]].push_back(unit[i]);
      ++waits[unit[i]];
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t i = 0; i < n; ++i) {
    if (unit[i] == i && !waits[i]) ready.push(i);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t u = ready.top();
    ready.pop();
    order.insert(order.end(), steps[u].begin(), steps[u].end());
    for (const size_t a : after[u]) {
      if (!--waits[a]) ready.push(a);
    }
  }
  WG_CHECK(order.size() == n, ValueError,
           "tape: steps that are to be replaced together have others between them that take what "
           "one of them makes and make what another takes; replace fewer of them at once");
  return order;
}

}  // namespace tape
WENGERT_NAMESPACE_END
