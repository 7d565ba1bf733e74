// Cells of recurrent networks; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/math_exp.h"
#include "kernels/row_reduce.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// Calls f(row, unit, left) for the vectors of rows of n units; `left` units remain in the row.
template <class T, class F>
WG_INLINE void each(int64_t rows, int64_t n, F f) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t u = 0; u < n; u += Vec<T>::kLanes) f(r, u, n - u);
  }
}

template <class T>
WG_INLINE Vec<T> load_or_zero(const T* p, int64_t i, int64_t left) {
  return p ? load_some(p + i, left) : Vec<T>(0);
}

template <class T>
void lstm(int64_t rows, int64_t n, void* gates, const void* before, void* cells, void* states) {
  using V = Vec<T>;
  T *a = static_cast<T*>(gates), *c = static_cast<T*>(cells), *h = static_cast<T*>(states);
  const T* b = static_cast<const T*>(before);
  each<T>(rows, n, [=](int64_t r, int64_t u, int64_t left) {
    T* p = a + r * 4 * n + u;
    const V in = sigmoid(load_some(p, left)), forget = sigmoid(load_some(p + n, left));
    const V candidate = tanh(load_some(p + 2 * n, left));
    const V out = sigmoid(load_some(p + 3 * n, left));
    const V cell = fma(forget, load_or_zero(b, r * n + u, left), in * candidate);
    store_some(p, in, left);
    store_some(p + n, forget, left);
    store_some(p + 2 * n, candidate, left);
    store_some(p + 3 * n, out, left);
    store_some(c + r * n + u, cell, left);
    store_some(h + r * n + u, out * tanh(cell), left);
  });
}

template <class T>
void lstm_gradient(int64_t rows, int64_t n, void* g_gates, void* g_cells, const void* g_states,
                   const void* g_out, const void* gates, const void* before, const void* cells) {
  using V = Vec<T>;
  T *ga = static_cast<T*>(g_gates), *gc = static_cast<T*>(g_cells);
  const T *gh = static_cast<const T*>(g_states), *go = static_cast<const T*>(g_out);
  const T *a = static_cast<const T*>(gates), *b = static_cast<const T*>(before);
  const T* c = static_cast<const T*>(cells);
  each<T>(rows, n, [=](int64_t r, int64_t u, int64_t left) {
    const int64_t i = r * n + u;
    const T* p = a + r * 4 * n + u;
    T* q = ga + r * 4 * n + u;
    const V in = load_some(p, left), forget = load_some(p + n, left);
    const V candidate = load_some(p + 2 * n, left), out = load_some(p + 3 * n, left);
    const V g = load_some(gh + i, left) + load_or_zero(go, i, left);
    const V t = tanh(load_some(c + i, left));
    const V gt = fma(g * out, fma(-t, t, 1.0), load_some(gc + i, left));
    store_some(q, gt * candidate * in * (V(1.0) - in), left);
    store_some(q + n, gt * load_or_zero(b, i, left) * forget * (V(1.0) - forget), left);
    store_some(q + 2 * n, gt * in * fma(-candidate, candidate, 1.0), left);
    store_some(q + 3 * n, g * t * out * (V(1.0) - out), left);
    store_some(gc + i, gt * forget, left);
  });
}

template <class T>
void gru(int64_t rows, int64_t n, void* gates, const void* hidden, void* inner, const void* before,
         void* states) {
  using V = Vec<T>;
  T *a = static_cast<T*>(gates), *m = static_cast<T*>(inner), *h = static_cast<T*>(states);
  const T *w = static_cast<const T*>(hidden), *b = static_cast<const T*>(before);
  each<T>(rows, n, [=](int64_t r, int64_t u, int64_t left) {
    T* p = a + r * 3 * n + u;
    const T* q = w + r * 3 * n + u;
    const int64_t i = r * n + u;
    const V reset = sigmoid(load_some(p, left) + load_some(q, left));
    const V update = sigmoid(load_some(p + n, left) + load_some(q + n, left));
    const V own = load_some(q + 2 * n, left);
    const V fresh = tanh(fma(reset, own, load_some(p + 2 * n, left)));
    store_some(p, reset, left);
    store_some(p + n, update, left);
    store_some(p + 2 * n, fresh, left);
    store_some(m + i, own, left);
    store_some(h + i, fma(update, load_or_zero(b, i, left) - fresh, fresh), left);
  });
}

template <class T>
void gru_gradient(int64_t rows, int64_t n, void* g_gates, void* g_hidden, void* g_states,
                  const void* g_out, const void* gates, const void* inner, const void* before) {
  using V = Vec<T>;
  T *ga = static_cast<T*>(g_gates), *gw = static_cast<T*>(g_hidden);
  T* gh = static_cast<T*>(g_states);
  const T *go = static_cast<const T*>(g_out), *a = static_cast<const T*>(gates);
  const T *m = static_cast<const T*>(inner), *b = static_cast<const T*>(before);
  each<T>(rows, n, [=](int64_t r, int64_t u, int64_t left) {
    const int64_t i = r * n + u, first = r * 3 * n + u;
    const T* p = a + first;
    const V reset = load_some(p, left), update = load_some(p + n, left);
    const V fresh = load_some(p + 2 * n, left);
    const V g = load_some(gh + i, left) + load_or_zero(go, i, left);
    const V g_fresh = g * (V(1.0) - update) * fma(-fresh, fresh, 1.0);
    const V g_update = g * (load_or_zero(b, i, left) - fresh) * update * (V(1.0) - update);
    const V g_reset = g_fresh * load_some(m + i, left) * reset * (V(1.0) - reset);
    store_some(ga + first, g_reset, left);
    store_some(ga + first + n, g_update, left);
    store_some(ga + first + 2 * n, g_fresh, left);
    store_some(gw + first, g_reset, left);
    store_some(gw + first + n, g_update, left);
    store_some(gw + first + 2 * n, g_fresh * reset, left);
    store_some(gh + i, g * update, left);
  });
}

template <class T>
void plain(bool relu, int64_t rows, int64_t n, void* states) {
  T* h = static_cast<T*>(states);
  each<T>(1, rows * n, [=](int64_t, int64_t i, int64_t left) {
    const Vec<T> x = load_some(h + i, left);
    store_some(h + i, relu ? select(x < Vec<T>(0), 0.0, x) : tanh(x), left);
  });
}

template <class T>
void plain_gradient(bool relu, int64_t rows, int64_t n, void* g_gates, const void* g_states,
                    const void* g_out, const void* states) {
  T* ga = static_cast<T*>(g_gates);
  const T *gh = static_cast<const T*>(g_states), *go = static_cast<const T*>(g_out);
  const T* h = static_cast<const T*>(states);
  each<T>(1, rows * n, [=](int64_t, int64_t i, int64_t left) {
    const Vec<T> g = load_some(gh + i, left) + load_or_zero(go, i, left);
    const Vec<T> y = load_some(h + i, left);
    store_some(ga + i, relu ? select(y > Vec<T>(0), g, 0.0) : g * fma(-y, y, 1.0), left);
  });
}

}  // namespace

#define WG_RECURRENT(T) \
  {lstm<T>, lstm_gradient<T>, gru<T>, gru_gradient<T>, plain<T>, plain_gradient<T>}
const RecurrentKernels recurrent_table[2] = {WG_RECURRENT(float), WG_RECURRENT(double)};

}  // namespace wengert::kernels::WENGERT_LEVEL
