// Covariances of samples.
#include "wengert/ops/statistics.h"

#include <algorithm>

#include "ops/autocast_to.h"
#include "ops/function.h"
#include "ops/op.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void check_weights(const char* name, const Tensor& weights, int64_t count, bool kind,
                   const char* what) {
  WG_CHECK(weights.dim() <= 1 && weights.numel() == count, Error, "cov: ", name,
           " must be a vector with one number for each of ", count, " observations, but has shape ",
           weights.shape());
  WG_CHECK(kind, Error, "cov: ", name, " must be ", what, ", but has dtype ", weights.dtype());
  WG_CHECK(!count || !any(lt(weights, 0)).item().to_bool(), Error, "cov: ", name,
           " must not be negative");
}

// The product takes inputs of `low`, where it is given.
Tensor cov_with(const Tensor& input, int64_t correction, const Tensor& fweights,
                const Tensor& aweights, std::optional<DType> low) {
  const TensorImpl& given = *detail::input("cov", input);
  WG_CHECK(given.ndim <= 2, Error, "cov: expected at most 2 dimensions, but got shape ",
           given.sizes());
  WG_CHECK(given.dtype != DType::bool_, Error,
           "cov: expected numbers, but got bools; convert with to()");
  Tensor x = is_integral(given.dtype) ? to(input, default_dtype()) : input;
  if (x.dim() < 2) x = reshape(x, {1, -1});
  const int64_t n = x.size(1);
  Tensor w;
  if (fweights.defined()) {
    const DType t = fweights.dtype();
    check_weights("fweights", fweights, n, is_integral(t) && t != DType::bool_, "integers");
    w = fweights;
  }
  if (aweights.defined()) {
    check_weights("aweights", aweights, n, is_floating(aweights.dtype()), "floating");
    w = w.defined() ? w * aweights : aweights;
  }
  WG_CHECK(n > 0, Error, "cov: there are no observations");
  Tensor centred, product;
  if (!w.defined()) {
    centred = x - sum(x, {1}, true) / n;
    product = matmul(autocast_to(centred, low), autocast_to(conj(transpose(centred, 0, 1)), low));
    product = product / std::max<int64_t>(n - correction, 0);
  } else {
    const Tensor total = sum(w);
    WG_CHECK(!total.item().equal(0), Error, "cov: the weights sum to 0");
    centred = x - sum(x * w, {1}, true) / total;
    Tensor norm = total - correction;
    if (aweights.defined() && correction != 0) {
      const Tensor squares = fweights.defined() ? aweights * fweights : aweights;
      norm = total - correction * sum(squares * aweights) / total;
    }
    product =
        matmul(autocast_to(centred * w, low), autocast_to(conj(transpose(centred, 0, 1)), low)) /
        clamp(norm, 0, std::nullopt);
  }
  return given.ndim < 2 || x.size(0) == 1 ? squeeze(product) : product;
}

Tensor corrcoef_with(const Tensor& input, std::optional<DType> low) {
  WG_CHECK(detail::input("corrcoef", input)->ndim <= 2, Error,
           "corrcoef: expected at most 2 dimensions, but got shape ", input.shape());
  Tensor c = cov_with(input, 1, {}, {}, low);
  if (c.dim() == 0) return c / c;
  const Tensor scale = sqrt(real(diagonal(c)));
  c = c / unsqueeze(scale, 1) / unsqueeze(scale, 0);
  if (is_complex(c.dtype())) return complex(clamp(real(c), -1, 1), clamp(imag(c), -1, 1));
  return clamp(c, -1, 1);
}

Tensor cov_row(const Tensor& input, int64_t correction, const Tensor& fweights,
               const Tensor& aweights) {
  return cov_with(input, correction, fweights, aweights, autocast_dtype());
}
Tensor corrcoef_row(const Tensor& input) { return corrcoef_with(input, autocast_dtype()); }

constexpr Function rows[] = {
    make_function<cov_row>(
        "cov", "input, *, correction=1, fweights=None, aweights=None", kFunction | kMethod,
        "The covariances of variables, the rows of input, over observations, "
        "its columns: divided by their number less correction, each counted as "
        "often as fweights says and weighed by aweights",
        "T((3, 5))\nT((4,))\nT((2, 4)), correction=0", "np.cov(input, ddof=correction)"),
    make_function<corrcoef_row>("corrcoef", "input", kFunction | kMethod,
                                "Pearson's correlation coefficients of the rows of a matrix",
                                "T((3, 5))\nT((4,))", "np.corrcoef(input)"),
};

}  // namespace

Tensor cov(const Tensor& input, int64_t correction, const Tensor& fweights,
           const Tensor& aweights) {
  return cov_with(input, correction, fweights, aweights, std::nullopt);
}
Tensor corrcoef(const Tensor& input) { return corrcoef_with(input, std::nullopt); }

extern const FunctionTable statistics_functions;
const FunctionTable statistics_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
