#include "kernels/gemm.h"

#include <algorithm>
#include <climits>

#include "kernels/gemm_half.h"
#include "kernels/gemm_level.h"
#include "runtime/blas.h"
#include "runtime/cpu.h"
#include "runtime/parallel.h"
#include "wengert/error.h"

namespace wengert::kernels {

const GemmKernels& gemm_kernels() {
  static const GemmKernels& kernels = []() -> const GemmKernels& {
    [[maybe_unused]] const runtime::IsaLevel level = runtime::cpu().level;
#if defined(WENGERT_HAS_V4)
    if (level >= runtime::IsaLevel::v4) return v4::gemm_kernels;
#endif
#if defined(WENGERT_HAS_V3)
    if (level >= runtime::IsaLevel::v3) return v3::gemm_kernels;
#endif
#if defined(WENGERT_HAS_V2)
    if (level >= runtime::IsaLevel::v2) return v2::gemm_kernels;
#endif
#if defined(WENGERT_HAS_BASELINE)
    return baseline::gemm_kernels;
#else
    throw InternalError("gemm: expected kernels for this processor's level, found none (a bug)");
#endif
  }();
  return kernels;
}

namespace {

// Below this many multiply-adds a product stays on its thread.
constexpr double kSerialWork = 96.0 * 96 * 96;
// The BLAS is for large products only, with no side below this.
constexpr int64_t kBlasSide = 256;
// Tiles of C that the BLAS computes; smaller ones cost it 5 % and more.
constexpr int64_t kBlasTileRows = 512, kBlasTileColumns = 1024;

// A grid of tiles of C.
struct Grid {
  int64_t rows, columns;  // of one tile
  int64_t down, across;   // number of tiles

  Grid(int64_t m, int64_t n, int64_t most_down, int64_t most_across)
      : rows(even(m, most_down)),
        columns(even(n, most_across)),
        down((m + rows - 1) / rows),
        across((n + columns - 1) / columns) {}

 private:
  static int64_t even(int64_t size, int64_t parts) {
    constexpr int64_t kUnit = 32;  // a multiple of a panel
    return ((size + parts - 1) / parts + kUnit - 1) / kUnit * kUnit;
  }
};

// What it takes to pack an element, and to begin a tile, in multiply-adds.
constexpr double kPackWork = 8, kTileWork = 16384;

// The grid for so many threads on which the last one ends first. The bits of the own kernels do not
// depend on it.
Grid grid_for(const Gemm& g, int64_t threads) {
  Grid best(g.m, g.n, 1, 1);
  double least = 0;
  const int64_t most_down = g.panels_a ? 1 : std::min(4 * threads, (g.m + 31) / 32);
  for (int64_t down = 1; down <= most_down; ++down)
    for (int64_t each = 1; each <= 4; ++each) {
      const Grid grid(g.m, g.n, down, (each * threads + down - 1) / down);
      const double rows = static_cast<double>(std::min(grid.rows, g.m));
      const double columns = static_cast<double>(std::min(grid.columns, g.n));
      const double packed = (g.panels_a ? 0 : rows) + (g.panels_b ? 0 : columns);
      const int64_t turns = (grid.down * grid.across + threads - 1) / threads;
      const double work =
          static_cast<double>(turns) *
          ((rows * columns + kPackWork * packed) * static_cast<double>(g.k) + kTileWork);
      if (least != 0 && work >= least) continue;
      least = work;
      best = grid;
    }
  return best;
}

double work_of(const Gemm& g) {
  return static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
}

int index_of(DType dtype) {
  if (dtype == DType::float32) return 0;
  if (dtype == DType::float64) return 1;
  throw InternalError("gemm: expected float32 or float64, got another dtype (a bug)");
}

Gemm tile_of(const Gemm& g, const Grid& grid, int64_t index) {
  const int64_t i = index / grid.across * grid.rows, j = index % grid.across * grid.columns;
  Gemm t = g;
  t.part = g.part || (g.m > 1 && g.n > 1);
  t.m = g.m - i < grid.rows ? g.m - i : grid.rows;
  t.n = g.n - j < grid.columns ? g.n - j : grid.columns;
  t.a = element(g.a, g.dtype, g.transpose_a ? i : i * g.lda);
  const int64_t down = g.panel_rows ? g.panel_rows : is_half(g.dtype) ? whole_pairs(g.k) : g.k;
  t.b = element(g.b, g.dtype, g.panels_b ? j * down : g.transpose_b ? j * g.ldb : j);
  t.c = element(g.c, g.c_dtype(), i * g.ldc + j);
  if (g.epilogue != Epilogue::none)
    t.bias = element(g.bias, is_half(g.dtype) ? DType::float32 : g.dtype, j);
  return t;
}

bool fits_blas(const Gemm& g) {
  if (is_half(g.dtype) || g.panels_a || g.panels_b || g.m < kBlasSide || g.n < kBlasSide ||
      g.k < kBlasSide || work_of(g) < gemm_kernels().blas_work)
    return false;
  const auto valid = [](int64_t ld, int64_t row) { return ld >= row && ld <= INT_MAX; };
  return g.k <= INT_MAX && valid(g.lda, g.transpose_a ? g.m : g.k) &&
         valid(g.ldb, g.transpose_b ? g.k : g.n) && valid(g.ldc, g.n);
}

template <class T, class Function>
void call_blas(Function function, const Gemm& t) {
  // Row-major C = A B is column-major C' = B' A'.
  const char ta = t.transpose_b ? 'T' : 'N', tb = t.transpose_a ? 'T' : 'N';
  const int m = static_cast<int>(t.n), n = static_cast<int>(t.m), k = static_cast<int>(t.k);
  const int lda = static_cast<int>(t.ldb), ldb = static_cast<int>(t.lda);
  const int ldc = static_cast<int>(t.ldc);
  const T alpha = 1, beta = t.accumulate ? 1 : 0;
  function(&ta, &tb, &m, &n, &k, &alpha, static_cast<const T*>(t.b), &lda,
           static_cast<const T*>(t.a), &ldb, &beta, static_cast<T*>(t.c), &ldc);
}

void blas_tile(const runtime::Blas& blas, const Gemm& t) {
  if (t.dtype == DType::float32)
    call_blas<float>(blas.sgemm, t);
  else
    call_blas<double>(blas.dgemm, t);
  if (t.epilogue != Epilogue::none) gemm_kernels().epilogue[index_of(t.dtype)](t);
}

using Run = void (*)(const Gemm&);
Run run_of(DType dtype) { return is_half(dtype) ? run_half : gemm_kernels().run[index_of(dtype)]; }

}  // namespace

void gemm(const Gemm& g) {
  const Run run = run_of(g.dtype);
  if (work_of(g) <= kSerialWork) return run(g);
  if (fits_blas(g)) {
    if (const runtime::Blas* blas = runtime::blas()) {
      // A function of the shape alone, since the bits depend on the tile in which an element lies.
      const Grid grid(g.m, g.n, (g.m + kBlasTileRows - 1) / kBlasTileRows,
                      (g.n + kBlasTileColumns - 1) / kBlasTileColumns);
      runtime::parallel_tasks(grid.down * grid.across,
                              [&](int64_t i) { blas_tile(*blas, tile_of(g, grid, i)); });
      return;
    }
  }
  const int64_t threads = runtime::available_threads();
  if (threads == 1) return run(g);
  const Grid grid = grid_for(g, threads);
  runtime::parallel_tasks(grid.down * grid.across, [&](int64_t i) {
    Gemm t = tile_of(g, grid, i);
    if (i > 0) t.later = nullptr;
    run(t);
  });
}

bool gemm_packs(DType dtype) { return !is_half(dtype) || pair_kernels(dtype); }

double gemm_speed(DType dtype) {
  if (!is_half(dtype))
    return static_cast<double>(sizeof(float)) / static_cast<double>(item_size(dtype));
  const PairKernels* const pairs = pair_kernels(dtype);
  return pairs ? pairs->speed : 1;
}

int64_t gemm_panel_columns(DType dtype) {
  return is_half(dtype) ? kPairTile : 2 * gemm_kernels().lanes[index_of(dtype)];
}

int64_t gemm_panels_size(DType dtype, int64_t n, int64_t k) {
  if (is_half(dtype)) return whole(n, kPairTile) * whole_pairs(k);
  return whole(n, gemm_kernels().lanes[index_of(dtype)]) * k;
}

void gemm_pack(const Gemm& g, void* panels) {
  if (!is_half(g.dtype)) return gemm_kernels().pack[index_of(g.dtype)](g, panels);
  pair_kernels(g.dtype)->pack_b(static_cast<uint16_t*>(panels), static_cast<const uint16_t*>(g.b),
                                g.ldb, !g.transpose_b, g.n, g.k);
}

int64_t gemm_rows_size(DType dtype, int64_t m, int64_t k) {
  if (is_half(dtype)) return pair_kernels(dtype) ? whole(m, kPairTile) * whole_pairs(k) : 0;
  const GemmKernels& kernels = gemm_kernels();
  return m < kernels.packed_rows ? 0 : m * k + kernels.lanes[index_of(dtype)];
}

void gemm_pack_rows(const Gemm& g, void* rows) {
  if (!is_half(g.dtype)) return gemm_kernels().pack_rows[index_of(g.dtype)](g, rows);
  pair_kernels(g.dtype)->pack_a(static_cast<uint16_t*>(rows), static_cast<const uint16_t*>(g.a),
                                g.lda, g.transpose_a, g.m, g.k);
}

void gemm_batched(const Gemm& g, int64_t batch, int64_t stride_a, int64_t stride_b,
                  int64_t stride_c) {
  const Run run = run_of(g.dtype);
  const auto product = [&](int64_t i) {
    Gemm t = g;
    t.a = element(g.a, g.dtype, i * stride_a);
    t.b = element(g.b, g.dtype, i * stride_b);
    t.c = element(g.c, g.c_dtype(), i * stride_c);
    return t;
  };
  // In turn: products parallel in themselves, and sums into one C.
  if (fits_blas(g) || stride_c == 0 || batch < runtime::available_threads()) {
    for (int64_t i = 0; i < batch; ++i) gemm(product(i));
    return;
  }
  const double work = work_of(g) + static_cast<double>(g.m) * static_cast<double>(g.n) + 1;
  const int64_t grain = static_cast<int64_t>(kSerialWork / work) + 1;
  runtime::parallel_for(batch, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) run(product(i));
  });
}

}  // namespace wengert::kernels
