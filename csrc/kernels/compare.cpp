// Comparisons and tests: real inputs, bool output.
#include <stdint.h>

#include "levels.h"

namespace wengert::kernels::generic {
namespace {

[[maybe_unused]] bool negative(float x) { return __builtin_signbit(x); }
[[maybe_unused]] bool negative(double x) { return __builtin_signbit(x); }
template <class T>
bool negative(T x) {
  return x < 0;
}

#define WG_BINARY(...)
#define WG_COMPARE(name, expression, ...) \
  struct name##_op {                      \
    template <class T>                    \
    static bool value(T a, T b) {         \
      return expression;                  \
    }                                     \
  };
#include "wengert/ops/binary.def"
#undef WG_COMPARE
#define WG_TEST(name, expression, ...) \
  struct name##_op {                   \
    template <class T>                 \
    static bool value(T x) {           \
      return expression;               \
    }                                  \
  };
#include "wengert/ops/test.def"
#undef WG_TEST

template <class T, class Op, int layout>
void compare_loop(int64_t n, void* out, const void* a, const void* b) {
  uint8_t* to = static_cast<uint8_t*>(out);
  const T* pa = static_cast<const T*>(a);
  const T* pb = static_cast<const T*>(b);
  if (n == 0) return;
  const T first_a = pa[0], first_b = pb[0];
  for (int64_t i = 0; i < n; ++i) {
    to[i] = Op::value(layout == kScalarA ? first_a : pa[i], layout == kScalarB ? first_b : pb[i]);
  }
}
template <class T, class Op>
void test_loop(int64_t n, void* out, const void* x) {
  uint8_t* to = static_cast<uint8_t*>(out);
  const T* from = static_cast<const T*>(x);
  for (int64_t i = 0; i < n; ++i) to[i] = Op::value(from[i]);
}

}  // namespace

#define WG_LAYOUTS(T, name) \
  {compare_loop<T, name##_op, 0>, compare_loop<T, name##_op, 1>, compare_loop<T, name##_op, 2>}
#define WG_COMPARE(name, ...)  \
  {{WG_LAYOUTS(uint8_t, name), \
    WG_LAYOUTS(uint8_t, name), \
    WG_LAYOUTS(int8_t, name),  \
    WG_LAYOUTS(int16_t, name), \
    WG_LAYOUTS(int32_t, name), \
    WG_LAYOUTS(int64_t, name), \
    {},                        \
    {},                        \
    WG_LAYOUTS(float, name),   \
    WG_LAYOUTS(double, name)}},
const BinaryKernels compare_table[] = {
#include "wengert/ops/binary.def"
};
#define WG_TEST(name, ...)        \
  {test_loop<uint8_t, name##_op>, \
   test_loop<uint8_t, name##_op>, \
   test_loop<int8_t, name##_op>,  \
   test_loop<int16_t, name##_op>, \
   test_loop<int32_t, name##_op>, \
   test_loop<int64_t, name##_op>, \
   nullptr,                       \
   nullptr,                       \
   test_loop<float, name##_op>,   \
   test_loop<double, name##_op>},
const UnaryFn test_table[][kDTypeCount] = {
#include "wengert/ops/test.def"
};

}  // namespace wengert::kernels::generic
