// Views: what they share, and the history they get when base or view changes in place.
#include "graph.h"

namespace wengert {
namespace {

// Gradients of sum(result * 1, 10, 100, ...) for `f` applied to a copy of x and to w, which must be
// those of the same computation without any view (`plain`).
using Build = std::function<Tensor(const Tensor& x, const Tensor& w)>;
void expect_same_gradients(const Build& f, const Build& plain, std::vector<double> x0,
                           std::vector<double> w0) {
  std::vector<double> got[4];
  int k = 0;
  for (const Build& build : {f, plain}) {
    const Tensor x = leaf(x0), w = leaf(w0);
    const Tensor y = build(x, w);
    std::vector<double> weights;
    for (int64_t i = 0; i < y.numel(); ++i) weights.push_back(1.0 + 3.0 * static_cast<double>(i));
    const Tensor c = reshape(vec(weights), y.shape());
    sum(y * c).backward();
    got[k++] = values(x.grad());
    got[k++] = values(w.grad());
  }
  EXPECT_EQ(got[0], got[2]);
  EXPECT_EQ(got[1], got[3]);
}

// x -> clone = b      v = b[1:3] *= w changes b
TEST(BackwardViews, ChangeThroughAView) {
  expect_same_gradients(
      [](const Tensor& x, const Tensor& w) {
        Tensor b = clone(x), v = slice(b, 0, 1, 3, 1);
        mul_(v, w);
        return b;
      },
      [](const Tensor& x, const Tensor& w) {
        return cat({slice(x, 0, 0, 1, 1), slice(x, 0, 1, 3, 1) * w, slice(x, 0, 3, 4, 1)});
      },
      {1, 2, 3, 4}, {5, 6});
}

// b -> reshape(2, 2) -> transpose -> [0]: the change reaches b through three views
TEST(BackwardViews, ChangeThroughAViewOfAViewOfAView) {
  expect_same_gradients(
      [](const Tensor& x, const Tensor& w) {
        Tensor b = clone(x), v = select(transpose(view(b, {2, 2}), 0, 1), 0, 0);
        mul_(v, w);
        exp_(v);
        return b;
      },
      [](const Tensor& x, const Tensor& w) {
        const Tensor even = exp(slice(x, 0, 0, 4, 2) * w), odd = slice(x, 0, 1, 4, 2);
        return reshape(stack({even, odd}, 1), {4});
      },
      {0.1, 0.2, 0.3, 0.4}, {0.5, 0.6});
}

// the base changes after the view was taken: the view's history is made anew
TEST(BackwardViews, BaseChangesAfterAViewWasTaken) {
  expect_same_gradients(
      [](const Tensor& x, const Tensor& w) {
        Tensor b = clone(x);
        const Tensor v = slice(b, 0, 0, 2, 1);
        const Tensor before = v * 1.0;
        mul_(b, 3.0);
        return before + v * w;
      },
      [](const Tensor& x, const Tensor& w) {
        const Tensor v = slice(x, 0, 0, 2, 1);
        return v + v * 3.0 * w;
      },
      {1, 2, 3}, {5, 6});
}

// a sibling view sees what another view changed
TEST(BackwardViews, SiblingsSeeTheChange) {
  expect_same_gradients(
      [](const Tensor& x, const Tensor& w) {
        Tensor b = clone(x), v = slice(b, 0, 0, 2, 1);
        const Tensor sibling = slice(b, 0, 1, 3, 1);
        mul_(v, w);
        return sibling * 2.0;
      },
      [](const Tensor& x, const Tensor& w) {
        return cat({slice(x, 0, 1, 2, 1) * slice(w, 0, 1, 2, 1), slice(x, 0, 2, 3, 1)}) * 2.0;
      },
      {1, 2, 3}, {5, 6});
}

// base without gradient; the change brings one
TEST(BackwardViews, ConstantBaseGetsAHistory) {
  Tensor b = zeros({3}, DType::float64);
  const Tensor sibling = slice(b, 0, 0, 2, 1);
  Tensor v = slice(b, 0, 1, 3, 1);
  const Tensor w = leaf({5, 6});
  EXPECT_FALSE(sibling.requires_grad());
  add_(v, w);
  EXPECT_TRUE(b.requires_grad());
  EXPECT_TRUE(v.requires_grad());
  EXPECT_TRUE(sibling.requires_grad());
  EXPECT_FALSE(sibling.is_leaf());
  sum(sibling * 2.0).backward();
  expect_values(w.grad(), {2, 0});
}

TEST(BackwardViews, LateHistoryIsRecorded) {
  Tensor b = zeros({3}, DType::float64);
  const Tensor v = slice(b, 0, 0, 2, 1), w = leaf({1, 2, 3});
  add_(b, w);
  sum(v * v).backward();
  expect_values(w.grad(), {2, 4, 0});
}

// a base whose strides are not row-major: view operations must find the same layout in backward
TEST(BackwardViews, BaseInAnotherStrideOrder) {
  const Tensor x = ones({2, 3}, DType::float64).requires_grad_();
  Tensor b = transpose(x, 0, 1) * 1.0;
  ASSERT_EQ(b.stride(0), 1);
  Tensor v = view(transpose(b, 0, 1), {6});
  mul_(v, vec({1, 2, 3, 4, 5, 6}));
  const Tensor g = grad({sum(b * b)}, {x}, {}, true, true)[0];
  expect_values(g, {2, 8, 18, 32, 50, 72});
  sum(g).backward();
  expect_values(x.grad(), {2, 8, 18, 32, 50, 72});
}

// second order through a change of a view
TEST(BackwardViews, SecondOrderThroughAChangedView) {
  const Tensor x = leaf({2, 3});
  Tensor b = square(x), v = select(b, 0, 0);
  mul_(v, select(x, 0, 1));  // b = (x0^2 x1, x1^2)
  const Tensor g = grad({sum(b)}, {x}, {}, true, true)[0];
  expect_values(g, {12, 4 + 6});
  const Tensor h = grad({sum(g)}, {x})[0];  // d(2 x0 x1 + x0^2 + 2 x1)
  expect_values(h, {6 + 4, 4 + 2});
}

TEST(BackwardViews, CopyIntoARow) {
  expect_same_gradients(
      [](const Tensor& x, const Tensor& w) {
        Tensor b = clone(x), v = slice(b, 0, 0, 2, 1);
        copy_(v, w);
        return b * b;
      },
      [](const Tensor& x, const Tensor& w) {
        const Tensor b = cat({w, slice(x, 0, 2, 3, 1)});
        return b * b;
      },
      {1, 2, 3}, {5, 6});
}

// ---- errors -----------------------------------------------------------------------------------

TEST(BackwardViews, SeveralViewsOfOneCall) {
  const Tensor x = leaf({1, 2, 3});
  Tensor b = clone(x), plain = clone(x.detach());
  auto parts = split(b, {1, 2}), rows = unbind(b, 0), others = split(plain, {1, 2});
  EXPECT_THROW(mul_(parts[1], 2), Error);
  EXPECT_THROW(mul_(rows[1], 2), Error);
  EXPECT_THROW(mul_(others[0], sum(x)), Error);
  mul_(others[0], 2);
  EXPECT_EQ(plain.data<double>()[0], 2);
  {
    NoGradGuard off;
    mul_(parts[0], 2);
  }
  Tensor alone = slice(b, 0, 1, 3, 1);
  mul_(alone, 2);
  backward({sum(b)});
  EXPECT_EQ(x.grad().data<double>()[0], 1);
  EXPECT_EQ(x.grad().data<double>()[1], 2);
}

TEST(BackwardViews, ViewsOfLeaves) {
  const Tensor x = leaf({1, 2});
  Tensor v = slice(x, 0, 0, 1, 1);
  expect_error([&] { mul_(v, 2.0); }, {"mul", "view of a leaf", "no_grad()"});
  expect_values(x, {1, 2});
  NoGradGuard off;
  mul_(v, 2.0);
  expect_values(x, {2, 2});
}

TEST(BackwardViews, ViewsMadeWithoutRecording) {
  const Tensor x = leaf({1, 2});
  const Tensor b = x * 1.0;
  Tensor v;
  {
    NoGradGuard off;
    v = slice(b, 0, 0, 1, 1);
  }
  expect_error([&] { mul_(v, 2.0); }, {"mul", "no_grad", "clone()"});
  expect_values(b, {1, 2});
}

// the view keeps no way to the history that the base gets later
TEST(BackwardViews, BaseChangesAfterAViewWithoutRecording) {
  const Tensor x = leaf({3, 4});
  const auto check = [&](bool inference, const char* mode) {
    Tensor b = vec({1, 2}), v;
    {
      const NoGradGuard off;
      const auto inferring = inference ? inference_mode() : nullptr;
      v = slice(b, 0, 0, 1, 1);
    }
    mul_(b, x);
    expect_error([&] { v * 2.0; }, {mode, "view", "clone()"});
    expect_values(b, {3, 8});
    const NoGradGuard off;
    expect_values(v * 2.0, {6});
  };
  check(false, "no_grad");
  check(true, "inference mode");
}

TEST(BackwardViews, ExpandedTensorsCannotChange) {
  Tensor e = expand(vec({1}), {3});
  expect_error([&] { add_(e, 1.0); }, {"add", "(3,)", "clone()"});
  expect_values(e, {1, 1, 1});
}

TEST(BackwardViews, ViewsKeepTheBaseAlive) {
  const uint64_t before = live_blocks();
  {
    const Tensor x = leaf({1, 2, 3});
    Tensor v;
    {
      Tensor b = x * 1.0;
      v = slice(b, 0, 1, 3, 1);
      mul_(v, 2.0);
    }
    sum(v).backward();
    EXPECT_EQ(values(x.grad())[0], 0);
  }
  EXPECT_EQ(live_blocks(), before);
}

// retain_grad follows the tensor to its new history, and forgets tensors that die
TEST(BackwardViews, RetainedGradientsFollowTheChange) {
  const Tensor x = leaf({1, 2});
  Tensor b = x * 1.0;
  b.retain_grad();
  Tensor v = slice(b, 0, 0, 1, 1);
  v.retain_grad();
  const Tensor old = v * 10.0;
  mul_(v, 3.0);
  EXPECT_FALSE(v.is_leaf());  // asks for the new history
  sum(b).backward({}, true);
  expect_values(b.grad(), {1, 1});
  expect_values(x.grad(), {3, 1});
  v = Tensor();
  b = Tensor();
  sum(old).backward();
  expect_values(x.grad(), {13, 1});
}

}  // namespace
}  // namespace wengert
