#include "ternary.h"

#include <math.h>

namespace wengert::kernels {
namespace {

// From the nearer end, so that both ends are met exactly.
struct Lerp {
  template <class T>
  static T value(T a, T b, T w, T) {
    const T d = b - a;
    return fabs(w) < T(0.5) ? a + w * d : b - d * (T(1) - w);
  }
};
// Integers wrap: they are multiplied without a sign.
struct AddMul {
  static float value(float a, float b, float c, float v) { return a + v * b * c; }
  static double value(double a, double b, double c, double v) { return a + v * b * c; }
  template <class T>
  static T value(T a, T b, T c, T v) {
    const auto u = [](T x) { return static_cast<uint64_t>(x); };
    return static_cast<T>(u(a) + u(v) * u(b) * u(c));
  }
};
struct AddDiv {
  template <class T>
  static T value(T a, T b, T c, T v) {
    return a + v * b / c;
  }
};

template <class Op, class T>
void loop(int64_t n, void* out, const void* a, const void* b, const void* c, const int64_t* steps,
          const void* value) {
  T* to = static_cast<T*>(out);
  const T *x = static_cast<const T*>(a), *y = static_cast<const T*>(b),
          *z = static_cast<const T*>(c);
  const T v = *static_cast<const T*>(value);
  if (steps[0] == 1 && steps[1] == 1 && steps[2] == 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = Op::value(x[i], y[i], z[i], v);
  } else if (steps[0] == 1 && steps[1] == 1 && steps[2] == 0) {
    const T w = n > 0 ? *z : T(0);
    for (int64_t i = 0; i < n; ++i) to[i] = Op::value(x[i], y[i], w, v);
  } else {
    for (int64_t i = 0; i < n; ++i) {
      to[i] = Op::value(x[i * steps[0]], y[i * steps[1]], z[i * steps[2]], v);
    }
  }
}

}  // namespace

TernaryFn ternary(Ternary op, DType dtype) {
  switch (dtype) {
    case DType::float32:
      return op == Ternary::lerp      ? loop<Lerp, float>
             : op == Ternary::addcmul ? loop<AddMul, float>
                                      : loop<AddDiv, float>;
    case DType::float64:
      return op == Ternary::lerp      ? loop<Lerp, double>
             : op == Ternary::addcmul ? loop<AddMul, double>
                                      : loop<AddDiv, double>;
    default:
      break;
  }
  if (op != Ternary::addcmul) return nullptr;
  switch (dtype) {
    case DType::uint8:
      return loop<AddMul, uint8_t>;
    case DType::int8:
      return loop<AddMul, int8_t>;
    case DType::int16:
      return loop<AddMul, int16_t>;
    case DType::int32:
      return loop<AddMul, int32_t>;
    case DType::int64:
      return loop<AddMul, int64_t>;
    default:
      return nullptr;
  }
}

}  // namespace wengert::kernels
