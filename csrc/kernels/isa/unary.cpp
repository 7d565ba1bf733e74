// Elementwise operations of one float32 or float64 input; compiled once per ISA level.
#include "kernels/choose.h"
#include "kernels/levels.h"
#include "kernels/vec_math.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

template <class V>
WG_INLINE V abs_if_real(V x) {
  return abs(x);
}
#define WG_UNARY(name, result, saved, expression, derivative, ...) \
  struct name##_op {                                               \
    template <class V>                                             \
    static WG_INLINE V value([[maybe_unused]] V x) {               \
      return expression;                                           \
    }                                                              \
    template <class V>                                             \
    static WG_INLINE auto slope([[maybe_unused]] V x) {            \
      [[maybe_unused]] const V y = x;                              \
      return derivative;                                           \
    }                                                              \
  };
#include "wengert/ops/unary.def"
#undef WG_UNARY

// One body serves whole vectors and the tail, so that both round alike.
template <class T, class Op>
void value_loop(int64_t n, void* out, const void* x) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* to = static_cast<T*>(out);
  const T* from = static_cast<const T*>(x);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const bool whole = left >= kLanes;
    const Vec<T> y = Op::value(whole ? load(from + i) : load(from + i, left));
    if (whole) {
      store(to + i, y);
    } else {
      store(to + i, y, left);
    }
  }
}
template <class T, class Op, bool reads>
void grad_loop(int64_t n, void* gx, const void* g, const void* s) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* to = static_cast<T*>(gx);
  const T* from = static_cast<const T*>(g);
  const T* saved = static_cast<const T*>(s);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const bool whole = left >= kLanes;
    Vec<T> v(0);
    if constexpr (reads) v = whole ? load(saved + i) : load(saved + i, left);
    const Vec<T> y = times(whole ? load(from + i) : load(from + i, left), Op::slope(v));
    if (whole) {
      store(to + i, y);
    } else {
      store(to + i, y, left);
    }
  }
}

constexpr bool INPUT = true, OUTPUT = true, NOTHING = false;

}  // namespace

#define WG_UNARY(name, result, saved, ...)                        \
  {{value_loop<float, name##_op>, value_loop<double, name##_op>}, \
   {grad_loop<float, name##_op, saved>, grad_loop<double, name##_op, saved>}},
const FloatUnary unary_table[] = {
#include "wengert/ops/unary.def"
};
#undef WG_UNARY

}  // namespace wengert::kernels::WENGERT_LEVEL
