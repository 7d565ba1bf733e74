#include "wengert/nn/utils.h"

#include <cmath>

#include "autograd/sparse.h"
#include "nn/make.h"
#include "ops/optimizer.h"
#include "wengert/detail/owner.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::utils {

namespace {

std::vector<Tensor> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> all;
  for (const Tensor& p : parameters) {
    if (p.grad().defined()) all.push_back(p.grad());
  }
  return all;
}

}  // namespace

// ---- limits

Tensor get_total_norm(const std::vector<Tensor>& tensors, double norm_type,
                      bool error_if_nonfinite) {
  if (tensors.empty()) return zeros({});
  const NoGradGuard no_grad;
  std::vector<TensorImpl*> list;
  for (const Tensor& t : tensors) {
    WG_CHECK(!is_sparse(t), NotImplementedError,
             "get_total_norm: not available for sparse gradients");
    list.push_back(t.impl());
  }
  const Tensor total = grad_norm(list.data(), static_cast<int>(list.size()), norm_type);
  WG_CHECK(!error_if_nonfinite || std::isfinite(total.item<double>()), Error,
           "get_total_norm: the norm of order ", norm_type,
           " of the gradients is not finite, so that it cannot be clipped");
  return total;
}

void clip_grads_with_norm_(const std::vector<Tensor>& parameters, double max_norm,
                           const Tensor& total_norm) {
  const std::vector<Tensor> gradients = gradients_of(parameters);
  if (gradients.empty()) return;
  const NoGradGuard no_grad;
  const Tensor factor = clamp(max_norm / (total_norm + 1e-6), std::nullopt, Scalar(1.0));
  std::vector<TensorImpl*> list{factor.impl()};
  for (const Tensor& g : gradients) list.push_back(g.impl());
  scale_all_(list.data(), static_cast<int>(gradients.size()));
}

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                       bool error_if_nonfinite) {
  const Tensor total = get_total_norm(gradients_of(parameters), norm_type, error_if_nonfinite);
  clip_grads_with_norm_(parameters, max_norm, total);
  return total;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double clip_value) {
  const NoGradGuard no_grad;
  std::vector<Tensor> gradients = gradients_of(parameters);
  for (const Tensor& g : gradients) {
    WG_CHECK(!is_sparse(g), NotImplementedError,
             "clip_grad_value_: not available for sparse gradients");
  }
  for (Tensor& g : gradients) clamp_(g, Scalar(-clip_value), Scalar(clip_value));
}

// ---- vectors

Tensor parameters_to_vector(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> flat;
  for (const Tensor& p : parameters) flat.push_back(p.reshape({-1}));
  return cat(flat);
}

void vector_to_parameters(const Tensor& vec, const std::vector<Tensor>& parameters) {
  int64_t count = 0;
  for (const Tensor& p : parameters) count += p.numel();
  WG_CHECK(vec.dim() == 1 && vec.numel() == count, ValueError,
           "vector_to_parameters: expected a vector of ", count, " elements, got shape ",
           vec.shape());
  int64_t begin = 0;
  for (const Tensor& p : parameters) {
    const Tensor part = slice(vec.detach(), 0, begin, begin + p.numel());
    wengert::detail::replace_data(p, wengert::detail::fresh_version(part.reshape(p.shape())));
    begin += p.numel();
  }
}

}  // namespace nn::utils
WENGERT_NAMESPACE_END
