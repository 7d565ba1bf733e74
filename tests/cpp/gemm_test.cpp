// Matrix products against a long double triple loop.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/gemm_level.h"
#include "runtime/cpu.h"
#include "wengert/runtime.h"

namespace {

using wengert::DType;
using wengert::kernels::Epilogue;
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

  // Compares `result` with the product; `c` holds what was there before.
  void expect(const std::vector<T>& result, const std::string& what) const {
    ASSERT_EQ(result.size(), c.size());
    for (int64_t i = 0; i < g.m; ++i) {
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
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0;
}

template <class T>
class GemmTest : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(GemmTest, Types);

constexpr int64_t kShapes[][3] = {
    {1, 1, 1},   {1, 1, 300},  {4, 4, 4},      {8, 8, 8},     {3, 17, 5},     {7, 5, 33},
    {1, 100, 9}, {1, 33, 300}, {100, 1, 9},    {300, 1, 257}, {300, 3, 40},   {14, 32, 16},
    {15, 33, 7}, {29, 65, 19}, {32, 128, 128}, {57, 31, 64},  {169, 40, 260}, {70, 2100, 3},
    {5, 63, 40}, {6, 64, 513}, {13, 47, 256},  {2, 2, 2},     {61, 129, 77},  {12, 4, 40},
};

TYPED_TEST(GemmTest, EveryLevelAgreesWithTheTripleLoop) {
  for (const Level& level : levels())
    for (const auto& s : kShapes)
      for (int flags = 0; flags < 8; ++flags)
        for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu}) {
          Case<TypeParam> x(s[0], s[1], s[2], flags & 1, flags & 2, flags & 4, epilogue, 3);
          x.expect(run_level(level, x), level.name + (" " + x.name()));
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

}  // namespace
