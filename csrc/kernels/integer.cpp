// Elementwise operations on integers and bools; a bool is computed as 0 or 1, nonzero being true.
#include "integer.h"

#include "levels.h"

namespace wengert::kernels {
namespace generic {
namespace {

struct Bool {};
template <class T>
struct LaneOf {
  using type = T;
  static T result(Int<T> y) { return y.v; }
};
template <>
struct LaneOf<Bool> {
  using type = uint8_t;
  static uint8_t result(Int<uint8_t> y) { return y.v != 0; }
};

#define WG_COMPARE(...)
#define WG_UNARY_FLOAT(name, expression)
#define WG_UNARY_SAME(name, expression) \
  struct name##_op {                    \
    template <class V>                  \
    static V value(V x) {               \
      return expression;                \
    }                                   \
  };
#define WG_UNARY(name, result, saved, expression, ...) WG_UNARY_##result(name, expression)
#include "wengert/ops/unary.def"
#undef WG_UNARY
#define WG_BINARY_FLOAT(name, expression)
#define WG_BINARY_SAME(name, expression) \
  struct name##_op {                     \
    template <class V>                   \
    static V value(V a, V b) {           \
      return expression;                 \
    }                                    \
  };
#define WG_BINARY_INT WG_BINARY_SAME
#define WG_BINARY(name, result, expression, ...) WG_BINARY_##result(name, expression)
#include "wengert/ops/binary.def"
#undef WG_BINARY

template <class T, class Op>
void unary_loop(int64_t n, void* out, const void* x) {
  using L = typename LaneOf<T>::type;
  L* to = static_cast<L*>(out);
  const L* from = static_cast<const L*>(x);
  for (int64_t i = 0; i < n; ++i) to[i] = LaneOf<T>::result(Op::value(Int<L>(from[i])));
}
// Quotients, rounded down, by one number above 1: the number is multiplied with instead (Granlund
// and Montgomery, "Division by invariant integers using multiplication", 1994). With d <= 2^s, the
// upper half of u (floor(2^(bits - 1 + s) / d) + 1), shifted by s - 1, is floor(u / d) for all u
// below 2^(bits - 1).
template <class L>
struct Divisor {
  static constexpr int kBits = sizeof(L) * 8;
  using U = typename Either<(sizeof(L) > 4), uint64_t, uint32_t>::type;
  using Wide = typename Either<(sizeof(L) > 4), unsigned __int128, uint64_t>::type;
  static constexpr int kWords = sizeof(U) * 8;
  U factor;
  int shift = 0;
  L divisor;

  explicit Divisor(L d) : divisor(d) {
    while (((U)d - 1) >> shift) ++shift;
    factor = static_cast<U>(((Wide)1 << (kWords - 1 + shift)) / (U)d + 1);
  }
  L quotient(L a) const {
    // A negative a is divided as its complement, -1 - a.
    const U sign = a < 0 ? ~U{0} : U{0};
    const U u = static_cast<U>(a) ^ sign;
    return static_cast<L>((static_cast<U>((Wide)u * factor >> kWords) >> (shift - 1)) ^ sign);
  }
  void apply(floor_divide_op, int64_t n, L* to, const L* a) const {
    for (int64_t i = 0; i < n; ++i) to[i] = quotient(a[i]);
  }
  void apply(remainder_op, int64_t n, L* to, const L* a) const {
    for (int64_t i = 0; i < n; ++i)
      to[i] = static_cast<L>((U)a[i] - (U)quotient(a[i]) * (U)divisor);
  }
};

template <class T, class Op, int layout>
void binary_loop(int64_t n, void* out, const void* a, const void* b) {
  using L = typename LaneOf<T>::type;
  L* to = static_cast<L*>(out);
  const L* pa = static_cast<const L*>(a);
  const L* pb = static_cast<const L*>(b);
  if (n == 0) return;
  if constexpr (layout == kScalarB && !__is_same(T, Bool) &&
                requires(Divisor<L> d) { d.apply(Op(), n, to, pa); }) {
    constexpr int64_t kFew = 8;  // for which the factor costs more than it saves
    if (*pb > 1 && n >= kFew) return Divisor<L>(*pb).apply(Op(), n, to, pa);
  }
  const L first_a = pa[0], first_b = pb[0];
  for (int64_t i = 0; i < n; ++i) {
    to[i] = LaneOf<T>::result(Op::value(Int<L>(layout == kScalarA ? first_a : pa[i]),
                                        Int<L>(layout == kScalarB ? first_b : pb[i])));
  }
}

}  // namespace

#define WG_ROW_FLOAT(name) {},
#define WG_ROW_SAME(name)                                             \
  {                                                                   \
      unary_loop<Bool, name##_op>,    unary_loop<uint8_t, name##_op>, \
      unary_loop<int8_t, name##_op>,  unary_loop<int16_t, name##_op>, \
      unary_loop<int32_t, name##_op>, unary_loop<int64_t, name##_op>},
#define WG_UNARY(name, result, ...) WG_ROW_##result(name)
const UnaryFn unary_table[][kIntegers] = {
#include "wengert/ops/unary.def"
};
#undef WG_UNARY
#undef WG_ROW_SAME

#define WG_LAYOUTS(T, name) \
  {binary_loop<T, name##_op, 0>, binary_loop<T, name##_op, 1>, binary_loop<T, name##_op, 2>}
#define WG_ROW_SAME(name)                                                          \
  {WG_LAYOUTS(Bool, name),    WG_LAYOUTS(uint8_t, name), WG_LAYOUTS(int8_t, name), \
   WG_LAYOUTS(int16_t, name), WG_LAYOUTS(int32_t, name), WG_LAYOUTS(int64_t, name)},
#define WG_ROW_INT WG_ROW_SAME
#define WG_BINARY(name, result, ...) WG_ROW_##result(name)
const BinaryFn binary_table[][kIntegers][3] = {
#include "wengert/ops/binary.def"
};

}  // namespace generic

namespace {
template <class T>
bool holds_zero(int64_t n, const void* p) {
  const T* x = static_cast<const T*>(p);
  bool found = false;
  for (int64_t i = 0; i < n; ++i) found |= x[i] == 0;
  return found;
}
}  // namespace

bool any_zero(DType dtype, int64_t n, const void* p) {
  switch (dtype) {
    case DType::int16:
      return holds_zero<int16_t>(n, p);
    case DType::int32:
      return holds_zero<int32_t>(n, p);
    case DType::int64:
      return holds_zero<int64_t>(n, p);
    default:
      return holds_zero<uint8_t>(n, p);
  }
}

}  // namespace wengert::kernels
