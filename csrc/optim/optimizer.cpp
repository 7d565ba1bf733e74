#include "ops/optimizer.h"

#include <charconv>
#include <set>
#include <string_view>

#include "autograd/mode.h"
#include "tensor/check.h"
#include "tensor/impl.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

Optimizer::Optimizer(std::vector<Tensor> parameters)
    : parameters_(std::move(parameters)), state_(parameters_.size()) {
  WG_CHECK(!parameters_.empty(), ValueError, "optimizer: expected at least one parameter");
  std::set<const TensorImpl*> seen;
  for (const Tensor& p : parameters_) {
    WG_CHECK(
        p.defined() && p.is_leaf(), ValueError,
        "optimizer: expected leaf tensors, but one is the result of an operation or undefined");
    WG_CHECK(seen.insert(p.impl()).second, ValueError,
             "optimizer: a parameter is given twice; give each once");
  }
}

Optimizer::~Optimizer() = default;

void Optimizer::zero_grad() {
  for (Tensor& p : parameters_) p.set_grad({});
}

std::vector<size_t> Optimizer::active() const {
  std::vector<size_t> numbers;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (parameters_[i].grad().defined()) numbers.push_back(i);
  }
  return numbers;
}

bool Optimizer::has_state(size_t number, const char* name) const {
  return state_[number].count(name) != 0;
}

Tensor& Optimizer::state(size_t number, const char* name, bool is_number, double initial) {
  Tensor& t = state_[number][name];
  if (!t.defined()) {
    t = is_number      ? scalar(initial, DType::float32)
        : initial == 0 ? zeros_like(parameters_[number])
                       : full_like(parameters_[number], initial);
  }
  return t;
}

TensorMap Optimizer::state_dict() const {
  TensorMap all;
  for (size_t i = 0; i < state_.size(); ++i) {
    for (const auto& [name, t] : state_[i]) all.emplace(std::to_string(i) + "." + name, t);
  }
  return all;
}

namespace {
// What is one number for each parameter, float32 whatever the parameter is.
bool is_number_state(std::string_view name) {
  return name == "step" || name == "mu_product" || name == "eta" || name == "mu";
}
}  // namespace

void Optimizer::load_state_dict(const TensorMap& state) {
  std::vector<TensorMap> loaded(parameters_.size());
  RecordingGuard off(false);
  for (const auto& [key, t] : state) {
    size_t i = loaded.size();
    const char* end = key.data() + key.size();
    const char* dot = std::from_chars(key.data(), end, i).ptr;
    WG_CHECK(i < loaded.size() && dot != end && *dot == '.', ValueError, "load_state_dict: '", key,
             "' belongs to none of the ", loaded.size(), " parameters");
    const std::string name(dot + 1, end);
    const Tensor& p = parameters_[i];
    WG_CHECK(t.defined() && (is_number_state(name) ? t.numel() == 1 : t.shape() == p.shape()),
             ValueError, "load_state_dict: '", key, "' does not fit its parameter of shape ",
             p.shape());
    loaded[i][name] = to(t, is_number_state(name) ? DType::float32 : p.dtype()).clone();
  }
  state_ = std::move(loaded);
}

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double p) {
  RecordingGuard off(false);
  std::vector<Tensor> gradients;
  for (const Tensor& t : parameters) {
    if (t.grad().defined()) gradients.push_back(t.grad());
  }
  if (gradients.empty()) return zeros({});
  std::vector<TensorImpl*> tensors{nullptr};
  for (const Tensor& g : gradients) tensors.push_back(g.impl());
  const int n = static_cast<int>(gradients.size());
  const Tensor norm = grad_norm(tensors.data() + 1, n, p);
  // NaN stays: it must not go unnoticed.
  const double ratio = max_norm / (norm.item<double>() + 1e-6);
  const Tensor factor = scalar(ratio > 1 ? 1 : ratio, DType::float64);
  tensors[0] = factor.impl();
  scale_all_(tensors.data(), n);
  return norm;
}

}  // namespace optim
WENGERT_NAMESPACE_END
