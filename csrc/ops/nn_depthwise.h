// Convolutions whose groups have one input channel: depthwise ones, and those of grey images.
#pragma once

#include "ops/nn_convolution.h"

WENGERT_NAMESPACE_BEGIN

struct Depthwise {
  const ConvolutionPlan& plan;

  // Whether this way covers a geometry and is the faster one.
  static bool covers(const ConvolutionPlan& p);
  void convolve(void* y, const void* x, const void* w, const void* bias) const;
  void convolve_input(void* x, const void* y, const void* w, bool accumulate) const;
  void convolve_weight(void* w, const void* x, const void* y, bool accumulate) const;
};

WENGERT_NAMESPACE_END
