// Recurrent networks of the C++ interface.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;

namespace {

constexpr auto kDouble = wg::DType::float64;

std::vector<wg::Tensor> parameters(int64_t gates, bool bidirectional) {
  std::vector<wg::Tensor> p;
  for (int d = 0; d < (bidirectional ? 2 : 1); ++d) {
    p.push_back(wg::randn({gates * 3, 4}, kDouble));
    p.push_back(wg::randn({gates * 3, 3}, kDouble));
    p.push_back(wg::randn({gates * 3}, kDouble));
    p.push_back(wg::randn({gates * 3}, kDouble));
  }
  return p;
}
void expect_same(const wg::Tensor& a, const wg::Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  EXPECT_LT(wg::max(wg::abs(a - b)).item().to_double(), 1e-12);
}

TEST(Recurrent, ALayerIsItsCellAtEveryStep) {
  wg::manual_seed(0);
  const auto p = parameters(4, false);
  const wg::Tensor x = wg::randn({5, 2, 4}, kDouble);
  const auto [output, h_n, c_n] = wg::lstm(x, {}, p, true, 1, 0, false, false, false);
  wg::Tensor h = wg::zeros({2, 3}, kDouble), c = wg::zeros({2, 3}, kDouble);
  for (int64_t t = 0; t < 5; ++t) {
    const std::vector<wg::Tensor> hx{h, c};
    std::tie(h, c) = wg::lstm_cell(wg::select(x, 0, t), hx, p[0], p[1], p[2], p[3]);
    expect_same(wg::select(output, 0, t), h);
  }
  expect_same(wg::select(h_n, 0, 0), h);
  expect_same(wg::select(c_n, 0, 0), c);
}

TEST(Recurrent, EqualLengthsMayBePacked) {
  wg::manual_seed(1);
  const auto p = parameters(3, true);
  const wg::Tensor x = wg::randn({5, 2, 4}, kDouble);
  const auto [padded, h] = wg::gru(x, {}, p, true, 1, 0, false, true, false);
  const std::vector<int64_t> sizes(5, 2);
  const auto [packed, last] =
      wg::gru(wg::reshape(x, {10, 4}), wg::Dims(sizes.data(), 5), {}, p, true, 1, 0, false, true);
  expect_same(wg::reshape(padded, {10, 6}), packed);
  expect_same(h, last);
}

TEST(Recurrent, Gradients) {
  wg::manual_seed(2);
  std::vector<wg::Tensor> inputs = parameters(4, true);
  inputs.push_back(wg::randn({6, 4}, kDouble));
  inputs.push_back(wg::randn({2, 3, 3}, kDouble));
  inputs.push_back(wg::randn({2, 3, 3}, kDouble));
  for (wg::Tensor& t : inputs) t.requires_grad_();
  wg::gradcheck(
      [](const std::vector<wg::Tensor>& t) {
        const std::vector<wg::Tensor> p(t.begin(), t.begin() + 8), hx{t[9], t[10]};
        const std::vector<int64_t> sizes{3, 2, 1};
        const auto [output, h, c] =
            wg::lstm(t[8], wg::Dims(sizes.data(), 3), hx, p, true, 1, 0, false, true);
        return wg::sum(wg::square(output)) + wg::sum(h) + wg::sum(wg::tanh(c));
      },
      inputs);
}

TEST(Recurrent, WrongUse) {
  const auto p = parameters(4, false);
  const std::vector<wg::Tensor> one{wg::zeros({1, 2, 3}, kDouble)};
  const wg::Tensor x = wg::zeros({5, 2, 4}, kDouble);
  EXPECT_THROW(wg::lstm(x, one, p, true, 1, 0, false, false, false), wg::Error);
  EXPECT_THROW(wg::lstm(x, {}, p, true, 2, 0, false, false, false), wg::Error);
  EXPECT_THROW(wg::lstm(wg::zeros({0, 2, 4}, kDouble), {}, p, true, 1, 0, false, false, false),
               wg::Error);
}

}  // namespace
