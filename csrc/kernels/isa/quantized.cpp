// Products of rows of 8-bit integers; compiled once per ISA level.
#include "kernels/quantized.h"

#include "kernels/vec.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

constexpr int kColumns = 4;  // rows of the matrix that are read together

// A way to add up products of bytes, kRows rows at once: rows are kept as numbers of type X in
// blocks of kStep, the last one filled up with zeros, behind kHeader bytes; `load` takes kStep
// bytes of the matrix, `sums` adds up the lanes of kColumns vectors each.
#if defined(WG_AVX512)
struct Vnni {
  using X = int8_t;
  using V = __m512i;
  static constexpr int kRows = 4, kStep = 64;
  // The instruction multiplies with bytes without a sign: the matrix is read as w + 128, and a
  // row's header has what this adds to its sums.
  static constexpr int kHeader = 64, kOffset = 128;
  static WG_INLINE V zero() { return _mm512_setzero_si512(); }
  static WG_INLINE V load(const int8_t* w) {
    return _mm512_xor_si512(_mm512_loadu_si512(w), _mm512_set1_epi8(static_cast<char>(kOffset)));
  }
  static WG_INLINE V load(const int8_t* w, int64_t count) {
    return _mm512_maskz_loadu_epi8((uint64_t{1} << count) - 1, w) ^
           _mm512_set1_epi8(static_cast<char>(kOffset));
  }
  static WG_INLINE V load_row(const X* x) { return _mm512_loadu_si512(x); }
  // The level's flags do not have the instruction, which whoever chooses this table has looked for.
  static WG_INLINE V add(V sum, V x, V w) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(w), "v"(x));
    return sum;
  }
  static WG_INLINE void sums(const V* v, int32_t* to) {
    const V a =
        _mm512_add_epi32(_mm512_unpacklo_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[0], v[1]));
    const V b =
        _mm512_add_epi32(_mm512_unpacklo_epi32(v[2], v[3]), _mm512_unpackhi_epi32(v[2], v[3]));
    const V c = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    const __m256i d = _mm256_add_epi32(_mm512_castsi512_si256(c), _mm512_extracti64x4_epi64(c, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_add_epi32(_mm256_castsi256_si128(d), _mm256_extracti128_si256(d, 1)));
  }
};
#endif

#if defined(WG_AVX512) || defined(WG_AVX2)
struct Wide {
  using X = int16_t;
  using V = __m256i;
  static constexpr int kRows = 2, kStep = 16, kHeader = 0;
  static WG_INLINE V zero() { return _mm256_setzero_si256(); }
  static WG_INLINE V load(const int8_t* w) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w)));
  }
  static WG_INLINE V load_row(const X* x) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
  }
  static WG_INLINE V add(V sum, V x, V w) { return _mm256_add_epi32(sum, _mm256_madd_epi16(x, w)); }
  static WG_INLINE void sums(const V* v, int32_t* to) {
    const V a = _mm256_hadd_epi32(v[0], v[1]), b = _mm256_hadd_epi32(v[2], v[3]);
    const V c = _mm256_hadd_epi32(a, b);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                     _mm_add_epi32(_mm256_castsi256_si128(c), _mm256_extracti128_si256(c, 1)));
  }
};
#elif defined(__SSE4_1__)
struct Wide {
  using X = int16_t;
  using V = __m128i;
  static constexpr int kRows = 2, kStep = 8, kHeader = 0;
  static WG_INLINE V zero() { return _mm_setzero_si128(); }
  static WG_INLINE V load(const int8_t* w) {
    return _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w)));
  }
  static WG_INLINE V load_row(const X* x) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x));
  }
  static WG_INLINE V add(V sum, V x, V w) { return _mm_add_epi32(sum, _mm_madd_epi16(x, w)); }
  static WG_INLINE void sums(const V* v, int32_t* to) {
    const V a = _mm_hadd_epi32(v[0], v[1]), b = _mm_hadd_epi32(v[2], v[3]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_hadd_epi32(a, b));
  }
};
#else
struct Wide {
  using X = int16_t;
  using V = int32_t;
  static constexpr int kRows = 2, kStep = 1, kHeader = 0;
  static WG_INLINE V zero() { return 0; }
  static WG_INLINE V load(const int8_t* w) { return *w; }
  static WG_INLINE V load_row(const X* x) { return *x; }
  static WG_INLINE V add(V sum, V x, V w) { return sum + x * w; }
  static WG_INLINE void sums(const V* v, int32_t* to) {
    for (int i = 0; i < kColumns; ++i) to[i] = v[i];
  }
};
#endif

// The last bytes of a row, fewer than a block, and zeros.
template <class S>
WG_INLINE typename S::V load_last(const int8_t* w, int64_t count) {
  if constexpr (S::kHeader != 0) {
    return S::load(w, count);
  } else {
    int8_t block[S::kStep] = {};
    for (int64_t i = 0; i < count; ++i) block[i] = w[i];
    return S::load(block);
  }
}

template <class S>
int64_t row_bytes(int64_t k) {
  return S::kHeader +
         (k + S::kStep - 1) / S::kStep * S::kStep * static_cast<int64_t>(sizeof(typename S::X));
}

template <class T>
struct Bits;
template <>
struct Bits<float> {
  using type = uint32_t;
  static constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: below it stand integers
};
template <>
struct Bits<double> {
  using type = uint64_t;
  static constexpr double kRounder = 6755399441055744.0;
};

template <class T>
WG_INLINE typename Bits<T>::type bits_of(T x) {
  typename Bits<T>::type b;
  __builtin_memcpy(&b, &x, sizeof b);
  return b;
}

template <class S, class T>
void round_row(int64_t k, const void* from, void* to, void* scale) {
  using X = typename S::X;
  using B = typename Bits<T>::type;
  const T* x = static_cast<const T*>(from);
  X* row = reinterpret_cast<X*>(static_cast<char*>(to) + S::kHeader);
  const int64_t padded = (row_bytes<S>(k) - S::kHeader) / static_cast<int64_t>(sizeof(X));
  B largest = 0;  // the order of numbers above 0 is that of their bits; infinity and nan come last
  for (int64_t i = 0; i < k; ++i) {
    const B b = bits_of(x[i]) & (~B{0} >> 1);
    largest = b > largest ? b : largest;
  }
  T a;
  __builtin_memcpy(&a, &largest, sizeof a);
  const bool finite = largest < bits_of(static_cast<T>(__builtin_inf()));
  int64_t done = 0;
  int32_t sum = 0;
  if (finite && a >= static_cast<T>(0x1p-120)) {
    const T factor = 127 / a;
    for (; done < k; ++done) {
      const T rounded = x[done] * factor + Bits<T>::kRounder;
      const auto q = static_cast<int32_t>(bits_of(rounded) - bits_of(Bits<T>::kRounder));
      row[done] = static_cast<X>(q);
      sum += q;
    }
    a /= 127;
  } else {
    a = finite ? 0 : static_cast<T>(__builtin_nan(""));
  }
  for (; done < padded; ++done) row[done] = 0;
  if constexpr (S::kHeader != 0) *static_cast<int32_t*>(to) = sum * S::kOffset;
  *static_cast<T*>(scale) = a;
}

// Some rows of x against kColumns rows of w, of which the last may be the same one.
template <class S, class T, int rows>
WG_OUTLINE void tile(const QuantizedProduct& p, int64_t i, int64_t j, int64_t columns,
                     const int8_t* const* w) {
  using V = typename S::V;
  using X = typename S::X;
  const int64_t bytes = row_bytes<S>(p.k);
  const X* x[rows];
  V sum[rows][kColumns];
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) {
    x[r] = reinterpret_cast<const X*>(static_cast<const char*>(p.x) + (i + r) * bytes + S::kHeader);
#pragma GCC unroll 4
    for (int c = 0; c < kColumns; ++c) sum[r][c] = S::zero();
  }
  const auto add = [&](int64_t at, V a, V b, V c, V d) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int r = 0; r < rows; ++r) {
      const V v = S::load_row(x[r] + at);
      sum[r][0] = S::add(sum[r][0], v, a);
      sum[r][1] = S::add(sum[r][1], v, b);
      sum[r][2] = S::add(sum[r][2], v, c);
      sum[r][3] = S::add(sum[r][3], v, d);
    }
  };
  const int8_t *const w0 = w[0], *const w1 = w[1], *const w2 = w[2], *const w3 = w[3];
  int64_t at = 0;
  for (; at + S::kStep <= p.k; at += S::kStep)
    add(at, S::load(w0 + at), S::load(w1 + at), S::load(w2 + at), S::load(w3 + at));
  if (at < p.k) {
    const int64_t rest = p.k - at;
    add(at, load_last<S>(w0 + at, rest), load_last<S>(w1 + at, rest), load_last<S>(w2 + at, rest),
        load_last<S>(w3 + at, rest));
  }
#pragma GCC unroll 4
  for (int r = 0; r < rows; ++r) {
    int32_t total[kColumns], offset = 0;
    S::sums(sum[r], total);
    if constexpr (S::kHeader != 0)
      __builtin_memcpy(&offset, reinterpret_cast<const char*>(x[r]) - S::kHeader, sizeof offset);
    const T scale = static_cast<const T*>(p.x_scale)[i + r];
    const T* scales = static_cast<const T*>(p.w_scale) + j;
    T* out = static_cast<T*>(p.out) + (i + r) * p.out_row + j;
    for (int64_t c = 0; c < columns; ++c) {
      // Sums may have gone beyond 32 bits on the way, and come back.
      const auto whole =
          static_cast<int32_t>(static_cast<uint32_t>(total[c]) - static_cast<uint32_t>(offset));
      T y = static_cast<T>(whole) * scale * scales[c];
      if (p.bias) y = y + static_cast<const T*>(p.bias)[j + c];
      out[c] = y;
    }
  }
}

template <class S, class T>
void product(const QuantizedProduct& p) {
  for (int64_t j = 0; j < p.n; j += kColumns) {
    const int64_t columns = p.n - j < kColumns ? p.n - j : kColumns;
    const int8_t* w[kColumns];
    for (int64_t c = 0; c < kColumns; ++c) w[c] = p.w + (j + (c < columns ? c : 0)) * p.k;
    int64_t i = 0;
    for (; i + S::kRows <= p.m; i += S::kRows) tile<S, T, S::kRows>(p, i, j, columns, w);
    for (; i < p.m; ++i) tile<S, T, 1>(p, i, j, columns, w);
  }
}

}  // namespace

const QuantizedKernels quantized_table[2] = {
    {row_bytes<Wide>, round_row<Wide, float>, product<Wide, float>},
    {row_bytes<Wide>, round_row<Wide, double>, product<Wide, double>}};
#if defined(WG_AVX512)
const QuantizedKernels quantized_vnni_table[2] = {
    {row_bytes<Vnni>, round_row<Vnni, float>, product<Vnni, float>},
    {row_bytes<Vnni>, round_row<Vnni, double>, product<Vnni, double>}};
#endif

}  // namespace wengert::kernels::WENGERT_LEVEL
