#include "runtime/profiler.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "runtime/parallel.h"
#include "wengert/runtime.h"

namespace wengert::runtime {

namespace {

thread_local constinit Trace* innermost_trace = nullptr;
thread_local constinit uint64_t last_token = 0;

int64_t allocated_now() { return static_cast<int64_t>(memory_stats().allocated); }

}  // namespace

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Trace* Trace::innermost() { return innermost_trace; }

uint64_t Trace::new_token() {
  static std::atomic<uint64_t> threads{0};
  constexpr int kBitsOfThread = 40;
  if (last_token == 0) last_token = threads.fetch_add(1) << kBitsOfThread;
  return ++last_token;
}

void Trace::enter() {
  outer_ = innermost_trace;
  innermost_trace = this;
}

void Trace::leave() {
  for (Trace** at = &innermost_trace; *at; at = &(*at)->outer_) {
    if (*at != this) continue;
    *at = outer_;
    return;
  }
}

void Trace::open(uint64_t token, EventKind kind, const char* name) {
  if (abandoned_.load(std::memory_order_relaxed)) [[unlikely]]
    return;
  TraceEvent& e = events_.emplace_back();
  e.name = name;
  e.kind = kind;
  e.parent = open_.empty() ? -1 : open_.back().index;
  open_.push_back({token, static_cast<int64_t>(events_.size()) - 1});
  if (kind == EventKind::backward) ++open_nodes_;
  if (memory_) e.allocated = allocated_now();
  e.begin = now_ns();
}

TraceEvent* Trace::close(uint64_t token) {
  const int64_t now = now_ns();
  const auto at = std::find_if(open_.rbegin(), open_.rend(),
                               [&](const Open& open) { return open.token == token; });
  if (at == open_.rend()) return nullptr;
  TraceEvent& e = events_[static_cast<size_t>(at->index)];
  open_.erase(std::next(at).base());
  e.end = now;
  if (memory_) e.allocated = allocated_now() - e.allocated;
  if (e.kind == EventKind::backward) --open_nodes_;
  return &e;
}

const char* Trace::keep(std::string_view name) { return names_.emplace(name).first->c_str(); }

const char* Trace::in_place(const char* operation) {
  std::string& name = in_place_[operation];
  if (name.empty()) name = std::string(operation) + "_";
  return name.c_str();
}

const std::string* Trace::keep_stack(std::string stack) {
  return &*names_.insert(std::move(stack)).first;
}

double measure_copy_gigabytes() {
  constexpr int64_t kBytes = int64_t{64} << 20, kRuns = 5;
  const std::unique_ptr<char[]> from(new char[kBytes]), to(new char[kBytes]);
  std::memset(from.get(), 1, kBytes);
  double best = 0;
  for (int64_t run = 0; run <= kRuns; ++run) {  // the first touches the pages
    const int64_t begin = now_ns();
    parallel_for(kBytes, kBytes / 64, [&](int64_t i, int64_t end) {
      std::memcpy(to.get() + i, from.get() + i, static_cast<size_t>(end - i));
    });
    best = std::max(best, 2.0 * kBytes / static_cast<double>(now_ns() - begin));
  }
  return best;
}

}  // namespace wengert::runtime
