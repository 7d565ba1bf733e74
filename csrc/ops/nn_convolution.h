// The geometry of a convolution, and the three products over it.
#pragma once

#include "kernels/neural.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Sizes of a convolution; one and two spatial dimensions are three whose first are 1.
struct ConvolutionPlan {
  DType dtype;  // float32, float64, or bfloat16 where PairConvolution covers the product
  int64_t batch, groups;
  int64_t in_channels, out_channels;  // of one group
  kernels::Windows windows;

  int64_t rows() const { return in_channels * windows.taps(); }
  int64_t item() const { return static_cast<int64_t>(item_size(dtype)); }
  // `elements` after the start of an operand; the callee knows which operands it may write.
  void* at(const void* base, int64_t elements) const {
    return const_cast<char*>(static_cast<const char*>(base)) + elements * item();
  }
  void* x_at(const void* x, int64_t image, int64_t group, int64_t channel) const {
    return at(x, ((image * groups + group) * in_channels + channel) * windows.volume());
  }
  void* y_at(const void* y, int64_t image, int64_t group) const {
    return at(y, (image * groups + group) * out_channels * windows.positions());
  }
  // Each window is one element of the volume, in order: the volume is its own unfolding.
  bool pointwise() const;
};

enum class ConvolutionProduct : uint8_t { output, input, weight };

// y (batch, groups, out_channels, positions) from x (batch, groups, in_channels, volume) and w
// (groups, out_channels, in_channels, taps). The bias (groups, out_channels) may be null.
void convolve(const ConvolutionPlan& p, void* y, const void* x, const void* w, const void* bias);
// x = or += (not in bfloat16) the adjoint map of y.
void convolve_input(const ConvolutionPlan& p, void* x, const void* y, const void* w,
                    bool accumulate);
// w = or += (not in bfloat16) the sum over the batch of the products of y with what the windows see
// of x.
void convolve_weight(const ConvolutionPlan& p, void* w, const void* x, const void* y,
                     bool accumulate);

WENGERT_NAMESPACE_END
