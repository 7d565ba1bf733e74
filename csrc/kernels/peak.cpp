#include "kernels/peak.h"

#include <algorithm>
#include <chrono>

#include "kernels/gemm_level.h"

namespace wengert::kernels {

double measure_fma_peak_gflops() {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kSteps = 20000;
  constexpr int kRuns = 12;
  const GemmKernels& kernels = gemm_kernels();
  volatile float keep = 0;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    keep = keep + kernels.fma_chains(kSteps);
    const std::chrono::duration<double, std::nano> ns = Clock::now() - start;
    best = std::max(best, 2.0 * kernels.fma_per_step * kSteps / ns.count());
  }
  return best;
}

}  // namespace wengert::kernels
