// Weights that are computed from other parameters before each call.
#include "nn/make.h"
#include "wengert/nn/functional/normalization.h"
#include "wengert/nn/utils.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/random.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct detail::ModuleAccess {
  static Tensor add(Module& m, const std::string& name, const Tensor& t) {
    return m.register_parameter(name, t);
  }
  static Tensor add_buffer(Module& m, const std::string& name, const Tensor& t) {
    return m.register_buffer(name, t);
  }
  static void take(Module& m, const std::string& name) { m.unregister(name); }
};

namespace utils {

namespace {

using Access = nn::detail::ModuleAccess;

// The weight must be a registered parameter of this name.
void check_parameter(const char* op, const Module& module, const Tensor& weight,
                     const std::string& name) {
  for (const auto& [own, t] : module.named_parameters()) {
    if (own == name && t.is_same(weight)) return;
  }
  fail<ValueError>(op, ": the weight is not the module's parameter '", name, "'");
}

// The norm over all dimensions but `dim`, which stay as ones; over all without.
Tensor norm_except(const Tensor& v, std::optional<int64_t> dim) {
  if (!dim) return vector_norm(v, 2);
  std::vector<int64_t> others;
  for (int64_t i = 0; i < v.dim(); ++i) {
    if (i != (*dim + v.dim()) % v.dim()) others.push_back(i);
  }
  return others.empty() ? abs(v) : vector_norm(v, 2, others, true);
}

// The weight with `dim` first and all others in one dimension.
Tensor as_matrix(const Tensor& weight, int64_t dim) {
  std::vector<int64_t> order{dim};
  for (int64_t i = 0; i < weight.dim(); ++i) {
    if (i != dim) order.push_back(i);
  }
  const Tensor t = dim == 0 ? weight : permute(weight, order);
  return t.reshape({t.size(0), -1});
}

void become_parameter(Module& module, Tensor& weight, const std::string& name) {
  weight = Access::add(module, name, weight.detach());
}

}  // namespace

uint64_t weight_norm(Module& module, Tensor& weight, const std::string& name,
                     std::optional<int64_t> dim) {
  check_parameter("weight_norm", module, weight, name);
  const Tensor direction = weight.detach(), length = norm_except(direction, dim);
  Access::take(module, name);
  const Tensor g = Access::add(module, name + "_g", length);
  const Tensor v = Access::add(module, name + "_v", direction);
  const auto compute = [&weight, g, v, dim] { weight = v * (g / norm_except(v, dim)); };
  compute();
  return module.register_forward_pre_hook([compute](Module&, const Tensor&) {
    compute();
    return Tensor();
  });
}

void remove_weight_norm(Module& module, Tensor& weight, uint64_t hook, const std::string& name) {
  WG_CHECK(module.remove_hook(hook), ValueError, "remove_weight_norm: there is no hook ", hook);
  for (const char* end : {"_g", "_v"}) Access::take(module, name + end);
  become_parameter(module, weight, name);
}

uint64_t spectral_norm(Module& module, Tensor& weight, const std::string& name,
                       const SpectralNormOptions& o) {
  check_parameter("spectral_norm", module, weight, name);
  check_size("spectral_norm", "n_power_iterations", o.n_power_iterations);
  const Tensor original = weight;
  Tensor u, v;
  {
    const NoGradGuard no_grad;
    const Tensor matrix = as_matrix(original, o.dim);
    u = functional::normalize(randn({matrix.size(0)}, original.dtype()), 2, 0, o.eps);
    v = functional::normalize(randn({matrix.size(1)}, original.dtype()), 2, 0, o.eps);
  }
  Access::take(module, name);
  Access::add(module, name + "_orig", original);
  Access::add_buffer(module, name + "_u", u);
  Access::add_buffer(module, name + "_v", v);
  weight = original.detach();
  const auto compute = [&weight, original, u, v, o](Module& m) {
    Tensor left = u, right = v;
    const Tensor matrix = as_matrix(original, o.dim);
    if (m.is_training()) {
      const NoGradGuard no_grad;
      for (int64_t i = 0; i < o.n_power_iterations; ++i) {
        copy_(right, functional::normalize(mv(matrix.t(), left), 2, 0, o.eps));
        copy_(left, functional::normalize(mv(matrix, right), 2, 0, o.eps));
      }
      // The graph keeps these, whatever the next calls do to the buffers.
      left = left.clone();
      right = right.clone();
    }
    weight = original / dot(left, mv(matrix, right));
  };
  return module.register_forward_pre_hook([compute](Module& m, const Tensor&) {
    compute(m);
    return Tensor();
  });
}

void remove_spectral_norm(Module& module, Tensor& weight, uint64_t hook, const std::string& name) {
  WG_CHECK(module.remove_hook(hook), ValueError, "remove_spectral_norm: there is no hook ", hook);
  for (const char* end : {"_orig", "_u", "_v"}) Access::take(module, name + end);
  become_parameter(module, weight, name);
}

}  // namespace utils
}  // namespace nn
WENGERT_NAMESPACE_END
