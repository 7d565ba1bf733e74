// Random tensors. An operation's attributes hold the generator's state, so that running it again
// gives the same numbers; drawing that state is what advances the generator.
#include <cmath>
#include <limits>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/random_fill.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

enum class Distribution : int64_t { uniform, normal };

// Fills the first input in place, or a new tensor of `shape`.
struct RandomFill {
  int64_t distribution;
  double a, b;  // bounds, or mean and standard deviation
  uint64_t seed, offset;
  static constexpr const char* name = "random_fill";
  WG_FIELDS(distribution, a, b, seed, offset)
  static constexpr Overwrites overwrites = Overwrites::any;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  static constexpr bool random = true;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    const auto fill = [&]<class T>(T, const TensorImpl& t) {
      T* p = reinterpret_cast<T*>(t.data);
      if (distribution == static_cast<int64_t>(Distribution::uniform)) {
        fill_uniform(p, t.numel, seed, offset, a, b);
      } else {
        fill_normal(p, t.numel, seed, offset, a, b);
      }
    };
    if (out.dtype == DType::float64 && out.contiguous()) {
      fill(double{}, out);
    } else if (out.dtype == DType::float32 && out.contiguous()) {
      fill(float{}, out);
    } else {
      const Tensor t =
          new_tensor(out.dtype == DType::float64 ? DType::float64 : DType::float32, out.sizes());
      out.dtype == DType::float64 ? fill(double{}, *t.impl()) : fill(float{}, *t.impl());
      copy_elements(out, *t.impl());
    }
  }
  // The old elements have no part in the new ones.
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

Tensor& fill(Tensor& self, Distribution d, double a, double b, Generator* generator,
             const char* op) {
  if (is_complex(self.dtype())) {  // the deviation is that of both parts together
    const bool normal = d == Distribution::normal;
    Tensor parts = view_as_real(self);
    fill(parts, d, normal ? 0 : a, normal ? b * std::sqrt(0.5) : b, generator, op);
    if (normal && a != 0) add_(self, Scalar(a));
    return self;
  }
  WG_CHECK(is_floating(self.dtype()), NotImplementedError, op,
           ": expected a floating point or complex dtype, but got ", self.dtype());
  Generator& g = generator ? *generator : default_generator();
  const Generator::State s = g.advance(random_blocks(count_to_draw(self.numel())));
  apply_in_place(RandomFill{static_cast<int64_t>(d), a, b, s.seed, s.offset}, self);
  return self;
}

struct Dropout {
  double p;
  uint64_t seed, offset;
  static constexpr const char* name = "dropout";
  WG_FIELDS(p, seed, offset)
  static constexpr Save saves[] = {save_output(1)};
  static constexpr Batching batching = Batching::elementwise;
  static constexpr bool random = true;
  // The second output is the mask, already scaled; only the gradient sees it.
  void infer(Infer& m) const {
    for (int i = 0; i < 2; ++i) {
      m.out(i).dtype = m.in(0).dtype;
      m.out(i).shape = m.in(0).sizes();
    }
  }
  void compute(Compute& c) const {
    const DType dtype = c.in(0).dtype() == DType::float64 ? DType::float64 : DType::float32;
    const Tensor x = as_contiguous(c.in(0), dtype);
    const bool direct = c.out().dtype() == dtype;
    const Tensor y = direct ? c.out() : new_tensor(dtype, x.shape());
    const Tensor mask = direct ? c.out(1) : new_tensor(dtype, x.shape());
    const DropoutNumbers numbers(p);
    const int64_t n = x.numel();
    const auto item = static_cast<int64_t>(item_size(dtype));
    for_random_groups(n, [&](int64_t begin, int64_t end) {
      kernels::random().dropout[dtype == DType::float64](
          end - begin, y.data<char>() + begin * item, mask.data<char>() + begin * item,
          x.data<char>() + begin * item, seed, kernels::random_counter(offset, begin, false),
          numbers.threshold, numbers.keep);
    });
    if (!direct) {
      copy_elements(*c.out().impl(), *y.impl());
      copy_elements(*c.out(1).impl(), *mask.impl());
    }
  }
  void vjp(Vjp& v) const {
    if (v.grad(0).defined()) v.set(0, mul(v.grad(0), v.saved(0).detach()));
  }
  void jvp(Jvp& j) const { j.set(0, mul(j.tangent(0), j.out(1))); }
};

}  // namespace

Tensor& uniform_(Tensor& self, double from, double to, Generator* generator) {
  WG_CHECK(from <= to, Error, "uniform_: expected from <= to, but got ", from, " and ", to);
  const bool narrow = detail::input("uniform_", self)->dtype != DType::float64;
  WG_CHECK(to - from <=
               (narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max()),
           Error, "uniform_: the range from ", from, " to ", to, " overflows ", self.dtype());
  return fill(self, Distribution::uniform, from, to, generator, "uniform_");
}
Tensor& normal_(Tensor& self, double mean, double std, Generator* generator) {
  WG_CHECK(std >= 0, Error, "normal_: the standard deviation must be non-negative, but got ", std);
  return fill(self, Distribution::normal, mean, std, generator, "normal_");
}
Tensor rand(Dims shape, std::optional<DType> dtype, Generator* generator) {
  Tensor t = to_draw(shape, dtype);
  return uniform_(t, 0, 1, generator);
}
Tensor randn(Dims shape, std::optional<DType> dtype, Generator* generator) {
  Tensor t = to_draw(shape, dtype);
  return normal_(t, 0, 1, generator);
}

Tensor dropout(const Tensor& input, double p, bool training, Generator* generator) {
  WG_CHECK(p >= 0 && p <= 1, ValueError, "dropout: the probability must lie in [0, 1], but got ",
           p);
  const TensorImpl& x = *detail::input("dropout", input);
  if (!training || p == 0) return input;
  WG_CHECK(is_floating(x.dtype), Error, "dropout: expected a floating point dtype, but got ",
           x.dtype);
  Generator& g = generator ? *generator : default_generator();
  const Generator::State s = g.advance(random_blocks(count_to_draw(input.numel())));
  return apply_many<2>(Dropout{p, s.seed, s.offset}, input)[0];
}

namespace {
constexpr Function rows[] = {
    make_function<wengert::rand>("rand", "*size, dtype=None, generator=None",
                                 kFunction | kCreates | kOut | kRandom,
                                 "Uniform random numbers in [0, 1)"),
    make_function<randn>("randn", "*size, dtype=None, generator=None",
                         kFunction | kCreates | kOut | kRandom, "Standard normal random numbers"),
    make_function<uniform_>("uniform_", "self, a=0.0, b=1.0, *, generator=None",
                            kMethod | kMutates | kRandom,
                            "Fills with uniform random numbers in [a, b)"),
    make_function<normal_>("normal_", "self, mean=0.0, std=1.0, *, generator=None",
                           kMethod | kMutates | kRandom, "Fills with normal random numbers"),
    make_function<dropout>("dropout", "input, p=0.5, training=True, generator=None",
                           kFunction | kRandom,
                           "Zeroes each element with probability p and scales the others by 1 / (1 "
                           "- p). Source: Srivastava et al., JMLR 15 (2014)."),
};
}  // namespace

extern const FunctionTable random_functions;
const FunctionTable random_functions = {rows, std::size(rows)};

WG_OPERATIONS(random, operation<RandomFill>(), operation<Dropout>())

WENGERT_NAMESPACE_END
