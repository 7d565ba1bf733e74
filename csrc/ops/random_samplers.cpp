// Gamma, Dirichlet, Poisson and binomial random numbers with parameters in tensors, and how gamma
// and Dirichlet numbers move with theirs (implicit reparameterisation).
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/levels.h"
#include "kernels/special.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/random_counts.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

constexpr int64_t kGrain = 512;

Generator::State draw(Generator* generator, int64_t n) {
  return (generator ? *generator : default_generator())
      .advance(static_cast<uint64_t>(count_to_draw(n)));
}

void like_first(Infer& m) {
  m.out().dtype = m.in(0).dtype;
  m.out().shape = m.in(0).sizes();
}

double smallest(DType t) {
  switch (t) {
    case DType::float64:
      return std::numeric_limits<double>::min();
    case DType::float16:
      return 0x1p-14;
    default:  // bfloat16 has float32's exponents
      return std::numeric_limits<float>::min();
  }
}

// Computes in float64: f(x0, x1, ..., i) of the elements of the inputs, which have one shape.
template <int kInputs, class F>
void map_double(Compute& c, F&& f) {
  Tensor dense[kInputs];
  const double* x[kInputs];
  for (int k = 0; k < kInputs; ++k) {
    dense[k] = as_contiguous(c.in(k), DType::float64);
    x[k] = dense[k].template data<double>();
  }
  const Tensor y = new_tensor(DType::float64, c.out().shape());
  double* to = y.data<double>();
  runtime::parallel_for(y.numel(), kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if constexpr (kInputs == 1) to[i] = f(x[0][i], i);
      if constexpr (kInputs == 2) to[i] = f(x[0][i], x[1][i], i);
      if constexpr (kInputs == 3) to[i] = f(x[0][i], x[1][i], x[2][i], i);
    }
  });
  copy_elements(*c.out().impl(), *y.impl());
}

[[noreturn]] void no_second_derivative(const char* op) {
  fail<NotImplementedError>(op, ": random numbers can be differentiated once only");
}

struct GammaGradient {
  static constexpr const char* name = "_standard_gamma_grad";
  WG_NO_FIELDS
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    map_double<2>(c, [](double a, double x, int64_t) {
      return kernels::special::gamma_quantile_gradient(a, x);
    });
  }
  void vjp(Vjp&) const { no_second_derivative(name); }
};

struct StandardGamma {
  uint64_t seed, offset;
  static constexpr const char* name = "_standard_gamma";
  static constexpr bool random = true;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(seed, offset)
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    const double least = smallest(c.out().dtype());
    map_double<1>(c, [&](double a, int64_t i) {
      if (!(a > 0)) return a == 0 ? 0.0 : std::numeric_limits<double>::quiet_NaN();
      RandomStream random(seed, offset, i);
      return std::fmax(least, std::exp(sample_log_gamma(random, a)));
    });
  }
  void vjp(Vjp& v) const {
    v.set(0, mul(v.grad(), apply(GammaGradient{}, v.saved(0), v.saved(1))));
  }
};

struct DirichletGradient {
  static constexpr const char* name = "_dirichlet_grad";
  WG_NO_FIELDS
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    map_double<3>(c, [](double x, double a, double total, int64_t) {
      return kernels::special::beta_quantile_gradient(x, a, total);
    });
  }
  void vjp(Vjp&) const { no_second_derivative(name); }
};

// Rows of gamma numbers over their sum, computed from logarithms so that none of small
// concentrations are 0 / 0.
struct SampleDirichlet {
  uint64_t seed, offset;
  static constexpr const char* name = "_sample_dirichlet";
  static constexpr bool random = true;
  static constexpr Batching batching = Batching::leading;
  WG_FIELDS(seed, offset)
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    const Tensor a = as_contiguous(c.in(0), DType::float64);
    const int64_t n = a.size(-1), rows = n ? a.numel() / n : 0;
    const Tensor y = new_tensor(DType::float64, a.shape());
    const double least = smallest(c.out().dtype());
    runtime::parallel_for(rows, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, n)),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t r = begin; r < end; ++r)
                              row(a.data<double>() + r * n, y.data<double>() + r * n, n, r, least);
                          });
    copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    const Tensor &a = v.saved(0), &x = v.saved(1);
    const Tensor total = expand(sum(a, {-1}, true), a.shape());
    const Tensor mean = sum(mul(x, v.grad()), {-1}, true);
    v.set(0, mul(apply(DirichletGradient{}, x, a, total), sub(v.grad(), mean)));
  }

 private:
  void row(const double* a, double* y, int64_t n, int64_t r, double least) const {
    double greatest = -std::numeric_limits<double>::infinity(), total = 0;
    for (int64_t i = 0; i < n; ++i) {
      RandomStream random(seed, offset, r * n + i);
      y[i] = sample_log_gamma(random, a[i]);
      greatest = std::fmax(greatest, y[i]);
    }
    for (int64_t i = 0; i < n; ++i) total += y[i] = std::exp(y[i] - greatest);
    for (int64_t i = 0; i < n; ++i) y[i] = std::fmax(least, y[i] / total);
  }
};

struct Poisson {
  uint64_t seed, offset;
  static constexpr const char* name = "poisson";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(seed, offset)
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    map_double<1>(c, [&](double rate, int64_t i) {
      WG_CHECK(rate >= 0 && std::isfinite(rate), Error,
               "poisson: rates must be finite and not negative, but one is ", rate);
      RandomStream random(seed, offset, i);
      return sample_poisson(random, rate);
    });
  }
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

struct Binomial {
  uint64_t seed, offset;
  static constexpr const char* name = "binomial";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(seed, offset)
  void infer(Infer& m) const { like_first(m); }
  void compute(Compute& c) const {
    map_double<2>(c, [&](double n, double p, int64_t i) {
      if (std::isnan(n) || std::isnan(p)) return std::numeric_limits<double>::quiet_NaN();
      // Beyond the bounds as at them.
      if (n <= 0 || p <= 0) return 0.0;
      if (p >= 1) return n;
      WG_CHECK(std::isfinite(n), Error, "binomial: counts must be finite");
      RandomStream random(seed, offset, i);
      return sample_binomial(random, std::floor(n), p);
    });
  }
  void vjp(Vjp& v) const {
    for (int i = 0; i < 2; ++i) {
      if (v.needs(i)) v.set(i, zeros(v.shape(i), v.dtype(i)));
    }
  }
};

void check_floating(const char* op, const Tensor& t) {
  WG_CHECK(is_floating(detail::input(op, t)->dtype), NotImplementedError, op,
           ": expected a floating point dtype, but got ", t.dtype());
}

}  // namespace

Tensor poisson(const Tensor& input, Generator* generator) {
  check_floating("poisson", input);
  const Generator::State s = draw(generator, input.numel());
  return apply(Poisson{s.seed, s.offset}, input);
}

Tensor binomial(const Tensor& count, const Tensor& prob, Generator* generator) {
  for (const Tensor& t : {count, prob}) {
    WG_CHECK(is_floating(detail::input("binomial", t)->dtype), ValueError,
             "binomial: expected floating point dtypes, but got ", t.dtype());
  }
  WG_CHECK(count.dtype() == prob.dtype(), Error, "binomial: count has dtype ", count.dtype(),
           ", but prob has ", prob.dtype());
  Shape shape;
  WG_CHECK(broadcast_shapes(count.shape(), prob.shape(), shape), Error, "binomial: shapes ",
           count.shape(), " and ", prob.shape(), " do not broadcast");
  const Tensor n = expand(count, shape), p = expand(prob, shape);
  const Generator::State s = draw(generator, n.numel());
  return apply(Binomial{s.seed, s.offset}, n, p);
}

Tensor standard_gamma(const Tensor& input, Generator* generator) {
  check_floating("_standard_gamma", input);
  const Generator::State s = draw(generator, input.numel());
  return apply(StandardGamma{s.seed, s.offset}, input);
}

Tensor sample_dirichlet(const Tensor& input, Generator* generator) {
  check_floating("_sample_dirichlet", input);
  WG_CHECK(input.dim() >= 1, Error, "_sample_dirichlet: expected at least 1 dimension");
  const Generator::State s = draw(generator, input.numel());
  return apply(SampleDirichlet{s.seed, s.offset}, input);
}

namespace {

Tensor standard_gamma_grad(const Tensor& input, const Tensor& output) {
  check_floating("_standard_gamma_grad", input);
  WG_CHECK(input.shape() == detail::input("_standard_gamma_grad", output)->sizes(), Error,
           "_standard_gamma_grad: shapes ", input.shape(), " and ", output.shape(), " differ");
  return apply(GammaGradient{}, input, output);
}
Tensor dirichlet_grad(const Tensor& x, const Tensor& alpha, const Tensor& total) {
  check_floating("_dirichlet_grad", x);
  WG_CHECK(x.shape() == detail::input("_dirichlet_grad", alpha)->sizes() &&
               x.shape() == detail::input("_dirichlet_grad", total)->sizes(),
           Error, "_dirichlet_grad: shapes ", x.shape(), ", ", alpha.shape(), " and ",
           total.shape(), " differ");
  return apply(DirichletGradient{}, x, alpha, total);
}

constexpr Function rows[] = {
    make_function<poisson>("poisson", "input, generator=None", kFunction | kRandom,
                           "Poisson random numbers with the rates in input", "T((3, 4), 0, 20)"),
    make_function<binomial>("binomial", "count, prob, generator=None", kFunction | kRandom,
                            "Numbers of successes in count trials of probability prob",
                            "T((3, 4), 1, 50), T((4,), 0, 1)"),
    make_function<standard_gamma>("_standard_gamma", "input, generator=None", kFunction | kRandom,
                                  "Gamma random numbers of the shapes in input and rate 1",
                                  "T((3, 4), 0.1, 4)"),
    make_function<standard_gamma_grad>(
        "_standard_gamma_grad", "input, output", kFunction | kNoGrad | kInternal,
        "How fast gamma random numbers move with their shape, at a fixed quantile"),
    make_function<sample_dirichlet>(
        "_sample_dirichlet", "input, generator=None", kFunction | kRandom,
        "Dirichlet random numbers with the concentrations in the rows of input",
        "T((3, 4), 0.1, 4)"),
    make_function<dirichlet_grad>(
        "_dirichlet_grad", "x, alpha, total", kFunction | kNoGrad | kInternal,
        "How fast a beta random number x moves with alpha at a fixed quantile, over 1 - x; the "
        "other parameter is total - alpha"),
};
}  // namespace

extern const FunctionTable random_sampler_functions;
const FunctionTable random_sampler_functions = {rows, std::size(rows)};

WG_OPERATIONS(random_samplers, operation<GammaGradient>(), operation<StandardGamma>(),
              operation<SampleDirichlet>(), operation<DirichletGradient>(), operation<Poisson>(),
              operation<Binomial>())

WENGERT_NAMESPACE_END
