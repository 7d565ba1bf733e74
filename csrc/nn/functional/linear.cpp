#include "wengert/nn/functional/linear.h"

#include <algorithm>
#include <vector>

#include "tensor/check.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/linalg.h"
#include "wengert/ops/reduction.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn::functional {

Tensor bilinear(const Tensor& input1, const Tensor& input2, const Tensor& weight,
                const Tensor& bias) {
  const auto leading = [](const Tensor& t) {
    return Dims(t.shape().data(), static_cast<size_t>(std::max<int64_t>(t.dim() - 1, 0)));
  };
  WG_CHECK(weight.dim() == 3, Error, "bilinear: expected a weight (out, in1, in2), got shape ",
           weight.shape());
  WG_CHECK(input1.dim() > 0 && input2.dim() > 0 && leading(input1) == leading(input2) &&
               input1.size(-1) == weight.size(1) && input2.size(-1) == weight.size(2),
           Error, "bilinear: expected inputs (*, ", weight.size(1), ") and (*, ", weight.size(2),
           ") that agree in *, got ", input1.shape(), " and ", input2.shape());
  const int64_t out = weight.size(0), n1 = weight.size(1), n2 = weight.size(2);
  const Tensor a = input1.reshape({-1, n1}), b = input2.reshape({-1, n2});
  const Tensor left =
      matmul(a, permute(weight, {1, 0, 2}).reshape({n1, out * n2})).reshape({-1, out, n2});
  std::vector<int64_t> shape = leading(input1).vec();
  shape.push_back(out);
  const Tensor y = sum(left * unsqueeze(b, 1), {-1}).reshape(shape);
  return bias.defined() ? y + bias : y;
}

}  // namespace nn::functional
WENGERT_NAMESPACE_END
