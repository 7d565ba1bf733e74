#include "ops/function.h"
#include "ops/op.h"
#include "wengert/ops/einsum.h"

WENGERT_NAMESPACE_BEGIN

Tensor vander(const Tensor& x, std::optional<int64_t> N, bool increasing) {
  const TensorImpl& v = *detail::input("vander", x);
  WG_CHECK(v.ndim == 1, Error, "vander: expected a vector, but got shape ", v.sizes());
  const int64_t n = N.value_or(v.numel);
  WG_CHECK(n >= 0, Error, "vander: N must not be negative, but is ", n);
  return pow(unsqueeze(x, 1), increasing ? arange(0, n) : arange(n - 1, -1, -1));
}

Tensor linalg_vander(const Tensor& x, std::optional<int64_t> N) {
  const TensorImpl& v = *detail::input("linalg.vander", x);
  WG_CHECK(!N || *N > 1, Error, "linalg.vander: expected N to be greater than 1, but it is ", *N);
  WG_CHECK(v.ndim > 0, Error, "linalg.vander: expected at least one dimension");
  const int64_t n = N.value_or(x.size(-1));
  // Integers as sums of them are.
  const DType kind = is_integral(v.dtype) ? DType::int64 : v.dtype;
  std::vector<int64_t> one = x.shape().vec(), all = x.shape().vec();
  one.push_back(1);
  all.push_back(n - 1);
  const Tensor powers = expand(to(unsqueeze(x, -1), kind), all);
  return cat({ones(one, kind), cumprod(powers, -1)}, -1);
}

namespace {

constexpr Function rows[] = {
    make_function<vander>("vander", "x, N=None, increasing=False", kFunction,
                          "The matrix whose columns are the powers of a vector, falling unless "
                          "increasing",
                          "T((4,), 0.5, 2)\nT((3,), 0.5, 2), 2, True",
                          "np.vander(x, N, increasing)"),
    make_function<linalg_vander>("_linalg_vander", "x, N=None", kFunction | kInternal,
                                 "Powers 0 to N - 1 of each element along a new last dimension"),
};

}  // namespace

extern const FunctionTable vander_functions;
const FunctionTable vander_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
