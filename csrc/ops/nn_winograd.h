// Convolutions with 3 x 3 kernels of stride 1 by Winograd's minimal filtering.
#pragma once

#include "ops/nn_convolution.h"

WENGERT_NAMESPACE_BEGIN

// The three products over a convolution. `tile`, the side of the tiles of results, is 2 or 4; each
// is as accurate as documented in kernels/winograd.h.
struct Winograd {
  // Tiles taken together, which are the rows of the products: four register tiles of them.
  static constexpr int64_t kTiles = 56;

  const ConvolutionPlan& plan;
  int tile;

  // The side of tiles with which a product over the convolution takes the least time, or 0 if that
  // is less than Winograd's way takes. A plan of 16 bits stands for products of pairs, and for
  // Winograd's filtering of converted numbers.
  static int tile_for(const ConvolutionPlan& p, ConvolutionProduct product);
  // Tiles over which a weight's gradient is summed before it is added up: so many that their
  // transforms stay in the second-level cache beside the sums.
  static int64_t summed_tiles(const ConvolutionPlan& p, int tile);
  void convolve(void* y, const void* x, const void* w, const void* bias) const;
  void convolve_input(void* x, const void* y, const void* w) const;
  void convolve_weight(void* w, const void* x, const void* y, bool accumulate) const;
};

WENGERT_NAMESPACE_END
