// Products with banded matrices along one dimension; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
void lines(const Bands& b, int64_t lines, void* out, const void* in, int64_t n) {
  T* y = static_cast<T*>(out);
  const T *x = static_cast<const T*>(in), *weight = static_cast<const T*>(b.weight);
  for (int64_t l = 0; l < lines; ++l, x += n) {
    for (int64_t i = 0; i < b.rows; ++i) {
      const T *from = x + b.first[i], *w = weight + b.offset[i];
      const int64_t taps = b.offset[i + 1] - b.offset[i];
      if (taps == 2) {
        *y++ = from[0] * w[0] + from[1] * w[1];
      } else {
        T total = 0;
        for (int64_t k = 0; k < taps; ++k) total += from[k] * w[k];
        *y++ = total;
      }
    }
  }
}

// One vector of the row's result, or its first `n` lanes.
template <class T, class Load>
WG_INLINE Vec<T> blend(const T* x, int64_t stride, const T* w, int64_t taps, Load at) {
  Vec<T> total = at(x) * Vec<T>(w[0]);
  for (int64_t k = 1; k < taps; ++k) total = total + at(x + k * stride) * Vec<T>(w[k]);
  return total;
}

template <class T>
void row(const Bands& b, int64_t row, void* out, const void* in, int64_t inner) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in) + b.first[row] * inner;
  const T* w = static_cast<const T*>(b.weight) + b.offset[row];
  const int64_t taps = b.offset[row + 1] - b.offset[row];
  if (taps == 0) {
    for (int64_t i = 0; i < inner; ++i) y[i] = 0;
    return;
  }
  int64_t i = 0;
  for (; i + kLanes <= inner; i += kLanes) {
    store(y + i, blend<T>(x + i, inner, w, taps,
                          [](const T* p) __attribute__((always_inline)) { return load(p); }));
  }
  if (const int n = static_cast<int>(inner - i); n > 0) {
    const auto part = [n](const T* p) __attribute__((always_inline)) { return load(p, n); };
    store(y + i, blend<T>(x + i, inner, w, taps, part), n);
  }
}

}  // namespace

const ResampleKernels resample_table[2] = {{lines<float>, row<float>},
                                           {lines<double>, row<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
