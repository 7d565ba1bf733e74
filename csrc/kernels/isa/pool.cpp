// Pooling of volumes; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// How many taps of a window that starts at `first` lie before 0.
WG_INLINE int64_t taps_before(int64_t first, int64_t dilation) {
  return first < 0 ? (-first + dilation - 1) / dilation : 0;
}

template <class T>
struct Pooled {
  using Place = typename Mask<T>::Raw;  // where an element stands in its volume
  using Int = typename Mask<T>::Int;
  Vec<T> best;
  Place place;

  // Windows start below everything; a tap they meet first is taken whatever it is.
  WG_INLINE Pooled() : place(Place{} - 1) {
    constexpr bool kFloat = T(0.5) != T(0);
    const T lowest = kFloat ? static_cast<T>(-__builtin_inf()) : static_cast<T>(INT64_MIN);
    best = Vec<T>(lowest);
  }
  // Elements at first, first + stride, ...; only the lanes [a, b) have one.
  WG_INLINE void take(const T* volume, int64_t first, int64_t stride, int64_t a, int64_t b) {
    constexpr int kLanes = Vec<T>::kLanes;
    Place lane;
    for (int i = 0; i < kLanes; ++i) lane[i] = i;
    Vec<T> v;
    Mask<T> better;
    if (a == 0) {
      v = load_strided(volume + first, b, stride);
      better.m = Place{} - 1;
    } else {
      T values[kLanes] = {};
      for (int64_t i = a; i < b; ++i) values[i] = volume[first + i * stride];
      v = load(values);
      better.m = lane >= static_cast<Int>(a);
    }
    better.m &= lane < static_cast<Int>(b);
    // A first element, a greater one, or a NaN.
    better = better & ((v > best) | (v != v) | Mask<T>{place < Int{0}});
    best = select(better, v, best);
    const Place at = static_cast<Int>(first) + lane * static_cast<Int>(stride);
    place = better.m ? at : place;
  }
};

// At most a vector of outputs of line (o0, o1), from x0 on.
template <class T>
WG_INLINE void pool_lanes(const Windows& w, const T* volume, int64_t o0, int64_t o1, int64_t x0,
                          int64_t n, T* y, int64_t* index) {
  Pooled<T> pooled;
  const int64_t s = w.stride[2];
  // Taps in the padding of all outputs are left out.
  const int64_t front = o0 * w.stride[0] - w.padding[0], top = o1 * w.stride[1] - w.padding[1];
  const int64_t left = x0 * s - w.padding[2];
  for (int64_t k0 = taps_before(front, w.dilation[0]); k0 < w.kernel[0]; ++k0) {
    const int64_t i0 = front + k0 * w.dilation[0];
    if (i0 >= w.in[0]) break;
    for (int64_t k1 = taps_before(top, w.dilation[1]); k1 < w.kernel[1]; ++k1) {
      const int64_t i1 = top + k1 * w.dilation[1];
      if (i1 >= w.in[1]) break;
      const int64_t row = (i0 * w.in[1] + i1) * w.in[2];
      for (int64_t k2 = taps_before(left + (n - 1) * s, w.dilation[2]); k2 < w.kernel[2]; ++k2) {
        const int64_t first = left + k2 * w.dilation[2];
        if (first >= w.in[2]) break;
        int64_t a = 0, b = n;
        while (a < n && first + a * s < 0) ++a;
        while (b > a && first + (b - 1) * s >= w.in[2]) --b;
        if (a < b) pooled.take(volume, row + first, s, a, b);
      }
    }
  }
  store(y, pooled.best, static_cast<int>(n));
  typename Pooled<T>::Int places[Vec<T>::kLanes];
  __builtin_memcpy(places, &pooled.place, sizeof(places));
  for (int64_t i = 0; i < n; ++i) index[i] = places[i];
}

template <class T>
void pool_maximum(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  for (int64_t v = 0; v < volumes; ++v, x += w.volume()) {
    for (int64_t o0 = 0; o0 < w.out[0]; ++o0) {
      for (int64_t o1 = 0; o1 < w.out[1]; ++o1, y += w.out[2], index += w.out[2]) {
        for (int64_t x0 = 0; x0 < w.out[2]; x0 += kLanes) {
          const int64_t n = w.out[2] - x0 < kLanes ? w.out[2] - x0 : kLanes;
          pool_lanes(w, x, o0, o1, x0, n, y + x0, index + x0);
        }
      }
    }
  }
}

}  // namespace

// Places of float32 elements have 32 bits: a volume has fewer than 2^31, which the caller checks.
const PoolKernels pool_table[3] = {
    {pool_maximum<float>}, {pool_maximum<double>}, {pool_maximum<int64_t>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
