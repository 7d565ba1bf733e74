// One vector register as the matrix kernels see it. Included by files compiled per ISA level,
// inside that level's namespace only.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define WG_INLINE inline __attribute__((always_inline))

namespace wengert::kernels::WENGERT_LEVEL {

// A mask selects the first `count` lanes; masked loads give zero in the others and touch no
// memory there.
template <class T>
struct Simd;

#if defined(__AVX512F__)

template <>
struct Simd<float> {
  using V = __m512;
  using Mask = __mmask16;
  static constexpr int kLanes = 16;
  static WG_INLINE Mask mask(int count) { return static_cast<Mask>((1u << count) - 1); }
  static WG_INLINE V load(const float* p) { return _mm512_loadu_ps(p); }
  static WG_INLINE V load(const float* p, Mask m) { return _mm512_maskz_loadu_ps(m, p); }
  static WG_INLINE void store(float* p, V v) { _mm512_storeu_ps(p, v); }
  static WG_INLINE void store(float* p, V v, Mask m) { _mm512_mask_storeu_ps(p, m, v); }
  static WG_INLINE V broadcast(float x) { return _mm512_set1_ps(x); }
  static WG_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
};
template <>
struct Simd<double> {
  using V = __m512d;
  using Mask = __mmask8;
  static constexpr int kLanes = 8;
  static WG_INLINE Mask mask(int count) { return static_cast<Mask>((1u << count) - 1); }
  static WG_INLINE V load(const double* p) { return _mm512_loadu_pd(p); }
  static WG_INLINE V load(const double* p, Mask m) { return _mm512_maskz_loadu_pd(m, p); }
  static WG_INLINE void store(double* p, V v) { _mm512_storeu_pd(p, v); }
  static WG_INLINE void store(double* p, V v, Mask m) { _mm512_mask_storeu_pd(p, m, v); }
  static WG_INLINE V broadcast(double x) { return _mm512_set1_pd(x); }
  static WG_INLINE V fma(V a, V b, V c) { return _mm512_fmadd_pd(a, b, c); }
};

#elif defined(__AVX2__) && defined(__FMA__)

template <>
struct Simd<float> {
  using V = __m256;
  using Mask = __m256i;
  static constexpr int kLanes = 8;
  static WG_INLINE Mask mask(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static WG_INLINE V load(const float* p) { return _mm256_loadu_ps(p); }
  static WG_INLINE V load(const float* p, Mask m) { return _mm256_maskload_ps(p, m); }
  static WG_INLINE void store(float* p, V v) { _mm256_storeu_ps(p, v); }
  static WG_INLINE void store(float* p, V v, Mask m) { _mm256_maskstore_ps(p, m, v); }
  static WG_INLINE V broadcast(float x) { return _mm256_set1_ps(x); }
  static WG_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
};
template <>
struct Simd<double> {
  using V = __m256d;
  using Mask = __m256i;
  static constexpr int kLanes = 4;
  static WG_INLINE Mask mask(int count) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
  }
  static WG_INLINE V load(const double* p) { return _mm256_loadu_pd(p); }
  static WG_INLINE V load(const double* p, Mask m) { return _mm256_maskload_pd(p, m); }
  static WG_INLINE void store(double* p, V v) { _mm256_storeu_pd(p, v); }
  static WG_INLINE void store(double* p, V v, Mask m) { _mm256_maskstore_pd(p, m, v); }
  static WG_INLINE V broadcast(double x) { return _mm256_set1_pd(x); }
  static WG_INLINE V fma(V a, V b, V c) { return _mm256_fmadd_pd(a, b, c); }
};

#else

// 128-bit vectors of the compiler; fused multiply-add only where the processor has it.
template <class T>
struct Simd {
  typedef T V __attribute__((vector_size(16)));
  using Mask = int;
  static constexpr int kLanes = 16 / sizeof(T);
  static WG_INLINE Mask mask(int count) { return count; }
  static WG_INLINE V load(const T* p) {
    V v;
    __builtin_memcpy(&v, p, sizeof(V));
    return v;
  }
  // Calls, so that the many tiles stay small.
  static __attribute__((noinline)) V load(const T* p, Mask m) {
    V v = {};
    for (int i = 0; i < m; ++i) v[i] = p[i];
    return v;
  }
  static WG_INLINE void store(T* p, V v) { __builtin_memcpy(p, &v, sizeof(V)); }
  static __attribute__((noinline)) void store(T* p, V v, Mask m) {
    for (int i = 0; i < m; ++i) p[i] = v[i];
  }
  static WG_INLINE V broadcast(T x) { return V{} + x; }
  static WG_INLINE V fma(V a, V b, V c) {
#if defined(__aarch64__)
    for (int i = 0; i < kLanes; ++i) c[i] = fused(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
  }

 private:
  static WG_INLINE float fused(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  static WG_INLINE double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
};

#endif

// The same where the order of the instructions is that of the source: a compiler that moves the
// loads of later steps ahead has no registers left for the sums of a tile, and spills them.
template <class T>
struct InOrder : Simd<T> {};
#if defined(__AVX512F__)
#define WG_IN_ORDER(T, Vector, s, p)                                            \
  template <>                                                                   \
  struct InOrder<T> : Simd<T> {                                                 \
    static WG_INLINE V load(const T* from) {                                    \
      V v;                                                                      \
      const auto* at = reinterpret_cast<const Vector*>(from);                   \
      asm volatile("vmovu" #p " %1, %0" : "=v"(v) : "m"(*at));                  \
      return v;                                                                 \
    }                                                                           \
    static WG_INLINE V load(const T* p, Mask m) { return Simd<T>::load(p, m); } \
    static WG_INLINE V broadcast(const T& from) {                               \
      V v;                                                                      \
      asm volatile("vbroadcast" #s " %1, %0" : "=v"(v) : "m"(from));            \
      return v;                                                                 \
    }                                                                           \
    static WG_INLINE V fma(V a, V b, V c) {                                     \
      asm("vfmadd231" #p " %1, %2, %0" : "+v"(c) : "v"(a), "v"(b));             \
      return c;                                                                 \
    }                                                                           \
  };
WG_IN_ORDER(float, __m512_u, ss, ps)
WG_IN_ORDER(double, __m512d_u, sd, pd)
#undef WG_IN_ORDER
#endif

// Whether a masked load or store costs as much as one without: the same code then serves both.
#if defined(__AVX512F__)
inline constexpr bool kFreeMasks = true;
#else
inline constexpr bool kFreeMasks = false;
#endif

// Registers for the accumulators: rows of a tile with two vectors, and the largest number of rows
// that leaves room for four.
#if defined(__AVX512F__)
inline constexpr int kTileRows = 14, kWideRows = 6;
#elif defined(__aarch64__)
inline constexpr int kTileRows = 12, kWideRows = 6;
#else
inline constexpr int kTileRows = 6, kWideRows = 2;
#endif

// Independent chains that cover the latency of the multiply-add units; see peak.cpp.
inline constexpr int kFmaChains = 12;

}  // namespace wengert::kernels::WENGERT_LEVEL
