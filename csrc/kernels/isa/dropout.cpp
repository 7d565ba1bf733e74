// Random masks from the Philox4x32-10 generator, a vector of blocks at a time; compiled once per
// ISA level.
#include "kernels/levels.h"
#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

typedef uint64_t Words __attribute__((vector_size(kWidth)));
constexpr int kBlocks = kWidth / 8;  // at a time, each word of a block in a 64-bit lane

WG_INLINE Words low(Words x) { return x & (Words{} + 0xFFFFFFFFu); }

// The product of the lower halves of the lanes.
WG_INLINE Words wide_product(Words x, uint64_t factor) {
  const Words f = Words{} + factor;
#if defined(WG_AVX512)
  return (Words)_mm512_mul_epu32((__m512i)x, (__m512i)f);
#elif defined(WG_AVX2)
  return (Words)_mm256_mul_epu32((__m256i)x, (__m256i)f);
#elif defined(__SSE2__)
  return (Words)_mm_mul_epu32((__m128i)x, (__m128i)f);
#else
  return low(x) * f;
#endif
}

// The four words of the blocks `counter` on; upper halves of the lanes are zero.
WG_INLINE void philox(uint64_t seed, uint64_t counter, Words* out) {
  Words c;
  for (int i = 0; i < kBlocks; ++i) c[i] = counter + static_cast<uint64_t>(i);
  Words c0 = low(c), c1 = c >> 32, c2 = Words{}, c3 = Words{};
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const Words p0 = wide_product(c0, 0xD2511F53u), p1 = wide_product(c2, 0xCD9E8D57u);
    // Only the lower halves of c0 and c2 are read by the products.
    c0 = (p1 >> 32) ^ c1 ^ (Words{} + k0);
    c2 = (p0 >> 32) ^ c3 ^ (Words{} + k1);
    c1 = low(p1);
    c3 = low(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

// Each group of 64 elements uses 16 blocks: element 16 * word + block of the group.
template <class T>
void dropout_loop(int64_t begin, int64_t end, void* out, void* mask_out, const void* in,
                  uint64_t seed, uint64_t offset, uint64_t threshold, double keep) {
  T* y = static_cast<T*>(out);
  T* mask = static_cast<T*>(mask_out);
  const T* x = static_cast<const T*>(in);
  const T kept = static_cast<T>(keep);
  T group[64];
  for (int64_t i = begin; i < end; i += 64) {
    const uint64_t first = offset + static_cast<uint64_t>(i) / 4;
    for (int b = 0; b < 16; b += kBlocks) {
      Words words[4];
      philox(seed, first + static_cast<uint64_t>(b), words);
      for (int word = 0; word < 4; ++word) {
        T* to = group + 16 * word + b;
        const Words v = words[word];
        for (int k = 0; k < kBlocks; ++k) to[k] = v[k] < threshold ? T(0) : kept;
      }
    }
    const int64_t n = end - i < 64 ? end - i : 64;
    for (int64_t k = 0; k < n; ++k) {
      mask[i + k] = group[k];
      y[i + k] = group[k] == T(0) ? T(0) : x[i + k] * group[k];
    }
  }
}

}  // namespace

const DropoutFn dropout_table[2] = {dropout_loop<float>, dropout_loop<double>};

}  // namespace wengert::kernels::WENGERT_LEVEL
