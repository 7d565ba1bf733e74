// Winograd's transforms, a vector of channels at a time; compiled once per ISA level.
#include "kernels/winograd.h"

#include "kernels/isa/gemm_pack.h"
#include "kernels/isa/winograd_lines.h"
#include "kernels/levels.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

WG_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
WG_INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
template <class T>
WG_INLINE int64_t whole_vectors(int64_t n) {
  constexpr int64_t kLanes = Simd<T>::kLanes;
  return (n + kLanes - 1) / kLanes * kLanes;
}

// Line applied to the columns and then to the rows of a kFrom x kFrom block: load(i, j) gives an
// element, store(i, j, v) takes one of the result.
template <class T, class Line, class Load, class Store>
WG_INLINE void transform(const Load& load, const Store& store) {
  using V = typename Simd<T>::V;
  V half[Line::kTo][Line::kFrom];
#pragma GCC unroll 8
  for (int j = 0; j < Line::kFrom; ++j) {
    V in[Line::kFrom], out[Line::kTo];
#pragma GCC unroll 8
    for (int i = 0; i < Line::kFrom; ++i) in[i] = load(i, j);
    Line::run(in, out);
#pragma GCC unroll 8
    for (int i = 0; i < Line::kTo; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 8
  for (int i = 0; i < Line::kTo; ++i) {
    V out[Line::kTo];
    Line::run(half[i], out);
#pragma GCC unroll 8
    for (int j = 0; j < Line::kTo; ++j) store(i, j, out[j]);
  }
}

// The part of a patch of `size` elements from `first` on that lies in [0, limit).
struct Inside {
  int begin, end;
  WG_INLINE Inside(int64_t first, int64_t size, int64_t limit)
      : begin(static_cast<int>(first < 0 ? lesser(-first, size) : 0)),
        end(static_cast<int>(greater(lesser(limit - first, size), begin))) {}
  WG_INLINE bool has(int i) const { return i >= begin && i < end; }
};

template <class T, int Tile, class Line>
void cut(const TileRows& r, int64_t channels, const void* planes, int64_t plane,
         const Transformed& v, void* scratch) {
  using S = Simd<T>;
  using V = typename S::V;
  const auto* x = static_cast<const T*>(planes);
  auto* strip = static_cast<T*>(scratch);
  const int64_t wide = whole_vectors<T>(channels), line = r.width * wide;
  const int64_t first = lesser(greater(r.begin * Tile - r.padding[0], 0), r.height);
  const int64_t last =
      greater(lesser((r.end - 1) * Tile - r.padding[0] + Line::kFrom, r.height), first);
  transpose<T, true>(strip, wide, x + first * r.width, plane, static_cast<int>(channels),
                     (last - first) * r.width);
  auto* to = static_cast<T*>(v.data);
  for (int64_t i = r.begin; i < r.end; ++i) {
    const int64_t top = i * Tile - r.padding[0];
    const Inside rows(top, Line::kFrom, r.height);
    for (int64_t j = 0; j < r.across; ++j, to += v.row) {
      const int64_t left = j * Tile - r.padding[1];
      const Inside columns(left, Line::kFrom, r.width);
      const int64_t corner = (top - first) * line + left * wide;
      const bool whole =
          rows.end - rows.begin == Line::kFrom && columns.end - columns.begin == Line::kFrom;
      for (int64_t c = 0; c < wide; c += S::kLanes) {
        const auto put = [&](int p, int q, V value) __attribute__((always_inline)) {
          S::store(to + (p * Line::kTo + q) * v.matrix + c, value);
        };
        if (whole) {
          transform<T, Line>(
              [&](int p, int q) __attribute__((always_inline)) {
                return S::load(strip + corner + p * line + q * wide + c);
              },
              put);
        } else {
          transform<T, Line>(
              [&](int p, int q) __attribute__((always_inline)) {
                return rows.has(p) && columns.has(q)
                           ? S::load(strip + corner + p * line + q * wide + c)
                           : V{};
              },
              put);
        }
      }
    }
  }
}

template <class T, int Tile>
void result(const TileRows& r, int64_t channels, void* planes, int64_t plane, const void* biases,
            const Transformed& m, void* scratch) {
  using S = Simd<T>;
  using V = typename S::V;
  using Line = typename Lines<T, Tile>::Result;
  auto* strip = static_cast<T*>(scratch);
  const int64_t wide = whole_vectors<T>(channels), line = r.width * wide;
  const int64_t first = r.begin * Tile, last = lesser(r.end * Tile, r.height);
  const auto* from = static_cast<const T*>(m.data);
  constexpr int kSize = Tile + 2;
  for (int64_t i = r.begin; i < r.end; ++i) {
    const int height = static_cast<int>(lesser(r.height - i * Tile, Tile));
    for (int64_t j = 0; j < r.across; ++j, from += m.row) {
      const int width = static_cast<int>(lesser(r.width - j * Tile, Tile));
      T* corner = strip + (i * Tile - first) * line + j * Tile * wide;
      for (int64_t c = 0; c < wide; c += S::kLanes) {
        V bias{};
        if (biases) {
          const auto mask = S::mask(static_cast<int>(lesser(channels - c, S::kLanes)));
          bias = S::load(static_cast<const T*>(biases) + c, mask);
        }
        transform<T, Line>(
            [&](int p, int q) __attribute__((always_inline)) {
              return S::load(from + (p * kSize + q) * m.matrix + c);
            },
            [&](int p, int q, V value) __attribute__((always_inline)) {
              if (p < height && q < width) S::store(corner + p * line + q * wide + c, value + bias);
            });
      }
    }
  }
  transpose<T, false>(static_cast<T*>(planes) + first * r.width, plane, strip, wide,
                      static_cast<int>((last - first) * r.width), channels);
}

// Calls f(input, first output) for every input channel and vector of output channels, so that
// neighbours in memory follow each other.
template <class T, class F>
WG_INLINE void for_channels(int64_t inputs, int64_t outputs, int64_t by_input, int64_t by_output,
                            const F& f) {
  const int64_t vectors = (outputs + Simd<T>::kLanes - 1) / Simd<T>::kLanes;
  const bool inputs_inside = by_input < by_output;
  const int64_t inner = inputs_inside ? inputs : vectors, count = inputs * vectors;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t a = i / inner, b = i % inner;
    f(inputs_inside ? b : a, (inputs_inside ? a : b) * Simd<T>::kLanes);
  }
}

template <class T, int Tile>
void weight(int64_t inputs, int64_t outputs, const void* kernels, int64_t by_input,
            int64_t by_output, bool turned, const Transformed& u) {
  using S = Simd<T>;
  using V = typename S::V;
  using Line = typename Lines<T, Tile>::Weight;
  alignas(64) T taps[9 * S::kLanes];
  for_channels<T>(inputs, outputs, by_input, by_output, [&](int64_t k, int64_t o) {
    const T* w = static_cast<const T*>(kernels) + o * by_output + k * by_input;
    transpose<T, true>(taps, S::kLanes, w, by_output,
                       static_cast<int>(lesser(outputs - o, S::kLanes)), 9);
    T* to = static_cast<T*>(u.data) + k * u.row + o;
    transform<T, Line>(
        [&](int p, int q) __attribute__((always_inline)) {
          const int tap = p * 3 + q;
          return S::load(taps + (turned ? 8 - tap : tap) * S::kLanes);
        },
        [&](int p, int q, V value) __attribute__((always_inline)) {
          S::store(to + (p * Line::kTo + q) * u.matrix, value);
        });
  });
}

template <class T, int Tile>
void weight_gradient(int64_t inputs, int64_t outputs, void* kernels, int64_t by_input,
                     int64_t by_output, bool accumulate, const Transformed& u) {
  using S = Simd<T>;
  using V = typename S::V;
  using Line = typename Lines<T, Tile>::WeightGradient;
  alignas(64) T taps[9 * S::kLanes], turned[9 * S::kLanes];
  for_channels<T>(inputs, outputs, by_input, by_output, [&](int64_t k, int64_t o) {
    const T* from = static_cast<const T*>(u.data) + k * u.row + o;
    transform<T, Line>(
        [&](int p, int q) __attribute__((always_inline)) {
          return S::load(from + (p * Line::kFrom + q) * u.matrix);
        },
        [&](int p, int q, V value)
            __attribute__((always_inline)) { S::store(taps + (p * 3 + q) * S::kLanes, value); });
    T* w = static_cast<T*>(kernels) + o * by_output + k * by_input;
    const int64_t some = lesser(outputs - o, S::kLanes);
    if (!accumulate) return transpose<T, false>(w, by_output, taps, S::kLanes, 9, some);
    transpose<T, false>(turned, 9, taps, S::kLanes, 9, some);
    for (int64_t i = 0; i < some; ++i) {
      for (int tap = 0; tap < 9; ++tap) w[i * by_output + tap] += turned[i * 9 + tap];
    }
  });
}

template <class T, int Tile>
constexpr WinogradKernels table() {
  return {cut<T, Tile, typename Lines<T, Tile>::Data>,
          cut<T, Tile, typename Lines<T, Tile>::Gradient>,
          result<T, Tile>,
          weight<T, Tile>,
          weight_gradient<T, Tile>,
          Simd<T>::kLanes};
}

}  // namespace

const WinogradKernels winograd_table[2][2] = {{table<float, 2>(), table<float, 4>()},
                                              {table<double, 2>(), table<double, 4>()}};

}  // namespace wengert::kernels::WENGERT_LEVEL
