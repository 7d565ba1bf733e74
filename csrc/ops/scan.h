// What the gradients of running reductions are made of.
#pragma once

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

// y[0] = b[0], y[t] = a[t] y[t - 1] + b[t] along dim; a[0] is not read.
Tensor recurrence(const Tensor& a, const Tensor& b, int64_t dim);
// The elements along dim in reverse order.
Tensor reversed(const Tensor& t, int64_t dim);
// The elements one step later along dim: `first` comes in, the last falls out.
Tensor delayed(const Tensor& t, int64_t dim, double first);

WENGERT_NAMESPACE_END
