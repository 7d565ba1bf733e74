#include "wengert/nn/utils.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double p) {
  return nn::utils::clip_grad_norm_(parameters, max_norm, p);
}

}  // namespace optim
WENGERT_NAMESPACE_END
