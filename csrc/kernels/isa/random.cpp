// Philox4x32-10 by vectors, and uniform and normal numbers from it; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_math.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

typedef uint64_t Words __attribute__((vector_size(kWidth)));
constexpr int kCounters = kWidth / 8;
constexpr int kBlocks = static_cast<int>(kRandomBlocks);

// The product of the lower halves of the lanes; what the upper halves hold does not matter.
WG_INLINE Words multiply(Words a, Words b) {
#if defined(WG_AVX512)
  return (Words)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(WG_AVX2)
  return (Words)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE4_1__)
  return (Words)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

// Word w of block i in word[w][i], with rubbish in the upper halves. Chains of rounds run side by
// side, as each waits for its products.
WG_INLINE void philox_group(uint64_t seed, uint64_t counter, uint64_t (&word)[4][kBlocks]) {
  constexpr int kChains = 2;
  for (int first = 0; first < kBlocks; first += kChains * kCounters) {
    Words c0[kChains], c1[kChains], c2[kChains], c3[kChains];
    for (int s = 0; s < kChains; ++s) {
      uint64_t counters[kCounters];
      for (int i = 0; i < kCounters; ++i) {
        counters[i] = counter + static_cast<uint64_t>(first + s * kCounters + i);
      }
      __builtin_memcpy(&c0[s], counters, kWidth);
      c1[s] = c0[s] >> 32;
      c2[s] = c3[s] = Words{};
    }
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      for (int s = 0; s < kChains; ++s) {
        const Words p0 = multiply(c0[s], uint64_t{0xD2511F53} - Words{});
        const Words p1 = multiply(c2[s], uint64_t{0xCD9E8D57} - Words{});
        c0[s] = (p1 >> 32) ^ c1[s] ^ (k0 - Words{});
        c2[s] = (p0 >> 32) ^ c3[s] ^ (k1 - Words{});
        c1[s] = p1;
        c3[s] = p0;
      }
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    for (int s = 0; s < kChains; ++s) {
      const int at = first + s * kCounters;
      __builtin_memcpy(&word[0][at], &c0[s], kWidth);
      __builtin_memcpy(&word[1][at], &c1[s], kWidth);
      __builtin_memcpy(&word[2][at], &c2[s], kWidth);
      __builtin_memcpy(&word[3][at], &c3[s], kWidth);
    }
  }
}

WG_INLINE int32_t upper(uint64_t word, int shift) {
  return static_cast<int32_t>(static_cast<uint32_t>(word) >> shift);
}
WG_INLINE uint64_t join(uint64_t low, uint64_t high) {
  return high << 32 | static_cast<uint32_t>(low);
}

// Calls make(group, out) for each group of kSize elements; the last may be cut short.
template <int kSize, class T, class F>
WG_INLINE void for_groups(int64_t n, T* out, uint64_t seed, uint64_t counter, F make) {
  uint64_t word[4][kBlocks];
  for (int64_t i = 0; i < n; i += kSize, counter += kBlocks) {
    philox_group(seed, counter, word);
    if (n - i >= kSize) {
      make(word, out + i);
    } else {
      T last[kSize];
      make(word, last);
      __builtin_memcpy(out + i, last, static_cast<size_t>(n - i) * sizeof(T));
    }
  }
}

void bits(int64_t n, uint64_t* out, uint64_t seed, uint64_t counter) {
  for_groups<2 * kBlocks>(n, out, seed, counter,
                          [](const uint64_t (&word)[4][kBlocks], uint64_t* to) {
                            for (int j = 0; j < kBlocks; ++j) {
                              to[j] = join(word[0][j], word[1][j]);
                              to[kBlocks + j] = join(word[2][j], word[3][j]);
                            }
                          });
}

// Rounding may reach the upper bound, which is not included.
template <class T>
WG_INLINE T between(T u, T a, T b) {
  const T x = a + u * (b - a);
  return x < b ? x : a;
}
void uniform_float(int64_t n, void* out, uint64_t seed, uint64_t counter, double from, double to) {
  const float a = static_cast<float>(from), b = static_cast<float>(to);
  for_groups<4 * kBlocks>(n, static_cast<float*>(out), seed, counter,
                          [a, b](const uint64_t (&word)[4][kBlocks], float* y) {
                            for (int w = 0; w < 4; ++w) {
                              for (int j = 0; j < kBlocks; ++j) {
                                const float u = static_cast<float>(upper(word[w][j], 8)) * 0x1p-24f;
                                y[w * kBlocks + j] = between(u, a, b);
                              }
                            }
                          });
}
void uniform_double(int64_t n, void* out, uint64_t seed, uint64_t counter, double a, double b) {
  for_groups<2 * kBlocks>(
      n, static_cast<double*>(out), seed, counter,
      [a, b](const uint64_t (&word)[4][kBlocks], double* y) {
        for (int w = 0; w < 2; ++w) {
          for (int j = 0; j < kBlocks; ++j) {
            const auto k = static_cast<int64_t>(join(word[2 * w][j], word[2 * w + 1][j]) >> 11);
            y[w * kBlocks + j] = between(static_cast<double>(k) * 0x1p-53, a, b);
          }
        }
      });
}

// Box and Muller, Ann. Math. Statist. 29 (1958): two normal numbers from u in (0, 1] and a turn in
// [0, 1). Quarters of a turn are exact, so that no range reduction is needed.
template <class T>
WG_INLINE void normal_pairs(const T* u, const T* turn, T* y, T mean, T std) {
  using Int = typename Vec<T>::Int;
  for (int j = 0; j < kBlocks; j += Vec<T>::kLanes) {
    const Vec<T> r = Vec<T>(std) * sqrt(Vec<T>(-2.0) * log_positive(load(u + j)));
    const Vec<T> quarters = load(turn + j) * 4.0;
    const Vec<T> n = round(quarters);
    const Vec<Int> q = bits(n + Vec<T>(kIntegerShift<T>));
    const Vec<T> angle = (quarters - n) * 1.57079632679489661923;
    const Vec<T> z = angle * angle;
    const Vec<T> s = sin_reduced(angle, z), c = cos_reduced(z);
    const Mask<T> odd = bit_set<T>(q, 1), half = bit_set<T>(q, 2);
    const Vec<T> sine = select(odd, c, s), cosine = select(odd, s, c);
    store(y + j, Vec<T>(mean) + r * select(half ^ odd, -cosine, cosine));
    store(y + kBlocks + j, Vec<T>(mean) + r * select(half, -sine, sine));
  }
}
void normal_float(int64_t n, void* out, uint64_t seed, uint64_t counter, double mean, double std) {
  const float m = static_cast<float>(mean), s = static_cast<float>(std);
  for_groups<4 * kBlocks>(n, static_cast<float*>(out), seed, counter,
                          [m, s](const uint64_t (&word)[4][kBlocks], float* y) {
                            for (int w = 0; w < 4; w += 2) {
                              float u[kBlocks], turn[kBlocks];
                              for (int j = 0; j < kBlocks; ++j) {
                                u[j] =
                                    static_cast<float>(upper(word[w][j], 1)) * 0x1p-31f + 0x1p-32f;
                                turn[j] = static_cast<float>(upper(word[w + 1][j], 8)) * 0x1p-24f;
                              }
                              normal_pairs(u, turn, y + w * kBlocks, m, s);
                            }
                          });
}
void normal_double(int64_t n, void* out, uint64_t seed, uint64_t counter, double mean, double std) {
  for_groups<2 * kBlocks>(
      n, static_cast<double*>(out), seed, counter,
      [mean, std](const uint64_t (&word)[4][kBlocks], double* y) {
        double u[kBlocks], turn[kBlocks];
        for (int j = 0; j < kBlocks; ++j) {
          const auto a = static_cast<int64_t>(join(word[0][j], word[1][j]) >> 11);
          const auto b = static_cast<int64_t>(join(word[2][j], word[3][j]) >> 11);
          u[j] = (static_cast<double>(a) + 0.5) * 0x1p-53;
          turn[j] = static_cast<double>(b) * 0x1p-53;
        }
        normal_pairs(u, turn, y, mean, std);
      });
}

template <class T>
void dropout(int64_t n, void* out, void* mask_out, const void* in, uint64_t seed, uint64_t counter,
             uint32_t threshold, double keep) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  constexpr int kSize = 4 * kBlocks;
  T* y = static_cast<T*>(out);
  T* mask = static_cast<T*>(mask_out);
  const T* x = static_cast<const T*>(in);
  uint64_t word[4][kBlocks];
  T m[kSize];
  for (int64_t i = 0; i < n; i += kSize, counter += kBlocks) {
    philox_group(seed, counter, word);
    const T kept = static_cast<T>(keep);
    for (int w = 0; w < 4; ++w) {
      for (int j = 0; j < kBlocks; ++j) {
        m[w * kBlocks + j] = static_cast<uint32_t>(word[w][j]) < threshold ? T(0) : kept;
      }
    }
    for (int64_t k = 0; k < kSize && i + k < n; k += kLanes) {
      const Vec<T> v = load(m + k);
      const int64_t left = n - i - k;
      if (left >= kLanes) {
        store(mask + i + k, v);
        store(y + i + k, load(x + i + k) * v);
      } else {
        const int some = static_cast<int>(left);
        store(mask + i + k, v, some);
        store(y + i + k, load(x + i + k, some) * v, some);
      }
    }
  }
}

}  // namespace

const RandomKernels random_table = {bits,
                                    {uniform_float, uniform_double},
                                    {normal_float, normal_double},
                                    {dropout<float>, dropout<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
