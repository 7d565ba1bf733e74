// The overhead cases in wengert's C++ API; overhead_libtorch.cpp has the same in libtorch's.
#include <wengert/wengert.h>

#include <vector>

#include "harness.h"

namespace wg = wengert;

int main(int argc, char** argv) {
  wg::set_num_threads(1);
  wg::manual_seed(0);
  Harness harness(argc, argv, WENGERT_VERSION);

  wg::Tensor a = wg::randn({8});
  wg::Tensor b = wg::randn({8});
  harness.run("cpp_add_8", [&] { wg::Tensor y = a + b; });

  wg::Tensor x = wg::randn({8}).requires_grad_();
  harness.run("cpp_add_8_record", [&] { wg::Tensor y = x + b; });

  constexpr int kBatch = 256;
  wg::Tensor ones = wg::ones({8});
  std::vector<wg::Tensor> outputs(kBatch);
  harness.run_after(
      "cpp_add_8_backward", kBatch, [&](int i) { outputs[i] = x + b; },
      [&](int i) { outputs[i].backward(ones); });

  constexpr int kLength = 1000;
  wg::Tensor last;
  auto chain = [&](int) {
    last = x + b;
    for (int i = 1; i < kLength; ++i) last = last + b;
  };
  auto backward = [&](int) { last.backward(ones); };
  harness.run_after("cpp_chain_record", 1, [](int) {}, chain, kLength);
  harness.run_after("cpp_chain_backward", 1, chain, backward, kLength);

  wg::Tensor p = wg::randn({8, 8}).requires_grad_();
  wg::Tensor q = wg::randn({8, 8}).requires_grad_();
  harness.run("cpp_matmul_8x8", [&] { wg::Tensor y = wg::matmul(p, q); });

  wg::nn::Linear first(16, 16);
  wg::nn::Linear second(16, 1);
  std::vector<wg::Tensor> parameters = first.parameters();
  for (const wg::Tensor& t : second.parameters()) parameters.push_back(t);
  wg::optim::SGD optimizer(parameters, {.lr = 1e-3});
  wg::Tensor inputs = wg::randn({8, 16});
  wg::Tensor targets = wg::randn({8, 1});
  harness.run("cpp_mlp_16_sgd", [&] {
    optimizer.zero_grad();
    wg::Tensor out = second.forward(wg::relu(first.forward(inputs)));
    wg::mse_loss(out, targets).backward();
    optimizer.step();
  });
}
