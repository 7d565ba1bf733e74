// Lines in memory to and from two arrays of real and imaginary parts.
#pragma once

#include "fft_stages.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// `count` numbers on each of some lines: number j of a line has its real part at j step and, if
// complex, its imaginary part `im` further. Lines are `beside` apart, if not 0; otherwise `at` says
// where each begins.
struct Access {
  bool complex;
  int64_t count, step, im;
  int lines;
  int64_t beside;
  const int64_t* at;
};

// n complex numbers side by side in memory.
template <class T>
WG_INLINE void split(int64_t n, const T* in, Planes<T> x) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Vec<T> a = load(in + 2 * i), b = load(in + 2 * i + kLanes);
    put(x, i, Pair<Vec<T>>{every_second<0>(a, b), every_second<1>(a, b)});
  }
  for (; i < n; ++i) put(x, i, Pair<T>{in[2 * i], in[2 * i + 1]});
}
template <class T>
WG_INLINE void join_at(T* out, Pair<Vec<T>> v) {
  store(out, interleave<0>(v.re, v.im));
  store(out + Vec<T>::kLanes, interleave<1>(v.re, v.im));
}
template <class T>
WG_INLINE void join_at(T* out, Pair<T> v) {
  out[0] = v.re;
  out[1] = v.im;
}
template <class T>
WG_INLINE void join(int64_t n, T* out, Planes<T> x, T scale) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Pair<Vec<T>> v = get<Vec<T>>(x, i);
    join_at(out + 2 * i, Pair<Vec<T>>{v.re * scale, v.im * scale});
  }
  for (; i < n; ++i) join_at(out + 2 * i, Pair<T>{x.re[i] * scale, x.im[i] * scale});
}

// kLanes lines of complex numbers side by side, kLanes numbers of each at a time; the number of
// elements done.
template <class T>
WG_OUTLINE int64_t read_blocks(const Access& a, const T* in, Planes<T> x) {
  constexpr int kLanes = Vec<T>::kLanes;
  int64_t j = 0;
  for (; j + kLanes <= a.count; j += kLanes) {
    for (int half = 0; half < 2; ++half) {
      Vec<T> v[kLanes];
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; ++l) v[l] = load(in + a.at[l] + 2 * j + half * kLanes);
      transpose(v);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        store((i % 2 ? x.im : x.re) + (j + (half * kLanes + i) / 2) * kLanes, v[i]);
      }
    }
  }
  return j;
}
template <class T>
WG_OUTLINE int64_t write_blocks(const Access& a, T* out, Planes<T> x, T scale) {
  constexpr int kLanes = Vec<T>::kLanes;
  int64_t j = 0;
  for (; j + kLanes <= a.count; j += kLanes) {
    for (int half = 0; half < 2; ++half) {
      Vec<T> v[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        v[i] = load((i % 2 ? x.im : x.re) + (j + (half * kLanes + i) / 2) * kLanes) * scale;
      }
      transpose(v);
#pragma GCC unroll 16
      for (int l = 0; l < kLanes; ++l) store(out + a.at[l] + 2 * j + half * kLanes, v[l]);
    }
  }
  return j;
}

// x[j][line] = number j of the line.
template <class T>
void read(const Access& a, const T* in, Planes<T> x) {
  const int w = a.lines;
  int64_t j = 0;
  if (w == 1 && a.step == 2 && a.im == 1 && a.complex) return split(a.count, in + a.at[0], x);
  if (a.beside == 2 && a.im == 1 && a.complex) {
    for (; j < a.count; ++j)
      split(w, in + a.at[0] + j * a.step, Planes<T>{x.re + j * w, x.im + j * w});
    return;
  }
  if (a.beside) {
    for (; j < a.count; ++j) {
      const T* from = in + a.at[0] + j * a.step;
      for (int l = 0; l < w; ++l) {
        put(x, j * w + l,
            Pair<T>{from[l * a.beside], a.complex ? from[l * a.beside + a.im] : T(0)});
      }
    }
    return;
  }
  if (w == Vec<T>::kLanes && a.step == 2 && a.im == 1 && a.complex) j = read_blocks(a, in, x);
  for (int l = 0; l < w; ++l) {
    const T* from = in + a.at[l];
    for (int64_t i = j; i < a.count; ++i) {
      x.re[i * w + l] = from[i * a.step];
      x.im[i * w + l] = a.complex ? from[i * a.step + a.im] : T(0);
    }
  }
}
template <class T>
void write(const Access& a, T* out, Planes<T> x, T scale) {
  const int w = a.lines;
  int64_t j = 0;
  if (w == 1 && a.step == 2 && a.im == 1 && a.complex)
    return join(a.count, out + a.at[0], x, scale);
  if (a.beside == 2 && a.im == 1 && a.complex) {
    for (; j < a.count; ++j) {
      join(w, out + a.at[0] + j * a.step, Planes<T>{x.re + j * w, x.im + j * w}, scale);
    }
    return;
  }
  if (a.beside) {
    for (; j < a.count; ++j) {
      T* to = out + a.at[0] + j * a.step;
      for (int l = 0; l < w; ++l) {
        to[l * a.beside] = x.re[j * w + l] * scale;
        if (a.complex) to[l * a.beside + a.im] = x.im[j * w + l] * scale;
      }
    }
    return;
  }
  if (w == Vec<T>::kLanes && a.step == 2 && a.im == 1 && a.complex)
    j = write_blocks(a, out, x, scale);
  for (int l = 0; l < w; ++l) {
    T* to = out + a.at[l];
    for (int64_t i = j; i < a.count; ++i) {
      to[i * a.step] = x.re[i * w + l] * scale;
      if (a.complex) to[i * a.step + a.im] = x.im[i * w + l] * scale;
    }
  }
}

}  // namespace
}  // namespace wengert::kernels::WENGERT_LEVEL
