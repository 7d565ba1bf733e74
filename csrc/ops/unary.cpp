// The operations of wengert/ops/unary.def and test.def.
#include "ops/elementwise.h"
#include "ops/function.h"
#include "ops/operations.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {
namespace {

enum Saved { NOTHING, INPUT, OUTPUT };

template <int kSaved>
struct UnarySaves {};
template <>
struct UnarySaves<INPUT> {
  static constexpr Save saves[] = {save_input(0)};
};
template <>
struct UnarySaves<OUTPUT> {
  static constexpr Save saves[] = {save_output(0)};
};

#define WG_UNARY(op, result, saved_value, value, derivative, domain, reference, doc)  \
  struct op##_op : UnarySaves<saved_value> {                                          \
    static constexpr const char* name = #op;                                          \
    WG_NO_FIELDS                                                                      \
    static constexpr Overwrites overwrites = Overwrites::any;                         \
    static constexpr bool composed = true;                                            \
    static constexpr Batching batching = Batching::elementwise;                       \
    static constexpr ResultType type = refine(name, ResultType::result);              \
    void infer(Infer& m) const { infer_unary(name, type, m); }                        \
    bool pointwise(const DType* in, int, Pointwise& p) const {                        \
      return pointwise_unary(kernels::Unary::op##_, type, in[0], p);                  \
    }                                                                                 \
    void compute(Compute& c) const { compute_unary(name, kernels::Unary::op##_, c); } \
    void vjp(Vjp& v) const {                                                          \
      const Tensor nothing;                                                           \
      const Tensor& x = saved_value == NOTHING ? nothing : v.saved(0);                \
      [[maybe_unused]] const Tensor& y = x;                                           \
      if (!v.create_graph()) {                                                        \
        Tensor fused = unary_gradient(kernels::Unary::op##_, v.grad(), x);            \
        if (fused.defined()) {                                                        \
          v.set(0, std::move(fused));                                                 \
          return;                                                                     \
        }                                                                             \
      }                                                                               \
      v.set(0, chain(v.grad(), derivative));                                          \
    }                                                                                 \
    void jvp(Jvp& j) const {                                                          \
      const Tensor& x = saved_value == OUTPUT ? j.out() : j.in(0);                    \
      [[maybe_unused]] const Tensor& y = x;                                           \
      put_tangent(j, 0, [&](const Tensor& t) { return chain(t, derivative); });       \
    }                                                                                 \
  };
#include "wengert/ops/unary.def"
#undef WG_UNARY

}  // namespace
}  // namespace elementwise

#define WG_UNARY(op, result, ...)                                                        \
  Tensor op(const Tensor& input) {                                                       \
    return elementwise::run_unary(op_class<elementwise::op##_op>, kernels::Unary::op##_, \
                                  elementwise::op##_op::type, input);                    \
  }                                                                                      \
  Tensor& op##_(Tensor& self) {                                                          \
    apply_in_place(elementwise::op##_op{}, self);                                        \
    return self;                                                                         \
  }
#include "wengert/ops/unary.def"
#undef WG_UNARY

namespace {

#define WG_UNARY(op, result, saved, value, derivative, domain, reference, doc)                \
  make_function<op, op##_>(#op, "input", kFunction | kMethod | kOut, doc,                     \
                           "T((3, 4), " domain ")\nT((), " domain ")\nT((0, 3), " domain ")", \
                           reference),
constexpr Function unary_rows[] = {
#include "wengert/ops/unary.def"
};
#undef WG_UNARY

}  // namespace

extern const FunctionTable unary_functions;
const FunctionTable unary_functions = {unary_rows, std::size(unary_rows)};

namespace {
#define WG_UNARY(op, ...) operation<elementwise::op##_op>(),
constexpr Operation unary_list[] = {
#include "wengert/ops/unary.def"
};
#undef WG_UNARY
}  // namespace

extern const OperationTable unary_operations;
const OperationTable unary_operations = {unary_list, std::size(unary_list)};

WENGERT_NAMESPACE_END
