// Fourier transforms of lines; compiled once per ISA level.
#include "fft_access.h"
#include "kernels/levels.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Several lines go through the stages side by side while they fit in this much of the cache.
constexpr int64_t kCacheBytes = 1 << 20;

// Numbers of one array with room for n; the odd number of cache lines keeps real and imaginary
// parts in different sets of the cache.
template <class T>
int64_t plane_size(int64_t n) {
  constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));
  return ((n + kLine - 1) / kLine | 1) * kLine;
}

bool from_real(const FftLines& l) {
  return l.kind == FftKind::real_to_half || l.kind == FftKind::real_to_whole;
}
bool to_real(const FftLines& l) { return l.kind == FftKind::half_to_real; }

// How many lines at most are transformed side by side.
template <class T>
int64_t lines_at_once(const FftPlan& p, const FftLines& l) {
  if (p.convolution) return 1;
  const bool dense = l.in_step == (from_real(l) ? 1 : 2) && l.out_step == (to_real(l) ? 1 : 2);
  int64_t w = Vec<T>::kLanes;
  while (w > 1 && w * p.length * 4 * static_cast<int64_t>(sizeof(T)) > kCacheBytes) w /= 2;
  return ends_in_lanes<T>(p) && (dense || w < 4) ? 1 : w;
}

// Complex numbers of each line in a pair of planes.
int64_t numbers_of(const FftPlan& p, const FftLines& l) {
  return l.kind == FftKind::real_to_whole && p.halves ? 2 * p.length : p.length + 1;
}

template <class T>
size_t scratch(const FftPlan& p, const FftLines& l) {
  const int64_t main = plane_size<T>(numbers_of(p, l) * lines_at_once<T>(p, l));
  const int64_t more = p.convolution ? plane_size<T>(p.convolution->length) : 0;
  return static_cast<size_t>(4 * (main + more)) * sizeof(T);
}

template <class T>
Planes<T> take_planes(T*& memory, int64_t n) {
  const int64_t size = plane_size<T>(n);
  const Planes<T> p{memory, memory + size};
  memory += 2 * size;
  return p;
}

// y = x times a table of complex numbers, or its conjugate.
template <bool conjugate, class T>
void multiply(int64_t n, Planes<T> y, Planes<T> x, const void* table) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* const re = const_cast<T*>(static_cast<const T*>(table));
  const Planes<T> w{re, re + n};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Pair<Vec<T>> a = get<Vec<T>>(w, i);
    if (conjugate) a.im = -a.im;
    put(y, i, get<Vec<T>>(x, i) * a);
  }
  for (; i < n; ++i) {
    Pair<T> a = get<T>(w, i);
    if (conjugate) a.im = -a.im;
    put(y, i, get<T>(x, i) * a);
  }
}

// The transform of one line by a circular convolution with exp(+i pi k^2 / n).
template <class T>
void convolve(const FftPlan& p, Planes<T>& x, Planes<T>& y, T* memory) {
  const FftPlan& longer = *p.convolution;
  const int64_t n = p.length, m = longer.length;
  Planes<T> a = take_planes<T>(memory, m), b = take_planes<T>(memory, m);
  multiply<false>(n, a, x, p.chirp);
  for (int64_t i = n; i < m; ++i) put(a, i, Pair<T>{0, 0});
  run(longer, 1, a, b);
  multiply<false>(m, b, a, p.filter);
  a = a.swapped();
  b = b.swapped();
  run(longer, 1, b, a);
  multiply<false>(n, y, b.swapped(), p.chirp);
  const Planes<T> result = y;
  y = x;
  x = result;
}

// s + u d or s + conj(u) d, where s and d are a's sum and difference with b's conjugate.
template <bool backward, class V>
WG_INLINE Pair<V> combine(Pair<V> a, Pair<V> b, Pair<V> u) {
  b.im = -b.im;
  if (backward) u.im = -u.im;
  return (a + b) + u * (a - b);
}

// Between the transform z of h complex numbers, pairs of neighbours of a real line, and twice the
// first h + 1 terms of the line's spectrum. x holds h + 1 numbers of each line.
template <bool backward, class T>
WG_OUTLINE void combine_halves(const FftPlan& p, int64_t lines, Planes<T> x, Planes<T> y) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  const int64_t h = p.length, terms = backward ? h : h + 1;
  const T *ure = static_cast<const T*>(p.halves), *uim = ure + h + 1;
  int64_t k = 0;
  if (lines == 1) {
    for (; k + kLanes <= h; k += kLanes) {
      Pair<Vec<T>> b = get<Vec<T>>(x, h - k - kLanes + 1);
      b = {reversed(b.re), reversed(b.im)};
      const Pair<Vec<T>> u{load(ure + k), load(uim + k)};
      put(y, k, combine<backward>(get<Vec<T>>(x, k), b, u));
    }
  }
  for (; k < terms; ++k) {
    int64_t i = 0;
    for (; i + kLanes <= lines; i += kLanes) {
      const Pair<Vec<T>> u{Vec<T>(ure[k]), Vec<T>(uim[k])};
      put(y, k * lines + i,
          combine<backward>(get<Vec<T>>(x, k * lines + i), get<Vec<T>>(x, (h - k) * lines + i), u));
    }
    for (; i < lines; ++i) {
      put(y, k * lines + i,
          combine<backward>(get<T>(x, k * lines + i), get<T>(x, (h - k) * lines + i),
                            Pair<T>{ure[k], uim[k]}));
    }
  }
}

template <class T>
void negate(int64_t n, T* x) {
  for (int64_t i = 0; i < n; ++i) x[i] = -x[i];
}

template <class T>
void transform_planes(const FftPlan& p, int64_t lines, Planes<T>& x, Planes<T>& y, T* memory) {
  p.convolution ? convolve(p, x, y, memory) : run(p, lines, x, y);
}

// Lines of complex numbers, and real lines of odd length, which are treated as such.
template <class T>
void whole_lines(const FftPlan& p, const FftLines& l, Access in, Access out, T* memory) {
  const int64_t n = p.length, w = in.lines, terms = n / 2 + 1;
  Planes<T> x = take_planes<T>(memory, (n + 1) * w), y = take_planes<T>(memory, (n + 1) * w);
  // Real results come from the inverse transform, those of real numbers from the forward one; the
  // other of each is that of the conjugate.
  const bool inverse = from_real(l) ? false : l.inverse || to_real(l);
  const T scale = static_cast<T>(l.scale);
  T* const result = static_cast<T*>(l.out);
  in.count = to_real(l) ? terms : n;
  in.complex = !from_real(l);
  read(in, static_cast<const T*>(l.in), inverse ? x.swapped() : x);
  if (to_real(l)) {  // x is swapped: re holds imaginary parts
    if (!l.inverse) negate(terms * w, x.re);
    for (int64_t i = 0; i < w; ++i) {
      x.re[i] = 0;
      x.im[i] *= static_cast<T>(l.edge);
    }
    for (int64_t k = 1; k < terms; ++k) {
      for (int64_t i = 0; i < w; ++i) {
        put(x, (n - k) * w + i, Pair<T>{-x.re[k * w + i], x.im[k * w + i]});
      }
    }
  }
  if (!p.convolution && w == 1 && ends_in_lanes<T>(p) && out.step == 2 && out.im == 1 &&
      l.kind == FftKind::complex) {
    // The last stage writes to where the result goes.
    run_stages(p, 1, 1, x, y);
    T* const to = result + out.at[0];
    const auto finish = [&](auto last) { last_stage(p.stages[p.n_stages - 1], x, last); };
    if (inverse) {
      finish([=](int64_t at, auto v) __attribute__((always_inline)) {
        join_at(to + 2 * at, decltype(v){v.im * scale, v.re * scale});
      });
    } else {
      finish([=](int64_t at, auto v) __attribute__((always_inline)) {
        join_at(to + 2 * at, decltype(v){v.re * scale, v.im * scale});
      });
    }
    return;
  }
  transform_planes(p, w, x, y, memory);
  if (from_real(l)) {
    for (int64_t i = 0; i < w; ++i) x.re[i] *= static_cast<T>(l.edge);
    if (l.inverse) negate(n * w, x.im);
  }
  out.count = l.kind == FftKind::real_to_half ? terms : n;
  out.complex = !to_real(l);
  write(out, result, inverse ? x.swapped() : x, scale);
}

// Real lines of even length: neighbours are the parts of one complex number.
template <class T>
void half_lines(const FftPlan& p, const FftLines& l, Access in, Access out, T* memory) {
  const int64_t h = p.length, w = in.lines;
  const int64_t size = numbers_of(p, l) * w;
  Planes<T> x = take_planes<T>(memory, size), y = take_planes<T>(memory, size);
  const T* const from = static_cast<const T*>(l.in);
  T* const to = static_cast<T*>(l.out);
  const T edge = static_cast<T>(l.edge);
  if (from_real(l)) {
    in = {true, h, 2 * in.step, in.step, in.lines, in.beside, in.at};
    read(in, from, x);
    transform_planes(p, w, x, y, memory);
    for (int64_t i = 0; i < w; ++i) put(x, h * w + i, get<T>(x, i));
    combine_halves<false>(p, w, x, y);
    for (const int64_t k : {int64_t{0}, h}) {
      for (int64_t i = k * w; i < (k + 1) * w; ++i) y.re[i] *= edge;
    }
    out.count = h + 1;
    if (l.kind == FftKind::real_to_whole) {
      out.count = 2 * h;
      for (int64_t k = 1; k < h; ++k) {
        for (int64_t i = 0; i < w; ++i) {
          const Pair<T> mirrored = get<T>(y, k * w + i);
          put(y, (2 * h - k) * w + i, Pair<T>{mirrored.re, -mirrored.im});
        }
      }
    }
    if (l.inverse) negate(out.count * w, y.im);
    write(out, to, y, static_cast<T>(l.scale / 2));
  } else {
    in.count = h + 1;
    read(in, from, x);
    if (!l.inverse) negate(in.count * w, x.im);
    for (const int64_t k : {int64_t{0}, h}) {
      for (int64_t i = k * w; i < (k + 1) * w; ++i) put(x, i, Pair<T>{x.re[i] * edge, 0});
    }
    combine_halves<true>(p, w, x, y);
    Planes<T> a = y.swapped(), b = x.swapped();
    transform_planes(p, w, a, b, memory);
    out = {true, h, 2 * out.step, out.step, out.lines, out.beside, out.at};
    write(out, to, a.swapped(), static_cast<T>(l.scale));
  }
}

// Where line `i` begins in input and output.
void place_of(const FftLines& l, int64_t i, int64_t& in, int64_t& out) {
  in = out = 0;
  for (int d = 0; d < l.ndim; ++d) {
    const int64_t at = i % l.size[d];
    i /= l.size[d];
    in += at * l.in_stride[d];
    out += at * l.out_stride[d];
  }
}

template <class T>
void lines(const FftPlan& p, const FftLines& l, int64_t begin, int64_t end, void* scratch) {
  constexpr int kLanes = Vec<T>::kLanes;
  const int64_t most = lines_at_once<T>(p, l);
  // Lines that lie beside each other in memory are not mixed with others.
  const bool beside = l.ndim > 0 && l.in_stride[0] == (from_real(l) ? 1 : 2);
  for (int64_t i = begin; i < end;) {
    int64_t w = end - i < most ? end - i : most;
    if (beside && w > l.size[0] - i % l.size[0]) w = l.size[0] - i % l.size[0];
    int64_t in_at[kLanes], out_at[kLanes];
    for (int64_t k = 0; k < w; ++k) place_of(l, i + k, in_at[k], out_at[k]);
    const auto apart = [&](const int64_t* stride) -> int64_t {
      const bool row = w > 1 && l.size[0] - i % l.size[0] >= w;
      return row && (stride[0] == 1 || stride[0] == 2) ? stride[0] : 0;
    };
    const int count = static_cast<int>(w);
    const Access in{true, 0, l.in_step, 1, count, apart(l.in_stride), in_at};
    const Access out{true, 0, l.out_step, 1, count, apart(l.out_stride), out_at};
    T* const memory = static_cast<T*>(scratch);
    p.halves ? half_lines<T>(p, l, in, out, memory) : whole_lines<T>(p, l, in, out, memory);
    i += w;
  }
}

}  // namespace

const FftKernels fft_table[2] = {{Vec<float>::kLanes, scratch<float>, lines<float>},
                                 {Vec<double>::kLanes, scratch<double>, lines<double>}};

}  // namespace wengert::kernels::WENGERT_LEVEL
