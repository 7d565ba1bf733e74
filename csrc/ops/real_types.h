// Calling a generic function with a value of the C++ type behind a dtype.
#pragma once

#include <complex>

#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

// f(T{}) for the real dtype t that kernels compute in; bool is read as uint8.
template <class F>
void with_real_type(const char* op, DType t, F&& f) {
  switch (t) {
    case DType::bool_:
    case DType::uint8:
      f(uint8_t{});
      return;
    case DType::int8:
      f(int8_t{});
      return;
    case DType::int16:
      f(int16_t{});
      return;
    case DType::int32:
      f(int32_t{});
      return;
    case DType::int64:
      f(int64_t{});
      return;
    case DType::float32:
      f(float{});
      return;
    case DType::float64:
      f(double{});
      return;
    default:
      fail<NotImplementedError>(op, ": not available for dtype ", t);
  }
}
// The same for float32, float64, complex64 and complex128.
template <class F>
void with_inexact_type(const char* op, DType t, F&& f) {
  switch (t) {
    case DType::float32:
      f(float{});
      return;
    case DType::float64:
      f(double{});
      return;
    case DType::complex64:
      f(std::complex<float>{});
      return;
    case DType::complex128:
      f(std::complex<double>{});
      return;
    default:
      fail<NotImplementedError>(op, ": not available for dtype ", t);
  }
}
template <class F>
void with_float_type(const char* op, DType t, F&& f) {
  switch (t) {
    case DType::float32:
      f(float{});
      return;
    case DType::float64:
      f(double{});
      return;
    default:
      fail<NotImplementedError>(op, ": not available for dtype ", t);
  }
}

WENGERT_NAMESPACE_END
