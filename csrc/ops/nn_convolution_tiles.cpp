#include "ops/nn_convolution_tiles.h"

#include "kernels/gemm.h"

WENGERT_NAMESPACE_BEGIN

namespace {
// Columns of a tile, if an image or several have as many.
constexpr int64_t kTileColumns = kernels::kGemmBlockK;
// Bytes of the images that are fetched before they are needed.
constexpr int64_t kFetched = 4096;
}  // namespace

Tiling::Tiling(int64_t batch, int64_t positions, Along along)
    : batch_(batch), positions_(positions) {
  images_ = std::clamp<int64_t>(kTileColumns / std::max<int64_t>(positions, 1), 1,
                                std::max<int64_t>(batch, 1));
  // Whole panels, or at most one block of a product's sum.
  const int64_t unit = along == Along::columns ? 32 : 8;
  const int64_t parts = along == Along::columns ? std::max<int64_t>(positions / kTileColumns, 1)
                                                : ceil_div(positions, kTileColumns);
  length_ =
      images_ > 1 || positions == 0 ? positions : ceil_div(ceil_div(positions, parts), unit) * unit;
  parts_ = positions == 0 ? 0 : ceil_div(positions, std::max<int64_t>(length_, 1));
}

Unfolding::Unfolding(const ConvolutionPlan& p, const Tile& t, int64_t group, Layout layout)
    : p_(p),
      kernel_(kernels::convolution(p.dtype)),
      tile_(t),
      group_(group),
      pairs_(layout == Layout::pairs),
      strips_(p.windows, t.images, p.groups * p.in_channels * p.windows.volume(), t.begin, t.end,
              layout == Layout::rows ? t.columns() : kernels::gemm_panel_columns(p.dtype),
              layout == Layout::panels ? kernels::gemm_panels_size(p.dtype, 1, 1)
              : pairs_                 ? kernels::gemm_panel_columns(p.dtype)
                                       : t.columns(),
              pairs_),
      stands_(layout == Layout::panels && t.images == 1 && p.pointwise()),
      memory_(strips_.direct() ? 0 : strips_.channel() * p.item() * (pairs_ ? 2 : 1)) {
  clear();
}

void Unfolding::clear() const { std::memset(memory_.data, 0, memory_.bytes); }

void* Unfolding::image_at(const void* x, int64_t image, int64_t channel) const {
  return p_.x_at(x, tile_.image + image, group_, channel);
}

void Unfolding::read(void* col, const void* x, int64_t channel, int64_t channels) const {
  const int64_t taps = p_.windows.taps(), rows = channels * taps, volume = p_.windows.volume();
  if (pairs_) return read_pairs(col, x, channel, channels);
  if (stands_) {
    kernels::Gemm g;
    g.dtype = p_.dtype;
    g.n = tile_.columns();
    g.k = channels;
    g.b = p_.at(image_at(x, 0, channel), tile_.begin);
    g.ldb = volume;
    return kernels::gemm_pack(g, col);
  }
  const kernels::StripRuns runs = strips_.runs();
  if (strips_.direct() && taps == 1) return read_taps(col, x, channel, channels);
  if (strips_.direct()) {
    const int64_t ahead = std::max<int64_t>(kFetched / (tile_.length() * p_.item()), 1) * volume;
    for (int64_t c = 0; c < channels; ++c)
      kernel_.unfold(runs, col, rows, c * taps, image_at(x, 0, channel + c), ahead);
    return;
  }
  const kernels::StripLines lines = strips_.lines();
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < tile_.images; ++i)
      kernel_.fill(lines, p_.at(memory_.data, i * strips_.image()), image_at(x, i, channel + c),
                   volume);
    kernel_.unfold(runs, col, rows, c * taps, memory_.data, 0);
  }
}

void Unfolding::read_taps(void* col, const void* x, int64_t channel, int64_t channels) const {
  constexpr int64_t kTogether = 16;
  kernels::StripRuns runs = strips_.runs();
  int64_t places[kTogether];
  for (int64_t c = 0; c < kTogether; ++c) places[c] = runs.tap[0] + c * p_.windows.volume();
  runs.tap = places;
  for (int64_t c = 0; c < channels; c += kTogether) {
    runs.taps = std::min(kTogether, channels - c);
    kernel_.unfold(runs, col, channels, c, image_at(x, 0, channel + c), 0);
  }
}

void Unfolding::read_pairs(void* col, const void* x, int64_t channel, int64_t channels) const {
  const int64_t taps = p_.windows.taps(), volume = p_.windows.volume();
  const int64_t used = ceil_div(channels, 2) * taps;
  // A tile of a product has as many pairs of rows as columns.
  const int64_t columns = kernels::gemm_panel_columns(p_.dtype);
  const int64_t rows = ceil_div(used, columns) * columns;
  const kernels::StripRuns runs = strips_.runs();
  const kernels::StripLines lines = strips_.lines();
  for (int64_t c = 0; c < channels; c += 2) {
    for (int64_t i = 0; i < tile_.images; ++i)
      kernel_.fill_pairs(lines, p_.at(memory_.data, 2 * i * strips_.image()),
                         image_at(x, i, channel + c), c + 1 < channels ? volume : 0,
                         c + 2 < channels ? 2 * volume : 0);
    kernels::convolution(DType::float32).unfold(runs, col, rows, c / 2 * taps, memory_.data, 0);
  }
  // What is beside the rows meets weights of zero, and must be finite.
  for (int64_t n = 0; used < rows && n < tile_.columns(); n += columns)
    std::memset(p_.at(col, 2 * (n * rows + used * columns)), 0,
                static_cast<size_t>(2 * (rows - used) * columns * p_.item()));
}

void Unfolding::add(void* x, const void* col, int64_t channel, int64_t channels, int64_t begin,
                    int64_t end) const {
  const int64_t taps = p_.windows.taps(), rows = channels * taps, volume = p_.windows.volume();
  const kernels::StripRuns runs = strips_.runs();
  const kernels::StripLines lines = strips_.lines();
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < tile_.images && begin < end; ++i)
      std::memset(p_.at(image_at(x, i, channel + c), begin), 0,
                  static_cast<size_t>((end - begin) * p_.item()));
    if (strips_.direct()) {
      kernel_.fold(runs, image_at(x, 0, channel + c), col, rows, c * taps);
      continue;
    }
    clear();
    kernel_.fold(runs, memory_.data, col, rows, c * taps);
    for (int64_t i = 0; i < tile_.images; ++i)
      kernel_.drain(lines, image_at(x, i, channel + c), p_.at(memory_.data, i * strips_.image()),
                    volume);
  }
}

WENGERT_NAMESPACE_END
