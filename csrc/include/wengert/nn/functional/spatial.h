// Functions of images. What is not said here stands in wengert/ops/nn.h.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "wengert/ops/nn.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::affine_grid;
using wengert::channel_shuffle;
using wengert::fold;
using wengert::grid_sample;
using wengert::pad;
using wengert::pixel_shuffle;
using wengert::pixel_unshuffle;

struct InterpolateOptions {
  // One of both, with one number for all spatial dimensions or one for each; sizes are then
  // floor(size * scale_factor).
  std::vector<int64_t> size = {};
  std::vector<double> scale_factor = {};
  // As of wengert::interpolate; align_corners is for the linear modes and "bicubic".
  std::string_view mode = "nearest";
  std::optional<bool> align_corners = {};
  // Whether outputs lie (input size / output size) apart, and not 1 / scale_factor.
  bool recompute_scale_factor = false;
  bool antialias = false;
};
// (N, C, ...) resampled. ValueError for options that exclude each other.
WENGERT_API Tensor interpolate(const Tensor& input, const InterpolateOptions& options);
// The windows of (N, C, H, W) or (C, H, W) as columns (N, C * taps, windows).
WENGERT_API Tensor unfold(const Tensor& input, Dims kernel_size, Dims dilation = {1},
                          Dims padding = {0}, Dims stride = {1});

}  // namespace nn::functional
WENGERT_NAMESPACE_END
