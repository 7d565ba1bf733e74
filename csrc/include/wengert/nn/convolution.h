// Convolutions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wengert/nn/module.h"
#include "wengert/nn/size.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

template <size_t N>
struct ConvOptions {
  SizeOf<N> stride = 1;
  PaddingOf<N> padding = 0;
  SizeOf<N> dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";  // "reflect", "replicate" or "circular"
  std::optional<DType> dtype = {};
};
using Conv1dOptions = ConvOptions<1>;
using Conv2dOptions = ConvOptions<2>;
using Conv3dOptions = ConvOptions<3>;

// Cross-correlation of (N, in, ...) or (in, ...); weight (out, in / groups, *kernel_size) and bias
// are drawn as those of Linear, with the number of inputs of one output.
template <size_t N>
class WENGERT_API ConvNd : public Module {
 public:
  ConvNd(int64_t in_channels, int64_t out_channels, SizeOf<N> kernel_size,
         const ConvOptions<N>& options = {});
  Tensor forward(const Tensor& input) override;
  void reset_parameters();
  std::string extra_repr() const override;
  const int64_t in_channels, out_channels;
  const SizeOf<N> kernel_size;
  const ConvOptions<N> options;
  Tensor weight, bias;

 private:
  // What the kernel pads on both sides, and what is padded before it (empty if nothing).
  SizeOf<N> inner_padding_;
  std::vector<int64_t> outer_padding_;
};
extern template class ConvNd<1>;
extern template class ConvNd<2>;
extern template class ConvNd<3>;

class WENGERT_API Conv1d : public ConvNd<1> {
 public:
  using ConvNd::ConvNd;
  std::shared_ptr<Module> make_like() const override {
    return make<Conv1d>(in_channels, out_channels, kernel_size, options);
  }
};
class WENGERT_API Conv2d : public ConvNd<2> {
 public:
  using ConvNd::ConvNd;
  std::shared_ptr<Module> make_like() const override {
    return make<Conv2d>(in_channels, out_channels, kernel_size, options);
  }
};
class WENGERT_API Conv3d : public ConvNd<3> {
 public:
  using ConvNd::ConvNd;
  std::shared_ptr<Module> make_like() const override {
    return make<Conv3d>(in_channels, out_channels, kernel_size, options);
  }
};

template <size_t N>
struct ConvTransposeOptions {
  SizeOf<N> stride = 1, padding = 0, output_padding = 0;
  int64_t groups = 1;
  bool bias = true;
  SizeOf<N> dilation = 1;
  std::optional<DType> dtype = {};
};
using ConvTranspose1dOptions = ConvTransposeOptions<1>;
using ConvTranspose2dOptions = ConvTransposeOptions<2>;
using ConvTranspose3dOptions = ConvTransposeOptions<3>;

// The adjoint of a convolution; weight (in, out / groups, *kernel_size).
template <size_t N>
class WENGERT_API ConvTransposeNd : public Module {
 public:
  ConvTransposeNd(int64_t in_channels, int64_t out_channels, SizeOf<N> kernel_size,
                  const ConvTransposeOptions<N>& options = {});
  Tensor forward(const Tensor& input) override;
  // With the output_padding that gives this size, of the spatial dimensions or of all; ValueError
  // where none does.
  Tensor forward(const Tensor& input, Dims output_size);
  using Module::operator();
  Tensor operator()(const Tensor& input, Dims output_size);
  void reset_parameters();
  std::string extra_repr() const override;
  const int64_t in_channels, out_channels;
  const SizeOf<N> kernel_size;
  const ConvTransposeOptions<N> options;
  Tensor weight, bias;
};
extern template class ConvTransposeNd<1>;
extern template class ConvTransposeNd<2>;
extern template class ConvTransposeNd<3>;

class WENGERT_API ConvTranspose1d : public ConvTransposeNd<1> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  std::shared_ptr<Module> make_like() const override {
    return make<ConvTranspose1d>(in_channels, out_channels, kernel_size, options);
  }
};
class WENGERT_API ConvTranspose2d : public ConvTransposeNd<2> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  std::shared_ptr<Module> make_like() const override {
    return make<ConvTranspose2d>(in_channels, out_channels, kernel_size, options);
  }
};
class WENGERT_API ConvTranspose3d : public ConvTransposeNd<3> {
 public:
  using ConvTransposeNd::ConvTransposeNd;
  std::shared_ptr<Module> make_like() const override {
    return make<ConvTranspose3d>(in_channels, out_channels, kernel_size, options);
  }
};

}  // namespace nn
WENGERT_NAMESPACE_END
