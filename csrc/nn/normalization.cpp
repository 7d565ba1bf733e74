#include "wengert/nn/normalization.h"

#include <limits>

#include "nn/make.h"
#include "nn/normalization_text.h"
#include "wengert/nn/functional/normalization.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// ---- batches

NormBase::NormBase(const char* layer, int64_t least, int64_t most, int64_t features,
                   const BatchNormOptions& o)
    : num_features(features), options(o), layer_(layer), least_(least), most_(most) {
  check_size(layer, "num_features", features, 0);
  if (o.affine) weight = register_parameter("weight", ones({features}, o.dtype));
  if (o.affine && o.bias) bias = register_parameter("bias", zeros({features}, o.dtype));
  if (!o.track_running_stats) return;
  running_mean = register_buffer("running_mean", zeros({features}, o.dtype));
  running_var = register_buffer("running_var", ones({features}, o.dtype));
  num_batches_tracked = register_buffer("num_batches_tracked", scalar(0, DType::int64));
}

void NormBase::reset_running_stats() {
  if (!options.track_running_stats) return;
  const NoGradGuard no_grad;
  zero_(running_mean);
  fill_(running_var, 1);
  zero_(num_batches_tracked);
}

void NormBase::reset_parameters() {
  reset_running_stats();
  const NoGradGuard no_grad;
  if (weight.defined()) fill_(weight, 1);
  if (bias.defined()) zero_(bias);
}

void NormBase::check_dims(const Tensor& input) const {
  const bool any_number = most_ == std::numeric_limits<int64_t>::max();
  WG_CHECK(input.dim() >= least_ && input.dim() <= most_, ValueError, layer_,
           ": expected an input of ", least_,
           any_number        ? " or more"
           : least_ != most_ ? " or " + std::to_string(most_)
                             : "",
           " dimensions, but got ", input.shape());
}

Tensor BatchNormBase::forward(const Tensor& input) {
  check_dims(input);
  double momentum = options.momentum.value_or(0);
  if (is_training() && options.track_running_stats) {
    const NoGradGuard no_grad;
    add_(num_batches_tracked, 1);
    if (!options.momentum) momentum = 1 / num_batches_tracked.item<double>();
  }
  const bool use_batch = is_training() || !options.track_running_stats;
  return functional::batch_norm(input, running_mean, running_var, weight, bias, use_batch, momentum,
                                options.eps);
}

#define WENGERT_NORM(Name, least, most)                   \
  Name::Name(int64_t features, const Name##Options& o)    \
      : BatchNormBase(#Name, least, most, features, o) {} \
  std::shared_ptr<Module> Name::make_like() const { return make<Name>(num_features, options); }
WENGERT_NORM(BatchNorm1d, 2, 3)
WENGERT_NORM(BatchNorm2d, 4, 4)
WENGERT_NORM(BatchNorm3d, 5, 5)
WENGERT_NORM(SyncBatchNorm, 2, std::numeric_limits<int64_t>::max())
#undef WENGERT_NORM

// ---- instances

InstanceNormBase::InstanceNormBase(const char* layer, int64_t least, int64_t features,
                                   const InstanceNormOptions& o)
    : NormBase(layer, least, least + 1, features,
               {.eps = o.eps,
                .momentum = o.momentum,
                .affine = o.affine,
                .track_running_stats = o.track_running_stats,
                .bias = o.bias,
                .dtype = o.dtype}) {}

Tensor InstanceNormBase::forward(const Tensor& input) {
  check_dims(input);
  const bool unbatched = input.dim() == least_;
  WG_CHECK(!options.affine || input.size(unbatched ? 0 : 1) == num_features, ValueError, layer_,
           ": expected ", num_features, " channels, but got an input of shape ", input.shape());
  const Tensor y = functional::instance_norm(
      unbatched ? unsqueeze(input, 0) : input, running_mean, running_var, weight, bias,
      is_training() || !options.track_running_stats, options.momentum.value_or(0), options.eps);
  return unbatched ? squeeze(y, {0}) : y;
}

#define WENGERT_NORM(Name, least)                           \
  Name::Name(int64_t features, const Name##Options& o)      \
      : InstanceNormBase(#Name, least, features, o) {}      \
  std::shared_ptr<Module> Name::make_like() const {         \
    return make<Name>(num_features, of_instances(options)); \
  }
WENGERT_NORM(InstanceNorm1d, 2)
WENGERT_NORM(InstanceNorm2d, 3)
WENGERT_NORM(InstanceNorm3d, 4)
#undef WENGERT_NORM

// ---- samples

LayerNorm::LayerNorm(NormalizedShape shape, const LayerNormOptions& o)
    : normalized_shape(std::move(shape)), options(o) {
  if (!o.elementwise_affine) return;
  weight = register_parameter("weight", ones(normalized_shape, o.dtype));
  if (o.bias) bias = register_parameter("bias", zeros(normalized_shape, o.dtype));
}
Tensor LayerNorm::forward(const Tensor& input) {
  return layer_norm(input, normalized_shape, weight, bias, options.eps);
}

GroupNorm::GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& o)
    : num_groups(groups), num_channels(channels), options(o) {
  check_size("GroupNorm", "num_groups", groups);
  WG_CHECK(channels % groups == 0, ValueError, "GroupNorm: num_channels (", channels,
           ") must be divisible by num_groups (", groups, ")");
  if (!o.affine) return;
  weight = register_parameter("weight", ones({channels}, o.dtype));
  if (o.bias) bias = register_parameter("bias", zeros({channels}, o.dtype));
}
Tensor GroupNorm::forward(const Tensor& input) {
  return group_norm(input, num_groups, weight, bias, options.eps);
}

RMSNorm::RMSNorm(NormalizedShape shape, const RMSNormOptions& o)
    : normalized_shape(std::move(shape)), options(o) {
  if (o.elementwise_affine) {
    weight = register_parameter("weight", ones(normalized_shape, o.dtype));
  }
}
Tensor RMSNorm::forward(const Tensor& input) {
  return rms_norm(input, normalized_shape, weight, options.eps);
}

LocalResponseNorm::LocalResponseNorm(int64_t n, const LocalResponseNormOptions& o)
    : size(n), options(o) {
  check_size("LocalResponseNorm", "size", n);
}
Tensor LocalResponseNorm::forward(const Tensor& input) {
  return functional::local_response_norm(input, size, options.alpha, options.beta, options.k);
}

CrossMapLRN2d::CrossMapLRN2d(int64_t n, const CrossMapLRN2dOptions& o) : size(n), options(o) {
  check_size("CrossMapLRN2d", "size", n);
}
Tensor CrossMapLRN2d::forward(const Tensor& input) {
  return functional::cross_map_norm(input, size, options.alpha, options.beta, options.k);
}

// ---- text

std::string NormBase::extra_repr() const { return norm_text(num_features, options); }
std::string LayerNorm::extra_repr() const {
  return Text()
      .add(normalized_shape)
      .add("eps", options.eps)
      .add("elementwise_affine", options.elementwise_affine)
      .add("bias", bias.defined());
}
std::string GroupNorm::extra_repr() const {
  return Text()
      .add(num_groups)
      .add(num_channels)
      .add("eps", options.eps)
      .add("affine", options.affine)
      .add("bias", bias.defined());
}
std::string RMSNorm::extra_repr() const {
  return Text()
      .add(normalized_shape)
      .add("eps", options.eps)
      .add("elementwise_affine", options.elementwise_affine);
}

namespace {
Text channels_text(int64_t size, const LocalResponseNormOptions& o) {
  return Text().add(size).add("alpha", o.alpha).add("beta", o.beta);
}
}  // namespace
std::string LocalResponseNorm::extra_repr() const {
  return channels_text(size, options).add("k", options.k);
}
// Python's default of k is a whole number.
std::string CrossMapLRN2d::extra_repr() const {
  const auto whole = static_cast<int64_t>(options.k);
  Text text = channels_text(size, options);
  return static_cast<double>(whole) == options.k ? text.add("k", whole) : text.add("k", options.k);
}

}  // namespace nn
WENGERT_NAMESPACE_END
