// Special functions of one number at a time: those no vector code pays for.
#pragma once

namespace wengert::kernels::special {

double lgamma(double x);
double digamma(double x);
double polygamma(double n, double x);  // derivative of order n of digamma; n >= 0 whole
double erfinv(double x);
double ndtri(double p);     // quantile of the standard normal distribution
double log_ndtr(double x);  // logarithm of its distribution function

// Modified Bessel functions of order 0 and 1, and the same times e^-|x|.
double i0(double x);
double i0e(double x);
double i1(double x);
double i1e(double x);

// Lower and upper incomplete gamma function over Gamma(a).
double igamma(double a, double x);
double igammac(double a, double x);
// dx/da at a fixed quantile x of the gamma distribution of shape a and rate 1.
double gamma_quantile_gradient(double a, double x);
// dx/da / (1 - x) at a fixed quantile x of the beta distribution with parameters a and total - a.
double beta_quantile_gradient(double x, double a, double total);

}  // namespace wengert::kernels::special
