// Where the points of a grid lie in an image, and how much each element near a point counts.
#pragma once

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

enum class GridMode : int64_t { bilinear, nearest, bicubic };
enum class GridPadding : int64_t { zeros, border, reflection };

struct GridRule {
  GridMode mode;
  GridPadding padding;
  bool align_corners;
  Shape size;   // of the image, the slowest dimension first
  Shape order;  // of the derivative by each coordinate, the fastest dimension's first

  int spatial() const { return size.ndim; }
  int64_t volume() const;
  int taps_per_axis() const;
  int taps() const;
};

inline constexpr int kGridBlock = 64, kGridTaps = 16;

// The taps of a block of points: for each tap the elements' positions in the image, -1 outside, and
// their weights (derivatives of them, as the rule says).
template <class T>
struct GridTaps {
  int64_t index[kGridTaps][kGridBlock];
  T weight[kGridTaps][kGridBlock];

  // For n points, at most a block, each of as many coordinates as the image has dimensions.
  void fill(const GridRule& rule, const T* grid, int64_t n);
  // Whether none of the first n points' taps lies outside.
  bool is_inside(int taps, int64_t n) const {
    int64_t signs = 0;
    for (int k = 0; k < taps; ++k) {
      for (int64_t p = 0; p < n; ++p) signs |= index[k][p];
    }
    return signs >= 0;
  }
};

extern template struct GridTaps<float>;
extern template struct GridTaps<double>;

}  // namespace detail
WENGERT_NAMESPACE_END
