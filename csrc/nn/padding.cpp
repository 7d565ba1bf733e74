#include "wengert/nn/padding.h"

#include "nn/text.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace nn {

template <size_t N>
Tensor PadNd<N>::forward(const Tensor& input) {
  return pad(input, padding, mode_, value);
}
template <size_t N>
std::string PadNd<N>::extra_repr() const {
  return tuple_text(padding.d);
}
template class PadNd<1>;
template class PadNd<2>;
template class PadNd<3>;

#define WENGERT_PAD(n)                                                       \
  std::string ConstantPad##n##d::extra_repr() const {                        \
    return Text().add("padding", tuple_text(padding.d)).add("value", value); \
  }
WENGERT_PAD(1)
WENGERT_PAD(2)
WENGERT_PAD(3)
#undef WENGERT_PAD

}  // namespace nn
WENGERT_NAMESPACE_END
