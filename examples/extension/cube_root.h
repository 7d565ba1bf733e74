// The real cube root of every element, with gradients of every order.
#pragma once

#include <wengert/wengert.h>

// Of a float32 or float64 tensor; TypeError for other dtypes.
wengert::Tensor cube_root(const wengert::Tensor& input);
