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

std::vector<Option> list_options(AdafactorOptions& o) {
  return {{"lr", {&o.lr}}, {"beta2_decay", {&o.beta2_decay}},   {"eps", {&o.eps1, &o.eps2}},
          {"d", {&o.d}},   {"weight_decay", {&o.weight_decay}}, {"maximize", {&o.maximize}}};
}
void check_group(const AdafactorOptions& o, const std::vector<Tensor>&) {
  check_not_negative("Adafactor", "lr", o.lr);
  WG_CHECK(o.beta2_decay <= 0, ValueError, "Adafactor: beta2_decay must not be positive, but is ",
           o.beta2_decay);
  check_not_negative("Adafactor", "eps1", o.eps1.value_or(0));
  check_not_negative("Adafactor", "eps2", o.eps2);
  WG_CHECK(o.d >= 1, ValueError, "Adafactor: d must be at least 1, but is ", o.d);
  check_not_negative("Adafactor", "weight_decay", o.weight_decay);
}

}  // namespace detail

namespace {

// The smallest difference from 1.
double resolution(DType t) {
  const int bits = t == DType::float64    ? 52
                   : t == DType::float16  ? 10
                   : t == DType::bfloat16 ? 7
                                          : 23;
  return std::ldexp(1.0, -bits);
}

double root_mean_square(const Tensor& x) {
  const auto count = static_cast<double>(std::max<int64_t>(1, x.numel()));
  return vector_norm(x, 2).item<double>() / std::pow(count, 0.5);
}

}  // namespace

void Adafactor::update(size_t group) {
  const AdafactorOptions& o = options(group);
  std::optional<double> eps1 = o.eps1;
  for (const size_t i : active(group)) {
    Tensor p = parameters()[i];
    WG_CHECK(!is_complex(p.dtype()), Error, "Adafactor: complex parameters are not supported");
    // The first parameter of a group decides for the others.
    if (!eps1) eps1 = resolution(p.dtype());
    const Tensor g = o.maximize ? -p.grad() : p.grad();
    Tensor& step = state_tensor(i, "step", true, 0);
    add_(step, Scalar(1));
    const double t = step.item<double>();
    const double scale = larger(o.eps2, root_mean_square(p)) * smaller(o.lr, 1 / std::pow(t, 0.5));
    if (o.weight_decay != 0) mul_(p, 1 - o.lr * o.weight_decay);
    const double weight = std::pow(t, o.beta2_decay);
    Tensor v;
    if (g.dim() > 1) {
      const auto averaged = [&](const char* name, int64_t dim) -> Tensor& {
        io::Value& kept = state(i)[name];
        const Tensor mean = square(vector_norm(g, 2, {dim}, true)) / g.size(dim);
        if (!kept.is_tensor()) kept = zeros(mean.shape(), g.dtype());
        return lerp_(kept.tensor(), mean, weight);
      };
      const Tensor rows = averaged("row_var", -1), columns = averaged("col_var", -2);
      v = matmul(rows, columns) / clamp(mean(rows, {-2}, true), *eps1, {});
    } else {
      v = lerp_(state_tensor(i, "variance", false, 0), g * g, weight);
    }
    const Tensor u = rsqrt(clamp(v, *eps1 * *eps1, {})) * g;
    add_(p, u, -scale / larger(1.0, root_mean_square(u) / o.d));
  }
}

std::vector<StateEntry> Adafactor::entries(size_t number, const io::Value&) const {
  const std::vector<int64_t> shape = parameters()[number].shape().vec();
  if (shape.size() < 2) return {{"step"}, {"variance", shape}};
  std::vector<int64_t> rows = shape, columns = shape;
  rows.back() = 1;
  columns[columns.size() - 2] = 1;
  return {{"step"}, {"row_var", rows}, {"col_var", columns}};
}

}  // namespace optim
WENGERT_NAMESPACE_END
