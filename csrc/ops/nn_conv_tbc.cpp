// Convolution of sequences whose time comes first.
#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

Tensor conv_tbc(const Tensor& input, const Tensor& weight, const Tensor& bias, int64_t pad) {
  const TensorImpl &x = *detail::input("conv_tbc", input), &w = *detail::input("conv_tbc", weight);
  WG_CHECK(x.ndim == 3 && w.ndim == 3 && x.shape()[2] == w.shape()[1], Error,
           "conv_tbc: expected an input (time, batch, in) and a weight (taps, in, out), but got "
           "shapes ",
           x.sizes(), " and ", w.sizes());
  detail::input("conv_tbc", bias);
  return permute(conv1d(permute(input, {1, 2, 0}), permute(weight, {2, 1, 0}), bias, {1}, {pad}),
                 {2, 0, 1});
}

namespace {
constexpr Function rows[] = {
    make_function<conv_tbc>("conv_tbc", "input, weight, bias, pad=0", kFunction | kNN,
                            "Cross-correlation of (time, batch, in) with a weight (taps, in, out)",
                            "T((5, 2, 3)), T((2, 3, 4)), T((4,))\nT((5, 2, 3)), T((3, 3, 2)), "
                            "T((2,)), 2"),
};
}  // namespace

extern const FunctionTable nn_conv_tbc_functions;
const FunctionTable nn_conv_tbc_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
