// Pooling of volumes; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
struct Pooled {
  using Place = typename Mask<T>::Raw;  // where an element stands in its volume
  using Int = typename Mask<T>::Int;
  Vec<T> best;
  Place place, lane;

  // A window of which no tap lies in the volume.
  WG_INLINE Pooled() : place(Place{} - 1) {
    constexpr bool kFloat = T(0.5) != T(0);
    const T lowest = kFloat ? static_cast<T>(-__builtin_inf()) : static_cast<T>(INT64_MIN);
    best = Vec<T>(lowest);
    for (int i = 0; i < Vec<T>::kLanes; ++i) lane[i] = i;
  }
  // A tap of all windows, at `first` and every `stride` elements from there.
  WG_INLINE void start(Vec<T> v, int64_t first, int64_t stride) {
    best = v;
    place = at(first, stride);
  }
  WG_INLINE void take(Vec<T> v, int64_t first, int64_t stride) {
    const Mask<T> better = (v > best) | (v != v);  // a NaN too
    best = select(better, v, best);
    place = better.m ? at(first, stride) : place;
  }
  WG_INLINE void store_places(int64_t* to, int n) const {
    using Longs = Vec<int64_t>;
    if constexpr (sizeof(Int) == sizeof(int64_t)) {
      store(to, Longs(place), n);
    } else {
      constexpr int kHalf = Longs::kLanes;
      typedef Int Half __attribute__((vector_size(sizeof(Place) / 2)));
      Half half[2];
      __builtin_memcpy(half, &place, sizeof(place));
      const Longs low(__builtin_convertvector(half[0], Longs::Raw));
      if (n < kHalf) return store(to, low, n);
      store(to, low);
      if (n > kHalf)
        store(to + kHalf, Longs(__builtin_convertvector(half[1], Longs::Raw)), n - kHalf);
    }
  }

 private:
  WG_INLINE Place at(int64_t first, int64_t stride) const {
    return static_cast<Int>(first) + lane * static_cast<Int>(stride);
  }
};

// The taps of a window at `first` that lie in the volume.
struct Taps {
  int64_t begin, end;

  WG_INLINE Taps(const Windows& w, int d, int64_t first) {
    const int64_t step = w.dilation[d];
    begin = first < 0 ? (-first + step - 1) / step : 0;
    end = w.kernel[d];
    while (end > begin && first + (end - 1) * step >= w.in[d]) --end;
  }
};

// At most a vector of outputs of a line, from x0 on, of whose windows the same taps `lefts` lie in
// the volume; the line's windows begin at `front` and `top`.
template <class T, int64_t kStride>
WG_INLINE void pool_lanes(const Windows& w, const T* volume, int64_t front, const Taps& fronts,
                          int64_t top, const Taps& tops, const Taps& lefts, int64_t x0, int64_t n,
                          T* y, int64_t* index) {
  Pooled<T> pooled;
  const int64_t s = kStride ? kStride : w.stride[2];
  bool first = true;
  for (int64_t k0 = fronts.begin; k0 < fronts.end; ++k0) {
    for (int64_t k1 = tops.begin; k1 < tops.end; ++k1) {
      const int64_t i0 = front + k0 * w.dilation[0], i1 = top + k1 * w.dilation[1];
      const int64_t row = (i0 * w.in[1] + i1) * w.in[2] + x0 * s - w.padding[2];
      for (int64_t k2 = lefts.begin; k2 < lefts.end; ++k2) {
        const int64_t at = row + k2 * w.dilation[2];
        const Vec<T> v = load_strided(volume + at, n, s);
        first ? pooled.start(v, at, s) : pooled.take(v, at, s);
        first = false;
      }
    }
  }
  store(y, pooled.best, static_cast<int>(n));
  pooled.store_places(index, static_cast<int>(n));
}

// The stride along a line, or 0 for any.
template <class T, int64_t kStride>
void pool_lines(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  constexpr int64_t kLanes = Vec<T>::kLanes, kAhead = 512;  // elements fetched before their turn
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  // Windows that reach into the padding go one by one, those between them by vectors.
  const int64_t s = w.stride[2], reach = (w.kernel[2] - 1) * w.dilation[2];
  const int64_t count = w.out[2], room = w.in[2] + w.padding[2] - reach - 1;
  int64_t inner = (w.padding[2] + s - 1) / s, outer = room < 0 ? 0 : room / s + 1;
  if (inner > count) inner = count;
  if (outer > count) outer = count;
  for (int64_t v = 0; v < volumes; ++v, x += w.volume()) {
    for (int64_t o0 = 0; o0 < w.out[0]; ++o0) {
      const int64_t front = o0 * w.stride[0] - w.padding[0];
      const Taps fronts(w, 0, front);
      for (int64_t o1 = 0; o1 < w.out[1]; ++o1, y += count, index += count) {
        const int64_t top = o1 * w.stride[1] - w.padding[1];
        const Taps tops(w, 1, top);
        const int64_t lines =
            tops.end - tops.begin < w.stride[1] ? tops.end - tops.begin : w.stride[1];
        fetch<false>(x + (front * w.in[1] + top) * w.in[2] + kAhead, lines * w.in[2]);
        fetch<true>(y + kAhead, count);
        fetch<true>(index + kAhead, count);
        for (int64_t x0 = 0, n; x0 < count; x0 += n) {
          n = x0 < inner || x0 >= outer ? 1 : outer - x0 < kLanes ? outer - x0 : kLanes;
          const Taps lefts(w, 2, x0 * s - w.padding[2]);
          pool_lanes<T, kStride>(w, x, front, fronts, top, tops, lefts, x0, n, y + x0, index + x0);
        }
      }
    }
  }
}

template <class T>
void pool_maximum(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  if (w.stride[2] == 1) return pool_lines<T, 1>(w, volumes, out, index, in);
  if (w.stride[2] == 2) return pool_lines<T, 2>(w, volumes, out, index, in);
  pool_lines<T, 0>(w, volumes, out, index, in);
}

}  // namespace

// Places of float32 elements have 32 bits: a volume has fewer than 2^31, which the caller checks.
const PoolKernels pool_table[3] = {
    {pool_maximum<float>}, {pool_maximum<double>}, {pool_maximum<int64_t>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
