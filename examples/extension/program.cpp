// The operation from C++: its values and derivatives, and a comparison with finite differences.
#include <cstdio>

#include "cube_root.h"

namespace wg = wengert;

int main() {
  wg::Tensor x = wg::tensor({-8.0, 1.0, 27.0}).requires_grad_();
  const wg::Tensor y = cube_root(x);
  wg::sum(y).backward();
  std::printf("%s\n%s\n", y.detach().to_string().c_str(), x.grad().to_string().c_str());
  wg::gradcheck([](const std::vector<wg::Tensor>& in) { return cube_root(in[0]); }, {x});
  std::printf("gradients are right\n");
}
