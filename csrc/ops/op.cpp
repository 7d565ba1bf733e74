#include "ops/op.h"

#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

Shape with_front(int64_t n, Dims shape) {
  Shape s;
  s.push(n);
  for (const int64_t d : shape) s.push(d);
  return s;
}
Shape one_later(Dims dims) {
  Shape s = dims;
  for (int i = 0; i < s.ndim; ++i) ++s.d[i];
  return s;
}

bool broadcast_shapes(Dims a, Dims b, Shape& out) { return broadcast(a, b, out.d, &out.ndim); }

namespace detail {
void undefined_input(const char* op) {
  fail<ValueError>(op, ": expected a tensor, but got an undefined one");
}
}  // namespace detail

WENGERT_NAMESPACE_END
