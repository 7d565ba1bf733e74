// Chooses the tables of the processor's ISA level, once, when the first kernel is asked for.
#include "levels.h"
#include "runtime/cpu.h"
#include "sparse.h"

namespace wengert::kernels {
namespace {

constexpr int kUnary = static_cast<int>(Unary::count);
constexpr int kBinary = static_cast<int>(Binary::count);
constexpr int kCompare = static_cast<int>(Compare::count);
constexpr int kFloat32 = static_cast<int>(DType::float32);
constexpr int kComplex64 = static_cast<int>(DType::complex64);

struct LevelTables {
  const FloatUnary* unary;
  const FloatBinary* binary;
  const FloatReduce* reduce;
  const SoftmaxKernels* softmax;
  const MomentsFn* moments;
  const OptimizerKernels* optimizer;
  const RandomKernels* random;
  const AttentionKernels* attention;
  const ConvolutionKernels* convolution;
  const WinogradKernels (*winograd)[2];
  const DepthwiseKernels* depthwise;
  const PoolKernels* pool;
  const ResampleKernels* resample;
  const NormalizeKernels* normalize;
  const CrossEntropyKernels* cross_entropy;
  const RecurrentKernels* recurrent;
  const DistanceKernels* distance;
  const FftKernels* fft;
  const SparseKernels* sparse;
  const HalfCasts* half;
};
#define WG_TABLES(level)                                                                          \
  LevelTables {                                                                                   \
    level::unary_table, level::binary_table, level::reduce_table, level::softmax_table,           \
        level::moments_table, level::optimizer_table, &level::random_table,                       \
        level::attention_table, level::convolution_table, level::winograd_table,                  \
        level::depthwise_table, level::pool_table, level::resample_table, level::normalize_table, \
        level::cross_entropy_table, level::recurrent_table, level::distance_table,                \
        level::fft_table, level::sparse_table, &level::half_casts                                 \
  }

const LevelTables& level_tables() {
  static const LevelTables tables = [] {
    switch (runtime::cpu().level) {
#if defined(WENGERT_HAS_V4)
      case runtime::IsaLevel::v4:
        return WG_TABLES(v4);
#endif
#if defined(WENGERT_HAS_V3)
      case runtime::IsaLevel::v3:
        return WG_TABLES(v3);
#endif
      // The lowest level of this build.
      default:
#if defined(WENGERT_HAS_BASELINE)
        return WG_TABLES(baseline);
#elif defined(WENGERT_HAS_V2)
        return WG_TABLES(v2);
#elif defined(WENGERT_HAS_V3)
        return WG_TABLES(v3);
#else
        return WG_TABLES(v4);
#endif
    }
  }();
  return tables;
}
#undef WG_TABLES

bool is_wide(DType t) { return t == DType::complex128; }
bool has_levels(DType t) { return t == DType::float32 || t == DType::float64; }

// Operation by dtype, of one level's float kernels and the generic ones.
struct UnaryTable {
  UnaryKernels rows[kUnary] = {};
  UnaryTable() {
    for (int op = 0; op < kUnary; ++op) {
      for (int t = 0; t < generic::kIntegers; ++t) rows[op].value[t] = generic::unary_table[op][t];
      for (int f = 0; f < 2; ++f) {
        rows[op].value[kFloat32 + f] = level_tables().unary[op].value[f];
        rows[op].grad[kFloat32 + f] = level_tables().unary[op].grad[f];
        rows[op].value[kComplex64 + f] = generic::complex_unary(static_cast<Unary>(op), f == 1);
      }
    }
  }
};
struct BinaryTable {
  BinaryKernels rows[kBinary] = {};
  BinaryTable() {
    for (int op = 0; op < kBinary; ++op) {
      for (int layout = 0; layout < 3; ++layout) {
        for (int t = 0; t < generic::kIntegers; ++t) {
          rows[op].fn[t][layout] = generic::binary_table[op][t][layout];
        }
        for (int f = 0; f < 2; ++f) {
          rows[op].fn[kFloat32 + f][layout] = level_tables().binary[op].fn[f][layout];
          rows[op].fn[kComplex64 + f][layout] =
              generic::complex_binary(static_cast<Binary>(op), f == 1, layout);
        }
      }
    }
  }
};

struct CompareTable {
  BinaryKernels rows[kCompare];
  CompareTable() {
    for (int op = 0; op < kCompare; ++op) {
      rows[op] = generic::compare_table[op];
      for (int layout = 0; layout < 3; ++layout) {
        for (int f = 0; f < 2; ++f) {
          rows[op].fn[kComplex64 + f][layout] =
              generic::complex_compare(static_cast<Compare>(op), f == 1, layout);
        }
      }
    }
  }
};

}  // namespace

const UnaryKernels& unary(Unary op) {
  static const UnaryTable table;
  return table.rows[static_cast<int>(op)];
}
const BinaryKernels& binary(Binary op) {
  static const BinaryTable table;
  return table.rows[static_cast<int>(op)];
}
const BinaryKernels& compare(Compare op) {
  static const CompareTable table;
  return table.rows[static_cast<int>(op)];
}
UnaryFn test(Test op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_test(op, is_wide(dtype));
  return generic::test_table[static_cast<int>(op)][static_cast<int>(dtype)];
}
CastFn cast(DType to, DType from) {
  const auto half = [](DType t) { return t == DType::float16 || t == DType::bfloat16; };
  CastFn fast = nullptr;
  if (to == DType::float32 && half(from))
    fast = level_tables().half->widen[from == DType::bfloat16];
  if (from == DType::float32 && half(to)) fast = level_tables().half->narrow[to == DType::bfloat16];
  if (fast) return fast;
  return generic::cast_table[static_cast<int>(to)][static_cast<int>(from)];
}

ReduceFn reduce(Reduce op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_reduce(op, is_wide(dtype));
  const int t = static_cast<int>(dtype), o = static_cast<int>(op);
  return has_levels(dtype) && op <= Reduce::min ? level_tables().reduce[t - kFloat32].fn[o]
                                                : generic::reduce_table[o][t];
}
ArgReduceFn argreduce(bool maximum, DType dtype) {
  const int t = static_cast<int>(dtype);
  return has_levels(dtype) ? level_tables().reduce[t - kFloat32].position[maximum]
                           : generic::argreduce_table[maximum][t];
}
ReduceFn scan(Scan op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_scan(op, is_wide(dtype));
  return generic::scan_table[static_cast<int>(op)][static_cast<int>(dtype)];
}
const SoftmaxKernels& softmax(DType dtype) {
  return level_tables().softmax[dtype == DType::float64];
}
const RandomKernels& random() { return *level_tables().random; }
const AttentionKernels& attention(DType dtype) {
  return level_tables().attention[dtype == DType::float64];
}
const ConvolutionKernels& convolution(DType dtype) {
  return level_tables().convolution[dtype == DType::float64];
}
const WinogradKernels& winograd(DType dtype, int tile) {
  return level_tables().winograd[dtype == DType::float64][tile == 4];
}
const DepthwiseKernels& depthwise(DType dtype) {
  return level_tables().depthwise[dtype == DType::float64];
}
const PoolKernels& pool(DType dtype) {
  return level_tables().pool[dtype == DType::float32 ? 0 : dtype == DType::float64 ? 1 : 2];
}
const ResampleKernels& resample(DType dtype) {
  return level_tables().resample[dtype == DType::float64];
}
const NormalizeKernels& normalize(DType dtype) {
  return level_tables().normalize[dtype == DType::float64];
}
const CrossEntropyKernels& cross_entropy(DType dtype) {
  return level_tables().cross_entropy[dtype == DType::float64];
}
const RecurrentKernels& recurrent(DType dtype) {
  return level_tables().recurrent[dtype == DType::float64];
}
const DistanceKernels& distance(DType dtype) {
  return level_tables().distance[dtype == DType::float64];
}
const FftKernels& fft(DType real) { return level_tables().fft[real == DType::float64]; }
const SparseKernels& sparse(DType dtype) { return level_tables().sparse[dtype == DType::float64]; }
MomentsFn moments(DType dtype) { return level_tables().moments[dtype == DType::float64]; }
const OptimizerKernels& optimizer(DType dtype) {
  return level_tables().optimizer[dtype == DType::float64];
}

}  // namespace wengert::kernels
