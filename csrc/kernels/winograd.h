// The transforms of Winograd's minimal filtering for 3 x 3 kernels, for float32 and float64. With d
// a patch of the input, g a kernel and y a tile of M x M results,
//   y = A^T [(G g G^T) . (B^T d B)] A,
// where "." multiplies element by element: (M + 2)^2 products instead of 9 M^2. Summed over the
// channels, each of the (M + 2)^2 elements is a matrix product over tiles and channels. The points
// of interpolation are 0, infinity and +-1 for M = 2; 0, infinity, +-sqrt(1/2) and +-sqrt(2) for
// M = 4, whose rounding error is the smallest of those that need as few operations.
// Lavin, Gray: Fast Algorithms for Convolutional Neural Networks, 2015 (arXiv 1509.09308).
//
// A stride of 2 splits a line of the input into its even elements, which meet two taps, and its odd
// ones, which meet the middle tap alone. Minimal filtering of the even ones takes M + 1 products,
// the odd ones take M: (2 M + 1)^2 instead of 9 M^2 for a tile, with M = 4 and the points +-1/2,
// +-5/4 and infinity. The M products of the odd ones share their weight.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// How a convolution is filtered. `adjoint`: the gradient of the input of a strided one.
struct WinogradForm {
  int tile;  // M: results along a side, of the adjoint elements of y
  bool strided = false, adjoint = false;

  int weight_side() const { return tile + 2; }
  int weight_matrices() const { return weight_side() * weight_side(); }
  int matrices() const {
    const int side = strided ? 2 * tile + 1 : tile + 2;
    return side * side;
  }
  // Elements along a side from one tile to the next, of what is transformed and of what results.
  int data_step() const { return strided && !adjoint ? 2 * tile : tile; }
  int result_step() const { return strided && adjoint ? 2 * tile : tile; }

  // Matrices that meet the same matrix of weights lie one after the other.
  struct Group {
    int first, count;
  };
  Group group(int weight) const {
    if (!strided) return {weight, 1};
    const int odd = tile + 1, i = weight / weight_side(), j = weight % weight_side();
    const int rows = i == odd ? tile : 1;
    return {i * (odd + tile) + rows * j, rows * (j == odd ? tile : 1)};
  }
};

// Rows of tiles [begin, end) of one image. Tile (i, j) covers the elements of a plane from row
// i step - padding[0] and column j step - padding[1] on; what lies outside the plane counts as
// zero.
struct TileRows {
  int64_t height, width;  // of the plane
  int64_t padding[2];
  int64_t begin, end, across;
};

// Matrices, `matrix` elements apart, whose rows are `row` elements apart. A row holds the channels
// of one tile, or the output channels of one input channel. Between groups of matrices are `gap`
// elements more, which keeps them from displacing each other from the caches.
struct Transformed {
  void* data;
  int64_t matrix, row, gap;

  // Where group i of the patches of a form begins, or matrix i of weights.
  int64_t at(const WinogradForm::Group& group, int i) const {
    return group.first * matrix + i * gap;
  }
  int64_t at(int i) const { return i * (matrix + gap); }
};

// Rows of a plane that are taken together: of a few tiles, and of so many elements that they and as
// many again stay in the first-level cache.
inline int64_t strip_rows(int step, int64_t width) {
  constexpr int64_t kElements = 128;
  const int64_t fit = kElements / (step * width);
  return step * (fit > 1 ? fit : 1);
}

struct WinogradKernels {
  // B^T d B for every tile and channel of the planes x, `plane` elements apart. Whole vectors are
  // written. `strip` has room for 2 strip_rows of a plane, each element a vector of channels.
  void (*data)(const TileRows& r, int64_t channels, const void* x, int64_t plane,
               const Transformed& v, void* strip);
  // A g A^T: what `data` is for the input, for the gradient of the results. None for an adjoint.
  void (*gradient)(const TileRows& r, int64_t channels, const void* g, int64_t plane,
                   const Transformed& v, void* strip);
  // The planes of results = or += A^T m A + bias, which may be null.
  void (*result)(const TileRows& r, int64_t channels, void* y, int64_t plane, const void* bias,
                 bool accumulate, const Transformed& m, void* strip);
  // G g G^T for kernels from `inputs` input to `outputs` output channels, whose elements for tap t
  // are at w[output * by_output + input * by_input + t], or turned by 180 degrees.
  void (*weight)(int64_t inputs, int64_t outputs, const void* w, int64_t by_input,
                 int64_t by_output, bool turned, const Transformed& u);
  // w = or += G^T u G. None for an adjoint.
  void (*weight_gradient)(int64_t inputs, int64_t outputs, void* w, int64_t by_input,
                          int64_t by_output, bool accumulate, const Transformed& u);
  int64_t lanes;  // of a vector
};

// For tiles of 2 x 2 or 4 x 4 results, the latter strided as well.
const WinogradKernels& winograd(DType dtype, const WinogradForm& form);

}  // namespace wengert::kernels
