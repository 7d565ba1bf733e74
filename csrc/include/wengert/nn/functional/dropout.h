// Dropout.
#pragma once

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::dropout;
// Dropout of whole channels of (N, C, L) or (C, L); of (N, C, *); of (N, C, D, H, W) or
// (C, D, H, W).
WENGERT_API Tensor dropout1d(const Tensor& input, double p = 0.5, bool training = true);
WENGERT_API Tensor dropout2d(const Tensor& input, double p = 0.5, bool training = true);
WENGERT_API Tensor dropout3d(const Tensor& input, double p = 0.5, bool training = true);
// Dropout to the negative limit of SELU that keeps mean 0 and variance 1 (Klambauer et al., 2017),
// and that of whole channels of (N, C, *).
WENGERT_API Tensor alpha_dropout(const Tensor& input, double p = 0.5, bool training = false);
WENGERT_API Tensor feature_alpha_dropout(const Tensor& input, double p = 0.5,
                                         bool training = false);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
