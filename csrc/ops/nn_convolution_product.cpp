// Convolutions as matrix products with unfolded tiles: columns are window positions, rows are taps
// of channels. Every tile is computed by one thread, and sums over the batch are cut by the shape
// alone, so that bits do not depend on the threads.
#include <algorithm>

#include "kernels/gemm.h"
#include "ops/nn_convolution_tiles.h"
#include "ops/nn_depthwise.h"
#include "ops/nn_winograd.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;

// Bytes of an unfolded tile: a quarter of a usual second-level cache.
constexpr int64_t kTileBytes = 512 * 1024;
// Partial sums of a weight's gradient.
constexpr int64_t kMaxParts = 16, kPartBytes = int64_t{64} << 20;

// The products over one plan: what they share.
struct Products {
  const ConvolutionPlan& p;
  const int64_t positions = p.windows.positions(), volume = p.windows.volume();
  const int64_t taps = p.windows.taps(), rows = p.rows();
  const Tiling tiling{p.batch, positions};
  // Channels that are unfolded at once.
  const int64_t some =
      std::clamp<int64_t>(kTileBytes / (std::max<int64_t>(taps * tiling.columns(), 1) * p.item()),
                          1, std::max<int64_t>(p.in_channels, 1));

  // A tile is read where it stands if it is its own unfolding, or lies in one image.
  bool stands_in_x(const Tile& t) const { return t.images == 1 && p.pointwise(); }
  int64_t column_bytes() const {
    return kernels::gemm_panels_size(p.dtype, tiling.columns(), some * taps) * p.item();
  }
  int64_t gathered_bytes() const {
    return tiling.at(0, 0).images > 1 ? p.out_channels * tiling.columns() * p.item() : 0;
  }

  kernels::Gemm product(int64_t m, int64_t n, int64_t k) const {
    kernels::Gemm g;
    g.dtype = p.dtype;
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
  }
  // The rows of y in a tile, from or to memory of their own if they are of several images.
  template <class Copy>
  void for_rows(const Tile& t, int64_t group, const void* y, const Copy& copy) const {
    for (int64_t i = 0; i < t.images; ++i) {
      for (int64_t r = 0; r < p.out_channels; ++r)
        copy(p.at(p.y_at(y, t.image + i, group), r * positions),
             (r * t.images + i) * t.length() * p.item(),
             static_cast<size_t>(t.length() * p.item()));
    }
  }
  struct Rows {
    const void* data;
    int64_t ld;
  };
  Rows gathered(const Tile& t, int64_t group, const void* y, char* own) const {
    if (t.images == 1) return {p.at(p.y_at(y, t.image, group), t.begin), positions};
    for_rows(t, group, y, [&](const void* row, int64_t offset, size_t bytes) {
      std::memcpy(own + offset, row, bytes);
    });
    return {own, t.columns()};
  }

  template <class T>
  void output(const Tile& t, int64_t group, void* y, const void* x, const void* w, const T* bias,
              char* col, char* own) const {
    kernels::Gemm g = product(p.out_channels, t.columns(), 0);
    g.lda = rows;
    const bool scattered = t.images > 1;
    g.c = scattered ? own : p.at(p.y_at(y, t.image, group), t.begin);
    g.ldc = scattered ? t.columns() : positions;
    if (bias) {
      for (int64_t r = 0; r < g.m; ++r) {
        T* row = static_cast<T*>(g.c) + r * g.ldc;
        std::fill(row, row + g.n, bias[group * p.out_channels + r]);
      }
      g.accumulate = true;
    }
    if (stands_in_x(t) || rows == 0) {
      g.k = rows;
      g.a = p.at(w, group * p.out_channels * rows);
      g.b = p.at(p.x_at(x, t.image, group, 0), t.begin);
      g.ldb = volume;
      kernels::gemm(g);
    } else {
      const Unfolding unfolding(p, t, group, some, Unfolding::Layout::panels);
      g.panels_b = true;
      g.b = col;
      for (int64_t channel = 0; channel < p.in_channels; channel += some) {
        const int64_t channels = std::min(some, p.in_channels - channel);
        g.k = channels * taps;
        g.a = p.at(w, group * p.out_channels * rows + channel * taps);
        unfolding.read(col, x, channel, channels);
        kernels::gemm(g);
        g.accumulate = true;
      }
    }
    if (scattered) {
      for_rows(t, group, y, [&](void* row, int64_t offset, size_t bytes) {
        std::memcpy(row, own + offset, bytes);
      });
    }
  }

  // Of some channels of the images of tiles (images, 0), (images, 1), ...
  void input(int64_t images, int64_t group, int64_t channel, void* x, const void* y, const void* w,
             char* col, char* own) const {
    const int64_t channels = std::min(some, p.in_channels - channel);
    const Tile whole = tiling.at(images, 0);
    for (int64_t i = 0; i < whole.images && !stands_in_x(whole); ++i)
      std::memset(p.x_at(x, whole.image + i, group, channel), 0,
                  static_cast<size_t>(channels * volume * p.item()));
    for (int64_t part = 0; part < tiling.parts(); ++part) {
      const Tile t = tiling.at(images, part);
      kernels::Gemm g = product(channels * taps, t.columns(), p.out_channels);
      g.transpose_a = true;
      g.a = p.at(w, group * p.out_channels * rows + channel * taps);
      g.lda = rows;
      const Rows from = gathered(t, group, y, own);
      g.b = from.data;
      g.ldb = from.ld;
      g.c = stands_in_x(t) ? p.at(p.x_at(x, t.image, group, channel), t.begin) : col;
      g.ldc = stands_in_x(t) ? volume : t.columns();
      kernels::gemm(g);
      if (!stands_in_x(t))
        Unfolding(p, t, group, channels, Unfolding::Layout::rows).add(x, col, channel, channels);
    }
  }

  // What a tile gives to the weights of a group, at `to`.
  void weight(const Tile& t, int64_t group, void* to, const void* x, const void* y, bool accumulate,
              char* col, char* own) const {
    kernels::Gemm g = product(p.out_channels, rows, t.columns());
    const Rows from = gathered(t, group, y, own);
    g.a = from.data;
    g.lda = from.ld;
    g.transpose_b = true;
    g.c = to;
    g.ldc = rows;
    g.accumulate = accumulate;
    if (stands_in_x(t)) {
      g.b = p.at(p.x_at(x, t.image, group, 0), t.begin);
      g.ldb = volume;
      return kernels::gemm(g);
    }
    const Unfolding unfolding(p, t, group, some, Unfolding::Layout::rows);
    g.b = col;
    g.ldb = t.columns();
    for (int64_t channel = 0; channel < p.in_channels; channel += some) {
      const int64_t channels = std::min(some, p.in_channels - channel);
      g.n = channels * taps;
      g.c = p.at(to, channel * taps);
      unfolding.read(col, x, channel, channels);
      kernels::gemm(g);
    }
  }
};

template <class F>
void for_dtype(DType dtype, const F& f) {
  dtype == DType::float64 ? f(double{}) : f(float{});
}

}  // namespace

bool ConvolutionPlan::pointwise() const {
  for (int i = 0; i < 3; ++i) {
    if (windows.kernel[i] != 1 || windows.stride[i] != 1 || windows.padding[i] != 0) return false;
  }
  return true;
}

void convolve(const ConvolutionPlan& p, void* y, const void* x, const void* w, const void* bias) {
  if (Depthwise::covers(p)) return Depthwise{p}.convolve(y, x, w, bias);
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::output)) {
    return Winograd{p, tile}.convolve(y, x, w, bias);
  }
  const Products products{p};
  const Tiling& tiling = products.tiling;
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.gathered_bytes());
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task % p.groups, tile = task / p.groups;
      for_dtype(p.dtype, [&]<class T>(T) {
        products.output(tiling.at(tile / tiling.parts(), tile % tiling.parts()), group, y, x, w,
                        static_cast<const T*>(bias), col.data, own.data);
      });
    }
  };
  const int64_t tasks = tiling.count() * p.groups;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

void convolve_input(const ConvolutionPlan& p, void* x, const void* y, const void* w) {
  if (Depthwise::covers(p)) return Depthwise{p}.convolve_input(x, y, w);
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::input)) {
    return Winograd{p, tile}.convolve_input(x, y, w);
  }
  const Products products{p};
  // A task owns some channels of its images, so that no two write to one element.
  const int64_t blocks = ceil_div(p.in_channels, products.some);
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.gathered_bytes());
    for (int64_t task = begin; task < end; ++task)
      products.input(task / blocks / p.groups, task / blocks % p.groups,
                     task % blocks * products.some, x, y, w, col.data, own.data);
  };
  const int64_t tasks = products.tiling.groups() * p.groups * blocks;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

void convolve_weight(const ConvolutionPlan& p, void* w, const void* x, const void* y,
                     bool accumulate) {
  if (Depthwise::covers(p)) return Depthwise{p}.convolve_weight(w, x, y, accumulate);
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::weight)) {
    return Winograd{p, tile}.convolve_weight(w, x, y, accumulate);
  }
  const Products products{p};
  const Tiling& tiling = products.tiling;
  const int64_t group_weights = p.out_channels * products.rows;
  const int64_t weights = p.groups * group_weights;
  if (weights == 0) return;
  // Adds what tiles [first, last) give to `to`, or replaces it.
  const auto tiles = [&](int64_t first, int64_t last, int64_t group, void* to, bool add) {
    if (first >= last) {
      if (!add) std::memset(to, 0, static_cast<size_t>(group_weights * p.item()));
      return;
    }
    const Scratch col(products.column_bytes()), own(products.gathered_bytes());
    for (int64_t i = first; i < last; ++i, add = true)
      products.weight(tiling.at(i / tiling.parts(), i % tiling.parts()), group, to, x, y, add,
                      col.data, own.data);
  };
  const int64_t most = std::clamp<int64_t>(kPartBytes / (weights * p.item()), 1, kMaxParts);
  const int64_t count = tiling.count();
  const int64_t parts = std::max<int64_t>(std::min(most, count), 1);
  if (parts == 1) {
    for (int64_t group = 0; group < p.groups; ++group)
      tiles(0, count, group, p.at(w, group * group_weights), accumulate);
    return;
  }
  const Scratch sums(parts * weights * p.item());
  runtime::parallel_tasks(parts * p.groups, [&](int64_t task) {
    const int64_t part = task / p.groups, group = task % p.groups;
    tiles(count * part / parts, count * (part + 1) / parts, group,
          p.at(sums.data, part * weights + group * group_weights), false);
  });
  constexpr int64_t kPiece = 4096;  // of every part: they stay in the first-level cache
  runtime::parallel_for(ceil_div(weights, kPiece), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kPiece; i < std::min(end * kPiece, weights); i += kPiece) {
      const int64_t n = std::min(kPiece, weights - i);
      char* const sum = static_cast<char*>(p.at(sums.data, i));
      char* const to = static_cast<char*>(p.at(w, i));
      for (int64_t part = 1; part < parts; ++part)
        add_elements(p.dtype, n, sum, static_cast<char*>(p.at(sum, part * weights)));
      if (accumulate) {
        add_elements(p.dtype, n, to, sum);
      } else {
        std::memcpy(to, sum, static_cast<size_t>(n * p.item()));
      }
    }
  });
}

WENGERT_NAMESPACE_END
