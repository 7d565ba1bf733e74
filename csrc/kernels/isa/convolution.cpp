// Convolution windows as columns of a matrix, and back; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Calls f(plane's place in the strip, plane, line's place in x or -1) for what the strip holds.
template <class F>
WG_INLINE void for_planes(const StripLines& l, F f) {
  for (int64_t i = 0; i < l.count; ++i) {
    if (l.source[i] == StripLines::kUnused) continue;
    for (int64_t j = 0; j < l.planes; ++j) f(i * l.line + l.plane[j].at, l.plane[j], l.source[i]);
  }
}

template <class T>
void fill(const StripLines& l, void* strip, const void* x) {
  const T* from = static_cast<const T*>(x);
  for_planes(l, [=, s = l.stride](int64_t at, const StripPlane& p, int64_t source) {
    T* to = static_cast<T*>(strip) + at;
    if (source < 0) return zero_run(to, p.before + p.inside + p.after);
    if (p.before) zero_run(to, p.before);
    to += p.before;
    if (p.inside) copy_strided(to, from + source + p.from, p.inside, s);
    if (p.after) zero_run(to + p.inside, p.after);
  });
}
template <class T>
void drain(const StripLines& l, void* x, const void* strip) {
  T* to = static_cast<T*>(x);
  for_planes(l, [=, s = l.stride](int64_t at, const StripPlane& p, int64_t source) {
    if (source < 0 || p.inside == 0) return;
    const T* from = static_cast<const T*>(strip) + at + p.before;
    add_strided(to + source + p.from, from, p.inside, s);
  });
}

// Calls f(from, to, count) for every run of every tap. Runs of one length up to a vector, as in all
// but wide images, get a count that is the same in the whole loop.
template <class T, class F>
WG_INLINE void for_runs(const StripRuns& r, int64_t ld, F f) {
  const StripRun* const run = r.run;
  const int64_t first = r.count ? run[0].count : 0;
  bool same = first <= Vec<T>::kLanes;
  for (int64_t i = 1; i < r.count; ++i) same = same && run[i].count == first;
  if (same) {
    const int64_t n = first;
    for (int64_t k = 0; k < r.taps; ++k)
      for (int64_t i = 0; i < r.count; ++i) f(run[i].from + r.tap[k], run[i].to + k * ld, n);
  } else {
    for (int64_t k = 0; k < r.taps; ++k)
      for (int64_t i = 0; i < r.count; ++i)
        f(run[i].from + r.tap[k], run[i].to + k * ld, run[i].count);
  }
}

template <class T>
void unfold(const StripRuns& r, void* col, int64_t ld, const void* strip) {
  const T* from = static_cast<const T*>(strip);
  T* to = static_cast<T*>(col);
  for_runs<T>(r, ld, [=](int64_t i, int64_t j, int64_t n) { copy_run(to + j, from + i, n); });
}
template <class T>
void fold(const StripRuns& r, void* strip, const void* col, int64_t ld) {
  T* to = static_cast<T*>(strip);
  const T* from = static_cast<const T*>(col);
  for_runs<T>(r, ld, [=](int64_t i, int64_t j, int64_t n) { add_run(to + i, from + j, n); });
}

}  // namespace

#define WG_CONVOLUTION(T) {fill<T>, drain<T>, unfold<T>, fold<T>}
const ConvolutionKernels convolution_table[2] = {WG_CONVOLUTION(float), WG_CONVOLUTION(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
