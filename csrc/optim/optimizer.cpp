#include <algorithm>
#include <set>

#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "tensor/check.h"
#include "wengert/autograd.h"
#include "wengert/ops/creation.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

Optimizer::Optimizer() = default;
Optimizer::~Optimizer() = default;

void Optimizer::add_group(std::vector<Tensor> params, std::vector<Option> options) {
  WG_CHECK(!params.empty(), ValueError, "optimizer: expected at least one parameter");
  std::set<const TensorImpl*> seen;
  for (const Tensor& p : parameters_) seen.insert(p.impl());
  for (const Tensor& p : params) {
    WG_CHECK(
        p.defined() && p.is_leaf(), ValueError,
        "optimizer: expected leaf tensors, but one is the result of an operation or undefined");
    WG_CHECK(seen.insert(p.impl()).second, ValueError,
             "optimizer: a parameter is given twice; give each once");
  }
  ParamGroup group;
  group.first_ = parameters_.size();
  group.params_ = std::move(params);
  group.options_ = std::move(options);
  groups_.push_back(std::move(group));
  const auto& added = groups_.back().params_;
  parameters_.insert(parameters_.end(), added.begin(), added.end());
  state_.resize(parameters_.size());
}

void Optimizer::zero_grad(bool set_to_none) {
  for (Tensor& p : parameters_) {
    Tensor g = p.grad();
    if (set_to_none || !g.defined() || is_sparse(g)) {
      p.set_grad({});
    } else {
      g = g.detach();
      zero_(g);
      p.set_grad(g);
    }
  }
}

void Optimizer::step() {
  run_hooks(true);
  {
    RecordingGuard off(false);
    run({});
  }
  run_hooks(false);
}

Tensor Optimizer::step(const Closure& closure) {
  run_hooks(true);
  Tensor loss;
  {
    RecordingGuard off(false);
    loss = run([&] {
      EnableGradGuard on;
      return closure();
    });
  }
  run_hooks(false);
  return loss;
}

Tensor Optimizer::run(const Closure& closure) {
  Tensor loss;
  if (closure) loss = closure();
  for (size_t g = 0; g < groups_.size(); ++g) update(g);
  return loss;
}

void Optimizer::update(size_t) {}

int Optimizer::register_step_pre_hook(Hook hook) {
  hooks_.push_back({next_hook_, true, std::move(hook)});
  return next_hook_++;
}
int Optimizer::register_step_post_hook(Hook hook) {
  hooks_.push_back({next_hook_, false, std::move(hook)});
  return next_hook_++;
}
void Optimizer::remove_hook(int id) {
  std::erase_if(hooks_, [&](const Registered& r) { return r.id == id; });
}

void Optimizer::run_hooks(bool before) {
  if (hooks_.empty()) return;
  const std::vector<Registered> all = hooks_;  // a hook may remove itself
  for (const Registered& r : all) {
    if (r.before == before) r.hook(*this);
  }
}

std::vector<size_t> Optimizer::active(size_t group, bool sparse) const {
  std::vector<size_t> numbers;
  const ParamGroup& of = groups_[group];
  for (size_t i = 0; i < of.params_.size(); ++i) {
    const Tensor g = of.params_[i].grad();
    if (!g.defined()) continue;
    WG_CHECK(sparse || !is_sparse(g), Error,
             "optimizer: sparse gradients are not supported by this optimizer; consider "
             "SparseAdam, SGD or Adagrad");
    numbers.push_back(of.first_ + i);
  }
  return numbers;
}

bool Optimizer::has_state(size_t number, std::string_view name) const {
  const auto found = state_[number].find(name);
  return found != state_[number].end() && !found->second.is_none();
}

size_t Optimizer::group_of(size_t number) const {
  size_t g = groups_.size() - 1;
  while (groups_[g].first_ > number) --g;
  return g;
}

Tensor& Optimizer::state_tensor(size_t number, const char* name, bool is_number, double initial) {
  io::Value& v = state_[number][name];
  if (!v.is_tensor()) {
    if (!v.is_none()) initial = v.to_double();
    const Tensor& p = parameters_[number];
    if (is_number) {
      const bool wide = default_dtype() == DType::float64;
      v = scalar(initial, wide ? DType::float64 : DType::float32);
    } else if (initial == 0) {
      v = zeros_like(p);
    } else if (is_complex(p.dtype())) {
      v = full_like(p, std::complex<double>(initial, initial));  // pairs of independent numbers
    } else {
      v = full_like(p, initial);
    }
  }
  return v.tensor();
}

}  // namespace optim
WENGERT_NAMESPACE_END
