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

// Lines of an image are fetched before they are needed; `Write`: to be changed.
template <bool Write, class T>
WG_INLINE void fetch(const T* p, int64_t count) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t i = 0; i < count; i += kLine) __builtin_prefetch(p + i, Write, 3);
}
template <bool Write, class T>
WG_INLINE void fetch_lines(const StripLines& l, const T* x) {
  for (int64_t i = 0; i < l.count; ++i)
    if (l.source[i] >= 0) fetch<Write>(x + l.source[i], l.width);
}

// The two planes of a stride of 2 whose elements take turns in a line of the image: the first
// `both` of each from place `from` of the line on.
struct Turns {
  StripPlane even, odd;
  int64_t both = 0;
  explicit Turns(const StripLines& l) {
    if (l.stride != 2 || l.planes != 2) return;
    const bool turned = l.plane[1].from < l.plane[0].from;
    even = l.plane[turned];
    odd = l.plane[!turned];
    if (odd.from == even.from + 1) both = even.inside < odd.inside ? even.inside : odd.inside;
  }
  // Calls f(the even elements' place in the strip, the odd ones', the line's place in x).
  template <class F>
  WG_INLINE void for_lines(const StripLines& l, F f) const {
    for (int64_t i = 0; i < l.count; ++i) {
      if (l.source[i] < 0) continue;
      const int64_t line = i * l.line;
      f(line + even.at + even.before, line + odd.at + odd.before, l.source[i] + even.from);
    }
  }
};

template <class T>
void fill(const StripLines& l, void* strip, const void* x, int64_t ahead) {
  const T* from = static_cast<const T*>(x);
  T* const to = static_cast<T*>(strip);
  if (ahead) fetch_lines<false>(l, from + ahead);
  if (const Turns turns(l); turns.both > 0) {
    const int64_t n = turns.both, more_even = turns.even.inside - n,
                  more_odd = turns.odd.inside - n;
    return turns.for_lines(l, [=](int64_t even, int64_t odd, int64_t at) {
      const T* const line = from + at;
      split_pairs(to + even, to + odd, line, n);
      if (more_even > 0) copy_strided(to + even + n, line + 2 * n, more_even, 2);
      if (more_odd > 0) copy_strided(to + odd + n, line + 2 * n + 1, more_odd, 2);
    });
  }
  for_planes(l,
             [=, s = l.stride, width = l.width](int64_t at, const StripPlane& p, int64_t source) {
               if (source < 0 || p.inside == 0) return;
               T* const strip = to + at + p.before;
               const T* const line = from + source + p.from;
               if (s == 2 && p.from + 2 * p.inside <= width)
                 first_of_pairs(strip, line, p.inside);
               else
                 copy_strided(strip, line, p.inside, s);
             });
}
template <class T>
void drain(const StripLines& l, void* x, const void* strip, int64_t ahead) {
  T* to = static_cast<T*>(x);
  if (ahead) fetch_lines<true>(l, to + ahead);
  if (const Turns turns(l); turns.both > 0) {
    const int64_t n = turns.both, more_even = turns.even.inside - n,
                  more_odd = turns.odd.inside - n;
    return turns.for_lines(
        l, [=, from = static_cast<const T*>(strip)](int64_t even, int64_t odd, int64_t at) {
          T* const line = to + at;
          add_pairs(line, from + even, from + odd, n);
          if (more_even > 0) add_strided(line + 2 * n, from + even + n, more_even, 2);
          if (more_odd > 0) add_strided(line + 2 * n + 1, from + odd + n, more_odd, 2);
        });
  }
  for_planes(l, [=, s = l.stride](int64_t at, const StripPlane& p, int64_t source) {
    if (source < 0 || p.inside == 0) return;
    const T* from = static_cast<const T*>(strip) + at + p.before;
    add_strided(to + source + p.from, from, p.inside, s);
  });
}

// Taps one after the other for each run, whose length stays the same meanwhile.
template <class T>
void unfold(const StripRuns& r, void* col, int64_t rows, int64_t row, const void* strip,
            int64_t ahead) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  for (int64_t i = 0; i < r.count; ++i) {
    const StripRun run = r.run[i];
    const T* from = static_cast<const T*>(strip) + run.from;
    T* to = static_cast<T*>(col) + run.before * rows + row * run.ld + run.to;
    if (ahead) fetch<false>(from + ahead, run.count);
    const int count = static_cast<int>(run.count);
    if (run.count <= kLanes) {
      for (int64_t k = 0; k < r.taps; ++k, to += run.ld)
        store(to, load(from + r.tap[k], count), count);
    } else if (run.count <= 2 * kLanes) {
      constexpr int n = kLanes;
      for (int64_t k = 0; k < r.taps; ++k, to += run.ld) {
        const T* at = from + r.tap[k];
        store(to, load(at));
        store(to + n, load(at + n, count - n), count - n);
      }
    } else {
      for (int64_t k = 0; k < r.taps; ++k, to += run.ld) copy_run(to, from + r.tap[k], run.count);
    }
  }
}
// Runs one after the other for each tap: they lie apart, so that none waits for what the last
// wrote.
template <class T>
void fold(const StripRuns& r, void* strip, const void* col, int64_t rows, int64_t row) {
  for (int64_t k = 0; k < r.taps; ++k) {
    T* to = static_cast<T*>(strip) + r.tap[k];
    const T* from = static_cast<const T*>(col);
    for (int64_t i = 0; i < r.count; ++i) {
      const StripRun& run = r.run[i];
      add_run(to + run.from, from + run.before * rows + (row + k) * run.ld + run.to, run.count);
    }
  }
}

}  // namespace

#define WG_CONVOLUTION(T) {fill<T>, drain<T>, unfold<T>, fold<T>}
const ConvolutionKernels convolution_table[2] = {WG_CONVOLUTION(float), WG_CONVOLUTION(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
