// Reductions, scans, softmax and moments against long double, and their fixed order.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/levels.h"
#include "runtime/cpu.h"

namespace {

using namespace wengert;
using namespace wengert::kernels;

struct Level {
  std::string name;
  const FloatReduce* reduce;
  const SoftmaxKernels* softmax;
  const MomentsFn* moments;
};
#define WG_LEVEL(l) {#l, l::reduce_table, l::softmax_table, l::moments_table}
std::vector<Level> levels() {
#if defined(__x86_64__)
  const auto best = runtime::cpu().level;
  std::vector<Level> all;
#if defined(WENGERT_HAS_V2)
  all.push_back(WG_LEVEL(v2));
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= runtime::IsaLevel::v3) all.push_back(WG_LEVEL(v3));
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= runtime::IsaLevel::v4) all.push_back(WG_LEVEL(v4));
#endif
  return all;
#else
  return {WG_LEVEL(baseline)};
#endif
}

template <class T>
constexpr int kSlot = sizeof(T) == 8;
template <class T>
constexpr double kEpsilon = std::numeric_limits<T>::epsilon();

template <class T>
std::vector<T> numbers(size_t n, double low, double high, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(low, high);
  std::vector<T> x(n);
  for (T& v : x) v = static_cast<T>(draw(random));
  return x;
}
template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
void check_sums(const Level& level) {
  for (int64_t n : {0, 1, 2, 7, 16, 17, 63, 100, 511, 1024, 1025, 4099, 100003, 2000000}) {
    const std::vector<T> x = numbers<T>(n + 1, 0.5, 1.5);
    long double exact = 0;
    for (int64_t i = 0; i < n; ++i) exact += x[i];
    T y;
    level.reduce[kSlot<T>].fn[0](1, n, 1, &y, x.data());
    EXPECT_LE(std::fabs(y - exact), 6 * kEpsilon<T> * exact) << level.name << " sum of " << n;
  }
}
TEST(Reduce, SumsAreAccurate) {
  for (const Level& level : levels()) {
    check_sums<float>(level);
    check_sums<double>(level);
  }
}

template <class T>
void check_order(const Level& level) {
  for (int64_t n : {1, 5, 16, 33, 200}) {
    for (int64_t inner : {1, 2, 3, 8, 16, 31, 64, 70, 150}) {
      constexpr int64_t kOuter = 3;
      const std::vector<T> x = numbers<T>(kOuter * n * inner, -1, 1);
      std::vector<T> y(kOuter * inner);
      for (int op = 0; op < 4; ++op) {
        const ReduceFn f = level.reduce[kSlot<T>].fn[op];
        f(kOuter, n, inner, y.data(), x.data());
        for (int64_t o = 0; o < kOuter; ++o) {
          for (int64_t i = 0; i < inner; ++i) {
            // The same numbers as the first of two columns, or as one row.
            const int64_t width = inner == 1 ? 1 : 2;
            std::vector<T> alone(n * width);
            for (int64_t k = 0; k < n; ++k) alone[k * width] = x[(o * n + k) * inner + i];
            T one[2];
            f(1, n, width, one, alone.data());
            ASSERT_TRUE(same_bits(one[0], y[o * inner + i]))
                << level.name << " n=" << n << " inner=" << inner << " op=" << op << " i=" << i;
            long double exact = op == 0 ? 0 : op == 1 ? 1 : x[o * n * inner + i];
            for (int64_t k = 0; k < n; ++k) {
              const long double v = x[(o * n + k) * inner + i];
              exact = op == 0   ? exact + v
                      : op == 1 ? exact * v
                      : op == 2 ? std::max(exact, v)
                                : std::min(exact, v);
            }
            const double scale = op == 0 ? n : op == 1 ? std::fabs(exact) * n : 0;
            ASSERT_LE(std::fabs(y[o * inner + i] - exact), scale * kEpsilon<T> + (op == 1) * 1e-45);
          }
        }
      }
    }
  }
}
TEST(Reduce, OrderDependsOnLengthOnly) {
  for (const Level& level : levels()) {
    check_order<float>(level);
    check_order<double>(level);
  }
}

TEST(Reduce, ExtremesPropagateNaNFromAnywhere) {
  for (const Level& level : levels()) {
    for (int64_t n : {1, 9, 40, 1500}) {
      for (int64_t at = 0; at < n; at += 1 + n / 13) {
        for (int64_t inner : {1, 5}) {
          std::vector<float> x(n * inner, 1.f), y(inner);
          x[at * inner] = std::nanf("");
          for (int op : {2, 3}) {
            level.reduce[0].fn[op](1, n, inner, y.data(), x.data());
            EXPECT_TRUE(std::isnan(y[0])) << level.name << " n=" << n << " at=" << at;
            EXPECT_TRUE(inner == 1 || y[inner - 1] == 1.f);
          }
          int64_t index[5];
          argreduce(true, DType::float32)(1, n, inner, index, x.data());
          EXPECT_EQ(index[0], at);
        }
      }
    }
  }
}

TEST(Reduce, Positions) {
  for (int64_t n : {1, 2, 17, 300, 5000}) {
    const std::vector<double> x = numbers<double>(n * 3, -5, 5);
    std::vector<double> coarse(x);
    for (double& v : coarse) v = std::round(v);  // many ties: the first counts
    for (int64_t inner : {1, 3}) {
      int64_t low[3], high[3];
      argreduce(false, DType::float64)(1, n, inner, low, coarse.data());
      argreduce(true, DType::float64)(1, n, inner, high, coarse.data());
      for (int64_t i = 0; i < inner; ++i) {
        int64_t first_low = 0, first_high = 0;
        for (int64_t k = 0; k < n; ++k) {
          if (coarse[k * inner + i] < coarse[first_low * inner + i]) first_low = k;
          if (coarse[k * inner + i] > coarse[first_high * inner + i]) first_high = k;
        }
        EXPECT_EQ(low[i], first_low);
        EXPECT_EQ(high[i], first_high);
      }
    }
  }
}

TEST(Reduce, Integers) {
  const std::vector<int8_t> x = {100, 100, 100, -3, 7, 0};
  int64_t wide[3];
  reduce(Reduce::sum, DType::int8)(1, 6, 1, wide, x.data());
  EXPECT_EQ(wide[0], 304);
  reduce(Reduce::sum, DType::int8)(1, 2, 3, wide, x.data());
  EXPECT_EQ(std::vector<int64_t>(wide, wide + 3), (std::vector<int64_t>{97, 107, 100}));
  reduce(Reduce::prod, DType::int8)(2, 3, 1, wide, x.data());
  EXPECT_EQ(wide[0], 1000000);
  EXPECT_EQ(wide[1], 0);
  int8_t narrow[2];
  reduce(Reduce::min, DType::int8)(2, 3, 1, narrow, x.data());
  EXPECT_EQ(narrow[0], 100);
  EXPECT_EQ(narrow[1], -3);
  const std::vector<uint8_t> flags = {1, 0, 1, 1};
  reduce(Reduce::sum, DType::bool_)(1, 4, 1, wide, flags.data());
  EXPECT_EQ(wide[0], 3);
  EXPECT_EQ(reduce(Reduce::sum, DType::float16), nullptr);
}

TEST(Reduce, AnyAndAll) {
  for (int64_t n : {0, 1, 255, 256, 257, 1000}) {
    for (int64_t inner : {1, 4}) {
      std::vector<float> x(n * inner, 0.f);
      uint8_t y[4];
      reduce(Reduce::any, DType::float32)(1, n, inner, y, x.data());
      EXPECT_EQ(y[0], 0);
      reduce(Reduce::all, DType::float32)(1, n, inner, y, x.data());
      EXPECT_EQ(y[0], n == 0);
      if (n == 0) continue;
      x[(n - 1) * inner] = std::nanf("");
      reduce(Reduce::any, DType::float32)(1, n, inner, y, x.data());
      EXPECT_EQ(y[0], 1);
      std::vector<int64_t> ones(n * inner, -7);
      reduce(Reduce::all, DType::int64)(1, n, inner, y, ones.data());
      EXPECT_EQ(y[0], 1);
      ones[0] = 0;
      reduce(Reduce::all, DType::int64)(1, n, inner, y, ones.data());
      EXPECT_EQ(y[0], 0);
    }
  }
}

TEST(Reduce, RunningSumsAndProducts) {
  const std::vector<int32_t> x = {1, 2, 3, 4, 5, 6};
  int64_t y[6];
  scan(Scan::sum, DType::int32)(1, 6, 1, y, x.data());
  EXPECT_EQ(std::vector<int64_t>(y, y + 6), (std::vector<int64_t>{1, 3, 6, 10, 15, 21}));
  scan(Scan::prod, DType::int32)(1, 3, 2, y, x.data());
  EXPECT_EQ(std::vector<int64_t>(y, y + 6), (std::vector<int64_t>{1, 2, 3, 8, 15, 48}));
  const std::vector<float> f = numbers<float>(100000, 0.5, 1.5);
  std::vector<float> running(f.size());
  scan(Scan::sum, DType::float32)(1, f.size(), 1, running.data(), f.data());
  double exact = 0;
  for (size_t i = 0; i < f.size(); ++i) {
    exact += f[i];
    ASSERT_NEAR(running[i], exact, 1e-7 * exact);
  }
}

template <class T>
void check_softmax(const Level& level) {
  const SoftmaxKernels& kernels = level.softmax[kSlot<T>];
  for (int64_t n : {1, 2, 10, 16, 33, 1000}) {
    constexpr int64_t kRows = 3;
    const std::vector<T> x = numbers<T>(kRows * n, -60, 60, 4), g = numbers<T>(kRows * n, -1, 1, 5);
    std::vector<T> y(x), log_y(x), gx(g), log_gx(g);  // outputs start as inputs: in place works
    kernels.softmax(kRows, n, y.data(), y.data());
    kernels.log_softmax(kRows, n, log_y.data(), log_y.data());
    kernels.softmax_grad(kRows, n, gx.data(), gx.data(), y.data());
    kernels.log_softmax_grad(kRows, n, log_gx.data(), log_gx.data(), log_y.data());
    for (int64_t r = 0; r < kRows; ++r) {
      const T* row = &x[r * n];
      long double total = 0, dot = 0, sum = 0;
      for (int64_t i = 0; i < n; ++i) total += std::exp(static_cast<long double>(row[i]));
      for (int64_t i = 0; i < n; ++i) {
        sum += g[r * n + i];
        dot += g[r * n + i] * std::exp(static_cast<long double>(row[i])) / total;
      }
      for (int64_t i = 0; i < n; ++i) {
        const int64_t at = r * n + i;
        const long double p = std::exp(static_cast<long double>(row[i])) / total;
        const double e = kEpsilon<T>;
        EXPECT_NEAR(y[at], p, 150 * e * p + 1e-44) << level.name << " n=" << n;
        EXPECT_NEAR(log_y[at], std::log(p), 4 * e * (1 + std::fabs(std::log(p))));
        EXPECT_NEAR(gx[at], p * (g[at] - dot), 200 * e * p + 1e-44);
        EXPECT_NEAR(log_gx[at], g[at] - p * sum, 130 * e * (1 + p * std::fabs(sum)));
      }
    }
  }
}
TEST(Rows, Softmax) {
  for (const Level& level : levels()) {
    check_softmax<float>(level);
    check_softmax<double>(level);
    const float inf = std::numeric_limits<float>::infinity();
    const float masked[3] = {-inf, 1, -inf};
    float y[3];
    level.softmax[0].softmax(1, 3, y, masked);
    EXPECT_EQ(std::vector<float>(y, y + 3), (std::vector<float>{0, 1, 0}));
  }
}

template <class T>
void check_moments(const Level& level) {
  for (int64_t n : {1, 2, 15, 64, 1000, 5000}) {
    std::vector<T> x = numbers<T>(2 * n, 0, 1);
    for (T& v : x) v += 1000;  // E[x^2] - E[x]^2 would be wrong here
    T mean[2], m2[2];
    level.moments[kSlot<T>](2, n, mean, m2, x.data());
    for (int r = 0; r < 2; ++r) {
      long double exact_mean = 0, exact_m2 = 0;
      for (int64_t i = 0; i < n; ++i) exact_mean += x[r * n + i];
      exact_mean /= n;
      for (int64_t i = 0; i < n; ++i) exact_m2 += std::pow(x[r * n + i] - exact_mean, 2);
      EXPECT_NEAR(mean[r], exact_mean, 6 * kEpsilon<T> * exact_mean);
      const double shift = 6 * kEpsilon<T> * 1000;
      EXPECT_NEAR(m2[r], exact_m2, 20 * kEpsilon<T> * exact_m2 + n * shift * shift) << n;
    }
  }
}
TEST(Rows, Moments) {
  for (const Level& level : levels()) {
    check_moments<float>(level);
    check_moments<double>(level);
  }
}

}  // namespace
