// Linear maps, and modules that only change the shape.
#pragma once

#include <optional>
#include <vector>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// Gives its input back.
class WENGERT_API Identity : public Module {
 public:
  Tensor forward(const Tensor& input) override;
  std::shared_ptr<Module> make_like() const override { return make<Identity>(); }
};

struct LinearOptions {
  bool bias = true;
  std::optional<DType> dtype = {};
};
// input weight^T + bias; weight (out, in) and bias are drawn from U(-1 / sqrt(in), 1 / sqrt(in)).
class WENGERT_API Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  Tensor forward(const Tensor& input) override;
  void reset_parameters();
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;
  const int64_t in_features, out_features;
  Tensor weight, bias;  // bias is undefined without
};

// A Linear under the name that the output projection of attention has.
class WENGERT_API NonDynamicallyQuantizableLinear : public Linear {
 public:
  using Linear::Linear;
  std::shared_ptr<Module> make_like() const override;
};

using BilinearOptions = LinearOptions;
// y_k = x1^T W_k x2 + b_k; weight (out, in1, in2) and bias are drawn from
// U(-1 / sqrt(in1), 1 / sqrt(in1)).
class WENGERT_API Bilinear : public Module {
 public:
  Bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features,
           const BilinearOptions& options = {});
  using Module::forward;
  Tensor forward(const Tensor& input1, const Tensor& input2);
  Tensor operator()(const Tensor& input1, const Tensor& input2);
  void reset_parameters();
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override;
  const int64_t in1_features, in2_features, out_features;
  Tensor weight, bias;
};

// Dimensions start_dim to end_dim as one.
class WENGERT_API Flatten : public Module {
 public:
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<Flatten>(start_dim, end_dim); }
  const int64_t start_dim, end_dim;
};

// The dimension `dim` split into several.
class WENGERT_API Unflatten : public Module {
 public:
  Unflatten(int64_t dim, std::vector<int64_t> unflattened_size);
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<Unflatten>(dim, unflattened_size);
  }
  const int64_t dim;
  const std::vector<int64_t> unflattened_size;
};

}  // namespace nn
WENGERT_NAMESPACE_END
