// Loops of neural networks over contiguous arrays, for float32 and float64.
#pragma once

#include <cstdint>

#include "wengert/dtype.h"

namespace wengert::kernels {

// ---- convolution ---------------------------------------------------------------------------
// How windows of a kernel lie over a volume [in0, in1, in2].
struct Windows {
  int64_t in[3], out[3], kernel[3], stride[3], padding[3], dilation[3];

  int64_t volume() const { return in[0] * in[1] * in[2]; }
  int64_t positions() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
};

// Columns of a line that are neighbours in a strip: `before` zeros, `inside` elements that are a
// stride apart from `from` on, `after` zeros.
struct StripPlane {
  int64_t at, before, inside, after, from;
};
// The lines of one image and channel in a strip, `line` elements each.
struct StripLines {
  static constexpr int64_t kPadding = -1, kUnused = -2;
  int64_t count;
  const int64_t* source;  // of each line: where it begins, or one of the above
  int64_t line;
  int64_t planes;
  const StripPlane* plane;
  int64_t stride;
  int64_t width;  // of a line of the image
};
// Windows whose taps see neighbours: columns [to, to + count) of a panel from `from` on. The panel
// has `before` columns before it and `ld` elements in a row.
struct StripRun {
  int64_t from, to, count, before, ld;
};
// Tap k of a run's first window sees the element at from + tap[k], that of its next one the element
// `stride` further on.
struct StripRuns {
  int64_t count;
  const StripRun* run;
  int64_t taps;
  const int64_t* tap;
  int64_t stride;
};

// See kernels/strips.h. What will be needed next, `ahead` elements further on, is fetched
// meanwhile.
struct ConvolutionKernels {
  // The strip of one channel of an image but for its padding.
  void (*fill)(const StripLines& l, void* strip, const void* x, int64_t ahead);
  // The adjoint: adds every element of the strip to where it comes from.
  void (*drain)(const StripLines& l, void* x, const void* strip, int64_t ahead);
  // Row `row` + k of the panels of col, which have `rows` rows: what tap k sees.
  void (*unfold)(const StripRuns& r, void* col, int64_t rows, int64_t row, const void* strip,
                 int64_t ahead);
  // The adjoint: adds those rows to where unfold takes them from.
  void (*fold)(const StripRuns& r, void* strip, const void* col, int64_t rows, int64_t row);
  // The strip of two channels, the second `other` elements behind the first or zero, as pairs.
  void (*fill_pairs)(const StripLines& l, void* strip, const void* x, int64_t other, int64_t ahead);
  // The pairs of n numbers, from the first or the last on; b may be null, which counts as zeros.
  void (*pair)(int64_t n, void* to, const void* a, const void* b, bool reversed);
};
// Of 16 bits there are `fill`, `unfold` and what makes pairs, where products take these
// (gemm_packs), of others all but the pairs.
const ConvolutionKernels& convolution(DType dtype);

// ---- resampling ----------------------------------------------------------------------------
// A banded matrix: row i multiplies the elements from first[i] on with the weights at offset[i]
// and after, up to offset[i + 1].
struct Bands {
  int64_t rows;
  const int64_t *first, *offset;
  const void* weight;
};
struct ResampleKernels {
  // y = B x for `lines` lines of x, each n long.
  void (*lines)(const Bands& b, int64_t lines, void* y, const void* x, int64_t n);
  // Row `row` of B applied along the first dimension of x, whose elements are `inner` numbers.
  void (*row)(const Bands& b, int64_t row, void* y, const void* x, int64_t inner);
};
const ResampleKernels& resample(DType dtype);

// ---- pooling -------------------------------------------------------------------------------
struct PoolKernels {
  // The maximum of each window over `volumes` volumes and where it stands in its volume; the first
  // of equal ones, a NaN before everything.
  void (*maximum)(const Windows& w, int64_t volumes, void* y, int64_t* index, const void* x);
};
const PoolKernels& pool(DType dtype);  // float32, float64, int64

// ---- normalisation -------------------------------------------------------------------------
// Neighbouring channels: each is `outer` runs of `inner` elements, `stride` elements apart.
struct Channels {
  int64_t outer, stride, inner, channels;
};
struct NormalizeKernels {
  // Mean and sum of squared deviations.
  void (*moments)(const Channels& c, double* mean, double* m2, const void* x);
  // y = (x - mean) * scale + shift.
  void (*apply)(const Channels& c, void* y, const void* x, const double* mean, const double* scale,
                const double* shift);
  // Sums of g and of g (x - mean).
  void (*gradient_sums)(const Channels& c, double* g_sum, double* gx_sum, const void* g,
                        const void* x, const double* mean);
  // gx = g * scale + (x - mean) * slope + shift.
  void (*gradient)(const Channels& c, void* gx, const void* g, const void* x, const double* mean,
                   const double* scale, const double* slope, const double* shift);
  // Rows of n elements: y = (x - mean) * rstd * weight + bias; weight and bias may be null.
  void (*rows)(int64_t rows, int64_t n, void* y, void* mean, void* rstd, const void* x,
               const void* weight, const void* bias, double eps);
  void (*rows_gradient)(int64_t rows, int64_t n, void* gx, const void* g, const void* x,
                        const void* mean, const void* rstd, const void* weight);
  // Adds up g (x - mean) rstd and g over the rows.
  void (*rows_weight_gradient)(int64_t rows, int64_t n, void* gw, void* gb, const void* g,
                               const void* x, const void* mean, const void* rstd);
};
const NormalizeKernels& normalize(DType dtype);

// ---- cross entropy -------------------------------------------------------------------------
struct CrossEntropyKernels {
  // The logarithm of the sum of exponentials of each row, and the row's weighted sum (of weight x,
  // or of x where there is no weight) if `weighted_sum` is given.
  void (*log_sum)(int64_t rows, int64_t n, void* lse, void* weighted_sum, const void* x,
                  const void* weight);
  // gx[j] = exp(x[j] - lse) * scale - weight[j] * smooth for one row; without weight it counts
  // as 1.
  void (*gradient)(int64_t n, void* gx, const void* x, double lse, double scale, double smooth,
                   const void* weight);
};
const CrossEntropyKernels& cross_entropy(DType dtype);

// ---- recurrent cells -----------------------------------------------------------------------
// Rows of n units. What came before the first step (before) and gradients of results that nobody
// used (g_out) may be null, which counts as zeros; g_states + g_out is the gradient of the states.
struct RecurrentKernels {
  // gates, rows of 4 n: sums on entry, the input, forget, candidate and output gates on return.
  void (*lstm)(int64_t rows, int64_t n, void* gates, const void* before, void* cells, void* states);
  // g_cells: of the cells on entry, of those before on return.
  void (*lstm_gradient)(int64_t rows, int64_t n, void* g_gates, void* g_cells, const void* g_states,
                        const void* g_out, const void* gates, const void* before,
                        const void* cells);
  // gates, rows of 3 n: the input's part on entry, the reset, update and new gates on return;
  // hidden: the state's part, whose last third is kept in `inner`.
  void (*gru)(int64_t rows, int64_t n, void* gates, const void* hidden, void* inner,
              const void* before, void* states);
  // g_states: of the states on entry, the direct part of those before on return.
  void (*gru_gradient)(int64_t rows, int64_t n, void* g_gates, void* g_hidden, void* g_states,
                       const void* g_out, const void* gates, const void* inner, const void* before);
  // states: sums on entry, their tanh or relu on return.
  void (*plain)(bool relu, int64_t rows, int64_t n, void* states);
  void (*plain_gradient)(bool relu, int64_t rows, int64_t n, void* g_gates, const void* g_states,
                         const void* g_out, const void* states);
};
const RecurrentKernels& recurrent(DType dtype);
// ---- distances -----------------------------------------------------------------------------
struct DistanceKernels {
  // The p-norms of a - b[r] for `rows` rows of b, n elements each.
  void (*forward)(int64_t rows, int64_t n, double p, void* out, const void* a, const void* b);
  // The gradient with respect to a, from the distances and their gradients, `step` elements apart.
  // Where a and b[r] coincide it is 0.
  void (*gradient)(int64_t rows, int64_t n, double p, void* ga, const void* a, const void* b,
                   const void* distance, const void* g, int64_t step);
};
const DistanceKernels& distance(DType dtype);

}  // namespace wengert::kernels
