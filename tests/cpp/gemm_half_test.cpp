// Products of float16 and bfloat16 against products of the same numbers in float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/gemm_level.h"
#include "runtime/cpu.h"
#include "wengert/runtime.h"

namespace {

using wengert::DType;
using wengert::kernels::Epilogue;
using wengert::kernels::Gemm;
namespace runtime = wengert::runtime;

std::vector<float> widened(DType dtype, const std::vector<uint16_t>& x) {
  std::vector<float> y(x.size());
  wengert::kernels::cast(DType::float32, dtype)(static_cast<int64_t>(x.size()), y.data(), x.data());
  return y;
}

std::vector<uint16_t> random(DType dtype, int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& v : x) v = uniform(generator);
  std::vector<uint16_t> y(x.size());
  wengert::kernels::cast(dtype, DType::float32)(count, y.data(), x.data());
  return y;
}

struct Product {
  Gemm g;
  std::vector<uint16_t> a, b, c;
  std::vector<float> bias;

  Product(DType dtype, int64_t m, int64_t n, int64_t k, int flags, Epilogue epilogue, int64_t pad) {
    g.dtype = dtype;
    g.transpose_a = flags & 1;
    g.transpose_b = flags & 2;
    g.accumulate = flags & 4;
    g.m = m;
    g.n = n;
    g.k = k;
    g.lda = (g.transpose_a ? m : k) + pad;
    g.ldb = (g.transpose_b ? k : n) + pad;
    g.ldc = n + pad;
    g.epilogue = epilogue;
    a = random(dtype, (g.transpose_a ? k : m) * g.lda, 1);
    b = random(dtype, (g.transpose_b ? n : k) * g.ldb, 2);
    c = random(dtype, m * g.ldc, 3);
    for (const uint16_t v : random(dtype, n, 4)) bias.push_back(widened(dtype, {v})[0]);
  }

  std::vector<uint16_t> run() {
    std::vector<uint16_t> result = c;
    g.a = a.data();
    g.b = b.data();
    g.c = result.data();
    g.bias = bias.data();
    wengert::kernels::gemm(g);
    return result;
  }

  void expect(int64_t step = 1) {
    const std::vector<uint16_t> bits = run();
    const std::vector<float> x = widened(g.dtype, a), y = widened(g.dtype, b),
                             before = widened(g.dtype, c), result = widened(g.dtype, bits);
    const double half = g.dtype == DType::float16 ? 0x1p-11 : 0x1p-8;
    for (int64_t i = 0; i < g.m; i += step)
      for (int64_t j = 0; j < g.ldc; ++j) {
        const auto at = static_cast<size_t>(i * g.ldc + j);
        if (j >= g.n) {
          ASSERT_EQ(bits[at], c[at]) << "written beyond row " << i;
          continue;
        }
        double sum = g.accumulate ? static_cast<double>(before[at]) : 0, size = 1;
        for (int64_t p = 0; p < g.k; ++p) {
          const double s = x[static_cast<size_t>(g.transpose_a ? p * g.lda + i : i * g.lda + p)];
          const double t = y[static_cast<size_t>(g.transpose_b ? j * g.ldb + p : p * g.ldb + j)];
          sum += s * t;
          size += std::fabs(s * t);
        }
        if (g.epilogue != Epilogue::none) sum += static_cast<double>(bias[static_cast<size_t>(j)]);
        if (g.epilogue == Epilogue::bias_relu && sum < 0) sum = 0;
        // One rounding to the format beside the errors of the sum in float32.
        const double bound = half * std::fabs(sum) +
                             16 * size * static_cast<double>(std::numeric_limits<float>::epsilon());
        ASSERT_LE(std::fabs(static_cast<double>(result[at]) - sum), bound)
            << g.m << "x" << g.n << "x" << g.k << " at " << i << ", " << j;
      }
  }
};

class GemmHalfTest : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Dtypes, GemmHalfTest, ::testing::Values(DType::float16, DType::bfloat16));

TEST_P(GemmHalfTest, AgreesWithFloat64) {
  constexpr int64_t shapes[][3] = {{1, 1, 1},   {1, 100, 300},  {100, 1, 300},  {3, 5, 0},
                                   {7, 33, 65}, {64, 130, 513}, {300, 20, 257}, {33, 600, 70}};
  for (const auto& s : shapes)
    for (int flags = 0; flags < 8; ++flags)
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu}) {
        Product(GetParam(), s[0], s[1], s[2], flags, epilogue, flags % 3).expect();
        if (HasFatalFailure()) return;
      }
  Product(GetParam(), 530, 1100, 300, 2, Epilogue::bias, 1).expect(41);
  for (int flags = 0; flags < 8; ++flags)  // more than one block along every side
    Product(GetParam(), 300, 610, 1100, flags, Epilogue::bias_relu, 3).expect(29);
  for (const int flags : {0, 3, 5})
    Product(GetParam(), 270, 530, 8300, flags, Epilogue::bias, 1).expect(131);
}

// More rows than are packed at once, of a depth that does not divide their number.
TEST_P(GemmHalfTest, ManyRowsAgreeWithFloat64) {
  wengert::set_num_threads(1);
  for (const int64_t m : {11008, 11013})
    for (int flags = 0; flags < 4; ++flags)
      Product(GetParam(), m, 17, 768, flags, Epilogue::none, 0).expect(9);
  wengert::set_num_threads(2);
}

TEST_P(GemmHalfTest, ThreadsDoNotChangeTheBits) {
  for (const auto& s : {std::array<int64_t, 3>{600, 700, 300}, {1, 3000, 600}, {300, 10, 600}}) {
    Product x(GetParam(), s[0], s[1], s[2], 2, Epilogue::bias, 0);
    wengert::set_num_threads(1);
    const auto one = x.run();
    wengert::set_num_threads(3);
    EXPECT_EQ(one, x.run());
    wengert::set_num_threads(2);
  }
}

// Sums of integers are exact, and so is a result that the format can hold: whatever the block.
TEST_P(GemmHalfTest, SmallIntegersAreExact) {
  Product x(GetParam(), 70, 90, 1030, 0, Epilogue::none, 2);
  std::vector<float> a(x.a.size()), b(x.b.size());
  for (size_t i = 0; i < a.size(); ++i) a[i] = i % 37 == 0 ? static_cast<float>(i % 3) - 1 : 0;
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 5) - 2;
  const auto narrow = wengert::kernels::cast(GetParam(), DType::float32);
  narrow(static_cast<int64_t>(a.size()), x.a.data(), a.data());
  narrow(static_cast<int64_t>(b.size()), x.b.data(), b.data());
  const std::vector<float> c = widened(GetParam(), x.run());
  for (int64_t i = 0; i < x.g.m; ++i)
    for (int64_t j = 0; j < x.g.n; ++j) {
      float sum = 0;
      for (int64_t p = 0; p < x.g.k; ++p)
        sum += a[static_cast<size_t>(i * x.g.lda + p)] * b[static_cast<size_t>(p * x.g.ldb + j)];
      ASSERT_EQ(c[static_cast<size_t>(i * x.g.ldc + j)], sum) << i << ", " << j;
    }
}

TEST_P(GemmHalfTest, RowsDoNotDependOnTheOthers) {
  Product x(GetParam(), 300, 520, 300, 2, Epilogue::bias, 0);
  const auto all = x.run();
  x.g.m = 1;
  const auto first = x.run();
  EXPECT_TRUE(std::equal(first.begin(), first.begin() + x.g.n, all.begin()));
}

// Sums in float32 are what rounded ones are made of, whichever factors come packed.
TEST_P(GemmHalfTest, SumsMayStayInFloat32) {
  const DType dtype = GetParam();
  constexpr int64_t shapes[][3] = {{1, 1, 1},       {16, 32, 64},    {7, 33, 65},     {64, 96, 513},
                                   {300, 610, 600}, {40, 530, 8300}, {11008, 17, 768}};
  for (const auto& s : shapes)
    for (int flags = 0; flags < 4; ++flags) {
      Product x(dtype, s[0], s[1], s[2], flags, Epilogue::bias, 0);
      const std::vector<uint16_t> narrow = x.run();
      Gemm& g = x.g;
      g.wide_c = true;
      std::vector<uint16_t> rows, columns;
      if (wengert::kernels::gemm_packs(dtype)) {
        rows.resize(static_cast<size_t>(wengert::kernels::gemm_rows_size(dtype, g.m, g.k)));
        columns.resize(static_cast<size_t>(wengert::kernels::gemm_panels_size(dtype, g.n, g.k)));
        wengert::kernels::gemm_pack_rows(g, rows.data());
        wengert::kernels::gemm_pack(g, columns.data());
      }
      for (int packed = 0; packed < (rows.empty() ? 1 : 4); ++packed)
        for (const int threads : {1, 3}) {
          wengert::set_num_threads(threads);
          g.panels_a = packed & 1;
          g.panels_b = packed & 2;
          if (g.panels_a)
            g.a = rows.data();
          else
            g.a = x.a.data();
          if (g.panels_b)
            g.b = columns.data();
          else
            g.b = x.b.data();
          std::vector<float> sums(x.c.size(), -1);
          g.c = sums.data();
          g.accumulate = false;
          wengert::kernels::gemm(g);
          std::vector<uint16_t> rounded(sums.size());
          wengert::kernels::cast(dtype, DType::float32)(static_cast<int64_t>(sums.size()),
                                                        rounded.data(), sums.data());
          ASSERT_EQ(rounded, narrow) << g.m << "x" << g.n << "x" << g.k << ", packed " << packed;
          std::vector<float> more(x.c.size(), 0.25F);
          g.c = more.data();
          g.accumulate = true;
          wengert::kernels::gemm(g);
          for (size_t i = 0; i < more.size(); ++i)
            ASSERT_NEAR(more[i], sums[i] + 0.25F, 1e-6F * static_cast<float>(g.k + 20)) << i;
        }
      wengert::set_num_threads(2);
    }
}

TEST_P(GemmHalfTest, NanAndInfinityPropagate) {
  Product x(GetParam(), 20, 30, 40, 0, Epilogue::none, 0);
  std::fill(x.a.begin(), x.a.begin() + 40, uint16_t{0});
  const uint16_t inf = GetParam() == DType::float16 ? 0x7c00 : 0x7f80;
  x.b[0] = static_cast<uint16_t>(inf | 1);
  x.b[1] = inf;
  const std::vector<float> c = widened(GetParam(), x.run());
  EXPECT_TRUE(std::isnan(c[0]));
  EXPECT_TRUE(std::isnan(c[1]));
  EXPECT_EQ(c[2], 0);
  EXPECT_TRUE(std::isinf(c[31]));
}

// The two kinds of products of pairs, whichever this processor takes.
TEST(GemmPairs, TilesAndVectorsAgree) {
  const auto [tiles, vectors] = wengert::kernels::gemm_kernels().pairs;
  if (!tiles || !vectors || !runtime::cpu().avx512_bf16 || !runtime::may_use_tiles())
    GTEST_SKIP() << "the processor does not have both";
  for (const auto& s : {std::array<int64_t, 3>{16, 16, 32}, {48, 80, 100}, {5, 33, 700}}) {
    const int64_t m = s[0], n = s[1], k = s[2], depth = (k + 31) / 32 * 32;
    const auto a = random(DType::bfloat16, m * k, 1), b = random(DType::bfloat16, k * n, 2);
    const auto whole = [](int64_t i) { return (i + 15) / 16 * 16; };
    std::vector<uint16_t> rows(static_cast<size_t>(whole(m) * depth)),
        columns(static_cast<size_t>(whole(n) * depth));
    tiles->pack_a(rows.data(), a.data(), k, false, m, k);
    tiles->pack_b(columns.data(), b.data(), n, true, n, k);
    const auto run = [&](const wengert::kernels::PairKernels& kernels) {
      std::vector<float> c(static_cast<size_t>(whole(m) * whole(n)), 0.5F);
      wengert::kernels::PairBlock block;
      block.m = m;
      block.n = n;
      block.k = k;
      block.a = rows.data();
      block.b = columns.data();
      block.a_panel = block.b_panel = 16 * depth;
      block.c = c.data();
      block.ldc = whole(n);
      block.accumulate = true;
      kernels.multiply(block);
      return c;
    };
    const std::vector<float> x = run(*tiles), y = run(*vectors);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-4) << i;
  }
}

// The level's conversions against the generic ones, which float64 takes.
TEST_P(GemmHalfTest, EveryNumberConvertsBothWays) {
  std::vector<uint16_t> all(65536 + 5);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const std::vector<float> wide = widened(GetParam(), all);
  std::vector<double> exact(all.size());
  const auto count = static_cast<int64_t>(all.size());
  wengert::kernels::cast(DType::float64, GetParam())(count, exact.data(), all.data());
  std::vector<uint16_t> back(all.size());
  wengert::kernels::cast(GetParam(), DType::float32)(count, back.data(), wide.data());
  for (size_t i = 0; i < all.size(); ++i) {
    if (std::isnan(exact[i])) {
      EXPECT_TRUE(std::isnan(wide[i])) << i;
      EXPECT_TRUE(std::isnan(widened(GetParam(), {back[i]})[0])) << i;
    } else {
      EXPECT_EQ(static_cast<double>(wide[i]), exact[i]) << i;
      EXPECT_EQ(back[i], all[i]) << i;
    }
  }
  // Between the numbers: ties and their neighbours.
  std::vector<float> between;
  const int bits = GetParam() == DType::float16 ? 13 : 16;
  for (uint32_t i = 0; i < 70000; ++i)
    for (const uint32_t low :
         {0u, 1u, (1u << (bits - 1)) - 1, 1u << (bits - 1), (1u << (bits - 1)) + 1}) {
      const float x = __builtin_bit_cast(float, ((i * 7919u) << bits) + low);
      if (!std::isnan(x)) between.push_back(x);
    }
  std::vector<double> same(between.begin(), between.end());
  std::vector<uint16_t> fast(between.size()), slow(between.size());
  const auto n = static_cast<int64_t>(between.size());
  wengert::kernels::cast(GetParam(), DType::float32)(n, fast.data(), between.data());
  wengert::kernels::cast(GetParam(), DType::float64)(n, slow.data(), same.data());
  EXPECT_EQ(fast, slow);
}

}  // namespace
