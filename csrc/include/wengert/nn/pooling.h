// Pooling of (N, C, ...) or (C, ...).
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "wengert/nn/module.h"
#include "wengert/nn/size.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// A layer for one, two and three dimensions: name##1d and so on, of the template name##Nd.
#define WENGERT_LAYERS(name)                                                                       \
  extern template class name##Nd<1>;                                                               \
  extern template class name##Nd<2>;                                                               \
  extern template class name##Nd<3>;                                                               \
  class WENGERT_API name##1d : public name##Nd<1> {                                                \
   public:                                                                                         \
    using name##Nd::name##Nd;                                                                      \
    std::shared_ptr<Module> make_like() const override { return this->template like<name##1d>(); } \
  };                                                                                               \
  class WENGERT_API name##2d : public name##Nd<2> {                                                \
   public:                                                                                         \
    using name##Nd::name##Nd;                                                                      \
    std::shared_ptr<Module> make_like() const override { return this->template like<name##2d>(); } \
  };                                                                                               \
  class WENGERT_API name##3d : public name##Nd<3> {                                                \
   public:                                                                                         \
    using name##Nd::name##Nd;                                                                      \
    std::shared_ptr<Module> make_like() const override { return this->template like<name##3d>(); } \
  };

template <size_t N>
struct MaxPoolOptions {
  OptionalSizeOf<N> stride = {};  // the kernel's size
  SizeOf<N> padding = 0, dilation = 1;
  bool ceil_mode = false;
};
using MaxPool1dOptions = MaxPoolOptions<1>;
using MaxPool2dOptions = MaxPoolOptions<2>;
using MaxPool3dOptions = MaxPoolOptions<3>;
// The maximum of each window.
template <size_t N>
class WENGERT_API MaxPoolNd : public Module {
 public:
  explicit MaxPoolNd(SizeOf<N> kernel_size, const MaxPoolOptions<N>& options = {});
  Tensor forward(const Tensor& input) override;
  // The same, and where each maximum stands in its volume (int64).
  std::pair<Tensor, Tensor> forward_with_indices(const Tensor& input);
  std::string extra_repr() const override;
  const SizeOf<N> kernel_size;
  const MaxPoolOptions<N> options;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(kernel_size, options);
  }
};
WENGERT_LAYERS(MaxPool)

template <size_t N>
struct MaxUnpoolOptions {
  OptionalSizeOf<N> stride = {};  // the kernel's size
  SizeOf<N> padding = 0;
};
using MaxUnpool1dOptions = MaxUnpoolOptions<1>;
using MaxUnpool2dOptions = MaxUnpoolOptions<2>;
using MaxUnpool3dOptions = MaxUnpoolOptions<3>;
// Zeros but for the input at the places that MaxPool gave.
template <size_t N>
class WENGERT_API MaxUnpoolNd : public Module {
 public:
  explicit MaxUnpoolNd(SizeOf<N> kernel_size, const MaxUnpoolOptions<N>& options = {});
  using Module::forward;
  // output_size is the size that was pooled, where the smallest possible one is not it.
  Tensor forward(const Tensor& input, const Tensor& indices, Dims output_size = {});
  Tensor operator()(const Tensor& input, const Tensor& indices, Dims output_size = {});
  std::string extra_repr() const override;
  const SizeOf<N> kernel_size;
  const MaxUnpoolOptions<N> options;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(kernel_size, options);
  }
};
WENGERT_LAYERS(MaxUnpool)

template <size_t N>
struct AvgPoolOptions {
  OptionalSizeOf<N> stride = {};  // the kernel's size
  SizeOf<N> padding = 0;
  bool ceil_mode = false, count_include_pad = true;
  std::optional<int64_t> divisor_override = {};
};
using AvgPool1dOptions = AvgPoolOptions<1>;
using AvgPool2dOptions = AvgPoolOptions<2>;
using AvgPool3dOptions = AvgPoolOptions<3>;
// The mean of each window.
template <size_t N>
class WENGERT_API AvgPoolNd : public Module {
 public:
  explicit AvgPoolNd(SizeOf<N> kernel_size, const AvgPoolOptions<N>& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  const SizeOf<N> kernel_size;
  const AvgPoolOptions<N> options;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(kernel_size, options);
  }
};
WENGERT_LAYERS(AvgPool)

template <size_t N>
struct LPPoolOptions {
  OptionalSizeOf<N> stride = {};  // the kernel's size
  bool ceil_mode = false;
};
using LPPool1dOptions = LPPoolOptions<1>;
using LPPool2dOptions = LPPoolOptions<2>;
using LPPool3dOptions = LPPoolOptions<3>;
// (sum of x^norm_type)^(1 / norm_type) of each window.
template <size_t N>
class WENGERT_API LPPoolNd : public Module {
 public:
  LPPoolNd(double norm_type, SizeOf<N> kernel_size, const LPPoolOptions<N>& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  const double norm_type;
  const SizeOf<N> kernel_size;
  const LPPoolOptions<N> options;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(norm_type, kernel_size, options);
  }
};
WENGERT_LAYERS(LPPool)

// Means and maxima of a grid of windows that covers the input; a size of -1 is the input's.
template <size_t N>
class WENGERT_API AdaptiveAvgPoolNd : public Module {
 public:
  explicit AdaptiveAvgPoolNd(SizeOf<N> output_size);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  const SizeOf<N> output_size;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(output_size);
  }
};
WENGERT_LAYERS(AdaptiveAvgPool)
template <size_t N>
class WENGERT_API AdaptiveMaxPoolNd : public Module {
 public:
  explicit AdaptiveMaxPoolNd(SizeOf<N> output_size);
  Tensor forward(const Tensor& input) override;
  std::pair<Tensor, Tensor> forward_with_indices(const Tensor& input);
  std::string extra_repr() const override;
  const SizeOf<N> output_size;

 protected:
  template <class Layer>
  std::shared_ptr<Module> like() const {
    return make<Layer>(output_size);
  }
};
WENGERT_LAYERS(AdaptiveMaxPool)
#undef WENGERT_LAYERS

template <size_t N>
struct FractionalMaxPoolOptions {
  // One of them: sizes, or parts of the input's between 0 and 1.
  OptionalSizeOf<N> output_size = {};
  std::vector<double> output_ratio = {};  // one, or one for each dimension
  Tensor random_samples = {};             // (N, C, dimensions) in [0, 1); drawn at each call
};
using FractionalMaxPool2dOptions = FractionalMaxPoolOptions<2>;
using FractionalMaxPool3dOptions = FractionalMaxPoolOptions<3>;
// The maxima of windows at random places (Graham, 2014).
template <size_t N>
class WENGERT_API FractionalMaxPoolNd : public Module {
 public:
  FractionalMaxPoolNd(SizeOf<N> kernel_size, const FractionalMaxPoolOptions<N>& options);
  Tensor forward(const Tensor& input) override;
  std::pair<Tensor, Tensor> forward_with_indices(const Tensor& input);
  const SizeOf<N> kernel_size;
  const FractionalMaxPoolOptions<N> options;

 protected:
  // With random samples of its own.
  FractionalMaxPoolOptions<N> copied_options() const;
};
extern template class FractionalMaxPoolNd<2>;
extern template class FractionalMaxPoolNd<3>;
class WENGERT_API FractionalMaxPool2d : public FractionalMaxPoolNd<2> {
 public:
  using FractionalMaxPoolNd::FractionalMaxPoolNd;
  std::shared_ptr<Module> make_like() const override {
    return make<FractionalMaxPool2d>(kernel_size, copied_options());
  }
};
class WENGERT_API FractionalMaxPool3d : public FractionalMaxPoolNd<3> {
 public:
  using FractionalMaxPoolNd::FractionalMaxPoolNd;
  std::shared_ptr<Module> make_like() const override {
    return make<FractionalMaxPool3d>(kernel_size, copied_options());
  }
};

}  // namespace nn
WENGERT_NAMESPACE_END
