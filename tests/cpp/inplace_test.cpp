// Changes in place: versions, errors, gradients, and that failed calls change nothing.
#include "graph.h"
#include "tensor/impl.h"

namespace wengert {
namespace {

TEST(InPlace, UndefinedOperandsAreRefused) {
  const Tensor none, x = vec({1, 2});
  Tensor y = vec({3, 4});
  EXPECT_THROW(add_(y, none), ValueError);
  EXPECT_THROW(y *= none, ValueError);
  EXPECT_THROW(pow_(y, none), ValueError);
  EXPECT_THROW(eq_(y, none), ValueError);
  EXPECT_THROW(lerp_(y, none, 0.5), ValueError);
  EXPECT_THROW(addcmul_(y, x, none), ValueError);
  EXPECT_THROW(addcdiv_(y, none, x), ValueError);
  EXPECT_THROW(clamp_(y, none, none), Error);
  EXPECT_THROW(masked_fill_(y, none, 0), ValueError);
  EXPECT_THROW(scatter_(y, 0, none, x), ValueError);
  EXPECT_THROW(copy_(y, none), ValueError);
  EXPECT_TRUE(equal(y, vec({3, 4})));
  Tensor nothing;
  EXPECT_THROW(add_(nothing, x), ValueError);
  EXPECT_THROW(clamp_(nothing, x, x), ValueError);
}

TEST(InPlace, ClampHasBoundsThatMayBeMissing) {
  const Tensor none, low = vec({2, 5}), high = vec({2, 6});
  Tensor y = vec({3, 4});
  EXPECT_TRUE(equal(clamp_(y, low, none), vec({3, 5})));
  EXPECT_TRUE(equal(clamp_(y, none, high), vec({2, 5})));
  EXPECT_TRUE(equal(clamp_(y, low + 1, high + 1), vec({3, 6})));
  EXPECT_TRUE(equal(y, vec({3, 6})));
  const Tensor x = leaf({3, 4});
  y = x * 2;
  sum(clamp_(y, vec({7, 0}), none)).backward();
  EXPECT_TRUE(equal(x.grad(), vec({0, 2})));
}

// x -> exp (saves its output) -> add_ : the saved value is gone
TEST(BackwardVersions, SavedOutputWasChanged) {
  const Tensor x = leaf({1});
  Tensor y = exp(x);
  add_(y, 1.0);
  expect_error([&] { y.backward({}, true); },
               {"exp", "changed in place", "clone()", "version 1", "expected 0"});
  EXPECT_FALSE(x.grad().defined());
}

TEST(BackwardVersions, SavedInputWasChanged) {
  const Tensor x = leaf({1, 2});
  Tensor h = x * 1.0;
  const Tensor y = sum(square(h));
  zero_(h);
  expect_error([&] { y.backward(); }, {"square", "(2,)", "float64", "changed in place"});
}

// what is not saved may change
TEST(BackwardVersions, UnsavedValuesMayChange) {
  const Tensor x = leaf({1, 2});
  Tensor h = x * 2.0;
  const Tensor y = sum(h + 1.0);
  zero_(h);
  y.backward();
  expect_values(x.grad(), {2, 2});
}

TEST(BackwardVersions, ChangesAreSeenThroughViewsAndDetached) {
  const Tensor x = leaf({1, 2});
  for (const auto& change : std::vector<std::function<void(Tensor&)>>{[](Tensor& h) {
                                                                        Tensor v = select(h, 0, 0);
                                                                        NoGradGuard off;
                                                                        zero_(v);
                                                                      },
                                                                      [](Tensor& h) {
                                                                        Tensor d = h.detach();
                                                                        zero_(d);
                                                                      },
                                                                      [](Tensor& h) {
                                                                        NoGradGuard off;
                                                                        fill_(h, 3.0);
                                                                      }}) {
    Tensor h = x * 1.0;
    const Tensor y = sum(h * h);
    change(h);
    expect_error([&] { y.backward(); }, {"mul", "changed in place"});
  }
}

TEST(BackwardVersions, EveryChangeCounts) {
  Tensor t = vec({1, 2});
  const Tensor v = slice(t, 0, 0, 1, 1);
  EXPECT_EQ(t.impl()->version(), 0u);
  add_(t, 1.0);
  zero_(t);
  copy_(t, vec({1, 1}));
  EXPECT_EQ(t.impl()->version(), 3u);
  EXPECT_EQ(v.impl()->version(), 3u);
  EXPECT_EQ(clone(t).impl()->version(), 0u);
}

// ---- gradients --------------------------------------------------------------------------------

// x -> clone -> mul_ w -> add_ w -> exp_
TEST(BackwardInPlace, ChainOfChanges) {
  const Tensor x = leaf({0.5}), w = leaf({2});
  Tensor y = clone(x);
  mul_(y, w);
  add_(y, w);
  exp_(y);
  y.backward();
  expect_values(x.grad(), {2 * std::exp(3.0)});
  expect_values(w.grad(), {1.5 * std::exp(3.0)});
}

TEST(BackwardInPlace, WithItself) {
  const Tensor x = leaf({3});
  Tensor y = x * 1.0;
  mul_(y, y);
  y.backward();
  expect_values(x.grad(), {6});
  Tensor z = x * 1.0;
  add_(z, z);
  expect_values(z, {6});
}

// the value that an operation replaced is kept with its history
TEST(BackwardInPlace, SecondOrder) {
  const Tensor x = leaf({3}), w = leaf({2});
  Tensor y = square(x);
  mul_(y, w);
  mul_(y, y);  // x^4 w^2
  const auto g = grad({y}, {x, w}, {}, true, true);
  expect_values(g[0], {4 * 27 * 4});
  expect_values(g[1], {2 * 81 * 2});
  const auto h = grad({g[0] + g[1]}, {x, w});
  expect_values(h[0], {12 * 9 * 4 + 8 * 27 * 2});
  expect_values(h[1], {8 * 27 * 2 + 2 * 81});
}

// source and target overlap without being the same elements
TEST(BackwardInPlace, OverlappingOperands) {
  Tensor t = vec({1, 2, 3, 4});
  Tensor tail = slice(t, 0, 1, 4, 1);
  add_(tail, slice(t, 0, 0, 3, 1));
  expect_values(t, {1, 3, 5, 7});
  Tensor m = reshape(vec({1, 2, 3, 4}), {2, 2});
  add_(m, transpose(m, 0, 1));
  expect_values(m, {2, 5, 5, 8});
}

TEST(BackwardInPlace, Broadcasts) {
  const Tensor x = ones({2, 3}, DType::float64).requires_grad_(), w = leaf({1, 2, 3});
  Tensor y = x * 1.0;
  mul_(y, w);
  sum(y).backward();
  expect_values(w.grad(), {2, 2, 2});
  expect_values(x.grad(), {1, 2, 3, 1, 2, 3});
}

TEST(BackwardInPlace, ZeroCutsTheHistory) {
  const Tensor x = leaf({1, 2});
  Tensor y = x * 2.0;
  zero_(y);
  sum(y + x).backward();
  expect_values(x.grad(), {1, 1});
}

TEST(BackwardInPlace, ConstantsBecomeDependent) {
  Tensor y = zeros({2}, DType::float64);
  const Tensor w = leaf({1, 2});
  add_(y, w);
  EXPECT_FALSE(y.is_leaf());
  sum(y * y).backward();
  expect_values(w.grad(), {2, 4});
}

// ---- errors -----------------------------------------------------------------------------------

TEST(BackwardInPlace, LeavesCannotChangeWhileRecorded) {
  Tensor x = leaf({1, 2});
  expect_error([&] { add_(x, 1.0); }, {"add", "leaf", "no_grad()"});
  expect_values(x, {1, 2});
  EXPECT_EQ(x.impl()->version(), 0u);
  NoGradGuard off;
  add_(x, 1.0);
  expect_values(x, {2, 3});
  EXPECT_TRUE(x.is_leaf());
}

TEST(BackwardInPlace, ResultsMustFit) {
  Tensor t = vec({1, 2});
  expect_error([&] { add_(t, ones({3, 2}, DType::float64)); }, {"add_", "(3, 2)", "(2,)"});
  Tensor i = arange(0, 3);
  expect_error([&] { add_(i, 0.5); }, {"add_", "float", "int64"});
  expect_error([&] { add_(i, vec({1, 2})); }, {"add", "(2,)", "(3,)"});
  expect_values(t, {1, 2});
  expect_values(i, {0, 1, 2});
  EXPECT_EQ(t.impl()->version() + i.impl()->version(), 0u);
}

TEST(BackwardInPlace, IndexPut) {
  const Tensor x = leaf({1, 2, 3}), w = leaf({10});
  Tensor y = x * 1.0;
  index_put_(y, {arange(1, 2)}, w);
  sum(y * y).backward();
  expect_values(x.grad(), {2, 0, 6});
  expect_values(w.grad(), {20});
  Tensor z = vec({1, 2, 3});
  expect_error<IndexError>([&] { index_put_(z, {arange(2, 5)}, vec({0})); }, {"index_put"});
  expect_values(z, {1, 2, 3});
}

}  // namespace
}  // namespace wengert
