// Distances between rows; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// The p-norm of a - b, of n elements.
template <class T>
WG_OUTLINE T distance(int64_t n, double p, const T* a, const T* b) {
  const auto reduce = [=]<class Op>(Op, auto f) {
    return row_reduce<T, Op>(n, [=](int64_t i, int64_t left) {
      return f(abs(load_some(a + i, left) - load_some(b + i, left)));
    });
  };
  if (p == 2) return sqrt(Vec<T>(reduce(Add{}, [](Vec<T> d) { return d * d; }))).v[0];
  if (p == 1) return reduce(Add{}, [](Vec<T> d) { return d; });
  if (p == 0) {
    return reduce(Add{}, [](Vec<T> d) { return select(d == Vec<T>(0), Vec<T>(0), Vec<T>(1)); });
  }
  if (__builtin_isinf(p)) return n ? reduce(Larger{}, [](Vec<T> d) { return d; }) : T(0);
  double total = 0;
  for (int64_t i = 0; i < n; ++i) {
    total += __builtin_pow(__builtin_fabs(static_cast<double>(a[i] - b[i])), p);
  }
  return static_cast<T>(__builtin_pow(total, 1 / p));
}

template <class T>
void distances(int64_t rows, int64_t n, double p, void* out, const void* a, const void* b) {
  for (int64_t r = 0; r < rows; ++r) {
    static_cast<T*>(out)[r] =
        distance(n, p, static_cast<const T*>(a), static_cast<const T*>(b) + r * n);
  }
}

// ga[i] += f(a[i] - b[i]) for n elements.
template <class T, class F>
WG_INLINE void add_each(int64_t n, T* ga, const T* a, const T* b, F f) {
  row_map<T>(n, ga, [=](int64_t i, int64_t left) {
    return load_some(ga + i, left) + f(load_some(a + i, left) - load_some(b + i, left));
  });
}

template <class T>
void gradient(int64_t rows, int64_t n, double p, void* out, const void* in, const void* others,
              const void* distance, const void* g, int64_t step) {
  T* ga = static_cast<T*>(out);
  const T* a = static_cast<const T*>(in);
  for (int64_t i = 0; i < n; ++i) ga[i] = 0;
  if (p == 0) return;
  for (int64_t r = 0; r < rows; ++r) {
    const T* b = static_cast<const T*>(others) + r * n;
    const T d = static_cast<const T*>(distance)[r * step];
    const T factor = static_cast<const T*>(g)[r * step];
    const Vec<T> zero(0), f(factor), size(d);
    if (p == 1) {
      add_each(n, ga, a, b,
               [=](Vec<T> x) { return select(x == zero, zero, copysign(Vec<T>(1), x) * f); });
    } else if (d == 0) {
      continue;
    } else if (p == 2) {
      const Vec<T> scale(factor / d);
      add_each(n, ga, a, b, [=](Vec<T> x) { return x * scale; });
    } else if (__builtin_isinf(p)) {
      add_each(n, ga, a, b,
               [=](Vec<T> x) { return select(abs(x) == size, copysign(Vec<T>(1), x) * f, zero); });
    } else {
      const double scale =
          static_cast<double>(factor) / __builtin_pow(static_cast<double>(d), p - 1);
      for (int64_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(a[i] - b[i]);
        if (x == 0) continue;
        const double part = __builtin_pow(__builtin_fabs(x), p - 1) * scale;
        ga[i] += static_cast<T>(x < 0 ? -part : part);
      }
    }
  }
}

}  // namespace

const DistanceKernels distance_table[2] = {{distances<float>, gradient<float>},
                                           {distances<double>, gradient<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
