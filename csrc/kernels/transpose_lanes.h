// A square of as many vectors as they have lanes, transposed. Included by files compiled per ISA
// level only.
#pragma once

#include <utility>

namespace wengert::kernels::WENGERT_LEVEL {

// Shuffles of two vectors that processors have as one instruction: they exchange elements within
// pieces of 128 bits, or whole pieces.
template <class V>
struct Pieces {
  static constexpr int kLanes = sizeof(V) / sizeof(V{}[0]);
  static constexpr int kPiece = 16 / sizeof(V{}[0]), kPieces = kLanes / kPiece;

  // Groups of `unit` elements of x and y in turn, of the lower (0) or the upper half of each piece.
  static constexpr int zipped(int unit, int half, int lane) {
    const int piece = lane / kPiece * kPiece, group = lane % kPiece / unit;
    const int from = piece + half * kPiece / 2 + group / 2 * unit + lane % unit;
    return group % 2 * kLanes + from;
  }
  // The lower (0) or upper half of the pieces of x, then of y.
  static constexpr int halved(int half, int lane) {
    return lane / (kLanes / 2) * kLanes + half * kLanes / 2 + lane % (kLanes / 2);
  }
  // The even (0) or odd pieces of x, then of y.
  static constexpr int parted(int odd, int lane) {
    const int piece = lane / kPiece;
    return piece / (kPieces / 2) * kLanes + (piece % (kPieces / 2) * 2 + odd) * kPiece +
           lane % kPiece;
  }

  template <int unit, int half, int... I>
  static inline __attribute__((always_inline)) V zip(V x, V y, std::integer_sequence<int, I...>) {
    return (V)__builtin_shufflevector(x, y, zipped(unit, half, I)...);
  }
  template <int half, int... I>
  static inline __attribute__((always_inline)) V halve(V x, V y, std::integer_sequence<int, I...>) {
    return (V)__builtin_shufflevector(x, y, halved(half, I)...);
  }
  template <int odd, int... I>
  static inline __attribute__((always_inline)) V part(V x, V y, std::integer_sequence<int, I...>) {
    return (V)__builtin_shufflevector(x, y, parted(odd, I)...);
  }
};

// Element j of v[i] becomes element i of v[j].
template <class V, int N>
inline __attribute__((always_inline)) void transpose_lanes(V (&v)[N]) {
  using P = Pieces<V>;
  constexpr std::make_integer_sequence<int, N> lanes;
  constexpr int q = P::kPiece;
  static_assert(N == P::kLanes && (q == 2 || q == 4) && P::kPieces <= 4);
  // v[g q + c]: columns c, q + c, ... of rows g q to g q + q - 1.
  V w[N];
#pragma GCC unroll 8
  for (int g = 0; g < N; g += q) {
    if constexpr (q == 2) {
      w[g] = P::template zip<1, 0>(v[g], v[g + 1], lanes);
      w[g + 1] = P::template zip<1, 1>(v[g], v[g + 1], lanes);
    } else {
      const V a = P::template zip<1, 0>(v[g], v[g + 1], lanes),
              b = P::template zip<1, 1>(v[g], v[g + 1], lanes),
              c = P::template zip<1, 0>(v[g + 2], v[g + 3], lanes),
              d = P::template zip<1, 1>(v[g + 2], v[g + 3], lanes);
      w[g] = P::template zip<2, 0>(a, c, lanes);
      w[g + 1] = P::template zip<2, 1>(a, c, lanes);
      w[g + 2] = P::template zip<2, 0>(b, d, lanes);
      w[g + 3] = P::template zip<2, 1>(b, d, lanes);
    }
  }
#pragma GCC unroll 4
  for (int c = 0; c < q; ++c) {
    if constexpr (P::kPieces == 1) {
      v[c] = w[c];
    } else if constexpr (P::kPieces == 2) {
      v[c] = P::template halve<0>(w[c], w[q + c], lanes);
      v[q + c] = P::template halve<1>(w[c], w[q + c], lanes);
    } else {
      const V low = P::template halve<0>(w[c], w[q + c], lanes),
              high = P::template halve<1>(w[c], w[q + c], lanes),
              low2 = P::template halve<0>(w[2 * q + c], w[3 * q + c], lanes),
              high2 = P::template halve<1>(w[2 * q + c], w[3 * q + c], lanes);
      v[c] = P::template part<0>(low, low2, lanes);
      v[q + c] = P::template part<1>(low, low2, lanes);
      v[2 * q + c] = P::template part<0>(high, high2, lanes);
      v[3 * q + c] = P::template part<1>(high, high2, lanes);
    }
  }
}

}  // namespace wengert::kernels::WENGERT_LEVEL
