// Steps of optimizers; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/over_root.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Calls f(i, get, put) for each vector of n elements, where get(p) loads and put(p, x) stores
// elements i, i + 1, ... of an array; what lies behind the end is neither read nor written.
template <class T, class F>
WG_INLINE void for_vectors(int64_t n, F f) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    f([i](const T* p) { return load(p + i); }, [i](T* p, Vec<T> x) { store(p + i, x); });
  }
  if (i < n) {
    const int left = static_cast<int>(n - i);
    f([=](const T* p) { return load(p + i, left); },
      [=](T* p, Vec<T> x) { store(p + i, x, left); });
  }
}

template <class T>
WG_INLINE Vec<T> decayed(Vec<T> gradient, Vec<T> p, double sign, double weight_decay) {
  const Vec<T> g = gradient * Vec<T>(sign);
  return weight_decay != 0 ? fma(Vec<T>(weight_decay), p, g) : g;
}

// mean + weight (x - mean), exact at both ends.
template <class T>
WG_INLINE Vec<T> moved(Vec<T> mean, Vec<T> x, double decay) {
  const Vec<T> way = x - mean;
  return decay > 0.5 ? fma(Vec<T>(1 - decay), way, mean) : fma(Vec<T>(-decay), way, x);
}

template <class T>
void sgd(int64_t n, const SgdStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  const SgdStep step = s;
  const Vec<T> down(-step.rate), momentum(step.momentum), keep(step.keep);
  if (step.momentum == 0) {
    for_vectors<T>(n, [=](auto get, auto put) {
      const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
      put(p, fma(down, g, x));
    });
    return;
  }
  T* const buffer = static_cast<T*>(arrays[2]);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> b = fma(momentum, get(buffer), keep * g);
    put(buffer, b);
    put(p, fma(down, step.nesterov ? fma(momentum, b, g) : b, x));
  });
}

// Of a plain step, sign and shrink are 1 and there is nothing else: all that takes time are the
// multiply-adds.
template <class T, bool Plain>
WG_INLINE void adam_loop(int64_t n, const AdamStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const mean = static_cast<T*>(arrays[2]);
  T* const square = static_cast<T*>(arrays[3]);
  T* const largest = static_cast<T*>(arrays[4]);
  const AdamStep step = s;
  const Vec<T> rate(step.rate), beta2(step.beta2), rest2(1 - step.beta2), scale(step.root_scale),
      eps(step.eps), shrink(step.shrink);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), given = get(gradient);
    const Vec<T> g = Plain ? given : decayed(given, x, step.sign, step.weight_decay);
    const Vec<T> m = moved(get(mean), g, step.beta1);
    Vec<T> v = fma(rest2 * g, g, beta2 * get(square));
    put(mean, m);
    put(square, v);
    if (!Plain && step.amsgrad) {
      v = maximum(get(largest), v);
      put(largest, v);
    }
    put(p, (Plain ? x : x * shrink) - over_root(rate * m, v, scale, eps));
  });
}

template <class T>
void adam(int64_t n, const AdamStep& s, void* const* arrays) {
  const bool plain = s.sign == 1 && s.shrink == 1 && s.weight_decay == 0 && !s.amsgrad;
  plain ? adam_loop<T, true>(n, s, arrays) : adam_loop<T, false>(n, s, arrays);
}

template <class T>
void rmsprop(int64_t n, const RmspropStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const square = static_cast<T*>(arrays[2]);
  T* const buffer = static_cast<T*>(arrays[3]);
  const RmspropStep step = s;
  T* const mean = static_cast<T*>(arrays[step.momentum > 0 ? 4 : 3]);
  const Vec<T> down(-step.rate), alpha(step.alpha), rest(1 - step.alpha), eps(step.eps),
      momentum(step.momentum);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    Vec<T> v = fma(rest * g, g, alpha * get(square));
    put(square, v);
    if (step.centered) {
      const Vec<T> m = moved(get(mean), g, step.alpha);
      put(mean, m);
      v = fma(-m, m, v);
    }
    Vec<T> d = over_root(g, v, Vec<T>(1), eps);
    if (step.momentum > 0) {
      d = fma(momentum, get(buffer), d);
      put(buffer, d);
    }
    put(p, fma(down, d, x));
  });
}

template <class T>
void adagrad(int64_t n, const AdagradStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const sum = static_cast<T*>(arrays[2]);
  const AdagradStep step = s;
  const Vec<T> down(-step.rate), eps(step.eps);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> v = fma(g, g, get(sum));
    put(sum, v);
    put(p, fma(down, over_root(g, v, Vec<T>(1), eps), x));
  });
}

template <class T>
void adadelta(int64_t n, const AdadeltaStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const square = static_cast<T*>(arrays[2]);
  T* const change = static_cast<T*>(arrays[3]);
  const AdadeltaStep step = s;
  const Vec<T> down(-step.rate), rho(step.rho), rest(1 - step.rho), eps(step.eps);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> v = fma(rest * g, g, rho * get(square)), u = get(change);
    const Vec<T> d = sqrt(u + eps) / sqrt(v + eps) * g;
    put(square, v);
    put(change, fma(rest * d, d, rho * u));
    put(p, fma(down, d, x));
  });
}

template <class T>
void adamax(int64_t n, const AdamaxStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const mean = static_cast<T*>(arrays[2]);
  T* const largest = static_cast<T*>(arrays[3]);
  const AdamaxStep step = s;
  const Vec<T> down(-step.rate), beta2(step.beta2), eps(step.eps);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> m = moved(get(mean), g, step.beta1);
    const Vec<T> u = maximum(beta2 * get(largest), abs(g) + eps);
    put(mean, m);
    put(largest, u);
    put(p, fma(down, m / u, x));
  });
}

template <class T>
void nadam(int64_t n, const NadamStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const mean = static_cast<T*>(arrays[2]);
  T* const square = static_cast<T*>(arrays[3]);
  const NadamStep step = s;
  const Vec<T> rate(step.rate), mean_rate(step.mean_rate), beta2(step.beta2), rest2(1 - step.beta2),
      scale(step.root_scale), eps(step.eps), shrink(step.shrink);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> m = moved(get(mean), g, step.beta1);
    const Vec<T> v = fma(rest2 * g, g, beta2 * get(square));
    put(mean, m);
    put(square, v);
    put(p, x * shrink - over_root(fma(rate, g, mean_rate * m), v, scale, eps));
  });
}

template <class T>
void radam(int64_t n, const RadamStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const mean = static_cast<T*>(arrays[2]);
  T* const square = static_cast<T*>(arrays[3]);
  const RadamStep step = s;
  const Vec<T> rate(step.rate), beta2(step.beta2), rest2(1 - step.beta2), eps(step.eps),
      shrink(step.shrink);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> m = moved(get(mean), g, step.beta1);
    const Vec<T> v = fma(rest2 * g, g, beta2 * get(square));
    put(mean, m);
    put(square, v);
    const Vec<T> d = step.rectified ? over_root(rate * m, v, Vec<T>(1), eps) : rate * m;
    put(p, x * shrink - d);
  });
}

template <class T>
void rprop(int64_t n, const RpropStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const last = static_cast<T*>(arrays[2]);
  T* const size = static_cast<T*>(arrays[3]);
  const Vec<T> sign(s.sign), down(s.down), up(s.up), lowest(s.min), highest(s.max), zero(0);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> g = get(gradient) * sign, product = g * get(last);
    const auto turned = product < zero;
    const Vec<T> grown = select(product > zero, up, select(turned, down, Vec<T>(1)));
    const Vec<T> way = minimum(maximum(get(size) * grown, lowest), highest);
    const Vec<T> used = select(turned, zero, g);
    put(size, way);
    put(last, used);
    // NaN has no sign.
    put(p, get(p) - select(used > zero, way, select(used < zero, zero - way, zero)));
  });
}

template <class T>
void asgd(int64_t n, const AsgdStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const average = static_cast<T*>(arrays[2]);
  const AsgdStep step = s;
  const Vec<T> down(-step.rate), shrink(step.shrink), weight(step.weight);
  const bool copied = step.weight == 1;
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> y = fma(down, g, x * shrink), a = get(average);
    put(p, y);
    put(average, copied ? y : fma(y - a, weight, a));
  });
}

template <class T>
double sum_of_squares(int64_t n, const void* x) {
  const T* p = static_cast<const T*>(x);
  return static_cast<double>(row_reduce<T, Add>(
      n, [p](int64_t i, int64_t left) { return square(load_some(p + i, left)); }));
}

template <class T>
void scale(int64_t n, double factor, void* x) {
  T* const p = static_cast<T*>(x);
  const Vec<T> f(factor);
  for_vectors<T>(n, [=](auto get, auto put) { put(p, get(p) * f); });
}

}  // namespace

#define WG_OPTIMIZER(T)                                                      \
  {sgd<T>,   adam<T>,  rmsprop<T>, adagrad<T>, adadelta<T>,       adamax<T>, \
   nadam<T>, radam<T>, rprop<T>,   asgd<T>,    sum_of_squares<T>, scale<T>}
const OptimizerKernels optimizer_table[2] = {WG_OPTIMIZER(float), WG_OPTIMIZER(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
