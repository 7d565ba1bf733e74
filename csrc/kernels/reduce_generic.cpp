// Reductions whose result does not depend on the order: integers, any, all, positions of extremes;
// and running sums and products, whose order is given.
#include <stdint.h>

#include "levels.h"

namespace wengert::kernels::generic {
namespace {

template <class T>
struct Wrapping {
  using type = uint64_t;
};
template <>
struct Wrapping<float> {
  using type = double;
};
template <>
struct Wrapping<double> {
  using type = double;
};
// Sums and products of integers wrap; running ones of float32 are kept in float64.
template <class T>
using Wide = typename Wrapping<T>::type;

struct Sum {
  template <class A>
  static A start() {
    return 0;
  }
  template <class A>
  static A combine(A a, A x) {
    return a + x;
  }
};
struct Product {
  template <class A>
  static A start() {
    return 1;
  }
  template <class A>
  static A combine(A a, A x) {
    return a * x;
  }
};
struct Largest {
  template <class A>
  static A combine(A a, A x) {
    return x > a ? x : a;
  }
};
struct Smallest {
  template <class A>
  static A combine(A a, A x) {
    return x < a ? x : a;
  }
};

constexpr int64_t kTile = 512;

// Accumulates in A over k, a tile of columns at a time; Out is what is written.
template <class T, class A, class Out, class Op>
void accumulate(int64_t outer, int64_t n, int64_t inner, void* out, const void* x) {
  Out* to = static_cast<Out*>(out);
  const T* from = static_cast<const T*>(x);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    if (inner == 1) {
      A a = Op::template start<A>();
      for (int64_t k = 0; k < n; ++k) a = Op::combine(a, static_cast<A>(from[k]));
      *to = static_cast<Out>(a);
      continue;
    }
    for (int64_t first = 0; first < inner; first += kTile) {
      const int64_t width = inner - first < kTile ? inner - first : kTile;
      A acc[kTile];
      for (int64_t i = 0; i < width; ++i) acc[i] = Op::template start<A>();
      for (int64_t k = 0; k < n; ++k) {
        const T* row = from + k * inner + first;
        for (int64_t i = 0; i < width; ++i) acc[i] = Op::combine(acc[i], static_cast<A>(row[i]));
      }
      for (int64_t i = 0; i < width; ++i) to[first + i] = static_cast<Out>(acc[i]);
    }
  }
}
template <class T, class Op>
void extreme(int64_t outer, int64_t n, int64_t inner, void* out, const void* x) {
  T* to = static_cast<T*>(out);
  const T* from = static_cast<const T*>(x);
  if (n == 0) return;
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    if (inner == 1) {
      T a = from[0];
      for (int64_t k = 1; k < n; ++k) a = Op::combine(a, from[k]);
      *to = a;
      continue;
    }
    for (int64_t i = 0; i < inner; ++i) to[i] = from[i];
    for (int64_t k = 1; k < n; ++k) {
      for (int64_t i = 0; i < inner; ++i) to[i] = Op::combine(to[i], from[k * inner + i]);
    }
  }
}

// Whether some element is nonzero, or every one is.
template <class T, bool every>
void test(int64_t outer, int64_t n, int64_t inner, void* out, const void* x) {
  uint8_t* to = static_cast<uint8_t*>(out);
  const T* from = static_cast<const T*>(x);
  constexpr int64_t kRun = 256;
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += inner) {
    for (int64_t i = 0; i < inner; ++i) to[i] = every;
    if (inner == 1) {
      bool found = false;
      for (int64_t k = 0; k < n && !found; k += kRun) {
        const int64_t end = n - k < kRun ? n : k + kRun;
        for (int64_t j = k; j < end; ++j) found |= (from[j] != 0) != every;
      }
      *to = found != every;
      continue;
    }
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t i = 0; i < inner; ++i) {
        const uint8_t set = from[k * inner + i] != 0;
        to[i] = every ? to[i] & set : to[i] | set;
      }
    }
  }
}

template <class T, bool maximum>
bool beats(T x, T best) {
  return (maximum ? x > best : x < best) || (x != x && best == best);
}
template <class T, bool maximum>
void position(int64_t outer, int64_t n, int64_t inner, int64_t* index, const void* x) {
  const T* from = static_cast<const T*>(x);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, index += inner) {
    for (int64_t first = 0; first < inner; first += kTile) {
      const int64_t width = inner - first < kTile ? inner - first : kTile;
      T best[kTile];
      int64_t where[kTile];
      for (int64_t i = 0; i < width; ++i) {
        best[i] = n > 0 ? from[first + i] : T(0);
        where[i] = 0;
      }
      for (int64_t k = 1; k < n; ++k) {
        const T* row = from + k * inner + first;
        for (int64_t i = 0; i < width; ++i) {
          if (beats<T, maximum>(row[i], best[i])) {
            best[i] = row[i];
            where[i] = k;
          }
        }
      }
      for (int64_t i = 0; i < width; ++i) index[first + i] = where[i];
    }
  }
}

template <class T, class A, class Out, class Op>
void running(int64_t outer, int64_t n, int64_t inner, void* out, const void* x) {
  Out* to = static_cast<Out*>(out);
  const T* from = static_cast<const T*>(x);
  for (int64_t o = 0; o < outer; ++o, from += n * inner, to += n * inner) {
    if (inner == 1) {
      A a = Op::template start<A>();
      for (int64_t k = 0; k < n; ++k) {
        a = Op::combine(a, static_cast<A>(from[k]));
        to[k] = static_cast<Out>(a);
      }
      continue;
    }
    for (int64_t first = 0; first < inner; first += kTile) {
      const int64_t width = inner - first < kTile ? inner - first : kTile;
      A acc[kTile];
      for (int64_t i = 0; i < width; ++i) acc[i] = Op::template start<A>();
      for (int64_t k = 0; k < n; ++k) {
        const int64_t row = k * inner + first;
        for (int64_t i = 0; i < width; ++i) {
          acc[i] = Op::combine(acc[i], static_cast<A>(from[row + i]));
          to[row + i] = static_cast<Out>(acc[i]);
        }
      }
    }
  }
}

template <class T, class Op>
struct Running {
  static constexpr ReduceFn fn = running<T, Wide<T>, int64_t, Op>;
};
template <class Op>
struct Running<float, Op> {
  static constexpr ReduceFn fn = running<float, double, float, Op>;
};
template <class Op>
struct Running<double, Op> {
  static constexpr ReduceFn fn = running<double, double, double, Op>;
};

}  // namespace

#define WG_INTEGERS(f) f(uint8_t), f(uint8_t), f(int8_t), f(int16_t), f(int32_t), f(int64_t)
#define WG_REALS(f) {WG_INTEGERS(f), nullptr, nullptr, f(float), f(double)}

#define WG_SUM(T) accumulate<T, Wide<T>, int64_t, Sum>
#define WG_PRODUCT(T) accumulate<T, Wide<T>, int64_t, Product>
#define WG_LARGEST(T) extreme<T, Largest>
#define WG_SMALLEST(T) extreme<T, Smallest>
#define WG_ANY(T) test<T, false>
#define WG_ALL(T) test<T, true>
// In the order of Reduce; sums to extremes of floats stand in the tables of the ISA levels.
const ReduceFn reduce_table[static_cast<int>(Reduce::count)][kDTypeCount] = {
    {WG_INTEGERS(WG_SUM)},      {WG_INTEGERS(WG_PRODUCT)}, {WG_INTEGERS(WG_LARGEST)},
    {WG_INTEGERS(WG_SMALLEST)}, WG_REALS(WG_ANY),          WG_REALS(WG_ALL)};

#define WG_ARGMIN(T) position<T, false>
#define WG_ARGMAX(T) position<T, true>
const ArgReduceFn argreduce_table[2][kDTypeCount] = {WG_REALS(WG_ARGMIN), WG_REALS(WG_ARGMAX)};

#define WG_RUNNING_SUM(T) Running<T, Sum>::fn
#define WG_RUNNING_PRODUCT(T) Running<T, Product>::fn
const ReduceFn scan_table[static_cast<int>(Scan::count)][kDTypeCount] = {
    WG_REALS(WG_RUNNING_SUM), WG_REALS(WG_RUNNING_PRODUCT)};

}  // namespace wengert::kernels::generic
