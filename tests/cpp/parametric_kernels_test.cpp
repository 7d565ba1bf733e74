// The kernels of parametric.def on every ISA level the processor has.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/levels.h"
#include "runtime/cpu.h"

namespace {

using namespace wengert::kernels;
using wengert::runtime::IsaLevel;

constexpr int kOps = static_cast<int>(Parametric::count);
constexpr double kUpstream = 2, kNumbers[] = {0.75, 1.5, 0.5};

std::vector<const FloatParametric*> levels() {
#if defined(__x86_64__)
  const auto best = wengert::runtime::cpu().level;
  std::vector<const FloatParametric*> all;
#if defined(WENGERT_HAS_V2)
  all.push_back(v2::parametric_table);
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= IsaLevel::v3) all.push_back(v3::parametric_table);
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= IsaLevel::v4) all.push_back(v4::parametric_table);
#endif
  return all;
#else
  return {baseline::parametric_table};
#endif
}

// At kinks there is no derivative.
std::vector<double> points() {
  std::vector<double> x;
  for (int i = -40; i < 40; ++i) x.push_back(i * 0.1 + 0.033);
  return x;
}

TEST(Parametric, GradientsAreThoseOfTheValues) {
  constexpr int64_t kOnes[] = {1, 1, 1};
  constexpr double kStep = 1e-6;
  for (const FloatParametric* table : levels()) {
    for (int op = 0; op < kOps; ++op) {
      const ParametricKernels& k = table[op].of[1];
      const auto value = [&](double a, double b) {
        const void* in[] = {&a, &b};
        double y;
        k.value(1, &y, in, kOnes, kNumbers);
        return y;
      };
      for (const double a : points()) {
        const double b = 0.31 - 0.7 * a;
        const void* in[] = {&kUpstream, &a, &b};
        const double slopes[] = {(value(a + kStep, b) - value(a - kStep, b)) / (2 * kStep),
                                 (value(a, b + kStep) - value(a, b - kStep)) / (2 * kStep)};
        for (int of = 0; of < 2; ++of) {
          if (!k.gradient[of]) continue;
          double g;
          k.gradient[of](1, &g, in, kOnes, kNumbers);
          EXPECT_NEAR(g, kUpstream * slopes[of], 1e-6) << op << " by " << of << " at " << a;
        }
      }
    }
  }
}

template <class T>
void expect_the_same_bits_everywhere(const ParametricFn fn, int inputs) {
  constexpr int64_t kCount = 67, kOnes[] = {1, 1, 1};
  std::vector<T> x[3], y(kCount), z(kCount);
  for (int i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < kCount; ++j)
      x[i].push_back(static_cast<T>(3 * std::sin(1.0 + i + 0.7 * static_cast<double>(j))));
  }
  for (int repeated = 0; repeated < 1 << inputs; ++repeated) {  // a mask of inputs
    const void* in[3] = {x[0].data(), x[1].data(), x[2].data()};
    int64_t steps[3];
    for (int i = 0; i < 3; ++i) steps[i] = repeated >> i & 1 ? 0 : 1;
    fn(kCount, y.data(), in, steps, kNumbers);
    for (int64_t j = 0; j < kCount; ++j) {
      const void* one[3];
      for (int i = 0; i < 3; ++i) one[i] = x[i].data() + j * steps[i];
      fn(1, z.data() + j, one, kOnes, kNumbers);
    }
    EXPECT_EQ(std::memcmp(y.data(), z.data(), kCount * sizeof(T)), 0) << repeated;
  }
  const void* own[3] = {y.data(), x[1].data(), x[2].data()};
  y = x[0];
  const void* in[3] = {x[0].data(), x[1].data(), x[2].data()};
  fn(kCount, y.data(), own, kOnes, kNumbers);
  fn(kCount, z.data(), in, kOnes, kNumbers);
  EXPECT_EQ(std::memcmp(y.data(), z.data(), kCount * sizeof(T)), 0);
}

TEST(Parametric, BitsDependOnElementsAlone) {
  for (const FloatParametric* table : levels()) {
    for (int op = 0; op < kOps; ++op) {
      SCOPED_TRACE(op);
      const int inputs = table[op].of[0].gradient[1] ? 2 : 1;
      for (int of = -1; of < inputs; ++of) {
        const auto fn = [&](int t) {
          return of < 0 ? table[op].of[t].value : table[op].of[t].gradient[of];
        };
        expect_the_same_bits_everywhere<float>(fn(0), inputs + (of >= 0));
        expect_the_same_bits_everywhere<double>(fn(1), inputs + (of >= 0));
      }
    }
  }
}

}  // namespace
