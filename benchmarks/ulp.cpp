// Measures the error of the elementwise kernels in units in the last place, and prints the table of
// docs/accuracy.md. References: long double for float64, double for float32.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "kernels/elementwise.h"
#include "runtime/cpu.h"

namespace {

using namespace wengert;
using kernels::Binary;
using kernels::Unary;
using Real = long double;

constexpr Real kPi = 3.14159265358979323846264338327950288L;

Real reciprocal(Real x) { return 1 / x; }
Real rsqrt(Real x) { return 1 / sqrtl(x); }
Real sigmoid(Real x) { return 1 / (1 + expl(-x)); }
Real softplus(Real x) { return fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }
Real logsigmoid(Real x) { return -softplus(-x); }
Real silu(Real x) { return x * sigmoid(x); }
Real gelu(Real x) { return 0.5L * x * erfcl(-x / sqrtl(2)); }
Real gelu_tanh(Real x) { return x * sigmoid(2 * sqrtl(2 / kPi) * (x + 0.044715L * x * x * x)); }
Real mish(Real x) { return x * tanhl(softplus(x)); }
Real logaddexp(Real a, Real b) { return fmaxl(a, b) + log1pl(expl(-fabsl(a - b))); }
Real xlogy(Real a, Real b) { return a * logl(b); }

struct UnaryCase {
  const char* name;
  Unary op;
  Real (*reference)(Real);
  double low, high;
  bool logarithmic;  // |x| spread evenly over its exponents
};
const UnaryCase kUnary[] = {
    {"exp", Unary::exp_, expl, -700, 700, false},
    {"exp (float32 range)", Unary::exp_, expl, -87, 88, false},
    {"exp2", Unary::exp2_, exp2l, -120, 120, false},
    {"expm1", Unary::expm1_, expm1l, -20, 80, false},
    {"expm1 (small)", Unary::expm1_, expm1l, 1e-12, 1, true},
    {"log", Unary::log_, logl, 1e-30, 1e30, true},
    {"log (near 1)", Unary::log_, logl, 0.5, 2, false},
    {"log2", Unary::log2_, log2l, 1e-30, 1e30, true},
    {"log2 (near 1)", Unary::log2_, log2l, 0.5, 2, false},
    {"log10", Unary::log10_, log10l, 1e-30, 1e30, true},
    {"log10 (near 1)", Unary::log10_, log10l, 0.5, 2, false},
    {"log1p", Unary::log1p_, log1pl, 1e-12, 1e12, true},
    {"log1p (-0.99 to 1)", Unary::log1p_, log1pl, -0.99, 1, false},
    {"sqrt", Unary::sqrt_, sqrtl, 1e-30, 1e30, true},
    {"rsqrt", Unary::rsqrt_, rsqrt, 1e-30, 1e30, true},
    {"sin", Unary::sin_, sinl, -100, 100, false},
    {"sin (-5000 to 5000)", Unary::sin_, sinl, -5000, 5000, false},
    {"sin (large)", Unary::sin_, sinl, 1e4, 1e12, true},
    {"cos", Unary::cos_, cosl, -100, 100, false},
    {"cos (-5000 to 5000)", Unary::cos_, cosl, -5000, 5000, false},
    {"tan", Unary::tan_, tanl, -100, 100, false},
    {"asin", Unary::asin_, asinl, -1, 1, false},
    {"acos", Unary::acos_, acosl, -1, 1, false},
    {"atan", Unary::atan_, atanl, 1e-6, 1e6, true},
    {"atan (-3 to 3)", Unary::atan_, atanl, -3, 3, false},
    {"sinh", Unary::sinh_, sinhl, 1e-6, 85, true},
    {"cosh", Unary::cosh_, coshl, -85, 85, false},
    {"tanh", Unary::tanh_, tanhl, -12, 12, false},
    {"tanh (small)", Unary::tanh_, tanhl, 1e-12, 1, true},
    {"asinh", Unary::asinh_, asinhl, 1e-12, 1e12, true},
    {"acosh", Unary::acosh_, acoshl, 1, 100, false},
    {"atanh", Unary::atanh_, atanhl, -1, 1, false},
    {"erf", Unary::erf_, erfl, -6, 6, false},
    {"erfc", Unary::erfc_, erfcl, -5, 9, false},
    {"erfc (float64 range)", Unary::erfc_, erfcl, 9, 26, false},
    {"sigmoid", Unary::sigmoid_, sigmoid, -80, 80, false},
    {"logsigmoid", Unary::logsigmoid_, logsigmoid, -80, 80, false},
    {"silu", Unary::silu_, silu, -80, 80, false},
    {"gelu (-3 to 8)", Unary::gelu_, gelu, -3, 8, false},
    {"gelu_tanh (-3 to 8)", Unary::gelu_tanh_, gelu_tanh, -3, 8, false},
    {"mish", Unary::mish_, mish, -20, 20, false},
    {"reciprocal", Unary::reciprocal_, reciprocal, 1e-30, 1e30, true},
    {"lgamma (3 to 100)", Unary::lgamma_, lgammal, 3, 100, false},
};

struct BinaryCase {
  const char* name;
  Binary op;
  Real (*reference)(Real, Real);
  double low_a, high_a, low_b, high_b;
};
const BinaryCase kBinary[] = {
    {"pow", Binary::pow_, powl, 0.01, 100, -18, 18},
    {"pow (near 1)", Binary::pow_, powl, 0.9, 1.1, -800, 800},
    {"pow (float64 range)", Binary::pow_, powl, 1e-3, 1e3, -100, 100},
    {"atan2", Binary::atan2_, atan2l, -3, 3, -3, 3},
    {"hypot", Binary::hypot_, hypotl, -3, 3, -3, 3},
    {"logaddexp", Binary::logaddexp_, logaddexp, -30, 30, 0, 30},
    {"xlogy", Binary::xlogy_, xlogy, -3, 3, 0.01, 10},
    {"fmod", Binary::fmod_, fmodl, -300, 300, 0.5, 3},
};

template <class T>
struct Error {
  double worst = 0;
  void add(T y, Real exact) {
    const T nearest = static_cast<T>(exact);
    if (!std::isfinite(nearest) || std::fabs(nearest) < std::numeric_limits<T>::min()) return;
    const Real unit =
        std::nextafter(std::fabs(nearest), std::numeric_limits<T>::infinity()) - std::fabs(nearest);
    const double error = static_cast<double>(fabsl(y - exact) / unit);
    if (!(error <= worst)) worst = error;
  }
};

template <class T>
std::vector<T> sample(int64_t n, double low, double high, bool logarithmic, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw(logarithmic ? std::log(low) : low,
                                              logarithmic ? std::log(high) : high);
  std::vector<T> x(n);
  for (T& v : x) {
    const double u = draw(random);
    v = static_cast<T>(logarithmic ? std::exp(u) : u);
  }
  return x;
}

template <class T, DType dtype>
double measure(const UnaryCase& c, int64_t n) {
  const std::vector<T> x = sample<T>(n, c.low, c.high, c.logarithmic, 1);
  std::vector<T> y(n);
  kernels::unary(c.op).value[static_cast<int>(dtype)](n, y.data(), x.data());
  Error<T> error;
  for (int64_t i = 0; i < n; ++i) error.add(y[i], c.reference(x[i]));
  return error.worst;
}
template <class T, DType dtype>
double measure(const BinaryCase& c, int64_t n) {
  const std::vector<T> a = sample<T>(n, c.low_a, c.high_a, false, 1);
  const std::vector<T> b = sample<T>(n, c.low_b, c.high_b, false, 2);
  std::vector<T> y(n);
  kernels::binary(c.op).fn[static_cast<int>(dtype)][0](n, y.data(), a.data(), b.data());
  Error<T> error;
  for (int64_t i = 0; i < n; ++i) error.add(y[i], c.reference(a[i], b[i]));
  return error.worst;
}
template <class Case>
void print(const Case& c) {
  constexpr int64_t kSamples = 200000;
  std::printf("| %s | %.2f | %.2f |\n", c.name, measure<float, DType::float32>(c, kSamples),
              measure<double, DType::float64>(c, kSamples));
}

}  // namespace

int main() {
  std::printf("Level: %s\n\n| function | float32 | float64 |\n|---|---|---|\n",
              runtime::name_of(runtime::cpu().level));
  for (const UnaryCase& c : kUnary) print(c);
  for (const BinaryCase& c : kBinary) print(c);
}
