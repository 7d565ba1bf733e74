// Joining tensors.
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Cat {
  int64_t dim;
  static constexpr const char* name = "cat";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  Cat batched(int64_t) const { return {dim + 1}; }
  void infer(Infer& m) const {
    Meta& out = m.out();
    out.shape = m.in(0).sizes();
    out.dtype = m.in(0).dtype;
    for (int k = 1; k < m.n_inputs; ++k) {
      const TensorImpl& x = m.in(k);
      out.dtype = promote(out.dtype, x.dtype);
      bool fits = x.ndim == out.shape.ndim;
      for (int i = 0; fits && i < x.ndim; ++i) fits = i == dim || x.shape()[i] == out.shape.d[i];
      WG_CHECK(fits, Error, "cat: shapes must agree except in dimension ", dim, ", but got ",
               m.in(0).sizes(), " and ", x.sizes());
      WG_CHECK(!__builtin_add_overflow(out.shape.d[dim], x.shape()[dim], &out.shape.d[dim]), Error,
               "cat: the tensors are together larger than 2^63 - 1 along dimension ", dim);
    }
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    int64_t at = 0;
    for (int k = 0; k < c.n_inputs; ++k) {
      const TensorImpl& x = *c.inputs[k];
      Shape piece = out.sizes();
      piece.d[dim] = x.shape()[dim];
      const Tensor part = new_alias(
          out, piece, out.strides(),
          out.data + at * out.strides()[dim] * static_cast<int64_t>(item_size(out.dtype)));
      copy_elements(*part.impl(), x);
      at += x.shape()[dim];
    }
  }
  void vjp(Vjp& v) const {
    int64_t at = 0;
    for (int k = 0; k < v.inputs(); ++k) {
      const int64_t n = v.shape(k).d[dim];
      if (v.needs(k)) v.set(k, slice(v.grad(), dim, at, at + n));
      at += n;
    }
  }
};

}  // namespace

Tensor cat(TensorList tensors, int64_t dim) {
  WG_CHECK(!tensors.empty(), ValueError, "cat: expected at least one tensor");
  // An empty 1-d tensor joins with anything.
  std::vector<Tensor> kept;
  for (const Tensor& t : tensors) {
    const TensorImpl& x = *detail::input("cat", t);
    WG_CHECK(x.ndim > 0, Error, "cat: a 0-d tensor cannot be joined; use stack()");
    if (!(x.ndim == 1 && x.numel == 0)) kept.push_back(t);
  }
  if (kept.empty()) kept.push_back(tensors[0]);
  return apply_list(Cat{wrap_dim("cat", dim, kept[0].dim())}, kept);
}

Tensor stack(TensorList tensors, int64_t dim) {
  WG_CHECK(!tensors.empty(), Error, "stack: expected at least one tensor");
  std::vector<Tensor> parts;
  const int64_t d = wrap_dim("stack", dim, detail::input("stack", tensors[0])->ndim + 1);
  for (const Tensor& t : tensors) {
    WG_CHECK(detail::input("stack", t)->sizes() == tensors[0].shape(), Error,
             "stack: all tensors must have one shape, but got ", tensors[0].shape(), " and ",
             t.shape());
    parts.push_back(unsqueeze(t, d));
  }
  return cat(parts, d);
}

namespace {

Tensor at_least_1d(const Tensor& t) { return t.dim() ? t : reshape(t, {1}); }
// A vector becomes a row, or a matrix with one page.
Tensor at_least_2d(const Tensor& t) { return t.dim() < 2 ? unsqueeze(at_least_1d(t), 0) : t; }
Tensor at_least_3d(const Tensor& t) { return t.dim() < 3 ? unsqueeze(at_least_2d(t), 2) : t; }

template <class F>
std::vector<Tensor> each(const char* op, TensorList tensors, F&& f) {
  WG_CHECK(!tensors.empty(), Error, op, ": expected at least one tensor");
  std::vector<Tensor> out;
  for (const Tensor& t : tensors) {
    detail::input(op, t);
    out.push_back(f(t));
  }
  return out;
}

}  // namespace

Tensor hstack(TensorList tensors) {
  const std::vector<Tensor> parts = each("hstack", tensors, at_least_1d);
  return cat(parts, parts[0].dim() == 1 ? 0 : 1);
}
Tensor vstack(TensorList tensors) { return cat(each("vstack", tensors, at_least_2d), 0); }
Tensor dstack(TensorList tensors) { return cat(each("dstack", tensors, at_least_3d), 2); }
Tensor column_stack(TensorList tensors) {
  return cat(each("column_stack", tensors,
                  [](const Tensor& t) { return t.dim() < 2 ? reshape(t, {t.numel(), 1}) : t; }),
             1);
}

namespace {
constexpr Function rows[] = {
    make_function<hstack>("hstack", "tensors", kFunction | kOut,
                          "The tensors side by side: joined along dim 1, vectors along dim 0",
                          "[T((2, 3)), T((2, 1))]\n[T((2,)), T((3,)), T(())]",
                          "np.hstack(tensors)"),
    make_function<vstack>("vstack", "tensors", kFunction | kOut,
                          "The tensors below each other, vectors as rows",
                          "[T((2, 3)), T((1, 3))]\n[T((2,)), T((2,))]", "np.vstack(tensors)"),
    make_function<vstack>("row_stack", "tensors", kFunction | kOut | kAlias,
                          "The tensors below each other, vectors as rows"),
    make_function<dstack>(
        "dstack", "tensors", kFunction | kOut, "The tensors behind each other: joined along dim 2",
        "[T((2, 3)), T((2, 3))]\n[T((2,)), T((2,))]\n[T((2, 1, 2)), T((2, 1, 1))]",
        "np.dstack(tensors)"),
    make_function<column_stack>(
        "column_stack", "tensors", kFunction | kOut, "The tensors side by side, vectors as columns",
        "[T((2,)), T((2, 3))]\n[T((2,)), T((2,))]", "np.column_stack(tensors)"),
    make_function<cat>("concat", "tensors, dim=0", kFunction | kOut | kAlias,
                       "The tensors one after the other along dim; dtypes are promoted"),
    make_function<cat>("concatenate", "tensors, dim=0", kFunction | kOut | kAlias,
                       "The tensors one after the other along dim; dtypes are promoted"),
    make_function<cat>("cat", "tensors, dim=0", kFunction | kOut,
                       "The tensors one after the other along dim; dtypes are promoted",
                       "[T((2, 3)), T((1, 3))]\n[T((2, 3)), T((2, 0)), T((2, 2))], -1",
                       "np.concatenate(tensors, axis=dim)"),
    make_function<stack>("stack", "tensors, dim=0", kFunction | kOut,
                         "Tensors of one shape joined along a new dimension",
                         "[T((2, 3)), T((2, 3))]\n[T((2,)), T((2,)), T((2,))], -1",
                         "np.stack(tensors, axis=dim)"),
};
}  // namespace

extern const FunctionTable cat_functions;
const FunctionTable cat_functions = {rows, std::size(rows)};

WG_OPERATIONS(cat, operation<Cat>())

WENGERT_NAMESPACE_END
