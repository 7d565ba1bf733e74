// Convolutions. What is not said here stands in wengert/ops/nn.h.
#pragma once

#include "wengert/nn/size.h"
#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::conv_tbc;
using wengert::conv_transpose1d;
using wengert::conv_transpose2d;
using wengert::conv_transpose3d;

// Cross-correlation of (N, C, ...) or (C, ...) with (out, C / groups, ...); the padding may be
// "same" (the output has the input's size) or "valid" (none).
WENGERT_API Tensor conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                          Size1 stride = 1, const PaddingOf<1>& padding = 0, Size1 dilation = 1,
                          int64_t groups = 1);
WENGERT_API Tensor conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                          Size2 stride = 1, const PaddingOf<2>& padding = 0, Size2 dilation = 1,
                          int64_t groups = 1);
WENGERT_API Tensor conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                          Size3 stride = 1, const PaddingOf<3>& padding = 0, Size3 dilation = 1,
                          int64_t groups = 1);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
