// Activation functions as modules; their formulas stand in wengert/nn/functional/activation.h.
#pragma once

#include <optional>
#include <string>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

#define WENGERT_ACTIVATION(Name)                                                \
  class WENGERT_API Name : public Module {                                      \
   public:                                                                      \
    Tensor forward(const Tensor& input) override;                               \
    std::shared_ptr<Module> make_like() const override { return make<Name>(); } \
  };
WENGERT_ACTIVATION(Sigmoid)
WENGERT_ACTIVATION(Tanh)
WENGERT_ACTIVATION(LogSigmoid)
WENGERT_ACTIVATION(Softsign)
WENGERT_ACTIVATION(Tanhshrink)
// Softmax over the channels of (N, C, H, W) or (C, H, W).
WENGERT_ACTIVATION(Softmax2d)
#undef WENGERT_ACTIVATION

// Those that may overwrite their input.
struct InplaceOptions {
  bool inplace = false;
};
using ReLUOptions = InplaceOptions;
using SELUOptions = InplaceOptions;
using SiLUOptions = InplaceOptions;
using MishOptions = InplaceOptions;
using ReLU6Options = InplaceOptions;
using HardsigmoidOptions = InplaceOptions;
using HardswishOptions = InplaceOptions;
struct GELUOptions {
  std::string approximate = "none";
};
struct LeakyReLUOptions {
  double negative_slope = 0.01;
  bool inplace = false;
};
struct ELUOptions {
  double alpha = 1;
  bool inplace = false;
};
using CELUOptions = ELUOptions;
struct HardtanhOptions {
  double min_val = -1, max_val = 1;
  bool inplace = false;
};
struct SoftplusOptions {
  double beta = 1, threshold = 20;
};
struct RReLUOptions {
  double lower = 1.0 / 8, upper = 1.0 / 3;
  bool inplace = false;
};

#define WENGERT_ACTIVATION(Name)                                                       \
  class WENGERT_API Name : public Module {                                             \
   public:                                                                             \
    explicit Name(const Name##Options& options = {});                                  \
    Tensor forward(const Tensor& input) override;                                      \
    std::string extra_repr() const override;                                           \
    std::shared_ptr<Module> make_like() const override { return make<Name>(options); } \
    const Name##Options options;                                                       \
  };
WENGERT_ACTIVATION(ReLU)
WENGERT_ACTIVATION(SELU)
WENGERT_ACTIVATION(SiLU)
WENGERT_ACTIVATION(Mish)
WENGERT_ACTIVATION(ReLU6)
WENGERT_ACTIVATION(Hardsigmoid)
WENGERT_ACTIVATION(Hardswish)
WENGERT_ACTIVATION(GELU)
WENGERT_ACTIVATION(LeakyReLU)
WENGERT_ACTIVATION(ELU)
WENGERT_ACTIVATION(CELU)
WENGERT_ACTIVATION(Hardtanh)
WENGERT_ACTIVATION(Softplus)
WENGERT_ACTIVATION(RReLU)
#undef WENGERT_ACTIVATION

class WENGERT_API Hardshrink : public Module {
 public:
  explicit Hardshrink(double lambd = 0.5);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<Hardshrink>(lambd); }
  const double lambd;
};

class WENGERT_API Softshrink : public Module {
 public:
  explicit Softshrink(double lambd = 0.5);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<Softshrink>(lambd); }
  const double lambd;
};

using ThresholdOptions = InplaceOptions;
class WENGERT_API Threshold : public Module {
 public:
  Threshold(double threshold, double value, const ThresholdOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<Threshold>(threshold, value, options);
  }
  const double threshold, value;
  const ThresholdOptions options;
};

struct PReLUOptions {
  int64_t num_parameters = 1;  // or the number of channels
  double init = 0.25;
  std::optional<DType> dtype = {};
};
class WENGERT_API PReLU : public Module {
 public:
  explicit PReLU(const PReLUOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<PReLU>(options); }
  const PReLUOptions options;
  Tensor weight;
};

// Along one dimension.
class WENGERT_API GLU : public Module {
 public:
  explicit GLU(int64_t dim = -1);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<GLU>(dim); }
  const int64_t dim;
};
#define WENGERT_ACTIVATION(Name)                                                   \
  class WENGERT_API Name : public Module {                                         \
   public:                                                                         \
    explicit Name(int64_t dim);                                                    \
    Tensor forward(const Tensor& input) override;                                  \
    std::string extra_repr() const override;                                       \
    std::shared_ptr<Module> make_like() const override { return make<Name>(dim); } \
    const int64_t dim;                                                             \
  };
WENGERT_ACTIVATION(Softmax)
WENGERT_ACTIVATION(LogSoftmax)
WENGERT_ACTIVATION(Softmin)
#undef WENGERT_ACTIVATION

}  // namespace nn
WENGERT_NAMESPACE_END
