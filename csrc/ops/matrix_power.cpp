#include "ops/autocast_to.h"
#include "ops/function.h"
#include "ops/op.h"
#include "wengert/autograd.h"
#include "wengert/ops/einsum.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The products take inputs of `low`, where it is given.
Tensor power_with(const Tensor& a, int64_t n, std::optional<DType> low) {
  const TensorImpl& x = *detail::input("matrix_power", a);
  WG_CHECK(x.ndim >= 2 && a.size(-1) == a.size(-2), Error,
           "matrix_power: expected square matrices, but got shape ", x.sizes());
  if (n == 0) return clone(expand(eye(a.size(-1), {}, x.dtype), x.sizes()));
  Tensor base = n < 0 ? linalg_inv(a) : a, power;
  const auto times = [&](const Tensor& b) {
    return matmul(autocast_to(b, low), autocast_to(base, low));
  };
  // Squares of squares; the magnitude of the least int64 has no int64.
  for (uint64_t left = n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n);;) {
    if (left & 1) power = power.defined() ? times(power) : base;
    left >>= 1;
    if (!left) break;
    base = times(base);
  }
  return power.is_same(a) ? clone(power) : power;
}

Tensor power_row(const Tensor& a, int64_t n) { return power_with(a, n, autocast_dtype()); }

constexpr Function rows[] = {
    make_function<power_row>("matrix_power", "input, n", kFunction | kMethod | kOut,
                             "The n-th power of square matrices; of their inverses where n is "
                             "negative",
                             "T((3, 3)), 3\nT((2, 3, 3)), 1", "np.linalg.matrix_power(input, n)"),
};

}  // namespace

Tensor matrix_power(const Tensor& input, int64_t n) { return power_with(input, n, std::nullopt); }

extern const FunctionTable matrix_power_functions;
const FunctionTable matrix_power_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
