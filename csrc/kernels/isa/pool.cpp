// Pooling of volumes; compiled once per ISA level.
#include <type_traits>

#include "kernels/levels.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Windows `stride` elements apart, one per lane: the maximum of each and where it stands, the first
// of equal ones.
template <class T>
struct Pooled {
  using Place = typename Mask<T>::Raw;  // where an element stands in its volume
  using Int = typename Mask<T>::Int;
  static constexpr bool kFloat = T(0.5) != T(0);
  static constexpr T kLowest =
      kFloat ? static_cast<T>(-__builtin_inf()) : static_cast<T>(INT64_MIN);
  Vec<T> best;
  Place place;  // of the first lane's tap
  Vec<T> odd;   // a NaN where one was passed over

  // Of windows whose first tap stands at `first`.
  WG_INLINE explicit Pooled(int64_t first)
      : best(kLowest), place(Place{} + static_cast<Int>(first)), odd(0.0) {}
  // A tap of all windows, that of the first lane at `first`; none of the taps is a NaN.
  WG_INLINE void take(Vec<T> v, int64_t first) {
    const Mask<T> better = v > best;
    if constexpr (kFloat) {
      best = larger(v, best);
      odd = select(v != v, v, odd);
    } else {
      best = select(better, v, best);
    }
    place = better.m ? Place{} + static_cast<Int>(first) : place;
  }
  // Where some are, the last one is the maximum.
  WG_INLINE void take_any(Vec<T> v, int64_t first) {
    const Mask<T> better = (v > best) | (v != v);
    best = select(better, v, best);
    place = better.m ? Place{} + static_cast<Int>(first) : place;
  }
  WG_INLINE bool missed() const { return kFloat && __builtin_expect(any(odd != odd), 0); }
  WG_INLINE void store_places(int64_t* to, int n, int64_t stride) const {
    using Longs = Vec<int64_t>;
    Place lane;
    for (int i = 0; i < Vec<T>::kLanes; ++i) lane[i] = i;
    const Place places = place + lane * static_cast<Int>(stride);
    if constexpr (sizeof(Int) == sizeof(int64_t)) {
      store(to, Longs(places), n);
    } else {
      constexpr int kHalf = Longs::kLanes;
      typedef Int Half __attribute__((vector_size(sizeof(Place) / 2)));
      Half half[2];
      __builtin_memcpy(half, &places, sizeof(places));
      const Longs low(__builtin_convertvector(half[0], Longs::Raw));
      if (n < kHalf) return store(to, low, n);
      store(to, low);
      if (n > kHalf)
        store(to + kHalf, Longs(__builtin_convertvector(half[1], Longs::Raw)), n - kHalf);
    }
  }
};

// The taps of a window along an axis that lie in the volume, and where the first of them does.
struct Taps {
  int64_t count, at;
};
// One axis of the windows; all taps of the outputs from `inner` to `outer` lie in the volume.
struct Axis {
  int64_t in, out, kernel, stride, padding, dilation, inner, outer;

  WG_INLINE Axis(const Windows& w, int d)
      : in(w.in[d]),
        out(w.out[d]),
        kernel(w.kernel[d]),
        stride(w.stride[d]),
        padding(w.padding[d]),
        dilation(w.dilation[d]),
        inner(padding > 0 ? (padding - 1) / stride + 1 : 0) {
    const int64_t room = in + padding - (kernel - 1) * dilation - 1;
    outer = room < 0 ? 0 : room / stride + 1;
    if (outer > out) outer = out;
    if (outer <= inner) inner = outer = out;
  }
  WG_INLINE Taps taps(int64_t o) const {
    const int64_t first = o * stride - padding;
    return o >= inner && o < outer ? Taps{kernel, first} : clipped(first);
  }

 private:
  Taps clipped(int64_t first) const {
    const int64_t begin = first < 0 ? (-first - 1) / dilation + 1 : 0;
    const int64_t fit = first < in ? (in - 1 - first) / dilation + 1 : 0;
    const int64_t end = fit < kernel ? fit : kernel;
    return {end > begin ? end - begin : 0, first + begin * dilation};
  }
};

// What the windows of a run have in common: taps along each axis, how far apart these are, and the
// windows themselves.
struct Reach {
  int64_t count[3], step[3], stride;
};

// Calls take(where the first of the lines' taps stands) for the lines of windows whose first tap
// stands at `first`.
template <class Take>
WG_INLINE void each_line(int64_t first, const Reach& r, Take&& take) {
  int64_t plane = first;
  for (int64_t planes = r.count[0]; planes > 0; --planes, plane += r.step[0]) {
    int64_t row = plane;
    for (int64_t rows = r.count[1]; rows > 0; --rows, row += r.step[1]) take(row);
  }
}

template <class T>
WG_INLINE void store_pooled(const Pooled<T>& pooled, int lanes, int64_t stride, T* y,
                            int64_t* index) {
  store(y, pooled.best, lanes);
  pooled.store_places(index, lanes, stride);
}

// `lanes` windows, the first tap of the first one at `first`, some with a NaN.
template <class T>
__attribute__((noinline)) void pool_any(const T* volume, int64_t first, const Reach& r, int lanes,
                                        T* y, int64_t* index) {
  Pooled<T> pooled(first);
  each_line(first, r, [&](int64_t at) {
    for (int64_t left = r.count[2]; left > 0; --left, at += r.step[2])
      pooled.take_any(load_strided(volume + at, lanes, r.stride), at);
  });
  store_pooled(pooled, lanes, r.stride, y, index);
}

// Neighbouring taps of a line in vectors of windows `kStride` apart.
template <int64_t kStride, int kTaps, class T, class Count>
WG_INLINE void take_neighbours(const T* volume, int64_t at, Count lanes, Pooled<T>& pooled) {
  int k = 0;
  if constexpr (kStride == 2) {
#pragma GCC unroll 8
    for (; k + 1 < kTaps; k += 2) {
      const Pairs<T> pairs(volume + at + k, 2 * lanes);
      pooled.take(every_second<0>(pairs.low, pairs.high), at + k);
      pooled.take(every_second<1>(pairs.low, pairs.high), at + k + 1);
    }
  }
#pragma GCC unroll 8
  for (; k < kTaps; ++k) pooled.take(load_strided(volume + at + k, lanes, kStride), at + k);
}

// `lanes` windows, the first tap of the first one at `first`. `kTaps` of a line are neighbours, or
// 0 for any.
template <class T, int64_t kStride, int kTaps, class Count>
WG_INLINE void pool_lanes(const T* volume, int64_t first, const Reach& r, Count lanes, T* y,
                          int64_t* index) {
  const int64_t s = kStride ? kStride : r.stride;
  Pooled<T> pooled(first);
  each_line(first, r, [&](int64_t at) {
    if constexpr (kTaps > 0) {
      take_neighbours<kStride, kTaps>(volume, at, lanes, pooled);
    } else {
      for (int64_t left = r.count[2]; left > 0; --left, at += r.step[2])
        pooled.take(load_strided(volume + at, lanes, s), at);
    }
  });
  if (pooled.missed()) return pool_any(volume, first, r, lanes, y, index);
  store_pooled(pooled, lanes, s, y, index);
}

// n windows of a line, the first tap of the first one at `first`.
template <class T, int64_t kStride, int kTaps>
void pool_run(const T* volume, int64_t first, const Reach& r, int64_t n, T* y, int64_t* index) {
  constexpr int kLanes = Vec<T>::kLanes;
  const int64_t s = kStride ? kStride : r.stride;
  for (; n >= kLanes; n -= kLanes, first += kLanes * s, y += kLanes, index += kLanes) {
    pool_lanes<T, kStride, kTaps>(volume, first, r, std::integral_constant<int, kLanes>(), y,
                                  index);
  }
  if (n > 0) pool_lanes<T, kStride, kTaps>(volume, first, r, static_cast<int>(n), y, index);
}
template <class T, int64_t kStride>
__attribute__((noinline)) void pool_windows(const T* volume, int64_t first, const Reach& r,
                                            int64_t n, T* y, int64_t* index) {
  if (r.count[0] == 0 || r.count[1] == 0 || r.count[2] == 0) {  // no tap lies in the volume
    for (int64_t i = 0; i < n; ++i) {
      y[i] = Pooled<T>::kLowest;
      index[i] = -1;
    }
    return;
  }
  if constexpr (kStride > 0) {
    const int64_t neighbours = r.step[2] == 1 ? r.count[2] : 0;
    if (neighbours == 2) return pool_run<T, kStride, 2>(volume, first, r, n, y, index);
    if (neighbours == 3) return pool_run<T, kStride, 3>(volume, first, r, n, y, index);
  }
  pool_run<T, kStride, 0>(volume, first, r, n, y, index);
}

// The stride along a line, or 0 for any.
template <class T, int64_t kStride>
void pool_lines(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  constexpr int64_t kAhead = 512;  // elements fetched before their turn
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  const Axis depth(w, 0), height(w, 1), width(w, 2);
  const int64_t line = width.in, count = width.out;
  Reach r{{},
          {depth.dilation * height.in * line, height.dilation * line, width.dilation},
          width.stride};
  for (int64_t v = 0; v < volumes; ++v, x += w.volume()) {
    for (int64_t o0 = 0; o0 < depth.out; ++o0) {
      const Taps fronts = depth.taps(o0);
      r.count[0] = fronts.count;
      for (int64_t o1 = 0; o1 < height.out; ++o1, y += count, index += count) {
        const Taps tops = height.taps(o1);
        r.count[1] = tops.count;
        const int64_t row = (fronts.at * height.in + tops.at) * line;
        fetch<false>(x + row + kAhead,
                     line * (tops.count < height.stride ? tops.count : height.stride));
        fetch<true>(y + kAhead, count);
        fetch<true>(index + kAhead, count);
        // Windows that reach into the padding go one by one, those in between are a run.
        for (int64_t o2 = 0, n; o2 < count; o2 += n) {
          n = o2 == width.inner && width.outer > o2 ? width.outer - o2 : 1;
          const Taps lefts = width.taps(o2);
          r.count[2] = lefts.count;
          pool_windows<T, kStride>(x, row + lefts.at, r, n, y + o2, index + o2);
        }
      }
    }
  }
}

template <class T>
void pool_maximum(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  if constexpr (Pooled<T>::kFloat) {
    if (w.stride[2] == 1) return pool_lines<T, 1>(w, volumes, out, index, in);
    if (w.stride[2] == 2) return pool_lines<T, 2>(w, volumes, out, index, in);
  }
  pool_lines<T, 0>(w, volumes, out, index, in);
}

}  // namespace

// Places of float32 elements have 32 bits: a volume has fewer than 2^31, which the caller checks.
const PoolKernels pool_table[3] = {
    {pool_maximum<float>}, {pool_maximum<double>}, {pool_maximum<int64_t>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
