// Sums and what is made of them.
#include "kernels/elementwise.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/reduce_plan.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Sum {
  DimSet dims;
  bool keepdim;
  DType dtype;
  static constexpr const char* name = "sum";
  WG_FIELDS(dims, keepdim, dtype)
  static constexpr Tangents tangents = Tangents::linear;
  Sum batched(int64_t) const { return {dims.later(), keepdim, dtype}; }
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    reduce_into(name, kernels::Reduce::sum, c.in(0), dims, *c.out().impl(), dtype);
  }
  void vjp(Vjp& v) const { v.set(0, spread(v.grad(), v.shape(0), dims, keepdim)); }
};

struct Mean {
  DimSet dims;
  bool keepdim;
  DType dtype;
  static constexpr const char* name = "mean";
  WG_FIELDS(dims, keepdim, dtype)
  static constexpr Tangents tangents = Tangents::linear;
  Mean batched(int64_t) const { return {dims.later(), keepdim, dtype}; }
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    const DType t = compute_dtype(dtype);
    const TensorImpl& out = *c.out().impl();
    const Tensor sums = t == dtype ? c.out() : new_tensor(t, out.sizes());
    reduce_into(name, kernels::Reduce::sum, c.in(0), dims, *sums.impl(), t);
    alignas(16) char count[16];
    store_scalar(t, count, static_cast<double>(reduced_count(c.in(0).shape(), dims)));
    char* p = sums.impl()->data;
    kernels::binary(kernels::Binary::div_)
        .fn[static_cast<int>(t)][kernels::kScalarB](out.numel, p, p, count);
    if (t != dtype) copy_elements(out, *sums.impl());
  }
  void vjp(Vjp& v) const {
    const Shape shape = v.shape(0);
    v.set(0, spread(div(v.grad(), static_cast<double>(reduced_count(shape, dims))), shape, dims,
                    keepdim));
  }
};

template <bool kEvery>
struct Truth {
  DimSet dims;
  bool keepdim;
  static constexpr const char* name = kEvery ? "all" : "any";
  WG_FIELDS(dims, keepdim)
  Truth batched(int64_t) const { return {dims.later(), keepdim}; }
  void infer(Infer& m) const {
    // uint8 stands for bool in older programs, and stays what it is.
    m.out().dtype = m.in(0).dtype == DType::uint8 ? DType::uint8 : DType::bool_;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    reduce_into(name, kEvery ? kernels::Reduce::all : kernels::Reduce::any, c.in(0), dims,
                *c.out().impl(), c.in(0).dtype());
  }
};

}  // namespace

Tensor sum(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("sum", input);
  const DType t = dtype ? *dtype : is_integral(x.dtype) ? DType::int64 : x.dtype;
  // Converted first: neither a half nor 1 - 1 is false.
  const bool truths = t == DType::bool_ && x.dtype != t;
  return apply(Sum{wrap_dims("sum", dims, x.ndim), keepdim, t}, truths ? to(input, t) : input);
}

Tensor mean(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("mean", input);
  const DType t = dtype.value_or(x.dtype);
  WG_CHECK(is_differentiable(t), Error,
           "mean: expected a floating point or complex dtype, but got ", t,
           "; give dtype=, or convert the input first");
  return apply(Mean{wrap_dims("mean", dims, x.ndim), keepdim, t}, input);
}

Tensor nansum(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("nansum", input);
  if (!is_floating(x.dtype)) return sum(input, dims, keepdim, dtype);
  return sum(where(isnan(input), zeros({}, x.dtype), input), dims, keepdim, dtype);
}

Tensor nanmean(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const DType t = dtype.value_or(detail::input("nanmean", input)->dtype);
  WG_CHECK(is_floating(t), Error, "nanmean: expected a floating point dtype, but got ", t,
           "; give dtype=, or convert the input first");
  return div(nansum(input, dims, keepdim, t), sum(logical_not(isnan(input)), dims, keepdim).to(t));
}

Tensor any(const Tensor& input, Dims dims, bool keepdim) {
  return apply(Truth<false>{wrap_dims("any", dims, detail::input("any", input)->ndim), keepdim},
               input);
}
Tensor all(const Tensor& input, Dims dims, bool keepdim) {
  return apply(Truth<true>{wrap_dims("all", dims, detail::input("all", input)->ndim), keepdim},
               input);
}
Tensor count_nonzero(const Tensor& input, Dims dims) { return sum(ne(input, 0), dims); }

namespace {

// Unlike the other reductions, these reduce nothing over an empty list of dimensions.
template <bool kEvery>
Tensor truth_row(const Tensor& input, std::optional<Dims> dim, bool keepdim) {
  if (!dim || !dim->empty()) {
    const Dims dims = dim.value_or(Dims{});
    return kEvery ? all(input, dims, keepdim) : any(input, dims, keepdim);
  }
  const Tensor truth = ne(input, 0);
  return input.dtype() == DType::uint8 ? to(truth, DType::uint8) : truth;
}

constexpr Function rows[] = {
    make_function<sum>(
        "sum", "input, dim=(), keepdim=False, *, dtype=None", kFunction | kMethod | kOut,
        "Sum over the given dimensions, or all. Integers and bools are summed as int64.",
        "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nT((0, 3)), 0\nT(())",
        "np.sum(input, axis=dim or None, keepdims=keepdim)"),
    make_function<mean>("mean", "input, dim=(), keepdim=False, *, dtype=None",
                        kFunction | kMethod | kOut,
                        "Arithmetic mean over the given dimensions, or all",
                        "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nT(())",
                        "np.mean(input, axis=dim or None, keepdims=keepdim)"),
    make_function<nansum>("nansum", "input, dim=(), keepdim=False, *, dtype=None",
                          kFunction | kMethod | kOut,
                          "Sum over the given dimensions, or all, with NaN counted as zero",
                          "T((3, 4))\nT((3, 4)), 1\nT((0, 3)), 0",
                          "np.nansum(input, axis=dim or None, keepdims=keepdim)"),
    make_function<nanmean>(
        "nanmean", "input, dim=(), keepdim=False, *, dtype=None", kFunction | kMethod | kOut,
        "Mean of the elements that are not NaN over the given dimensions, or all",
        "T((3, 4))\nT((3, 4)), 1, True", "np.nanmean(input, axis=dim or None, keepdims=keepdim)"),
    make_function<truth_row<false>>(
        "any", "input, dim=None, keepdim=False", kFunction | kMethod | kOut | kNoGrad,
        "Whether some element over the given dimensions, or all, is nonzero (NaN is)",
        "M((3, 4))\nM((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nM((0, 3)), 0\nI((3, 4), 0, 2), ()",
        "np.any(input, axis=dim, keepdims=keepdim)"),
    make_function<truth_row<true>>(
        "all", "input, dim=None, keepdim=False", kFunction | kMethod | kOut | kNoGrad,
        "Whether every element over the given dimensions, or all, is nonzero (NaN is)",
        "M((3, 4))\nM((3, 4)), 0\nT((3, 4, 2)), (0, 2), True\nM((0, 3)), 0\nI((3, 4), 0, 2), ()",
        "np.all(input, axis=dim, keepdims=keepdim)"),
    make_function<count_nonzero>("count_nonzero", "input, dim=()", kFunction | kMethod | kNoGrad,
                                 "How many elements over the given dimensions are nonzero",
                                 "M((3, 4))\nI((3, 4), -1, 2), 0\nT((0, 3)), 0",
                                 "np.count_nonzero(input, axis=dim or None)"),
};
}  // namespace

extern const FunctionTable reduction_functions;
const FunctionTable reduction_functions = {rows, std::size(rows)};

WG_OPERATIONS(reduction, operation<Sum>(), operation<Mean>(), operation<Truth<false>>(),
              operation<Truth<true>>())

WENGERT_NAMESPACE_END
