// The comparisons of wengert/ops/binary.def and the tests of test.def: results are bool.
#include "ops/elementwise.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "wengert/detail/owner.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {
namespace {

#define WG_BINARY(...)
#define WG_COMPARE(op, ...)                                                                      \
  struct op##_op {                                                                               \
    static constexpr const char* name = #op;                                                     \
    WG_NO_FIELDS                                                                                 \
    static constexpr Overwrites overwrites = Overwrites::any;                                    \
    static constexpr Batching batching = Batching::elementwise;                                  \
    void infer(Infer& m) const { infer_binary(name, ResultType::SAME, true, m); }                \
    bool pointwise(const DType* in, int n, Pointwise& p) const {                                 \
      return pointwise_binary(kernels::compare(kernels::Compare::op##_), ResultType::SAME, true, \
                              in, n, p);                                                         \
    }                                                                                            \
    void compute(Compute& c) const {                                                             \
      compute_binary(name, kernels::compare(kernels::Compare::op##_), true, c);                  \
    }                                                                                            \
  };                                                                                             \
  template <bool kScalarFirst>                                                                   \
  struct op##_scalar_op {                                                                        \
    Scalar other;                                                                                \
    static constexpr const char* name = #op;                                                     \
    WG_FIELDS(other)                                                                             \
    static constexpr Overwrites overwrites = Overwrites::any;                                    \
    static constexpr Batching batching = Batching::elementwise;                                  \
    void infer(Infer& m) const { infer_scalar(name, ResultType::SAME, true, other, m); }         \
    bool pointwise(const DType* in, int, Pointwise& p) const {                                   \
      return pointwise_scalar(kernels::compare(kernels::Compare::op##_), ResultType::SAME, true, \
                              other, kScalarFirst, in[0], p);                                    \
    }                                                                                            \
    void compute(Compute& c) const {                                                             \
      compute_scalar(name, kernels::compare(kernels::Compare::op##_), true, other, kScalarFirst, \
                     c);                                                                         \
    }                                                                                            \
  };
#include "wengert/ops/binary.def"
#undef WG_COMPARE

#define WG_TEST(op, ...)                                                            \
  struct op##_op {                                                                  \
    static constexpr const char* name = #op;                                        \
    WG_NO_FIELDS                                                                    \
    static constexpr Batching batching = Batching::elementwise;                     \
    void infer(Infer& m) const {                                                    \
      m.out().shape = m.in(0).sizes();                                              \
      m.out().dtype = DType::bool_;                                                 \
    }                                                                               \
    void compute(Compute& c) const { compute_test(name, kernels::Test::op##_, c); } \
  };
void compute_test(const char* op, kernels::Test test, Compute& c) {
  Tensor x = as_contiguous(c.in(0));
  if (is_half(x.dtype())) {
    x = as_contiguous(x, DType::float32);
  }
  const kernels::UnaryFn fn = kernels::test(test, x.dtype());
  WG_CHECK(fn, NotImplementedError, op, ": not available for dtype ", x.dtype());
  fn(x.numel(), c.out().data(), x.data());
}
#include "wengert/ops/test.def"
#undef WG_TEST

// In place, a tensor with a history must lose it: the new elements do not depend on the old ones
// smoothly. True where that was done.
template <class F>
bool cut_off(const char* op, Tensor& self, F result) {
  if (!self.defined() || !self.requires_grad()) return false;
  detail::store_result(op, self, result());
  return true;
}

}  // namespace
}  // namespace elementwise

#define WG_COMPARE(op, ...)                                                            \
  Tensor op(const Tensor& a, const Tensor& b) {                                        \
    return elementwise::run_binary(op_class<elementwise::op##_op>,                     \
                                   kernels::compare(kernels::Compare::op##_),          \
                                   elementwise::ResultType::SAME, true, a, b);         \
  }                                                                                    \
  Tensor op(const Tensor& a, const Scalar& b) {                                        \
    return elementwise::run_scalar(op_class<elementwise::op##_scalar_op<false>>,       \
                                   kernels::compare(kernels::Compare::op##_),          \
                                   elementwise::ResultType::SAME, true, a, &b, false); \
  }                                                                                    \
  Tensor op(const Scalar& a, const Tensor& b) {                                        \
    return elementwise::run_scalar(op_class<elementwise::op##_scalar_op<true>>,        \
                                   kernels::compare(kernels::Compare::op##_),          \
                                   elementwise::ResultType::SAME, true, b, &a, true);  \
  }                                                                                    \
  Tensor& op##_(Tensor& self, const Tensor& other) {                                   \
    if (elementwise::cut_off(#op, self, [&] { return op(self, other); })) return self; \
    apply_in_place(elementwise::op##_op{}, self, other);                               \
    return self;                                                                       \
  }                                                                                    \
  Tensor& op##_(Tensor& self, const Scalar& other) {                                   \
    if (elementwise::cut_off(#op, self, [&] { return op(self, other); })) return self; \
    apply_in_place(elementwise::op##_scalar_op<false>{other}, self);                   \
    return self;                                                                       \
  }
#include "wengert/ops/binary.def"
#undef WG_COMPARE
#undef WG_BINARY

#define WG_TEST(op, ...) \
  Tensor op(const Tensor& input) { return apply(elementwise::op##_op{}, input); }
#include "wengert/ops/test.def"
#undef WG_TEST

namespace {
#define WG_TEST(op, value, reference, doc)                                   \
  make_function<op>(#op, "input", kFunction | kMethod | kNoGrad | kOut, doc, \
                    "T((3, 4), -3, 3)\nT((0, 3), -3, 3)", reference),
constexpr Function test_rows[] = {
#include "wengert/ops/test.def"
};
#undef WG_TEST
}  // namespace

extern const FunctionTable test_functions;
const FunctionTable test_functions = {test_rows, std::size(test_rows)};

namespace {
#define WG_BINARY(...)
#define WG_COMPARE(op, ...)                                                                        \
  operation<elementwise::op##_op>(), operation<elementwise::op##_scalar_op<false>>(#op ".number"), \
      operation<elementwise::op##_scalar_op<true>>(#op ".number_first"),
#define WG_TEST(op, ...) operation<elementwise::op##_op>(),
constexpr Operation compare_list[] = {
#include "wengert/ops/binary.def"
#include "wengert/ops/test.def"
};
#undef WG_BINARY
#undef WG_COMPARE
#undef WG_TEST
}  // namespace

extern const OperationTable compare_operations;
const OperationTable compare_operations = {compare_list, std::size(compare_list)};

WENGERT_NAMESPACE_END
