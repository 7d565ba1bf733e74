// Convolutions in bfloat16, where the processor multiplies pairs of it: sums are taken in float32
// and rounded once.
#pragma once

#include "ops/nn_convolution.h"

WENGERT_NAMESPACE_BEGIN

struct PairConvolution {
  const ConvolutionPlan& plan;  // of bfloat16

  // Whether this is the way for a product: faster than one of converted numbers, by Winograd's
  // filtering if that covers it.
  static bool covers(const ConvolutionPlan& p, ConvolutionProduct product);
  void convolve(void* y, const void* x, const void* w, const void* bias) const;
  void convolve_input(void* x, const void* y, const void* w) const;
  void convolve_weight(void* w, const void* x, const void* y) const;

 private:
  void fold_input(void* x, const void* y, const void* w) const;
};

WENGERT_NAMESPACE_END
