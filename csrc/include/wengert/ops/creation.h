// Making tensors.
#pragma once

#include <optional>

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

WENGERT_API Tensor empty(Dims shape, std::optional<DType> dtype = {});  // uninitialised
WENGERT_API Tensor zeros(Dims shape, std::optional<DType> dtype = {});
WENGERT_API Tensor ones(Dims shape, std::optional<DType> dtype = {});
// The dtype of `value` where none is given.
WENGERT_API Tensor full(Dims shape, Scalar value, std::optional<DType> dtype = {});
WENGERT_API Tensor empty_like(const Tensor& input, std::optional<DType> dtype = {});
WENGERT_API Tensor zeros_like(const Tensor& input, std::optional<DType> dtype = {});
WENGERT_API Tensor ones_like(const Tensor& input, std::optional<DType> dtype = {});
WENGERT_API Tensor full_like(const Tensor& input, Scalar value, std::optional<DType> dtype = {});
// start, start + step, ... below end (above it for a negative step).
WENGERT_API Tensor arange(Scalar start, Scalar end, Scalar step = 1,
                          std::optional<DType> dtype = {});
WENGERT_API Tensor linspace(double start, double end, int64_t steps,
                            std::optional<DType> dtype = {});
WENGERT_API Tensor eye(int64_t n, std::optional<int64_t> m = {}, std::optional<DType> dtype = {});
// A 0-d tensor.
WENGERT_API Tensor scalar(Scalar value, std::optional<DType> dtype = {});
// Copies row-major elements of `dtype` from memory.
WENGERT_API Tensor from_data(const void* data, Dims shape, DType dtype);
inline Tensor tensor(std::initializer_list<float> values) {
  return from_data(values.begin(), {static_cast<int64_t>(values.size())}, DType::float32);
}
inline Tensor tensor(std::initializer_list<double> values) {
  return from_data(values.begin(), {static_cast<int64_t>(values.size())}, DType::float64);
}
inline Tensor tensor(std::initializer_list<int64_t> values) {
  return from_data(values.begin(), {static_cast<int64_t>(values.size())}, DType::int64);
}
// Memory that stays the caller's: release(context) is called when the last tensor over it is gone.
// Strides in elements; empty for row-major.
WENGERT_API Tensor from_blob(void* data, Dims shape, DType dtype, Dims strides = {},
                             void (*release)(void*) = nullptr, void* context = nullptr);

// ---- copies and conversions (differentiable)
WENGERT_API Tensor clone(const Tensor& input);
WENGERT_API Tensor contiguous(const Tensor& input);
WENGERT_API Tensor to(const Tensor& input, DType dtype);  // input itself if it has that dtype
// Replaces the elements of self with those of src, converted and broadcast.
WENGERT_API Tensor& copy_(Tensor& self, const Tensor& src);
WENGERT_API Tensor& fill_(Tensor& self, Scalar value);
WENGERT_API Tensor& zero_(Tensor& self);

WENGERT_NAMESPACE_END
