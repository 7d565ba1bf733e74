#include "ops/nn_grid_taps.h"

#include <algorithm>
#include <cmath>

WENGERT_NAMESPACE_BEGIN
namespace detail {

int64_t GridRule::volume() const {
  int64_t n = 1;
  for (int i = 0; i < size.ndim; ++i) n *= size.d[i];
  return n;
}
int GridRule::taps_per_axis() const {
  return mode == GridMode::nearest ? 1 : mode == GridMode::bilinear ? 2 : 4;
}
int GridRule::taps() const {
  const int t = taps_per_axis();
  return spatial() == 3 ? t * t * t : t * t;
}

namespace {

// A position, and its derivative by what it was made from.
template <class T>
struct Position {
  T at, slope;
};

template <class T>
Position<T> clipped(T at, int64_t n) {
  const T last = static_cast<T>(n - 1);
  if (!(at > 0)) return {0, 0};  // a NaN too
  if (at >= last) return {last, 0};
  return {at, 1};
}

// Mirrored into [low, high], as often as it takes.
template <class T>
Position<T> reflected(T at, T low, T high) {
  const T span = high - low;
  if (span == 0) return {0, 0};
  const T sign = at < low ? T{-1} : T{1}, distance = std::abs(at - low);
  const T rest = std::fmod(distance, span);
  const bool even = std::fmod(std::floor(distance / span), T{2}) == 0;
  return even ? Position<T>{low + rest, sign} : Position<T>{high - rest, -sign};
}

template <class T>
Position<T> padded(const GridRule& r, T at, int64_t n) {
  if (r.padding == GridPadding::zeros) return {at, 1};
  if (r.padding == GridPadding::border) return clipped(at, n);
  const T half = r.align_corners ? T{0} : T(0.5);
  const Position<T> mirrored = reflected(at, -half, static_cast<T>(n - 1) + half);
  const Position<T> p = clipped(mirrored.at, n);
  return {p.at, p.slope * mirrored.slope};
}

// The element at a whole position, -1 outside or where there is none.
template <class T>
int64_t element(T at, int64_t n) {
  return at >= 0 && at < static_cast<T>(n) ? static_cast<int64_t>(at) : -1;
}

// Keys' cubic with a = -0.75: the derivative of the given order by the distance d, which is below 1
// (near) or between 1 and 2.
template <class T>
T cubic(T d, bool near, int64_t order) {
  constexpr T a = T(-0.75);
  const T c3 = near ? a + 2 : a, c2 = near ? -(a + 3) : -5 * a;
  const T c1 = near ? T{0} : 8 * a, c0 = near ? T{1} : -4 * a;
  switch (order) {
    case 0:
      return ((c3 * d + c2) * d + c1) * d + c0;
    case 1:
      return (3 * c3 * d + 2 * c2) * d + c1;
    case 2:
      return 6 * c3 * d + 2 * c2;
    case 3:
      return 6 * c3;
    default:
      return 0;
  }
}

// The weight of tap k of a point that lies t after the tap before it.
template <class T>
T axis_weight(GridMode mode, int k, T t, int64_t order) {
  switch (mode) {
    case GridMode::nearest:
      return order ? T{0} : T{1};
    case GridMode::bilinear:
      if (order == 0) return k ? t : 1 - t;
      return order == 1 ? (k ? T{1} : T{-1}) : T{0};
    case GridMode::bicubic:
      break;
  }
  const T w = k < 2 ? cubic(t + static_cast<T>(1 - k), k == 1, order)
                    : cubic(static_cast<T>(k - 1) - t, k == 2, order);
  return k >= 2 && order % 2 ? -w : w;
}

template <class T>
struct Axis {
  int64_t index[4];
  T weight[4];

  void fill(const GridRule& r, T coordinate, int64_t n, int64_t order) {
    const T size = static_cast<T>(n);
    const T at =
        r.align_corners ? (coordinate + 1) / 2 * (size - 1) : ((coordinate + 1) * size - 1) / 2;
    T slope = (r.align_corners ? size - 1 : size) / 2;
    if (r.mode == GridMode::bicubic) {
      const T begin = std::floor(at), t = at - begin;
      for (int k = 0; k < 4; ++k) {
        index[k] = element(padded(r, begin + static_cast<T>(k - 1), n).at, n);
        weight[k] = axis_weight(r.mode, k, t, order);
      }
    } else {
      const Position<T> p = padded(r, at, n);
      slope *= p.slope;
      const T begin = r.mode == GridMode::nearest ? std::nearbyint(p.at) : std::floor(p.at);
      for (int k = 0; k < r.taps_per_axis(); ++k) {
        index[k] = element(begin + static_cast<T>(k), n);
        weight[k] = axis_weight(r.mode, k, p.at - begin, order);
      }
    }
    for (int64_t m = 0; m < order; ++m) {
      for (int k = 0; k < r.taps_per_axis(); ++k) weight[k] *= slope;
    }
  }
};

}  // namespace

template <class T>
void GridTaps<T>::fill(const GridRule& rule, const T* grid, int64_t n) {
  const int spatial = rule.spatial(), per_axis = rule.taps_per_axis();
  for (int64_t p = 0; p < n; ++p, grid += spatial) {
    Axis<T> axis[3];
    for (int d = 0; d < spatial; ++d) {
      axis[d].fill(rule, grid[d], rule.size.d[spatial - 1 - d], rule.order.d[d]);
    }
    for (int tap = 0; tap < rule.taps(); ++tap) {
      int64_t at = 0, step = 1;
      T w = 1;
      for (int d = 0, rest = tap; d < spatial; ++d, rest /= per_axis) {
        const int64_t i = axis[d].index[rest % per_axis];
        at = i < 0 || at < 0 ? -1 : at + i * step;
        step *= rule.size.d[spatial - 1 - d];
        w *= axis[d].weight[rest % per_axis];
      }
      index[tap][p] = at;
      weight[tap][p] = w;
    }
  }
}

template struct GridTaps<float>;
template struct GridTaps<double>;

}  // namespace detail
WENGERT_NAMESPACE_END
