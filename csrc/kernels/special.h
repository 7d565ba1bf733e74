// Special functions of one number at a time: those no vector code pays for.
#pragma once

namespace wengert::kernels::special {

double lgamma(double x);
double digamma(double x);
double polygamma(double n, double x);  // derivative of order n of digamma; n >= 0 whole
double erfinv(double x);

}  // namespace wengert::kernels::special
