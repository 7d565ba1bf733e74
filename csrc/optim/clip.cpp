#include "autograd/mode.h"
#include "autograd/sparse.h"
#include "ops/optimizer.h"
#include "wengert/ops/creation.h"
#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double p) {
  RecordingGuard off(false);
  std::vector<Tensor> gradients;
  for (const Tensor& t : parameters) {
    if (!t.grad().defined()) continue;
    gradients.push_back(t.grad());
    WG_CHECK(!is_sparse(gradients.back()), NotImplementedError,
             "clip_grad_norm_: not available for sparse gradients");
  }
  if (gradients.empty()) return zeros({});
  std::vector<TensorImpl*> tensors{nullptr};
  for (const Tensor& g : gradients) tensors.push_back(g.impl());
  const int n = static_cast<int>(gradients.size());
  const Tensor norm = grad_norm(tensors.data() + 1, n, p);
  // NaN stays: it must not go unnoticed.
  const double ratio = max_norm / (norm.item<double>() + 1e-6);
  const Tensor factor = scalar(ratio > 1 ? 1 : ratio, DType::float64);
  tensors[0] = factor.impl();
  scale_all_(tensors.data(), n);
  return norm;
}

}  // namespace optim
WENGERT_NAMESPACE_END
