// Winograd's transforms, a vector of channels at a time; compiled once per ISA level.
#include "kernels/winograd.h"

#include "kernels/isa/gemm_pack.h"
#include "kernels/isa/winograd_lines.h"
#include "kernels/levels.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

WG_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
WG_INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
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

// Tiles are transformed a vector of channels at a time. The rows that a row of tiles sees stand in
// a strip of such vectors, which stays in the first-level cache; those of the next row of tiles are
// fetched meanwhile.
template <bool Write, int Tile, class T>
WG_INLINE void fetch_tile(const T* from, int64_t plane, int64_t channels) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t k = 0; k < Tile * Tile; k += kLine)
      __builtin_prefetch(from + c * plane + k, Write);
}

template <class T, int Tile, class Line>
void cut(const TileRows& r, int64_t channels, const void* planes, int64_t plane,
         const Transformed& v, void* scratch) {
  using S = Simd<T>;
  using V = typename S::V;
  // Pieces of rows come in the place of those that are no longer seen.
  auto* const strip = static_cast<T*>(scratch);
  const int64_t line = r.width * S::kLanes, piece = strip_rows(Tile, r.width);
  const int64_t origin = r.begin * Tile - r.padding[0];
  const int64_t stop = lesser((r.end - 1) * Tile - r.padding[0] + Line::kFrom, r.height);
  for (int64_t c = 0; c < channels; c += S::kLanes) {
    const T* const x = static_cast<const T*>(planes) + c * plane;
    const int64_t some = lesser(channels - c, S::kLanes);
    const auto take = [&](int64_t begin) {
      const int64_t first = greater(begin, -origin), end = lesser(begin + piece, stop - origin);
      if (first < end) {
        transpose<T, true>(strip + first % (2 * piece) * line, S::kLanes,
                           x + (origin + first) * r.width, plane, static_cast<int>(some),
                           (end - first) * r.width);
      }
    };
    // Then come the next channels, or the next image.
    const int64_t others = lesser(channels - c - some, S::kLanes);
    const T* const after = x + some * plane + (others > 0 ? greater(origin, 0) * r.width : 0);
    const int64_t after_channels = others > 0 ? others : stop == r.height ? some : 0;
    auto* to = static_cast<T*>(v.data) + c;
    int64_t taken = 0, ended = 0;
    for (int64_t i = r.begin; i < r.end; ++i) {
      const int64_t row = (i - r.begin) * Tile;
      for (; taken < row + Line::kFrom; taken += piece) take(taken);
      const T* const halves[] = {strip + row % (2 * piece) * line,
                                 strip + (row + Tile) % (2 * piece) * line};
      const Inside rows(origin + row, Line::kFrom, r.height);
      const bool more = origin + taken < stop;
      if (more) ended = row + Tile;
      const T* const next = more ? x + greater(origin + taken + row % piece, 0) * r.width
                                 : after + (row - ended) * r.width;
      const int64_t fetched = more ? some : after_channels;
      for (int64_t j = 0; j < r.across; ++j, to += v.row) {
        fetch_tile<false, Tile>(next + j * Tile * Tile, plane, fetched);
        const int64_t left = j * Tile - r.padding[1];
        const Inside columns(left, Line::kFrom, r.width);
        const auto at = [&](int p, int q) __attribute__((always_inline)) {
          return S::load(halves[p / Tile] + p % Tile * line + (left + q) * S::kLanes);
        };
        const auto put = [&](int p, int q, V value) __attribute__((always_inline)) {
          S::store(to + (p * Line::kTo + q) * v.matrix, value);
        };
        if (rows.end - rows.begin == Line::kFrom && columns.end - columns.begin == Line::kFrom) {
          transform<T, Line>(at, put);
        } else {
          transform<T, Line>(
              [&](int p, int q) __attribute__((always_inline)) {
                return rows.has(p) && columns.has(q) ? at(p, q) : V{};
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
  constexpr int kSize = Tile + 2;
  auto* const strip = static_cast<T*>(scratch);
  const int64_t line = r.width * S::kLanes, piece = strip_rows(Tile, r.width);
  for (int64_t c = 0; c < channels; c += S::kLanes) {
    const int64_t some = lesser(channels - c, S::kLanes);
    V bias{};
    if (biases) {
      const auto mask = S::mask(static_cast<int>(some));
      bias = S::load(static_cast<const T*>(biases) + c, mask);
    }
    const auto* from = static_cast<const T*>(m.data) + c;
    T* const y = static_cast<T*>(planes) + c * plane;
    int64_t first = r.begin * Tile;  // of the rows in the strip
    for (int64_t i = r.begin; i < r.end; ++i) {
      const int64_t row = i * Tile;
      const int height = static_cast<int>(lesser(r.height - row, Tile));
      for (int64_t j = 0; j < r.across; ++j, from += m.row) {
        fetch_tile<true, Tile>(y + row * r.width + j * Tile * Tile, plane, some);
        const int width = static_cast<int>(lesser(r.width - j * Tile, Tile));
        T* const corner = strip + (row - first) * line + j * Tile * S::kLanes;
        transform<T, Line>(
            [&](int p, int q) __attribute__((always_inline)) {
              return S::load(from + (p * kSize + q) * m.matrix);
            },
            [&](int p, int q, V value) __attribute__((always_inline)) {
              if (p < height && q < width)
                S::store(corner + p * line + q * S::kLanes, value + bias);
            });
      }
      const int64_t end = row + height;
      if (i + 1 < r.end && end - first < piece) continue;
      transpose<T, false>(y + first * r.width, plane, strip, S::kLanes,
                          static_cast<int>((end - first) * r.width), some);
      first = end;
    }
  }
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
