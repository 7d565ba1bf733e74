#include "ops/nn_convolution_tiles.h"

#include "kernels/gemm.h"

WENGERT_NAMESPACE_BEGIN

namespace {
// Columns of a tile, if an image or several have as many.
constexpr int64_t kTileColumns = 256;
}  // namespace

Tiling::Tiling(int64_t batch, int64_t positions) : batch_(batch), positions_(positions) {
  images_ = std::clamp<int64_t>(kTileColumns / std::max<int64_t>(positions, 1), 1,
                                std::max<int64_t>(batch, 1));
  constexpr int64_t kUnit = 32;
  const int64_t parts = std::max<int64_t>(positions / kTileColumns, 1);
  length_ = images_ > 1 ? positions : ceil_div(ceil_div(positions, parts), kUnit) * kUnit;
  parts_ = positions == 0 ? 0 : ceil_div(positions, std::max<int64_t>(length_, 1));
}

Unfolding::Unfolding(const ConvolutionPlan& p, const Tile& t, int64_t group, int64_t most_channels,
                     Layout layout)
    : p_(p),
      kernel_(kernels::convolution(p.dtype)),
      tile_(t),
      group_(group),
      layout_(layout),
      panel_(layout == Layout::panels ? kernels::gemm_panel_columns(p.dtype) : t.columns()),
      strips_(p.windows, t.images, p.groups * p.in_channels * p.windows.volume(), t.begin, t.end,
              panel_),
      memory_(strips_.direct() ? 0 : most_channels * strips_.channel() * p.item()) {}

void* Unfolding::image_at(const void* x, int64_t image, int64_t channel) const {
  return p_.x_at(x, tile_.image + image, group_, channel);
}

void* Unfolding::strip_at(const void* x, int64_t channel, int64_t c) const {
  return strips_.direct() ? image_at(x, 0, channel + c)
                          : p_.at(memory_.data, c * strips_.channel());
}

template <class F>
void Unfolding::for_images(const void* x, int64_t channel, int64_t channels, const F& f) const {
  if (strips_.direct()) return;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < tile_.images; ++i)
      f(p_.at(strip_at(x, channel, c), i * strips_.image()), image_at(x, i, channel + c));
  }
}

template <class F>
void Unfolding::for_panels(const void* col, const void* x, int64_t channel, int64_t channels,
                           const F& f) const {
  const int64_t columns = tile_.columns(), taps = p_.windows.taps();
  for (int64_t j = 0; j < columns; j += panel_) {
    const int64_t left = std::min(panel_, columns - j);
    const int64_t ld =
        layout_ == Layout::panels ? kernels::gemm_panels_size(p_.dtype, left, 1) : left;
    const kernels::StripRuns runs = strips_.runs(j / panel_);
    for (int64_t c = 0; c < channels; ++c)
      f(runs, p_.at(col, j * channels * taps + c * taps * ld), ld, strip_at(x, channel, c));
  }
}

void Unfolding::read(void* col, const void* x, int64_t channel, int64_t channels) const {
  const kernels::StripLines lines = strips_.lines();
  for_images(x, channel, channels,
             [&](void* strip, const void* image) { kernel_.fill(lines, strip, image); });
  for_panels(col, x, channel, channels,
             [&](const kernels::StripRuns& runs, void* part, int64_t ld, const void* strip) {
               kernel_.unfold(runs, part, ld, strip);
             });
}

void Unfolding::add(void* x, const void* col, int64_t channel, int64_t channels) const {
  if (!strips_.direct())
    std::memset(memory_.data, 0, static_cast<size_t>(channels * strips_.channel() * p_.item()));
  for_panels(col, x, channel, channels,
             [&](const kernels::StripRuns& runs, const void* part, int64_t ld, void* strip) {
               kernel_.fold(runs, strip, part, ld);
             });
  const kernels::StripLines lines = strips_.lines();
  for_images(x, channel, channels,
             [&](const void* strip, void* image) { kernel_.drain(lines, image, strip); });
}

WENGERT_NAMESPACE_END
