// Convolutions as matrix products with unfolded tiles: columns are window positions, rows are taps
// of channels. Every tile is computed by one thread, so that bits do not depend on the threads.
#include <algorithm>

#include "ops/nn_convolution_products.h"
#include "ops/nn_depthwise.h"
#include "ops/nn_winograd.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

kernels::Fetch ConvolutionProducts::region(const ConvolutionPlan& plan, const void* x,
                                           int64_t image, int64_t images, int64_t group,
                                           int64_t channel, int64_t channels, int64_t begin,
                                           int64_t end) {
  const kernels::Windows& w = plan.windows;
  const int64_t item = plan.item(), size = w.volume(), line = w.in[2], step = w.stride[1];
  kernels::Fetch f{plan.x_at(x, image, group, channel), channels * size * item, images,
                   plan.groups * plan.in_channels * size * item};
  if (images == 1 && w.in[0] == 1 && w.kernel[1] == 1 && step > 1) {
    // Only every so many lines are seen.
    const int64_t first = ceil_div(begin / line + w.padding[1], step) * step - w.padding[1];
    const int64_t lines = std::max<int64_t>(ceil_div(end / line - first, step), 0);
    f = {plan.at(f.at, first * line), line * item, lines,
         step * line * item,          channels,    size * item};
  } else if (images == 1) {
    f = {plan.at(f.at, begin), (end - begin) * item, 1, 0, channels, size * item};
  }
  const int64_t bytes = f.bytes * f.rows;
  f.blocks = bytes > 0 ? std::min(f.blocks, kFetchBytes / bytes) : 0;
  return f;
}

kernels::Fetch ConvolutionProducts::after(const ConvolutionPlan& plan, const void* x, const Tile& t,
                                          int64_t group, int64_t channel, int64_t channels,
                                          int64_t from, int64_t to) const {
  const int64_t image = t.image + t.images, size = plan.windows.volume();
  if (t.end < positions)
    return region(plan, x, t.image, 1, group, channel, channels, to,
                  std::min(size, to + to - from));
  if (image >= p.batch) return {};
  return region(plan, x, image, std::min(t.images, p.batch - image), group, channel, channels, 0,
                to - from);
}

namespace {

using runtime::Scratch;
using Products = ConvolutionProducts;

// Weights that are read for so few tiles are packed by their products, in the first-level cache.
constexpr int64_t kFewTiles = 4;

// The weights as the left factor of every product, for the channels of each block: W, or its
// transpose. Rows are packed once if they are many and read often.
class LeftFactor {
 public:
  LeftFactor(const Products& s, const void* w, bool turned)
      : s_(s),
        w_(w),
        turned_(turned),
        size_(size_of(unpacked(0, 0))),
        packed_(size_ * s.blocks * s.p.groups * s.p.item()) {
    const int64_t grain = kParallelGrain / (size_ + 1) + 1;
    runtime::parallel_for(s.blocks * s.p.groups, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t group = i / s_.blocks, block = i % s_.blocks;
        const kernels::Gemm g = unpacked(group, block * s_.some);
        if (size_of(g)) kernels::gemm_pack_rows(g, at(group, block));
      }
    });
  }

  // m, k and A for the block of channels that begins with `channel`.
  kernels::Gemm product(int64_t group, int64_t channel) const {
    kernels::Gemm g = unpacked(group, channel);
    g.panels_a = size_of(g) > 0;
    if (g.panels_a) g.a = at(group, channel / s_.some);
    return g;
  }

 private:
  kernels::Gemm unpacked(int64_t group, int64_t channel) const {
    const int64_t some = s_.channels_from(channel) * s_.taps;
    kernels::Gemm g =
        turned_ ? s_.product(some, 0, s_.p.out_channels) : s_.product(s_.p.out_channels, 0, some);
    g.transpose_a = turned_;
    g.a = s_.p.at(w_, group * s_.p.out_channels * s_.rows + channel * s_.taps);
    g.lda = s_.rows;
    return g;
  }
  int64_t size_of(const kernels::Gemm& g) const {
    return s_.tiling.count() > kFewTiles ? kernels::gemm_rows_size(g.dtype, g.m, g.k) : 0;
  }
  void* at(int64_t group, int64_t block) const {
    return s_.p.at(packed_.data, (group * s_.blocks + block) * size_);
  }

  const Products& s_;
  const void* w_;
  bool turned_;
  int64_t size_;  // of a packed block
  Scratch packed_;
};

// What one tile gives to each of the products. `col` and `own` are memory of a thread.
template <class T>
void output_of(const Products& s, const LeftFactor& left, const Tile& t, int64_t group, void* y,
               const void* x, const T* bias, char* col, char* own) {
  const ConvolutionPlan& p = s.p;
  const bool scattered = t.images > 1;
  void* const c = scattered ? own : p.at(p.y_at(y, t.image, group), t.begin);
  const int64_t ldc = scattered ? t.columns() : s.positions;
  if (bias) {
    for (int64_t r = 0; r < p.out_channels; ++r) {
      T* row = static_cast<T*>(c) + r * ldc;
      std::fill(row, row + t.columns(), bias[group * p.out_channels + r]);
    }
  }
  bool accumulate = bias != nullptr;
  const auto multiply = [&](kernels::Gemm g) {
    g.n = t.columns();
    g.c = c;
    g.ldc = ldc;
    g.accumulate = accumulate;
    accumulate = true;
    kernels::gemm(g);
  };
  if (s.rows == 0) multiply(left.product(group, 0));
  const Unfolding unfolding(p, t, group, Unfolding::Layout::panels);
  for (int64_t channel = 0; channel < p.in_channels; channel += s.some) {
    kernels::Gemm g = left.product(group, channel);
    const int64_t next = channel + s.some, from = unfolding.start(), to = unfolding.reach();
    const kernels::Fetch later =
        next < p.in_channels
            ? s.region(p, x, t.image, t.images, group, next, s.channels_from(next), from, to)
        : p.groups == 1 ? s.after(p, x, t, group, 0, s.channels_from(0), from, to)
                        : kernels::Fetch{};
    g.later = &later;
    if (s.stands_in_x(t) && s.in_place(t, g)) {
      g.b = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldb = s.volume;
    } else {
      unfolding.read(col, x, channel, s.channels_from(channel));
      g.panels_b = true;
      g.b = col;
    }
    multiply(g);
  }
  if (scattered) {
    s.for_rows(t, group, y, [&](void* row, int64_t offset, size_t bytes) {
      std::memcpy(row, own + offset, bytes);
    });
  }
}

// C = the product of g for a tile, whose right factor is what y has there. It is taken in pieces of
// the channels of y that stay in the cache; `after` is fetched meanwhile.
void multiply_y(const Products& s, kernels::Gemm g, const Tile& t, int64_t group, const void* y,
                char* own, const kernels::Fetch* after) {
  const ConvolutionPlan& p = s.p;
  g.n = t.columns();
  if (!g.panels_a || g.k == 0 || s.in_place(t, g)) {
    const Products::Rows from = s.gathered(t, group, y, own);
    kernels::Fetch later = s.after(s.grid, y, t, group, 0, p.out_channels, t.begin, t.end);
    later.more = after;
    g.later = &later;
    g.b = from.data;
    g.ldb = from.ld;
    return kernels::gemm(g);
  }
  const Unfolding unfolding(s.grid, t, group, Unfolding::Layout::panels);
  g.panels_b = true;
  g.b = own;
  for (int64_t k = 0; k < p.out_channels; k += s.depth) {
    g.k = std::min(s.depth, p.out_channels - k);
    const int64_t next = k + g.k;
    kernels::Fetch later =
        next < p.out_channels
            ? s.region(s.grid, y, t.image, t.images, group, next,
                       std::min(s.depth, p.out_channels - next), t.begin, t.end)
            : s.after(s.grid, y, t, group, 0, std::min(s.depth, p.out_channels), t.begin, t.end);
    if (next == p.out_channels) later.more = after;
    g.later = &later;
    unfolding.read(own, y, k, g.k);
    kernels::gemm(g);
    g.a = p.at(g.a, g.m * g.k);
    g.accumulate = true;
  }
}

// Of a block of channels and the images of tiles (images, 0), (images, 1), ...
void input_of(const Products& s, const LeftFactor& left, int64_t images, int64_t group,
              int64_t channel, void* x, const void* y, char* col, char* own) {
  const ConvolutionPlan& p = s.p;
  const int64_t channels = s.channels_from(channel);
  int64_t seen = 0;  // of each image
  for (int64_t part = 0; part < s.tiling.parts(); ++part) {
    const Tile t = s.tiling.at(images, part);
    kernels::Gemm g = left.product(group, channel);
    if (s.stands_in_x(t)) {
      g.c = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldc = s.volume;
      multiply_y(s, g, t, group, y, own, nullptr);
      continue;
    }
    const Unfolding unfolding(p, t, group, Unfolding::Layout::rows);
    const bool last = part + 1 == s.tiling.parts();
    const int64_t next = last ? s.volume : std::max(seen, unfolding.reach());
    const kernels::Fetch result =
        s.region(p, x, t.image, t.images, group, channel, channels, seen, next);
    g.c = col;
    g.ldc = t.columns();
    multiply_y(s, g, t, group, y, own, &result);
    unfolding.add(x, col, channel, channels, seen, next);
    seen = next;
  }
}

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
  const LeftFactor left(products, w, false);
  const Tiling& tiling = products.tiling;
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.gathered_bytes());
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task % p.groups, tile = task / p.groups;
      for_dtype(p.dtype, [&]<class T>(T) {
        output_of(products, left, tiling.at(tile / tiling.parts(), tile % tiling.parts()), group, y,
                  x, static_cast<const T*>(bias), col.data, own.data);
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
  const LeftFactor left(products, w, true);
  // A task owns some channels of its images, so that no two write to one element.
  const int64_t blocks = products.blocks;
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.y_bytes());
    for (int64_t task = begin; task < end; ++task)
      input_of(products, left, task / blocks / p.groups, task / blocks % p.groups,
               task % blocks * products.some, x, y, col.data, own.data);
  };
  const int64_t tasks = products.tiling.groups() * p.groups * blocks;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

WENGERT_NAMESPACE_END
