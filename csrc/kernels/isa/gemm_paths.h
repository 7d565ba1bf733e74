// The ways through a product: stripes of rows with B packed panel by panel, whole packed blocks of
// B, a single column of panels, and a narrow C by its transpose. Included by files compiled per ISA
// level only.
#pragma once

#include "kernels/gemm_level.h"
#include "kernels/isa/gemm_pack.h"
#include "kernels/isa/gemm_tile.h"
#include "runtime/allocator.h"

namespace wengert::kernels::WENGERT_LEVEL {

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
  bool panels = false;  // b is a pointer to panels, of b_row rows each
  bool part = false;
  bool packed_rows = false;  // a is a pointer to packed rows
  const Fetch* later = nullptr;
};

// Columns of a panel, of which the last may have half as many.
template <class T>
inline constexpr int kPanel = 2 * Simd<T>::kLanes;
template <class T>
WG_INLINE int panel_width(int64_t columns) {
  return columns > Simd<T>::kLanes ? kPanel<T> : Simd<T>::kLanes;
}

WG_INLINE int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }

// What is needed after a product is fetched into the second-level cache in shares.
struct LaterFetch {
  static constexpr int64_t kPair = 128;  // bytes of two lines

  const Fetch* from;
  // The next pair of lines and the block it is of, and what is left with it.
  const char *at = nullptr, *block = nullptr;
  int64_t pairs = 0, rows = 0, blocks = 0;
  int64_t share = 0, due = 0;
  const char* places[kTileRows];

  static int64_t pairs_of(const Fetch& f) { return (f.bytes + kPair - 1) / kPair; }
  template <class T>
  explicit LaterFetch(const Problem<T>& g) : from(g.later) {
    if (!from) return;
    int64_t all = 0;
    for (const Fetch* f = from; f; f = f->more) all += f->blocks * f->rows * pairs_of(*f);
    const int64_t down = (g.m + kTileRows - 1) / kTileRows;
    const int64_t across = (g.n + kPanel<T> - 1) / kPanel<T>;
    const int64_t tiles = down * across * ((g.k + kGemmBlockK - 1) / kGemmBlockK);
    share = tiles > 0 ? (all + tiles - 1) / tiles : 0;
    begin();
  }
  // For a tile of `tile_rows` rows, which fetches so many pairs at most.
  template <class T>
  WG_INLINE void give(Tile<T>& t, int tile_rows) {
    t.later = nullptr;
    if (!from) return;
    due += share;
    const int most = static_cast<int>(smaller(tile_rows, due));
    int count = 0;
    for (; count < most && from; advance()) places[count++] = at;
    if (count == 0) return;
    due -= count;
    for (int i = count; i < tile_rows; ++i) places[i] = places[count - 1];
    t.later = places;
  }

 private:
  // At the first pair of `from`, or of what follows it and is not empty.
  void begin() {
    while (from && from->blocks * from->rows * pairs_of(*from) == 0) from = from->more;
    if (!from) return;
    at = block = static_cast<const char*>(from->at);
    pairs = pairs_of(*from);
    rows = from->rows;
    blocks = from->blocks;
  }
  WG_INLINE void advance() {
    at += kPair;
    if (--pairs > 0) return;
    pairs = pairs_of(*from);
    if (--rows > 0) {
      at += from->row_stride - pairs * kPair;
    } else if (--blocks > 0) {
      at = block += from->block_stride;
      rows = from->rows;
    } else {
      from = from->more;
      begin();
    }
  }
};

template <class T>
void pack_panels(const Problem<T>& g, T* to) {
  for (int64_t j = 0; j < g.n; j += kPanel<T>) {
    const int64_t columns = g.n - j < kPanel<T> ? g.n - j : kPanel<T>;
    pack_b(to + j * g.k, panel_width<T>(columns), g.b + j * g.b_col, g.b_row, g.b_col,
           static_cast<int>(columns), g.k, g.n - j - columns);
  }
}

template <class T>
struct Scratch {
  explicit Scratch(int64_t count)
      : bytes(static_cast<size_t>(count) * sizeof(T)),
        data(count > 0 ? static_cast<T*>(runtime::allocate_scratch(bytes)) : nullptr) {}
  ~Scratch() {
    if (data) runtime::deallocate(data, bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  size_t bytes;
  T* data;
};

// Rows of A packed at once: they stay in the second-level cache.
constexpr int64_t kBlockM = 28 * kTileRows;

// One panel of columns against a block of rows of A, which are cut evenly, so that no tile is much
// smaller than the others.
// `next`, if not null, is the panel of B that follows; it is fetched meanwhile.
template <class T, bool PackedA, Packing Operands>
void multiply_panel(Tile<T> t, int64_t m, const T* a, int64_t a_row, int64_t a_col, int columns,
                    const T* next, int64_t next_row, LaterFetch* later = nullptr) {
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
    t.a_row = PackedA ? 1 : a_row;
    t.a_col = PackedA ? rows : a_col;
    if (later) later->give(t, rows);
    run_tile<T, Operands>(rows, vectors, t);
    a += PackedA ? rows * t.k : rows * a_row;
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
    pack_a(dst, a, a_row, a_col, rows, k, m - rows);
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

// Whether tiles of packed rows read B where it stands: all have enough rows, and those of B neither
// displace each other from the caches nor lie in more pages than the first-level TLB has room for.
template <class T>
bool reads_in_place(const Problem<T>& g) {
  constexpr int64_t kPage = 4096, kPages = 64;
  const int64_t row = g.b_row * static_cast<int64_t>(sizeof(T));
  return g.b_col == 1 && fills_tiles(g.m) && row % (kPage / 2) != 0 &&
         smaller(g.k, kGemmBlockK) * smaller(row, kPage) <= kPages * kPage;
}

// A panel of B is read where it stands, or packed just before its only use; with packed rows of A
// at most kBlockM of them.
template <class T>
void multiply_stripe(const Problem<T>& g, bool pack_rows, bool pack_columns) {
  constexpr int n = Simd<T>::kLanes;
  const int width = (g.m <= kWideRows ? 4 : 2) * n;
  alignas(64) T buffer[kGemmBlockK * 4 * n];
  const bool pack = pack_rows && !g.packed_rows;
  Scratch<T> packed_a(pack ? g.m * smaller(kGemmBlockK, g.k) + n : 0);
  LaterFetch later(g);
  const bool reads_b = pack_rows && reads_in_place(g);
  int64_t p = 0;
  do {
    const int64_t k = smaller(kGemmBlockK, g.k - p);
    const T* a = g.a + p * g.a_col;
    if (pack) pack_block_a(packed_a.data, a, g.a_row, g.a_col, g.m, k);
    const T* const rows_of_a = pack ? packed_a.data : g.a + p * g.m;
    for (int64_t j = 0; j < g.n; j += width) {
      const int columns = static_cast<int>(smaller(width, g.n - j));
      const T* b = g.b + p * g.b_row + j * g.b_col;
      Tile<T> t = tile_at(g, 0, j, p, k);
      t.b = b;
      t.b_row = g.b_row;
      const bool in_place = reads_b && columns == width;
      if (pack_columns && !in_place) {
        const int filled = pack_rows && columns <= n ? n : width;
        pack_b(buffer, filled, b, g.b_row, g.b_col, columns, k, g.n - j - columns);
        t.b = buffer;
        t.b_row = filled;
      } else if (j + width < g.n) {
        t.ahead = width;
      }
      const bool more =
          (pack_columns || in_place) && g.b_col == 1 && j + width < g.n && g.m >= kTileRows;
      const T* next = more ? b + width : nullptr;
      if (in_place)
        multiply_panel<T, true, Packing::rows_of_a>(t, g.m, rows_of_a, 0, 0, columns, next, g.b_row,
                                                    &later);
      else if (pack_rows && pack_columns && fills_tiles(g.m))
        multiply_panel<T, true, Packing::both>(t, g.m, rows_of_a, 0, 0, columns, next, g.b_row,
                                               &later);
      else if (pack_rows)
        multiply_panel<T, true, Packing::none>(t, g.m, rows_of_a, 0, 0, columns, next, g.b_row,
                                               &later);
      else
        multiply_panel<T, false, Packing::none>(t, g.m, a, g.a_row, g.a_col, columns, next, g.b_row,
                                                &later);
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
    if (g.packed_rows) {
      // One after the other, of two vectors each.
      row = 2 * Simd<T>::kLanes;
      rows = static_cast<int>((rows_of_a * k / row + panels) / panels);
      step = rows * row;
      tiles = panels;
    } else if (g.a_col == 1) {
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

// Many rows: each packed tile of rows of A meets a whole block of B, which is packed before unless
// it stands in panels. A tile is packed just before, unless all are.
template <class T>
void multiply_block(const Problem<T>& g) {
  constexpr int n = Simd<T>::kLanes, width = kPanel<T>;
  const int64_t panels = (g.n + width - 1) / width, parts = (g.n + kBlockN - 1) / kBlockN;
  const int64_t block = (panels + parts - 1) / parts * width;
  Scratch<T> packed_b(g.panels ? 0 : smaller(block, panels * width) * smaller(kGemmBlockK, g.k));
  alignas(64) T packed_a[kTileRows * kGemmBlockK + n];
  LaterFetch later(g);
  for (int64_t j0 = 0; j0 < g.n; j0 += block) {
    Problem<T> part = g;
    part.n = smaller(block, g.n - j0);
    for (int64_t p = 0; p < g.k; p += kGemmBlockK) {
      part.k = smaller(kGemmBlockK, g.k - p);
      const int64_t k = part.k;
      if (!g.panels) {
        part.b = g.b + p * g.b_row + j0 * g.b_col;
        pack_panels(part, packed_b.data);
      }
      const T* const b = g.panels ? g.b + j0 * g.b_row : packed_b.data;
      const int64_t depth = g.panels ? g.b_row : k;
      const T* a = g.a + p * g.a_col;
      int64_t pieces = (g.m + kTileRows - 1) / kTileRows, rows;
      for (int64_t i = 0; i < g.m; i += rows, --pieces) {
        rows = (g.m - i + pieces - 1) / pieces;
        const T* const own = g.a + p * g.m + i * k;
        if (!g.packed_rows)
          pack_a(packed_a, a + i * g.a_row, g.a_row, g.a_col, static_cast<int>(rows), k);
        Tile<T> t = tile_at(g, i, j0, p, k);
        t.a = g.packed_rows ? own : packed_a;
        AFetch<T> fetch(g, g.packed_rows ? own + rows * k : a + (i + rows) * g.a_row, rows, k,
                        (part.n + width - 1) / width);
        if (pieces == 1) fetch.tiles = 0;
        for (int64_t j = 0; j < part.n; j += width) {
          const int filled = panel_width<T>(part.n - j), vectors = filled / n;
          t.b = b + j * depth + (g.panels ? p * filled : 0);
          t.tail = part.n - j < filled ? static_cast<int>(part.n - j) - (vectors - 1) * n : n;
          t.next = fetch.at;
          t.next_row = fetch.row;
          t.next_rows = fetch.tiles-- > 0 ? fetch.rows : 0;
          fetch.at += fetch.step;
          later.give(t, static_cast<int>(rows));
          run_tile<T, Packing::both>(static_cast<int>(rows), vectors, t);
          t.c += width;
          if (t.bias) t.bias += width;
        }
      }
    }
  }
}

// Rows of a panel that are fetched before they are read.
inline constexpr int64_t kPanelAhead = 8;

// The panels of B against few rows of A, or few panels: A is read where it stands.
template <class T>
void multiply_panels(const Problem<T>& g) {
  for (int64_t p = 0; p < g.k; p += kGemmBlockK) {
    const int64_t k = smaller(kGemmBlockK, g.k - p);
    for (int64_t j = 0; j < g.n; j += kPanel<T>) {
      const int columns = static_cast<int>(smaller(kPanel<T>, g.n - j));
      Tile<T> t = tile_at(g, 0, j, p, k);
      t.b_row = panel_width<T>(columns);
      t.b = g.b + j * g.b_row + p * t.b_row;
      t.ahead = kPanelAhead * t.b_row;
      multiply_panel<T, false, Packing::none>(t, g.m, g.a + p * g.a_col, g.a_row, g.a_col, columns,
                                              nullptr, 0);
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
      run_tile<T, Packing::none>(static_cast<int>(rows), vectors, t);
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

}  // namespace wengert::kernels::WENGERT_LEVEL
