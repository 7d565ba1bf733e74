// Other names of elementwise operations.
#include "ops/operands.h"

WENGERT_NAMESPACE_BEGIN

namespace {

constexpr uint32_t kUsual = kFunction | kMethod | kOut | kAlias;

#define WG_SAME_AS(alias, of) \
  make_function<of, of##_>(#alias, "input", kUsual, "Another name of " #of)
#define WG_SAME_AS_2(alias, of)                                                                 \
  make_function<+[](const Operand& a, const Operand& b) {                                       \
    return with_tensor_operand(#alias, a, b,                                                    \
                               [](const auto& x, const auto& y) { return of(x, y); });          \
  },                                                                                            \
                +[](Tensor& self, const Operand& other) -> Tensor& {                            \
                  return other.tensor ? of##_(self, *other.tensor) : of##_(self, other.scalar); \
                }>(#alias, "input, other", kUsual, "Another name of " #of)

constexpr Function rows[] = {
    WG_SAME_AS(absolute, abs),    WG_SAME_AS(negative, neg),       WG_SAME_AS(arccos, acos),
    WG_SAME_AS(arccosh, acosh),   WG_SAME_AS(arcsin, asin),        WG_SAME_AS(arcsinh, asinh),
    WG_SAME_AS(arctan, atan),     WG_SAME_AS(arctanh, atanh),      WG_SAME_AS(fix, trunc),
    WG_SAME_AS_2(multiply, mul),  WG_SAME_AS_2(true_divide, div),  WG_SAME_AS_2(arctan2, atan2),
    WG_SAME_AS_2(greater, gt),    WG_SAME_AS_2(greater_equal, ge), WG_SAME_AS_2(less, lt),
    WG_SAME_AS_2(less_equal, le), WG_SAME_AS_2(not_equal, ne),
};
#undef WG_SAME_AS
#undef WG_SAME_AS_2
}  // namespace

extern const FunctionTable alias_functions;
const FunctionTable alias_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
