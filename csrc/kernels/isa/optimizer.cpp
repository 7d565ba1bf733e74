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

template <class T>
void adam(int64_t n, const AdamStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const mean = static_cast<T*>(arrays[2]);
  T* const square = static_cast<T*>(arrays[3]);
  T* const largest = static_cast<T*>(arrays[4]);
  const AdamStep step = s;
  const Vec<T> rate(step.rate), beta2(step.beta2), rest2(1 - step.beta2), scale(step.root_scale),
      eps(step.eps), shrink(step.shrink);
  for_vectors<T>(n, [=](auto get, auto put) {
    const Vec<T> x = get(p), g = decayed(get(gradient), x, step.sign, step.weight_decay);
    const Vec<T> m = moved(get(mean), g, step.beta1);
    Vec<T> v = fma(rest2 * g, g, beta2 * get(square));
    put(mean, m);
    put(square, v);
    if (step.amsgrad) {
      v = maximum(get(largest), v);
      put(largest, v);
    }
    put(p, x * shrink - over_root(rate * m, v, scale, eps));
  });
}

template <class T>
void rmsprop(int64_t n, const RmspropStep& s, void* const* arrays) {
  T* const p = static_cast<T*>(arrays[0]);
  const T* const gradient = static_cast<const T*>(arrays[1]);
  T* const square = static_cast<T*>(arrays[2]);
  T* const mean = static_cast<T*>(arrays[3]);
  const RmspropStep step = s;
  T* const buffer = static_cast<T*>(arrays[step.centered ? 4 : 3]);
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

#define WG_OPTIMIZER(T) {sgd<T>, adam<T>, rmsprop<T>, adagrad<T>, sum_of_squares<T>, scale<T>}
const OptimizerKernels optimizer_table[2] = {WG_OPTIMIZER(float), WG_OPTIMIZER(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
