// Spectral normalisation.
#include "nn/computed.h"
#include "nn/make.h"
#include "nn/text.h"
#include "wengert/nn/functional/normalization.h"
#include "wengert/nn/parametrize.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {

namespace {

using Access = nn::detail::ModuleAccess;

// The weight with `dim` first and all others in one dimension.
Tensor as_matrix(const Tensor& weight, int64_t dim) {
  std::vector<int64_t> order{dim};
  for (int64_t i = 0; i < weight.dim(); ++i) {
    if (i != dim) order.push_back(i);
  }
  const Tensor t = dim == 0 ? weight : permute(weight, order);
  return t.reshape({t.size(0), -1});
}

Tensor unit(const Tensor& v, double eps) { return functional::normalize(v, 2, 0, eps); }

Tensor random_unit(const Tensor& like, int64_t n, double eps) {
  return unit(randn({n}, like.dtype()), eps);
}

// Options whose dimension is known, counted from the first.
SpectralNormOptions checked(const char* op, const Module& m, const Tensor& weight,
                            SpectralNormOptions o) {
  check_size(op, "n_power_iterations", o.n_power_iterations);
  const bool transposed = dynamic_cast<const ConvTransposeNd<1>*>(&m) ||
                          dynamic_cast<const ConvTransposeNd<2>*>(&m) ||
                          dynamic_cast<const ConvTransposeNd<3>*>(&m);
  const int64_t dim = o.dim.value_or(transposed ? 1 : 0), n = weight.dim();
  WG_CHECK(dim >= -n && dim < n, IndexError, op, ": dimension ", dim,
           " is out of range for a weight of ", n, " dimensions");
  o.dim = dim < 0 ? dim + n : dim;
  return o;
}

class SpectralNorm : public Computation {
 public:
  SpectralNorm(std::string name, Slot slot, const SpectralNormOptions& o)
      : Computation(std::move(name), std::move(slot)), options_(o) {}
  Tensor compute(Module& m) const override { return compute(m, m.is_training()); }
  Tensor compute(Module& m, bool iterate) const {
    const Tensor weight = Access::find(m, name + "_orig");
    Tensor u = Access::find(m, name + "_u"), v = Access::find(m, name + "_v");
    const Tensor matrix = as_matrix(weight, *options_.dim);
    if (iterate) {
      const NoGradGuard no_grad;
      for (int64_t i = 0; i < options_.n_power_iterations; ++i) {
        copy_(v, unit(mv(matrix.t(), u), options_.eps));
        copy_(u, unit(mv(matrix, v), options_.eps));
      }
      // The graph keeps these, whatever the next calls do to the buffers.
      u = u.clone();
      v = v.clone();
    }
    return weight / dot(u, mv(matrix, v));
  }

 private:
  const SpectralNormOptions options_;
};

class SpectralNormParametrization : public parametrize::Parametrization {
 public:
  SpectralNormParametrization(const Tensor& weight, const SpectralNormOptions& o) : options_(o) {
    if (weight.dim() < 2) return;
    const NoGradGuard no_grad;
    const Tensor matrix = as_matrix(weight, *o.dim);
    u_ = register_buffer("_u", random_unit(weight, matrix.size(0), o.eps));
    v_ = register_buffer("_v", random_unit(weight, matrix.size(1), o.eps));
    iterate(matrix, 15);
  }
  explicit SpectralNormParametrization(const SpectralNormParametrization& like)
      : options_(like.options_) {
    if (!like.u_.defined()) return;
    u_ = register_buffer("_u", zeros_like(like.u_));
    v_ = register_buffer("_v", zeros_like(like.v_));
  }
  Tensor forward(const Tensor& weight) override {
    if (!u_.defined()) return unit(weight, options_.eps);
    const Tensor matrix = as_matrix(weight, *options_.dim);
    if (is_training()) iterate(matrix.detach(), options_.n_power_iterations);
    const Tensor u = u_.clone(), v = v_.clone();
    return weight / dot(u, mv(matrix, v));
  }
  // What is given is normalised anyway.
  std::vector<Tensor> right_inverse(const Tensor& value) override { return {value}; }
  std::string to_string() const override { return module_text("_SpectralNorm", "", {}); }
  std::shared_ptr<Module> make_like() const override {
    return std::make_shared<SpectralNormParametrization>(*this);
  }

 private:
  void iterate(const Tensor& matrix, int64_t steps) {
    const NoGradGuard no_grad;
    for (int64_t i = 0; i < steps; ++i) {
      copy_(u_, unit(mv(matrix, v_), options_.eps));
      copy_(v_, unit(mv(matrix.t(), u_), options_.eps));
    }
  }

  const SpectralNormOptions options_;
  Tensor u_, v_;
};

}  // namespace

void spectral_norm(Module& module, const Slot& slot, const SpectralNormOptions& options) {
  const std::string name = parameter_in("spectral_norm", module, slot);
  const Tensor weight = slot(module);
  const SpectralNormOptions o = checked("spectral_norm", module, weight, options);
  Tensor u, v;
  {
    const NoGradGuard no_grad;
    const Tensor matrix = as_matrix(weight, *o.dim);
    u = random_unit(weight, matrix.size(0), o.eps);
    v = random_unit(weight, matrix.size(1), o.eps);
  }
  Access::check_free(module, {name + "_orig", name + "_u", name + "_v"});
  Access::take(module, name);
  Access::add_parameter(module, name + "_orig", weight);
  Access::add_buffer(module, name + "_u", u);
  Access::add_buffer(module, name + "_v", v);
  slot(module) = weight.detach();
  Access::begin(module, std::make_shared<SpectralNorm>(name, slot, o));
}

void remove_spectral_norm(Module& module, const std::string& name) {
  const auto found = Access::computation<SpectralNorm>(module, name);
  WG_CHECK(found, ValueError, "remove_spectral_norm: the module has no normalised weight '", name,
           "'");
  Access::check_free(module, {name});
  Tensor weight = found->compute(module, false).detach();
  for (const char* end : {"_u", "_v", "_orig"}) Access::take(module, name + end);
  Access::add_parameter(module, name, weight.requires_grad_());
  found->slot(module) = weight;
  Access::end(module, *found);
}

void parametrizations::spectral_norm(Module& module, const Slot& slot,
                                     const SpectralNormOptions& options) {
  const Tensor weight = slot(module);
  WG_CHECK(weight.defined(), ValueError, "spectral_norm: the module has no such tensor");
  const SpectralNormOptions o = checked("spectral_norm", module, weight, options);
  parametrize::register_parametrization(module, slot, make<SpectralNormParametrization>(weight, o));
}

}  // namespace nn::utils
WENGERT_NAMESPACE_END
