// Rows of attention's weights of every ISA level against the softmax of the whole row in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/levels.h"
#include "runtime/cpu.h"

namespace wengert::kernels {
namespace {

struct Level {
  const char* name;
  const AttentionKernels* kernels;
};

std::vector<Level> levels() {
  std::vector<Level> all;
  [[maybe_unused]] const runtime::IsaLevel best = runtime::cpu().level;
#if defined(WENGERT_HAS_BASELINE)
  all.push_back({"baseline", baseline::attention_table});
#endif
#if defined(WENGERT_HAS_V2)
  all.push_back({"v2", v2::attention_table});
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= runtime::IsaLevel::v3) all.push_back({"v3", v3::attention_table});
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= runtime::IsaLevel::v4) all.push_back({"v4", v4::attention_table});
#endif
  return all;
}

template <class T>
constexpr T kNothing = -std::numeric_limits<T>::infinity();

// What a row's scores become, taken in pieces of `step`, and its sum.
template <class T>
struct Taken {
  std::vector<T> x;
  T largest = kNothing<T>, total = 0;

  Taken(const AttentionKernels& kernels, const std::vector<T>& scores, size_t step) : x(scores) {
    for (size_t i = 0; i < x.size(); i += step) {
      const size_t n = std::min(step, x.size() - i);
      T factor;
      const auto seen = static_cast<int64_t>(n);
      kernels.take(1, &seen, x.data() + i, 0, &largest, &total, &factor);
      for (size_t j = 0; j < i; ++j) x[j] *= factor;
    }
  }
};

template <class T>
void check(const AttentionKernels& kernels, size_t n, size_t step) {
  std::mt19937 random(static_cast<unsigned>(n));
  std::normal_distribution<double> normal(0, 5);
  std::vector<T> scores(n);
  for (T& s : scores) s = static_cast<T>(normal(random));
  if (n > 3) scores[n / 2] = kNothing<T>;
  const Taken<T> taken(kernels, scores, step);
  double largest = -std::numeric_limits<double>::infinity(), total = 0;
  for (const T s : scores) largest = std::max(largest, static_cast<double>(s));
  for (const T s : scores) total += std::exp(static_cast<double>(s) - largest);
  // Every further piece multiplies what came before by a rounded factor.
  const double bound =
      static_cast<double>(8 + n / step) * static_cast<double>(std::numeric_limits<T>::epsilon());
  ASSERT_EQ(static_cast<double>(taken.largest), largest);
  ASSERT_NEAR(static_cast<double>(taken.total) / total, 1, bound);
  std::vector<T> again = scores;
  kernels.weights(static_cast<int64_t>(n), again.data(), largest, 1 / total);
  for (size_t i = 0; i < n; ++i) {
    const double down = static_cast<double>(scores[i]) - largest, p = std::exp(down);
    // The exponential passes on what rounding the difference has changed.
    const double error = p == 0 ? 0 : p * (bound - down * std::numeric_limits<T>::epsilon());
    ASSERT_NEAR(static_cast<double>(taken.x[i]), p, error) << i;
    ASSERT_NEAR(static_cast<double>(again[i]), p / total, error / total) << i;
  }
  // The gradient of the scores for that of the weights.
  const std::vector<T> g = scores.size() > 3 ? std::vector<T>(n, T{2}) : scores;
  std::vector<T> gs = g;
  kernels.scores_gradient(static_cast<int64_t>(n), gs.data(), again.data(), 0.5);
  for (size_t i = 0; i < n; ++i)
    ASSERT_EQ(gs[i], static_cast<T>(again[i] * (g[i] - static_cast<T>(0.5)))) << i;
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += static_cast<double>(again[i]) * static_cast<double>(g[i]);
  ASSERT_NEAR(kernels.dot(static_cast<int64_t>(n), again.data(), g.data()), sum,
              bound * (std::fabs(sum) + 1));
  kernels.scale(static_cast<int64_t>(n), gs.data(), 3);
  for (size_t i = 0; i < n; ++i)
    ASSERT_EQ(gs[i], static_cast<T>(again[i] * (g[i] - static_cast<T>(0.5))) * T{3}) << i;
}

TEST(AttentionKernelsTest, PiecesGiveTheSoftmaxOfTheRow) {
  for (const Level& level : levels())
    for (const size_t n : {1, 2, 3, 7, 16, 33, 64, 100, 257})
      for (const size_t step : {size_t{1}, size_t{5}, size_t{64}, size_t{300}}) {
        SCOPED_TRACE(std::string(level.name) + " " + std::to_string(n) + " by " +
                     std::to_string(step));
        check<float>(level.kernels[0], n, step);
        check<double>(level.kernels[1], n, step);
        if (HasFatalFailure()) return;
      }
}

// Rows of different lengths give what each of them gives alone.
template <class T>
void check_rows(const AttentionKernels& kernels) {
  constexpr size_t kRows = 11, kLd = 40;
  std::mt19937 random(5);
  std::normal_distribution<double> normal(0, 5);
  std::vector<T> scores(kRows * kLd), largest(kRows, kNothing<T>), total(kRows), factor(kRows);
  for (T& s : scores) s = static_cast<T>(normal(random));
  std::vector<int64_t> seen;
  for (size_t r = 0; r < kRows; ++r) seen.push_back(static_cast<int64_t>(r * 3));
  std::vector<T> x = scores;
  kernels.take(kRows, seen.data(), x.data(), kLd, largest.data(), total.data(), factor.data());
  for (size_t r = 0; r < kRows; ++r) {
    const auto begin = scores.begin() + static_cast<int64_t>(r * kLd), end = begin + seen[r];
    const Taken<T> alone(kernels, std::vector<T>(begin, end), 100);
    const auto found = x.begin() + static_cast<int64_t>(r * kLd);
    EXPECT_EQ(std::vector<T>(found, found + seen[r]), alone.x) << r;
    EXPECT_TRUE(std::equal(found + seen[r], found + kLd, end)) << r;
    EXPECT_EQ(largest[r], alone.largest) << r;
    EXPECT_EQ(total[r], alone.total) << r;
    EXPECT_EQ(factor[r], r == 0 ? T{1} : T{0}) << r;
  }
}

TEST(AttentionKernelsTest, RowsOfManyLengths) {
  for (const Level& level : levels()) {
    SCOPED_TRACE(level.name);
    check_rows<float>(level.kernels[0]);
    check_rows<double>(level.kernels[1]);
  }
}

template <class T>
void check_edges(const AttentionKernels& kernels) {
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  const Taken<T> nothing(kernels, std::vector<T>(20, kNothing<T>), 16);
  EXPECT_EQ(nothing.total, T{0});
  EXPECT_EQ(nothing.x, std::vector<T>(20, T{0}));
  for (const size_t at : {0, 5, 19})
    for (const T around : {kNothing<T>, T{1}}) {
      std::vector<T> scores(20, around);
      scores[at] = kNan;
      EXPECT_TRUE(std::isnan(Taken<T>(kernels, scores, 16).total)) << at;
    }
  std::vector<T> scores(20, T{-1000});
  scores[3] = 1000;
  const Taken<T> one(kernels, scores, 4);
  EXPECT_EQ(one.total, T{1});
  EXPECT_EQ(one.x[3], T{1});
  EXPECT_EQ(one.x[4], T{0});
}

TEST(AttentionKernelsTest, NothingNanAndFarScores) {
  for (const Level& level : levels()) {
    SCOPED_TRACE(level.name);
    check_edges<float>(level.kernels[0]);
    check_edges<double>(level.kernels[1]);
  }
}

}  // namespace
}  // namespace wengert::kernels
