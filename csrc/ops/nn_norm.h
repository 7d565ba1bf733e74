// What the normalisations of channels share.
#pragma once

#include <cstring>
#include <vector>

#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

// The dtype of the kernels for elements of dtype t.
inline DType normalized_as(DType t) { return t == DType::float64 ? t : DType::float32; }

// The n numbers of a vector, or so many of another where there is none.
inline std::vector<double> numbers(const Tensor& t, int64_t n, double otherwise) {
  std::vector<double> v(static_cast<size_t>(n), otherwise);
  if (!t.defined()) return v;
  const Tensor d = as_contiguous(t, DType::float64);
  std::memcpy(v.data(), d.data(), sizeof(double) * v.size());
  return v;
}
inline void put_numbers(const Tensor& to, const std::vector<double>& v) {
  const Tensor d = from_data(v.data(), {static_cast<int64_t>(v.size())}, DType::float64);
  copy_elements(*to.impl(), *d.impl());
}

// `t` (channels) with the shape to broadcast against a tensor (N, channels, ...).
inline Tensor per_channel(const Tensor& t, int64_t ndim) {
  Shape s;
  for (int64_t i = 0; i < ndim; ++i) s.push(i == 1 ? t.numel() : 1);
  return reshape(t, s);
}
// All dimensions but that of the channels.
inline std::vector<int64_t> dims_beside_channels(int64_t ndim) {
  std::vector<int64_t> dims;
  for (int64_t i = 0; i < ndim; ++i) {
    if (i != 1) dims.push_back(i);
  }
  return dims;
}

WENGERT_NAMESPACE_END
