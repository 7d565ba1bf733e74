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

// Runs of every second element.
template <class T>
void unfold_pairs(const StripRuns& r, T* col, int64_t rows, int64_t row, const T* strip,
                  int64_t ahead) {
  constexpr int kLanes = Vec<T>::kLanes;
  for (const StripRun *run = r.run, *end = run + r.count; run != end; ++run) {
    const T* const from = strip + run->from;
    T* to = col + run->before * rows + row * run->ld + run->to;
    const int64_t count = run->count, ld = run->ld;
    if (ahead) fetch<false>(from + ahead, 2 * count - 1);
    for (int64_t k = 0; k < r.taps; ++k, to += ld) {
      const T* const at = from + r.tap[k];
      if (count == kLanes)
        store(to, every_second<0>(load(at), load(at + kLanes, kLanes - 1)));
      else if (2 * count <= kLanes)
        store(to, every_second<0>(load(at, static_cast<int>(2 * count - 1)), Vec<T>(0.0)),
              static_cast<int>(count));
      else
        copy_strided(to, at, count, 2);
    }
  }
}

// Taps one after the other for each run, whose length stays the same meanwhile.
template <class T>
void unfold(const StripRuns& r, void* col, int64_t rows, int64_t row, const void* strip,
            int64_t ahead) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  if (r.stride == 2)
    return unfold_pairs(r, static_cast<T*>(col), rows, row, static_cast<const T*>(strip), ahead);
  for (int64_t i = 0; i < r.count; ++i) {
    const StripRun run = r.run[i];
    const T* from = static_cast<const T*>(strip) + run.from;
    T* to = static_cast<T*>(col) + run.before * rows + row * run.ld + run.to;
    if (ahead) fetch<false>(from + ahead, (run.count - 1) * r.stride + 1);
    const int count = static_cast<int>(run.count);
    if (r.stride != 1) {
      for (int64_t k = 0; k < r.taps; ++k, to += run.ld)
        copy_strided(to, from + r.tap[k], run.count, r.stride);
    } else if (run.count <= kLanes) {
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
      add_strided(to + run.from, from + run.before * rows + (row + k) * run.ld + run.to, run.count,
                  r.stride);
    }
  }
}

#if defined(WG_AVX512)
// Numbers of 16 bits are copied alone: sums are taken in float32.
WG_INLINE __mmask32 first(int64_t n) { return n < 32 ? (1u << n) - 1 : 0xffffffffu; }
WG_INLINE void copy_halves(uint16_t* to, const uint16_t* from, int64_t n, int64_t stride) {
  int64_t i = 0;
  for (; stride == 1 && i < n; i += 32) {
    const __mmask32 mask = first(n - i);
    _mm512_mask_storeu_epi16(to + i, mask, _mm512_maskz_loadu_epi16(mask, from + i));
  }
  for (; stride == 2 && i < n; i += 16) {
    const __m512i pairs = _mm512_maskz_loadu_epi16(first(2 * (n - i) - 1), from + 2 * i);
    _mm512_mask_cvtepi32_storeu_epi16(to + i, static_cast<__mmask16>(first(n - i)), pairs);
  }
  for (; i < n; ++i) to[i] = from[i * stride];
}
void fill_halves(const StripLines& l, void* strip, const void* x, int64_t ahead) {
  const auto* const from = static_cast<const uint16_t*>(x);
  auto* const to = static_cast<uint16_t*>(strip);
  if (ahead) fetch_lines<false>(l, from + ahead);
  for_planes(l, [=, s = l.stride](int64_t at, const StripPlane& p, int64_t source) {
    if (source < 0) return;
    copy_halves(to + at + p.before, from + source + p.from, p.inside, s);
  });
}
void unfold_halves(const StripRuns& r, void* col, int64_t rows, int64_t row, const void* strip,
                   int64_t ahead) {
  for (int64_t i = 0; i < r.count; ++i) {
    const StripRun run = r.run[i];
    const uint16_t* from = static_cast<const uint16_t*>(strip) + run.from;
    uint16_t* to = static_cast<uint16_t*>(col) + run.before * rows + row * run.ld + run.to;
    if (ahead) fetch<false>(from + ahead, (run.count - 1) * r.stride + 1);
    for (int64_t k = 0; k < r.taps; ++k, to += run.ld)
      copy_halves(to, from + r.tap[k], run.count, r.stride);
  }
}
// 16 pairs of the numbers at a and b, the first `n` of each being there; every `kStride`-th.
template <int kStride>
WG_INLINE __m512i pairs_of(const uint16_t* a, const uint16_t* b, int64_t n) {
  const auto load = [n](const uint16_t* p) __attribute__((always_inline)) {
    const auto some = static_cast<__mmask16>(first(n));
    return kStride == 1 ? _mm512_maskz_cvtepu16_epi32(some, _mm256_maskz_loadu_epi16(some, p))
                        : _mm512_maskz_loadu_epi16(first(2 * n - 1), p);
  };
  constexpr __mmask16 kAll = 0xffff;  // without a mask, GCC 12 warns of its own header
  const __m512i low = _mm512_and_si512(load(a), _mm512_set1_epi32(0xffff));
  return b ? _mm512_or_si512(low, _mm512_maskz_slli_epi32(kAll, load(b), 16)) : low;
}
template <int kStride>
WG_INLINE void put_pairs(uint32_t* to, const uint16_t* a, const uint16_t* b, int64_t n) {
  for (int64_t i = 0; i < n; i += 16)
    _mm512_mask_storeu_epi32(to + i, static_cast<__mmask16>(first(n - i)),
                             pairs_of<kStride>(a + kStride * i, b ? b + kStride * i : b, n - i));
}
void fill_pairs(const StripLines& l, void* strip, const void* x, int64_t other, int64_t ahead) {
  const auto* const from = static_cast<const uint16_t*>(x);
  auto* const to = static_cast<uint32_t*>(strip);
  if (ahead) fetch_lines<false>(l, from + ahead);
  if (ahead && other) fetch_lines<false>(l, from + ahead + other);
  for_planes(l, [=, s = l.stride](int64_t at, const StripPlane& p, int64_t source) {
    if (source < 0) return;
    uint32_t* const strip = to + at + p.before;
    const uint16_t *const a = from + source + p.from, *const b = other ? a + other : nullptr;
    if (s == 1) return put_pairs<1>(strip, a, b, p.inside);
    if (s == 2) return put_pairs<2>(strip, a, b, p.inside);
    for (int64_t i = 0; i < p.inside; ++i)
      strip[i] = a[i * s] | static_cast<uint32_t>(b ? b[i * s] : 0) << 16;
  });
}
void pair(int64_t n, void* to, const void* a, const void* b, bool reversed) {
  auto* const pairs = static_cast<uint32_t*>(to);
  put_pairs<1>(pairs, static_cast<const uint16_t*>(a), static_cast<const uint16_t*>(b), n);
  if (!reversed) return;
  for (int64_t i = 0; i < n / 2; ++i) {
    const uint32_t p = pairs[i];
    pairs[i] = pairs[n - 1 - i];
    pairs[n - 1 - i] = p;
  }
}
constexpr ConvolutionKernels kHalves = {fill_halves, nullptr,    unfold_halves,
                                        nullptr,     fill_pairs, pair};
#else
constexpr ConvolutionKernels kHalves = {};
#endif

}  // namespace

#define WG_CONVOLUTION(T) {fill<T>, drain<T>, unfold<T>, fold<T>, nullptr, nullptr}
const ConvolutionKernels convolution_table[3] = {WG_CONVOLUTION(float), WG_CONVOLUTION(double),
                                                 kHalves};

}  // namespace wengert::kernels::WENGERT_LEVEL
