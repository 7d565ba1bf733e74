// Products of 8-bit integers of every ISA level: the bits of plain int32 arithmetic.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "kernels/quantized.h"
#include "runtime/cpu.h"

namespace wengert::kernels {
namespace {

struct Level {
  const char* name;
  const QuantizedKernels* kernels;
};

std::vector<Level> levels() {
  std::vector<Level> all;
  [[maybe_unused]] const runtime::CpuFeatures& cpu = runtime::cpu();
#if defined(WENGERT_HAS_BASELINE)
  all.push_back({"baseline", baseline::quantized_table});
#endif
#if defined(WENGERT_HAS_V2)
  all.push_back({"v2", v2::quantized_table});
#endif
#if defined(WENGERT_HAS_V3)
  if (cpu.level >= runtime::IsaLevel::v3) all.push_back({"v3", v3::quantized_table});
#endif
#if defined(WENGERT_HAS_V4)
  if (cpu.level >= runtime::IsaLevel::v4) all.push_back({"v4", v4::quantized_table});
  if (cpu.avx512_vnni) all.push_back({"vnni", v4::quantized_vnni_table});
#endif
  return all;
}

// A product, computed one number after the other.
template <class T>
struct Case {
  int64_t m, n, k;
  std::vector<T> x, scale, bias, expected;
  std::vector<int8_t> w;

  Case(int64_t rows, int64_t columns, int64_t depth) : m(rows), n(columns), k(depth) {
    std::mt19937 random(static_cast<unsigned>(m * 1000 + n * 10 + k));
    std::normal_distribution<double> normal;
    for (int64_t i = 0; i < m * k; ++i) x.push_back(static_cast<T>(normal(random)));
    for (int64_t j = 0; j < n; ++j) scale.push_back(static_cast<T>(normal(random)));
    for (int64_t j = 0; j < n; ++j) bias.push_back(static_cast<T>(normal(random)));
    for (int64_t j = 0; j < n * k; ++j) w.push_back(static_cast<int8_t>(random()));
    for (int64_t i = 0; i < m; ++i) {
      T a = 0;
      for (int64_t p = 0; p < k; ++p) a = std::max(a, std::abs(x[at(i * k + p)]));
      const T factor = 127 / a, s = k ? a / 127 : 0;
      for (int64_t j = 0; j < n; ++j) {
        int32_t sum = 0;
        for (int64_t p = 0; p < k; ++p) {
          const T product = x[at(i * k + p)] * factor;
          sum += static_cast<int32_t>(std::nearbyint(product)) * w[at(j * k + p)];
        }
        const T y = static_cast<T>(sum) * s * scale[at(j)];
        expected.push_back(y + bias[at(j)]);
      }
    }
  }
  static size_t at(int64_t i) { return static_cast<size_t>(i); }

  std::vector<T> run(const QuantizedKernels& kernels) const {
    const int64_t bytes = kernels.row_bytes(k);
    std::vector<char> rows(at(m * bytes + 1));
    std::vector<T> scales(at(m)), out(at(m * n), T(-1));
    for (int64_t i = 0; i < m; ++i)
      kernels.round_row(k, x.data() + i * k, rows.data() + i * bytes, &scales[at(i)]);
    kernels.product(
        {m, n, k, rows.data(), scales.data(), w.data(), scale.data(), bias.data(), out.data(), n});
    return out;
  }
};

template <class T>
void check(int dtype) {
  for (const Level& level : levels()) {
    for (const int64_t k : {0, 1, 15, 16, 17, 63, 64, 65, 200}) {
      for (const int64_t n : {1, 3, 4, 9}) {
        for (const int64_t m : {1, 2, 3, 4, 7}) {
          const Case<T> c(m, n, k);
          EXPECT_EQ(c.run(level.kernels[dtype]), c.expected)
              << level.name << " " << m << " " << n << " " << k;
        }
      }
    }
  }
}

}  // namespace

TEST(QuantizedKernels, ProductsHaveTheBitsOfIntegers) {
  check<float>(0);
  check<double>(1);
}

}  // namespace wengert::kernels
