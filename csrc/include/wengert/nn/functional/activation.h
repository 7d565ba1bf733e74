// Activation functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "wengert/ops/elementwise.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::log_softmax;
using wengert::mish;
using wengert::relu;
using wengert::relu_;
using wengert::sigmoid;
using wengert::silu;
using wengert::softmax;
using wengert::tanh;

// f(input) stored in the input, computed from a copy: what f saves for backward must not change.
WENGERT_API Tensor in_place(const Tensor& input, const std::function<Tensor(const Tensor&)>& f);

// The same names with an underscore overwrite their input.
WENGERT_API Tensor& leaky_relu_(Tensor& self, double negative_slope = 0.01);
WENGERT_API Tensor& rrelu_(Tensor& self, double lower = 1.0 / 8, double upper = 1.0 / 3,
                           bool training = false);
WENGERT_API Tensor& elu_(Tensor& self, double alpha = 1);
WENGERT_API Tensor& selu_(Tensor& self);
WENGERT_API Tensor& celu_(Tensor& self, double alpha = 1);
WENGERT_API Tensor& hardtanh_(Tensor& self, double min_val = -1, double max_val = 1);
WENGERT_API Tensor& threshold_(Tensor& self, double threshold, double value);

// x Phi(x) with the normal distribution function Phi ("none"), or its "tanh" approximation.
WENGERT_API Tensor gelu(const Tensor& input, std::string_view approximate = "none");
// x where x > 0, else negative_slope x.
WENGERT_API Tensor leaky_relu(const Tensor& input, double negative_slope = 0.01);
// x where x > 0, else weight x, with one weight or one for each channel (dimension 1).
WENGERT_API Tensor prelu(const Tensor& input, const Tensor& weight);
// Leaky ReLU whose slope is drawn from U(lower, upper) in training, their mean otherwise.
WENGERT_API Tensor rrelu(const Tensor& input, double lower = 1.0 / 8, double upper = 1.0 / 3,
                         bool training = false);
// x where x > 0, else alpha (e^x - 1).
WENGERT_API Tensor elu(const Tensor& input, double alpha = 1);
// Scaled ELU with the self-normalising constants of Klambauer et al. (2017).
WENGERT_API Tensor selu(const Tensor& input);
// max(0, x) + min(0, alpha (e^(x / alpha) - 1)).
WENGERT_API Tensor celu(const Tensor& input, double alpha = 1);
// log(1 + e^(beta x)) / beta; x itself where beta x > threshold.
WENGERT_API Tensor softplus(const Tensor& input, double beta = 1, double threshold = 20);
// log(sigmoid(x)).
WENGERT_API Tensor logsigmoid(const Tensor& input);
// x / (1 + |x|).
WENGERT_API Tensor softsign(const Tensor& input);
// x limited to [min_val, max_val], with derivative 0 on the borders.
WENGERT_API Tensor hardtanh(const Tensor& input, double min_val = -1, double max_val = 1);
// min(max(x, 0), 6).
WENGERT_API Tensor relu6(const Tensor& input);
// min(max(x + 3, 0), 6) / 6, and x times that.
WENGERT_API Tensor hardsigmoid(const Tensor& input);
WENGERT_API Tensor hardswish(const Tensor& input);
// x where |x| > lambd, else 0.
WENGERT_API Tensor hardshrink(const Tensor& input, double lambd = 0.5);
// x moved towards 0 by lambd, 0 where |x| <= lambd.
WENGERT_API Tensor softshrink(const Tensor& input, double lambd = 0.5);
// x - tanh(x).
WENGERT_API Tensor tanhshrink(const Tensor& input);
// x where x > threshold, else value.
WENGERT_API Tensor threshold(const Tensor& input, double threshold, double value);
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
