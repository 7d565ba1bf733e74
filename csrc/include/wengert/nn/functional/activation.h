// Activation functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "wengert/ops/elementwise.h"
#include "wengert/ops/nn.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::celu;
using wengert::celu_;
using wengert::elu;
using wengert::elu_;
using wengert::hardshrink;
using wengert::hardtanh;
using wengert::hardtanh_;
using wengert::leaky_relu;
using wengert::leaky_relu_;
using wengert::log_softmax;
using wengert::mish;
using wengert::prelu;
using wengert::relu;
using wengert::relu_;
using wengert::selu;
using wengert::selu_;
using wengert::sigmoid;
using wengert::silu;
using wengert::softmax;
using wengert::softplus;
using wengert::softshrink;
using wengert::tanh;
using wengert::threshold;
using wengert::threshold_;

// f(input) stored in the input, computed from a copy: what f saves for backward must not change.
WENGERT_API Tensor in_place(const Tensor& input, const std::function<Tensor(const Tensor&)>& f);

// Overwrites its input.
WENGERT_API Tensor& rrelu_(Tensor& self, double lower = 1.0 / 8, double upper = 1.0 / 3,
                           bool training = false);

// x Phi(x) with the normal distribution function Phi ("none"), or its "tanh" approximation.
WENGERT_API Tensor gelu(const Tensor& input, std::string_view approximate = "none");
// Leaky ReLU whose slope is drawn from U(lower, upper) in training, their mean otherwise.
WENGERT_API Tensor rrelu(const Tensor& input, double lower = 1.0 / 8, double upper = 1.0 / 3,
                         bool training = false);
// log(sigmoid(x)).
WENGERT_API Tensor logsigmoid(const Tensor& input);
// x / (1 + |x|).
WENGERT_API Tensor softsign(const Tensor& input);
// min(max(x, 0), 6).
WENGERT_API Tensor relu6(const Tensor& input);
// min(max(x + 3, 0), 6) / 6, and x times that.
WENGERT_API Tensor hardsigmoid(const Tensor& input);
WENGERT_API Tensor hardswish(const Tensor& input);
// x - tanh(x).
WENGERT_API Tensor tanhshrink(const Tensor& input);
// a sigmoid(b), where a and b are the two halves of the input along `dim`.
WENGERT_API Tensor glu(const Tensor& input, int64_t dim = -1);
// softmax(-x) along `dim`.
WENGERT_API Tensor softmin(const Tensor& input, int64_t dim, std::optional<DType> dtype = {});
// softmax((x + noise) / tau) with Gumbel noise (Jang et al., 2017); `hard` gives one-hot vectors
// with the gradient of the soft ones.
WENGERT_API Tensor gumbel_softmax(const Tensor& logits, double tau = 1, bool hard = false,
                                  int64_t dim = -1);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
