// Linear maps.
#pragma once

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::linear;
using wengert::quantize_weight;
using wengert::quantized_linear;
// y_k = x1^T W_k x2 + b_k of (*, in1) and (*, in2), for a weight (out, in1, in2) and a bias (out),
// which may be undefined.
WENGERT_API Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                            const Tensor& bias = {});

}  // namespace nn::functional
WENGERT_NAMESPACE_END
