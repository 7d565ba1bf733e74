// Winograd's transforms, a vector of channels at a time; compiled once per ISA level.
#include "kernels/winograd.h"

#include "kernels/isa/gemm_pack.h"
#include "kernels/isa/winograd_lines.h"
#include "kernels/isa/winograd_strided_lines.h"
#include "kernels/levels.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

WG_INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
WG_INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
// Line applied to the columns and then to the rows of a kFrom x kFrom block: load(i, j) gives an
// element, store(i, j, v) takes one of the result. Columns outside [begin, end) are zero.
template <class T, class Line, class Load, class Store>
WG_INLINE void transform(const Load& load, const Store& store, int begin = 0,
                         int end = Line::kFrom) {
  using V = typename Simd<T>::V;
  V half[Line::kTo][Line::kFrom];
#pragma GCC unroll 16
  for (int j = 0; j < Line::kFrom; ++j) {
    V in[Line::kFrom], out[Line::kTo] = {};
    if (j >= begin && j < end) {
#pragma GCC unroll 16
      for (int i = 0; i < Line::kFrom; ++i) in[i] = load(i, j);
      Line::run(in, out);
    }
#pragma GCC unroll 16
    for (int i = 0; i < Line::kTo; ++i) half[i][j] = out[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < Line::kTo; ++i) {
    V out[Line::kTo];
    Line::run(half[i], out);
#pragma GCC unroll 16
    for (int j = 0; j < Line::kTo; ++j) store(i, j, out[j]);
  }
}

// Where the matrix of element (p, q) of a transformed patch begins.
template <class Form>
WG_INLINE int64_t place(int p, int q, const Transformed& t) {
  return Form::place(p, q) * t.matrix + Form::group(p, q) * t.gap;
}

// Tiles are transformed a vector of channels at a time. The rows that a row of tiles sees stand in
// a strip of such vectors, which stays in the first-level cache; those of the next row of tiles are
// fetched meanwhile.
template <bool Write, int Step, class T>
WG_INLINE void fetch_tile(const T* from, int64_t plane, int64_t channels) {
  constexpr int64_t kLine = 64 / sizeof(T);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t k = 0; k < Step * Step; k += kLine)
      __builtin_prefetch(from + c * plane + k, Write);
}

template <class T, class Form, class Line>
void cut(const TileRows& r, int64_t channels, const void* planes, int64_t plane,
         const Transformed& v, void* scratch) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int kStep = Line::kStep;
  // Pieces of rows come in the place of those that are no longer seen; rows beyond the plane are
  // zero.
  auto* const strip = static_cast<T*>(scratch);
  const int64_t line = r.width * S::kLanes, piece = strip_rows(kStep, r.width);
  const int64_t origin = r.begin * kStep - r.padding[0];
  const int64_t seen = (r.end - 1 - r.begin) * kStep + Line::kFrom;
  const int64_t stop = lesser(origin + seen, r.height);
  for (int64_t c = 0; c < channels; c += S::kLanes) {
    const T* const x = static_cast<const T*>(planes) + c * plane;
    const int64_t some = lesser(channels - c, S::kLanes);
    const auto clear = [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        for (int64_t k = 0; k < line; k += S::kLanes)
          S::store(strip + row % (2 * piece) * line + k, V{});
    };
    const auto take = [&](int64_t begin) {
      const int64_t first = greater(begin, -origin), end = lesser(begin + piece, stop - origin);
      const int64_t last = lesser(begin + piece, seen);
      clear(begin, lesser(first, last));
      clear(greater(first, end), last);
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
      const int64_t row = (i - r.begin) * kStep;
      for (; taken < row + Line::kFrom; taken += piece) take(taken);
      const T* const halves[] = {strip + row % (2 * piece) * line,
                                 strip + (row + kStep) % (2 * piece) * line};
      const bool more = origin + taken < stop;
      if (more) ended = row + kStep;
      const T* const next = more ? x + greater(origin + taken + row % piece, 0) * r.width
                                 : after + (row - ended) * r.width;
      const int64_t fetched = more ? some : after_channels;
      for (int64_t j = 0; j < r.across; ++j, to += v.row) {
        fetch_tile<false, kStep>(next + j * kStep * kStep, plane, fetched);
        const int64_t left = j * kStep - r.padding[1];
        transform<T, Line>(
            [&](int p, int q) __attribute__((always_inline)) {
              return S::load(halves[p / kStep] + p % kStep * line + (left + q) * S::kLanes);
            },
            [&](int p, int q, V value)
                __attribute__((always_inline)) { S::store(to + place<Form>(p, q, v), value); },
            static_cast<int>(greater(-left, 0)),
            static_cast<int>(lesser(r.width - left, Line::kFrom)));
      }
    }
  }
}

// The rows of `from`, each `n` elements, are added to those of `to`.
template <class T>
void add_rows(T* to, int64_t to_row, const T* from, int64_t rows, int64_t n) {
  using S = Simd<T>;
  for (int64_t i = 0; i < rows; ++i, to += to_row, from += n) {
    for (int64_t k = 0; k < n; k += S::kLanes) {
      const auto some = S::mask(static_cast<int>(lesser(n - k, S::kLanes)));
      S::store(to + k, S::load(to + k, some) + S::load(from + k, some), some);
    }
  }
}

template <class T, class Form, class Line>
void result(const TileRows& r, int64_t channels, void* planes, int64_t plane, const void* biases,
            bool accumulate, const Transformed& m, void* scratch) {
  using S = Simd<T>;
  using V = typename S::V;
  constexpr int kStep = Line::kTo;
  auto* const strip = static_cast<T*>(scratch);
  const int64_t line = r.width * S::kLanes, piece = strip_rows(kStep, r.width);
  for (int64_t c = 0; c < channels; c += S::kLanes) {
    const int64_t some = lesser(channels - c, S::kLanes);
    V bias{};
    if (biases) {
      const auto mask = S::mask(static_cast<int>(some));
      bias = S::load(static_cast<const T*>(biases) + c, mask);
    }
    const auto* from = static_cast<const T*>(m.data) + c;
    T* const y = static_cast<T*>(planes) + c * plane;
    int64_t first = r.begin * kStep;  // of the rows in the strip
    for (int64_t i = r.begin; i < r.end; ++i) {
      const int64_t row = i * kStep;
      const int height = static_cast<int>(lesser(r.height - row, kStep));
      for (int64_t j = 0; j < r.across; ++j, from += m.row) {
        fetch_tile<true, kStep>(y + row * r.width + j * kStep * kStep, plane, some);
        const int width = static_cast<int>(lesser(r.width - j * kStep, kStep));
        T* const corner = strip + (row - first) * line + j * kStep * S::kLanes;
        transform<T, Line>(
            [&](int p, int q)
                __attribute__((always_inline)) { return S::load(from + place<Form>(p, q, m)); },
            [&](int p, int q, V value) __attribute__((always_inline)) {
              if (p < height && q < width)
                S::store(corner + p * line + q * S::kLanes, value + bias);
            });
      }
      const int64_t end = row + height;
      if (i + 1 < r.end && end - first < piece) continue;
      T* const to = y + first * r.width;
      const int64_t count = (end - first) * r.width;
      T* const turned = accumulate ? strip + piece * line : to;
      const int64_t row_of_turned = accumulate ? count : plane;
      transpose<T, false>(turned, row_of_turned, strip, S::kLanes, static_cast<int>(count), some);
      if (accumulate) add_rows(to, plane, turned, some, count);
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

template <class T, class Form>
void weight(int64_t inputs, int64_t outputs, const void* kernels, int64_t by_input,
            int64_t by_output, bool turned, const Transformed& u) {
  using S = Simd<T>;
  using V = typename S::V;
  using Line = typename Form::Weight;
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
          S::store(to + (p * Line::kTo + q) * (u.matrix + u.gap), value);
        });
  });
}

template <class T, class Form>
void weight_gradient(int64_t inputs, int64_t outputs, void* kernels, int64_t by_input,
                     int64_t by_output, bool accumulate, const Transformed& u) {
  using S = Simd<T>;
  using V = typename S::V;
  using Line = typename Form::WeightGradient;
  alignas(64) T taps[9 * S::kLanes], turned[9 * S::kLanes];
  for_channels<T>(inputs, outputs, by_input, by_output, [&](int64_t k, int64_t o) {
    const T* from = static_cast<const T*>(u.data) + k * u.row + o;
    transform<T, Line>(
        [&](int p, int q) __attribute__((always_inline)) {
          return S::load(from + (p * Line::kFrom + q) * (u.matrix + u.gap));
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

template <class T, class Form>
constexpr WinogradKernels table() {
  return {cut<T, Form, typename Form::Data>,
          cut<T, Form, typename Form::Gradient>,
          result<T, Form, typename Form::Result>,
          weight<T, Form>,
          weight_gradient<T, Form>,
          Simd<T>::kLanes};
}
template <class T>
constexpr WinogradKernels adjoint_table() {
  using Form = StridedLines<T>;
  return {cut<T, Form, typename Form::AdjointData>,
          nullptr,
          result<T, Form, typename Form::AdjointResult>,
          weight<T, Form>,
          nullptr,
          Simd<T>::kLanes};
}

}  // namespace

#define WG_WINOGRAD(T)                                                            \
  {table<T, Lines<T, 2>>(), table<T, Lines<T, 4>>(), table<T, StridedLines<T>>(), \
   adjoint_table<T>()}
const WinogradKernels winograd_table[2][4] = {WG_WINOGRAD(float), WG_WINOGRAD(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
