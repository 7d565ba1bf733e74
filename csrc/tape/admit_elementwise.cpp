// What files may ask of operations on elements, and of making and copying tensors.
#include "kernels/elementwise.h"
#include "ops/elementwise_map.h"
#include "tape/admit_call.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

struct Unary {
  bool saves;
};
enum { NOTHING, INPUT, OUTPUT };
#define WG_UNARY(op, result, saved, ...) {#op, {(saved) != NOTHING}},
const std::map<std::string, Unary>& unary_functions() {
  static const auto* const all = new std::map<std::string, Unary>{
#include "wengert/ops/unary.def"
  };
  return *all;
}
#undef WG_UNARY

void unary_gradient(C c) {
  const std::string& name = c.get<std::string>("kernel");
  static constexpr const char* kNames[] = {
#define WG_UNARY(op, ...) #op,
#include "wengert/ops/unary.def"
#undef WG_UNARY
  };
  size_t i = 0;
  while (i < std::size(kNames) && name != kNames[i]) ++i;
  c.need(i < std::size(kNames), "no such function");
  const DType computed = compute_dtype(c.in(0).dtype);
  c.need(kernels::unary(static_cast<kernels::Unary>(i)).grad[static_cast<int>(computed)],
         "no derivative for this dtype");
  c.need(c.in(0).contiguous(), "expected a row-major gradient");
  c.need(c.has(1) || !unary_functions().at(name).saves, "a saved value is missing");
  if (!c.has(1)) return;
  c.same_dtype(0, 1), c.same_shape(0, 1), c.need(c.in(1).contiguous(), "expected row-major values");
}

const Rule rules[] = {
#define WG_UNARY(op, ...) {#op, 1, 1, 0, 1, none},
#define WG_TEST(op, ...) {#op, 1, 1, 0, 1, none},
#define WG_TWO(op)                                            \
  {#op, 2, 2, 0, 1, none}, {#op ".number", 1, 1, 0, 1, none}, \
      {#op ".number_first", 1, 1, 0, 1, none},
#define WG_BINARY(op, ...) WG_TWO(op)
#define WG_COMPARE(op, ...) WG_TWO(op)
#include "wengert/ops/binary.def"
#include "wengert/ops/test.def"
#include "wengert/ops/unary.def"
#undef WG_UNARY
#undef WG_TEST
#undef WG_TWO
#undef WG_BINARY
#undef WG_COMPARE
#define WG_PARAMETRIC(op, ...) {#op, 1, 1, 0, 1, none}, {#op ".gradient", 2, 2, 0, 1, none},
#define WG_PARAMETRIC_PAIR(op, ...)                             \
  {#op, 2, 2, 0, 1, none}, {#op ".gradient", 3, 3, 0, 1, none}, \
      {#op ".gradient_other", 3, 3, 0, 1, none},
#include "kernels/parametric.def"
#undef WG_PARAMETRIC
#undef WG_PARAMETRIC_PAIR
    {"unary_gradient", 2, 2, 2, 1, unary_gradient},
    {"clamp_min", 1, 1, 0, 1, none},
    {"clamp_max", 1, 1, 0, 1, none},
    {"clamp", 3, 3, 6, 1, none},
    {"logit", 1, 1, 0, 1, none},
    {"lerp", 3, 3, 0, 1, none},
    {"addcmul", 3, 3, 0, 1, none},
    {"addcdiv", 3, 3, 0, 1, none},
    {"where", 3, 3, 0, 1, [](C c) { c.dtype(0, DType::bool_), c.same_dtype(1, 2); }},
    {"masked_fill", 2, 2, 0, 1,
     [](C c) {
       c.dtype(1, DType::bool_);
       c.need(c.in(0).ndim >= c.in(1).ndim, "a mask that does not broadcast");
       for (int i = 1; i <= c.in(1).ndim; ++i)
         c.need(c.size(1, -i) == 1 || c.size(1, -i) == c.size(0, -i),
                "a mask that does not broadcast");
     }},
    {"limited_log", 1, 1, 0, 1, [](C c) { c.floating(0); }},
    // ---- creation and copies
    {"clone", 1, 1, 0, 1, none},
    {"to_copy", 1, 1, 0, 1, none},
    {"copy", 2, 2, 0, 1, none},
    {"fill", 1, 1, 0, 1, none},
    {"new_zeros", 1, 2, 0, 1, [](C c) { c.shape("shape"); }},
    {"full", 0, 0, 0, 1, [](C c) { c.shape("shape"); }},
    {"empty", 0, 0, 0, 1, [](C c) { c.shape("shape"); }},
    {"empty_like", 1, 1, 0, 1, none},
    {"arange", 0, 0, 0, 1,
     [](C c) {
       const int64_t n = c.integer("n");
       c.need(n >= 0, "a negative length");
       int64_t end = 0;
       c.need(!__builtin_mul_overflow(n,
                                      c.get<Scalar>("step").kind() <= DTypeKind::integer
                                          ? c.get<Scalar>("step").to_int()
                                          : 0,
                                      &end) &&
                  !__builtin_add_overflow(end,
                                          c.get<Scalar>("start").kind() <= DTypeKind::integer
                                              ? c.get<Scalar>("start").to_int()
                                              : 0,
                                          &end),
              "numbers that are too large");
     }},
    {"linspace", 0, 0, 0, 1, [](C c) { c.need(c.integer("steps") >= 0, "a negative length"); }},
    {"eye", 0, 0, 0, 1,
     [](C c) { c.need(c.integer("rows") >= 0 && c.integer("columns") >= 0, "a negative size"); }},
    {"cat", 1, kMany, 0, 1,
     [](C c) {
       c.real_dim("dim");
       for (int i = 0; i < c.inputs(); ++i)
         c.need(c.in(i).ndim == c.in(0).ndim, "other dimensions");
     }},
    // ---- complex numbers
    {"conj", 1, 1, 0, 1,
     [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"sgn", 1, 1, 0, 1, [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"view_as_real", 1, 1, 0, 1,
     [](C c) { c.need(is_complex(c.in(0).dtype), "expected complex numbers"); }},
    {"view_as_complex", 1, 1, 0, 1,
     [](C c) {
       const TensorImpl& x = c.in(0);
       c.wide(0), c.least_ndim(0, 1);
       bool good = c.size(0, -1) == 2 && x.strides()[x.ndim - 1] == 1 &&
                   reinterpret_cast<uintptr_t>(x.data) % (2 * item_size(x.dtype)) == 0;
       for (int i = 0; i < x.ndim - 1; ++i) good &= x.strides()[i] % 2 == 0;
       c.need(good, "expected pairs of numbers");
     }},
};

}  // namespace

WG_ADMIT(elementwise)

}  // namespace tape
WENGERT_NAMESPACE_END
