// Matrix products against a long double triple loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/gemm_level.h"
#include "kernels/peak.h"
#include "runtime/cpu.h"
#include "wengert/runtime.h"

namespace {

using wengert::DType;
using wengert::kernels::Epilogue;
using wengert::kernels::Fetch;
using wengert::kernels::Gemm;
using wengert::kernels::GemmKernels;

template <class T>
constexpr DType dtype_of() {
  return sizeof(T) == 4 ? DType::float32 : DType::float64;
}

// A product with its operands; `pad` extra elements stand between the rows.
template <class T>
struct Case {
  Gemm g;
  std::vector<T> a, b, c, bias;

  Case(int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool accumulate, Epilogue epilogue,
       int64_t pad = 0) {
    g.dtype = dtype_of<T>();
    g.transpose_a = ta;
    g.transpose_b = tb;
    g.m = m;
    g.n = n;
    g.k = k;
    g.lda = (ta ? m : k) + pad;
    g.ldb = (tb ? k : n) + pad;
    g.ldc = n + pad;
    g.accumulate = accumulate;
    g.epilogue = epilogue;
    std::mt19937 random(static_cast<unsigned>(m * 1000003 + n * 1009 + k));
    std::uniform_real_distribution<T> uniform(-1, 1);
    const auto fill = [&](std::vector<T>& v, int64_t rows, int64_t ld) {
      v.resize(static_cast<size_t>(rows * ld));
      for (T& x : v) x = uniform(random);
    };
    fill(a, ta ? k : m, g.lda);
    fill(b, tb ? n : k, g.ldb);
    fill(c, m, g.ldc);
    fill(bias, 1, n);
    point();
  }

  void point() {
    g.a = a.data();
    g.b = b.data();
    g.c = c.data();
    g.bias = bias.data();
  }

  long double at_a(int64_t i, int64_t p) const {
    return a[static_cast<size_t>(g.transpose_a ? p * g.lda + i : i * g.lda + p)];
  }
  long double at_b(int64_t p, int64_t j) const {
    return b[static_cast<size_t>(g.transpose_b ? j * g.ldb + p : p * g.ldb + j)];
  }

  // Compares every `step`-th row of `result` with the product; `c` holds what was there before.
  void expect(const std::vector<T>& result, const std::string& what, int64_t step = 1) const {
    ASSERT_EQ(result.size(), c.size());
    for (int64_t i = 0; i < g.m; i += step) {
      for (int64_t j = 0; j < g.ldc; ++j) {
        const size_t at = static_cast<size_t>(i * g.ldc + j);
        if (j >= g.n) {
          ASSERT_EQ(result[at], c[at]) << what << ": written beyond row " << i;
          continue;
        }
        long double sum = g.accumulate ? c[at] : 0, size = std::fabs(sum) + 1;
        for (int64_t p = 0; p < g.k; ++p) {
          sum += at_a(i, p) * at_b(p, j);
          size += std::fabs(at_a(i, p) * at_b(p, j));
        }
        if (g.epilogue != Epilogue::none) sum += bias[static_cast<size_t>(j)];
        if (g.epilogue == Epilogue::bias_relu && sum < 0) sum = 0;
        // The rounding errors of a sum in blocks grow far slower than k; 16 leaves room.
        const long double bound = 16 * size * std::numeric_limits<T>::epsilon();
        ASSERT_LE(std::fabs(result[at] - sum), bound) << what << " at " << i << ", " << j;
      }
    }
  }

  std::string name() const {
    return std::to_string(g.m) + "x" + std::to_string(g.n) + "x" + std::to_string(g.k) +
           (g.transpose_a ? " ta" : "") + (g.transpose_b ? " tb" : "") +
           (g.accumulate ? " accumulate" : "") + " epilogue " +
           std::to_string(static_cast<int>(g.epilogue)) + (sizeof(T) == 4 ? " f32" : " f64");
  }
};

struct Level {
  const char* name;
  const GemmKernels* kernels;
};

// The levels that were compiled and that this processor can run.
std::vector<Level> levels() {
  std::vector<Level> result;
  [[maybe_unused]] const auto level = wengert::runtime::cpu().level;
  using enum wengert::runtime::IsaLevel;
#if defined(WENGERT_HAS_BASELINE)
  result.push_back({"baseline", &wengert::kernels::baseline::gemm_kernels});
#endif
#if defined(WENGERT_HAS_V2)
  if (level >= v2) result.push_back({"v2", &wengert::kernels::v2::gemm_kernels});
#endif
#if defined(WENGERT_HAS_V3)
  if (level >= v3) result.push_back({"v3", &wengert::kernels::v3::gemm_kernels});
#endif
#if defined(WENGERT_HAS_V4)
  if (level >= v4) result.push_back({"v4", &wengert::kernels::v4::gemm_kernels});
#endif
  return result;
}

template <class T>
std::vector<T> run_level(const Level& level, Case<T>& x) {
  std::vector<T> result = x.c;
  x.g.c = result.data();
  level.kernels->run[sizeof(T) == 4 ? 0 : 1](x.g);
  x.point();
  return result;
}

// The same with the rows of A packed or B in panels, or both, and something to fetch meanwhile.
template <class T>
std::vector<T> run_packed(const Level& level, Case<T>& x, bool rows, bool columns) {
  constexpr int i = sizeof(T) == 4 ? 0 : 1;
  const int64_t lanes = level.kernels->lanes[i];
  std::vector<T> packed_a(static_cast<size_t>(x.g.m * x.g.k + lanes));
  std::vector<T> panels(static_cast<size_t>((x.g.n + lanes - 1) / lanes * lanes * x.g.k));
  Case<T> packed = x;
  packed.point();
  Gemm& g = packed.g;
  const Fetch none, more{packed.b.data(), 300, 3, 400, 2, 1500, &none},
      later{packed.a.data(), 64, 1, 0, 1, 0, &more};
  g.later = &later;
  if (rows) {
    level.kernels->pack_rows[i](g, packed_a.data());
    g.panels_a = true;
    g.a = packed_a.data();
  }
  if (columns) {
    level.kernels->pack[i](g, panels.data());
    g.panels_b = true;
    g.b = panels.data();
  }
  std::vector<T> result = x.c;
  g.c = result.data();
  level.kernels->run[i](g);
  return result;
}

template <class T>
std::vector<T> run_gemm(Case<T>& x) {
  std::vector<T> result = x.c;
  x.g.c = result.data();
  wengert::kernels::gemm(x.g);
  x.point();
  return result;
}

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
  return x.size() == y.size() &&
         (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

template <class T>
class GemmTest : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(GemmTest, Types);

constexpr int64_t kShapes[][3] = {
    {1, 1, 1},
    {1, 1, 300},
    {4, 4, 4},
    {8, 8, 8},
    {3, 17, 5},
    {7, 5, 33},
    {1, 100, 9},
    {1, 33, 300},
    {100, 1, 9},
    {300, 1, 257},
    {300, 3, 40},
    {14, 32, 16},
    {15, 33, 7},
    {29, 65, 19},
    {32, 128, 128},
    {57, 31, 64},
    {169, 40, 260},
    {70, 2100, 3},
    {5, 63, 40},
    {6, 64, 513},
    {13, 47, 256},
    {2, 2, 2},
    {61, 129, 77},
    {1, 70, 130},
    {75, 1, 64},
    {40, 70, 1},
    {56, 16, 16},
    {43, 29, 256},
    {20, 13, 70},
    {21, 7, 30},
    {33, 100, 4},
    {12, 4, 40},
    // A few rows against rows, packed stripes, packed blocks.
    {1, 64, 300},
    {2, 70, 16},
    {3, 33, 550},
    {4, 100, 45},
    {100, 2, 600},
    {70, 3, 17},
    {65, 4, 264},
    {60, 300, 70},
    {100, 265, 257},
    {200, 300, 300},
    // One row against rows in order, and few outer products: eight vectors, four and one at a time.
    {1, 333, 530},
    {40, 213, 3},
    // A narrow C by its transpose and by whole rows of A.
    {600, 40, 70},
    {300, 64, 300},
    {100, 40, 600},
    {171, 136, 9},
    {175, 1100, 5},
    {183, 129, 521},
};

TYPED_TEST(GemmTest, EveryLevelAgreesWithTheTripleLoop) {
  using T = TypeParam;
  for (const Level& level : levels())
    for (const auto& s : kShapes)
      for (int flags = 0; flags < 8; ++flags)
        for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu}) {
          Case<TypeParam> x(s[0], s[1], s[2], flags & 1, flags & 2, flags & 4, epilogue, 3);
          x.g.part = true;
          const std::vector<T> result = run_level(level, x);
          x.expect(result, level.name + (" " + x.name()));
          for (int packed = 1; packed < 4; ++packed) {
            const bool rows = packed & 1;
            if (rows && x.g.m < level.kernels->packed_rows) continue;
            ASSERT_TRUE(same_bits(result, run_packed(level, x, rows, packed & 2)))
                << level.name << " " << packed << " " << x.name();
          }
          if (x.g.m == 1 || x.g.n == 1) {
            x.g.part = false;
            x.expect(run_level(level, x), level.name + (" alone " + x.name()));
          }
          if (this->HasFatalFailure()) return;
        }
}

TYPED_TEST(GemmTest, PanelsMayHaveMoreRowsThanAreUsed) {
  constexpr int i = sizeof(TypeParam) == 4 ? 0 : 1;
  for (const Level& level : levels())
    for (const auto& s : kShapes) {
      Case<TypeParam> x(s[0], s[1], s[2], false, false, true, Epilogue::bias);
      const int64_t lanes = level.kernels->lanes[i];
      std::vector<TypeParam> panels(static_cast<size_t>((s[1] + lanes - 1) / lanes * lanes * s[2]));
      level.kernels->pack[i](x.g, panels.data());
      x.g.panel_rows = x.g.k;
      x.g.k = (x.g.k + 1) / 2;
      std::vector<TypeParam> result = x.c;
      Gemm g = x.g;
      g.panels_b = true;
      g.b = panels.data();
      g.c = result.data();
      level.kernels->run[i](g);
      x.expect(result, level.name + (" " + x.name()));
      if (this->HasFatalFailure()) return;
    }
}

TYPED_TEST(GemmTest, DispatchAgreesWithTheTripleLoop) {
  constexpr int64_t shapes[][3] = {{8, 8, 8},      {130, 150, 140}, {300, 257, 270}, {1, 3000, 500},
                                   {3000, 1, 500}, {600, 70, 600},  {64, 513, 700}};
  for (const auto& s : shapes)
    for (int flags = 0; flags < 8; ++flags) {
      const Epilogue epilogue = flags == 3 ? Epilogue::bias_relu : Epilogue::bias;
      Case<TypeParam> x(s[0], s[1], s[2], flags & 1, flags & 2, flags & 4, epilogue, 1);
      x.expect(run_gemm(x), x.name());
      if (this->HasFatalFailure()) return;
    }
}

// Large enough for the BLAS, in more than one tile.
TYPED_TEST(GemmTest, LargeProducts) {
  for (int flags = 0; flags < 8; ++flags) {
    const Epilogue epilogue = flags & 1 ? Epilogue::bias_relu : Epilogue::bias;
    Case<TypeParam> x(790, 1050, 560, flags & 1, flags & 2, flags & 4, epilogue, 5);
    x.expect(run_gemm(x), x.name(), 47);
    if (this->HasFatalFailure()) return;
  }
}

template <class T>
void expect_same_bits_for_any_threads(Case<T>& x) {
  wengert::set_num_threads(1);
  const std::vector<T> one = run_gemm(x);
  for (const int threads : {2, 3}) {
    wengert::set_num_threads(threads);
    EXPECT_TRUE(same_bits(one, run_gemm(x))) << x.name() << " with " << threads << " threads";
  }
  wengert::set_num_threads(2);
}

TYPED_TEST(GemmTest, ThreadsDoNotChangeTheBits) {
  constexpr int64_t shapes[][3] = {{130, 150, 140}, {300, 257, 270}, {1, 3000, 500},
                                   {3000, 1, 500},  {530, 600, 550}, {1030, 1100, 700},
                                   {64, 513, 700},  {2000, 3, 300}};
  for (const auto& s : shapes)
    for (const int flags : {0, 1, 2, 7}) {
      Case<TypeParam> x(s[0], s[1], s[2], flags & 1, flags & 2, flags & 4, Epilogue::bias_relu, 1);
      expect_same_bits_for_any_threads(x);
    }
}

TYPED_TEST(GemmTest, NanAndInfinityOfOneRowReachOneElement) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (const int64_t rows : {1, 2, 4})
    for (const T odd : {nan, inf}) {
      Case<T> x(rows, 70, 300, false, true, false, Epilogue::none);
      x.b[static_cast<size_t>(37 * x.g.ldb + 290)] = odd;
      const std::vector<T> c = run_gemm(x);
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < 70; ++j)
          EXPECT_EQ(std::isfinite(c[static_cast<size_t>(i * x.g.ldc + j)]), j != 37)
              << i << " " << j;
    }
}

// What the parallel own kernels rest on: an element's bits depend on its row of A and its column of
// B alone, not on the tile, the packing or the transposes.
TYPED_TEST(GemmTest, OwnKernelsGiveTheSameBitsHoweverTheProductIsCut) {
  using T = TypeParam;
  const int64_t m = 400, n = 300, k = 300;
  for (const Level& level : levels())
    for (const bool accumulate : {false, true}) {
      Case<T> x(m, n, k, false, false, accumulate, Epilogue::bias);
      const std::vector<T> whole = run_level(level, x);
      for (const int64_t rows : {1, 29, 100})
        for (const int64_t columns : {1, 40, 277})
          for (int turned = 0; turned < 4; ++turned) {
            Case<T> part = x;
            part.g.transpose_a = turned & 1;
            part.g.transpose_b = turned & 2;
            part.g.m = rows;
            part.g.n = columns;
            if (part.g.transpose_a) {
              part.g.lda = m;
              for (int64_t i = 0; i < m; ++i)
                for (int64_t p = 0; p < k; ++p)
                  part.a[static_cast<size_t>(p * m + i)] = x.a[static_cast<size_t>(i * k + p)];
            }
            if (part.g.transpose_b) {
              part.g.ldb = k;
              for (int64_t p = 0; p < k; ++p)
                for (int64_t j = 0; j < n; ++j)
                  part.b[static_cast<size_t>(j * k + p)] = x.b[static_cast<size_t>(p * n + j)];
            }
            part.g.part = true;
            part.point();
            const std::vector<T> result = run_level(level, part);
            for (int64_t i = 0; i < rows; ++i)
              ASSERT_EQ(std::memcmp(&result[static_cast<size_t>(i * n)],
                                    &whole[static_cast<size_t>(i * n)],
                                    static_cast<size_t>(columns) * sizeof(T)),
                        0)
                  << level.name << " " << rows << "x" << columns << " turned " << turned;
          }
    }
}

// Likewise where C is a column, of which each element has an order of its own.
TYPED_TEST(GemmTest, RowsOfAColumnGetTheSameBitsBesideFewOthers) {
  using T = TypeParam;
  for (const Level& level : levels())
    for (const int64_t k : {5, 12, 16, 40, 256, 300}) {
      Case<T> x(100, 1, k, false, false, false, Epilogue::bias);
      x.g.ldb = 1;
      const std::vector<T> whole = run_level(level, x);
      for (const int64_t rows : {1, 2, 7, 12, 14, 15, 40}) {
        Case<T> few = x;
        few.g.m = rows;
        few.point();
        const std::vector<T> result = run_level(level, few);
        for (int64_t i = 0; i < rows; ++i)
          ASSERT_EQ(result[static_cast<size_t>(i * x.g.ldc)],
                    whole[static_cast<size_t>(i * x.g.ldc)])
              << level.name << " row " << i << " of " << rows << ", k = " << k;
      }
    }
}

TYPED_TEST(GemmTest, EmptyProducts) {
  using T = TypeParam;
  for (const auto& s : {std::array<int64_t, 3>{0, 4, 3}, {4, 0, 3}, {0, 0, 0}}) {
    Case<T> x(s[0], s[1], s[2], false, false, false, Epilogue::bias_relu);
    EXPECT_TRUE(same_bits(run_gemm(x), x.c));
  }
  for (const bool transposed : {false, true})
    for (const bool accumulate : {false, true})
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu})
        for (const int64_t m : {3, 200}) {
          Case<T> x(m, 70, 0, transposed, transposed, accumulate, epilogue, 2);
          x.expect(run_gemm(x), x.name());
        }
}

TYPED_TEST(GemmTest, NanAndInfinityPropagate) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
  for (const int64_t size : {5, 40, 150, 800}) {
    Case<T> x(size, size, size, false, false, false, Epilogue::bias_relu);
    // 0 * nan and 0 * inf are nan, and relu keeps it.
    for (int64_t p = 0; p < size; ++p) x.a[static_cast<size_t>(p)] = 0;
    x.b[0] = nan;
    x.b[1] = inf;
    x.b[2] = 1;
    const std::vector<T> c = run_gemm(x);
    EXPECT_TRUE(std::isnan(c[0])) << size;
    EXPECT_TRUE(std::isnan(c[1])) << size;
    EXPECT_EQ(c[2], std::max(x.bias[2], T(0))) << size;
    // Without accumulation what was in C does not matter.
    std::fill(x.c.begin(), x.c.end(), nan);
    EXPECT_FALSE(std::isnan(run_gemm(x)[static_cast<size_t>(size) - 1])) << size;
  }
}

TYPED_TEST(GemmTest, BatchedStrides) {
  using T = TypeParam;
  struct Shape {
    int64_t m, n, k, batch;
  };
  for (const Shape& s :
       {Shape{4, 5, 6, 500}, {33, 20, 70, 7}, {130, 110, 100, 3}, {800, 770, 760, 2}})
    for (int shared = 0; shared < 4; ++shared) {
      const int64_t stride_a = shared & 1 ? 0 : s.m * s.k, stride_b = shared & 2 ? 0 : s.k * s.n;
      // The operands of all products stand one below the other.
      Case<T> a(s.batch * s.m, 1, s.k, false, false, false, Epilogue::none);
      Case<T> b(1, s.n, s.batch * s.k, false, false, false, Epilogue::none);
      Case<T> all(s.batch * s.m, s.n, 0, false, false, true, Epilogue::none);
      Gemm g;
      g.dtype = dtype_of<T>();
      g.m = s.m;
      g.n = s.n;
      g.k = s.k;
      g.a = a.a.data();
      g.lda = s.k;
      g.b = b.b.data();
      g.ldb = g.ldc = s.n;
      g.accumulate = true;
      std::vector<T> expected = all.c, result = all.c;
      for (int64_t i = 0; i < s.batch; ++i) {
        Gemm one = g;
        one.a = a.a.data() + i * stride_a;
        one.b = b.b.data() + i * stride_b;
        one.c = expected.data() + i * s.m * s.n;
        wengert::kernels::gemm(one);
      }
      for (const int threads : {1, 2}) {
        wengert::set_num_threads(threads);
        result = all.c;
        g.c = result.data();
        wengert::kernels::gemm_batched(g, s.batch, stride_a, stride_b, s.m * s.n);
        EXPECT_TRUE(same_bits(result, expected)) << s.m << " shared " << shared;
      }
    }
}

TYPED_TEST(GemmTest, BatchIntoOneMatrixAddsUpInOrder) {
  using T = TypeParam;
  const int64_t batch = 50, size = 6;
  Case<T> x(batch * size, size, size, false, false, true, Epilogue::none);
  std::vector<T> expected(size * size, 0), result = expected;
  Gemm g = x.g;
  g.m = size;
  for (int64_t i = 0; i < batch; ++i) {
    g.a = x.a.data() + i * size * size;
    g.c = expected.data();
    wengert::kernels::gemm(g);
  }
  g.a = x.a.data();
  g.c = result.data();
  wengert::set_num_threads(2);
  wengert::kernels::gemm_batched(g, batch, size * size, 0, 0);
  EXPECT_TRUE(same_bits(result, expected));
}

TEST(PeakTest, IsPlausible) {
  // A scalar unit does 1; no core of today does a thousand.
  const double peak = wengert::kernels::measure_fma_peak_gflops();
  EXPECT_GT(peak, 1);
  EXPECT_LT(peak, 1000);
}

}  // namespace
