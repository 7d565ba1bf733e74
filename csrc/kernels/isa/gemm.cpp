// Matrix products on one thread, for one ISA level.
#include "kernels/isa/gemm_dots.h"
#include "kernels/isa/gemm_pairs.h"
#include "kernels/isa/gemm_paths.h"
#include "kernels/isa/gemm_vector.h"

namespace wengert::kernels::WENGERT_LEVEL {

float fma_chains(int64_t steps);

namespace {

// A C of so few columns is computed as its transpose, of more if A is stored transposed.
constexpr int kNarrow = 4, kNarrowTurned = 64;
// From here on a few rows are read against rows in registers.
constexpr int64_t kDotDepth = 16, kDotColumns = 8;
// A panel of so many rows is packed as a whole.
constexpr int64_t kColumnDepth = 4096;
// Up to so many steps of k the time is that of reading and writing C.
constexpr int64_t kShallow = 4;
// A B of so many bytes is read where it stands: it stays in the first-level cache.
constexpr int64_t kSmallB = 20 << 10;

// From so many columns on, of B in panels, a tile of rows of A is packed.
template <class T>
constexpr int64_t kPackedColumns = 4 * kPanel<T>;

// A few rows against the rows of B. With `turned`, C stands transposed.
template <class T>
void multiply_few(const Problem<T>& g, bool turned = false) {
  const bool dense = g.a_col == 1;
  Scratch<T> rows(dense ? 0 : g.m * g.k);
  if (!dense)
    for (int64_t i = 0; i < g.m; ++i)
      for (int64_t p = 0; p < g.k; ++p) rows.data[i * g.k + p] = g.a[i * g.a_row + p * g.a_col];
  multiply_dots<T>(g.m,
                   {g.n, g.k, dense ? g.a : rows.data, dense ? g.a_row : g.k, g.b, g.b_col, g.c,
                    turned ? 1 : g.ldc, turned ? g.ldc : 1, g.accumulate, g.bias, turned ? 1 : 0,
                    turned ? 0 : 1, g.relu},
                   kGemmBlockK);
}

// One row times B, whose rows are read in order; summed as tiles do, which take the last columns.
template <class T>
void multiply_row(const Problem<T>& g) {
  const int64_t rest = g.n % (kRowVectors * Simd<T>::kLanes), n = g.n - rest;
  for (int64_t p = 0; p < g.k; p += kGemmBlockK) {
    const int64_t k = smaller(kGemmBlockK, g.k - p);
    const bool last = p + k == g.k;
    multiply_shallow(1, n, k, g.a + p * g.a_col, g.a_row, g.a_col, g.b + p * g.b_row, g.b_row, g.c,
                     g.ldc,
                     Ending<T>{g.accumulate || p > 0, last ? g.bias : nullptr, last && g.relu});
  }
  if (rest == 0) return;
  Problem<T> columns = g;
  columns.n = rest;
  columns.b += n;
  columns.c += n;
  if (g.bias) columns.bias += n;
  multiply_stripe(columns, false, false);
}

template <class T>
void multiply(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes;
  if (g.k == 0) return multiply_stripe(g, false, false);
  if (g.packed_rows && (g.panels || g.m > 12 * kTileRows)) return multiply_block(g);
  if (g.packed_rows) return multiply_stripe(g, true, g.b_col != 1);
  if (g.panels) {
    const bool pack_rows = g.n >= kPackedColumns<T> && fills_tiles(g.m);
    return pack_rows ? multiply_block(g) : multiply_panels(g);
  }
  const Ending<T> ending{g.accumulate, g.bias, g.relu};
  if (!g.part && g.m == 1 && g.b_row == 1 && g.b_col != 1 && g.k >= n && g.a_col == 1) {
    return multiply_vector(g.n, g.k, g.b, g.b_col, g.a, g.c, 1, ending, 1);
  }
  if (!g.part && g.n == 1 && g.a_col == 1 && g.k >= n && g.b_row == 1) {
    return multiply_vector(g.m, g.k, g.a, g.a_row, g.b, g.c, g.ldc, ending, 0);
  }
  if (g.k <= kShallow && g.b_col == 1 && g.n >= n) {
    return multiply_shallow(g.m, g.n, g.k, g.a, g.a_row, g.a_col, g.b, g.b_row, g.c, g.ldc, ending);
  }
  if (g.m == 1 && g.b_col == 1 && g.n >= kRowVectors * n) return multiply_row(g);
  if (g.m <= kDotRows && g.b_row == 1 && g.b_col != 1 && g.k >= kDotDepth && g.n >= kDotColumns)
    return multiply_few(g);
  if (g.n <= kDotRows && g.a_col == 1 && g.k >= kDotDepth && g.m >= kDotColumns) {
    const Problem<T> turned{g.n,     g.m,     g.k, g.b,   g.b_col,      g.b_row, g.a,
                            g.a_col, g.a_row, g.c, g.ldc, g.accumulate, g.bias,  g.relu};
    return multiply_few(turned, true);
  }
  if (g.n <= kNarrowTurned && g.a_row == 1 && g.m >= 256 && g.k >= 64) return multiply_narrow(g);
  if (g.n <= kNarrow && g.n < n && g.m >= 4 * g.n && g.m > 8) return multiply_narrow(g);
  if (g.m > 12 * kTileRows && g.n >= 8 * n) return multiply_block(g);
  if (g.n <= 4 * n && g.m > 2 * kTileRows && g.a_col == 1 && g.k > kGemmBlockK &&
      g.k <= kColumnDepth)
    return multiply_column(g);
  // Rows are packed if they are read again for many panels, columns for many tiles.
  const bool pack_rows = g.n >= 16 * n && g.m > 2 * kTileRows && g.k >= 64;
  const bool small_b = g.n * g.k * static_cast<int64_t>(sizeof(T)) <= kSmallB;
  const bool pack_columns = g.b_col != 1 || (g.m > 4 * kTileRows && !small_b);
  const int64_t stripes = (g.m + kBlockM - 1) / kBlockM, rows = (g.m + stripes - 1) / stripes;
  for (int64_t i = 0; i < g.m; i += rows) {
    Problem<T> stripe = g;
    stripe.m = smaller(rows, g.m - i);
    stripe.a += i * g.a_row;
    stripe.c += i * g.ldc;
    multiply_stripe(stripe, pack_rows, pack_columns);
  }
}

template <class T>
WG_INLINE Problem<T> problem_of(const Gemm& g) {
  return {g.m,
          g.n,
          g.k,
          static_cast<const T*>(g.a),
          g.transpose_a ? 1 : g.lda,
          g.transpose_a ? g.lda : 1,
          static_cast<const T*>(g.b),
          g.panels_b      ? (g.panel_rows ? g.panel_rows : g.k)
          : g.transpose_b ? 1
                          : g.ldb,
          g.transpose_b ? g.ldb : 1,
          static_cast<T*>(g.c),
          g.ldc,
          g.accumulate,
          g.epilogue == Epilogue::none ? nullptr : static_cast<const T*>(g.bias),
          g.epilogue == Epilogue::bias_relu,
          g.panels_b,
          g.part,
          g.panels_a,
          g.later};
}

// Measured in GFLOP/s on one thread of a Sapphire Rapids core with a peak of 179 in float32 and 89
// in float64 (own kernels; OpenBLAS in one call; in tiles of 512 x 1024, as several threads use
// it):
//   float32  512^3  162 156 159     float64  512^3  81 76 72
//           1024^3  160 166 156             1024^3  78 80 77
//           2048^3  159 164 148             2048^3  76 81 75
// With AVX2 the own kernels reach 82 % of the peak, less than a BLAS does.
#if defined(__AVX512F__)
constexpr double kBlasWork = 1e300;
#else
constexpr double kBlasWork = 768.0 * 768 * 768;
#endif

// The smallest products, with nothing around the tiles of one panel of columns.
template <class T>
WG_INLINE void run_one_panel(const Gemm& g) {
  constexpr int lanes = Simd<T>::kLanes;
  const int n = static_cast<int>(g.n);
  const int vectors = n > lanes ? 2 : 1;
  Tile<T> t;
  t.k = g.k;
  t.a = static_cast<const T*>(g.a);
  t.a_row = g.transpose_a ? 1 : g.lda;
  t.a_col = g.transpose_a ? g.lda : 1;
  t.b = static_cast<const T*>(g.b);
  t.b_row = g.ldb;
  t.c = static_cast<T*>(g.c);
  t.ldc = g.ldc;
  t.tail = n - (vectors - 1) * lanes;
  t.add = g.accumulate;
  t.bias = g.epilogue == Epilogue::none ? nullptr : static_cast<const T*>(g.bias);
  t.relu = g.epilogue == Epilogue::bias_relu;
  if (g.m <= kTileRows) return run_tile<T, Packing::none>(static_cast<int>(g.m), vectors, t);
  multiply_panel<T, false, Packing::none>(t, g.m, t.a, t.a_row, t.a_col, n, nullptr, 0);
}

template <class T>
void run(const Gemm& g) {
  if (g.m <= 0 || g.n <= 0) return;
  constexpr int n = Simd<T>::kLanes;
  // Few rows of a column are summed up in the order of many.
  const bool column = g.n == 1 && g.ldb == 1 && g.k >= n && !g.transpose_a && !g.part;
  const bool one_panel = g.n <= 2 * n && g.k <= kGemmBlockK && !g.transpose_b && !g.panels_b;
  const bool few_tiles =
      g.m <= 4 * kTileRows && g.n >= n && g.k > kShallow && !g.panels_a && !g.later;
  if (one_panel && (g.m <= kTileRows ? !column : few_tiles)) return run_one_panel<T>(g);
  multiply(problem_of<T>(g));
}

// A product with k = 0 added to C leaves only the epilogue.
template <class T>
void epilogue(const Gemm& g) {
  if (g.m == 0 || g.n == 0) return;
  Problem<T> p = problem_of<T>(g);
  p.k = 0;
  p.accumulate = true;
  multiply_stripe(p, false, false);
}

template <class T>
void pack(const Gemm& g, void* panels) {
  pack_panels(problem_of<T>(g), static_cast<T*>(panels));
}

template <class T>
void pack_rows(const Gemm& g, void* rows) {
  const Problem<T> p = problem_of<T>(g);
  for (int64_t q = 0; q < p.k; q += kGemmBlockK)
    pack_block_a(static_cast<T*>(rows) + q * p.m, p.a + q * p.a_col, p.a_row, p.a_col, p.m,
                 smaller(kGemmBlockK, p.k - q));
}

}  // namespace

#if defined(WENGERT_PAIRS)
extern const PairKernels tile_pairs, vector_pairs;
#define WG_PAIRS {&tile_pairs, &vector_pairs}
#else
#define WG_PAIRS \
  {              \
  }
#endif

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {{run<float>, run<double>},
                                  {epilogue<float>, epilogue<double>},
                                  {pack<float>, pack<double>},
                                  {pack_rows<float>, pack_rows<double>},
                                  {Simd<float>::kLanes, Simd<double>::kLanes},
                                  4 * kTileRows + 1,
                                  fma_chains,
                                  kFmaChains * Simd<float>::kLanes,
                                  kBlasWork,
                                  WG_PAIRS};

}  // namespace wengert::kernels::WENGERT_LEVEL
