// Normalisation over channels and over rows; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Sums f(o, c) over `outer` for neighbouring channels, in double precision, in the order of o.
template <class F>
WG_INLINE void column_sums(const Channels& s, double* sums, F f) {
  for (int64_t c = 0; c < s.channels; ++c) sums[c] = 0;
  for (int64_t o = 0; o < s.outer; ++o) {
    for (int64_t c = 0; c < s.channels; ++c) sums[c] += f(o * s.stride + c, c);
  }
}

// Runs of a channel that are summed up together.
WG_INLINE int64_t runs_together(const Channels& s) {
  constexpr int64_t kElements = 1024;
  return s.inner > 0 && s.inner < kElements ? kElements / s.inner : 1;
}

// The runs in the order in which they are read: some of the first channel, as many of the next one.
// Calls f(c, element where they begin, runs, elements to what comes next).
template <class F>
WG_INLINE void for_runs(const Channels& s, F f) {
  const int64_t together = runs_together(s);
  const int64_t last = s.channels - 1, back = together * s.stride - last * s.inner;
  for (int64_t o = 0; o < s.outer; o += together) {
    const int64_t runs = s.outer - o < together ? s.outer - o : together;
    for (int64_t c = 0; c < s.channels; ++c)
      f(c, o * s.stride + c * s.inner, runs, c < last ? s.inner : back);
  }
}

// No processor foresees where the next run is: what comes next is fetched.
template <class T>
WG_INLINE Vec<T> load_run(const T* p, int64_t left, int64_t next) {
  __builtin_prefetch(p + next);
  return load_some(p, left);
}

// A sum of vectors in double precision.
template <class T>
struct WideSum {
  Vec<double> low{0.0}, high{0.0};

  WG_INLINE void add(Vec<T> v) {
    if constexpr (sizeof(T) == sizeof(double)) {
      low = low + v;
    } else {
      typedef T Half __attribute__((vector_size(sizeof(v.v) / 2)));
      Half halves[2];
      __builtin_memcpy(halves, &v.v, sizeof(v.v));
      low = low + Vec<double>(__builtin_convertvector(halves[0], Vec<double>::Raw));
      high = high + Vec<double>(__builtin_convertvector(halves[1], Vec<double>::Raw));
    }
  }
  WG_INLINE double total() const { return across_lanes<double, Add>(low + high); }
};

// Sums at(i, left), the elements from i on, over some runs: short ones in double precision, so that
// there is no limit to how many.
template <class T, class F>
WG_INLINE double sum_runs(const Channels& s, int64_t first, int64_t runs, F at) {
  if (runs == 1) {
    return row_reduce<T, Add>(s.inner,
                              [=](int64_t i, int64_t left) { return at(first + i, left); });
  }
  constexpr int64_t kLanes = Vec<T>::kLanes;
  WideSum<T> sum;
  for (; runs > 0; --runs, first += s.stride) {
    int64_t i = first, left = s.inner;
    for (; left >= kLanes; left -= kLanes, i += kLanes) sum.add(at(i, kLanes));
    if (left > 0) sum.add(select(lanes_before<T>(left), at(i, left), Vec<T>(0.0)));
  }
  return sum.total();
}

template <class T>
void moments(const Channels& s, double* mean, double* m2, const void* in) {
  const T* x = static_cast<const T*>(in);
  const double count = static_cast<double>(s.outer) * static_cast<double>(s.inner);
  if (s.inner == 1) {
    column_sums(s, mean, [=](int64_t i, int64_t) { return static_cast<double>(x[i]); });
    for (int64_t c = 0; c < s.channels; ++c) mean[c] /= count;
    column_sums(s, m2, [=](int64_t i, int64_t c) {
      const double d = static_cast<double>(x[i]) - mean[c];
      return d * d;
    });
    return;
  }
  for (int64_t c = 0; c < s.channels; ++c) mean[c] = m2[c] = 0;
  for_runs(s, [=](int64_t c, int64_t first, int64_t runs, int64_t next) {
    mean[c] += sum_runs<T>(s, first, runs,
                           [=](int64_t i, int64_t left) { return load_run(x + i, left, next); });
  });
  for (int64_t c = 0; c < s.channels; ++c) mean[c] /= count;
  for_runs(s, [=](int64_t c, int64_t first, int64_t runs, int64_t next) {
    const Vec<T> center(mean[c]);
    m2[c] += sum_runs<T>(s, first, runs, [=](int64_t i, int64_t left) {
      return square(load_run(x + i, left, next) - center);
    });
  });
  for (int64_t c = 0; c < s.channels; ++c) {
    // What rounding the mean to T has added, if the mean is exact: of equal numbers nothing is
    // left.
    const double off = mean[c] - static_cast<double>(static_cast<T>(mean[c]));
    const double rest = m2[c] - count * off * off;
    m2[c] = rest < 0 ? 0 : rest;
  }
}

// Calls f(c, element) for every run, in the order of memory.
template <class F>
WG_INLINE void for_each_run(const Channels& s, F f) {
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t c = 0; c < s.channels; ++c) f(c, o * s.stride + c * s.inner);
}

template <class T>
void apply(const Channels& s, void* out, const void* in, const double* mean, const double* scale,
           const double* shift) {
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(in);
  if (s.inner == 1) {
    for (int64_t o = 0; o < s.outer; ++o) {
      for (int64_t c = 0; c < s.channels; ++c) {
        const int64_t i = o * s.stride + c;
        y[i] = static_cast<T>((static_cast<double>(x[i]) - mean[c]) * scale[c] + shift[c]);
      }
    }
    return;
  }
  for_each_run(s, [=](int64_t c, int64_t first) {
    const Vec<T> m(mean[c]), a(scale[c]), b(shift[c]);
    T* const r = y + first;
    row_map<T>(s.inner, r, [=](int64_t i, int64_t left) {
      __builtin_prefetch(r + i + s.stride, 1);
      return fma(load_run(x + first + i, left, s.stride) - m, a, b);
    });
  });
}

template <class T>
void gradient_sums(const Channels& s, double* g_sum, double* gx_sum, const void* grad,
                   const void* in, const double* mean) {
  const T* g = static_cast<const T*>(grad);
  const T* x = static_cast<const T*>(in);
  if (s.inner == 1) {
    column_sums(s, g_sum, [=](int64_t i, int64_t) { return static_cast<double>(g[i]); });
    column_sums(s, gx_sum, [=](int64_t i, int64_t c) {
      return static_cast<double>(g[i]) * (static_cast<double>(x[i]) - mean[c]);
    });
    return;
  }
  for (int64_t c = 0; c < s.channels; ++c) g_sum[c] = gx_sum[c] = 0;
  for_runs(s, [=](int64_t c, int64_t first, int64_t runs, int64_t next) {
    const Vec<T> m(mean[c]);
    g_sum[c] += sum_runs<T>(s, first, runs,
                            [=](int64_t i, int64_t left) { return load_run(g + i, left, next); });
    gx_sum[c] += sum_runs<T>(s, first, runs, [=](int64_t i, int64_t left) {
      return load_some(g + i, left) * (load_run(x + i, left, next) - m);
    });
  });
}

template <class T>
void gradient(const Channels& s, void* out, const void* grad, const void* in, const double* mean,
              const double* scale, const double* slope, const double* shift) {
  T* gx = static_cast<T*>(out);
  const T* g = static_cast<const T*>(grad);
  const T* x = static_cast<const T*>(in);
  if (s.inner == 1) {
    for (int64_t o = 0; o < s.outer; ++o) {
      for (int64_t c = 0; c < s.channels; ++c) {
        const int64_t i = o * s.stride + c;
        gx[i] = static_cast<T>(static_cast<double>(g[i]) * scale[c] +
                               (static_cast<double>(x[i]) - mean[c]) * slope[c] + shift[c]);
      }
    }
    return;
  }
  for_each_run(s, [=](int64_t c, int64_t first) {
    const Vec<T> m(mean[c]), a(scale[c]), k(slope[c]), b(shift[c]);
    T* const r = gx + first;
    row_map<T>(s.inner, r, [=](int64_t i, int64_t left) {
      __builtin_prefetch(r + i + s.stride, 1);
      return fma(load_run(g + first + i, left, s.stride), a,
                 fma(load_run(x + first + i, left, s.stride) - m, k, b));
    });
  });
}

template <class T>
void rows_forward(int64_t rows, int64_t n, void* out, void* means, void* rstds, const void* in,
                  const void* weight, const void* bias, double eps) {
  const T* w = static_cast<const T*>(weight);
  const T* b = static_cast<const T*>(bias);
  for (int64_t r = 0; r < rows; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    const T mean = row_reduce<T, Add>(x, n) / static_cast<T>(n);
    const Vec<T> m(mean);
    const T m2 = row_reduce<T, Add>(
        n, [=](int64_t i, int64_t left) { return square(load_some(x + i, left) - m); });
    const double rstd = 1 / __builtin_sqrt(static_cast<double>(m2) / static_cast<double>(n) + eps);
    static_cast<T*>(means)[r] = mean;
    static_cast<T*>(rstds)[r] = static_cast<T>(rstd);
    const Vec<T> s(static_cast<double>(static_cast<T>(rstd)));
    row_map<T>(n, static_cast<T*>(out) + r * n, [=](int64_t i, int64_t left) {
      Vec<T> y = (load_some(x + i, left) - m) * s;
      if (w) y = y * load_some(w + i, left);
      if (b) y = y + load_some(b + i, left);
      return y;
    });
  }
}

template <class T>
void rows_gradient(int64_t rows, int64_t n, void* out, const void* grad, const void* in,
                   const void* means, const void* rstds, const void* weight) {
  const T* w = static_cast<const T*>(weight);
  for (int64_t r = 0; r < rows; ++r) {
    const T* g = static_cast<const T*>(grad) + r * n;
    const T* x = static_cast<const T*>(in) + r * n;
    const Vec<T> m(static_cast<const T*>(means)[r]), s(static_cast<const T*>(rstds)[r]);
    const auto weighted = [=](int64_t i, int64_t left) {
      const Vec<T> v = load_some(g + i, left);
      return w ? v * load_some(w + i, left) : v;
    };
    const T g_mean = row_reduce<T, Add>(n, weighted) / static_cast<T>(n);
    const T gx_mean =
        row_reduce<T, Add>(n,
                           [=](int64_t i, int64_t left) {
                             return weighted(i, left) * ((load_some(x + i, left) - m) * s);
                           }) /
        static_cast<T>(n);
    const Vec<T> a(g_mean), b(gx_mean);
    row_map<T>(n, static_cast<T*>(out) + r * n, [=](int64_t i, int64_t left) {
      return s * (weighted(i, left) - a - (load_some(x + i, left) - m) * s * b);
    });
  }
}

template <class T>
void rows_weight_gradient(int64_t rows, int64_t n, void* weight, void* bias, const void* grad,
                          const void* in, const void* means, const void* rstds) {
  T* gw = static_cast<T*>(weight);
  T* gb = static_cast<T*>(bias);
  for (int64_t r = 0; r < rows; ++r) {
    const T* g = static_cast<const T*>(grad) + r * n;
    const T* x = static_cast<const T*>(in) + r * n;
    const T m = static_cast<const T*>(means)[r], s = static_cast<const T*>(rstds)[r];
    for (int64_t i = 0; i < n; ++i) {
      gw[i] += g[i] * ((x[i] - m) * s);
      gb[i] += g[i];
    }
  }
}

}  // namespace

#define WG_NORMALIZE(T)                                                    \
  {moments<T>,      apply<T>,         gradient_sums<T>,       gradient<T>, \
   rows_forward<T>, rows_gradient<T>, rows_weight_gradient<T>}
const NormalizeKernels normalize_table[2] = {WG_NORMALIZE(float), WG_NORMALIZE(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
