// Fast Fourier transforms of many lines of one length, for float32 and float64.
// Sources: Stockham's self-sorting form of Cooley and Tukey's algorithm; Bluestein, IEEE Trans.
// Audio Electroacoustics 18 (1970), for lengths with large prime factors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// Prime factors up to this one are transformed directly.
inline constexpr int kFftMaxRadix = 31;
inline constexpr int kFftMaxStages = 40;
inline constexpr int kFftMaxDims = 16;

// Joins `radix` transforms of length `before` to one. The twiddle factors exp(-2 pi i c k / (radix
// before)) stand in blocks of as many k as a vector has lanes: for each c > 0 the real parts, then
// the imaginary parts; none where before == 1. Of odd radices also the cosines and sines of
// 2 pi j / radix.
struct FftStage {
  int64_t radix, before;
  const void *twiddles, *roots;
};

// The tables of one length, for one dtype. Pairs of arrays: real parts, then imaginary parts.
struct FftPlan {
  int64_t length;  // of the complex transforms
  int n_stages;
  FftStage stages[kFftMaxStages];
  // Bluestein: a transform is a convolution of this longer length, with exp(-i pi k^2 / length)
  // before and after it, and the transform of the filter, divided by the longer length.
  const FftPlan* convolution;
  const void *chirp, *filter;
  // Real lines of even length 2 length: -i exp(-pi i k / length) for k <= length.
  const void* halves;
};

// Real lines and the first half of their spectra, the rest being its mirror image.
enum class FftKind : uint8_t { complex, real_to_half, real_to_whole, half_to_real };

// Where the lines lie, in numbers (a complex element has two): dimension 0 of the lines is the one
// with the smallest steps. Input and output may be the same lines.
struct FftLines {
  FftKind kind;
  bool inverse;        // exp(+2 pi i k t / length), not -
  double scale, edge;  // factor of everything; of the terms without a mirror image beside it
  int ndim;
  int64_t size[kFftMaxDims], in_stride[kFftMaxDims], out_stride[kFftMaxDims];
  int64_t in_step, out_step;  // between neighbours on a line
  const void* in;
  void* out;
};

struct FftKernels {
  int lanes;
  // Bytes of 64-byte aligned scratch memory that one call of `lines` needs.
  size_t (*scratch)(const FftPlan& plan, const FftLines& lines);
  // Transforms the lines [begin, end). A line's bits do not depend on its place in memory, nor on
  // the lines beside it.
  void (*lines)(const FftPlan& plan, const FftLines& lines, int64_t begin, int64_t end,
                void* scratch);
};
const FftKernels& fft(DType real);

}  // namespace wengert::kernels
