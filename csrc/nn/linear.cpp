#include "wengert/nn/linear.h"

#include "nn/make.h"
#include "nn/text.h"
#include "wengert/nn/functional/linear.h"
#include "wengert/nn/init.h"
#include "wengert/ops/nn.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

Tensor Identity::forward(const Tensor& input) { return input; }

Linear::Linear(int64_t in, int64_t out, const LinearOptions& o)
    : in_features(in), out_features(out) {
  check_size("Linear", "in_features", in, 0);
  check_size("Linear", "out_features", out, 0);
  weight = register_parameter("weight", empty({out, in}, o.dtype));
  if (o.bias) bias = register_parameter("bias", empty({out}, o.dtype));
  reset_parameters();
}
void Linear::reset_parameters() {
  // With a = sqrt(5) the bound is 1 / sqrt(in).
  init::kaiming_uniform_(weight, std::sqrt(5.0));
  const double bound = bound_for(in_features);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}
Tensor Linear::forward(const Tensor& input) { return linear(input, weight, bias); }

Bilinear::Bilinear(int64_t in1, int64_t in2, int64_t out, const BilinearOptions& o)
    : in1_features(in1), in2_features(in2), out_features(out) {
  check_size("Bilinear", "in1_features", in1);
  check_size("Bilinear", "in2_features", in2, 0);
  check_size("Bilinear", "out_features", out, 0);
  weight = register_parameter("weight", empty({out, in1, in2}, o.dtype));
  if (o.bias) bias = register_parameter("bias", empty({out}, o.dtype));
  reset_parameters();
}
void Bilinear::reset_parameters() {
  const double bound = bound_for(in1_features);
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}
Tensor Bilinear::forward(const Tensor& input1, const Tensor& input2) {
  return functional::bilinear(input1, input2, weight, bias);
}
Tensor Bilinear::operator()(const Tensor& input1, const Tensor& input2) {
  return call(input1, [&](const Tensor& x) { return forward(x, input2); });
}

Flatten::Flatten(int64_t start, int64_t end) : start_dim(start), end_dim(end) {}
Tensor Flatten::forward(const Tensor& input) { return flatten(input, start_dim, end_dim); }

Unflatten::Unflatten(int64_t d, std::vector<int64_t> sizes)
    : dim(d), unflattened_size(std::move(sizes)) {}
Tensor Unflatten::forward(const Tensor& input) { return unflatten(input, dim, unflattened_size); }

// ---- text and copies

std::string Linear::extra_repr() const {
  return Text()
      .add("in_features", in_features)
      .add("out_features", out_features)
      .add("bias", bias.defined());
}
std::shared_ptr<Module> Linear::make_like() const {
  return make<Linear>(in_features, out_features, LinearOptions{.bias = bias.defined()});
}
std::shared_ptr<Module> NonDynamicallyQuantizableLinear::make_like() const {
  return make<NonDynamicallyQuantizableLinear>(in_features, out_features,
                                               LinearOptions{.bias = bias.defined()});
}
std::string Bilinear::extra_repr() const {
  return Text()
      .add("in1_features", in1_features)
      .add("in2_features", in2_features)
      .add("out_features", out_features)
      .add("bias", bias.defined());
}
std::shared_ptr<Module> Bilinear::make_like() const {
  return make<Bilinear>(in1_features, in2_features, out_features,
                        BilinearOptions{.bias = bias.defined()});
}
std::string Flatten::extra_repr() const {
  return Text().add("start_dim", start_dim).add("end_dim", end_dim);
}
std::string Unflatten::extra_repr() const {
  return Text().add("dim", dim).add("unflattened_size", unflattened_size);
}

}  // namespace nn
WENGERT_NAMESPACE_END
