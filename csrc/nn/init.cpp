#include "wengert/nn/init.h"

#include <array>
#include <cmath>

#include "nn/make.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/random.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::init {

namespace {

struct Fans {
  int64_t in, out;
};

Fans fans_of(const Tensor& t) {
  WG_CHECK(t.dim() >= 2, ValueError,
           "init: fan in and fan out can not be computed for a tensor of fewer than 2 dimensions, "
           "got shape ",
           t.shape());
  const int64_t field = product({t.shape().data() + 2, t.shape().size() - 2});
  return {t.size(1) * field, t.size(0) * field};
}

double kaiming_std(const Tensor& t, double a, std::string_view mode,
                   std::string_view nonlinearity) {
  WG_CHECK(mode == "fan_in" || mode == "fan_out", ValueError,
           "init: expected the mode fan_in or fan_out, got ", mode);
  const Fans fans = fans_of(t);
  return calculate_gain(nonlinearity, a) /
         std::sqrt(static_cast<double>(mode == "fan_in" ? fans.in : fans.out));
}

double cdf(double x) { return (1.0 + std::erf(x / std::sqrt(2.0))) / 2.0; }

void check_matrix(const char* op, const Tensor& t) {
  WG_CHECK(t.dim() == 2, ValueError, op, ": expected a tensor of 2 dimensions, got shape ",
           t.shape());
}

}  // namespace

double calculate_gain(std::string_view nonlinearity, std::optional<double> param) {
  for (const std::string_view name : {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
                                      "conv_transpose2d", "conv_transpose3d", "sigmoid"}) {
    if (nonlinearity == name) return 1;
  }
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "selu") return 3.0 / 4;
  WG_CHECK(nonlinearity == "leaky_relu", ValueError, "calculate_gain: unsupported nonlinearity ",
           nonlinearity);
  return std::sqrt(2.0 / (1 + std::pow(param.value_or(0.01), 2)));
}

Tensor& uniform_(Tensor& t, double a, double b, Generator* generator) {
  const NoGradGuard no_grad;
  return wengert::uniform_(t, a, b, generator);
}

Tensor& normal_(Tensor& t, double mean, double std, Generator* generator) {
  const NoGradGuard no_grad;
  return wengert::normal_(t, mean, std, generator);
}

Tensor& trunc_normal_(Tensor& t, double mean, double std, double a, double b,
                      Generator* generator) {
  const NoGradGuard no_grad;
  const double low = cdf((a - mean) / std), high = cdf((b - mean) / std);
  wengert::uniform_(t, 2 * low - 1, 2 * high - 1, generator);
  erfinv_(t);
  mul_(t, std * std::sqrt(2.0));
  add_(t, mean);
  return clamp_(t, a, b);
}

Tensor& constant_(Tensor& t, double value) {
  const NoGradGuard no_grad;
  return fill_(t, value);
}
Tensor& ones_(Tensor& t) { return constant_(t, 1); }
Tensor& zeros_(Tensor& t) { return constant_(t, 0); }

Tensor& eye_(Tensor& t) {
  check_matrix("eye_", t);
  const NoGradGuard no_grad;
  return copy_(t, eye(t.size(0), t.size(1), t.dtype()));
}

Tensor& dirac_(Tensor& t, int64_t groups) {
  WG_CHECK(t.dim() >= 3 && t.dim() <= 5, ValueError,
           "dirac_: expected a tensor of 3, 4 or 5 dimensions, got shape ", t.shape());
  WG_CHECK(groups > 0 && t.size(0) % groups == 0, ValueError, "dirac_: dimension 0 of ", t.shape(),
           " must be divisible by groups ", groups);
  const NoGradGuard no_grad;
  zero_(t);
  const int64_t per_group = t.size(0) / groups;
  for (int64_t group = 0; group < groups; ++group) {
    for (int64_t channel = 0; channel < std::min(per_group, t.size(1)); ++channel) {
      Tensor place = select(select(t, 0, group * per_group + channel), 0, channel);
      while (place.dim() > 0) place = select(place, 0, place.size(0) / 2);
      fill_(place, 1);
    }
  }
  return t;
}

Tensor& xavier_uniform_(Tensor& t, double gain, Generator* generator) {
  const Fans fans = fans_of(t);
  const double bound = gain * std::sqrt(6.0 / static_cast<double>(fans.in + fans.out));
  return init::uniform_(t, -bound, bound, generator);
}

Tensor& xavier_normal_(Tensor& t, double gain, Generator* generator) {
  const Fans fans = fans_of(t);
  return init::normal_(t, 0, gain * std::sqrt(2.0 / static_cast<double>(fans.in + fans.out)),
                       generator);
}

Tensor& kaiming_uniform_(Tensor& t, double a, std::string_view mode, std::string_view nonlinearity,
                         Generator* generator) {
  if (t.numel() == 0) return t;
  const double bound = std::sqrt(3.0) * kaiming_std(t, a, mode, nonlinearity);
  return init::uniform_(t, -bound, bound, generator);
}

Tensor& kaiming_normal_(Tensor& t, double a, std::string_view mode, std::string_view nonlinearity,
                        Generator* generator) {
  if (t.numel() == 0) return t;
  return init::normal_(t, 0, kaiming_std(t, a, mode, nonlinearity), generator);
}

Tensor& orthogonal_(Tensor& t, double gain, Generator* generator) {
  WG_CHECK(t.dim() >= 2, ValueError,
           "orthogonal_: expected a tensor of 2 or more dimensions, got shape ", t.shape());
  if (t.numel() == 0) return t;
  const NoGradGuard no_grad;
  const int64_t rows = t.size(0), columns = t.numel() / rows;
  Tensor drawn =
      empty({rows, columns}, t.dtype() == DType::float64 ? DType::float64 : DType::float32);
  wengert::normal_(drawn, 0, 1, generator);
  auto [q, r] = linalg_qr(rows < columns ? drawn.t() : drawn);
  // With a positive diagonal of R, Q is uniformly distributed (Mezzadri, 2007).
  q = q * sign(diagonal(r));
  copy_(t, (rows < columns ? q.t() : q).reshape(t.shape()));
  return mul_(t, gain);
}

Tensor& sparse_(Tensor& t, double sparsity, double std, Generator* generator) {
  check_matrix("sparse_", t);
  const NoGradGuard no_grad;
  const int64_t rows = t.size(0), columns = t.size(1);
  const auto zeros = static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(rows)));
  wengert::normal_(t, 0, std, generator);
  for (int64_t column = 0; column < columns; ++column) {
    const Tensor chosen = slice(randperm(rows, {}, generator), 0, 0, zeros);
    Tensor values = select(t, 1, column);
    index_fill_(values, 0, chosen, scalar(0.0, t.dtype()));
  }
  return t;
}

}  // namespace nn::init
WENGERT_NAMESPACE_END
