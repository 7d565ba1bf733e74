// Prints the fused multiply-adds one core does, in GFLOP/s: for float and for double between
// registers, then for float as a product does them, with operands from the first-level cache. Each
// is the median, as clocks rise for some milliseconds now and then.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

template <class T>
struct Vector {
  typedef T type __attribute__((vector_size(kBytes)));
};

template <class T>
double median_gflops() {
  using V = typename Vector<T>::type;
  // Twelve independent chains hide the latency of two FMA units and fit into 16 registers.
  constexpr int kChains = 12;
  constexpr long kRounds = 2000000;
  V acc[kChains];
  for (int i = 0; i < kChains; ++i) acc[i] = V{} + static_cast<T>(i);
  V factor = V{} + static_cast<T>(0.999999);
  V addend = V{} + static_cast<T>(1e-6);
  std::array<double, 51> measured;
  for (double& gflops : measured) {
    auto start = std::chrono::steady_clock::now();
    for (long r = 0; r < kRounds; ++r) {
#pragma GCC unroll 12
      for (int i = 0; i < kChains; ++i) acc[i] = acc[i] * factor + addend;
    }
    std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    double flops = 2.0 * kRounds * kChains * (kBytes / sizeof(T));
    gflops = flops / taken.count() / 1e9;
  }
  V sum = acc[0];
  for (int i = 1; i < kChains; ++i) sum += acc[i];
  volatile T keep = sum[0];
  (void)keep;
  std::nth_element(measured.begin(), measured.begin() + measured.size() / 2, measured.end());
  return measured[measured.size() / 2];
}

// A tile of two vectors for each row, as large as the registers allow.
double median_tile_gflops() {
  using V = Vector<float>::type;
  constexpr int kLanes = kBytes / 4, kRows = kBytes == 64 ? 14 : 6, kSteps = 128;
  constexpr long kRounds = 2000;
  alignas(64) static float a[kRows * kSteps], b[2 * kLanes * kSteps];
  for (int i = 0; i < kRows * kSteps; ++i) a[i] = static_cast<float>(i % 7) - 3;
  for (int i = 0; i < 2 * kLanes * kSteps; ++i) b[i] = static_cast<float>(i % 5) - 2;
  V acc[kRows][2] = {};
  std::array<double, 51> measured;
  for (double& gflops : measured) {
    auto start = std::chrono::steady_clock::now();
    for (long r = 0; r < kRounds; ++r) {
      for (int k = 0; k < kSteps; ++k) {
        V right[2];
        std::memcpy(right, b + 2 * kLanes * k, sizeof right);
#pragma GCC unroll 14
        for (int i = 0; i < kRows; ++i) {
          const V left = a[kRows * k + i] - V{};  // adding zero would be an operation
          acc[i][0] = left * right[0] + acc[i][0];
          acc[i][1] = left * right[1] + acc[i][1];
        }
      }
    }
    std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    gflops = 2.0 * kRounds * kSteps * kRows * 2 * kLanes / taken.count() / 1e9;
  }
  V sum = acc[0][0];
  for (int i = 0; i < kRows; ++i) sum += acc[i][0] + acc[i][1];
  volatile float keep = sum[0];
  (void)keep;
  std::nth_element(measured.begin(), measured.begin() + measured.size() / 2, measured.end());
  return measured[measured.size() / 2];
}

int main() {
  std::printf("%.1f %.1f %.1f\n", median_gflops<float>(), median_gflops<double>(),
              median_tile_gflops());
}
