// Prints the GB/s at which one core reads (s += a), copies (b = a) and adds (c = a + k b) arrays
// that take so many bytes together: a line for each number of bytes given. What the loops name
// counts: a store once, though a cache may have to fetch its line before. They are medians, of
// processor time, so that waiting for other programs does not count.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

namespace {

#if defined(__AVX512F__)
constexpr int kBytes = 64;
#elif defined(__AVX__)
constexpr int kBytes = 32;
#else
constexpr int kBytes = 16;
#endif

typedef float V __attribute__((vector_size(kBytes)));

struct Free {
  void operator()(V* p) const { std::free(p); }
};
using Array = std::unique_ptr<V, Free>;

// `n` vectors on whole pages, written once, so that the system has really given them.
Array filled(long n) {
  constexpr long kPage = 1L << 21;
  const long bytes = (n * kBytes + kPage - 1) / kPage * kPage;
  Array result(static_cast<V*>(std::aligned_alloc(kPage, static_cast<size_t>(bytes))));
  if (!result) std::abort();
  std::fill_n(result.get(), n, V{} + 1.0f);
  return result;
}

// The compiler must take memory as read and written here.
void barrier(const void* p) { asm volatile("" : : "r"(p) : "memory"); }

// GB/s of `body`, which moves `bytes`.
template <class Body>
double median_rate(long bytes, Body body) {
  constexpr double kBurst = 0.005;  // seconds, at least
  const auto timed = [&](long loops) {
    const std::clock_t start = std::clock();
    for (long i = 0; i < loops; ++i) body();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  long loops = 1;
  while (timed(loops) < kBurst) loops *= 2;
  std::array<double, 21> rates;
  for (double& rate : rates) {
    rate = static_cast<double>(bytes) * static_cast<double>(loops) / timed(loops) / 1e9;
  }
  std::nth_element(rates.begin(), rates.begin() + rates.size() / 2, rates.end());
  return rates[rates.size() / 2];
}

void measure(long bytes) {
  const auto count = [&](long arrays) { return bytes / kBytes / arrays / 8 * 8; };
  double read = 0, copy = 0, triad = 0;
  {
    const long n = count(1);
    const Array a = filled(n);
    read = median_rate(n * kBytes, [&, p = a.get()] {
      V sum[8] = {};
      for (long i = 0; i < n; i += 8) {
#pragma GCC unroll 8
        for (long j = 0; j < 8; ++j) sum[j] += p[i + j];
      }
      for (V& part : sum) barrier(&part);
    });
  }
  {
    const long n = count(2);
    const Array a = filled(n), b = filled(n);
    copy = median_rate(2 * n * kBytes, [&, p = a.get(), q = b.get()] {
      for (long i = 0; i < n; i += 4) {
        const V v0 = p[i], v1 = p[i + 1], v2 = p[i + 2], v3 = p[i + 3];
        q[i] = v0, q[i + 1] = v1, q[i + 2] = v2, q[i + 3] = v3;
      }
      barrier(q);
    });
  }
  {
    const long n = count(3);
    const Array a = filled(n), b = filled(n), c = filled(n);
    triad = median_rate(3 * n * kBytes, [&, p = a.get(), q = b.get(), r = c.get()] {
      for (long i = 0; i < n; i += 2) {
        const V v0 = p[i] + 3.0f * q[i], v1 = p[i + 1] + 3.0f * q[i + 1];
        r[i] = v0, r[i + 1] = v1;
      }
      barrier(r);
    });
  }
  std::printf("%.1f %.1f %.1f\n", read, copy, triad);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) measure(std::atol(argv[i]));
}
