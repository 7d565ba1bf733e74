// Operations of neural networks.
#pragma once

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Zeroes each element with probability p and scales the others by 1 / (1 - p); the input itself
// unless `training`.
WENGERT_API Tensor dropout(const Tensor& input, double p = 0.5, bool training = true,
                           Generator* generator = nullptr);

WENGERT_NAMESPACE_END
