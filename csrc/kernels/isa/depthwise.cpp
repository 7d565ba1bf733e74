// Convolutions of single planes by vectors of neighbouring windows; compiled once per ISA level.
#include "kernels/depthwise.h"

#include "kernels/levels.h"
#include "kernels/row_reduce.h"
#include "kernels/vec_runs.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

constexpr int64_t kTogether = 4;  // vectors of windows that share a tap's weight

template <class T>
WG_INLINE int64_t whole_vectors(int64_t n) {
  return (n + Vec<T>::kLanes - 1) / Vec<T>::kLanes * Vec<T>::kLanes;
}

template <class T>
PaddedPlane shape(const Windows& w) {
  const int64_t reach = (w.kernel[2] - 1) * w.dilation[2];
  return {(w.out[1] + kTogether - 2) * w.stride[1] + (w.kernel[1] - 1) * w.dilation[1] + 1,
          w.stride[2],
          whole_vectors<T>(w.out[2]) + kTogether * Vec<T>::kLanes + reach / w.stride[2]};
}

template <class T>
void pad(const Windows& w, const PaddedPlane& p, void* padded, const void* plane) {
  for (int64_t r = 0; r < p.rows; ++r) {
    T* to = static_cast<T*>(padded) + r * p.row();
    zero_run(to, p.row());
    const int64_t i = r - w.padding[1];
    if (i < 0 || i >= w.in[1]) continue;
    const T* from = static_cast<const T*>(plane) + i * w.in[2];
    for (int64_t f = 0; f < p.phases; ++f) {
      // Column c of this run is column c stride + f - padding of the plane.
      const int64_t before = w.padding[2] - f;
      const int64_t first = before <= 0 ? 0 : (before + p.phases - 1) / p.phases;
      const int64_t column = first * p.phases - before;
      int64_t n = column < w.in[2] ? (w.in[2] - column + p.phases - 1) / p.phases : 0;
      n = n < p.run - first ? n : p.run - first;
      if (n > 0) copy_strided(to + f * p.run + first, from + column, n, p.phases);
    }
  }
}

template <class T>
void spread(const Windows& w, const PaddedPlane& p, int64_t front, int64_t left, void* padded,
            const void* plane) {
  T* to = static_cast<T*>(padded);
  zero_run(to, p.rows * p.row());
  for (int64_t i = 0; i < w.out[1]; ++i) {
    const int64_t row = front + i * w.stride[1];
    if (row < 0 || row >= p.rows) continue;
    const T* from = static_cast<const T*>(plane) + i * w.out[2];
    for (int64_t j = 0; j < w.out[2]; ++j) {
      const int64_t column = left + j * w.stride[2];
      if (column >= 0 && column < p.run) to[row * p.run + column] = from[j];
    }
  }
}

// Rows x Columns vectors of windows, from window (o, x) on.
template <class T, int Rows, int Columns>
WG_INLINE void block(const Windows& w, const PaddedPlane& p, T* y, const T* padded, const T* kernel,
                     bool turned, double bias, bool accumulate, int64_t o, int64_t x) {
  constexpr int kLanes = Vec<T>::kLanes;
  Vec<T> sum[Rows][Columns];
  for (int i = 0; i < Rows; ++i)
    for (int j = 0; j < Columns; ++j) sum[i][j] = Vec<T>(bias);
  const int64_t taps = w.kernel[1] * w.kernel[2], line = w.stride[1] * p.row();
  int64_t tap = 0;
  for (int64_t k1 = 0; k1 < w.kernel[1]; ++k1) {
    const T* row = padded + (o * w.stride[1] + k1 * w.dilation[1]) * p.row() + x;
    for (int64_t k2 = 0; k2 < w.kernel[2]; ++k2, ++tap) {
      const int64_t column = k2 * w.dilation[2];
      const T* from = row + column % p.phases * p.run + column / p.phases;
      const Vec<T> weight(kernel[turned ? taps - 1 - tap : tap]);
#pragma GCC unroll 4
      for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 4
        for (int j = 0; j < Columns; ++j)
          sum[i][j] = fma(weight, load(from + i * line + j * kLanes), sum[i][j]);
    }
  }
  for (int i = 0; i < Rows && o + i < w.out[1]; ++i) {
    for (int j = 0; j < Columns; ++j) {
      const int64_t left = w.out[2] - x - j * kLanes;
      if (left <= 0) break;
      T* to = y + (o + i) * w.out[2] + x + j * kLanes;
      const int n = left < kLanes ? static_cast<int>(left) : kLanes;
      store(to, accumulate ? load(to, n) + sum[i][j] : sum[i][j], n);
    }
  }
}

template <class T, int Rows, int Columns>
void blocks(const Windows& w, const PaddedPlane& p, T* y, const T* padded, const T* kernel,
            bool turned, double bias, bool accumulate) {
  for (int64_t o = 0; o < w.out[1]; o += Rows)
    for (int64_t x = 0; x < w.out[2]; x += Columns * Vec<T>::kLanes)
      block<T, Rows, Columns>(w, p, y, padded, kernel, turned, bias, accumulate, o, x);
}

template <class T>
void output(const Windows& w, const PaddedPlane& p, void* y, const void* padded, const void* kernel,
            bool turned, double bias, bool accumulate) {
  const auto run = w.out[2] <= Vec<T>::kLanes       ? blocks<T, 4, 1>
                   : w.out[2] <= 2 * Vec<T>::kLanes ? blocks<T, 2, 2>
                                                    : blocks<T, 1, 4>;
  run(w, p, static_cast<T*>(y), static_cast<const T*>(padded), static_cast<const T*>(kernel),
      turned, bias, accumulate);
}

// Nine taps at a time, each with a sum in a register; taps beyond the last repeat it.
template <class T>
void weight(const Windows& w, const PaddedPlane& p, double* sums, const void* padded,
            const void* gradient) {
  constexpr int kTaps = 9, kLanes = Vec<T>::kLanes;
  const int64_t taps = w.kernel[1] * w.kernel[2];
  for (int64_t first = 0; first < taps; first += kTaps) {
    const T* from[kTaps];
    Vec<T> sum[kTaps];
    for (int t = 0; t < kTaps; ++t) {
      const int64_t tap = first + t < taps ? first + t : taps - 1;
      const int64_t column = tap % w.kernel[2] * w.dilation[2];
      from[t] = static_cast<const T*>(padded) + tap / w.kernel[2] * w.dilation[1] * p.row() +
                column % p.phases * p.run + column / p.phases;
      sum[t] = Vec<T>(0);
    }
    const T* g = static_cast<const T*>(gradient);
    for (int64_t o = 0; o < w.out[1]; ++o, g += w.out[2]) {
      const int64_t row = o * w.stride[1] * p.row();
      int64_t x = 0;
      for (; x + kLanes <= w.out[2]; x += kLanes) {
        const Vec<T> some = load(g + x);
#pragma GCC unroll 9
        for (int t = 0; t < kTaps; ++t) sum[t] = fma(some, load(from[t] + row + x), sum[t]);
      }
      if (x == w.out[2]) continue;
      const int left = static_cast<int>(w.out[2] - x);
      const Vec<T> some = load(g + x, left);
#pragma GCC unroll 9
      for (int t = 0; t < kTaps; ++t) sum[t] = fma(some, load(from[t] + row + x, left), sum[t]);
    }
    for (int t = 0; t < kTaps && first + t < taps; ++t)
      sums[first + t] += static_cast<double>(across_lanes<T, Add>(sum[t]));
  }
}

}  // namespace

const DepthwiseKernels depthwise_table[2] = {
    {shape<float>, pad<float>, spread<float>, output<float>, weight<float>},
    {shape<double>, pad<double>, spread<double>, output<double>, weight<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
