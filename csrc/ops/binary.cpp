// The operations of wengert/ops/binary.def, between tensors and between a tensor and a number.
#include "ops/elementwise.h"
#include "ops/function.h"
#include "ops/scalar_math.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {
namespace {

// The type in which a weak scalar enters a gradient expression: itself where the expression allows
// it, otherwise a 0-d tensor.
template <class F, class G, class X, class Y>
auto with_scalar_b(F f, const G& g, const X& a, const Scalar& s, const Y& y, DType dtype) {
  if constexpr (std::is_invocable_v<F, G, X, Scalar, Y>) {
    return f(g, a, s, y);
  } else {
    return f(g, a, full({}, s, dtype), y);
  }
}
template <class F, class G, class X, class Y>
auto with_scalar_a(F f, const G& g, const Scalar& s, const X& b, const Y& y, DType dtype) {
  if constexpr (std::is_invocable_v<F, G, Scalar, X, Y>) {
    return f(g, s, b, y);
  } else {
    return f(g, full({}, s, dtype), b, y);
  }
}

const Tensor& saved_or(Vjp& v, int slot, const Tensor& nothing) {
  return slot >= 0 && v.has_saved(slot) ? v.saved(slot) : nothing;
}

#define WG_COMPARE(...)
#define WG_BINARY(op, result, value, da, da_saves, db, db_saves, ...)                             \
  constexpr auto op##_da = [](const auto& g, const auto& a, const auto& b,                        \
                              const auto& y) -> decltype(da) {                                    \
    (void)g, (void)a, (void)b, (void)y;                                                           \
    return da;                                                                                    \
  };                                                                                              \
  constexpr auto op##_db = [](const auto& g, const auto& a, const auto& b,                        \
                              const auto& y) -> decltype(db) {                                    \
    (void)g, (void)a, (void)b, (void)y;                                                           \
    return db;                                                                                    \
  };                                                                                              \
  struct op##_op {                                                                                \
    static constexpr const char* name = #op;                                                      \
    WG_NO_FIELDS                                                                                  \
    static constexpr bool alias_safe = true;                                                      \
    static constexpr BinarySaves slots = binary_saves(da_saves, db_saves);                        \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) s[i] = slots.list[i];                                 \
      return s;                                                                                   \
    }();                                                                                          \
    void infer(Infer& m) const { infer_binary(name, ResultType::result, false, m); }              \
    void compute(Compute& c) const {                                                              \
      compute_binary(name, kernels::binary(kernels::Binary::op##_), false, c);                    \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& a = saved_or(v, slots.slot[0], nothing);                                      \
      const Tensor& b = saved_or(v, slots.slot[1], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      if (v.needs(0)) put(v, 0, op##_da(v.grad(), a, b, y));                                      \
      if (v.needs(1)) put(v, 1, op##_db(v.grad(), a, b, y));                                      \
    }                                                                                             \
  };                                                                                              \
  /* b is a number */                                                                             \
  struct op##_scalar_op {                                                                         \
    Scalar other;                                                                                 \
    static constexpr const char* name = #op;                                                      \
    WG_FIELDS(other)                                                                              \
    static constexpr bool alias_safe = true;                                                      \
    static constexpr BinarySaves slots = binary_saves((da_saves) & (A | Y), 0);                   \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) s[i] = slots.list[i];                                 \
      return s;                                                                                   \
    }();                                                                                          \
    void infer(Infer& m) const { infer_scalar(name, ResultType::result, false, other, m); }       \
    void compute(Compute& c) const {                                                              \
      compute_scalar(name, kernels::binary(kernels::Binary::op##_), false, other, false, c);      \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& a = saved_or(v, slots.slot[0], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      put(v, 0, with_scalar_b(op##_da, v.grad(), a, other, y, v.grad().dtype()));                 \
    }                                                                                             \
  };                                                                                              \
  /* a is a number */                                                                             \
  struct op##_rscalar_op {                                                                        \
    Scalar other;                                                                                 \
    static constexpr const char* name = "r" #op;                                                  \
    WG_FIELDS(other)                                                                              \
    static constexpr bool alias_safe = true;                                                      \
    static constexpr BinarySaves slots = binary_saves(((db_saves) & B) | ((db_saves) & Y), 0);    \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) {                                                     \
        s[i] = slots.list[i];                                                                     \
        if (!s[i].output) s[i].index = 0;                                                         \
      }                                                                                           \
      return s;                                                                                   \
    }();                                                                                          \
    void infer(Infer& m) const { infer_scalar(name, ResultType::result, false, other, m); }       \
    void compute(Compute& c) const {                                                              \
      compute_scalar(name, kernels::binary(kernels::Binary::op##_), false, other, true, c);       \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& b = saved_or(v, slots.slot[1], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      put(v, 0, with_scalar_a(op##_db, v.grad(), other, b, y, v.grad().dtype()));                 \
    }                                                                                             \
  };
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE

}  // namespace
}  // namespace elementwise

#define WG_COMPARE(...)
#define WG_BINARY(op, result, ...)                                                             \
  Tensor op(const Tensor& a, const Tensor& b) {                                                \
    return elementwise::run_binary(op_class<elementwise::op##_op>,                             \
                                   kernels::binary(kernels::Binary::op##_),                    \
                                   elementwise::ResultType::result, false, a, b);              \
  }                                                                                            \
  Tensor op(const Tensor& a, const Scalar& b) {                                                \
    return elementwise::run_scalar(op_class<elementwise::op##_scalar_op>,                      \
                                   kernels::binary(kernels::Binary::op##_),                    \
                                   elementwise::ResultType::result, false, a, &b, false);      \
  }                                                                                            \
  Tensor op(const Scalar& a, const Tensor& b) {                                                \
    return elementwise::run_scalar(op_class<elementwise::op##_rscalar_op>,                     \
                                   kernels::binary(kernels::Binary::op##_),                    \
                                   elementwise::ResultType::result, false, b, &a, true);       \
  }                                                                                            \
  Tensor& op##_(Tensor& self, const Tensor& other) {                                           \
    if (!elementwise::try_in_place(kernels::binary(kernels::Binary::op##_),                    \
                                   elementwise::ResultType::result, self, other)) {            \
      apply_in_place(elementwise::op##_op{}, self, other);                                     \
    }                                                                                          \
    return self;                                                                               \
  }                                                                                            \
  Tensor& op##_(Tensor& self, const Scalar& other) {                                           \
    apply_in_place(elementwise::op##_scalar_op{other}, self);                                  \
    return self;                                                                               \
  }
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE

namespace {

// One call for tensors and numbers on either side; two numbers make a 0-d tensor.
template <class F>
Tensor with_operands(const Operand& a, const Operand& b, F f) {
  if (a.tensor && b.tensor) return f(*a.tensor, *b.tensor);
  if (a.tensor) return f(*a.tensor, b.scalar);
  if (b.tensor) return f(a.scalar, *b.tensor);
  return f(scalar(a.scalar), b.scalar);
}

// Test inputs: integers for those that take nothing else.
#define WG_TENSOR_SAME "T("
#define WG_TENSOR_FLOAT "T("
#define WG_TENSOR_INT "I("
#define WG_NUMBER_SAME(domain) "N(" domain ")"
#define WG_NUMBER_FLOAT(domain) "N(" domain ")"
#define WG_NUMBER_INT(domain) "round(N(" domain "))"
#define WG_ROW(op, draw, number, domain_a, domain_b, reference, doc, flags)                       \
  make_function<+[](const Operand& a, const Operand& b) {                                         \
    return with_operands(a, b, [](const auto& x, const auto& y) { return op(x, y); });            \
  },                                                                                              \
                +[](Tensor& self, const Operand& other) -> Tensor& {                              \
                  return other.tensor ? op##_(self, *other.tensor) : op##_(self, other.scalar);   \
                }>(#op, "input, other", kFunction | kMethod | kOut | flags, doc,                  \
                   draw "(3, 4), " domain_a "), " draw "(3, 4), " domain_b ")\n"                  \
                   draw "(3, 1), " domain_a "), " draw "(4,), " domain_b ")\n"                    \
                   draw "(), " domain_a "), " draw "(2, 1), " domain_b ")\n"                      \
                   draw "(3, 4), " domain_a "), " number(domain_b) "\n"                           \
                   draw "(0, 3), " domain_a "), " draw "(3,), " domain_b ")",                     \
                   reference)
#define WG_BINARY(op, result, value, da, da_saves, db, db_saves, domain_a, domain_b, reference, \
                  doc)                                                                          \
  WG_ROW(op, WG_TENSOR_##result, WG_NUMBER_##result, domain_a, domain_b, reference, doc, 0u),
#define WG_COMPARE(op, value, reference, doc)                                \
  WG_ROW(op, "T(", WG_NUMBER_SAME, "-3, 3", "-3, 3", reference, doc, \
         static_cast<uint32_t>(kNoGrad)),
constexpr Function rows[] = {
#include "wengert/ops/binary.def"
};
#undef WG_BINARY
#undef WG_COMPARE
#undef WG_ROW

}  // namespace

extern const FunctionTable binary_functions;
const FunctionTable binary_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
