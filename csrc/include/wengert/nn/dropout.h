// Dropout: noise in training, nothing in evaluation.
#pragma once

#include "wengert/nn/module.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

struct DropoutOptions {
  bool inplace = false;
};
class WENGERT_API DropoutBase : public Module {
 public:
  explicit DropoutBase(double p, const DropoutOptions& options);
  Tensor forward(const Tensor& input) final;
  std::string extra_repr() const override;
  const double p;
  const DropoutOptions options;

 private:
  virtual Tensor drop(const Tensor& input) = 0;
};

#define WENGERT_DROPOUT(Name)                                                             \
  class WENGERT_API Name : public DropoutBase {                                           \
   public:                                                                                \
    explicit Name(double p = 0.5, const DropoutOptions& options = {});                    \
    std::shared_ptr<Module> make_like() const override { return make<Name>(p, options); } \
                                                                                          \
   private:                                                                               \
    Tensor drop(const Tensor& input) override;                                            \
  };
// Zeroes elements with probability p and scales the others by 1 / (1 - p).
WENGERT_DROPOUT(Dropout)
// The same for whole channels of (N, C, L) or (C, L); (N, C, *); (N, C, D, H, W) or (C, D, H, W).
WENGERT_DROPOUT(Dropout1d)
WENGERT_DROPOUT(Dropout2d)
WENGERT_DROPOUT(Dropout3d)
// Dropout to the negative limit of SELU that keeps mean 0 and variance 1; of whole channels.
WENGERT_DROPOUT(AlphaDropout)
WENGERT_DROPOUT(FeatureAlphaDropout)
#undef WENGERT_DROPOUT

}  // namespace nn
WENGERT_NAMESPACE_END
