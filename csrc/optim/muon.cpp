#include <cmath>

#include "optim/checks.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/pointwise.h"
#include "wengert/ops/reduction.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace detail {

std::vector<Option> list_options(MuonOptions& o) {
  return {{"lr", {&o.lr}},
          {"weight_decay", {&o.weight_decay}},
          {"momentum", {&o.momentum}},
          {"nesterov", {&o.nesterov}},
          {"ns_coefficients", {&o.a, &o.b, &o.c}},
          {"eps", {&o.eps}},
          {"ns_steps", {&o.ns_steps}},
          {"adjust_lr_fn", {&o.adjust_lr_fn}}};
}
void check_group(const MuonOptions& o, const std::vector<Tensor>& params) {
  check_not_negative("Muon", "lr", o.lr);
  check_not_negative("Muon", "momentum", o.momentum);
  check_not_negative("Muon", "weight_decay", o.weight_decay);
  const std::string& name = o.adjust_lr_fn;
  WG_CHECK(name.empty() || name == "original" || name == "match_rms_adamw", ValueError,
           "Muon: adjust_lr_fn must be 'original' or 'match_rms_adamw', but is '", name, "'");
  for (const Tensor& p : params) {
    WG_CHECK(!p.defined() || p.dim() == 2, ValueError,
             "Muon: expected parameters of 2 dimensions, but one has shape ", p.shape());
  }
}

}  // namespace detail

namespace {

// Numbers of bfloat16 in float32, in which the products are computed.
Tensor rounded(const Tensor& x) { return to(to(x, DType::bfloat16), DType::float32); }

// U V^T of the singular value decomposition of x, roughly: a Newton-Schulz iteration in bfloat16,
// which takes the singular values near 1.
Tensor orthogonal(const Tensor& x, const MuonOptions& o) {
  WG_CHECK(o.ns_steps < 100, ValueError, "Muon: ns_steps must be less than 100, but is ",
           o.ns_steps);
  const bool tall = x.size(0) > x.size(1);
  Tensor y = rounded(tall ? x.t() : x);
  y = rounded(y / clamp(rounded(vector_norm(y, 2)), o.eps, {}));
  for (int64_t i = 0; i < o.ns_steps; ++i) {
    const Tensor gram = rounded(matmul(y, y.t()));
    y = rounded(addmm(y, rounded(addmm(gram, gram, gram, o.b, o.c)), y, o.a));
  }
  return to(tall ? y.t() : y, x.dtype());
}

double adjusted(double lr, const std::string& name, Dims shape) {
  const auto rows = static_cast<double>(shape[0]), columns = static_cast<double>(shape[1]);
  if (name == "match_rms_adamw") return lr * 0.2 * std::sqrt(std::max(rows, columns));
  return lr * std::sqrt(std::max(1.0, rows / columns));
}

}  // namespace

void Muon::update(size_t group) {
  const MuonOptions& o = options(group);
  for (const size_t i : active(group)) {
    Tensor p = parameters()[i];
    const Tensor g = p.grad();
    WG_CHECK(!is_complex(p.dtype()), Error, "Muon: complex parameters are not supported");
    const Tensor buffer = lerp_(state_tensor(i, "momentum_buffer", false, 0), g, 1 - o.momentum);
    const Tensor way = orthogonal(o.nesterov ? lerp(g, buffer, o.momentum) : buffer, o);
    mul_(p, 1 - o.lr * o.weight_decay);
    add_(p, way, -adjusted(o.lr, o.adjust_lr_fn, p.shape()));
  }
}

std::vector<StateEntry> Muon::entries(size_t number, const io::Value&) const {
  return {{"momentum_buffer", parameters()[number].shape().vec(), true}};
}

}  // namespace optim
WENGERT_NAMESPACE_END
