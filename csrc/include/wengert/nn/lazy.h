// Layers that take some of their sizes from their first input.
#pragma once

#include <functional>
#include <memory>

#include "wengert/nn/convolution.h"
#include "wengert/nn/linear.h"
#include "wengert/nn/normalization.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// Has no parameters and buffers before its first call (or initialize_parameters), and afterwards
// those of the layer that it then makes: give it an example before an optimizer is made or a state
// is loaded.
class WENGERT_API LazyModule : public Module {
 public:
  Tensor forward(const Tensor& input) override;
  // Makes the layer for such inputs, unless there is one.
  void initialize_parameters(const Tensor& input);
  bool has_uninitialized_params() const { return layer_ == nullptr; }
  // Error before the first call.
  Module& layer() const;
  // After the first call that of the layer.
  std::string to_string() const override;

 protected:
  using Make = std::function<std::shared_ptr<Module>(const Tensor& input)>;
  explicit LazyModule(Make make) : make_(std::move(make)) {}
  // `fresh`, with a layer if this has one.
  std::shared_ptr<Module> begun_as_this(const std::shared_ptr<LazyModule>& fresh) const;

 private:
  void begin(std::shared_ptr<Module> layer);
  const Make make_;
  std::shared_ptr<Module> layer_;
};

// in_features is the last size of the first input.
using LazyLinearOptions = LinearOptions;
class WENGERT_API LazyLinear : public LazyModule {
 public:
  explicit LazyLinear(int64_t out_features, const LazyLinearOptions& options = {});
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return begun_as_this(make<LazyLinear>(out_features, options));
  }
  const int64_t out_features;
  const LazyLinearOptions options;
};

// in_channels are the channels of the first input.
#define WENGERT_LAZY(Layer, n)                                                           \
  using Lazy##Layer##n##dOptions = Layer##Options<n>;                                    \
  class WENGERT_API Lazy##Layer##n##d : public LazyModule {                              \
   public:                                                                               \
    Lazy##Layer##n##d(int64_t out_channels, SizeOf<n> kernel_size,                       \
                      const Lazy##Layer##n##dOptions& options = {});                     \
    std::string extra_repr() const override;                                             \
    std::shared_ptr<Module> make_like() const override {                                 \
      return begun_as_this(make<Lazy##Layer##n##d>(out_channels, kernel_size, options)); \
    }                                                                                    \
    const int64_t out_channels;                                                          \
    const SizeOf<n> kernel_size;                                                         \
    const Lazy##Layer##n##dOptions options;                                              \
  };
WENGERT_LAZY(Conv, 1)
WENGERT_LAZY(Conv, 2)
WENGERT_LAZY(Conv, 3)
WENGERT_LAZY(ConvTranspose, 1)
WENGERT_LAZY(ConvTranspose, 2)
WENGERT_LAZY(ConvTranspose, 3)
#undef WENGERT_LAZY

// num_features is dimension 1 of the first input. As in Python, instance normalisation too has
// weights and running statistics unless told otherwise.
#define WENGERT_LAZY(Layer)                                         \
  using Lazy##Layer##Options = BatchNormOptions;                    \
  class WENGERT_API Lazy##Layer : public LazyModule {               \
   public:                                                          \
    explicit Lazy##Layer(const Lazy##Layer##Options& options = {}); \
    std::string extra_repr() const override;                        \
    std::shared_ptr<Module> make_like() const override {            \
      return begun_as_this(make<Lazy##Layer>(options));             \
    }                                                               \
    const Lazy##Layer##Options options;                             \
  };
WENGERT_LAZY(BatchNorm1d)
WENGERT_LAZY(BatchNorm2d)
WENGERT_LAZY(BatchNorm3d)
WENGERT_LAZY(InstanceNorm1d)
WENGERT_LAZY(InstanceNorm2d)
WENGERT_LAZY(InstanceNorm3d)
#undef WENGERT_LAZY

}  // namespace nn
WENGERT_NAMESPACE_END
