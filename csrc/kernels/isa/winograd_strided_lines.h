// The one-dimensional transforms of Winograd's filtering for a stride of 2, along one line of a
// tile of 4 results: 5 products of the even elements, then 4 of the odd ones. Included by files
// compiled per ISA level only.
#pragma once

#include "kernels/isa/gemm_simd.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class T>
struct StridedLines {
  using S = Simd<T>;
  using V = typename S::V;
  // Interpolation at +-a, +-b and infinity.
  static constexpr double a = 0.5, a2 = a * a, b = 1.25, b2 = b * b;
  static constexpr double pair_a = 1 / (2 * a * (a2 - b2)), pair_b = 1 / (2 * b * (b2 - a2));
  static constexpr int kTile = 4, kEven = kTile + 1, kSize = kEven + kTile;

  // The matrix of element (p, q) of a transformed patch, as WinogradForm::group has it, and that of
  // its weights.
  static constexpr int place(int p, int q) {
    const int row = p < kEven ? p : kEven, column = q < kEven ? q : kEven;
    const int rows = p < kEven ? 1 : kTile, columns = q < kEven ? 1 : kTile;
    return row * kSize + rows * column + (p - row) * columns + q - column;
  }
  static constexpr int group(int p, int q) {
    return (p < kEven ? p : kEven) * (kEven + 1) + (q < kEven ? q : kEven);
  }

  static WG_INLINE V times(double c, V x) { return S::broadcast(static_cast<T>(c)) * x; }
  // c x + y
  static WG_INLINE V fma(double c, V x, V y) {
    return S::fma(S::broadcast(static_cast<T>(c)), x, y);
  }

  // B^T of elements that meet two taps.
  static WG_INLINE void interpolate(V d0, V d1, V d2, V d3, V d4, V* v) {
    const V even_a = fma(-b2, d0, d2), odd_a = fma(-b2, d1, d3);
    v[0] = fma(a, even_a, odd_a);
    v[1] = fma(-a, even_a, odd_a);
    const V even_b = fma(-a2, d0, d2), odd_b = fma(-a2, d1, d3);
    v[2] = fma(b, even_b, odd_b);
    v[3] = fma(-b, even_b, odd_b);
    v[4] = fma(-(a2 + b2), d2, fma(a2 * b2, d0, d4));
  }
  // A^T
  static WG_INLINE void evaluate(const V* m, V& y0, V& y1, V& y2, V& y3) {
    const V sum_a = m[0] + m[1], difference_a = m[0] - m[1];
    const V sum_b = m[2] + m[3], difference_b = m[2] - m[3];
    y0 = sum_a + sum_b;
    y1 = fma(b, difference_b, times(a, difference_a));
    y2 = fma(b2, sum_b, times(a2, sum_a));
    y3 = fma(b2 * b, difference_b, fma(a2 * a, difference_a, m[4]));
  }

  struct Data {
    static constexpr int kFrom = kSize, kTo = kSize, kStep = 2 * kTile;
    static WG_INLINE void run(const V* d, V* v) {
      interpolate(d[0], d[2], d[4], d[6], d[8], v);
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) v[kEven + i] = d[2 * i + 1];
    }
  };

  struct Weight {
    static constexpr int kFrom = 3, kTo = kEven + 1;
    static WG_INLINE void run(const V* g, V* u) {
      const V odd_a = times(pair_a * a, g[2]), odd_b = times(pair_b * b, g[2]);
      u[0] = fma(pair_a, g[0], odd_a);
      u[1] = fma(-pair_a, g[0], odd_a);
      u[2] = fma(pair_b, g[0], odd_b);
      u[3] = fma(-pair_b, g[0], odd_b);
      u[4] = g[2];
      u[kEven] = g[1];
    }
  };

  struct WeightGradient {
    static constexpr int kFrom = kEven + 1, kTo = 3;
    static WG_INLINE void run(const V* u, V* g) {
      g[0] = fma(pair_b, u[2] - u[3], times(pair_a, u[0] - u[1]));
      g[1] = u[kEven];
      g[2] = fma(pair_b * b, u[2] + u[3], fma(pair_a * a, u[0] + u[1], u[4]));
    }
  };

  struct Result {
    static constexpr int kFrom = kSize, kTo = kTile;
    static WG_INLINE void run(const V* m, V* y) {
      evaluate(m, y[0], y[1], y[2], y[3]);
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) y[i] = y[i] + m[kEven + i];
    }
  };

  struct Gradient {
    static constexpr int kFrom = kTile, kTo = kSize, kStep = kTile;
    static WG_INLINE void run(const V* g, V* v) {
      const V even_a = fma(a2, g[2], g[0]), odd_a = fma(a2, g[3], g[1]);
      v[0] = fma(a, odd_a, even_a);
      v[1] = fma(-a, odd_a, even_a);
      const V even_b = fma(b2, g[2], g[0]), odd_b = fma(b2, g[3], g[1]);
      v[2] = fma(b, odd_b, even_b);
      v[3] = fma(-b, odd_b, even_b);
      v[4] = g[3];
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) v[kEven + i] = g[i];
    }
  };

  // The adjoint, with a padding of 1: even elements of the input meet the middle tap, odd ones the
  // other two.
  struct AdjointData {
    static constexpr int kFrom = kEven, kTo = kSize, kStep = kTile;
    static WG_INLINE void run(const V* d, V* v) {
      interpolate(d[0], d[1], d[2], d[3], d[4], v);
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) v[kEven + i] = d[i];
    }
  };
  struct AdjointResult {
    static constexpr int kFrom = kSize, kTo = 2 * kTile;
    static WG_INLINE void run(const V* m, V* y) {
      evaluate(m, y[1], y[3], y[5], y[7]);
#pragma GCC unroll 4
      for (int i = 0; i < kTile; ++i) y[2 * i] = m[kEven + i];
    }
  };
};

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
