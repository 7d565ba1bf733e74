// Weight normalisation.
#include <algorithm>

#include "nn/computed.h"
#include "nn/text.h"
#include "tensor/check.h"
#include "wengert/nn/parametrize.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {

namespace {

using Access = nn::detail::ModuleAccess;

// The norm over all dimensions but `dim`, which stay as ones; over all without, or with -1.
Tensor norm_except(const Tensor& v, std::optional<int64_t> dim) {
  if (!dim || *dim == -1) return vector_norm(v, 2);
  const int64_t n = std::max<int64_t>(v.dim(), 1);
  WG_CHECK(*dim >= -n && *dim < n, IndexError, "weight_norm: dimension ", *dim,
           " is out of range for a tensor of shape ", v.shape());
  std::vector<int64_t> others;
  for (int64_t i = 0; i < v.dim(); ++i) {
    if (i != (*dim + v.dim()) % v.dim()) others.push_back(i);
  }
  return others.empty() ? abs(v) : vector_norm(v, 2, others, true);
}

Tensor normed(const Tensor& v, const Tensor& g, std::optional<int64_t> dim) {
  return v * (g / norm_except(v, dim));
}

class WeightNorm : public Computation {
 public:
  WeightNorm(std::string name, Slot slot, std::optional<int64_t> dim)
      : Computation(std::move(name), std::move(slot)), dim_(dim) {}
  Tensor compute(Module& m) const override {
    return normed(Access::find(m, name + "_v"), Access::find(m, name + "_g"), dim_);
  }

 private:
  std::optional<int64_t> dim_;
};

class WeightNormParametrization : public parametrize::Parametrization {
 public:
  explicit WeightNormParametrization(std::optional<int64_t> dim) : dim_(dim) {}
  Tensor compute(const std::vector<Tensor>& originals) override {
    return normed(originals[1], originals[0], dim_);
  }
  std::vector<Tensor> right_inverse(const Tensor& value) override {
    return {norm_except(value, dim_), value.clone()};
  }
  std::string to_string() const override { return module_text("_WeightNorm", "", {}); }
  std::shared_ptr<Module> make_like() const override {
    return make<WeightNormParametrization>(dim_);
  }

 private:
  std::optional<int64_t> dim_;
};

}  // namespace

void weight_norm(Module& module, const Slot& slot, std::optional<int64_t> dim) {
  const std::string name = parameter_in("weight_norm", module, slot);
  Tensor direction = slot(module).detach();
  Tensor length = norm_except(direction, dim);
  Access::check_free(module, {name + "_g", name + "_v"});
  Access::take(module, name);
  Access::add_parameter(module, name + "_g", length.requires_grad_());
  Access::add_parameter(module, name + "_v", direction.requires_grad_());
  const auto made = std::make_shared<WeightNorm>(name, slot, dim);
  made->run(module);
  Access::begin(module, made);
}

void remove_weight_norm(Module& module, const std::string& name) {
  const auto found = Access::computation<WeightNorm>(module, name);
  WG_CHECK(found, ValueError, "remove_weight_norm: the module has no normalised weight '", name,
           "'");
  Access::check_free(module, {name});
  Tensor weight = found->compute(module).detach();
  for (const char* end : {"_g", "_v"}) Access::take(module, name + end);
  Access::add_parameter(module, name, weight.requires_grad_());
  found->slot(module) = weight;
  Access::end(module, *found);
}

void parametrizations::weight_norm(Module& module, const Slot& slot, std::optional<int64_t> dim) {
  const std::string name = Access::name_of(module, slot);
  parametrize::register_parametrization(module, slot, make<WeightNormParametrization>(dim), true);
  module.register_load_state_dict_pre_hook(
      [name](Module& m, TensorMap& state, const std::string& prefix) {
        if (!parametrize::is_parametrized(m, name)) return;  // any longer
        const std::string old = prefix + name + '_';
        const std::string now = prefix + "parametrizations." + name + ".original";
        if (!state.count(old + 'g') || !state.count(old + 'v')) return;
        state[now + '0'] = state.extract(old + 'g').mapped();
        state[now + '1'] = state.extract(old + 'v').mapped();
      });
}

}  // namespace nn::utils
WENGERT_NAMESPACE_END
