// What the backward engine needs of the operations.
#include "autograd/algebra.h"

#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN
namespace algebra {

Tensor ones_like(const TensorImpl& t) { return full(t.sizes(), 1, t.dtype); }
Tensor zeros(DType dtype, Dims shape) { return wengert::zeros(shape, dtype); }
Tensor add(const Tensor& a, const Tensor& b) { return wengert::add(a, b); }
void add_(Tensor& a, const Tensor& b) { wengert::add_(a, b); }
Tensor clone(const Tensor& t) { return wengert::clone(t); }
Tensor dense_clone(const Tensor& t, Dims order) {
  const auto copy = [](const Tensor& x) {
    return x.is_contiguous() ? wengert::clone(x) : contiguous(x);
  };
  if (order.empty()) return copy(t);
  Shape inverse = order;
  for (size_t i = 0; i < order.size(); ++i) inverse.d[order[i]] = static_cast<int64_t>(i);
  return permute(copy(permute(t, order)), inverse);
}
void copy_(Tensor& to, const Tensor& from) { wengert::copy_(to, from); }

Tensor sum_to(const Tensor& t, Dims shape) {
  std::vector<int64_t> dims;
  const auto extra = static_cast<int64_t>(t.shape().size() - shape.size());
  for (int64_t i = 0; i < extra; ++i) dims.push_back(i);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t d = extra + static_cast<int64_t>(i);
    if (shape[i] == 1 && t.shape()[static_cast<size_t>(d)] != 1) dims.push_back(d);
  }
  Tensor s = dims.empty() ? t : sum(t, dims, true);
  return s.shape() == shape ? s : wengert::reshape(s, shape);
}

Tensor cast(const Tensor& t, DType dtype) { return to(t, dtype); }

Tensor view_as(const Tensor& t) { return view(t, t.shape()); }
Tensor expand(const Tensor& t, Dims shape) { return wengert::expand(t, shape); }
Tensor stack(TensorList tensors) { return wengert::stack(tensors, 0); }
Tensor select(const Tensor& t, int64_t index) { return wengert::select(t, 0, index); }
Tensor to_front(const Tensor& t, int64_t dim) { return movedim(t, {dim}, {0}); }
Tensor reshape(const Tensor& t, Dims shape) { return wengert::reshape(t, shape); }

bool has_nan(const Tensor& t) {
  return is_floating(t.dtype()) && sum(isnan(t)).item().to_int() > 0;
}

}  // namespace algebra
WENGERT_NAMESPACE_END
