// Complex numbers: their parts, and tensors seen as pairs of real numbers.
#pragma once

#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

// The complex conjugate; a real tensor itself.
WENGERT_API Tensor conj(const Tensor& input);
// x / |x|, 0 at 0; the sign of real numbers.
WENGERT_API Tensor sgn(const Tensor& input);
// The angle in (-pi, pi]: 0 or pi for real numbers.
WENGERT_API Tensor angle(const Tensor& input);
// The parts of complex numbers, in a last dimension of size 2, and back; both share memory.
WENGERT_API Tensor view_as_real(const Tensor& input);
WENGERT_API Tensor view_as_complex(const Tensor& input);
// One part, sharing memory; the real part of a real tensor is itself.
WENGERT_API Tensor real(const Tensor& input);
WENGERT_API Tensor imag(const Tensor& input);
// real + imag i, and abs (cos(angle) + sin(angle) i), of float32 or float64.
WENGERT_API Tensor complex(const Tensor& real, const Tensor& imag);
WENGERT_API Tensor polar(const Tensor& abs, const Tensor& angle);

WENGERT_NAMESPACE_END
