// The overhead cases in libtorch's C++ API.
#include <torch/torch.h>

#include <vector>

#include "harness.h"

int main(int argc, char** argv) {
  torch::set_num_threads(1);
  torch::manual_seed(0);
  Harness harness(argc, argv, TORCH_VERSION);

  torch::Tensor a = torch::randn({8});
  torch::Tensor b = torch::randn({8});
  harness.run("cpp_add_8", [&] { torch::Tensor y = a + b; });

  torch::Tensor x = torch::randn({8}).requires_grad_();
  harness.run("cpp_add_8_record", [&] { torch::Tensor y = x + b; });

  constexpr int kBatch = 256;
  torch::Tensor ones = torch::ones({8});
  std::vector<torch::Tensor> outputs(kBatch);
  harness.run_after(
      "cpp_add_8_backward", kBatch, [&](int i) { outputs[i] = x + b; },
      [&](int i) { outputs[i].backward(ones); });

  constexpr int kLength = 1000;
  torch::Tensor last;
  auto chain = [&](int) {
    last = x + b;
    for (int i = 1; i < kLength; ++i) last = last + b;
  };
  auto backward = [&](int) { last.backward(ones); };
  harness.run_after("cpp_chain_record", 1, [](int) {}, chain, kLength);
  harness.run_after("cpp_chain_backward", 1, chain, backward, kLength);

  torch::Tensor p = torch::randn({8, 8}).requires_grad_();
  torch::Tensor q = torch::randn({8, 8}).requires_grad_();
  harness.run("cpp_matmul_8x8", [&] { torch::Tensor y = torch::matmul(p, q); });

  torch::nn::Linear first(16, 16);
  torch::nn::Linear second(16, 1);
  std::vector<torch::Tensor> parameters = first->parameters();
  for (const torch::Tensor& t : second->parameters()) parameters.push_back(t);
  torch::optim::SGD optimizer(parameters, torch::optim::SGDOptions(1e-3));
  torch::Tensor inputs = torch::randn({8, 16});
  torch::Tensor targets = torch::randn({8, 1});
  harness.run("cpp_mlp_16_sgd", [&] {
    optimizer.zero_grad();
    torch::Tensor out = second->forward(torch::relu(first->forward(inputs)));
    torch::mse_loss(out, targets).backward();
    optimizer.step();
  });
}
