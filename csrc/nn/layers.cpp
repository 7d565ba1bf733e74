#include <algorithm>
#include <cmath>

#include "tensor/check.h"
#include "tensor/impl.h"
#include "wengert/autograd.h"
#include "wengert/nn.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

namespace {

// U(-b, b) with b = 1 / sqrt(fan_in), which is He's bound for leaky ReLU with slope sqrt(5).
Tensor uniform_weight(Dims shape, int64_t fan_in, std::optional<DType> dtype) {
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  Tensor t = empty(shape, dtype);
  return uniform_(t, -bound, bound);
}

void check_size(const char* layer, const char* name, int64_t size, int64_t least = 1) {
  WG_CHECK(size >= least, ValueError, layer, ": ", name, " must be at least ", least, ", but is ",
           size);
}

int64_t checked_channels(int64_t in_channels, int64_t out_channels, const Conv2dOptions& o) {
  check_size("Conv2d", "groups", o.groups);
  check_size("Conv2d", "in_channels", in_channels);
  check_size("Conv2d", "out_channels", out_channels);
  WG_CHECK(in_channels % o.groups == 0 && out_channels % o.groups == 0, ValueError,
           "Conv2d: in_channels ", in_channels, " and out_channels ", out_channels,
           " must be divisible by groups ", o.groups);
  return in_channels / o.groups;
}

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, const LinearOptions& o) {
  check_size("Linear", "in_features", in_features, 0);
  check_size("Linear", "out_features", out_features, 0);
  weight = register_parameter("weight",
                              uniform_weight({out_features, in_features}, in_features, o.dtype));
  if (o.bias) {
    bias = register_parameter("bias", uniform_weight({out_features}, in_features, o.dtype));
  }
}
Tensor Linear::forward(const Tensor& input) { return linear(input, weight, bias); }

Conv2d::Conv2d(int64_t in_channels, int64_t out_channels, Size2 kernel_size, const Conv2dOptions& o)
    : options(o) {
  const int64_t channels = checked_channels(in_channels, out_channels, o);
  const int64_t height = kernel_size.d[0], width = kernel_size.d[1];
  check_size("Conv2d", "kernel_size", std::min(height, width));
  const int64_t fan_in = channels * height * width;
  weight = register_parameter(
      "weight", uniform_weight({out_channels, channels, height, width}, fan_in, o.dtype));
  if (o.bias) bias = register_parameter("bias", uniform_weight({out_channels}, fan_in, o.dtype));
}
Tensor Conv2d::forward(const Tensor& input) {
  return conv2d(input, weight, bias, options.stride, options.padding, options.dilation,
                options.groups);
}

BatchNorm2d::BatchNorm2d(int64_t num_features, const BatchNormOptions& o) : options(o) {
  check_size("BatchNorm2d", "num_features", num_features);
  if (o.affine) {
    weight = register_parameter("weight", ones({num_features}, o.dtype));
    bias = register_parameter("bias", zeros({num_features}, o.dtype));
  }
  running_mean = register_buffer("running_mean", zeros({num_features}, o.dtype));
  running_var = register_buffer("running_var", ones({num_features}, o.dtype));
  num_batches_tracked = register_buffer("num_batches_tracked", scalar(0, DType::int64));
}
Tensor BatchNorm2d::forward(const Tensor& input) {
  WG_CHECK(input.dim() == 4, ValueError, "BatchNorm2d: expected an input (N, C, H, W), but got ",
           input.shape());
  if (is_training()) {
    NoGradGuard no_grad;
    add_(num_batches_tracked, 1);
  }
  return batch_norm(input, running_mean, running_var, weight, bias, is_training(), options.momentum,
                    options.eps);
}

MaxPool2d::MaxPool2d(Size2 size, const MaxPool2dOptions& o) : kernel_size(size), options(o) {}
Tensor MaxPool2d::forward(const Tensor& input) {
  return max_pool2d(input, kernel_size, options.stride.value_or(kernel_size), options.padding,
                    options.dilation, options.ceil_mode);
}

Dropout::Dropout(double probability) : p(probability) {
  WG_CHECK(p >= 0 && p <= 1, ValueError, "Dropout: p must lie in [0, 1], but is ", p);
}
Tensor Dropout::forward(const Tensor& input) { return dropout(input, p, is_training()); }

Flatten::Flatten(int64_t start, int64_t end) : start_dim(start), end_dim(end) {}
Tensor Flatten::forward(const Tensor& input) {
  const int64_t first = wrap_dim("Flatten", start_dim, input.dim());
  const int64_t last = wrap_dim("Flatten", end_dim, input.dim());
  WG_CHECK(first <= last, Error, "Flatten: start_dim ", start_dim, " lies behind end_dim ",
           end_dim);
  std::vector<int64_t> shape;
  int64_t merged = 1;
  for (int64_t d = 0; d < input.dim(); ++d) {
    if (d >= first && d <= last) merged *= input.size(d);
    if (d < first || d > last) shape.push_back(input.size(d));
    if (d == last) shape.push_back(merged);
  }
  if (input.dim() == 0) shape.push_back(1);
  return reshape(input, shape);
}

Tensor ReLU::forward(const Tensor& input) { return relu(input); }
Tensor GELU::forward(const Tensor& input) { return gelu(input); }
Tensor SiLU::forward(const Tensor& input) { return silu(input); }
Tensor Sigmoid::forward(const Tensor& input) { return sigmoid(input); }
Tensor Tanh::forward(const Tensor& input) { return tanh(input); }

}  // namespace nn
WENGERT_NAMESPACE_END
