// Checks of second derivatives, and hooks on several tensors.
#include "wengert/autograd_tools.h"

#include "graph.h"

namespace wengert {
namespace {

TEST(Gradgradcheck, AcceptsRightSecondDerivativesAndNamesWrongOnes) {
  const std::vector<Tensor> inputs = {leaf({0.3, -1.2}), leaf({0.7, 2}), vec({1, 3})};
  gradgradcheck([](const std::vector<Tensor>& x) { return sin(x[0]) * square(x[1]) * x[2]; },
                inputs);
  // A gradient that is right and not differentiable: the rule hides that it depends on x.
  const auto hidden = [](const std::vector<Tensor>& x) {
    Tensor y;
    {
      NoGradGuard off;
      y = x[0] * x[0];
    }
    record_custom(
        std::make_shared<Custom>([](const std::vector<Tensor>& g, const std::vector<Tensor>& s) {
          return std::vector<Tensor>{g[0] * 2 * s[0].detach()};
        }),
        {x[0]}, {y}, {true}, {x[0]});
    return y;
  };
  gradcheck(hidden, {leaf({0.3, -1.2})});
  expect_error([&] { gradgradcheck(hidden, {leaf({0.3, -1.2})}, vec({1, 1}).requires_grad_()); },
               {"gradient of output element 0", "input 0"});
  expect_error<ValueError>(
      [&] { gradgradcheck([](const std::vector<Tensor>& x) { return x[0] * 2; }, {vec({1})}); },
      {"requires grad"});
}

TEST(MultiGradHook, IsCalledOnceWithAllGradients) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4}), c = leaf({5, 6});
  const Tensor h = a * b;
  std::vector<std::vector<Tensor>> calls;
  const auto end = register_multi_grad_hook(
      {a, h, c}, [&](const std::vector<Tensor>& g) { calls.push_back(g); });
  sum(h * 2).backward({}, true);
  ASSERT_EQ(calls.size(), 1u);
  expect_values(calls[0][0], {6, 8});
  expect_values(calls[0][1], {2, 2});
  EXPECT_FALSE(calls[0][2].defined());  // not reached
  sum(h * c).backward({}, true);
  ASSERT_EQ(calls.size(), 2u);
  expect_values(calls[1][2], {3, 8});
  end();
  sum(h).backward();
  EXPECT_EQ(calls.size(), 2u);
  expect_error([&] { register_multi_grad_hook({a, vec({1})}, [](const auto&) {}); },
               {"require grad"});
}

TEST(MultiGradHook, IsCalledWithTheFirstGradientOfEveryPass) {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4});
  int calls = 0;
  register_any_grad_hook({a, b}, [&](const Tensor&) { ++calls; });
  for (int pass = 1; pass <= 3; ++pass) {
    sum(a * b).backward();
    EXPECT_EQ(calls, pass);
  }
}

TEST(MultiGradHook, NeedsAFunction) {
  const Tensor x = scalar(1.0).requires_grad_();
  EXPECT_THROW(register_multi_grad_hook({x}, nullptr), TypeError);
  EXPECT_THROW(register_any_grad_hook({x}, nullptr), TypeError);
  EXPECT_THROW(register_hook(x, std::function<Tensor(const Tensor&)>()), TypeError);
  EXPECT_THROW(register_post_accumulate_grad_hook(x, nullptr), TypeError);
  (x * 2.0).backward();
}

TEST(MultiGradHook, ForgetsPassesThatFailed) {
  const Tensor x = ones({1 << 16}).requires_grad_(), y = ones({1 << 16}).requires_grad_();
  register_hook(y, [](const Tensor&) -> Tensor { throw std::runtime_error("stop"); });
  int calls = 0;
  const auto end = register_multi_grad_hook({x, y}, [&](const std::vector<Tensor>&) { ++calls; });
  const auto fail = [&] {
    const Tensor p = sum(y * 1.0), q = sum(x * 2.0);  // the gradient of x comes first
    EXPECT_THROW((p + q).backward(), std::runtime_error);
    return memory_stats().allocated;
  };
  fail();
  const uint64_t before = fail();
  EXPECT_EQ(fail(), before);
  EXPECT_EQ(calls, 0);
  end();
}

TEST(MultiGradHook, DoesNotKeepWhatItWatches) {
  const uint64_t before = live_blocks();
  {
    const Tensor a = leaf({1, 2});
    const Tensor kept = leaf({1, 2});
    int calls = 0;
    {
      const Tensor h = a * 2;
      register_multi_grad_hook({h, kept}, [&](const std::vector<Tensor>&) { ++calls; });
    }
    sum(kept * kept).backward();  // of the two, this one alone is left
    EXPECT_EQ(calls, 1);
  }
  EXPECT_EQ(live_blocks(), before);
}

}  // namespace
}  // namespace wengert
