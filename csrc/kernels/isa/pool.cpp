// Pooling of volumes; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

constexpr int64_t kRun = 64;  // outputs of a line that are worked on together

// How many taps of a window that starts at `first` lie before 0.
WG_INLINE int64_t taps_before(int64_t first, int64_t dilation) {
  return first < 0 ? (-first + dilation - 1) / dilation : 0;
}

// Outputs [x0, x0 + n) of line (o0, o1): the taps one after the other, each over all outputs.
template <class T, class I>
WG_INLINE void pool_run(const Windows& w, const T* volume, int64_t o0, int64_t o1, int64_t x0,
                        int64_t n, T* y, int64_t* index) {
  T best[kRun];
  I place[kRun];
  // Windows start below everything; a tap they meet first is taken whatever it is.
  constexpr bool kFloat = T(0.5) != T(0);
  constexpr T kLowest = kFloat ? static_cast<T>(-__builtin_inf()) : static_cast<T>(INT64_MIN);
  for (int64_t i = 0; i < n; ++i) {
    best[i] = kLowest;
    place[i] = -1;
  }
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
        const I base = static_cast<I>(row + first), step = static_cast<I>(s);
        const T* x = volume + row + first;
        const auto take = [&](int64_t stride) __attribute__((always_inline)) {
          for (int64_t i = a; i < b; ++i) {
            const T v = x[i * stride];
            // A first element, a greater one, or a NaN.
            const bool better = (v > best[i]) | (v != v) | (place[i] < 0);
            best[i] = better ? v : best[i];
            place[i] = better ? base + static_cast<I>(i) * step : place[i];
          }
        };
        if (s == 1) {
          take(1);
        } else if (s == 2) {
          take(2);
        } else {
          take(s);
        }
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    y[i] = best[i];
    index[i] = place[i];
  }
}

template <class T, class I>
void pool_maximum(const Windows& w, int64_t volumes, void* out, int64_t* index, const void* in) {
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  for (int64_t v = 0; v < volumes; ++v, x += w.volume()) {
    for (int64_t o0 = 0; o0 < w.out[0]; ++o0) {
      for (int64_t o1 = 0; o1 < w.out[1]; ++o1, y += w.out[2], index += w.out[2]) {
        for (int64_t x0 = 0; x0 < w.out[2]; x0 += kRun) {
          const int64_t n = w.out[2] - x0 < kRun ? w.out[2] - x0 : kRun;
          pool_run<T, I>(w, x, o0, o1, x0, n, y + x0, index + x0);
        }
      }
    }
  }
}

}  // namespace

// A volume of float32 has fewer than 2^31 elements, which the caller checks.
const PoolKernels pool_table[3] = {{pool_maximum<float, int32_t>},
                                   {pool_maximum<double, int64_t>},
                                   {pool_maximum<int64_t, int64_t>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
