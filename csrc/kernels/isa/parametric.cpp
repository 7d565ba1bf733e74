// The operations of parametric.def on float32 or float64; compiled once per ISA level.
#include "kernels/choose.h"
#include "kernels/levels.h"
#include "kernels/vec_math.h"

namespace wengert::kernels::WENGERT_LEVEL {
namespace {

// The numbers of an operation as its attributes' names.
#define WG_MEMBERS(...)             \
  struct Numbers {                  \
    __VA_OPT__(double __VA_ARGS__;) \
  };
#define WG_BIND(...) __VA_OPT__([[maybe_unused]] const auto& [__VA_ARGS__] = n;)
#define WG_COUNT(...) (0 __VA_OPT__(+sizeof(Numbers) / sizeof(double)))

#define WG_PARAMETRIC(op, numbers, expression, derivative)                            \
  struct op##_op {                                                                    \
    WG_MEMBERS numbers static constexpr int kNumbers = WG_COUNT numbers, kInputs = 1; \
    template <class V, class N>                                                       \
    static WG_INLINE V value(const V* in, [[maybe_unused]] N& n) {                    \
      WG_BIND numbers const V x = in[0];                                              \
      return expression;                                                              \
    }                                                                                 \
    template <int kOf, class V, class N>                                              \
    static WG_INLINE auto slope(const V* in, [[maybe_unused]] N& n) {                 \
      WG_BIND numbers const V x = in[0];                                              \
      return derivative;                                                              \
    }                                                                                 \
  };
#define WG_PARAMETRIC_PAIR(op, numbers, expression, by_a, by_b)                       \
  struct op##_op {                                                                    \
    WG_MEMBERS numbers static constexpr int kNumbers = WG_COUNT numbers, kInputs = 2; \
    template <class V, class N>                                                       \
    static WG_INLINE V value(const V* in, [[maybe_unused]] N& n) {                    \
      WG_BIND numbers const V a = in[0], b = in[1];                                   \
      return expression;                                                              \
    }                                                                                 \
    template <int kOf, class V, class N>                                              \
    static WG_INLINE auto slope(const V* in, [[maybe_unused]] N& n) {                 \
      WG_BIND numbers const V a = in[0];                                              \
      [[maybe_unused]] const V b = in[1];                                             \
      if constexpr (kOf == 0) {                                                       \
        return by_a;                                                                  \
      } else {                                                                        \
        return by_b;                                                                  \
      }                                                                               \
    }                                                                                 \
  };
#include "kernels/parametric.def"
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR

constexpr int kValue = -1;

// The value, or what is passed on to input kOf. One body serves whole vectors and the tail, so that
// both round alike.
template <class T, class Op, int kOf>
void loop(int64_t n, void* out, const void* const* in, const int64_t* steps,
          const double* numbers) {
  constexpr int64_t kLanes = Vec<T>::kLanes;
  constexpr int kInputs = Op::kInputs + (kOf != kValue);
  if (n == 0) return;
  T* to = static_cast<T*>(out);
  Vec<T> parameters[Op::kNumbers > 0 ? Op::kNumbers : 1];
  for (int k = 0; k < Op::kNumbers; ++k) parameters[k] = Vec<T>(numbers[k]);
  const T* from[kInputs];
  bool one[kInputs];
  Vec<T> x[kInputs];
  for (int k = 0; k < kInputs; ++k) {
    from[k] = static_cast<const T*>(in[k]);
    one[k] = steps[k] == 0;
    x[k] = Vec<T>(*from[k]);
  }
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const bool whole = left >= kLanes;
    for (int k = 0; k < kInputs; ++k) {
      if (!one[k]) x[k] = whole ? load(from[k] + i) : load(from[k] + i, static_cast<int>(left));
    }
    Vec<T> y;
    if constexpr (kOf == kValue) {
      y = Op::value(x, parameters);
    } else {
      y = times(x[0], Op::template slope<kOf>(x + 1, parameters));
    }
    if (whole) {
      store(to + i, y);
    } else {
      store(to + i, y, static_cast<int>(left));
    }
  }
}

}  // namespace

#define WG_OF(T, op, by_b)                                  \
  {                                                         \
    loop<T, op##_op, kValue>, { loop<T, op##_op, 0>, by_b } \
  }
#define WG_PARAMETRIC(op, ...) {{WG_OF(float, op, nullptr), WG_OF(double, op, nullptr)}},
#define WG_PARAMETRIC_PAIR(op, ...) \
  {{WG_OF(float, op, (loop<float, op##_op, 1>)), WG_OF(double, op, (loop<double, op##_op, 1>))}},
const FloatParametric parametric_table[] = {
#include "kernels/parametric.def"
};
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR

}  // namespace wengert::kernels::WENGERT_LEVEL
