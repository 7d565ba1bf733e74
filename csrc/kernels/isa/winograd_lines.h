// The one-dimensional transforms of Winograd's filtering, along one line of a tile. Included by
// files compiled per ISA level only.
#pragma once

#include "kernels/isa/gemm_simd.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Interpolation at 0, +-a (and +-b) and infinity.
template <int Tile>
struct Points;
template <>
struct Points<2> {
  static constexpr double a2 = 1, a = 1;
  static constexpr double zero = -1 / a2, pair_a = 1 / (2 * a2);  // of G: 1 / products of distances
};
template <>
struct Points<4> {
  static constexpr double a2 = 0.5, a = 0.70710678118654752440;
  static constexpr double b2 = 2, b = 1.41421356237309504880;
  static constexpr double zero = 1 / (a2 * b2);
  static constexpr double pair_a = 1 / (2 * a2 * (a2 - b2)), pair_b = 1 / (2 * b2 * (b2 - a2));
};

template <class T, int Tile>
struct Lines {
  using S = Simd<T>;
  using V = typename S::V;
  using P = Points<Tile>;
  static constexpr int kSize = Tile + 2;

  // The matrix of element (p, q) of a transformed patch, and that of its weights.
  static constexpr int place(int p, int q) { return p * kSize + q; }
  static constexpr int group(int p, int q) { return p * kSize + q; }

  static WG_INLINE V times(double c, V x) { return S::broadcast(static_cast<T>(c)) * x; }
  // c x + y
  static WG_INLINE V fma(double c, V x, V y) {
    return S::fma(S::broadcast(static_cast<T>(c)), x, y);
  }

  struct Data {  // B^T
    static constexpr int kFrom = kSize, kTo = kSize, kStep = Tile;
    static WG_INLINE void run(const V* d, V* v) {
      if constexpr (Tile == 2) {
        v[0] = fma(-P::a2, d[0], d[2]);
        v[1] = fma(P::a, d[1], d[2]);
        v[2] = fma(-P::a, d[1], d[2]);
        v[3] = fma(-P::a2, d[1], d[3]);
      } else {
        v[0] = fma(-(P::a2 + P::b2), d[2], fma(P::a2 * P::b2, d[0], d[4]));
        const V even_a = fma(-P::b2, d[2], d[4]), odd_a = fma(-P::b2, d[1], d[3]);
        v[1] = fma(P::a, odd_a, even_a);
        v[2] = fma(-P::a, odd_a, even_a);
        const V even_b = fma(-P::a2, d[2], d[4]), odd_b = fma(-P::a2, d[1], d[3]);
        v[3] = fma(P::b, odd_b, even_b);
        v[4] = fma(-P::b, odd_b, even_b);
        v[5] = fma(-(P::a2 + P::b2), d[3], fma(P::a2 * P::b2, d[1], d[5]));
      }
    }
  };

  struct Weight {  // G
    static constexpr int kFrom = 3, kTo = kSize;
    static WG_INLINE void run(const V* g, V* u) {
      u[0] = times(P::zero, g[0]);
      const V even_a = times(P::pair_a, fma(P::a2, g[2], g[0]));
      u[1] = fma(P::pair_a * P::a, g[1], even_a);
      u[2] = fma(-P::pair_a * P::a, g[1], even_a);
      if constexpr (Tile == 4) {
        const V even_b = times(P::pair_b, fma(P::b2, g[2], g[0]));
        u[3] = fma(P::pair_b * P::b, g[1], even_b);
        u[4] = fma(-P::pair_b * P::b, g[1], even_b);
      }
      u[kSize - 1] = g[2];
    }
  };

  struct WeightGradient {  // G^T
    static constexpr int kFrom = kSize, kTo = 3;
    static WG_INLINE void run(const V* u, V* g) {
      const V sum_a = u[1] + u[2], difference_a = u[1] - u[2];
      g[0] = fma(P::pair_a, sum_a, times(P::zero, u[0]));
      g[1] = times(P::pair_a * P::a, difference_a);
      g[2] = fma(P::pair_a * P::a2, sum_a, u[kSize - 1]);
      if constexpr (Tile == 4) {
        const V sum_b = u[3] + u[4], difference_b = u[3] - u[4];
        g[0] = fma(P::pair_b, sum_b, g[0]);
        g[1] = fma(P::pair_b * P::b, difference_b, g[1]);
        g[2] = fma(P::pair_b * P::b2, sum_b, g[2]);
      }
    }
  };

  struct Result {  // A^T
    static constexpr int kFrom = kSize, kTo = Tile;
    static WG_INLINE void run(const V* m, V* y) {
      const V sum_a = m[1] + m[2], difference_a = m[1] - m[2];
      if constexpr (Tile == 2) {
        y[0] = m[0] + sum_a;
        y[1] = fma(P::a, difference_a, m[3]);
      } else {
        const V sum_b = m[3] + m[4], difference_b = m[3] - m[4];
        y[0] = m[0] + (sum_a + sum_b);
        y[1] = fma(P::b, difference_b, times(P::a, difference_a));
        y[2] = fma(P::b2, sum_b, times(P::a2, sum_a));
        y[3] = fma(P::b2 * P::b, difference_b, fma(P::a2 * P::a, difference_a, m[5]));
      }
    }
  };

  struct Gradient {  // A
    static constexpr int kFrom = Tile, kTo = kSize, kStep = Tile;
    static WG_INLINE void run(const V* g, V* v) {
      v[0] = g[0];
      if constexpr (Tile == 2) {
        v[1] = fma(P::a, g[1], g[0]);
        v[2] = fma(-P::a, g[1], g[0]);
        v[3] = g[1];
      } else {
        const V even_a = fma(P::a2, g[2], g[0]), odd_a = fma(P::a2, g[3], g[1]);
        v[1] = fma(P::a, odd_a, even_a);
        v[2] = fma(-P::a, odd_a, even_a);
        const V even_b = fma(P::b2, g[2], g[0]), odd_b = fma(P::b2, g[3], g[1]);
        v[3] = fma(P::b, odd_b, even_b);
        v[4] = fma(-P::b, odd_b, even_b);
        v[5] = g[3];
      }
    }
  };
};

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
