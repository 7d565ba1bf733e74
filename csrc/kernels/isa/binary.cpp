// Elementwise operations of two float32 or float64 inputs; compiled once per ISA level.
#include "kernels/levels.h"
#include "kernels/vec_math.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

#define WG_COMPARE(...)
// A row of result INT has no float kernel, and its expression is never looked at.
#define WG_OP_INT(name, expression)
#define WG_OP_SAME(name, expression)     \
  struct name##_op {                     \
    template <class V>                   \
    static WG_INLINE V value(V a, V b) { \
      return expression;                 \
    }                                    \
  };
#define WG_OP_FLOAT WG_OP_SAME
#define WG_BINARY(name, result, expression, ...) WG_OP_##result(name, expression)
#include "wengert/ops/binary.def"
#undef WG_BINARY

// One body serves whole vectors and the tail, so that both round alike.
template <class T, class Op, int layout>
void loop(int64_t n, void* out, const void* a, const void* b) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  T* to = static_cast<T*>(out);
  const T* pa = static_cast<const T*>(a);
  const T* pb = static_cast<const T*>(b);
  if (n == 0) return;
  Vec<T> va(0), vb(0);
  if constexpr (layout == kScalarA) va = Vec<T>(*pa);
  if constexpr (layout == kScalarB) vb = Vec<T>(*pb);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const bool whole = left >= kLanes;
    if constexpr (layout != kScalarA) va = whole ? load(pa + i) : load(pa + i, left);
    if constexpr (layout != kScalarB) vb = whole ? load(pb + i) : load(pb + i, left);
    const Vec<T> y = Op::value(va, vb);
    if (whole) {
      store(to + i, y);
    } else {
      store(to + i, y, left);
    }
  }
}

}  // namespace

#define WG_ROW_INT(name) {},
#define WG_ROW_SAME(name)                                                              \
  {{{loop<float, name##_op, 0>, loop<float, name##_op, 1>, loop<float, name##_op, 2>}, \
    {loop<double, name##_op, 0>, loop<double, name##_op, 1>, loop<double, name##_op, 2>}}},
#define WG_ROW_FLOAT WG_ROW_SAME
#define WG_BINARY(name, result, ...) WG_ROW_##result(name)
const FloatBinary binary_table[] = {
#include "wengert/ops/binary.def"
};

}  // namespace wengert::kernels::WENGERT_LEVEL
