// What the options of several optimizers have in common.
#pragma once

#include "tensor/check.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

inline void check_not_negative(const char* optimizer, const char* name, double value) {
  WG_CHECK(value >= 0, ValueError, optimizer, ": ", name, " must not be negative, but is ", value);
}
inline void check_betas(const char* optimizer, double beta1, double beta2) {
  for (const double beta : {beta1, beta2}) {
    WG_CHECK(beta >= 0 && beta < 1, ValueError, optimizer,
             ": expected betas in [0, 1), but one is ", beta);
  }
}
template <class Options>
void check_moments(const char* optimizer, const Options& o) {
  check_not_negative(optimizer, "lr", o.lr);
  check_not_negative(optimizer, "eps", o.eps);
  check_not_negative(optimizer, "weight_decay", o.weight_decay);
  check_betas(optimizer, o.beta1, o.beta2);
}

// A number that Python may keep in a tensor.
inline double number_of(const io::Value& v) {
  return v.is_tensor() ? v.tensor().item<double>() : v.to_double();
}

// Two numbers as Python compares them where one may be NaN.
inline double larger(double a, double b) { return b > a ? b : a; }
inline double smaller(double a, double b) { return b < a ? b : a; }

}  // namespace optim
WENGERT_NAMESPACE_END
