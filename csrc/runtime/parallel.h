// Parallel loops on the library's pool, or on the executor a host has supplied.
#pragma once

#include <cstdint>
#include <type_traits>

namespace wengert::runtime {

// How many threads a loop started here could use; 1 inside a parallel loop.
int available_threads();

// Calls body(context, i) for every i in [0, n), each exactly once; returns when all are done.
// Runs serially inside another parallel loop, or if one thread is set. The first exception thrown
// by a body is rethrown here after all bodies have ended.
void parallel_tasks(int64_t n, void (*body)(void* context, int64_t i), void* context);

template <class F>
void parallel_tasks(int64_t n, F&& f) {
  using Body = std::remove_reference_t<F>;
  void* context = const_cast<void*>(static_cast<const void*>(&f));
  parallel_tasks(n, [](void* c, int64_t i) { (*static_cast<Body*>(c))(i); }, context);
}

// Splits [0, n) into ranges of at least `grain` and calls f(begin, end) for each. Where the range
// is split depends on the number of threads: only for work whose results cannot depend on it.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  if (n <= 0) return;
  const int64_t threads = n <= grain ? 1 : available_threads();
  if (threads == 1) {
    f(int64_t{0}, n);
    return;
  }
  int64_t parts = (n + grain - 1) / grain;
  if (parts > threads * 4) parts = threads * 4;
  const int64_t step = (n + parts - 1) / parts;
  parts = (n + step - 1) / step;
  parallel_tasks(parts, [&](int64_t i) {
    const int64_t begin = i * step;
    const int64_t end = begin + step < n ? begin + step : n;
    f(begin, end);
  });
}

}  // namespace wengert::runtime
