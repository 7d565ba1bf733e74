// Convolutions of bfloat16 and float16, and their gradients, against those of the same numbers in
// float64.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <sstream>
#include <string>

#include "kernels/gemm.h"
#include "wengert/wengert.h"

namespace wg = wengert;

namespace {

constexpr auto kPairs = wg::DType::bfloat16;

struct Case {
  int64_t spatial, groups;
  bool transposed;
  std::vector<int64_t> x, w, stride, padding, dilation;

  explicit Case(unsigned seed) {
    std::mt19937 random(seed);
    const auto draw = [&](int64_t from, int64_t to) {
      return std::uniform_int_distribution<int64_t>(from, to)(random);
    };
    spatial = draw(1, 3);
    groups = draw(0, 3) == 0 ? draw(2, 3) : 1;
    transposed = draw(0, 3) == 0;
    const int64_t in = draw(1, 40), out = draw(1, 70),
                  most = spatial == 1   ? 300
                         : spatial == 2 ? 30
                                        : 8;
    x = {draw(1, 4), in * groups};
    w = transposed ? std::vector<int64_t>{in * groups, out}
                   : std::vector<int64_t>{out * groups, in};
    for (int64_t i = 0; i < spatial; ++i) {
      const int64_t kernel = draw(1, 4);
      stride.push_back(draw(1, 3));
      dilation.push_back(draw(1, 2));
      padding.push_back(draw(0, kernel));
      w.push_back(kernel);
      x.push_back(draw(dilation.back() * (kernel - 1) + 1, most));
    }
  }
  std::string name() const {
    std::ostringstream s;
    s << spatial << "d" << (transposed ? ", transposed" : "") << ", groups " << groups;
    const std::pair<const char*, const std::vector<int64_t>&> sizes[] = {
        {"x", x}, {"w", w}, {"stride", stride}, {"padding", padding}, {"dilation", dilation}};
    for (const auto& [what, numbers] : sizes) {
      s << ", " << what;
      for (const int64_t n : numbers) s << ' ' << n;
    }
    return s.str();
  }
  wg::Tensor apply(const wg::Tensor& x, const wg::Tensor& w, const wg::Tensor& b) const {
    if (transposed) {
      const auto f = spatial == 1   ? wg::conv_transpose1d
                     : spatial == 2 ? wg::conv_transpose2d
                                    : wg::conv_transpose3d;
      return f(x, w, b, stride, padding, {0}, groups, dilation);
    }
    const auto f = spatial == 1 ? wg::conv1d : spatial == 2 ? wg::conv2d : wg::conv3d;
    return f(x, w, b, stride, padding, dilation, groups);
  }
};

// y and the gradients of x, w and b, with the sum of y * g as the loss.
std::vector<wg::Tensor> results(const Case& c, const wg::Tensor& x, const wg::Tensor& w,
                                const wg::Tensor& b, wg::Tensor g) {
  const wg::Tensor in[] = {x.detach().requires_grad_(), w.detach().requires_grad_(),
                           b.detach().requires_grad_()};
  const wg::Tensor y = c.apply(in[0], in[1], in[2]);
  if (!g.defined()) g = wg::ones(y.shape(), y.dtype());
  std::vector<wg::Tensor> all = wg::grad({y}, {in[0], in[1], in[2]}, {g});
  all.insert(all.begin(), y.detach());
  return all;
}

class HalfConvolution : public ::testing::TestWithParam<wg::DType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, HalfConvolution,
                         ::testing::Values(wg::DType::float16, wg::DType::bfloat16));

TEST_P(HalfConvolution, AgreesWithFloat64) {
  constexpr auto kDouble = wg::DType::float64;
  const double half = GetParam() == wg::DType::float16 ? 0x1p-11 : 0x1p-8;
  wg::manual_seed(0);
  for (unsigned seed = 0; seed < 150; ++seed) {
    const Case c(seed);
    const wg::Tensor x = wg::randn(c.x).to(GetParam()), w = (wg::randn(c.w) * 0.25).to(GetParam());
    // Transposed ones add a bias to the rounded result.
    const wg::Tensor b = c.transposed ? wg::zeros({c.w[1] * c.groups}, GetParam())
                                      : wg::randn({c.w[0]}).to(GetParam());
    wg::Tensor y;
    try {
      y = c.apply(x, w, b);
    } catch (const wg::Error&) {
      continue;  // the result of a transposed one would have no size
    }
    const wg::Tensor g = wg::randn(y.shape()).to(GetParam());
    const auto to = [&](const wg::Tensor& t) { return t.to(kDouble); };
    const auto size = [&](const wg::Tensor& t) { return wg::abs(t.to(kDouble)); };
    const auto ours = results(c, x, w, b, g), exact = results(c, to(x), to(w), to(b), to(g)),
               sizes = results(c, size(x), size(w), size(b), size(g));
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_EQ(ours[i].dtype(), GetParam());
      if (ours[i].numel() == 0) continue;
      // One rounding to the format beside the errors of the sum in float32.
      const wg::Tensor excess =
          wg::abs(to(ours[i]) - exact[i]) - half * wg::abs(exact[i]) - 3e-6 * sizes[i] - 1e-7;
      ASSERT_LE(wg::max(excess).item().to_double(), 0) << "result " << i << " of " << c.name();
    }
  }
}

// Whether the convolutions below take products of pairs, which these are facts of.
bool has_pairs() { return wengert::kernels::gemm_packs(kPairs); }

bool same_bits(const wg::Tensor& a, const wg::Tensor& b) {
  const wg::Tensor x = wg::contiguous(a), y = wg::contiguous(b);
  return x.shape() == y.shape() &&
         std::memcmp(x.data(), y.data(), static_cast<size_t>(2 * x.numel())) == 0;
}

TEST(PairConvolution, BitsDependOnNeitherThreadsNorOtherImages) {
  if (!has_pairs()) GTEST_SKIP() << "the processor has no products of pairs";
  wg::manual_seed(1);
  for (unsigned seed = 200; seed < 260; ++seed) {
    const Case c(seed);
    if (c.transposed) continue;
    const wg::Tensor x = wg::randn(c.x).to(kPairs), w = wg::randn(c.w).to(kPairs);
    const wg::Tensor b = wg::randn({c.w[0]}).to(kPairs);
    wg::set_num_threads(1);
    const auto one = results(c, x, w, b, {});
    wg::set_num_threads(3);
    const auto three = results(c, x, w, b, {});
    for (size_t i = 0; i < one.size(); ++i)
      ASSERT_TRUE(same_bits(one[i], three[i])) << "result " << i << " of " << c.name();
    const auto alone = results(c, wg::slice(x, 0, 0, 1), w, b, {});
    for (size_t i = 0; i < 2; ++i)
      ASSERT_TRUE(same_bits(alone[i], wg::slice(one[i], 0, 0, 1)))
          << "result " << i << " of " << c.name();
  }
  wg::set_num_threads(2);
}

// What is not finite stays where it is seen.
TEST(PairConvolution, NanReachesOnlyWhatSeesIt) {
  if (!has_pairs()) GTEST_SKIP() << "the processor has no products of pairs";
  wg::Tensor x = wg::ones({1, 16, 9, 40}).to(kPairs);
  const wg::Tensor w = wg::ones({16, 16, 3, 3}).to(kPairs);
  wg::Tensor one = wg::select(wg::select(wg::select(x, 1, 3), 1, 4), 1, 17);
  wg::fill_(one, NAN);
  const wg::Tensor y = wg::conv2d(x, w, {}, {1}, {1});
  EXPECT_EQ(wg::sum(wg::isnan(y)).item().to_int(), 16 * 9);
  const wg::Tensor seen = wg::slice(wg::slice(y, 2, 3, 6), 3, 16, 19);
  EXPECT_EQ(wg::sum(wg::isnan(seen)).item().to_int(), 16 * 9);
}

}  // namespace
