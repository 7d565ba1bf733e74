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

// To the nearest, ties to even.
void narrow_bfloat16(int64_t n, void* dst, const void* src) {
  auto* to = static_cast<uint16_t*>(dst);
  const auto* from = static_cast<const uint32_t*>(src);
  for (int64_t i = 0; i < n; ++i) {
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
