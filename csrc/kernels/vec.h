// SIMD vectors of the ISA level being compiled, over GCC vector extensions. Every entity has
// internal linkage inside the level's namespace, so that the linker cannot hand one level's code to
// another.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE4_1__)
// GCC 12's header makes undefined registers by self-initialisation.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#ifndef WENGERT_LEVEL
#define WENGERT_LEVEL baseline
#endif

#define WG_INLINE inline __attribute__((always_inline))
// Long functions called from many kernels: one copy a file keeps the code and compile time small.
#define WG_OUTLINE __attribute__((noinline, unused))

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && defined(__AVX512BW__)
#define WG_AVX512 1
constexpr int kWidth = 64;
#elif defined(__AVX2__) && defined(__FMA__)
#define WG_AVX2 1
constexpr int kWidth = 32;
#else
constexpr int kWidth = 16;
#endif

template <size_t size>
struct IntOfSize;
template <>
struct IntOfSize<4> {
  using type = int32_t;
};
template <>
struct IntOfSize<8> {
  using type = int64_t;
};

template <size_t size>
struct UnsignedOfSize;
template <>
struct UnsignedOfSize<4> {
  using type = uint32_t;
};
template <>
struct UnsignedOfSize<8> {
  using type = uint64_t;
};

template <bool condition, class A, class B>
struct Either {
  using type = A;
};
template <class A, class B>
struct Either<false, A, B> {
  using type = B;
};

template <class T>
struct Vec;

// All bits of a lane are set where the condition holds.
template <class T>
struct Mask {
  using Int = typename IntOfSize<sizeof(T)>::type;
  typedef Int Raw __attribute__((vector_size(kWidth)));
  Raw m;

  friend WG_INLINE Mask operator&(Mask a, Mask b) { return {a.m & b.m}; }
  friend WG_INLINE Mask operator|(Mask a, Mask b) { return {a.m | b.m}; }
  friend WG_INLINE Mask operator^(Mask a, Mask b) { return {a.m ^ b.m}; }
  friend WG_INLINE Mask operator!(Mask a) { return {~a.m}; }
  friend WG_INLINE bool any(Mask a) {
#if defined(WG_AVX512)
    return _mm512_test_epi64_mask((__m512i)a.m, (__m512i)a.m) != 0;
#elif defined(WG_AVX2)
    return !_mm256_testz_si256((__m256i)a.m, (__m256i)a.m);
#else
    Int bits = 0;
    for (int i = 0; i < kWidth / static_cast<int>(sizeof(T)); ++i) bits |= a.m[i];
    return bits != 0;
#endif
  }
  // Lane i of a where the condition holds, of b elsewhere. A friend, so that numbers convert.
  friend WG_INLINE Vec<T> select(Mask c, Vec<T> a, Vec<T> b) { return Vec<T>(c.m ? a.v : b.v); }
};

template <class T>
struct Vec {
  using Lane = T;
  using Int = typename IntOfSize<sizeof(T)>::type;
  typedef T Raw __attribute__((vector_size(kWidth)));
  typedef typename UnsignedOfSize<sizeof(T)>::type Unsigned __attribute__((vector_size(kWidth)));
  // Integers add and subtract as unsigned ones: overflow wraps.
  typedef typename Either<T(0.5) == T(0), typename UnsignedOfSize<sizeof(T)>::type, T>::type Wraps;
  typedef Wraps Wrapping __attribute__((vector_size(kWidth)));
  static constexpr int kLanes = kWidth / static_cast<int>(sizeof(T));
  Raw v;

  Vec() = default;
  WG_INLINE Vec(Raw r) : v(r) {}
  // s - 0 keeps the sign of zero, and folds.
  WG_INLINE Vec(double s) : v(static_cast<T>(s) - Raw{}) {}
  WG_INLINE Vec(float s) : v(static_cast<T>(s) - Raw{}) {}
  WG_INLINE Vec(int s) : v(static_cast<T>(s) - Raw{}) {}
  WG_INLINE Vec(int64_t s) : v(static_cast<T>(s) - Raw{}) {}

  friend WG_INLINE Vec operator+(Vec a, Vec b) { return (Raw)((Wrapping)a.v + (Wrapping)b.v); }
  friend WG_INLINE Vec operator-(Vec a, Vec b) { return (Raw)((Wrapping)a.v - (Wrapping)b.v); }
  friend WG_INLINE Vec operator*(Vec a, Vec b) { return a.v * b.v; }
  friend WG_INLINE Vec operator/(Vec a, Vec b) { return a.v / b.v; }
  friend WG_INLINE Vec operator-(Vec a) { return -a.v; }
  friend WG_INLINE Vec operator&(Vec a, Vec b) { return a.v & b.v; }
  friend WG_INLINE Vec operator|(Vec a, Vec b) { return a.v | b.v; }
  friend WG_INLINE Vec operator^(Vec a, Vec b) { return a.v ^ b.v; }
  friend WG_INLINE Vec operator<<(Vec a, int n) { return a.v << n; }
  friend WG_INLINE Vec operator>>(Vec a, int n) { return a.v >> n; }
  friend WG_INLINE Mask<T> operator==(Vec a, Vec b) { return mask(a.v == b.v); }
  friend WG_INLINE Mask<T> operator!=(Vec a, Vec b) { return mask(a.v != b.v); }
  friend WG_INLINE Mask<T> operator<(Vec a, Vec b) { return mask(a.v < b.v); }
  friend WG_INLINE Mask<T> operator<=(Vec a, Vec b) { return mask(a.v <= b.v); }
  friend WG_INLINE Mask<T> operator>(Vec a, Vec b) { return mask(a.v > b.v); }
  friend WG_INLINE Mask<T> operator>=(Vec a, Vec b) { return mask(a.v >= b.v); }

 private:
  template <class M>
  static WG_INLINE Mask<T> mask(M m) {
    return {(typename Mask<T>::Raw)m};
  }
};

using VecF = Vec<float>;
using VecD = Vec<double>;

// ---- memory -------------------------------------------------------------------------------
template <class T>
WG_INLINE Vec<T> load(const T* p) {
  typename Vec<T>::Raw r;
  __builtin_memcpy(&r, p, kWidth);
  return r;
}
template <class T>
WG_INLINE void store(T* p, Vec<T> x) {
  __builtin_memcpy(p, &x.v, kWidth);
}

#if defined(WG_AVX2)
template <class T>
WG_INLINE __m256i first_lanes(int n) {
  if constexpr (sizeof(T) == 4) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  } else {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
  }
}
#endif

// The first n lanes (0 <= n < kLanes) from memory, zeros in the others.
template <class T>
WG_INLINE Vec<T> load(const T* p, int n) {
  using Raw = typename Vec<T>::Raw;
#if defined(WG_AVX512)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm512_maskz_loadu_epi32(static_cast<__mmask16>((1u << n) - 1), p);
  } else {
    return (Raw)_mm512_maskz_loadu_epi64(static_cast<__mmask8>((1u << n) - 1), p);
  }
#elif defined(WG_AVX2)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), first_lanes<T>(n));
  } else {
    return (Raw)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), first_lanes<T>(n));
  }
#else
  Raw r{};
  for (int i = 0; i < n; ++i) r[i] = p[i];
  return r;
#endif
}
template <class T>
WG_INLINE void store(T* p, Vec<T> x, int n) {
#if defined(WG_AVX512)
  if constexpr (sizeof(T) == 4) {
    _mm512_mask_storeu_epi32(p, static_cast<__mmask16>((1u << n) - 1), (__m512i)x.v);
  } else {
    _mm512_mask_storeu_epi64(p, static_cast<__mmask8>((1u << n) - 1), (__m512i)x.v);
  }
#elif defined(WG_AVX2)
  if constexpr (sizeof(T) == 4) {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(p), first_lanes<T>(n), (__m256i)x.v);
  } else {
    _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), first_lanes<T>(n), (__m256i)x.v);
  }
#else
  for (int i = 0; i < n; ++i) p[i] = x.v[i];
#endif
}

// ---- bits ---------------------------------------------------------------------------------
template <class T>
WG_INLINE Vec<typename Vec<T>::Int> bits(Vec<T> x) {
  return (typename Vec<typename Vec<T>::Int>::Raw)x.v;
}
template <class T>
WG_INLINE Vec<T> from_bits(Vec<typename Vec<T>::Int> x) {
  return (typename Vec<T>::Raw)x.v;
}
// A mask over the integers of one width, used on the floats of that width.
template <class T>
WG_INLINE Mask<T> as_mask(Mask<typename Vec<T>::Int> m) {
  return {m.m};
}

// ---- arithmetic ---------------------------------------------------------------------------
// x * y + z, rounded once where the level has the instruction.
template <class T>
WG_INLINE Vec<T> fma(Vec<T> x, Vec<T> y, Vec<T> z) {
#if defined(WG_AVX512) || defined(WG_AVX2)
  using Raw = typename Vec<T>::Raw;
#endif
#if defined(WG_AVX512)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm512_fmadd_ps(x.v, y.v, z.v);
  } else {
    return (Raw)_mm512_fmadd_pd(x.v, y.v, z.v);
  }
#elif defined(WG_AVX2)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm256_fmadd_ps(x.v, y.v, z.v);
  } else {
    return (Raw)_mm256_fmadd_pd(x.v, y.v, z.v);
  }
#else
  return x.v * y.v + z.v;
#endif
}
template <class T>
WG_INLINE Vec<T> fma(Vec<T> x, double y, Vec<T> z) {
  return fma(x, Vec<T>(y), z);
}
template <class T>
WG_INLINE Vec<T> fma(Vec<T> x, Vec<T> y, double z) {
  return fma(x, y, Vec<T>(z));
}

template <class T>
WG_INLINE Vec<T> abs(Vec<T> x) {
  using Int = typename Vec<T>::Int;
  constexpr Int kAllButSign = ~(Int{1} << (sizeof(T) * 8 - 2) << 1);
  return from_bits<T>(bits(x) & Vec<Int>(kAllButSign));
}
template <class T>
WG_INLINE Vec<typename Vec<T>::Int> sign_bits(Vec<T> x) {
  return bits(x) & bits(Vec<T>(-0.0));
}
template <class T>
WG_INLINE Vec<T> copysign(Vec<T> x, Vec<T> s) {
  return from_bits<T>(bits(abs(x)) | sign_bits(s));
}
template <class T>
WG_INLINE Vec<T> sqrt(Vec<T> x) {
  using Raw = typename Vec<T>::Raw;
#if defined(WG_AVX512)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm512_sqrt_ps(x.v);
  } else {
    return (Raw)_mm512_sqrt_pd(x.v);
  }
#elif defined(WG_AVX2)
  if constexpr (sizeof(T) == 4) {
    return (Raw)_mm256_sqrt_ps(x.v);
  } else {
    return (Raw)_mm256_sqrt_pd(x.v);
  }
#else
  Raw r;
  for (int i = 0; i < Vec<T>::kLanes; ++i) {
    r[i] = sizeof(T) == 4 ? __builtin_sqrtf(x.v[i]) : __builtin_sqrt(x.v[i]);
  }
  return r;
#endif
}

#if defined(WG_AVX512)
#define WG_ROUNDING(name, mode, scalar)                           \
  template <class T>                                              \
  WG_INLINE Vec<T> name(Vec<T> x) {                               \
    using Raw = typename Vec<T>::Raw;                             \
    if constexpr (sizeof(T) == 4) {                               \
      return (Raw)_mm512_roundscale_ps((__m512)x.v, (mode) | 8);  \
    } else {                                                      \
      return (Raw)_mm512_roundscale_pd((__m512d)x.v, (mode) | 8); \
    }                                                             \
  }
#elif defined(WG_AVX2)
#define WG_ROUNDING(name, mode, scalar)                      \
  template <class T>                                         \
  WG_INLINE Vec<T> name(Vec<T> x) {                          \
    using Raw = typename Vec<T>::Raw;                        \
    if constexpr (sizeof(T) == 4) {                          \
      return (Raw)_mm256_round_ps((__m256)x.v, (mode) | 8);  \
    } else {                                                 \
      return (Raw)_mm256_round_pd((__m256d)x.v, (mode) | 8); \
    }                                                        \
  }
#elif defined(__SSE4_1__)
#define WG_ROUNDING(name, mode, scalar)                   \
  template <class T>                                      \
  WG_INLINE Vec<T> name(Vec<T> x) {                       \
    using Raw = typename Vec<T>::Raw;                     \
    if constexpr (sizeof(T) == 4) {                       \
      return (Raw)_mm_round_ps((__m128)x.v, (mode) | 8);  \
    } else {                                              \
      return (Raw)_mm_round_pd((__m128d)x.v, (mode) | 8); \
    }                                                     \
  }
#else
#define WG_ROUNDING(name, mode, scalar)                                                   \
  template <class T>                                                                      \
  WG_INLINE Vec<T> name(Vec<T> x) {                                                       \
    typename Vec<T>::Raw r;                                                               \
    for (int i = 0; i < Vec<T>::kLanes; ++i) {                                            \
      r[i] = sizeof(T) == 4 ? __builtin_##scalar##f(x.v[i]) : __builtin_##scalar(x.v[i]); \
    }                                                                                     \
    return r;                                                                             \
  }
#endif
WG_ROUNDING(round, 0, rint)  // ties to even
WG_ROUNDING(floor, 1, floor)
WG_ROUNDING(ceil, 2, ceil)
WG_ROUNDING(trunc, 3, trunc)
#undef WG_ROUNDING

// b if one is NaN.
template <class T>
WG_INLINE Vec<T> larger(Vec<T> a, Vec<T> b) {
#if defined(WG_AVX512) || defined(WG_AVX2)
  constexpr bool kDouble = sizeof(T) == 8;
  typename Vec<T>::Raw m;
#endif
#if defined(WG_AVX512)
  if constexpr (kDouble) {
    m = (typename Vec<T>::Raw)_mm512_max_pd(a.v, b.v);
  } else {
    m = (typename Vec<T>::Raw)_mm512_max_ps(a.v, b.v);
  }
#elif defined(WG_AVX2)
  if constexpr (kDouble) {
    m = (typename Vec<T>::Raw)_mm256_max_pd(a.v, b.v);
  } else {
    m = (typename Vec<T>::Raw)_mm256_max_ps(a.v, b.v);
  }
#else
  const typename Vec<T>::Raw m = a.v > b.v ? a.v : b.v;
#endif
  return Vec<T>(m);
}
template <class T>
WG_INLINE Vec<T> smaller(Vec<T> a, Vec<T> b) {
#if defined(WG_AVX512) || defined(WG_AVX2)
  constexpr bool kDouble = sizeof(T) == 8;
  typename Vec<T>::Raw m;
#endif
#if defined(WG_AVX512)
  if constexpr (kDouble) {
    m = (typename Vec<T>::Raw)_mm512_min_pd(a.v, b.v);
  } else {
    m = (typename Vec<T>::Raw)_mm512_min_ps(a.v, b.v);
  }
#elif defined(WG_AVX2)
  if constexpr (kDouble) {
    m = (typename Vec<T>::Raw)_mm256_min_pd(a.v, b.v);
  } else {
    m = (typename Vec<T>::Raw)_mm256_min_ps(a.v, b.v);
  }
#else
  const typename Vec<T>::Raw m = a.v < b.v ? a.v : b.v;
#endif
  return Vec<T>(m);
}
// NaN in either operand propagates.
template <class T>
WG_INLINE Vec<T> maximum(Vec<T> a, Vec<T> b) {
  return select(a != a, a, larger(a, b));
}
template <class T>
WG_INLINE Vec<T> minimum(Vec<T> a, Vec<T> b) {
  return select(a != a, a, smaller(a, b));
}
// Real numbers: the conjugate is the number, the direction its sign.
template <class T>
WG_INLINE Vec<T> conj(Vec<T> x) {
  return x;
}
template <class T>
WG_INLINE Vec<T> sgn(Vec<T> x) {
  return sign(x);
}
template <class T>
WG_INLINE Vec<T> square(Vec<T> x) {
  return x * x;
}

// c0 + x (c1 + x (c2 + ...)).
template <class T>
WG_INLINE Vec<T> poly(Vec<T>, double c) {
  return Vec<T>(c);
}
template <class T, class... C>
WG_INLINE Vec<T> poly(Vec<T> x, double c, C... rest) {
  return fma(poly(x, rest...), x, Vec<T>(c));
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
