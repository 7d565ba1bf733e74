// When Winograd's filtering pays.
#include <algorithm>
#include <cmath>

#include "kernels/gemm.h"
#include "kernels/winograd.h"
#include "ops/nn_winograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

bool covers(const ConvolutionPlan& p) {
  const kernels::Windows& w = p.windows;
  if (w.kernel[0] != 1 || w.in[0] != 1 || w.padding[0] != 0) return false;
  if (p.batch * p.in_channels * p.out_channels * w.volume() * w.positions() == 0) return false;
  for (int i = 1; i < 3; ++i) {
    if (w.kernel[i] != 3 || w.stride[i] != 1 || w.dilation[i] != 1 || w.padding[i] > 2)
      return false;
  }
  return true;
}

// Estimates in cycles of one group, from measurements with vectors of 512 bits. A register tile of
// a product takes as long as kTileSteps steps beside those of its sum.
constexpr double kTileSteps = 8;

double cost_of_tiles(const ConvolutionPlan& p, ConvolutionProduct product, int tile) {
  const auto lanes = static_cast<double>(kernels::winograd(compute_dtype(p.dtype), tile).lanes);
  const bool input = product == ConvolutionProduct::input;
  const int64_t* size = input ? p.windows.in : p.windows.out;
  const auto tiles =
      static_cast<double>(p.batch * ceil_div(size[1], tile) * ceil_div(size[2], tile));
  const auto channels = static_cast<double>(input ? p.out_channels : p.in_channels);
  const double from = std::ceil(channels / lanes);
  const double to = std::ceil(static_cast<double>(input ? p.in_channels : p.out_channels) / lanes);
  // For a vector of channels: of a tile to and from the transform, and of weights. Gradients come
  // from farther than the second-level cache.
  const double each = product == ConvolutionProduct::weight ? 1.6 : 1;
  const double conversions = is_half(p.dtype) ? 1.5 * tile * tile : 0;
  const double transforms = each * (tile == 4 ? 280 : 130) + conversions;
  const double weights = tile == 4 ? 130 : 70;
  const double matrices = (tile + 2) * (tile + 2);
  const double steps =
      product == ConvolutionProduct::weight
          ? tiles * channels +
                channels * kTileSteps *
                    std::ceil(tiles / static_cast<double>(Winograd::summed_tiles(p, tile)))
          : tiles * (channels + kTileSteps);
  const double call = 100 * matrices * std::ceil(tiles / Winograd::kTiles);
  return call + matrices * steps * to * 0.6 + tiles * transforms * (from + to) +
         weights * channels * to;
}

// By unfolding and one product. A vector's multiply-add takes half a cycle at best: few rows of the
// left factor do not reach that, nor does the gradient of the weights, for which both factors have
// to be turned (pairs are packed in any case).
double cost_of_unfolding(const ConvolutionPlan& p, ConvolutionProduct product) {
  const auto lanes = static_cast<double>(kernels::winograd(compute_dtype(p.dtype), 4).lanes);
  const auto positions = static_cast<double>(p.batch * p.windows.positions());
  const auto rows = static_cast<double>(p.rows());
  const int64_t left = product == ConvolutionProduct::input ? p.rows() : p.out_channels;
  double each = kernels::gemm_rows_size(p.dtype, left, 1) == 0 ? 0.9 : 0.62;
  if (product == ConvolutionProduct::weight) each = is_half(p.dtype) ? 0.9 : 1.3;
  if (is_half(p.dtype)) each /= kernels::gemm_speed(p.dtype);
  return positions / lanes * rows * (each * static_cast<double>(p.out_channels) + 5);
}

}  // namespace

int64_t Winograd::summed_tiles(const ConvolutionPlan& p, int tile) {
  constexpr int64_t kBytes = 1 << 20, kFewest = 64, kMost = 128;
  const DType dtype = compute_dtype(p.dtype);
  const int64_t lanes = kernels::winograd(dtype, tile).lanes;
  const int64_t channels =
      (ceil_div(p.in_channels, lanes) + ceil_div(p.out_channels, lanes)) * lanes;
  const int64_t each = (tile + 2) * (tile + 2) * channels * static_cast<int64_t>(item_size(dtype));
  return std::clamp(kBytes / each, kFewest, kMost);
}

int Winograd::tile_for(const ConvolutionPlan& p, ConvolutionProduct product) {
  if (!covers(p)) return 0;
  const double small = cost_of_tiles(p, product, 2), large = cost_of_tiles(p, product, 4);
  if (cost_of_unfolding(p, product) < std::min(small, large)) return 0;
  return small < large ? 2 : 4;
}

WENGERT_NAMESPACE_END
