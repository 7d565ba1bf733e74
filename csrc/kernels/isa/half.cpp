// Conversions between float32 and the floating dtypes of 16 bits; compiled once per ISA level.
#include "kernels/isa/gemm_simd.h"
#include "kernels/levels.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

void widen_bfloat16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<uint32_t*>(dst);
  const auto* from = static_cast<const uint16_t*>(src);
  for (int64_t i = 0; i < n; ++i) to[i] = static_cast<uint32_t>(from[i]) << 16;
}

#if defined(__AVX512BW__)
// The number rounded in place: the format's bits are the upper half.
WG_INLINE __m512i round_bfloat16(__m512i b) {
  constexpr __mmask16 kAll = 0xffff;  // without a mask, GCC 12 warns of its own header
  const __m512i odd = _mm512_and_si512(_mm512_maskz_srli_epi32(kAll, b, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_add_epi32(b, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512 x = _mm512_castsi512_ps(b);
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_or_epi32(rounded, nan, b, _mm512_set1_epi32(0x400000));
}
#endif

// To the nearest, ties to even.
void narrow_bfloat16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<uint16_t*>(dst);
  const auto* from = static_cast<const uint32_t*>(src);
  int64_t i = 0;
#if defined(__AVX512BW__)
  alignas(64) uint16_t upper[32];
  for (int j = 0; j < 32; ++j) upper[j] = static_cast<uint16_t>(2 * j + 1);
  const __m512i halves = _mm512_load_si512(upper);
  for (; i + 32 <= n; i += 32) {
    const __m512i x = round_bfloat16(_mm512_loadu_si512(from + i));
    const __m512i y = round_bfloat16(_mm512_loadu_si512(from + i + 16));
    _mm512_storeu_si512(to + i, _mm512_permutex2var_epi16(x, halves, y));
  }
#endif
  for (; i < n; ++i) {
    const uint32_t b = from[i];
    const uint32_t rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
    const bool nan = (b & 0x7fffffff) > 0x7f800000;
    to[i] = static_cast<uint16_t>(nan ? (b >> 16) | 0x40 : rounded);
  }
}

#if defined(__AVX512F__)
void widen_float16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<float*>(dst);
  const auto* from = static_cast<const uint16_t*>(src);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 m = Simd<float>::mask(n - i < 16 ? static_cast<int>(n - i) : 16);
    _mm512_mask_storeu_ps(to + i, m,
                          _mm512_maskz_cvtph_ps(m, _mm256_maskz_loadu_epi16(m, from + i)));
  }
}
void narrow_float16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<uint16_t*>(dst);
  const auto* from = static_cast<const float*>(src);
  for (int64_t i = 0; i < n; i += 16) {
    const __mmask16 m = Simd<float>::mask(n - i < 16 ? static_cast<int>(n - i) : 16);
    const __m512 x = _mm512_maskz_loadu_ps(m, from + i);
    _mm256_mask_storeu_epi16(to + i, m, _mm512_maskz_cvtps_ph(m, x, _MM_FROUND_TO_NEAREST_INT));
  }
}
#elif defined(__F16C__)
void widen_float16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<float*>(dst);
  const auto* from = static_cast<const uint16_t*>(src);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(x));
  }
  for (; i < n; ++i) to[i] = _cvtsh_ss(from[i]);
}
void narrow_float16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<uint16_t*>(dst);
  const auto* from = static_cast<const float*>(src);
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i x = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), x);
  }
  for (; i < n; ++i) to[i] = _cvtss_sh(from[i], _MM_FROUND_TO_NEAREST_INT);
}
#else
// The generic conversion is used.
constexpr CastFn widen_float16 = nullptr, narrow_float16 = nullptr;
#endif

}  // namespace

extern const HalfCasts half_casts;
const HalfCasts half_casts = {{widen_float16, widen_bfloat16}, {narrow_float16, narrow_bfloat16}};

}  // namespace wengert::kernels::WENGERT_LEVEL
