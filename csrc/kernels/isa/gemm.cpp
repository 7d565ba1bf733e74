// Matrix products on one thread, for one ISA level.
#include "kernels/gemm_level.h"
#include "kernels/isa/gemm_dots.h"
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
// A C of so few columns is computed as its transpose, of more if A is stored transposed.
constexpr int kNarrow = 4, kNarrowTurned = 64;
// From here on a few rows are read against rows in registers.
constexpr int64_t kDotDepth = 16, kDotColumns = 8;
// A panel of so many rows is packed as a whole.
constexpr int64_t kColumnDepth = 4096;
// A B of so many bytes is read where it stands: it stays in the first-level cache.
constexpr int64_t kSmallB = 20 << 10;

// One panel of columns against a block of rows of A, which are cut evenly, so that no tile is much
// smaller than the others.
// `next`, if not null, is the panel of B that follows; it is fetched meanwhile.
template <class T, bool Packed, bool PackedB>
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
    if constexpr (Packed && PackedB)
      run_packed_tile(rows, vectors, t);
    else
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
        const int filled = pack_rows && columns <= n ? n : width;
        pack_b(buffer, filled, b, g.b_row, g.b_col, columns, k);
        t.b = buffer;
        t.b_row = filled;
      } else if (j + width < g.n) {
        t.ahead = width;
      }
      const bool more = pack_columns && g.b_col == 1 && j + width < g.n && g.m >= kTileRows;
      const T* next = more ? b + width : nullptr;
      if (pack_rows && pack_columns && g.m > 4 * kTileRows)
        multiply_panel<T, true, true>(t, g.m, packed_a.data, 0, 0, columns, next, g.b_row);
      else if (pack_rows)
        multiply_panel<T, true, false>(t, g.m, packed_a.data, 0, 0, columns, next, g.b_row);
      else
        multiply_panel<T, false, false>(t, g.m, a, g.a_row, g.a_col, columns, next, g.b_row);
    }
    p += k;
  } while (p < g.k);
}

// Columns of B packed at once: they stay in the second-level cache.
constexpr int64_t kBlockN = 512;

// What the tiles of one row of panels fetch for the next row: their share of its part of A.
template <class T>
struct AFetch {
  const T* at;
  int64_t step;  // from one tile's share to the next
  int64_t row;
  int rows;
  int64_t tiles;  // that have a share

  AFetch(const Problem<T>& g, const T* a, int64_t rows_of_a, int64_t k, int64_t panels) : at(a) {
    if (g.a_col == 1) {
      step = 2 * Simd<T>::kLanes;
      row = g.a_row;
      rows = static_cast<int>(rows_of_a);
      tiles = (k + step - 1) / step;
    } else {
      rows = static_cast<int>((k + panels - 1) / panels);
      row = g.a_col;
      step = rows * row;
      tiles = k / rows;
    }
  }
};

// Many rows: a block of B is packed as a whole, then each tile of rows of A meets all of it.
template <class T>
void multiply_block(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes, width = 2 * n;
  const int64_t panels = (g.n + width - 1) / width, parts = (g.n + kBlockN - 1) / kBlockN;
  const int64_t block = (panels + parts - 1) / parts * width;
  Scratch<T> packed_b(smaller(block, panels * width) * smaller(kGemmBlockK, g.k));
  alignas(64) T packed_a[kTileRows * kGemmBlockK + n];
  for (int64_t j0 = 0; j0 < g.n; j0 += block) {
    const int64_t columns = smaller(block, g.n - j0);
    for (int64_t p = 0; p < g.k; p += kGemmBlockK) {
      const int64_t k = smaller(kGemmBlockK, g.k - p);
      const T* b = g.b + p * g.b_row + j0 * g.b_col;
      for (int64_t j = 0; j < columns; j += width) {
        const int count = static_cast<int>(smaller(width, columns - j));
        pack_b(packed_b.data + j * k, count > n ? width : n, b + j * g.b_col, g.b_row, g.b_col,
               count, k);
      }
      const T* a = g.a + p * g.a_col;
      int64_t pieces = (g.m + kTileRows - 1) / kTileRows, rows;
      for (int64_t i = 0; i < g.m; i += rows, --pieces) {
        rows = (g.m - i + pieces - 1) / pieces;
        pack_a(packed_a, a + i * g.a_row, g.a_row, g.a_col, static_cast<int>(rows), k);
        Tile<T> t = tile_at(g, i, j0, p, k);
        t.a = packed_a;
        t.b = packed_b.data;
        t.tail = n;
        AFetch<T> fetch(g, a + (i + rows) * g.a_row, rows, k, (columns + width - 1) / width);
        if (pieces == 1) fetch.tiles = 0;
        for (int64_t left = columns; left > 0; left -= width) {
          const int vectors = left > n ? 2 : 1;
          if (left < width) t.tail = static_cast<int>(left) - (vectors - 1) * n;
          t.next = fetch.at;
          t.next_row = fetch.row;
          t.next_rows = fetch.tiles-- > 0 ? fetch.rows : 0;
          fetch.at += fetch.step;
          run_packed_tile(static_cast<int>(rows), vectors, t);
          t.b += vectors * n * k;
          t.c += width;
          if (t.bias) t.bias += width;
        }
      }
    }
  }
}

// At most one panel of columns: each tile of rows goes through all of k, so that A is read along
// its rows.
template <class T>
void multiply_column(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes;
  const int columns = static_cast<int>(g.n), vectors = (columns + n - 1) / n;
  const bool pack = g.b_col != 1;
  Scratch<T> packed_b(pack ? g.k * vectors * n : 0);
  if (pack) pack_b(packed_b.data, vectors * n, g.b, g.b_row, g.b_col, columns, g.k);
  const T* b = pack ? packed_b.data : g.b;
  const int64_t b_row = pack ? vectors * n : g.b_row;
  const int rows_max = vectors > 2 ? kWideRows : kTileRows;
  int64_t pieces = (g.m + rows_max - 1) / rows_max, rows;
  for (int64_t i = 0; i < g.m; i += rows, --pieces) {
    rows = (g.m - i + pieces - 1) / pieces;
    for (int64_t p = 0; p < g.k; p += kGemmBlockK) {
      Tile<T> t = tile_at(g, i, 0, p, smaller(kGemmBlockK, g.k - p));
      t.tail = columns - (vectors - 1) * n;
      t.a = g.a + i * g.a_row + p * g.a_col;
      t.a_row = g.a_row;
      t.a_col = g.a_col;
      t.b = b + p * b_row;
      t.b_row = b_row;
      run_tile(static_cast<int>(rows), vectors, t);
    }
  }
}

// A narrow C, computed as its transpose piece by piece: A is read along its rows as stored.
template <class T>
void multiply_narrow(const Problem<T>& g) {
  constexpr int64_t kPiece = 512;
  Scratch<T> turned_c(g.n * kPiece + Simd<T>::kLanes);
  T* const buffer = turned_c.data;
  for (int64_t i0 = 0; i0 < g.m; i0 += kPiece) {
    const int64_t m = smaller(kPiece, g.m - i0);
    T* c = g.c + i0 * g.ldc;
    if (g.accumulate) transpose<T, false>(buffer, kPiece, c, g.ldc, static_cast<int>(m), g.n);
    const Problem<T> turned{
        g.n,     m,       g.k,    g.b,    g.b_col,      g.b_row, g.a + i0 * g.a_row,
        g.a_col, g.a_row, buffer, kPiece, g.accumulate, nullptr, false};
    multiply_stripe(turned, false, turned.b_col != 1);
    if (g.bias || g.relu)
      for (int64_t j = 0; j < g.n; ++j)
        for (int64_t i = 0; i < m; ++i) {
          T x = buffer[j * kPiece + i];
          if (g.bias) x = x + g.bias[j];
          if (g.relu) x = x < T{} ? T{} : x;  // keeps NaN
          buffer[j * kPiece + i] = x;
        }
    transpose<T, false>(c, g.ldc, buffer, kPiece, static_cast<int>(g.n), m);
  }
}

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

template <class T>
void multiply(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes;
  if (g.k == 0) return multiply_stripe(g, false, false);
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
