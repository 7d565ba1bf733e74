#include "wengert/nn/lazy.h"

#include "nn/convolution_text.h"
#include "nn/normalization_text.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

void LazyModule::begin(std::shared_ptr<Module> layer) {
  for (const auto& [name, t] : layer->named_parameters()) register_parameter(name, t);
  for (const auto& [name, t] : layer->named_buffers()) register_buffer(name, t);
  layer_ = std::move(layer);
}

void LazyModule::initialize_parameters(const Tensor& input) {
  if (!layer_) begin(make_(input));
}

std::shared_ptr<Module> LazyModule::begun_as_this(const std::shared_ptr<LazyModule>& fresh) const {
  if (layer_) fresh->begin(layer_->make_like());
  return fresh;
}

std::string LazyModule::to_string() const {
  return layer_ ? layer_->to_string() : Module::to_string();
}

Module& LazyModule::layer() const {
  WG_CHECK(layer_, Error, "LazyModule: there is no layer before the first call");
  return *layer_;
}

Tensor LazyModule::forward(const Tensor& input) {
  initialize_parameters(input);
  if (layer_->is_training() != is_training()) layer_->train(is_training());
  return layer_->forward(input);
}

LazyLinear::LazyLinear(int64_t out, const LazyLinearOptions& o)
    : LazyModule([out, o](const Tensor& x) { return make<Linear>(x.size(-1), out, o); }),
      out_features(out),
      options(o) {}
std::string LazyLinear::extra_repr() const {
  return Text()
      .add("in_features", int64_t{0})
      .add("out_features", out_features)
      .add("bias", options.bias);
}

namespace {
int64_t channels_of(const Tensor& x, int64_t n) {
  WG_CHECK(x.dim() == n + 1 || x.dim() == n + 2, Error, "LazyConv", n, "d: expected an input of ",
           n + 1, " or ", n + 2, " dimensions, got shape ", x.shape());
  return x.size(-n - 1);
}
}  // namespace

#define WENGERT_LAZY(Layer, n)                                            \
  Lazy##Layer##n##d::Lazy##Layer##n##d(int64_t out, SizeOf<n> size,       \
                                       const Lazy##Layer##n##dOptions& o) \
      : LazyModule([out, size, o](const Tensor& x) {                      \
          return make<Layer##n##d>(channels_of(x, n), out, size, o);      \
        }),                                                               \
        out_channels(out),                                                \
        kernel_size(size),                                                \
        options(o) {}                                                     \
  std::string Lazy##Layer##n##d::extra_repr() const {                     \
    return conv_text(0, out_channels, kernel_size, options);              \
  }
WENGERT_LAZY(Conv, 1)
WENGERT_LAZY(Conv, 2)
WENGERT_LAZY(Conv, 3)
WENGERT_LAZY(ConvTranspose, 1)
WENGERT_LAZY(ConvTranspose, 2)
WENGERT_LAZY(ConvTranspose, 3)
#undef WENGERT_LAZY

#define WENGERT_LAZY(Layer, its_options)                                                  \
  Lazy##Layer::Lazy##Layer(const Lazy##Layer##Options& o)                                 \
      : LazyModule([o](const Tensor& x) { return make<Layer>(x.size(1), its_options); }), \
        options(o) {}                                                                     \
  std::string Lazy##Layer::extra_repr() const { return norm_text(0, options); }
WENGERT_LAZY(BatchNorm1d, o)
WENGERT_LAZY(BatchNorm2d, o)
WENGERT_LAZY(BatchNorm3d, o)
WENGERT_LAZY(InstanceNorm1d, of_instances(o))
WENGERT_LAZY(InstanceNorm2d, of_instances(o))
WENGERT_LAZY(InstanceNorm3d, of_instances(o))
#undef WENGERT_LAZY

}  // namespace nn
WENGERT_NAMESPACE_END
