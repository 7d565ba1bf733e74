#include "wengert/nn/dropout.h"

#include "nn/text.h"
#include "tensor/check.h"
#include "wengert/nn/functional/activation.h"
#include "wengert/nn/functional/dropout.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

DropoutBase::DropoutBase(double probability, const DropoutOptions& o) : p(probability), options(o) {
  WG_CHECK(p >= 0 && p <= 1, ValueError,
           "dropout: the probability has to be between 0 and 1, but is ", p);
}
Tensor DropoutBase::forward(const Tensor& input) {
  if (!is_training() || p == 0) return input;
  if (!options.inplace) return drop(input);
  return functional::in_place(input, [this](const Tensor& x) { return drop(x); });
}

std::string DropoutBase::extra_repr() const {
  return Text().add("p", p).add("inplace", options.inplace);
}

#define WENGERT_DROPOUT(Name, function)                                \
  Name::Name(double p, const DropoutOptions& o) : DropoutBase(p, o) {} \
  Tensor Name::drop(const Tensor& x) { return functional::function(x, p, true); }
WENGERT_DROPOUT(Dropout, dropout)
WENGERT_DROPOUT(Dropout1d, dropout1d)
WENGERT_DROPOUT(Dropout2d, dropout2d)
WENGERT_DROPOUT(Dropout3d, dropout3d)
WENGERT_DROPOUT(AlphaDropout, alpha_dropout)
WENGERT_DROPOUT(FeatureAlphaDropout, feature_alpha_dropout)
#undef WENGERT_DROPOUT

}  // namespace nn
WENGERT_NAMESPACE_END
