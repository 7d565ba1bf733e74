// Random tensors. Where no generator is given the default one is used.
#pragma once

#include <optional>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// Uniform in [0, 1) and standard normal.
WENGERT_API Tensor rand(Dims shape, std::optional<DType> dtype = {}, Generator* generator = nullptr);
WENGERT_API Tensor randn(Dims shape, std::optional<DType> dtype = {}, Generator* generator = nullptr);
WENGERT_API Tensor& uniform_(Tensor& self, double from = 0, double to = 1, Generator* generator = nullptr);
WENGERT_API Tensor& normal_(Tensor& self, double mean = 0, double std = 1, Generator* generator = nullptr);

WENGERT_NAMESPACE_END
