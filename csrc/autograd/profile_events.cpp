// The events of a profile's threads as one list.
#include <unordered_map>

#include "autograd/inspect.h"
#include "autograd/profile_report.h"

WENGERT_NAMESPACE_BEGIN
namespace report {

void append(Events& events, const runtime::Trace& trace, int64_t began, int64_t ended) {
  const auto first = static_cast<int64_t>(events.size());
  for (const runtime::TraceEvent& t : trace.events()) {
    ProfileEvent& e = events.emplace_back();
    const bool is_node = t.kind == EventKind::backward && t.is_operation;
    e.name = is_node ? backward_name(t.name) : t.name;
    e.kind = t.kind;
    e.thread = trace.thread();
    e.begin_ns = t.begin - began;
    e.end_ns = (t.end < 0 ? ended : t.end) - began;
    e.node = t.node;
    e.parent = t.parent < 0 ? -1 : first + t.parent;
    e.bytes = t.bytes;
    e.flops = t.flops;
    e.flops64 = t.dtype == DType::float64 ? t.flops : 0;
    e.allocated = t.end < 0 ? 0 : t.allocated;
    e.dtype = t.dtype;
    if (t.inputs) e.inputs = *t.inputs;
    if (t.stack) e.stack = *t.stack;
  }
}

namespace {

// Numbers of nodes are unique on a thread only.
void find_forward(Events& events) {
  std::unordered_multimap<uint64_t, int64_t> made;
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].kind == EventKind::operation && events[i].node) {
      made.emplace(events[i].node, static_cast<int64_t>(i));
    }
  }
  for (ProfileEvent& e : events) {
    if (e.kind != EventKind::backward || !e.node) continue;
    const auto rank = [&](int64_t i) {
      const ProfileEvent& f = events[static_cast<size_t>(i)];
      return std::pair(f.thread == e.thread, f.begin_ns);
    };
    const auto [begin, end] = made.equal_range(e.node);
    for (auto it = begin; it != end; ++it) {
      const int64_t i = it->second;
      if (events[static_cast<size_t>(i)].begin_ns > e.begin_ns) continue;
      if (e.forward < 0 || rank(i) > rank(e.forward)) e.forward = i;
    }
  }
}

// Events come after those around them.
void sum_up(Events& events) {
  std::vector<bool> knows(events.size());
  for (size_t i = 0; i < events.size(); ++i) knows[i] = events[i].flops != 0;
  for (size_t i = events.size(); i-- > 0;) {
    const ProfileEvent& e = events[i];
    if (e.parent < 0) continue;
    ProfileEvent& p = events[static_cast<size_t>(e.parent)];
    const bool is_range = p.kind == EventKind::range || p.kind == EventKind::module;
    if (is_range) p.bytes += e.bytes;
    if (!is_range && knows[static_cast<size_t>(e.parent)]) continue;
    p.flops += e.flops;
    p.flops64 += e.flops64;
  }
}

}  // namespace

void link(Events& events) {
  find_forward(events);
  sum_up(events);
}

}  // namespace report
WENGERT_NAMESPACE_END
