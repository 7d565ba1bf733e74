// Convolution windows as columns of a matrix, and back; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

WG_INLINE int64_t limited(int64_t v, int64_t high) { return v < 0 ? 0 : v > high ? high : v; }
// The smallest i with i * step >= v.
WG_INLINE int64_t steps_to(int64_t v, int64_t step) { return v <= 0 ? 0 : (v + step - 1) / step; }

// Calls f(col, x, n, before, after) for the runs of window positions of one channel that lie in one
// output line: `before` positions outside the volume, n inside (whose elements are stride[2] apart
// at x), `after` outside.
template <class T, class F>
WG_INLINE void for_runs(const Windows& w, int64_t begin, int64_t end, int64_t ld, F f) {
  int64_t row = 0;
  for (int64_t k0 = 0; k0 < w.kernel[0]; ++k0) {
    for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1) {
      for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2, row += ld) {
        const int64_t first = k2 * w.dilation[2] - w.padding[2];  // of window 0
        const int64_t low = limited(steps_to(-first, w.stride[2]), w.out[2]);
        const int64_t high = limited(steps_to(w.in[2] - first, w.stride[2]), w.out[2]);
        int64_t line = begin / w.out[2], at = begin - line * w.out[2];
        int64_t o0 = line / w.out[1], o1 = line - o0 * w.out[1];
        int64_t p = begin;
        while (p < end) {
          const int64_t n = w.out[2] - at < end - p ? w.out[2] - at : end - p;
          const int64_t i0 = o0 * w.stride[0] - w.padding[0] + k0 * w.dilation[0];
          const int64_t i1 = o1 * w.stride[1] - w.padding[1] + k1 * w.dilation[1];
          const int64_t to = row + p - begin;
          if (i0 < 0 || i0 >= w.in[0] || i1 < 0 || i1 >= w.in[1]) {
            f(to, int64_t{0}, int64_t{0}, n, int64_t{0});
          } else {
            const int64_t a = limited(low - at, n), b = limited(high - at, n);
            const int64_t inside = b > a ? b - a : 0;
            const int64_t from = (i0 * w.in[1] + i1) * w.in[2] + (at + a) * w.stride[2] + first;
            f(to, from, inside, inside ? a : n, inside ? n - b : 0);
          }
          p += n;
          at = 0;
          if (++o1 == w.out[1]) o1 = 0, ++o0;
        }
      }
    }
  }
}

template <class T>
void unfold(const Windows& w, int64_t channels, int64_t begin, int64_t end, void* col, int64_t ld,
            const void* in) {
  const int64_t stride = w.stride[2];
  for (int64_t c = 0; c < channels; ++c) {
    const T* x = static_cast<const T*>(in) + c * w.volume();
    T* rows = static_cast<T*>(col) + c * w.taps() * ld;
    for_runs<T>(w, begin, end, ld,
                [=](int64_t to, int64_t from, int64_t n, int64_t before, int64_t after) {
                  T* y = rows + to;
                  if (before) zero_run(y, before);
                  y += before;
                  copy_strided(y, x + from, n, stride);
                  if (after) zero_run(y + n, after);
                });
  }
}

template <class T>
void fold(const Windows& w, int64_t channels, int64_t begin, int64_t end, const void* col,
          int64_t ld, void* out) {
  const int64_t stride = w.stride[2];
  for (int64_t c = 0; c < channels; ++c) {
    T* x = static_cast<T*>(out) + c * w.volume();
    const T* rows = static_cast<const T*>(col) + c * w.taps() * ld;
    for_runs<T>(w, begin, end, ld,
                [=](int64_t to, int64_t from, int64_t n, int64_t before, int64_t) {
                  const T* y = rows + to + before;
                  add_strided(x + from, y, n, stride);
                });
  }
}

}  // namespace

const ConvolutionKernels convolution_table[2] = {{unfold<float>, fold<float>},
                                                 {unfold<double>, fold<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
