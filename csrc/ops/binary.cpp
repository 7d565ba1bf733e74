// The operations of wengert/ops/binary.def, between tensors and between a tensor and a number.
#include "ops/elementwise.h"
#include "ops/function.h"
#include "ops/operands.h"
#include "ops/operations.h"
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

bool divides_integers(ResultType type, const Compute& c) {
  return type == ResultType::QUOTIENT && is_integral(c.outputs[0].dtype());
}

const Tensor& saved_or(Vjp& v, int slot, const Tensor& nothing) {
  return slot >= 0 && v.has_saved(slot) ? v.saved(slot) : nothing;
}

void check_power(const Tensor& a, const Scalar& b) {
  WG_CHECK(!(is_integral(a.dtype()) && b.kind() <= DTypeKind::integer && b.to_int() < 0), Error,
           "pow: integers have no negative powers, but the exponent is ", b.to_int(),
           "; convert to a floating dtype");
}
// Powers that have a kernel and a derivative of their own; undefined for the others.
Tensor plain_power(const Tensor& a, const Scalar& b) {
  if (!a.defined()) return {};
  check_power(a, b);
  if (!is_floating(a.dtype()) || b.kind() > DTypeKind::floating) return {};
  const double e = b.to_double();
  if (e == 2) return square(a);
  if (e == 3) return mul(square(a), a);
  if (e == 1) return positive(a);
  if (e == 0.5) return sqrt(a);
  if (e == -0.5) return rsqrt(a);
  if (e == -1) return reciprocal(a);
  return {};
}

// The gradients of a product, the last of them in the memory of the gradient that ends here.
bool multiply_gradient(Vjp& v, const Tensor& a, const Tensor& b) {
  const Tensor& g = v.grad();
  if (v.create_graph() || is_complex(g.dtype()) || !g.impl()->unique()) return false;
  const bool both = v.needs(0) && v.needs(1);
  if (both) v.set(0, mul(g, b));
  const Tensor& factor = v.needs(1) ? a : b;
  Tensor last = g;
  if (!try_in_place(kernels::binary(kernels::Binary::mul_), ResultType::SAME, last, factor)) {
    last = mul(g, factor);
  }
  v.set(v.needs(1) ? 1 : 0, std::move(last));
  return true;
}
// The gradients of a quotient share g / b.
bool divide_gradient(Vjp& v, const Tensor& a, const Tensor& b) {
  if (!v.needs(0) || !v.needs(1)) return false;
  const Tensor part = div(v.grad(), conj(b));
  v.set(1, neg(mul(part, conj(div(a, b)))));
  v.set(0, part);
  return true;
}
bool multiply_gradient(Vjp& v, const Scalar& factor) {
  constexpr int64_t kFew = 4096;  // elements for which changing in place costs more than it saves
  const Tensor& g = v.grad();
  if (g.numel() < kFew) return false;
  if (v.create_graph() || !is_floating(g.dtype()) || factor.kind() > DTypeKind::floating ||
      !g.impl()->unique())
    return false;
  Tensor last = g;
  mul_(last, factor);
  v.set(0, std::move(last));
  return true;
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
    static constexpr Overwrites overwrites = Overwrites::any;                                     \
    static constexpr bool composed = true;                                                        \
    static constexpr Batching batching = Batching::elementwise;                                   \
    static constexpr BinarySaves slots = binary_saves(da_saves, db_saves);                        \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) s[i] = slots.list[i];                                 \
      return s;                                                                                   \
    }();                                                                                          \
    static constexpr ResultType type = refine(name, ResultType::result);                          \
    void infer(Infer& m) const { infer_binary(name, type, false, m); }                            \
    bool pointwise(const DType* in, int n, Pointwise& p) const {                                  \
      return pointwise_binary(kernels::binary(kernels::Binary::op##_), type, false, in, n, p);    \
    }                                                                                             \
    void compute(Compute& c) const {                                                              \
      if (divides_integers(type, c)) refuse_zero(name, c.in(1));                                  \
      compute_binary(name, kernels::binary(kernels::Binary::op##_), false, c);                    \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& a = saved_or(v, slots.slot[0], nothing);                                      \
      const Tensor& b = saved_or(v, slots.slot[1], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      if constexpr (std::string_view(#op) == "mul") {                                             \
        if (multiply_gradient(v, a, b)) return;                                                   \
      }                                                                                           \
      if constexpr (std::string_view(#op) == "div") {                                             \
        if (divide_gradient(v, a, b)) return;                                                     \
      }                                                                                           \
      if (v.needs(0)) put(v, 0, op##_da(v.grad(), a, b, y));                                      \
      if (v.needs(1)) put(v, 1, op##_db(v.grad(), a, b, y));                                      \
    }                                                                                             \
    void jvp(Jvp& j) const {                                                                      \
      const Tensor &a = j.in(0), &b = j.in(1), &y = j.out();                                      \
      if (j.has(0)) put_tangent(j, 0, [&](const Tensor& t) { return op##_da(t, a, b, y); });      \
      if (j.has(1)) put_tangent(j, 1, [&](const Tensor& t) { return op##_db(t, a, b, y); });      \
    }                                                                                             \
  };                                                                                              \
  /* b is a number */                                                                             \
  struct op##_scalar_op {                                                                         \
    Scalar other;                                                                                 \
    static constexpr const char* name = #op;                                                      \
    WG_FIELDS(other)                                                                              \
    static constexpr Overwrites overwrites = Overwrites::any;                                     \
    static constexpr bool composed = true;                                                        \
    static constexpr Batching batching = Batching::elementwise;                                   \
    static constexpr BinarySaves slots = binary_saves((da_saves) & (A | Y), 0);                   \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) s[i] = slots.list[i];                                 \
      return s;                                                                                   \
    }();                                                                                          \
    static constexpr ResultType type = refine(name, ResultType::result);                          \
    void infer(Infer& m) const { infer_scalar(name, type, false, other, m); }                     \
    bool pointwise(const DType* in, int, Pointwise& p) const {                                    \
      return pointwise_scalar(kernels::binary(kernels::Binary::op##_), type, false, other, false, \
                              in[0], p);                                                          \
    }                                                                                             \
    void compute(Compute& c) const {                                                              \
      if (divides_integers(type, c)) refuse_zero(name, scalar(other));                            \
      compute_scalar(name, kernels::binary(kernels::Binary::op##_), false, other, false, c);      \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& a = saved_or(v, slots.slot[0], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      if constexpr (std::string_view(#op) == "mul") {                                             \
        if (multiply_gradient(v, other)) return;                                                  \
      }                                                                                           \
      put(v, 0, with_scalar_b(op##_da, v.grad(), a, other, y, v.grad().dtype()));                 \
    }                                                                                             \
    void jvp(Jvp& j) const {                                                                      \
      put_tangent(j, 0, [&](const Tensor& t) {                                                    \
        return with_scalar_b(op##_da, t, j.in(0), other, j.out(), t.dtype());                     \
      });                                                                                         \
    }                                                                                             \
  };                                                                                              \
  /* a is a number */                                                                             \
  struct op##_rscalar_op {                                                                        \
    Scalar other;                                                                                 \
    static constexpr const char* name = "r" #op;                                                  \
    WG_FIELDS(other)                                                                              \
    static constexpr Overwrites overwrites = Overwrites::any;                                     \
    static constexpr bool composed = true;                                                        \
    static constexpr Batching batching = Batching::elementwise;                                   \
    static constexpr BinarySaves slots = binary_saves(((db_saves) & B) | ((db_saves) & Y), 0);    \
    static constexpr std::array<Save, static_cast<size_t>(slots.count)> saves = [] {              \
      std::array<Save, static_cast<size_t>(slots.count)> s{};                                     \
      for (size_t i = 0; i < s.size(); ++i) {                                                     \
        s[i] = slots.list[i];                                                                     \
        if (!s[i].output) s[i].index = 0;                                                         \
      }                                                                                           \
      return s;                                                                                   \
    }();                                                                                          \
    static constexpr ResultType type = refine(#op, ResultType::result);                           \
    void infer(Infer& m) const { infer_scalar(#op, type, false, other, m); }                      \
    bool pointwise(const DType* in, int, Pointwise& p) const {                                    \
      return pointwise_scalar(kernels::binary(kernels::Binary::op##_), type, false, other, true,  \
                              in[0], p);                                                          \
    }                                                                                             \
    void compute(Compute& c) const {                                                              \
      if (divides_integers(type, c)) refuse_zero(#op, c.in(0));                                   \
      compute_scalar(name, kernels::binary(kernels::Binary::op##_), false, other, true, c);       \
    }                                                                                             \
    void vjp(Vjp& v) const {                                                                      \
      const Tensor nothing;                                                                       \
      const Tensor& b = saved_or(v, slots.slot[1], nothing);                                      \
      const Tensor& y = saved_or(v, slots.slot[2], nothing);                                      \
      if constexpr (std::string_view(#op) == "mul") {                                             \
        if (multiply_gradient(v, other)) return;                                                  \
      }                                                                                           \
      put(v, 0, with_scalar_a(op##_db, v.grad(), other, b, y, v.grad().dtype()));                 \
    }                                                                                             \
    void jvp(Jvp& j) const {                                                                      \
      put_tangent(j, 0, [&](const Tensor& t) {                                                    \
        return with_scalar_a(op##_db, t, other, j.in(0), j.out(), t.dtype());                     \
      });                                                                                         \
    }                                                                                             \
  };
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE

}  // namespace
}  // namespace elementwise

#define WG_COMPARE(...)
#define WG_BINARY(op, result, ...)                                                          \
  Tensor op(const Tensor& a, const Tensor& b) {                                             \
    return elementwise::run_binary(op_class<elementwise::op##_op>,                          \
                                   kernels::binary(kernels::Binary::op##_),                 \
                                   elementwise::op##_op::type, false, a, b);                \
  }                                                                                         \
  Tensor op(const Tensor& a, const Scalar& b) {                                             \
    if constexpr (std::string_view(#op) == "pow") {                                         \
      if (Tensor t = elementwise::plain_power(a, b); t.defined()) return t;                 \
    }                                                                                       \
    return elementwise::run_scalar(op_class<elementwise::op##_scalar_op>,                   \
                                   kernels::binary(kernels::Binary::op##_),                 \
                                   elementwise::op##_scalar_op::type, false, a, &b, false); \
  }                                                                                         \
  Tensor op(const Scalar& a, const Tensor& b) {                                             \
    return elementwise::run_scalar(op_class<elementwise::op##_rscalar_op>,                  \
                                   kernels::binary(kernels::Binary::op##_),                 \
                                   elementwise::op##_rscalar_op::type, false, b, &a, true); \
  }                                                                                         \
  Tensor& op##_(Tensor& self, const Tensor& other) {                                        \
    if (!elementwise::try_in_place(kernels::binary(kernels::Binary::op##_),                 \
                                   elementwise::op##_op::type, self, other)) {              \
      apply_in_place(elementwise::op##_op{}, self, other);                                  \
    }                                                                                       \
    return self;                                                                            \
  }                                                                                         \
  Tensor& op##_(Tensor& self, const Scalar& other) {                                        \
    if constexpr (std::string_view(#op) == "pow") elementwise::check_power(self, other);    \
    apply_in_place(elementwise::op##_scalar_op{other}, self);                               \
    return self;                                                                            \
  }
#include "wengert/ops/binary.def"
#undef WG_BINARY
#undef WG_COMPARE

namespace {

// Test inputs: integers for those that take nothing else.
#define WG_TENSOR_SAME "T("
#define WG_TENSOR_FLOAT "T("
#define WG_TENSOR_INT "I("
#define WG_NUMBER_SAME(domain) "N(" domain ")"
#define WG_NUMBER_FLOAT(domain) "N(" domain ")"
#define WG_NUMBER_INT(domain) "round(N(" domain "))"
#define WG_ROW(op, draw, number, domain_a, domain_b, reference, doc, flags)                        \
  make_function<+[](const Operand& a, const Operand& b) {                                          \
    return with_tensor_operand(#op, a, b, [](const auto& x, const auto& y) { return op(x, y); });  \
  },                                                                                               \
                +[](Tensor& self, const Operand& other) -> Tensor& {                               \
                  return other.tensor ? op##_(self, *other.tensor) : op##_(self, other.scalar);    \
                }>(                                                                                \
      #op, "input, other", kFunction | kMethod | kOut | flags, doc,                                \
      draw "(3, 4), " domain_a "), " draw "(3, 4), " domain_b ")\n" draw "(3, 1), " domain_a       \
           "), " draw "(4,), " domain_b ")\n" draw "(), " domain_a "), " draw "(2, 1), " domain_b  \
           ")\n" draw "(3, 4), " domain_a "), " number(domain_b) "\n" draw "(0, 3), " domain_a     \
                                                                 "), " draw "(3,), " domain_b ")", \
      reference)
#define WG_BINARY(op, result, value, da, da_saves, db, db_saves, domain_a, domain_b, reference, \
                  doc)                                                                          \
  WG_ROW(op, WG_TENSOR_##result, WG_NUMBER_##result, domain_a, domain_b, reference, doc, 0u),
#define WG_COMPARE(op, value, reference, doc)                        \
  WG_ROW(op, "T(", WG_NUMBER_SAME, "-3, 3", "-3, 3", reference, doc, \
         static_cast<uint32_t>(kNoGrad)),
constexpr Function all[] = {
#include "wengert/ops/binary.def"
};
// Those with arguments of their own stand in arithmetic.cpp.
constexpr bool has_own_row(std::string_view name) {
  return name == "add" || name == "sub" || name == "div";
}
constexpr auto rows = [] {
  std::array<Function, std::size(all) - 3> r{};
  size_t n = 0;
  for (const Function& f : all) {
    if (!has_own_row(f.name)) r[n++] = f;
  }
  return r;
}();
#undef WG_BINARY
#undef WG_COMPARE
#undef WG_ROW

}  // namespace

extern const FunctionTable binary_functions;
const FunctionTable binary_functions = {rows.data(), rows.size()};

namespace {
#define WG_COMPARE(...)
#define WG_BINARY(op, ...)                                                                  \
  operation<elementwise::op##_op>(), operation<elementwise::op##_scalar_op>(#op ".number"), \
      operation<elementwise::op##_rscalar_op>(#op ".number_first"),
constexpr Operation binary_list[] = {
#include "wengert/ops/binary.def"
};
#undef WG_BINARY
#undef WG_COMPARE
}  // namespace

extern const OperationTable binary_operations;
const OperationTable binary_operations = {binary_list, std::size(binary_list)};

WENGERT_NAMESPACE_END
