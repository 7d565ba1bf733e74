// Choosing between two tensors by a condition.
#include "ops/elementwise.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Where {
  static constexpr const char* name = "where";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0)};
  void infer(Infer& m) const {
    Shape s;
    WG_CHECK(broadcast_shapes(m.in(1).sizes(), m.in(2).sizes(), s) &&
                 broadcast_shapes(s, m.in(0).sizes(), m.out().shape),
             Error, "where: shapes ", m.in(0).sizes(), ", ", m.in(1).sizes(), " and ",
             m.in(2).sizes(), " do not broadcast");
    m.out().dtype = m.in(1).dtype;
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    const auto whole = [&](const Tensor& t) {
      return as_contiguous(t.shape() == out.sizes() ? t : expand(t, out.sizes()));
    };
    const Tensor condition = whole(c.in(0)), a = whole(c.in(1)), b = whole(c.in(2));
    const kernels::SelectFn fn = kernels::select(item_size(out.dtype));
    const auto item = static_cast<int64_t>(item_size(out.dtype));
    runtime::parallel_for(out.numel, kParallelGrain, [&](int64_t begin, int64_t end) {
      fn(end - begin, out.data + begin * item, condition.data<uint8_t>() + begin,
         a.data<char>() + begin * item, b.data<char>() + begin * item);
    });
  }
  void vjp(Vjp& v) const {
    const Tensor& condition = v.saved(0);
    const Tensor zero = zeros({}, v.grad().dtype());
    if (v.needs(1)) v.set(1, where(condition, v.grad(), zero));
    if (v.needs(2)) v.set(2, where(condition, zero, v.grad()));
  }
};

}  // namespace

Tensor where(const Tensor& condition, const Tensor& input, const Tensor& other) {
  const TensorImpl &x = *detail::input("where", input), &y = *detail::input("where", other);
  // uint8 stands for bool in older programs.
  const DType c = detail::input("where", condition)->dtype;
  WG_CHECK(c == DType::bool_ || c == DType::uint8, Error,
           "where: the condition must have dtype bool, but has ", c);
  const DType t = elementwise::operand_dtype(x, y);
  return apply(Where{}, to(condition, DType::bool_), to(input, t), to(other, t));
}

namespace {
constexpr Function rows[] = {
    make_function<where>("_where", "condition, input, other", kFunction | kInternal,
                         "input where condition is true, other elsewhere; all three broadcast",
                         "M((3, 4)), T((3, 4)), T((3, 4))\nM((3, 1)), T((4,)), T(())",
                         "np.where(condition, input, other)"),
};
}  // namespace

extern const FunctionTable where_functions;
const FunctionTable where_functions = {rows, std::size(rows)};

WG_OPERATIONS(where, operation<Where>())

WENGERT_NAMESPACE_END
