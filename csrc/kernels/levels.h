// The tables that each ISA level fills for float32 (0) and float64 (1), and the one generic set of
// kernels for the other dtypes. Which level is used is chosen in dispatch.cpp.
#pragma once

#include "attention.h"
#include "depthwise.h"
#include "elementwise.h"
#include "fft.h"
#include "neural.h"
#include "optimizer.h"
#include "parametric.h"
#include "random.h"
#include "reduce.h"
#include "winograd.h"

namespace wengert::kernels {

struct FloatUnary {
  UnaryFn value[2];
  UnaryGradFn grad[2];
};
struct FloatBinary {
  BinaryFn fn[2][3];
};
struct FloatParametric {
  ParametricKernels of[2];
};
struct FloatReduce {
  ReduceFn fn[4];           // sum, prod, max, min
  ArgReduceFn position[2];  // minimum, maximum
};

// Between float32 and [float16, bfloat16]; nullptr: as the generic ones.
struct HalfCasts {
  CastFn widen[2], narrow[2];
};

#define WG_DECLARE_LEVEL(level)                            \
  namespace level {                                        \
  extern const FloatUnary unary_table[];                   \
  extern const FloatBinary binary_table[];                 \
  extern const FloatParametric parametric_table[];         \
  extern const FloatReduce reduce_table[2];                \
  extern const SoftmaxKernels softmax_table[2];            \
  extern const MomentsFn moments_table[2];                 \
  extern const OptimizerKernels optimizer_table[2];        \
  extern const RandomKernels random_table;                 \
  extern const AttentionKernels attention_table[2];        \
  extern const ConvolutionKernels convolution_table[3];    \
  extern const WinogradKernels winograd_table[2][4];       \
  extern const DepthwiseKernels depthwise_table[2];        \
  extern const PoolKernels pool_table[3];                  \
  extern const ResampleKernels resample_table[2];          \
  extern const NormalizeKernels normalize_table[2];        \
  extern const CrossEntropyKernels cross_entropy_table[2]; \
  extern const RecurrentKernels recurrent_table[2];        \
  extern const DistanceKernels distance_table[2];          \
  extern const FftKernels fft_table[2];                    \
  extern const HalfCasts half_casts;                       \
  }
#if defined(__x86_64__) || defined(_M_X64)
WG_DECLARE_LEVEL(v2)
WG_DECLARE_LEVEL(v3)
WG_DECLARE_LEVEL(v4)
#endif
WG_DECLARE_LEVEL(baseline)
#undef WG_DECLARE_LEVEL

namespace generic {
constexpr int kIntegers = 6;  // bool and the integers come first among the dtypes
extern const UnaryFn unary_table[][kIntegers];
extern const BinaryFn binary_table[][kIntegers][3];
extern const BinaryKernels compare_table[];
extern const UnaryFn test_table[][kDTypeCount];
extern const CastFn cast_table[kDTypeCount][kDTypeCount];  // [to][from]
extern const ReduceFn reduce_table[static_cast<int>(Reduce::count)][kDTypeCount];
extern const ArgReduceFn argreduce_table[2][kDTypeCount];
extern const ReduceFn scan_table[static_cast<int>(Scan::count)][kDTypeCount];
// Of complex64, or complex128 if wide; nullptr where there is none.
UnaryFn complex_unary(Unary op, bool wide);
BinaryFn complex_binary(Binary op, bool wide, int layout);
BinaryFn complex_compare(Compare op, bool wide, int layout);
UnaryFn complex_test(Test op, bool wide);
ReduceFn complex_reduce(Reduce op, bool wide);
ReduceFn complex_scan(Scan op, bool wide);
}  // namespace generic

}  // namespace wengert::kernels
