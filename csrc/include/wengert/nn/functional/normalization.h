// Normalisation. What is not said here stands in wengert/ops/nn.h.
#pragma once

#include "wengert/ops/nn.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

using wengert::group_norm;
using wengert::layer_norm;
using wengert::rms_norm;
// ValueError where a channel has a single value to take statistics of.
WENGERT_API Tensor batch_norm(const Tensor& input, const Tensor& running_mean,
                              const Tensor& running_var, const Tensor& weight = {},
                              const Tensor& bias = {}, bool training = false, double momentum = 0.1,
                              double eps = 1e-5);
WENGERT_API Tensor instance_norm(const Tensor& input, const Tensor& running_mean = {},
                                 const Tensor& running_var = {}, const Tensor& weight = {},
                                 const Tensor& bias = {}, bool use_input_stats = true,
                                 double momentum = 0.1, double eps = 1e-5);
// x / max(||x||_p, eps) along `dim`.
WENGERT_API Tensor normalize(const Tensor& input, double p = 2, int64_t dim = 1,
                             double eps = 1e-12);
// x / (k + alpha mean(x^2))^beta with the mean over `size` neighbouring channels of (N, C, *),
// those beyond the first and last counting as 0.
WENGERT_API Tensor local_response_norm(const Tensor& input, int64_t size, double alpha = 1e-4,
                                       double beta = 0.75, double k = 1);
// The same of (N, C, H, W) with as many channels before as after each; the first channel counts for
// all that follow the neighbours.
WENGERT_API Tensor cross_map_norm(const Tensor& input, int64_t size, double alpha = 1e-4,
                                  double beta = 0.75, double k = 1);

}  // namespace nn::functional
WENGERT_NAMESPACE_END
