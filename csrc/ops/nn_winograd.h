// Convolutions with 3 x 3 kernels of stride 1 or 2 by Winograd's minimal filtering.
#pragma once

#include <optional>

#include "kernels/winograd.h"
#include "ops/nn_convolution.h"

WENGERT_NAMESPACE_BEGIN

// The three products over a convolution, each as accurate as documented in docs/accuracy.md.
struct Winograd {
  const ConvolutionPlan& plan;
  kernels::WinogradForm form;

  // The filtering with which a product over the convolution takes the least time, if unfolding does
  // not take less. A plan of 16 bits stands for products of pairs, and for Winograd's filtering of
  // converted numbers.
  static std::optional<Winograd> cheapest(const ConvolutionPlan& p, ConvolutionProduct product);
  // Tiles taken together, which are the rows of the products: so many that their transforms stay in
  // the second-level cache, in whole register tiles.
  static int64_t tiles_together(const kernels::WinogradForm& form) {
    return form.strided ? 28 : 56;
  }
  // Tiles over which a weight's gradient is summed before it is added up: so many that their
  // transforms stay in the second-level cache beside the sums.
  static int64_t summed_tiles(const ConvolutionPlan& p, const kernels::WinogradForm& form);
  void convolve(void* y, const void* x, const void* w, const void* bias) const;
  void convolve_input(void* x, const void* y, const void* w, bool accumulate) const;
  void convolve_weight(void* w, const void* x, const void* y, bool accumulate) const;
};

WENGERT_NAMESPACE_END
