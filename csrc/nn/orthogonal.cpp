// Matrices with orthonormal columns as functions of free ones.
#include <limits>

#include "nn/computed.h"
#include "nn/make.h"
#include "nn/text.h"
#include "wengert/detail/owner.h"
#include "wengert/nn/parametrize.h"
#include "wengert/ops/complex.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/factors.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils::parametrizations {

namespace {

Tensor transposed(const Tensor& t) { return transpose(t, -2, -1); }
Tensor adjoint(const Tensor& t) {
  return kind_of(t.dtype()) == DTypeKind::complex ? conj(transposed(t)) : transposed(t);
}
Tensor diagonal_of(const Tensor& t) { return diagonal(t, 0, -2, -1); }

// Whether the columns are orthonormal, up to rounding.
bool is_orthogonal(const Tensor& q) {
  const bool is_double = q.dtype() == DType::float64 || q.dtype() == DType::complex128;
  const double eps =
      is_double ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
  const Tensor identity = eye(q.size(-1), {}, q.dtype());
  const double tolerance = 10.0 * static_cast<double>(q.size(-2)) * eps;
  return allclose(matmul(adjoint(q), q), identity, 1e-5, tolerance);
}

// The orthonormal factor Q of A = Q R with a positive diagonal of R.
Tensor make_orthogonal(const Tensor& a) {
  const auto [packed, tau] = geqrf(a);
  return linalg_householder_product(packed, tau) * unsqueeze(sgn(diagonal_of(packed)), -2);
}

// A matrix with orthonormal columns, or rows where these are fewer, from a free one of its shape,
// which is read below its diagonal.
class Orthogonal : public parametrize::Parametrization {
 public:
  Orthogonal(std::vector<int64_t> shape, OrthogonalOptions o)
      : shape_(std::move(shape)), options_(std::move(o)) {}

  Tensor forward(const Tensor& input) override {
    const bool wide = input.size(-2) < input.size(-1);
    const Tensor x = wide ? transposed(input) : input;
    const int64_t n = x.size(-2), k = x.size(-1);
    Tensor q;
    if (options_.orthogonal_map == "householder") {
      const Tensor vectors = tril(x, -1);
      const Tensor tau = 2.0 / (sum(vectors * vectors, {-2}) + 1.0);
      const Tensor signs = diagonal_of(x).to(DType::int32);
      q = linalg_householder_product(vectors, tau) * unsqueeze(signs, -2);
    } else {
      Tensor low = tril(x);
      if (n != k) {
        std::vector<int64_t> rest = low.shape().vec();
        rest.back() = n - k;
        low = cat({low, zeros(rest, low.dtype())}, -1);
      }
      const Tensor skew = low - adjoint(low);
      if (options_.orthogonal_map == "matrix_exp") {
        q = matrix_exp(skew);
      } else {
        const Tensor identity = eye(n, {}, x.dtype());
        q = linalg_solve(identity - skew / 2, identity + skew / 2);
      }
      q = narrow(q, -1, 0, k);
    }
    if (options_.use_trivialization) q = matmul(base_, q);
    return wide ? transposed(q) : q;
  }

  std::vector<Tensor> right_inverse(const Tensor& value) override {
    const NoGradGuard no_grad;
    WG_CHECK(value.shape() == Dims(shape_), ValueError, "orthogonal: expected a tensor of shape ",
             Dims(shape_), ", but got ", value.shape());
    const bool wide = value.size(-2) < value.size(-1);
    Tensor q = wide ? transposed(value) : value;
    const int64_t n = q.size(-2), k = q.size(-1);
    if (!options_.use_trivialization) {
      WG_CHECK(options_.orthogonal_map == "householder", NotImplementedError,
               "orthogonal: with the maps 'cayley' and 'matrix_exp' a value can be given only with "
               "use_trivialization");
      const auto [packed, tau] = geqrf(q);
      Tensor signs = diagonal_of(packed);
      // Where there was nothing to reflect, forward turns the sign by a reflector of its own.
      copy_(signs, sign(signs) * (1.0 - 2.0 * (tau == 0).to(q.dtype())));
      return {wide ? transposed(packed) : packed};
    }
    if (n == k) {
      q = is_orthogonal(q) ? q.clone() : make_orthogonal(q);
    } else {
      // Completed by random columns to a square matrix.
      std::vector<int64_t> rest = q.shape().vec();
      rest.back() = n - k;
      const Tensor others = empty(rest, q.dtype());
      Tensor numbers =
          kind_of(others.dtype()) == DTypeKind::complex ? view_as_real(others) : others;
      normal_(numbers);
      q = make_orthogonal(cat({q, others}, -1));
    }
    if (base_.defined()) {
      wengert::detail::replace_data(base_, q);
    } else {
      base_ = register_buffer("base", q);
    }
    // Both the exponential and the reflectors with their signs make the identity of this.
    const Tensor start = zeros_like(value);
    Tensor ones = diagonal_of(start);
    fill_(ones, -1.0);
    return {start};
  }

  std::string to_string() const override { return module_text("_Orthogonal", "", {}); }
  std::shared_ptr<Module> make_like() const override {
    const auto made = make<Orthogonal>(shape_, options_);
    if (base_.defined()) made->base_ = made->register_buffer("base", zeros_like(base_));
    return made;
  }

 private:
  const std::vector<int64_t> shape_;
  const OrthogonalOptions options_;
  Tensor base_;
};

}  // namespace

void orthogonal(Module& module, const Slot& slot, const OrthogonalOptions& options) {
  const char* op = "orthogonal";
  const Tensor weight = slot(module);
  WG_CHECK(weight.defined(), ValueError, op, ": the module has no such tensor");
  WG_CHECK(weight.dim() >= 2, ValueError, op,
           ": expected a matrix or a batch of them, but got shape ", weight.shape());
  OrthogonalOptions o = options;
  const bool is_complex = kind_of(weight.dtype()) == DTypeKind::complex;
  std::string& map = o.orthogonal_map;
  if (map.empty()) {
    const bool is_square = weight.size(-2) == weight.size(-1);
    map = is_square || is_complex ? "matrix_exp" : "householder";
  }
  WG_CHECK(map == "matrix_exp" || map == "cayley" || map == "householder", ValueError, op,
           ": expected orthogonal_map 'matrix_exp', 'cayley' or 'householder', but got '", map,
           "'");
  WG_CHECK(map != "householder" || !is_complex, ValueError, op,
           ": the map 'householder' is not for complex matrices; use 'matrix_exp' or 'cayley'");
  parametrize::register_parametrization(module, slot, make<Orthogonal>(weight.shape().vec(), o),
                                        true);
}

}  // namespace nn::utils::parametrizations
WENGERT_NAMESPACE_END
