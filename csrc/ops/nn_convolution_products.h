// What the products over a convolution share: how x and y are cut, and how their parts are read.
#pragma once

#include <cstring>

#include "kernels/gemm.h"
#include "ops/nn_convolution_tiles.h"
#include "ops/take.h"
#include "runtime/parallel.h"

WENGERT_NAMESPACE_BEGIN

// The products over one plan: what they share.
struct ConvolutionProducts {
  // Bytes of an unfolded tile: a quarter of a usual second-level cache. While it is multiplied, a
  // third of that cache is fetched.
  static constexpr int64_t kTileBytes = 512 * 1024, kFetchBytes = 704 * 1024;
  // A left factor of so few rows and columns does not pay for panels of the right one.
  static constexpr int64_t kFewRows = 168, kFewColumns = 128;

  const ConvolutionPlan& p;
  const Tiling::Along along = Tiling::Along::columns;
  const int64_t positions = p.windows.positions(), volume = p.windows.volume();
  const int64_t taps = p.windows.taps(), rows = p.rows();
  const Tiling tiling{p.batch, positions, along};
  // Channels that are unfolded at once, and how often there are as many.
  const int64_t some =
      std::clamp<int64_t>(kTileBytes / (std::max<int64_t>(taps * tiling.columns(), 1) * p.item()),
                          1, std::max<int64_t>(p.in_channels, 1));
  const int64_t blocks = ceil_div(p.in_channels, some);
  // Channels of y that are multiplied at once.
  const int64_t depth =
      std::max<int64_t>(
          kTileBytes / (std::max<int64_t>(tiling.columns(), 1) * p.item()) / kernels::kGemmBlockK,
          1) *
      kernels::kGemmBlockK;
  // y as the volume of a convolution: each position is its own window.
  const ConvolutionPlan grid{
      p.dtype,  p.batch,
      p.groups, p.out_channels,
      0,        {{1, 1, positions}, {1, 1, positions}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}}};

  // Whether a right factor that stands in one image is read there.
  static bool in_place(const Tile& t, const kernels::Gemm& g) {
    return t.images == 1 && (!g.panels_a || (g.m <= kFewRows && g.k <= kFewColumns));
  }
  // A tile is written where it stands if it is its own unfolding.
  bool stands_in_x(const Tile& t) const { return t.images == 1 && p.pointwise(); }
  int64_t column_bytes() const { return panel_bytes(some * taps); }
  int64_t panel_bytes(int64_t k) const {
    return kernels::gemm_panels_size(p.dtype, tiling.columns(), k) * p.item();
  }
  int64_t gathered_bytes() const {
    return tiling.at(0, 0).images > 1 ? p.out_channels * tiling.columns() * p.item() : 0;
  }
  // Memory for the right factor that is made of y: in panels, or gathered.
  int64_t y_bytes() const {
    return std::max(panel_bytes(std::min(depth, p.out_channels)), gathered_bytes());
  }
  int64_t channels_from(int64_t channel) const { return std::min(some, p.in_channels - channel); }

  // Elements [begin, end) of some channels of images, of x or, with its own plan, of y.
  static kernels::Fetch region(const ConvolutionPlan& plan, const void* x, int64_t image,
                               int64_t images, int64_t group, int64_t channel, int64_t channels,
                               int64_t begin, int64_t end);
  // What the tile after t sees, if it is of the same channels; `from` and `to` are what t sees.
  kernels::Fetch after(const ConvolutionPlan& plan, const void* x, const Tile& t, int64_t group,
                       int64_t channel, int64_t channels, int64_t from, int64_t to) const;

  kernels::Gemm product(int64_t m, int64_t n, int64_t k) const {
    kernels::Gemm g;
    g.dtype = p.dtype;
    g.m = m;
    g.n = n;
    g.k = k;
    return g;
  }
  // Calls copy(row of y, offset, bytes) for the rows of y in a tile: where each stands, and its
  // bytes in a dense matrix of them.
  template <class Copy>
  void for_rows(const Tile& t, int64_t group, const void* y, const Copy& copy) const {
    for (int64_t i = 0; i < t.images; ++i) {
      for (int64_t r = 0; r < p.out_channels; ++r)
        copy(p.at(p.y_at(y, t.image + i, group), r * positions + t.begin),
             (r * t.images + i) * t.length() * p.item(),
             static_cast<size_t>(t.length() * p.item()));
    }
  }
  // y as a factor: where it stands, or gathered from several images.
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
};

// The weights as the left factor of every product, for the channels of each block: W, or its
// transpose. Rows are packed once if they are many and read often.
class ConvolutionWeights {
 public:
  ConvolutionWeights(const ConvolutionProducts& s, const void* w, bool turned);

  // m, k and A for the block of channels that begins with `channel`.
  kernels::Gemm product(int64_t group, int64_t channel) const;

 private:
  kernels::Gemm unpacked(int64_t group, int64_t channel) const;
  int64_t size_of(const kernels::Gemm& g) const;
  void* at(int64_t group, int64_t block) const;

  const ConvolutionProducts& s_;
  const void* w_;
  bool turned_;
  int64_t size_;  // of a packed block
  runtime::Scratch packed_;
};

// Adds up arrays of `count` elements that stand one after the other, into the first one:
// done(begin, n, sum) is called with each n elements of the sum while they are in the first-level
// cache.
template <class F>
void sum_parts(DType dtype, int64_t count, int64_t parts, void* sums, F&& done) {
  constexpr int64_t kPiece = 4096;
  const auto item = static_cast<int64_t>(item_size(dtype));
  runtime::parallel_for(ceil_div(count, kPiece), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kPiece; i < std::min(end * kPiece, count); i += kPiece) {
      const int64_t n = std::min(kPiece, count - i);
      char* const sum = static_cast<char*>(sums) + i * item;
      for (int64_t part = 1; part < parts; ++part)
        add_elements(dtype, n, sum, sum + part * count * item);
      done(i, n, sum);
    }
  });
}

WENGERT_NAMESPACE_END
