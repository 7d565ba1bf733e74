// Numbers drawn from the distributions beside uniform and normal, choices and permutations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/elementwise.h"
#include "ops/op.h"
#include "ops/operands.h"
#include "ops/operations.h"
#include "ops/random_fill.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

Generator::State draw(Generator* generator, int64_t n) {
  return (generator ? *generator : default_generator()).advance(random_blocks(count_to_draw(n)));
}

enum class Kind : int64_t { exponential, geometric, cauchy, bernoulli };

double transform(Kind kind, double u, double a, double b) {
  switch (kind) {
    case Kind::exponential:
      return -std::log1p(-u) / a;
    case Kind::geometric:
      return std::fmax(1, std::ceil(std::log1p(-u) / std::log1p(-a)));
    case Kind::cauchy:
      return a + b * std::tan(3.14159265358979323846 * (u - 0.5));
    case Kind::bernoulli:
      return u < a ? 1 : 0;
  }
  return 0;
}

// Fills the input in place; the old elements have no part in the new ones.
struct Draw {
  int64_t kind;
  double a, b;
  uint64_t seed, offset;
  static constexpr const char* name = "random_draw";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(kind, a, b, seed, offset)
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    const kernels::CastFn cast = kernels::cast(out.dtype, DType::float64);
    const auto item = static_cast<int64_t>(item_size(out.dtype));
    for_random_bits(out.numel, seed, offset, [&](const uint64_t* bits, int64_t first, int64_t n) {
      double values[512];
      for (int64_t i = 0; i < n; ++i)
        values[i] = transform(static_cast<Kind>(kind), unit_interval(bits[i]), a, b);
      cast(n, out.data + first * item, values);
    });
  }
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

// Whole numbers from, from + 1, ... ; `range` of them, all 2^64 for 0.
struct DrawIntegers {
  int64_t from;
  uint64_t range;
  uint64_t seed, offset;
  static constexpr const char* name = "random_integers";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(from, range, seed, offset)
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    const kernels::CastFn cast = kernels::cast(out.dtype, DType::int64);
    const auto item = static_cast<int64_t>(item_size(out.dtype));
    for_random_bits(out.numel, seed, offset, [&](const uint64_t* bits, int64_t first, int64_t n) {
      int64_t values[512];
      for (int64_t i = 0; i < n; ++i) {
        // The upper half of the product is even to within range / 2^64.
        const uint64_t k =
            range == 0
                ? bits[i]
                : static_cast<uint64_t>((static_cast<unsigned __int128>(bits[i]) * range) >> 64);
        values[i] = static_cast<int64_t>(static_cast<uint64_t>(from) + k);
      }
      cast(n, out.data + first * item, values);
    });
  }
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

// 1 with the probability that the input holds, else 0.
struct Bernoulli {
  uint64_t seed, offset;
  static constexpr const char* name = "bernoulli";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  WG_FIELDS(seed, offset)
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor p = as_contiguous(c.in(0), DType::float64);
    const double* x = p.data<double>();
    for (int64_t i = 0; i < p.numel(); ++i) {
      WG_CHECK(x[i] >= 0 && x[i] <= 1, Error,
               "bernoulli: probabilities must lie in [0, 1], but one is ", x[i]);
    }
    const Tensor y = new_tensor(DType::float64, p.shape());
    double* to = y.data<double>();
    for_random_bits(p.numel(), seed, offset, [&](const uint64_t* bits, int64_t first, int64_t n) {
      for (int64_t i = 0; i < n; ++i) to[first + i] = unit_interval(bits[i]) < x[first + i] ? 1 : 0;
    });
    copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

// Positions drawn from each row with probabilities proportional to its elements.
struct Multinomial {
  int64_t samples;
  bool replacement;
  uint64_t seed, offset;
  static constexpr const char* name = "multinomial";
  static constexpr bool random = true;
  static constexpr Batching batching = Batching::leading;
  WG_FIELDS(samples, replacement, seed, offset)
  void infer(Infer& m) const {
    m.out().dtype = DType::int64;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[m.out().shape.ndim - 1] = samples;
  }
  void compute(Compute& c) const {
    const Tensor weights = as_contiguous(c.in(0), DType::float64);
    const int64_t n = weights.size(-1), rows = n == 0 ? 0 : weights.numel() / n;
    // Random numbers of a row: one a sample, or one a weight.
    const int64_t stride = replacement ? samples : n;
    std::vector<double> u(static_cast<size_t>(rows * stride));
    for_random_bits(rows * stride, seed, offset,
                    [&](const uint64_t* bits, int64_t first, int64_t count) {
                      for (int64_t i = 0; i < count; ++i)
                        u[static_cast<size_t>(first + i)] = unit_interval(bits[i]);
                    });
    for (int64_t r = 0; r < rows; ++r) {
      const double* w = weights.data<double>() + r * n;
      check(w, n);
      int64_t* to = c.out().data<int64_t>() + r * samples;
      if (replacement) {
        with_replacement(w, n, u.data() + r * stride, to);
      } else {
        without_replacement(w, n, u.data() + r * stride, to);
      }
    }
  }

 private:
  void check(const double* w, int64_t n) const {
    double sum = 0;
    int64_t possible = 0;
    for (int64_t i = 0; i < n; ++i) {
      WG_CHECK(std::isfinite(w[i]) && w[i] >= 0, Error,
               "multinomial: probabilities must be finite and not negative, but one is ", w[i]);
      sum += w[i];
      possible += w[i] > 0;
    }
    WG_CHECK(sum > 0, Error,
             "multinomial: the sum of the probabilities of a row must be positive, but is ", sum);
    WG_CHECK(replacement || possible >= samples, Error, "multinomial: ", samples,
             " samples without replacement need as many positive probabilities, but a row has ",
             possible);
  }
  void with_replacement(const double* w, int64_t n, const double* u, int64_t* to) const {
    std::vector<double> sums(static_cast<size_t>(n));
    std::partial_sum(w, w + n, sums.begin());
    // The last one that can be drawn, should rounding go beyond it.
    int64_t last = n - 1;
    while (w[last] == 0) --last;
    for (int64_t k = 0; k < samples; ++k) {
      const int64_t i =
          std::upper_bound(sums.begin(), sums.end(), u[k] * sums.back()) - sums.begin();
      to[k] = i < last ? i : last;
    }
  }
  // Efraimidis and Spirakis, Inf. Process. Lett. 97 (2006): the smallest of exponential numbers
  // whose rates are the weights, in their order.
  void without_replacement(const double* w, int64_t n, const double* u, int64_t* to) const {
    std::vector<std::pair<double, int64_t>> keys;
    for (int64_t i = 0; i < n; ++i) {
      if (w[i] > 0) keys.emplace_back(-std::log1p(-u[i]) / w[i], i);
    }
    std::partial_sort(keys.begin(), keys.begin() + samples, keys.end());
    for (int64_t k = 0; k < samples; ++k) to[k] = keys[static_cast<size_t>(k)].second;
  }
};

// 0, 1, ... in random order, in every row.
struct Permutation {
  uint64_t seed, offset;
  static constexpr const char* name = "randperm";
  static constexpr bool random = true;
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::leading;
  WG_FIELDS(seed, offset)
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor whole = empty(c.out().shape(), DType::int64);
    const int64_t n = whole.size(-1), total = whole.numel();
    std::vector<uint64_t> bits(static_cast<size_t>(total));
    for_random_bits(total, seed, offset, [&](const uint64_t* b, int64_t first, int64_t count) {
      std::copy(b, b + count, bits.begin() + first);
    });
    for (int64_t row = 0; row < total; row += n) {
      int64_t* const order = whole.data<int64_t>() + row;
      std::iota(order, order + n, int64_t{0});
      for (int64_t i = n - 1; i > 0; --i) {
        const auto range = static_cast<uint64_t>(i) + 1;
        const uint64_t drawn = bits[static_cast<size_t>(row + i)];
        const auto k = static_cast<int64_t>((static_cast<unsigned __int128>(drawn) * range) >> 64);
        std::swap(order[i], order[k]);
      }
    }
    copy_elements(*c.out().impl(), *whole.impl());
  }
};

Tensor& draw_into(const char* op, Tensor& self, Kind kind, double a, double b,
                  Generator* generator) {
  WG_CHECK(!is_complex(detail::input(op, self)->dtype) &&
               (kind == Kind::bernoulli || kind == Kind::geometric || is_floating(self.dtype())),
           NotImplementedError, op, ": expected a floating point dtype, but got ", self.dtype());
  const Generator::State s = draw(generator, self.numel());
  apply_in_place(Draw{static_cast<int64_t>(kind), a, b, s.seed, s.offset}, self);
  return self;
}

// The whole numbers that a dtype holds without gaps: [first, last].
std::pair<int64_t, int64_t> whole_numbers(DType t) {
  switch (t) {
    case DType::bool_:
      return {0, 1};
    case DType::uint8:
      return {0, 255};
    case DType::int8:
      return {-128, 127};
    case DType::int16:
      return {-32768, 32767};
    case DType::int32:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case DType::float16:
      return {-2048, 2048};
    case DType::bfloat16:
      return {-256, 256};
    case DType::float32:
      return {-(int64_t{1} << 24), int64_t{1} << 24};
    case DType::float64:
      return {-(int64_t{1} << 53), int64_t{1} << 53};
    default:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
  }
}

}  // namespace

Tensor& exponential_(Tensor& self, double lambd, Generator* generator) {
  WG_CHECK(lambd > 0, Error, "exponential_: lambd must be positive, but is ", lambd);
  return draw_into("exponential_", self, Kind::exponential, lambd, 0, generator);
}
Tensor& geometric_(Tensor& self, double p, Generator* generator) {
  WG_CHECK(p > 0 && p < 1, Error, "geometric_: p must lie between 0 and 1, but is ", p);
  return draw_into("geometric_", self, Kind::geometric, p, 0, generator);
}
Tensor& cauchy_(Tensor& self, double median, double sigma, Generator* generator) {
  WG_CHECK(sigma > 0, Error, "cauchy_: sigma must be positive, but is ", sigma);
  return draw_into("cauchy_", self, Kind::cauchy, median, sigma, generator);
}
Tensor& log_normal_(Tensor& self, double mean, double std, Generator* generator) {
  WG_CHECK(std > 0, Error, "log_normal_: std must be positive, but is ", std);
  return exp_(normal_(self, mean, std, generator));
}
Tensor& bernoulli_(Tensor& self, double p, Generator* generator) {
  WG_CHECK(p >= 0 && p <= 1, Error, "bernoulli_: p must lie in [0, 1], but is ", p);
  return draw_into("bernoulli_", self, Kind::bernoulli, p, 0, generator);
}
Tensor bernoulli(const Tensor& input, Generator* generator) {
  WG_CHECK(is_floating(detail::input("bernoulli", input)->dtype), NotImplementedError,
           "bernoulli: expected a floating point dtype, but got ", input.dtype());
  const Generator::State s = draw(generator, input.numel());
  return apply(Bernoulli{s.seed, s.offset}, input);
}

Tensor& random_(Tensor& self, int64_t from, std::optional<int64_t> to, Generator* generator) {
  const auto [first, last] = whole_numbers(detail::input("random_", self)->dtype);
  WG_CHECK(!is_complex(self.dtype()), NotImplementedError, "random_: not available for dtype ",
           self.dtype());
  WG_CHECK(!to || from < *to, Error, "random_: expected from < to, but got ", from, " and ",
           to.value_or(0));
  const int64_t greatest = to ? *to - 1 : last;
  WG_CHECK(is_floating(self.dtype()) || (from >= first && greatest <= last), Error,
           "random_: numbers from ", from, " to ", greatest, " do not fit in dtype ", self.dtype());
  const Generator::State s = draw(generator, self.numel());
  const uint64_t range = static_cast<uint64_t>(greatest) - static_cast<uint64_t>(from) + 1;
  apply_in_place(DrawIntegers{from, range, s.seed, s.offset}, self);
  return self;
}
Tensor randint(int64_t low, int64_t high, Dims shape, std::optional<DType> dtype,
               Generator* generator) {
  WG_CHECK(low < high, Error, "randint: expected low < high, but got ", low, " and ", high);
  Tensor t = to_draw(shape, dtype.value_or(DType::int64));
  return random_(t, low, high, generator);
}
Tensor randint_like(const Tensor& input, int64_t low, int64_t high, std::optional<DType> dtype,
                    Generator* generator) {
  WG_CHECK(low < high, Error, "randint_like: expected low < high, but got ", low, " and ", high);
  Tensor t = to_draw_like(input, dtype);
  return random_(t, low, high, generator);
}
Tensor rand_like(const Tensor& input, std::optional<DType> dtype, Generator* generator) {
  Tensor t = to_draw_like(input, dtype);
  return uniform_(t, 0, 1, generator);
}
Tensor randn_like(const Tensor& input, std::optional<DType> dtype, Generator* generator) {
  Tensor t = to_draw_like(input, dtype);
  return normal_(t, 0, 1, generator);
}
Tensor randperm(int64_t n, std::optional<DType> dtype, Generator* generator) {
  WG_CHECK(n >= 0, Error, "randperm: n must not be negative, but is ", n);
  Tensor t = to_draw({n}, dtype.value_or(DType::int64));
  WG_CHECK(n == 0 || n - 1 <= whole_numbers(t.dtype()).second, Error, "randperm: numbers below ", n,
           " do not fit in dtype ", t.dtype());
  const Generator::State s = draw(generator, n);
  apply_in_place(Permutation{s.seed, s.offset}, t);
  return t;
}
Tensor multinomial(const Tensor& input, int64_t num_samples, bool replacement,
                   Generator* generator) {
  const TensorImpl& x = *detail::input("multinomial", input);
  WG_CHECK(x.ndim == 1 || x.ndim == 2, Error,
           "multinomial: expected one or two dimensions, but got shape ", x.sizes());
  WG_CHECK(is_floating(x.dtype), Error, "multinomial: expected a floating point dtype, but got ",
           x.dtype);
  WG_CHECK(num_samples > 0, Error, "multinomial: num_samples must be positive, but is ",
           num_samples);
  const int64_t n = x.shape()[x.ndim - 1];
  WG_CHECK(n > 0, Error, "multinomial: there is nothing to choose from in shape ", x.sizes());
  WG_CHECK(replacement || num_samples <= n, Error, "multinomial: cannot draw ", num_samples,
           " samples from ", n, " without replacement");
  const int64_t rows = x.numel / n;
  const Generator::State s = draw(generator, rows * (replacement ? num_samples : n));
  return apply(Multinomial{num_samples, replacement, s.seed, s.offset}, input);
}
Tensor normal(const Tensor& mean, const Tensor& std, Generator* generator) {
  const DType t = result_type(mean, std);
  WG_CHECK(is_floating(t), NotImplementedError, "normal: expected a floating point dtype, but got ",
           t);
  const Tensor m = mean.detach(), s = std.detach();
  WG_CHECK(s.numel() == 0 || sum(lt(all_examples(s), Scalar(0))).item().to_int() == 0, Error,
           "normal: every standard deviation must be at least 0");
  Shape shape;
  WG_CHECK(broadcast_shapes(m.shape(), s.shape(), shape), Error, "normal: shapes ", m.shape(),
           " and ", s.shape(), " do not broadcast");
  return add(m, mul(s, randn(shape, t, generator)));
}

namespace {

Tensor normal_row(const Operand& mean, const Operand& std, std::optional<Dims> size,
                  std::optional<DType> dtype, Generator* generator) {
  if (size) {
    WG_CHECK(!mean.tensor && !std.tensor, TypeError,
             "normal: with a size, mean and std must be numbers");
    Tensor t = to_draw(*size, dtype);
    return normal_(t, mean.scalar.to_double(), std.scalar.to_double(), generator);
  }
  WG_CHECK(mean.tensor || std.tensor, TypeError,
           "normal: a size is needed where mean and std are numbers");
  const auto whole = [&](const Operand& o, const Operand& other) {
    return o.tensor ? *o.tensor : full({}, o.scalar.to_double(), other.tensor->dtype());
  };
  return normal(whole(mean, std), whole(std, mean), generator);
}
Tensor& bernoulli_row_(Tensor& self, const Operand& p, Generator* generator) {
  if (!p.tensor) return bernoulli_(self, p.scalar.to_double(), generator);
  Shape shape;
  WG_CHECK(broadcast_shapes(p.tensor->shape(), self.shape(), shape) && Dims(shape) == self.shape(),
           Error, "bernoulli_: probabilities of shape ", p.tensor->shape(), " do not broadcast to ",
           self.shape());
  return copy_(self, bernoulli(expand(p.tensor->detach(), self.shape()), generator));
}
Tensor bernoulli_row(const Tensor& input, std::optional<double> p, Generator* generator) {
  if (!p) return bernoulli(input, generator);
  Tensor t = to_draw_like(input);
  return bernoulli_(t, *p, generator);
}
// random_(), random_(to) and random_(from, to).
Tensor& random_row(Tensor& self, std::optional<int64_t> from, std::optional<int64_t> to,
                   Generator* generator) {
  if (from && !to) return random_(self, 0, from, generator);
  return random_(self, from.value_or(0), to, generator);
}

constexpr uint32_t kFill = kMethod | kMutates | kRandom;
constexpr uint32_t kMake = kFunction | kCreates | kRandom;

constexpr Function rows[] = {
    make_function<exponential_>("exponential_", "self, lambd=1.0, *, generator=None", kFill,
                                "Fills with exponential random numbers of mean 1 / lambd"),
    make_function<geometric_>(
        "geometric_", "self, p, *, generator=None", kFill,
        "Fills with the number of trials up to the first success, each of probability p"),
    make_function<cauchy_>("cauchy_", "self, median=0.0, sigma=1.0, *, generator=None", kFill,
                           "Fills with random numbers of the Cauchy distribution"),
    make_function<log_normal_>(
        "log_normal_", "self, mean=1.0, std=2.0, *, generator=None", kFill,
        "Fills with numbers whose logarithms are normal with that mean and standard deviation"),
    make_function<bernoulli_row_>(
        "bernoulli_", "self, p=0.5, *, generator=None", kFill,
        "Fills with ones of probability p, a number or a tensor, and zeros"),
    make_function<random_row>("random_", "self, from_=None, to=None, *, generator=None", kFill,
                              "Fills with whole numbers in [from, to), by default those the dtype "
                              "holds; with one number, in [0, from)"),
    make_function<bernoulli_row>("bernoulli", "input, p=None, *, generator=None",
                                 kFunction | kMethod | kRandom | kOut,
                                 "Ones with the probability that input (or p) says, and zeros"),
    make_function<multinomial>(
        "multinomial", "input, num_samples, replacement=False, *, generator=None",
        kFunction | kMethod | kRandom | kNoGrad | kOut,
        "Positions drawn from each row with probabilities proportional to its elements"),
    make_function<normal_row>(
        "normal", "mean=0.0, std=1.0, size=None, *, dtype=None, generator=None", kMake | kOut,
        "Normal random numbers; mean and std are tensors, or numbers beside a size"),
    make_function<randint>("_randint", "low, high, size, *, dtype=None, generator=None",
                           kMake | kInternal | kOut, "Whole random numbers in [low, high)"),
    make_function<randint_like>("_randint_like", "input, low, high, *, dtype=None, generator=None",
                                kMake | kInternal,
                                "Whole random numbers in [low, high) of input's shape and dtype"),
    make_function<rand_like>("rand_like", "input, *, dtype=None, generator=None", kMake,
                             "Uniform random numbers in [0, 1) of input's shape and dtype"),
    make_function<randn_like>("randn_like", "input, *, dtype=None, generator=None", kMake,
                              "Standard normal random numbers of input's shape and dtype"),
    make_function<randperm>("randperm", "n, *, dtype=None, generator=None", kMake | kOut,
                            "The numbers 0 to n - 1 in random order"),
};
}  // namespace

extern const FunctionTable distribution_functions;
const FunctionTable distribution_functions = {rows, std::size(rows)};

WG_OPERATIONS(distribution, operation<Multinomial>(), operation<Permutation>(),
              operation<DrawIntegers>(), operation<Draw>(), operation<Bernoulli>())

WENGERT_NAMESPACE_END
