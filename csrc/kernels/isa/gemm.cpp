// Matrix products on one thread, for one ISA level.
#include "kernels/gemm_level.h"
#include "kernels/isa/gemm_pack.h"
#include "kernels/isa/gemm_tile.h"
#include "runtime/allocator.h"

namespace wengert::kernels::WENGERT_LEVEL {

float fma_chains(int64_t steps);

namespace {

// A product with strides instead of transposes.
template <class T>
struct Problem {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t ldc;
  bool accumulate;
  const T* bias;  // or nullptr
  bool relu;
};

template <class T>
struct Scratch {
  explicit Scratch(int64_t count)
      : bytes(static_cast<size_t>(count) * sizeof(T)),
        data(count > 0 ? static_cast<T*>(runtime::allocate(bytes)) : nullptr) {}
  ~Scratch() {
    if (data) runtime::deallocate(data, bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  size_t bytes;
  T* data;
};

WG_INLINE int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }

// Rows of A packed at once: they stay in the second-level cache.
constexpr int64_t kBlockM = 28 * kTileRows;
// A C of so few columns is computed as its transpose.
constexpr int kNarrow = 4;

// One panel of columns against a block of rows of A, which are cut evenly, so that no tile is much
// smaller than the others.
// `next`, if not null, is the panel of B that follows; it is fetched meanwhile.
template <class T, bool Packed>
void multiply_panel(Tile<T> t, int64_t m, const T* a, int64_t a_row, int64_t a_col, int columns,
                    const T* next, int64_t next_row) {
  constexpr int n = Simd<T>::kLanes;
  const int vectors = (columns + n - 1) / n;
  const int rows_max = vectors > 2 ? kWideRows : kTileRows;
  t.tail = columns - (vectors - 1) * n;
  int pieces = (static_cast<int>(m) + rows_max - 1) / rows_max;
  const int64_t share = next ? (t.k + pieces - 1) / pieces : 0;
  t.next = next;
  t.next_row = next_row;
  int64_t next_left = next ? t.k : 0;
  for (; m > 0; --pieces) {
    t.next_rows = static_cast<int>(smaller(share, next_left));
    const int rows =
        pieces == 1 ? static_cast<int>(m) : (static_cast<int>(m) + pieces - 1) / pieces;
    t.a = a;
    t.a_row = Packed ? 1 : a_row;
    t.a_col = Packed ? rows : a_col;
    run_tile(rows, vectors, t);
    a += Packed ? rows * t.k : rows * a_row;
    t.c += rows * t.ldc;
    t.next += t.next_rows * next_row;
    next_left -= t.next_rows;
    m -= rows;
  }
}

template <class T>
void pack_block_a(T* dst, const T* a, int64_t a_row, int64_t a_col, int64_t m, int64_t k) {
  int64_t pieces = (m + kTileRows - 1) / kTileRows;
  for (; m > 0; --pieces) {
    const int rows = static_cast<int>((m + pieces - 1) / pieces);
    pack_a(dst, a, a_row, a_col, rows, k);
    dst += rows * k;
    a += rows * a_row;
    m -= rows;
  }
}

template <class T>
WG_INLINE Tile<T> tile_at(const Problem<T>& g, int64_t i, int64_t j, int64_t p, int64_t k) {
  Tile<T> t;
  t.k = k;
  t.c = g.c + i * g.ldc + j;
  t.ldc = g.ldc;
  t.add = g.accumulate || p > 0;
  const bool last = p + k >= g.k;
  t.bias = last && g.bias ? g.bias + j : nullptr;
  t.relu = last && g.relu;
  return t;
}

// A panel of B is read where it stands, or packed just before its only use; with packed rows of A
// at most kBlockM of them.
template <class T>
void multiply_stripe(const Problem<T>& g, bool pack_rows, bool pack_columns) {
  constexpr int n = Simd<T>::kLanes;
  const int width = (g.m <= kWideRows ? 4 : 2) * n;
  alignas(64) T buffer[kGemmBlockK * 4 * n];
  Scratch<T> packed_a(pack_rows ? g.m * smaller(kGemmBlockK, g.k) + n : 0);
  int64_t p = 0;
  do {
    const int64_t k = smaller(kGemmBlockK, g.k - p);
    const T* a = g.a + p * g.a_col;
    if (pack_rows) pack_block_a(packed_a.data, a, g.a_row, g.a_col, g.m, k);
    for (int64_t j = 0; j < g.n; j += width) {
      const int columns = static_cast<int>(smaller(width, g.n - j));
      const T* b = g.b + p * g.b_row + j * g.b_col;
      Tile<T> t = tile_at(g, 0, j, p, k);
      t.b = b;
      t.b_row = g.b_row;
      if (pack_columns) {
        pack_b(buffer, width, b, g.b_row, g.b_col, columns, k);
        t.b = buffer;
        t.b_row = width;
      }
      const bool more = pack_columns && g.b_col == 1 && j + width < g.n && g.m >= kTileRows;
      const T* next = more ? b + width : nullptr;
      if (pack_rows)
        multiply_panel<T, true>(t, g.m, packed_a.data, 0, 0, columns, next, g.b_row);
      else
        multiply_panel<T, false>(t, g.m, a, g.a_row, g.a_col, columns, next, g.b_row);
    }
    p += k;
  } while (p < g.k);
}

// A narrow C, computed as its transpose piece by piece.
template <class T>
void multiply_narrow(const Problem<T>& g) {
  constexpr int64_t kPiece = 256;
  alignas(64) T buffer[kNarrow * kPiece];
  for (int64_t i0 = 0; i0 < g.m; i0 += kPiece) {
    const int64_t m = smaller(kPiece, g.m - i0);
    T* c = g.c + i0 * g.ldc;
    if (g.accumulate)
      for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < g.n; ++j) buffer[j * kPiece + i] = c[i * g.ldc + j];
    const Problem<T> turned{
        g.n,     m,       g.k,    g.b,    g.b_col,      g.b_row, g.a + i0 * g.a_row,
        g.a_col, g.a_row, buffer, kPiece, g.accumulate, nullptr, false};
    multiply_stripe(turned, false, turned.b_col != 1);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < g.n; ++j) {
        T x = buffer[j * kPiece + i];
        if (g.bias) x = x + g.bias[j];
        if (g.relu) x = x < T{} ? T{} : x;
        c[i * g.ldc + j] = x;
      }
  }
}

template <class T>
void multiply(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes;
  if (g.k == 0) return multiply_stripe(g, false, false);
  if (g.n <= kNarrow && g.n < n && g.m >= 4 * g.n && g.m > 8) return multiply_narrow(g);
  // Rows are packed if they are read again for many panels, columns for many tiles.
  const bool pack_rows = g.n >= 16 * n && g.m > 2 * kTileRows && g.k >= 64;
  const bool pack_columns = g.b_col != 1 || g.m > 4 * kTileRows;
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
          g.transpose_b ? 1 : g.ldb,
          g.transpose_b ? g.ldb : 1,
          static_cast<T*>(g.c),
          g.ldc,
          g.accumulate,
          g.epilogue == Epilogue::none ? nullptr : static_cast<const T*>(g.bias),
          g.epilogue == Epilogue::bias_relu};
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

// The smallest products, with nothing around the tile.
template <class T>
WG_INLINE void run_one_tile(const Gemm& g) {
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
  run_tile(static_cast<int>(g.m), vectors, t);
}

template <class T>
void run(const Gemm& g) {
  if (g.m <= 0 || g.n <= 0) return;
  if (g.m <= kTileRows && g.n <= 2 * Simd<T>::kLanes && g.k <= kGemmBlockK && !g.transpose_b)
    return run_one_tile<T>(g);
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

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {{run<float>, run<double>},
                                  {epilogue<float>, epilogue<double>},
                                  fma_chains,
                                  kFmaChains * Simd<float>::kLanes,
                                  kBlasWork};

}  // namespace wengert::kernels::WENGERT_LEVEL
