#include "ops/nn_convolution_products.h"

#include "runtime/parallel.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {
// Weights that are read for so few tiles are packed by their products, in the first-level cache.
constexpr int64_t kFewTiles = 4;
}  // namespace

kernels::Fetch ConvolutionProducts::region(const ConvolutionPlan& plan, const void* x,
                                           int64_t image, int64_t images, int64_t group,
                                           int64_t channel, int64_t channels, int64_t begin,
                                           int64_t end) {
  const kernels::Windows& w = plan.windows;
  const int64_t item = plan.item(), size = w.volume(), line = w.in[2], step = w.stride[1];
  if (size == 0) return {};
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

ConvolutionWeights::ConvolutionWeights(const ConvolutionProducts& s, const void* w, bool turned)
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

kernels::Gemm ConvolutionWeights::product(int64_t group, int64_t channel) const {
  kernels::Gemm g = unpacked(group, channel);
  g.panels_a = size_of(g) > 0;
  if (g.panels_a) g.a = at(group, channel / s_.some);
  return g;
}

kernels::Gemm ConvolutionWeights::unpacked(int64_t group, int64_t channel) const {
  const int64_t some = s_.channels_from(channel) * s_.taps;
  kernels::Gemm g =
      turned_ ? s_.product(some, 0, s_.p.out_channels) : s_.product(s_.p.out_channels, 0, some);
  g.transpose_a = turned_;
  g.a = s_.p.at(w_, group * s_.p.out_channels * s_.rows + channel * s_.taps);
  g.lda = s_.rows;
  return g;
}

int64_t ConvolutionWeights::size_of(const kernels::Gemm& g) const {
  return s_.tiling.count() > kFewTiles ? kernels::gemm_rows_size(g.dtype, g.m, g.k) : 0;
}

void* ConvolutionWeights::at(int64_t group, int64_t block) const {
  return s_.p.at(packed_.data, (group * s_.blocks + block) * size_);
}

WENGERT_NAMESPACE_END
