// The text of convolutions, which lazy ones have before they know their input.
#pragma once

#include "nn/text.h"
#include "wengert/nn/convolution.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

template <size_t N>
std::string conv_text(int64_t in, int64_t out, const SizeOf<N>& size, const ConvOptions<N>& o) {
  Text text;
  text.add(in).add(out).add("kernel_size", size).add("stride", o.stride);
  if (!o.padding.name.empty()) {
    text.add("padding", o.padding.name);
  } else {
    text.add_unless(SizeOf<N>(0), "padding", static_cast<const SizeOf<N>&>(o.padding));
  }
  return text.add_unless(SizeOf<N>(1), "dilation", o.dilation)
      .add_unless(int64_t{1}, "groups", o.groups)
      .add_unless(true, "bias", o.bias)
      .add_unless(std::string("zeros"), "padding_mode", o.padding_mode);
}
template <size_t N>
std::string conv_text(int64_t in, int64_t out, const SizeOf<N>& size,
                      const ConvTransposeOptions<N>& o) {
  return Text()
      .add(in)
      .add(out)
      .add("kernel_size", size)
      .add("stride", o.stride)
      .add_unless(SizeOf<N>(0), "padding", o.padding)
      .add_unless(SizeOf<N>(1), "dilation", o.dilation)
      .add_unless(SizeOf<N>(0), "output_padding", o.output_padding)
      .add_unless(int64_t{1}, "groups", o.groups)
      .add_unless(true, "bias", o.bias);
}

}  // namespace nn
WENGERT_NAMESPACE_END
