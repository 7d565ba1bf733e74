// Products.
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/reduce_plan.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Prod {
  DimSet dims;
  bool keepdim;
  DType dtype;
  static constexpr const char* name = "prod";
  WG_FIELDS(dims, keepdim, dtype)
  Prod batched(int64_t) const { return {dims.later(), keepdim, dtype}; }
  static constexpr Save saves[] = {save_input(0), save_output(0)};
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = reduced_shape(m.in(0).sizes(), dims, keepdim);
  }
  void compute(Compute& c) const {
    reduce_into(name, kernels::Reduce::prod, c.in(0), dims, *c.out().impl(), dtype);
  }
  void vjp(Vjp& v) const {
    const Tensor& x = v.saved(0);
    const Tensor g = spread(v.grad(), v.shape(0), dims, keepdim);
    if (!v.create_graph() && all(x).item().to_bool()) {
      v.set(0, mul(g, conj(div(spread(v.saved(1), v.shape(0), dims, keepdim), x))));
    } else {
      v.set(0, mul(g, conj(product_of_others(x.to(dtype)))));
    }
  }
  void jvp(Jvp& j) const {
    const Shape list = dims;
    const Tensor parts = mul(j.tangent(0), product_of_others(j.in(0).to(dtype)));
    j.set(0, dims.bits ? sum(parts, list, keepdim) : parts);
  }

 private:
  // For each element the product of all others: of those before it and of those after it.
  Tensor product_of_others(const Tensor& x) const {
    if (x.numel() == 0) return x;
    Shape order;
    for (int i = 0; i < x.dim(); ++i) {
      if (!dims.has(i)) order.push(i);
    }
    Shape rows;
    for (int i = 0; i < order.ndim; ++i) rows.push(x.size(order.d[i]));
    for (int i = 0; i < x.dim(); ++i) {
      if (dims.has(i)) order.push(i);
    }
    const Tensor moved = permute(x, order);
    rows.push(reduced_count(x.shape(), dims));
    const Tensor row = reshape(moved, rows);
    const auto reversed = [](const Tensor& t) { return slice(t, -1, {}, {}, -1); };
    const auto before = [](const Tensor& t) {
      Shape one = t.shape();
      one.d[one.ndim - 1] = 1;
      return cumprod(cat({ones(one, t.dtype()), slice(t, -1, 0, -1)}, -1), -1);
    };
    const Tensor others = mul(before(row), reversed(before(reversed(row))));
    Shape back;
    back.ndim = order.ndim;
    for (int i = 0; i < order.ndim; ++i) back.d[order.d[i]] = i;
    return permute(reshape(others, moved.shape()), back);
  }
};

}  // namespace

Tensor prod(const Tensor& input, Dims dims, bool keepdim, std::optional<DType> dtype) {
  const TensorImpl& x = *detail::input("prod", input);
  const DType t = dtype ? *dtype : is_integral(x.dtype) ? DType::int64 : x.dtype;
  const bool truths = t == DType::bool_ && x.dtype != t;  // converted first: no half is false
  return apply(Prod{wrap_dims("prod", dims, x.ndim), keepdim, t}, truths ? to(input, t) : input);
}

namespace {
constexpr Function rows[] = {
    make_function<prod>(
        "prod", "input, dim=(), keepdim=False, *, dtype=None", kFunction | kMethod | kOut,
        "Product over the given dimensions, or all. Integers and bools are multiplied as int64.",
        "T((3, 4))\nT((3, 4)), 0\nT((3, 4, 2)), 1, True\nT((2, 3, 2)), (0, 2)\nT((0, 3)), 0\nT(())",
        "np.prod(input, axis=dim or None, keepdims=keepdim)"),
};
}  // namespace

extern const FunctionTable prod_functions;
const FunctionTable prod_functions = {rows, std::size(rows)};

WG_OPERATIONS(prod, operation<Prod>())

WENGERT_NAMESPACE_END
