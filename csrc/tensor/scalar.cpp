// One element of any dtype, to and from a Scalar.
#include "kernels/elementwise.h"
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

WENGERT_NAMESPACE_END
