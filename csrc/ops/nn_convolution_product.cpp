// Convolutions as matrix products with unfolded tiles: columns are window positions, rows are taps
// of channels. Every tile is computed by one thread, so that bits do not depend on the threads.
#include <algorithm>

#include "ops/nn_convolution_pairs.h"
#include "ops/nn_convolution_products.h"
#include "ops/nn_depthwise.h"
#include "ops/nn_winograd.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/fill.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;
using Products = ConvolutionProducts;

// What one tile gives to each of the products. `col` and `own` are memory of a thread.
template <class T>
void output_of(const Products& s, const ConvolutionWeights& left, const Tile& t, int64_t group,
               void* y, const void* x, const T* bias, char* col, char* own) {
  const ConvolutionPlan& p = s.p;
  const bool scattered = t.images > 1;
  void* const c = scattered ? own : p.at(p.y_at(y, t.image, group), t.begin);
  const int64_t ldc = scattered ? t.columns() : s.positions;
  if (bias) {
    for (int64_t r = 0; r < p.out_channels; ++r) {
      fill_run(static_cast<T*>(c) + r * ldc, t.columns(), bias[group * p.out_channels + r]);
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
void input_of(const Products& s, const ConvolutionWeights& left, int64_t images, int64_t group,
              int64_t channel, void* x, const void* y, bool accumulate, char* col, char* own) {
  const ConvolutionPlan& p = s.p;
  const int64_t channels = s.channels_from(channel);
  int64_t seen = 0;  // of each image
  for (int64_t part = 0; part < s.tiling.parts(); ++part) {
    const Tile t = s.tiling.at(images, part);
    kernels::Gemm g = left.product(group, channel);
    if (s.stands_in_x(t)) {
      g.c = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldc = s.volume;
      g.accumulate = accumulate;
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
    unfolding.add(x, col, channel, channels, accumulate ? next : seen, next);
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
    if (windows.in[i] != windows.out[i]) return false;  // transposed, with output_padding
  }
  return true;
}

void convolve(const ConvolutionPlan& p, void* y, const void* x, const void* w, const void* bias) {
  if (p.dtype == DType::bfloat16) return PairConvolution{p}.convolve(y, x, w, bias);
  if (Depthwise::covers(p)) return Depthwise{p}.convolve(y, x, w, bias);
  if (const auto winograd = Winograd::cheapest(p, ConvolutionProduct::output)) {
    return winograd->convolve(y, x, w, bias);
  }
  const Products products{p};
  const ConvolutionWeights left(products, w, false);
  const Tiling& tiling = products.tiling;
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.gathered_bytes());
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task % p.groups, tile = task / p.groups;
      for_dtype(p.dtype, [&]<class T>(T) {
        output_of(products, left, tiling.at(tile), group, y, x, static_cast<const T*>(bias),
                  col.data, own.data);
      });
    }
  };
  const int64_t tasks = tiling.count() * p.groups;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

void convolve_input(const ConvolutionPlan& p, void* x, const void* y, const void* w,
                    bool accumulate) {
  if (p.dtype == DType::bfloat16) return PairConvolution{p}.convolve_input(x, y, w);
  if (Depthwise::covers(p)) return Depthwise{p}.convolve_input(x, y, w, accumulate);
  if (const auto winograd = Winograd::cheapest(p, ConvolutionProduct::input)) {
    return winograd->convolve_input(x, y, w, accumulate);
  }
  const Products products{p};
  const ConvolutionWeights left(products, w, true);
  // A task owns some channels of its images, so that no two write to one element.
  const int64_t blocks = products.blocks;
  const auto run = [&](int64_t begin, int64_t end) {
    const Scratch col(products.column_bytes()), own(products.y_bytes());
    for (int64_t task = begin; task < end; ++task)
      input_of(products, left, task / blocks / p.groups, task / blocks % p.groups,
               task % blocks * products.some, x, y, accumulate, col.data, own.data);
  };
  const int64_t tasks = products.tiling.groups() * p.groups * blocks;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

WENGERT_NAMESPACE_END
