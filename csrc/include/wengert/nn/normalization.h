// Normalisation.
#pragma once

#include <optional>
#include <vector>

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

// ---- with statistics of the batch, or of each channel of each sample

struct BatchNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // none: the average of all batches seen
  bool affine = true, track_running_stats = true, bias = true;
  std::optional<DType> dtype = {};
};
using BatchNorm1dOptions = BatchNormOptions;
using BatchNorm2dOptions = BatchNormOptions;
using BatchNorm3dOptions = BatchNormOptions;
using SyncBatchNormOptions = BatchNormOptions;
struct InstanceNormOptions {
  double eps = 1e-5;
  std::optional<double> momentum = 0.1;  // none: running statistics stay as they are
  bool affine = false, track_running_stats = false, bias = true;
  std::optional<DType> dtype = {};
};
using InstanceNorm1dOptions = InstanceNormOptions;
using InstanceNorm2dOptions = InstanceNormOptions;
using InstanceNorm3dOptions = InstanceNormOptions;

// Weight and bias by channel, and running statistics; those that are not wanted are undefined.
class WENGERT_API NormBase : public Module {
 public:
  void reset_running_stats();
  void reset_parameters();
  std::string extra_repr() const override;
  const int64_t num_features;
  BatchNormOptions options;  // eps and momentum may be changed
  Tensor weight, bias, running_mean, running_var, num_batches_tracked;

 protected:
  // `layer` is the name for errors; inputs have least to most dimensions.
  NormBase(const char* layer, int64_t least, int64_t most, int64_t num_features,
           const BatchNormOptions& options);
  const char* const layer_;
  const int64_t least_, most_;
  void check_dims(const Tensor& input) const;
};

// (x - mean) / sqrt(var + eps) * weight + bias for each channel (dimension 1). In training the
// statistics are the batch's, and the running ones move towards them by `momentum`.
class WENGERT_API BatchNormBase : public NormBase {
 public:
  Tensor forward(const Tensor& input) override;

 protected:
  using NormBase::NormBase;
};
#define WENGERT_NORM(Name, Base)                                            \
  class WENGERT_API Name : public Base {                                    \
   public:                                                                  \
    explicit Name(int64_t num_features, const Name##Options& options = {}); \
    std::shared_ptr<Module> make_like() const override;                     \
  };
WENGERT_NORM(BatchNorm1d, BatchNormBase)    // (N, C) or (N, C, L)
WENGERT_NORM(BatchNorm2d, BatchNormBase)    // (N, C, H, W)
WENGERT_NORM(BatchNorm3d, BatchNormBase)    // (N, C, D, H, W)
WENGERT_NORM(SyncBatchNorm, BatchNormBase)  // (N, C, *); there is one process

// The same for each channel of each sample, whose statistics are its own; with track_running_stats
// running ones, which follow their means over the batch, normalise in evaluation.
class WENGERT_API InstanceNormBase : public NormBase {
 public:
  Tensor forward(const Tensor& input) override;

 protected:
  InstanceNormBase(const char* layer, int64_t least, int64_t num_features,
                   const InstanceNormOptions& options);
};
WENGERT_NORM(InstanceNorm1d, InstanceNormBase)  // (N, C, L) or (C, L)
WENGERT_NORM(InstanceNorm2d, InstanceNormBase)  // (N, C, H, W) or (C, H, W)
WENGERT_NORM(InstanceNorm3d, InstanceNormBase)  // (N, C, D, H, W) or (C, D, H, W)
#undef WENGERT_NORM

// ---- with statistics of each sample

// One size, or several.
struct NormalizedShape : std::vector<int64_t> {
  NormalizedShape(int64_t size) : std::vector<int64_t>{size} {}
  NormalizedShape(std::initializer_list<int64_t> sizes) : std::vector<int64_t>(sizes) {}
  NormalizedShape(const std::vector<int64_t>& sizes) : std::vector<int64_t>(sizes) {}
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool elementwise_affine = true, bias = true;
  std::optional<DType> dtype = {};
};
// (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions.
class WENGERT_API LayerNorm : public Module {
 public:
  explicit LayerNorm(NormalizedShape normalized_shape, const LayerNormOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<LayerNorm>(normalized_shape, options);
  }
  const NormalizedShape normalized_shape;
  const LayerNormOptions options;
  Tensor weight, bias;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true, bias = true;
  std::optional<DType> dtype = {};
};
// The same over each of num_groups groups of channels (dimension 1) of each sample.
class WENGERT_API GroupNorm : public Module {
 public:
  GroupNorm(int64_t num_groups, int64_t num_channels, const GroupNormOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<GroupNorm>(num_groups, num_channels, options);
  }
  const int64_t num_groups, num_channels;
  const GroupNormOptions options;
  Tensor weight, bias;
};

struct RMSNormOptions {
  std::optional<double> eps = {};  // the dtype's
  bool elementwise_affine = true;
  std::optional<DType> dtype = {};
};
// x / sqrt(mean(x^2) + eps) * weight over the last dimensions.
class WENGERT_API RMSNorm : public Module {
 public:
  explicit RMSNorm(NormalizedShape normalized_shape, const RMSNormOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<RMSNorm>(normalized_shape, options);
  }
  const NormalizedShape normalized_shape;
  const RMSNormOptions options;
  Tensor weight;
};

// ---- over neighbouring channels

struct LocalResponseNormOptions {
  double alpha = 1e-4, beta = 0.75, k = 1;
};
using CrossMapLRN2dOptions = LocalResponseNormOptions;
// x / (k + alpha mean(x^2))^beta over `size` neighbouring channels of (N, C, *).
class WENGERT_API LocalResponseNorm : public Module {
 public:
  explicit LocalResponseNorm(int64_t size, const LocalResponseNormOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override {
    return make<LocalResponseNorm>(size, options);
  }
  const int64_t size;
  const LocalResponseNormOptions options;
};
// The same of (N, C, H, W), with as many channels before as after each.
class WENGERT_API CrossMapLRN2d : public Module {
 public:
  explicit CrossMapLRN2d(int64_t size, const CrossMapLRN2dOptions& options = {});
  Tensor forward(const Tensor& input) override;
  std::string extra_repr() const override;
  std::shared_ptr<Module> make_like() const override { return make<CrossMapLRN2d>(size, options); }
  const int64_t size;
  const CrossMapLRN2dOptions options;
};

}  // namespace nn
WENGERT_NAMESPACE_END
