// A number of float64, or one that stays in a 0-d tensor and is computed with in its dtype.
#pragma once

#include <cmath>

#include "wengert/ops/elementwise.h"
#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

class Number {
 public:
  Number(double v = 0) : value_(v) {}
  Number(Tensor t) : tensor_(std::move(t)) {}
  explicit Number(const io::Value& v) {
    if (v.is_tensor()) {
      tensor_ = v.tensor();
    } else {
      value_ = v.to_double();
    }
  }

  bool is_tensor() const { return tensor_.defined(); }
  double value() const { return is_tensor() ? tensor_.item<double>() : value_; }
  const Tensor& tensor() const { return tensor_; }
  operator io::Value() const { return is_tensor() ? io::Value(tensor_) : io::Value(value_); }

 private:
  double value_ = 0;
  Tensor tensor_;
};

#define WG_NUMBER(symbol, name)                                                      \
  inline Number operator symbol(const Number& a, const Number& b) {                  \
    if (!a.is_tensor() && !b.is_tensor()) return Number(a.value() symbol b.value()); \
    if (!b.is_tensor()) return Number(name(a.tensor(), Scalar(b.value())));          \
    return a.is_tensor() ? Number(name(a.tensor(), b.tensor()))                      \
                         : Number(name(Scalar(a.value()), b.tensor()));              \
  }
WG_NUMBER(+, add)
WG_NUMBER(-, sub)
WG_NUMBER(*, mul)
WG_NUMBER(/, div)
#undef WG_NUMBER

// A float64 beside a tensor is compared in the tensor's dtype.
#define WG_NUMBER(symbol, name, mirrored)                                            \
  inline bool operator symbol(const Number& a, const Number& b) {                    \
    if (!a.is_tensor() && !b.is_tensor()) return a.value() symbol b.value();         \
    if (!b.is_tensor()) return name(a.tensor(), Scalar(b.value())).item().to_bool(); \
    return (a.is_tensor() ? name(a.tensor(), b.tensor())                             \
                          : mirrored(b.tensor(), Scalar(a.value())))                 \
        .item()                                                                      \
        .to_bool();                                                                  \
  }
WG_NUMBER(<, lt, gt)
WG_NUMBER(<=, le, ge)
WG_NUMBER(>, gt, lt)
WG_NUMBER(>=, ge, le)
#undef WG_NUMBER

inline Number abs(const Number& x) {
  return x.is_tensor() ? Number(wengert::abs(x.tensor())) : Number(std::fabs(x.value()));
}
// The first of those that are neither less nor greater.
inline const Number& min(const Number& a, const Number& b) { return b < a ? b : a; }
inline const Number& max(const Number& a, const Number& b) { return b > a ? b : a; }

}  // namespace optim
WENGERT_NAMESPACE_END
