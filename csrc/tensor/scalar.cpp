// One element of any dtype, to and from a Scalar.
#include <cmath>
#include <limits>

#include "kernels/elementwise.h"
#include "tensor/check.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

namespace {
template <class T>
T read(const void* p) {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
}  // namespace

Scalar load_scalar(DType dtype, const void* p) {
  switch (dtype) {
    case DType::bool_:
      return read<uint8_t>(p) != 0;
    case DType::uint8:
      return read<uint8_t>(p);
    case DType::int8:
      return read<int8_t>(p);
    case DType::int16:
      return read<int16_t>(p);
    case DType::int32:
      return read<int32_t>(p);
    case DType::int64:
      return read<int64_t>(p);
    case DType::float32:
      return read<float>(p);
    case DType::float64:
      return read<double>(p);
    case DType::complex64: {
      const auto v = read<std::complex<float>>(p);
      return std::complex<double>(v.real(), v.imag());
    }
    case DType::complex128:
      return read<std::complex<double>>(p);
    case DType::float16:
    case DType::bfloat16: {
      float v;
      kernels::cast(DType::float32, dtype)(1, &v, p);
      return v;
    }
  }
  return 0;
}

void store_scalar(DType dtype, void* p, const Scalar& s) {
  switch (s.kind()) {
    case DTypeKind::boolean:
    case DTypeKind::integer: {
      if (dtype == DType::float32) {  // one rounding, not two
        const float v = static_cast<float>(s.to_int());
        std::memcpy(p, &v, sizeof v);
        return;
      }
      const int64_t v = s.to_int();
      kernels::cast(dtype, DType::int64)(1, p, &v);
      return;
    }
    case DTypeKind::floating: {
      const double v = s.to_double();
      if (dtype == DType::float32) {
        const float f = static_cast<float>(v);
        std::memcpy(p, &f, sizeof f);
      } else if (dtype == DType::float64) {
        std::memcpy(p, &v, sizeof v);
      } else {
        kernels::cast(dtype, DType::float64)(1, p, &v);
      }
      return;
    }
    case DTypeKind::complex: {
      const std::complex<double> v = s.to_complex();
      kernels::cast(dtype, DType::complex128)(1, p, &v);
      return;
    }
  }
}

namespace {

template <class T>
bool integer_holds(const Scalar& s) {
  const double low = std::is_signed_v<T> ? static_cast<double>(std::numeric_limits<T>::min())
                                         : -static_cast<double>(std::numeric_limits<T>::max());
  const double above = 2.0 * (static_cast<double>(std::numeric_limits<T>::max() / 2) + 1);
  if (s.kind() == DTypeKind::floating) {
    const double v = std::trunc(s.to_double());
    return v >= low && v < above;
  }
  const int64_t v = s.to_int();
  if constexpr (sizeof(T) == 8) return true;
  return v >= static_cast<int64_t>(low) && v < static_cast<int64_t>(above);
}

bool holds(DType dtype, const Scalar& s) {
  if (s.kind() == DTypeKind::complex) {
    const std::complex<double> v = s.to_complex();
    return is_complex(dtype) || (v.imag() == 0 && holds(dtype, Scalar(v.real())));
  }
  if (s.kind() == DTypeKind::boolean) return true;
  switch (dtype) {
    case DType::uint8:
      return integer_holds<uint8_t>(s);
    case DType::int8:
      return integer_holds<int8_t>(s);
    case DType::int16:
      return integer_holds<int16_t>(s);
    case DType::int32:
      return integer_holds<int32_t>(s);
    case DType::int64:
      return integer_holds<int64_t>(s);
    default:
      return true;
  }
}

}  // namespace

void check_holds(const char* op, DType dtype, const Scalar& s) {
  if (holds(dtype, s)) return;
  const std::complex<double> v = s.to_complex();
  if (s.kind() == DTypeKind::complex && v.imag() != 0) {
    fail<Error>(op, ": a complex number cannot be converted to ", dtype,
                " without losing its imaginary part");
  }
  fail<Error>(op, ": the value ", v.real(), " cannot be converted to ", dtype, " without overflow");
}

void check_fits(const char* op, DType dtype, const Scalar& s) {
  check_holds(op, dtype, s);
  if (dtype == DType::float64 || dtype == DType::complex128 || is_integral(dtype)) return;
  const double largest = dtype == DType::float16    ? 65504.0
                         : dtype == DType::bfloat16 ? 0x1.FEp127
                                                    : std::numeric_limits<float>::max();
  const std::complex<double> v = s.to_complex();
  for (const double part : {v.real(), v.imag()}) {
    WG_CHECK(!std::isfinite(part) || std::abs(part) <= largest, Error, op, ": the value ", part,
             " cannot be converted to ", dtype, " without overflow");
  }
}

WENGERT_NAMESPACE_END
