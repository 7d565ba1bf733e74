// Matrix products: GFLOP/s of the own kernels, of one call of the BLAS, and of gemm().
// Usage: gemm [threads [m n k]...]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "kernels/gemm_level.h"
#include "kernels/peak.h"
#include "runtime/blas.h"
#include "wengert/ops.h"
#include "wengert/runtime.h"

namespace {

using wengert::DType;
using wengert::kernels::Gemm;

// Nanoseconds of one call of each function: they run in turn, in bursts of about 0.1 ms, and the
// best burst counts, so that other work on the machine disturbs all of them alike or not at all.
template <class... F>
std::array<double, sizeof...(F)> time_ns(F&&... f) {
  using Clock = std::chrono::steady_clock;
  const auto burst = [](auto& g, int64_t n) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < n; ++i) g();
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count() /
           static_cast<double>(n);
  };
  const auto count = [&](auto& g) {
    g();
    return static_cast<int64_t>(1e5 / burst(g, 3)) + 1;
  };
  const std::array<int64_t, sizeof...(F)> counts{count(f)...};
  std::array<double, sizeof...(F)> best;
  best.fill(1e30);
  const auto begin = Clock::now();
  for (int round = 0; round < 100; ++round) {
    size_t i = 0;
    ((best[i] = std::min(best[i], burst(f, counts[i])), ++i), ...);
    if (round > 2 && Clock::now() - begin > std::chrono::milliseconds(150)) break;
  }
  return best;
}

template <class T>
void measure(int64_t m, int64_t n, int64_t k, bool ta, bool tb) {
  // Memory that is aligned as that of tensors is.
  const auto filled = [](int64_t count, float value) {
    return wengert::full({count}, value, sizeof(T) == 4 ? DType::float32 : DType::float64);
  };
  const wengert::Tensor left = filled(m * k, 0.5f), right = filled(k * n, 0.25f),
                        result = filled(m * n, 0);
  T *const a = left.data<T>(), *const b = right.data<T>(), *const c = result.data<T>();
  Gemm g;
  g.dtype = sizeof(T) == 4 ? DType::float32 : DType::float64;
  g.transpose_a = ta;
  g.transpose_b = tb;
  g.m = m;
  g.n = n;
  g.k = k;
  g.a = a;
  g.lda = ta ? m : k;
  g.b = b;
  g.ldb = tb ? k : n;
  g.c = c;
  g.ldc = n;
  const auto run = wengert::kernels::gemm_kernels().run[sizeof(T) == 4 ? 0 : 1];
  const auto* library = wengert::runtime::blas();
  const char x = tb ? 'T' : 'N', y = ta ? 'T' : 'N';
  const int im = static_cast<int>(n), in = static_cast<int>(m), ik = static_cast<int>(k);
  const int lda = static_cast<int>(g.ldb), ldb = static_cast<int>(g.lda), ldc = im;
  const T one = 1, zero = 0;
  const auto call_blas = [&] {
    if (!library) return;
    if constexpr (sizeof(T) == 4)
      library->sgemm(&x, &y, &im, &in, &ik, &one, b, &lda, a, &ldb, &zero, c, &ldc);
    else
      library->dgemm(&x, &y, &im, &in, &ik, &one, b, &lda, a, &ldb, &zero, c, &ldc);
  };
  const auto [own, blas, all] =
      time_ns([&] { run(g); }, call_blas, [&] { wengert::kernels::gemm(g); });
  const double flops =
      2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  std::printf("f%d %5ld x %5ld x %5ld %c%c  own %7.1f  blas %7.1f  gemm %7.1f GFLOP/s  %10.0f ns\n",
              static_cast<int>(sizeof(T) * 8), static_cast<long>(m), static_cast<long>(n),
              static_cast<long>(k), ta ? 'T' : 'N', tb ? 'T' : 'N', flops / own,
              library ? flops / blas : 0, flops / all, all);
}

}  // namespace

int main(int argc, char** argv) {
  wengert::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  std::printf("peak of one core, float32: %.1f GFLOP/s\n",
              wengert::kernels::measure_fma_peak_gflops());
  if (argc > 2) {
    for (int i = 2; i + 2 < argc; i += 3) {
      const int64_t m = std::atoll(argv[i]), n = std::atoll(argv[i + 1]),
                    k = std::atoll(argv[i + 2]);
      measure<float>(m, n, k, false, false);
      measure<double>(m, n, k, false, false);
    }
    return 0;
  }
  for (const int64_t n : {2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048})
    measure<float>(n, n, n, false, false);
  for (const int64_t n : {64, 128, 256, 512, 1024}) measure<float>(n, n, n, false, true);
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      measure<float>(32, 128, 128, ta, tb);
      measure<float>(32, 64, 128, ta, tb);
      measure<float>(128, 64, 32, ta, tb);
    }
  for (const bool t : {false, true}) {
    measure<float>(1, 1024, 1024, false, t);
    measure<float>(1024, 1, 1024, t, false);
    measure<float>(64, 1024, 1024, false, t);
    measure<float>(1024, 64, 1024, false, t);
    measure<float>(1024, 1024, 64, false, t);
  }
  for (const int64_t n : {4, 8, 16, 32, 64, 128, 256, 512, 1024})
    measure<double>(n, n, n, false, false);
}
