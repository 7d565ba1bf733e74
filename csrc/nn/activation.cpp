#include "wengert/nn/activation.h"

#include "nn/make.h"
#include "nn/text.h"
#include "wengert/nn/functional/activation.h"
#include "wengert/nn/init.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace F = functional;

Tensor Sigmoid::forward(const Tensor& input) { return sigmoid(input); }
Tensor Tanh::forward(const Tensor& input) { return tanh(input); }
Tensor LogSigmoid::forward(const Tensor& input) { return F::logsigmoid(input); }
Tensor Softsign::forward(const Tensor& input) { return F::softsign(input); }
Tensor Tanhshrink::forward(const Tensor& input) { return F::tanhshrink(input); }
Tensor Softmax2d::forward(const Tensor& input) {
  WG_CHECK(input.dim() == 3 || input.dim() == 4, ValueError,
           "Softmax2d: expected an input of 3 or 4 dimensions, got ", input.dim());
  return softmax(input, -3);
}

// The constructor, and forward() as an expression in x and the options o.
#define WENGERT_ACTIVATION(Name, expression)                    \
  Name::Name(const Name##Options& o) : options(o) {}            \
  Tensor Name::forward(const Tensor& input) {                   \
    const Name##Options& o = options;                           \
    const auto f = [&](const Tensor& x) { return expression; }; \
    return o.inplace ? F::in_place(input, f) : f(input);        \
  }
WENGERT_ACTIVATION(SELU, F::selu(x))
WENGERT_ACTIVATION(SiLU, silu(x))
WENGERT_ACTIVATION(Mish, mish(x))
WENGERT_ACTIVATION(ReLU6, F::relu6(x))
WENGERT_ACTIVATION(Hardsigmoid, F::hardsigmoid(x))
WENGERT_ACTIVATION(Hardswish, F::hardswish(x))
WENGERT_ACTIVATION(LeakyReLU, F::leaky_relu(x, o.negative_slope))
WENGERT_ACTIVATION(ELU, F::elu(x, o.alpha))
WENGERT_ACTIVATION(CELU, F::celu(x, o.alpha))
WENGERT_ACTIVATION(RReLU, F::rrelu(x, o.lower, o.upper, is_training()))
#undef WENGERT_ACTIVATION

ReLU::ReLU(const ReLUOptions& o) : options(o) {}
Tensor ReLU::forward(const Tensor& input) {
  if (!options.inplace) return relu(input);
  Tensor self = input;
  return relu_(self);
}

Hardtanh::Hardtanh(const HardtanhOptions& o) : options(o) {
  WG_CHECK(o.min_val < o.max_val, ValueError, "Hardtanh: max_val (", o.max_val,
           ") must be greater than min_val (", o.min_val, ")");
}
Tensor Hardtanh::forward(const Tensor& input) {
  const auto f = [&](const Tensor& x) { return F::hardtanh(x, options.min_val, options.max_val); };
  return options.inplace ? F::in_place(input, f) : f(input);
}

GELU::GELU(const GELUOptions& o) : options(o) {}
Tensor GELU::forward(const Tensor& input) { return F::gelu(input, options.approximate); }

Softplus::Softplus(const SoftplusOptions& o) : options(o) {}
Tensor Softplus::forward(const Tensor& input) {
  return F::softplus(input, options.beta, options.threshold);
}

Hardshrink::Hardshrink(double l) : lambd(l) {}
Tensor Hardshrink::forward(const Tensor& input) { return F::hardshrink(input, lambd); }
Softshrink::Softshrink(double l) : lambd(l) {}
Tensor Softshrink::forward(const Tensor& input) { return F::softshrink(input, lambd); }

Threshold::Threshold(double t, double v, const ThresholdOptions& o)
    : threshold(t), value(v), options(o) {}
Tensor Threshold::forward(const Tensor& input) {
  const auto f = [&](const Tensor& x) { return F::threshold(x, threshold, value); };
  return options.inplace ? F::in_place(input, f) : f(input);
}

PReLU::PReLU(const PReLUOptions& o) : options(o) {
  check_size("PReLU", "num_parameters", o.num_parameters);
  weight = register_parameter("weight", empty({o.num_parameters}, o.dtype));
  init::constant_(weight, o.init);
}
Tensor PReLU::forward(const Tensor& input) { return F::prelu(input, weight); }

GLU::GLU(int64_t d) : dim(d) {}
Tensor GLU::forward(const Tensor& input) { return F::glu(input, dim); }
Softmax::Softmax(int64_t d) : dim(d) {}
Tensor Softmax::forward(const Tensor& input) { return softmax(input, dim); }
LogSoftmax::LogSoftmax(int64_t d) : dim(d) {}
Tensor LogSoftmax::forward(const Tensor& input) { return log_softmax(input, dim); }
Softmin::Softmin(int64_t d) : dim(d) {}
Tensor Softmin::forward(const Tensor& input) { return F::softmin(input, dim); }

// ---- text

// extra_repr() as a Text that begins empty, and the options o.
#define WENGERT_TEXT(Name, expression)                 \
  std::string Name::extra_repr() const {               \
    [[maybe_unused]] const Name##Options& o = options; \
    return Text() expression;                          \
  }
#define WENGERT_INPLACE .add_unless(false, "inplace", o.inplace)
WENGERT_TEXT(ReLU, WENGERT_INPLACE)
WENGERT_TEXT(SELU, WENGERT_INPLACE)
WENGERT_TEXT(SiLU, WENGERT_INPLACE)
WENGERT_TEXT(Mish, WENGERT_INPLACE)
WENGERT_TEXT(ReLU6, WENGERT_INPLACE)
WENGERT_TEXT(Hardsigmoid, )
WENGERT_TEXT(Hardswish, )
WENGERT_TEXT(GELU, .add("approximate", quoted(o.approximate)))
WENGERT_TEXT(LeakyReLU, .add("negative_slope", o.negative_slope) WENGERT_INPLACE)
WENGERT_TEXT(ELU, .add("alpha", o.alpha) WENGERT_INPLACE)
WENGERT_TEXT(CELU, .add("alpha", o.alpha) WENGERT_INPLACE)
WENGERT_TEXT(Hardtanh, .add("min_val", o.min_val).add("max_val", o.max_val) WENGERT_INPLACE)
WENGERT_TEXT(Softplus, .add("beta", o.beta).add("threshold", o.threshold))
WENGERT_TEXT(RReLU, .add("lower", o.lower).add("upper", o.upper) WENGERT_INPLACE)
WENGERT_TEXT(Threshold, .add("threshold", threshold).add("value", value) WENGERT_INPLACE)
WENGERT_TEXT(PReLU, .add("num_parameters", o.num_parameters))
#undef WENGERT_INPLACE
#undef WENGERT_TEXT
std::string Hardshrink::extra_repr() const { return text_of(lambd); }
std::string Softshrink::extra_repr() const { return text_of(lambd); }
std::string GLU::extra_repr() const { return Text().add("dim", dim); }
std::string Softmax::extra_repr() const { return Text().add("dim", dim); }
std::string LogSoftmax::extra_repr() const { return Text().add("dim", dim); }
std::string Softmin::extra_repr() const { return Text().add("dim", dim); }

}  // namespace nn
WENGERT_NAMESPACE_END
