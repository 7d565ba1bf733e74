// A quotient by a square root for steps of optimizers: approximations of 14 bits and one Newton
// step each, where the processor has them. Included by files compiled per ISA level only.
#pragma once

#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {

// x / (scale sqrt(v) + eps): of normal numbers within 4 ulp, of others as the exact operations.
template <class T>
WG_INLINE Vec<T> over_root(Vec<T> x, Vec<T> v, Vec<T> scale, Vec<T> eps) {
#if defined(WG_AVX512)
  if constexpr (sizeof(T) == 4) {
    const __m512 square = (__m512)v.v, n = (__m512)x.v;
    // The root of zero is common, as behind units that are never active, and must not be slow.
    const __mmask16 some = _mm512_cmp_ps_mask(square, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    const __m512 y = _mm512_maskz_rsqrt14_ps(some, square), r = _mm512_mul_ps(square, y);
    const __m512 half = _mm512_mul_ps(y, _mm512_set1_ps(0.5f));
    const __m512 root = _mm512_fmadd_ps(half, _mm512_fnmadd_ps(r, r, square), r);
    const __m512 d = _mm512_fmadd_ps(root, (__m512)scale.v, (__m512)eps.v);
    const __m512 z = _mm512_rcp14_ps(d), p = _mm512_mul_ps(n, z);
    __m512 q = _mm512_fmadd_ps(z, _mm512_fnmadd_ps(d, p, n), p);
    // The Newton steps make NaN of infinities, a zero divisor and overflow, which sends just those
    // lanes to the exact operations: a lane's value does not depend on its neighbours.
    const __mmask16 special = _mm512_cmp_ps_mask(q, q, _CMP_UNORD_Q);
    if (special) [[unlikely]] {
      const __m512 exact = _mm512_fmadd_ps(_mm512_sqrt_ps(square), (__m512)scale.v, (__m512)eps.v);
      q = _mm512_mask_div_ps(q, special, n, exact);
    }
    return (typename Vec<T>::Raw)q;
  }
#endif
  return x / fma(sqrt(v), scale, eps);
}

}  // namespace wengert::kernels::WENGERT_LEVEL
