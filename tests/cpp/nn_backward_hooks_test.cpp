// Hooks of modules in backward passes. That gradients with hooks are Python's to the bit is tested
// by tests/cpp_parity.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace nn = wengert::nn;

namespace {

using Numbers = std::vector<double>;

Numbers values(const wg::Tensor& t) {
  const wg::Tensor d = t.detach().to(wg::DType::float64).contiguous();
  return {d.data<double>(), d.data<double>() + d.numel()};
}
wg::Tensor leaf(std::initializer_list<double> v) { return wg::tensor(v).requires_grad_(); }

// x^2
struct Square : nn::Module {
  wg::Tensor forward(const wg::Tensor& x) override { return x * x; }
};

TEST(BackwardHooks, SeeTheGradientsOfOutputAndInput) {
  Square module;
  std::vector<Numbers> seen;
  const uint64_t number = module.register_full_backward_hook(
      [&](nn::Module& m, const wg::Tensor& grad_input, const wg::Tensor& grad_output) {
        EXPECT_EQ(&m, &module);
        seen.push_back(values(grad_input));
        seen.push_back(values(grad_output));
        return wg::Tensor();
      });
  const wg::Tensor x = leaf({1, 2});
  wg::sum(module(x) * 3.0).backward();
  EXPECT_EQ(seen, (std::vector<Numbers>{{6, 12}, {3, 3}}));
  EXPECT_EQ(values(x.grad()), (Numbers{6, 12}));
  EXPECT_TRUE(module.remove_hook(number));
  EXPECT_FALSE(module.remove_hook(number));
  wg::sum(module(x)).backward();
  EXPECT_EQ(seen.size(), 2u);
}

TEST(BackwardHooks, ReplaceGradientsInTheirOrder) {
  Square module;
  module.register_full_backward_pre_hook([](nn::Module&, const wg::Tensor& g) { return g + 1.0; });
  module.register_full_backward_pre_hook([](nn::Module&, const wg::Tensor& g) { return g * 10.0; },
                                         true);
  module.register_full_backward_hook(
      [](nn::Module&, const wg::Tensor& grad_input, const wg::Tensor& grad_output) {
        return grad_input + grad_output * 1000.0;
      });
  const wg::Tensor x = leaf({2});
  module(x).backward(wg::tensor({1.0}));
  // The output's gradient becomes 11, the input's 4 * 11 + 11000.
  EXPECT_EQ(values(x.grad()), (Numbers{11044}));
}

TEST(BackwardHooks, RunWhereTheInputNeedsNoGradient) {
  nn::Linear module(2, 1);
  int calls = 0;
  module.register_full_backward_hook(
      [&](nn::Module&, const wg::Tensor& grad_input, const wg::Tensor& grad_output) {
        ++calls;
        EXPECT_FALSE(grad_input.defined());
        EXPECT_EQ(values(grad_output), (Numbers{1, 1}));
        return wg::Tensor();
      });
  wg::sum(module(wg::ones({2, 2}))).backward();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(values(module.weight.grad()), (Numbers{2, 2}));
  const wg::NoGradGuard no_grad;
  EXPECT_FALSE(module(wg::ones({2, 2})).requires_grad());
}

TEST(BackwardHooks, AreThoseOfTheCall) {
  Square module;
  int calls = 0;
  uint64_t number = 0;
  number = module.register_full_backward_pre_hook([&](nn::Module& m, const wg::Tensor&) {
    ++calls;
    m.remove_hook(number);
    return wg::Tensor();
  });
  const wg::Tensor x = leaf({3});
  const wg::Tensor y = module(x), z = module(x);
  wg::sum(y + z).backward();
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(module(x).is_same(y));
  wg::sum(module(x)).backward();
  EXPECT_EQ(calls, 2);
}

TEST(BackwardHooks, SeeTheFirstOfSeveralInputsAndOutputs) {
  nn::LSTM layer(3, 2);
  nn::MSELoss loss;
  std::vector<wg::Dims> shapes;
  std::vector<std::vector<int64_t>> seen;
  const auto note = [&](nn::Module&, const wg::Tensor& in, const wg::Tensor& out) {
    seen.push_back(in.shape().vec());
    seen.push_back(out.shape().vec());
    return wg::Tensor();
  };
  layer.register_full_backward_hook(note);
  loss.register_full_backward_hook(note);
  const wg::Tensor x = wg::ones({4, 1, 3}).requires_grad_();
  loss(layer(x).first, wg::zeros({4, 1, 2})).backward();
  EXPECT_EQ(seen, (std::vector<std::vector<int64_t>>{{4, 1, 2}, {}, {4, 1, 3}, {4, 1, 2}}));
}

TEST(BackwardHooks, CanBeDifferentiated) {
  Square module;
  module.register_full_backward_pre_hook([](nn::Module&, const wg::Tensor& g) { return g * g; });
  const wg::Tensor x = leaf({3}), seed = leaf({5});
  const wg::Tensor first = wg::grad({module(x)}, {x}, {seed}, true, true)[0];
  EXPECT_EQ(values(first), (Numbers{150}));  // 2 x seed^2
  EXPECT_EQ(values(wg::grad({first}, {seed})[0]), (Numbers{60}));
}

TEST(BackwardHooks, AreFunctions) {
  Square module;
  EXPECT_THROW(module.register_forward_pre_hook(nullptr), wg::TypeError);
  EXPECT_THROW(module.register_forward_hook(nullptr), wg::TypeError);
  EXPECT_THROW(module.register_full_backward_pre_hook(nullptr), wg::TypeError);
  EXPECT_THROW(module.register_full_backward_hook(nullptr), wg::TypeError);
  module(leaf({3})).backward(wg::ones({1}, wg::DType::float64));
}

TEST(BackwardHooks, ErrorsReachTheCaller) {
  Square module;
  module.register_full_backward_pre_hook(
      [](nn::Module&, const wg::Tensor&) -> wg::Tensor { throw std::out_of_range("stop"); });
  const wg::Tensor x = leaf({3});
  EXPECT_THROW(module(x).backward(wg::ones({1}, wg::DType::float64)), std::out_of_range);
  EXPECT_FALSE(x.grad().defined());
}

}  // namespace
