// A library that contains the static one and exports one function.
#include <wengert/wengert.h>

extern "C" __attribute__((visibility("default"))) double slope(double at) {
  wengert::Tensor x = wengert::scalar(at, wengert::DType::float64).requires_grad_();
  wengert::sin(x).backward();
  return x.grad().item<double>();
}
