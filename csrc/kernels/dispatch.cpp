// Chooses the tables of the processor's ISA level, once for each family, when the first of its
// kernels is asked for.
#include "levels.h"
#include "quantized.h"
#include "runtime/cpu.h"
#include "runtime/half.h"
#include "sparse.h"

namespace wengert::kernels {
namespace {

constexpr int kUnary = static_cast<int>(Unary::count);
constexpr int kBinary = static_cast<int>(Binary::count);
constexpr int kCompare = static_cast<int>(Compare::count);
constexpr int kFloat32 = static_cast<int>(DType::float32);
constexpr int kComplex64 = static_cast<int>(DType::complex64);

// The lowest level of this build, and those above it.
#if defined(WENGERT_HAS_BASELINE)
#define WG_LOWEST baseline
#elif defined(WENGERT_HAS_V2)
#define WG_LOWEST v2
#elif defined(WENGERT_HAS_V3)
#define WG_LOWEST v3
#else
#define WG_LOWEST v4
#endif
#if defined(WENGERT_HAS_V3)
#define WG_CASE_V3(table)     \
  case runtime::IsaLevel::v3: \
    return &v3::table;
#else
#define WG_CASE_V3(table)
#endif
#if defined(WENGERT_HAS_V4)
#define WG_CASE_V4(table)     \
  case runtime::IsaLevel::v4: \
    return &v4::table;
#else
#define WG_CASE_V4(table)
#endif
// Declares `name`, the table of that family for the processor's level. A function names the
// families that it serves and no other, so that static programs keep those that they call.
#define WG_LEVEL_TABLE(name, table)                                           \
  static const auto& name = *[] {                                             \
    switch (runtime::cpu().level) {                                           \
      WG_CASE_V4(table) WG_CASE_V3(table) default : return &WG_LOWEST::table; \
    }                                                                         \
  }()

bool is_wide(DType t) { return t == DType::complex128; }
bool has_levels(DType t) { return t == DType::float32 || t == DType::float64; }

// Operation by dtype, of one level's float kernels and the generic ones.
struct UnaryTable {
  UnaryKernels rows[kUnary] = {};
  UnaryTable() {
    WG_LEVEL_TABLE(level, unary_table);
    for (int op = 0; op < kUnary; ++op) {
      for (int t = 0; t < generic::kIntegers; ++t) rows[op].value[t] = generic::unary_table[op][t];
      for (int f = 0; f < 2; ++f) {
        rows[op].value[kFloat32 + f] = level[op].value[f];
        rows[op].grad[kFloat32 + f] = level[op].grad[f];
        rows[op].value[kComplex64 + f] = generic::complex_unary(static_cast<Unary>(op), f == 1);
      }
    }
  }
};
struct BinaryTable {
  BinaryKernels rows[kBinary] = {};
  BinaryTable() {
    WG_LEVEL_TABLE(level, binary_table);
    for (int op = 0; op < kBinary; ++op) {
      for (int layout = 0; layout < 3; ++layout) {
        for (int t = 0; t < generic::kIntegers; ++t) {
          rows[op].fn[t][layout] = generic::binary_table[op][t][layout];
        }
        for (int f = 0; f < 2; ++f) {
          rows[op].fn[kFloat32 + f][layout] = level[op].fn[f][layout];
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
const ParametricKernels& parametric(Parametric op, DType dtype) {
  WG_LEVEL_TABLE(level, parametric_table);
  return level[static_cast<int>(op)].of[dtype == DType::float64];
}
UnaryFn test(Test op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_test(op, is_wide(dtype));
  return generic::test_table[static_cast<int>(op)][static_cast<int>(dtype)];
}
CastFn cast(DType to, DType from) {
  WG_LEVEL_TABLE(level, half_casts);
  CastFn fast = nullptr;
  if (to == DType::float32 && is_half(from)) fast = level.widen[from == DType::bfloat16];
  if (from == DType::float32 && is_half(to)) fast = level.narrow[to == DType::bfloat16];
  if (fast) return fast;
  return generic::cast_table[static_cast<int>(to)][static_cast<int>(from)];
}

ReduceFn reduce(Reduce op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_reduce(op, is_wide(dtype));
  WG_LEVEL_TABLE(level, reduce_table);
  const int t = static_cast<int>(dtype), o = static_cast<int>(op);
  return has_levels(dtype) && op <= Reduce::min ? level[t - kFloat32].fn[o]
                                                : generic::reduce_table[o][t];
}
ArgReduceFn argreduce(bool maximum, DType dtype) {
  WG_LEVEL_TABLE(level, reduce_table);
  const int t = static_cast<int>(dtype);
  return has_levels(dtype) ? level[t - kFloat32].position[maximum]
                           : generic::argreduce_table[maximum][t];
}
ReduceFn scan(Scan op, DType dtype) {
  if (is_complex(dtype)) return generic::complex_scan(op, is_wide(dtype));
  return generic::scan_table[static_cast<int>(op)][static_cast<int>(dtype)];
}
const SoftmaxKernels& softmax(DType dtype) {
  WG_LEVEL_TABLE(level, softmax_table);
  return level[dtype == DType::float64];
}
const RandomKernels& random() {
  WG_LEVEL_TABLE(level, random_table);
  return level;
}
const AttentionKernels& attention(DType dtype) {
  WG_LEVEL_TABLE(level, attention_table);
  return level[dtype == DType::float64];
}
const ConvolutionKernels& convolution(DType dtype) {
  WG_LEVEL_TABLE(level, convolution_table);
  return level[item_size(dtype) == 2 ? 2 : dtype == DType::float64];
}
const WinogradKernels& winograd(DType dtype, const WinogradForm& form) {
  WG_LEVEL_TABLE(level, winograd_table);
  return level[dtype == DType::float64][form.strided ? 2 + form.adjoint : form.tile == 4];
}
const DepthwiseKernels& depthwise(DType dtype) {
  WG_LEVEL_TABLE(level, depthwise_table);
  return level[dtype == DType::float64];
}
const PoolKernels& pool(DType dtype) {
  WG_LEVEL_TABLE(level, pool_table);
  return level[dtype == DType::float32 ? 0 : dtype == DType::float64 ? 1 : 2];
}
const ResampleKernels& resample(DType dtype) {
  WG_LEVEL_TABLE(level, resample_table);
  return level[dtype == DType::float64];
}
const NormalizeKernels& normalize(DType dtype) {
  WG_LEVEL_TABLE(level, normalize_table);
  return level[dtype == DType::float64];
}
const CrossEntropyKernels& cross_entropy(DType dtype) {
  WG_LEVEL_TABLE(level, cross_entropy_table);
  return level[dtype == DType::float64];
}
const RecurrentKernels& recurrent(DType dtype) {
  WG_LEVEL_TABLE(level, recurrent_table);
  return level[dtype == DType::float64];
}
const DistanceKernels& distance(DType dtype) {
  WG_LEVEL_TABLE(level, distance_table);
  return level[dtype == DType::float64];
}
const FftKernels& fft(DType real) {
  WG_LEVEL_TABLE(level, fft_table);
  return level[real == DType::float64];
}
const SparseKernels& sparse(DType dtype) {
  WG_LEVEL_TABLE(level, sparse_table);
  return level[dtype == DType::float64];
}
const QuantizedKernels& quantized(DType dtype) {
#if defined(WENGERT_HAS_V4)
  if (runtime::cpu().avx512_vnni) return v4::quantized_vnni_table[dtype == DType::float64];
#endif
  WG_LEVEL_TABLE(level, quantized_table);
  return level[dtype == DType::float64];
}
MomentsFn moments(DType dtype) {
  WG_LEVEL_TABLE(level, moments_table);
  return level[dtype == DType::float64];
}
const OptimizerKernels& optimizer(DType dtype) {
  WG_LEVEL_TABLE(level, optimizer_table);
  return level[dtype == DType::float64];
}

}  // namespace wengert::kernels
