// A number that has a kind but no width: what a Python or C++ literal is beside a tensor.
#pragma once

#include <complex>
#include <type_traits>

#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN

// Weak in type promotion: it changes a tensor's dtype only when its kind is higher.
class Scalar {
 public:
  constexpr Scalar() : kind_(DTypeKind::integer), i_(0) {}
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  constexpr Scalar(T v) : kind_(kind_for<T>()), i_(0) {
    if constexpr (std::is_floating_point_v<T>) {
      re_ = static_cast<double>(v);
    } else {
      i_ = static_cast<int64_t>(v);
    }
  }
  Scalar(std::complex<double> v) : kind_(DTypeKind::complex), re_(v.real()), im_(v.imag()) {}

  constexpr DTypeKind kind() const { return kind_; }
  constexpr double to_double() const {
    return kind_ <= DTypeKind::integer ? static_cast<double>(i_) : re_;
  }
  constexpr int64_t to_int() const {
    return kind_ <= DTypeKind::integer ? i_ : static_cast<int64_t>(re_);
  }
  constexpr bool to_bool() const {
    return kind_ <= DTypeKind::integer ? i_ != 0 : (re_ != 0 || im_ != 0);
  }
  std::complex<double> to_complex() const { return {to_double(), im_}; }
  constexpr bool equal(double v) const { return im_ == 0 && to_double() == v; }

 private:
  template <class T>
  static constexpr DTypeKind kind_for() {
    return std::is_same_v<T, bool>       ? DTypeKind::boolean
           : std::is_floating_point_v<T> ? DTypeKind::floating
                                         : DTypeKind::integer;
  }
  DTypeKind kind_;
  union {
    int64_t i_;
    double re_;
  };
  double im_ = 0;
};

// The dtype of `s` where a dtype is needed: bool, int64, the default dtype, or complex.
WENGERT_API DType dtype_of(const Scalar& s);
// What a tensor of dtype `t` becomes beside the weak scalar `s`.
WENGERT_API DType promote(DType t, const Scalar& s);

WENGERT_NAMESPACE_END
