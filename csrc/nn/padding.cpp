#include "wengert/nn/padding.h"

#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

template <size_t N>
Tensor PadNd<N>::forward(const Tensor& input) {
  return pad(input, padding, mode_, value);
}
template class PadNd<1>;
template class PadNd<2>;
template class PadNd<3>;

}  // namespace nn
WENGERT_NAMESPACE_END
