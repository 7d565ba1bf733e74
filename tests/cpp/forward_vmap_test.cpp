// Forward mode and vectorisation over examples from C++.
#include "graph.h"
#include "wengert/autograd.h"

namespace wengert {
namespace {

TEST(Forward, DualNumbersCarryTangents) {
  const Tensor x = linspace(0.1, 1.0, 4, DType::float64), t = ones({4}, DType::float64);
  const DualLevel level;
  const auto [value, tangent] = level.unpack(sin(level.make(x, t)) * x);
  EXPECT_TRUE(allclose(value, sin(x) * x));
  EXPECT_TRUE(allclose(tangent, cos(x) * x));
  EXPECT_FALSE(level.unpack(exp(x)).second.defined());
}

TEST(Forward, NestedLevelsAreKeptApart) {
  const Tensor one = ones({}, DType::float64);
  const DualLevel outer;
  const Tensor x = outer.make(one, one);
  Tensor inner_tangent;
  {
    const DualLevel inner;
    inner_tangent = inner.unpack(x + inner.make(one, one)).second;
  }
  EXPECT_EQ(outer.unpack(x * inner_tangent).second.item<double>(), 1.0);
}

TEST(Forward, OverReverseIsTheHessianTimesAVector) {
  const Tensor start = linspace(0.1, 1.0, 4, DType::float64);
  const DualLevel level;
  Tensor x = level.make(start, ones({4}, DType::float64));
  x.requires_grad_();
  const Tensor g = grad({sum(x * x * x)}, {x})[0];
  EXPECT_TRUE(allclose(level.unpack(g).second, start * 6.0));
}

TEST(Forward, OverReverseThroughChangesInPlace) {
  const Tensor start = linspace(0.1, 1.0, 4, DType::float64);
  const DualLevel level;
  Tensor x = level.make(start, ones({4}, DType::float64));
  x.requires_grad_();
  Tensor y = clone(x);
  mul_(y, x);  // saves the input
  exp_(y);     // saves the result
  const Tensor g = grad({sum(y)}, {x})[0];
  const Tensor e = exp(start * start);
  EXPECT_TRUE(allclose(level.unpack(g).second, e * 2.0 + start * start * e * 4.0));
}

TEST(Vmap, GradientsOfAllExamplesThroughAChangeInPlace) {
  const Tensor x = reshape(linspace(0.1, 1.0, 6, DType::float64), {2, 3}).requires_grad_();
  Tensor y;
  {
    const BatchLevel level(2);
    const Tensor one = level.wrap(x, 0);
    Tensor changed = clone(one);
    mul_(changed, one);
    y = level.unwrap(sum(changed));
  }
  EXPECT_TRUE(allclose(grad({sum(y)}, {x})[0], x.detach() * 2.0));
}

TEST(Vmap, AnOperationRunsOnceForAllExamples) {
  const Tensor a = linspace(0, 1, 6, DType::float64), w = ones({3}, DType::float64);
  BatchLevel level(2);
  const Tensor x = level.wrap(reshape(a, {2, 3}), 0);
  EXPECT_EQ(x.shape(), Dims({3}));
  const BatchCounts before = batch_counts();
  const Tensor y = level.unwrap(sum(x * w));
  const BatchCounts after = batch_counts();
  EXPECT_TRUE(allclose(y, sum(reshape(a, {2, 3}), {1})));
  EXPECT_GT(after.rules, before.rules);
  EXPECT_EQ(after.fallbacks, before.fallbacks);
  EXPECT_THROW(x.item(), Error);
  level.end();
  EXPECT_THROW(contiguous(x + w), Error);
}

TEST(Vmap, GradientsInsideAreOfEachExample) {
  const Tensor w = linspace(1, 2, 3, DType::float64),
               x = reshape(linspace(0, 1, 6, DType::float64), {2, 3});
  const BatchLevel level(2);
  GradientScope scope;
  const Tensor v = scope.variable(w);
  const Tensor loss = sum(v * v * level.wrap(x, 0));
  const Tensor g = scope.gradients({loss}, {v}, {ones_like(loss)})[0];
  scope.end();
  EXPECT_TRUE(allclose(level.unwrap(g), w * x * 2.0));
}

}  // namespace
}  // namespace wengert
