// Which dtype operands of several dtypes meet in.
#include "ops/elementwise.h"
#include "ops/operands.h"

WENGERT_NAMESPACE_BEGIN

DType elementwise::operand_dtype(const TensorImpl& a, const TensorImpl& b) {
  if (a.dtype == b.dtype) return a.dtype;
  if (a.ndim > 0 && b.ndim == 0 && kind_of(a.dtype) >= kind_of(b.dtype)) return a.dtype;
  if (b.ndim > 0 && a.ndim == 0 && kind_of(b.dtype) >= kind_of(a.dtype)) return b.dtype;
  return promote(a.dtype, b.dtype);
}

DType result_type(const Tensor& a, const Tensor& b) {
  return elementwise::operand_dtype(*detail::input("result_type", a),
                                    *detail::input("result_type", b));
}
DType result_type(const Tensor& a, const Scalar& b) {
  return promote(detail::input("result_type", a)->dtype, b);
}
DType result_type(const Scalar& a, const Scalar& b) { return promote(dtype_of(a), b); }

bool can_cast(DType from, DType to) { return kind_of(from) <= kind_of(to); }

namespace {

DType result_type_of(const Operand& a, const Operand& b) {
  if (a.tensor && b.tensor) return result_type(*a.tensor, *b.tensor);
  if (a.tensor) return result_type(*a.tensor, b.scalar);
  if (b.tensor) return result_type(*b.tensor, a.scalar);
  return result_type(a.scalar, b.scalar);
}

constexpr Function rows[] = {
    make_function<result_type_of>(
        "result_type", "tensor1, tensor2", kFunction | kNoGrad,
        "The dtype that an operation on the two, tensors or numbers, computes in",
        "T((3,)), 2\nI((3,), 0, 5), T(())\n1, 2.5"),
    make_function<can_cast>(
        "can_cast", "from_, to", kFunction | kNoGrad,
        "Whether values of a dtype may be stored in another without changing kind",
        "float32, int64\nint64, uint8"),
};
}  // namespace

extern const FunctionTable promotion_functions;
const FunctionTable promotion_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
