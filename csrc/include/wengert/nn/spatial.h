// Layers of images: other resolutions, other orders, windows.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "wengert/nn/module.h"
#include "wengert/nn/size.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// One value for all dimensions, or one for each.
template <class T>
struct OneOrMore : std::vector<T> {
  OneOrMore() = default;
  OneOrMore(T value) : std::vector<T>{value} {}
  OneOrMore(std::initializer_list<T> values) : std::vector<T>(values) {}
};

struct UpsampleOptions {
  // One of both: sizes, or factors.
  OneOrMore<int64_t> size = {};
  OneOrMore<double> scale_factor = {};
  std::string mode = "nearest";
  std::optional<bool> align_corners = {};
  bool recompute_scale_factor = false;
};
// (N, C, ...) resampled as nn::functional::interpolate does.
class WENGERT_API Upsample : public Module {
 public:
  explicit Upsample(const UpsampleOptions& options);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<Upsample>(options); }
  const UpsampleOptions options;
};

struct UpsamplingOptions {
  OneOrMore<int64_t> size = {};
  OneOrMore<double> scale_factor = {};
};
using UpsamplingNearest2dOptions = UpsamplingOptions;
using UpsamplingBilinear2dOptions = UpsamplingOptions;
class WENGERT_API UpsamplingNearest2d : public Upsample {
 public:
  explicit UpsamplingNearest2d(const UpsamplingNearest2dOptions& options);
  std::shared_ptr<Module> make_like() const override {
    return make<UpsamplingNearest2d>(
        UpsamplingNearest2dOptions{.size = options.size, .scale_factor = options.scale_factor});
  }
};
// With aligned corners.
class WENGERT_API UpsamplingBilinear2d : public Upsample {
 public:
  explicit UpsamplingBilinear2d(const UpsamplingBilinear2dOptions& options);
  std::shared_ptr<Module> make_like() const override {
    return make<UpsamplingBilinear2d>(
        UpsamplingBilinear2dOptions{.size = options.size, .scale_factor = options.scale_factor});
  }
};

// (*, C r r, H, W) to (*, C, H r, W r), and back.
class WENGERT_API PixelShuffle : public Module {
 public:
  explicit PixelShuffle(int64_t upscale_factor);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<PixelShuffle>(upscale_factor); }
  const int64_t upscale_factor;
};
class WENGERT_API PixelUnshuffle : public Module {
 public:
  explicit PixelUnshuffle(int64_t downscale_factor);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<PixelUnshuffle>(downscale_factor);
  }
  const int64_t downscale_factor;
};
// The channels of (N, C, *), those of each group side by side, interleaved.
class WENGERT_API ChannelShuffle : public Module {
 public:
  explicit ChannelShuffle(int64_t groups);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<ChannelShuffle>(groups); }
  const int64_t groups;
};

struct UnfoldOptions {
  Size2 dilation = 1, padding = 0, stride = 1;
};
using FoldOptions = UnfoldOptions;
// The windows of (N, C, H, W) or (C, H, W) as columns (N, C * taps, windows).
class WENGERT_API Unfold : public Module {
 public:
  explicit Unfold(Size2 kernel_size, const UnfoldOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<Unfold>(kernel_size, options); }
  const Size2 kernel_size;
  const UnfoldOptions options;
};
// The adjoint: such columns added up to planes of output_size.
class WENGERT_API Fold : public Module {
 public:
  Fold(Size2 output_size, Size2 kernel_size, const FoldOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<Fold>(output_size, kernel_size, options);
  }
  const Size2 output_size, kernel_size;
  const FoldOptions options;
};

}  // namespace nn
WENGERT_NAMESPACE_END
