// Reading and writing where a mask is true.
#include <complex>

#include "autograd/algebra.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void check_mask(const char* op, const Tensor& mask) {
  WG_CHECK(detail::input(op, mask)->dtype == DType::bool_, Error, op,
           ": the mask must have dtype bool, but has ", mask.dtype());
}

Shape broadcast_with(const char* op, const Tensor& input, const Tensor& mask) {
  Shape s;
  WG_CHECK(broadcast_shapes(detail::input(op, input)->sizes(), mask.shape(), s), Error, op,
           ": the mask of shape ", mask.shape(), " does not broadcast with shape ", input.shape());
  return s;
}

Tensor expand_to(const Tensor& t, const Shape& s) {
  return t.shape() == Dims(s) ? t : expand(t, s);
}

template <class T>
void fill_where(const TensorImpl& out, const TensorImpl& mask, const Scalar& value) {
  T v;
  check_fits("masked_fill", out.dtype, value);
  store_scalar(out.dtype, &v, value);
  const TensorImpl* operands[] = {&out, &mask};
  const Loop loop(operands, 2);
  const int64_t to = loop.stride[0][0], at = loop.stride[1][0];
  for_rows(loop, 0, loop.total, [&](char** p, int64_t n) {
    if (to == sizeof(T) && at == 1) {  // a form that vectorises
      T* x = reinterpret_cast<T*>(p[0]);
      for (int64_t i = 0; i < n; ++i) x[i] = p[1][i] ? v : x[i];
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      if (p[1][i * at]) std::memcpy(p[0] + i * to, &v, sizeof(T));
    }
  });
}

struct MaskedFill {
  Scalar value;
  static constexpr const char* name = "masked_fill";
  WG_FIELDS(value)
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Overwrites overwrites = Overwrites::any;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    broadcast_shapes(m.in(0).sizes(), m.in(1).sizes(), m.out().shape);
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    if (!c.in(0).is_same(c.out())) copy_elements(out, *c.in(0).impl());
    const TensorImpl& mask = *c.in(1).impl();
    if (out.numel == 0) return;
    switch (item_size(out.dtype)) {
      case 1:
        fill_where<uint8_t>(out, mask, value);
        return;
      case 2:
        fill_where<uint16_t>(out, mask, value);
        return;
      case 4:
        fill_where<uint32_t>(out, mask, value);
        return;
      case 8:
        fill_where<uint64_t>(out, mask, value);
        return;
      default:
        fill_where<std::complex<double>>(out, mask, value);
    }
  }
  void vjp(Vjp& v) const { v.set(0, apply(MaskedFill{0.0}, v.grad(), v.saved(0))); }
  void jvp(Jvp& j) const { j.set(0, apply(MaskedFill{0.0}, j.tangent(0), j.in(1))); }
};

// Numbers are converted to the tensor's dtype.
void check_value(const char* op, const Tensor& input, const Scalar& value) {
  WG_CHECK(value.kind() != DTypeKind::complex || is_complex(input.dtype()), Error, op,
           ": a complex value does not fit in a tensor of dtype ", input.dtype());
}

}  // namespace

Tensor masked_fill(const Tensor& input, const Tensor& mask, const Scalar& value) {
  check_mask("masked_fill", mask);
  broadcast_with("masked_fill", input, mask);
  check_value("masked_fill", input, value);
  return apply(MaskedFill{value}, input, mask);
}
Tensor masked_fill(const Tensor& input, const Tensor& mask, const Tensor& value) {
  check_mask("masked_fill", mask);
  WG_CHECK(detail::input("masked_fill", value)->ndim == 0, Error,
           "masked_fill: the value must be a number or a 0-d tensor, but has shape ",
           value.shape());
  if (!value.requires_grad() && !value.impl()->has(kHasLevels))
    return masked_fill(input, mask, value.item());
  const Shape s = broadcast_with("masked_fill", input, mask);
  return where(mask, to(value, input.dtype()), expand_to(input, s));
}
Tensor& masked_fill_(Tensor& self, const Tensor& mask, const Scalar& value) {
  check_mask("masked_fill_", mask);
  broadcast_with("masked_fill_", self, mask);
  check_value("masked_fill_", self, value);
  apply_in_place(MaskedFill{value}, self, mask);
  return self;
}
Tensor& masked_fill_(Tensor& self, const Tensor& mask, const Tensor& value) {
  return value.requires_grad() || value.dim() ? copy_(self, masked_fill(self, mask, value))
                                              : masked_fill_(self, mask, value.item());
}

Tensor masked_select(const Tensor& input, const Tensor& mask) {
  check_mask("masked_select", mask);
  const Shape s = broadcast_with("masked_select", input, mask);
  const Tensor x = reshape(expand_to(input, s), {-1}), m = reshape(expand_to(mask, s), {-1});
  return index(x, {&m, 1});
}

Tensor masked_scatter(const Tensor& input, const Tensor& mask, const Tensor& source) {
  check_mask("masked_scatter", mask);
  const Shape s = broadcast_with("masked_scatter", input, mask);
  WG_CHECK(detail::input("masked_scatter", source)->dtype == input.dtype(), Error,
           "masked_scatter: the source has dtype ", source.dtype(), ", but the tensor has ",
           input.dtype());
  const Tensor at = select(nonzero(reshape(expand_to(mask, s), {-1})), 1, 0);
  WG_CHECK(source.numel() >= at.numel(), Error, "masked_scatter: the mask names ", at.numel(),
           " elements, but the source has only ", source.numel());
  Tensor out = algebra::clone_beside(reshape(expand_to(input, s), {-1}), source);
  index_put_(out, {&at, 1}, slice(reshape(source, {-1}), 0, 0, at.numel()));
  return reshape(out, s);
}

namespace {

Tensor masked_fill_row(const Tensor& input, const Tensor& mask, Operand value) {
  return value.tensor ? masked_fill(input, mask, *value.tensor)
                      : masked_fill(input, mask, value.scalar);
}
void masked_fill_in_place(Tensor& self, const Tensor& mask, Operand value) {
  value.tensor ? masked_fill_(self, mask, *value.tensor) : masked_fill_(self, mask, value.scalar);
}

constexpr Function rows[] = {
    make_function<masked_fill_row, masked_fill_in_place>(
        "masked_fill", "input, mask, value", kFunction | kMethod,
        "A copy with value (a number or a 0-d tensor) where mask is true",
        "T((3, 4)), M((3, 4)), -2.5\nT((3, 4)), M((4,)), N(0, 1)\nT((3, 4)), M((3, 1)), T(())",
        "np.where(mask, value, input)"),
    make_function<masked_select>("masked_select", "input, mask", kFunction | kMethod | kOut,
                                 "The elements where mask is true, in one dimension",
                                 "T((3, 4)), M((3, 4))\nT((3, 4)), M((4,))",
                                 "input[np.broadcast_to(mask, input.shape)]"),
    make_function<masked_scatter>(
        "masked_scatter", "input, mask, source", kFunction | kMethod | kInPlace,
        "A copy with the places where mask is true taking the elements of source in order",
        "T((3, 4)), M((3, 4)), T((3, 4))\nT((3, 4)), M((4,)), T((20,))"),
};
}  // namespace

extern const FunctionTable masked_functions;
const FunctionTable masked_functions = {rows, std::size(rows)};

WG_OPERATIONS(masked, operation<MaskedFill>())

WENGERT_NAMESPACE_END
