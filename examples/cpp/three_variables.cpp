// f(x, y, z) = (x * y + z) * x at (2, 3, 4): the value and its three derivatives.
// By hand: df/dx = 2xy + z = 16, df/dy = x^2 = 4, df/dz = x = 2.
#include <wengert/wengert.h>

#include <cstdio>

namespace wg = wengert;

int main() {
  wg::Tensor x = wg::scalar(2.0f).requires_grad_();
  wg::Tensor y = wg::scalar(3.0f).requires_grad_();
  wg::Tensor z = wg::scalar(4.0f).requires_grad_();

  wg::Tensor f = (x * y + z) * x;
  f.backward();

  std::printf("f     = %g\n", f.item<float>());
  std::printf("df/dx = %g\n", x.grad().item<float>());
  std::printf("df/dy = %g\n", y.grad().item<float>());
  std::printf("df/dz = %g\n", z.grad().item<float>());
}
