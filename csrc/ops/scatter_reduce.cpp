// Scattering with a reduction of what meets in one place.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/take.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

enum class Reduce : int64_t { sum, prod, mean, amax, amin };

Reduce parse_reduce(const char* op, std::string_view text) {
  static constexpr std::string_view names[] = {"sum", "prod", "mean", "amax", "amin"};
  const auto* it = std::find(std::begin(names), std::end(names), text);
  WG_CHECK(it != std::end(names), Error, op,
           ": reduce must be 'sum', 'prod', 'mean', 'amax' or 'amin', but is '", std::string(text),
           "'");
  return static_cast<Reduce>(it - std::begin(names));
}

template <class T>
T combine(Reduce how, T a, T b) {
  switch (how) {
    case Reduce::prod:
      return static_cast<T>(a * b);
    case Reduce::amax:
      return a != a ? a : b != b ? b : std::max(a, b);
    case Reduce::amin:
      return a != a ? a : b != b ? b : std::min(a, b);
    default:
      return static_cast<T>(a + b);
  }
}

template <class T>
T identity(Reduce how) {
  using L = std::numeric_limits<T>;
  switch (how) {
    case Reduce::prod:
      return T(1);
    case Reduce::amax:
      return L::has_infinity ? -L::infinity() : L::lowest();
    case Reduce::amin:
      return L::has_infinity ? L::infinity() : L::max();
    default:
      return T(0);
  }
}

struct ScatterReduce {
  int64_t dim, reduce;
  bool include_self;
  static constexpr const char* name = "scatter_reduce";
  WG_FIELDS(dim, reduce, include_self)
  ScatterReduce batched(int64_t) const { return {dim + 1, reduce, include_self}; }
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    switch (c.out().dtype()) {
      case DType::bool_:
        return run<bool>(c);
      case DType::uint8:
        return run<uint8_t>(c);
      case DType::int8:
        return run<int8_t>(c);
      case DType::int16:
        return run<int16_t>(c);
      case DType::int32:
        return run<int32_t>(c);
      case DType::int64:
        return run<int64_t>(c);
      case DType::float32:
        return run<float>(c);
      case DType::float64:
        return run<double>(c);
      default:
        fail<NotImplementedError>("scatter_reduce: not available for dtype ", c.out().dtype());
    }
  }
  template <class T>
  void run(Compute& c) const {
    const auto how = static_cast<Reduce>(reduce);
    const TensorImpl& out = *c.out().impl();
    copy_elements(out, *c.in(0).impl());
    const Tensor index = as_contiguous(c.in(1), DType::int64);
    Tensor src = c.in(2);
    for (int64_t d = 0; d < index.dim(); ++d) src = slice(src, d, 0, index.size(d));
    src = as_contiguous(src, out.dtype);
    T* to = reinterpret_cast<T*>(out.data);
    const T* from = src.data<T>();
    const auto each = [&](auto&& f) {
      for_each_along(out.sizes(), index.shape(), dim, index.data<int64_t>(), name, f);
    };
    if (!include_self) each([&](int64_t, int64_t q) { to[q] = identity<T>(how); });
    each([&](int64_t p, int64_t q) { to[q] = combine<T>(how, to[q], from[p]); });
    if (how != Reduce::mean) return;
    std::vector<int64_t> count(static_cast<size_t>(out.numel), include_self ? 1 : 0);
    each([&](int64_t, int64_t q) { ++count[static_cast<size_t>(q)]; });
    for (int64_t q = 0; q < out.numel; ++q) {
      const int64_t n = count[static_cast<size_t>(q)];
      if (n <= 1) continue;
      if constexpr (std::is_floating_point_v<T>) {
        to[q] /= static_cast<T>(n);
      } else {  // rounded down
        const auto value = static_cast<int64_t>(to[q]);
        to[q] = static_cast<T>(value / n - (value % n < 0));
      }
    }
  }

  void vjp(Vjp& v) const {
    const Tensor &x = v.saved(0), &index = v.saved(1), &result = v.saved(3);
    Tensor src = v.saved(2);
    for (int64_t d = 0; d < index.dim(); ++d) src = slice(src, d, 0, index.size(d));
    const Tensor& g = v.grad();
    const DType t = g.dtype();
    const Tensor one = ones(index.shape(), t), zero = zeros(index.shape(), t);
    // 1 where the input itself takes part, 0 elsewhere.
    const Tensor own =
        include_self ? ones(x.shape(), t) : scatter(ones(x.shape(), t), dim, index, zero);
    Tensor to_self, to_src;
    switch (static_cast<Reduce>(reduce)) {
      case Reduce::sum:
        to_self = g * own;
        to_src = gather(g, dim, index);
        break;
      case Reduce::mean: {
        const Tensor count = scatter_add(own, dim, index, one);
        to_self = g / where(count == Scalar(0), ones({}, t), count) * own;
        to_src = gather(g / count, dim, index);
        break;
      }
      case Reduce::amax:
      case Reduce::amin: {  // shared equally by all that have the extreme value
        const Tensor self_is = to(x == result, t) * own;
        const Tensor src_is = to(src == gather(result, dim, index), t);
        const Tensor count = scatter_add(self_is, dim, index, src_is);
        const Tensor share = g / where(count == Scalar(0), ones({}, t), count);
        // Where nothing was scattered the input passes unchanged.
        const Tensor untouched = scatter(ones(x.shape(), t), dim, index, zero);
        to_self = share * (include_self ? self_is : untouched);
        to_src = gather(share, dim, index) * src_is;
        break;
      }
      case Reduce::prod: {
        // The product of everything else in the same place: by division, and where a factor is zero
        // with this factor taken as one.
        const auto factors = [&](const Tensor& s, const Tensor& f) {
          return apply(ScatterReduce{dim, reduce, include_self}, s, index, f);
        };
        const Tensor unit = ones({}, t);
        to_self = g * own * factors(include_self ? ones(x.shape(), t) : x, src);
        if (!include_self) to_self = g * own;
        const Tensor src_zero = src == Scalar(0);
        const Tensor zeros_here =
            scatter_add(include_self ? to(x == Scalar(0), t) : zeros(x.shape(), t), dim, index,
                        to(src_zero, t));
        const Tensor without = factors(x, where(src_zero, unit, src));
        const Tensor single = logical_and(src_zero, gather(zeros_here, dim, index) == Scalar(1));
        const Tensor others = gather(result, dim, index) / where(src_zero, unit, src);
        to_src = gather(g, dim, index) *
                 where(single, gather(without, dim, index), where(src_zero, zeros({}, t), others));
        break;
      }
    }
    if (v.needs(0)) v.set(0, to_self);
    if (v.needs(2)) v.set(2, widen(to_src, v.shape(2)));
  }
  // The source may be larger than the index; what lies outside had no part.
  static Tensor widen(const Tensor& g, const Shape& s) {
    std::vector<int64_t> amounts;
    for (int i = s.ndim - 1; i >= 0; --i) {
      amounts.push_back(0);
      amounts.push_back(s.d[i] - g.size(i));
    }
    return g.shape() == Dims(s) ? g : pad(g, amounts);
  }
};

}  // namespace

Tensor scatter_reduce(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src,
                      std::string_view reduce, bool include_self) {
  const int64_t d = check_scatter("scatter_reduce", input, dim, index, &src);
  const Reduce how = parse_reduce("scatter_reduce", reduce);
  if (how == Reduce::sum && include_self) return scatter_add(input, d, index, src);
  if (const DType t = input.dtype(); is_half(t)) {
    return to(scatter_reduce(to(input, DType::float32), d, index, to(src, DType::float32), reduce,
                             include_self),
              t);
  }
  return apply(ScatterReduce{d, static_cast<int64_t>(how), include_self}, input, index, src);
}

namespace {
constexpr Function rows[] = {
    make_function<scatter_reduce>(
        "scatter_reduce", "input, dim, index, src, reduce, *, include_self=True",
        kFunction | kMethod | kInPlace,
        "A copy of input with out[index[i][j]][j] reduced with src[i][j] for dim 0, and so on; "
        "reduce: 'sum', 'prod', 'mean', 'amax' or 'amin'",
        "T((3, 4)), 0, I((5, 4), 0, 3), T((5, 4)), 'sum'\nT((3, 4)), 1, I((3, 2), 0, 4), T((3, "
        "3)), 'prod'\n"
        "T((3, 4)), 0, I((5, 4), 0, 3), T((5, 4)), 'mean'\nT((3, 4)), 0, I((5, 4), 0, 3), T((5, "
        "4)), 'amax'\n"
        "T((3, 4)), 1, I((3, 6), 0, 4), T((3, 6)), 'amin'"),
};
}  // namespace

extern const FunctionTable scatter_reduce_functions;
const FunctionTable scatter_reduce_functions = {rows, std::size(rows)};

WG_OPERATIONS(scatter_reduce, operation<ScatterReduce>())

WENGERT_NAMESPACE_END
