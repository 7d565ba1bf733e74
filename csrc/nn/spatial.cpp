#include "wengert/nn/spatial.h"

#include "nn/text.h"
#include "wengert/nn/functional/spatial.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

Upsample::Upsample(const UpsampleOptions& o) : options(o) {}
Tensor Upsample::forward(const Tensor& input) {
  return functional::interpolate(input, {.size = options.size,
                                         .scale_factor = options.scale_factor,
                                         .mode = options.mode,
                                         .align_corners = options.align_corners,
                                         .recompute_scale_factor = options.recompute_scale_factor});
}
UpsamplingNearest2d::UpsamplingNearest2d(const UpsamplingNearest2dOptions& o)
    : Upsample({.size = o.size, .scale_factor = o.scale_factor}) {}
UpsamplingBilinear2d::UpsamplingBilinear2d(const UpsamplingBilinear2dOptions& o)
    : Upsample({.size = o.size,
                .scale_factor = o.scale_factor,
                .mode = "bilinear",
                .align_corners = true}) {}

PixelShuffle::PixelShuffle(int64_t factor) : upscale_factor(factor) {}
Tensor PixelShuffle::forward(const Tensor& input) { return pixel_shuffle(input, upscale_factor); }
PixelUnshuffle::PixelUnshuffle(int64_t factor) : downscale_factor(factor) {}
Tensor PixelUnshuffle::forward(const Tensor& input) {
  return pixel_unshuffle(input, downscale_factor);
}
ChannelShuffle::ChannelShuffle(int64_t n) : groups(n) {}
Tensor ChannelShuffle::forward(const Tensor& input) { return channel_shuffle(input, groups); }

Unfold::Unfold(Size2 size, const UnfoldOptions& o) : kernel_size(size), options(o) {}
Tensor Unfold::forward(const Tensor& input) {
  return unfold_windows(input, kernel_size, options.dilation, options.padding, options.stride);
}
Fold::Fold(Size2 out, Size2 size, const FoldOptions& o)
    : output_size(out), kernel_size(size), options(o) {}
Tensor Fold::forward(const Tensor& input) {
  return fold(input, output_size, kernel_size, options.dilation, options.padding, options.stride);
}

// ---- text

namespace {
template <class T>
std::string one_or_more(const OneOrMore<T>& values) {
  if (values.empty()) return "None";
  return values.size() == 1 ? text_of(values[0]) : tuple_text(values);
}
}  // namespace

std::string Upsample::extra_repr() const {
  const OneOrMore<double>& factor = options.scale_factor;
  Text text;
  if (factor.empty()) {
    text.add("size", one_or_more(options.size));
  } else {
    text.add("scale_factor", one_or_more(factor));
  }
  return text.add("mode", quoted(options.mode));
}
std::string PixelShuffle::extra_repr() const {
  return Text().add("upscale_factor", upscale_factor);
}
std::string PixelUnshuffle::extra_repr() const {
  return Text().add("downscale_factor", downscale_factor);
}
std::string ChannelShuffle::extra_repr() const { return Text().add("groups", groups); }
std::string Unfold::extra_repr() const {
  return Text()
      .add("kernel_size", as_given(kernel_size))
      .add("dilation", as_given(options.dilation))
      .add("padding", as_given(options.padding))
      .add("stride", as_given(options.stride));
}
std::string Fold::extra_repr() const {
  return Text()
      .add("output_size", as_given(output_size))
      .add("kernel_size", as_given(kernel_size))
      .add("dilation", as_given(options.dilation))
      .add("padding", as_given(options.padding))
      .add("stride", as_given(options.stride));
}

}  // namespace nn
WENGERT_NAMESPACE_END
