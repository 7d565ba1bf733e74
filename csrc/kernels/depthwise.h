// Convolutions of single planes, for float32 and float64: each plane has kernels of its own.
#pragma once

#include "neural.h"

namespace wengert::kernels {

// A plane in which every window lies whole: padded with zeros, and with the columns of a row sorted
// by their remainder modulo the stride, so that what a tap sees of neighbouring windows is
// contiguous. A row holds `phases` runs of `run` elements.
struct PaddedPlane {
  int64_t rows, phases, run;
  int64_t row() const { return phases * run; }
};

struct DepthwiseKernels {
  // The padded plane that the windows need, with room for whole vectors of windows.
  PaddedPlane (*shape)(const Windows& w);
  void (*pad)(const Windows& w, const PaddedPlane& p, void* padded, const void* x);
  // The plane x with stride - 1 zeros after each element, `front` and `left` zeros before it.
  void (*spread)(const Windows& w, const PaddedPlane& p, int64_t front, int64_t left, void* padded,
                 const void* y);
  // y = or += bias + the sum over the taps; with `turned`, of the kernel turned by 180 degrees.
  void (*output)(const Windows& w, const PaddedPlane& p, void* y, const void* padded,
                 const void* kernel, bool turned, double bias, bool accumulate);
  // Adds to sums, for each tap, the products of g with what the tap sees.
  void (*weight)(const Windows& w, const PaddedPlane& p, double* sums, const void* padded,
                 const void* g);
};
const DepthwiseKernels& depthwise(DType dtype);

}  // namespace wengert::kernels
