// When Winograd's filtering pays.
#include <algorithm>
#include <cmath>

#include "kernels/gemm.h"
#include "ops/nn_winograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using kernels::WinogradForm;

bool covers(const ConvolutionPlan& p, ConvolutionProduct product) {
  const kernels::Windows& w = p.windows;
  const int64_t stride = w.stride[1];
  if (w.kernel[0] != 1 || w.in[0] != 1 || w.padding[0] != 0) return false;
  if (p.batch * p.in_channels * p.out_channels * w.volume() * w.positions() == 0) return false;
  if (stride > 2 || (stride == 2 && is_half(p.dtype))) return false;
  for (int i = 1; i < 3; ++i) {
    if (w.kernel[i] != 3 || w.stride[i] != stride || w.dilation[i] != 1 || w.padding[i] > 2)
      return false;
    if (stride == 2 && product == ConvolutionProduct::input && w.padding[i] != 1) return false;
  }
  return true;
}

// Estimates in cycles of one group, from measurements with vectors of 512 bits. A register tile of
// a product takes as long as kTileSteps steps beside those of its sum.
constexpr double kTileSteps = 8;

// Of a vector of channels: of a tile to and from the transforms, and of the weights.
struct TransformCycles {
  double from, to, weight;
};
TransformCycles transform_cycles(const ConvolutionPlan& p, ConvolutionProduct product,
                                 const WinogradForm& form) {
  if (form.strided) {
    if (product == ConvolutionProduct::input) return {600, 830, 220};
    if (product == ConvolutionProduct::weight) return {1020, 420, 220};
    return {1050, 300, 220};
  }
  // Gradients come from farther than the second-level cache.
  const double each = product == ConvolutionProduct::weight ? 1.6 : 1;
  const double conversions = is_half(p.dtype) ? 1.5 * form.tile * form.tile : 0;
  const double tile = each * (form.tile == 4 ? 280 : 130) + conversions;
  return {tile, tile, form.tile == 4 ? 130.0 : 70.0};
}

double cost_of_tiles(const ConvolutionPlan& p, ConvolutionProduct product,
                     const WinogradForm& form) {
  const int step = form.result_step();
  const auto lanes = static_cast<double>(kernels::winograd(compute_dtype(p.dtype), form).lanes);
  const bool input = product == ConvolutionProduct::input;
  const int64_t* size = input ? p.windows.in : p.windows.out;
  const auto tiles =
      static_cast<double>(p.batch * ceil_div(size[1], step) * ceil_div(size[2], step));
  const auto channels = static_cast<double>(input ? p.out_channels : p.in_channels);
  const double from = std::ceil(channels / lanes);
  const double to = std::ceil(static_cast<double>(input ? p.in_channels : p.out_channels) / lanes);
  const double matrices = form.matrices();
  const double steps =
      product == ConvolutionProduct::weight
          ? tiles * channels +
                channels * kTileSteps *
                    std::ceil(tiles / static_cast<double>(Winograd::summed_tiles(p, form)))
          : tiles * (channels + kTileSteps);
  const double call = 100 * form.weight_matrices() *
                      std::ceil(tiles / static_cast<double>(Winograd::tiles_together(form)));
  const double step_cycles = form.strided ? 0.53 : 0.6;
  const TransformCycles cycles = transform_cycles(p, product, form);
  return call + matrices * steps * to * step_cycles +
         tiles * (cycles.from * from + cycles.to * to) + cycles.weight * channels * to;
}

// By unfolding and one product. A vector's multiply-add takes half a cycle at best: few rows of the
// left factor do not reach that, nor does the gradient of the weights, for which both factors have
// to be turned (pairs are packed in any case).
double cost_of_unfolding(const ConvolutionPlan& p, ConvolutionProduct product) {
  const auto lanes = static_cast<double>(kernels::winograd(compute_dtype(p.dtype), {4}).lanes);
  const auto positions = static_cast<double>(p.batch * p.windows.positions());
  const auto rows = static_cast<double>(p.rows());
  const int64_t left = product == ConvolutionProduct::input ? p.rows() : p.out_channels;
  double each = kernels::gemm_rows_size(p.dtype, left, 1) == 0 ? 0.9 : 0.62;
  if (product == ConvolutionProduct::weight) each = is_half(p.dtype) ? 0.9 : 1.3;
  if (is_half(p.dtype)) each /= kernels::gemm_speed(p.dtype);
  if (p.windows.stride[2] > 1) {
    constexpr double kRun[] = {8, 17, 13};  // a vector of one line of results, by product
    const double run = kRun[static_cast<int>(product)];
    const double runs = static_cast<double>(p.batch * p.windows.out[1]) *
                        std::ceil(static_cast<double>(p.windows.out[2]) / lanes);
    const double products = 0.6 * static_cast<double>(p.out_channels);
    return rows * (runs * run + positions / lanes * products);
  }
  return positions / lanes * rows * (each * static_cast<double>(p.out_channels) + 5);
}

}  // namespace

int64_t Winograd::summed_tiles(const ConvolutionPlan& p, const WinogradForm& form) {
  constexpr int64_t kBytes = 1 << 20, kMost = 128;
  const int64_t fewest = form.strided ? 56 : 64;
  const DType dtype = compute_dtype(p.dtype);
  const int64_t lanes = kernels::winograd(dtype, form).lanes;
  const int64_t channels =
      (ceil_div(p.in_channels, lanes) + ceil_div(p.out_channels, lanes)) * lanes;
  const int64_t each = form.matrices() * channels * static_cast<int64_t>(item_size(dtype));
  return std::clamp(kBytes / each, fewest, kMost);
}

std::optional<Winograd> Winograd::cheapest(const ConvolutionPlan& p, ConvolutionProduct product) {
  if (!covers(p, product)) return {};
  WinogradForm form{4};
  double cost;
  if (p.windows.stride[1] == 2) {
    form = {4, true, product == ConvolutionProduct::input};
    cost = cost_of_tiles(p, product, form);
  } else {
    cost = cost_of_tiles(p, product, form);
    if (const double small = cost_of_tiles(p, product, {2}); small < cost) {
      form = {2};
      cost = small;
    }
  }
  if (cost_of_unfolding(p, product) < cost) return {};
  return Winograd{p, form};
}

WENGERT_NAMESPACE_END
