#include "cube_root.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

namespace wg = wengert;

namespace {

template <class T>
void compute(const wg::Tensor& from, const wg::Tensor& to) {
  for (int64_t i = 0; i < from.numel(); ++i) to.data<T>()[i] = std::cbrt(from.data<T>()[i]);
}

// d cbrt(x) / dx = 1 / (3 cbrt(x)^2). Written with wengert's operations, so that it can be
// differentiated again: the saved result comes back with its history.
class CubeRootBackward : public wg::CustomBackward {
 public:
  const char* name() const override { return "cube_root"; }
  std::vector<wg::Tensor> backward(const std::vector<wg::Tensor>& gradients,
                                   const std::vector<wg::Tensor>& saved) override {
    return {gradients[0] / (3 * wg::square(saved[0]))};
  }
};

}  // namespace

wg::Tensor cube_root(const wg::Tensor& input) {
  const wg::DType dtype = input.dtype();
  if (dtype != wg::DType::float32 && dtype != wg::DType::float64) {
    throw wg::TypeError(std::string("cube_root: expected float32 or float64, but got ") +
                        wg::name_of(dtype) + "; convert it with to()");
  }
  wg::Tensor output;
  {
    wg::NoGradGuard no_grad;
    const wg::Tensor dense = input.contiguous();
    output = wg::empty_like(dense);
    dtype == wg::DType::float32 ? compute<float>(dense, output) : compute<double>(dense, output);
  }
  wg::record_custom(std::make_shared<CubeRootBackward>(), {input}, {output}, {true}, {output});
  return output;
}
