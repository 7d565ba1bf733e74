#include "in_cpp.h"

#include <fstream>

namespace cpp_parity {

namespace nn = wengert::nn;

namespace {

// The sum of the mean squares of the floating point outputs.
Tensor loss_of(const Tensors& outputs) {
  Tensor total = wengert::zeros({});
  for (const Tensor& y : outputs) {
    if (wengert::is_floating(y.dtype())) total = total + wengert::mean(y * y);
  }
  return total;
}

Tensor copy_of(const Tensor& t) { return t.detach().clone().contiguous(); }

}  // namespace

Run::Run(std::string prefix)
    : prefix_(std::move(prefix)),
      inputs_(wengert::io::load(prefix_ + "inputs.safetensors").tensors) {}

Tensor Run::input(const std::string& name) const {
  const auto found = inputs_.find(name);
  return found == inputs_.end() ? Tensor() : found->second;
}

void Run::note_initial(nn::Module& model) {
  std::ofstream(prefix_ + "cpp.txt") << model;
  for (const auto& [name, t] : model.state_dict()) noted_["initial." + name] = copy_of(t);
}

void Run::train(nn::Module& model, const Steps& steps) {
  nn::NamedTensors leaves = model.named_parameters();
  for (auto& [name, t] : inputs_) {
    if (wengert::is_floating(t.dtype())) leaves.emplace_back(name, t);
  }
  for (int step = 0; step < steps.count; ++step) {
    const std::string at = std::to_string(step) + ".";
    for (auto& [name, t] : inputs_) {
      if (!wengert::is_floating(t.dtype())) continue;
      t.requires_grad_();
      t.set_grad({});
    }
    steps.zero_grad();
    const Tensors outputs = steps.outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      noted_[at + "output." + std::to_string(i)] = copy_of(outputs[i]);
    }
    const Tensor loss = loss_of(outputs);
    noted_[at + "loss"] = loss.detach();
    if (loss.requires_grad()) loss.backward();
    for (const auto& [name, t] : leaves) {
      if (t.grad().defined()) noted_[at + "gradient." + name] = copy_of(t.grad());
    }
    steps.step();
    for (const auto& [name, t] : model.state_dict()) noted_[at + "state." + name] = copy_of(t);
  }
  noted_["random"] = wengert::rand({1});
  for (const auto& [name, t] : model.state_dict()) state_[name] = copy_of(t);
  evaluate(model, steps.outputs, "");
}

void Run::evaluate(nn::Module& model, const std::function<Tensors()>& outputs,
                   const std::string& prefix) {
  model.eval();
  wengert::manual_seed(kSeed);
  const wengert::NoGradGuard no_grad;
  const Tensors y = outputs();
  for (size_t i = 0; i < y.size(); ++i) {
    noted_[prefix + "evaluated." + std::to_string(i)] = copy_of(y[i]);
  }
}

void Run::take_over(nn::Module& model, const std::function<Tensors()>& outputs) {
  model.load_state_dict(wengert::io::load(prefix_ + "python_state.safetensors").tensors);
  evaluate(model, outputs, "of_python.");
}

void Run::save() const {
  wengert::io::save(prefix_ + "cpp.safetensors", noted_);
  wengert::io::save(prefix_ + "cpp_state.safetensors", state_);
}

}  // namespace cpp_parity
