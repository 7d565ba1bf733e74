#include "ops/optimizer_run.h"

#include <algorithm>

#include "autograd/meta.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN
namespace optimizer {

namespace {

// Calls f with the index of every input but the gradients.
template <class F>
void for_replaced(int n, int lists, F&& f) {
  for (int k = 0; k < n; ++k) f(k);
  for (int k = (kGradients + 1) * n; k < lists * n; ++k) f(k);
}

// The comparison that is made most often, in line.
bool same_shape(const TensorImpl& a, const TensorImpl& b) {
  return a.ndim == b.ndim && std::equal(a.shape(), a.shape() + a.ndim, b.shape());
}

}  // namespace

void check_lists(const char* op, const Infer& m, int n, int lists, int numbers) {
  const int alike = lists - numbers;
  for (int i = 0; i < n; ++i) {
    const TensorImpl& p = m.in(i);
    WG_CHECK(is_differentiable(p.dtype), TypeError, op,
             ": expected parameters of a floating point or complex dtype, but parameter ", i,
             " has dtype ", p.dtype);
    for (int l = 1; l < alike; ++l) {
      const TensorImpl& t = m.in(l * n + i);
      const char* what = l == kGradients ? "gradient" : "state";
      WG_CHECK(same_shape(t, p), Error, op, ": the ", what, " of parameter ", i, " has shape ",
               t.sizes(), ", but the parameter has ", p.sizes());
      WG_CHECK(t.dtype == p.dtype, Error, op, ": the ", what, " of parameter ", i, " has dtype ",
               t.dtype, ", but the parameter has ", p.dtype, "; convert it with to()");
    }
    for (int l = alike; l < lists; ++l) {
      const TensorImpl& number = m.in(l * n + i);
      WG_CHECK(number.numel == 1 && is_floating(number.dtype), Error, op,
               ": expected steps and the like to be floating point tensors of one element, but that"
               " of parameter ",
               i, " has shape ", number.sizes(), " and dtype ", number.dtype);
    }
  }
}

namespace {

// Elements of the same index lie at the same offset, in an array without holes.
bool same_dense_layout(TensorImpl* const* tensors, int n, int i, int lists) {
  const TensorImpl& p = *tensors[i];
  bool contiguous = true, alike = true;
  for (int l = 0; l < lists; ++l) {
    const TensorImpl& t = *tensors[l * n + i];
    contiguous &= t.contiguous();
    alike &= std::equal(t.strides(), t.strides() + t.ndim, p.strides());
  }
  if (contiguous || !alike) return contiguous;
  int64_t dense[kMaxDims];
  return dense_strides(p, dense) && std::equal(dense, dense + p.ndim, p.strides());
}

}  // namespace

FlatArrays::FlatArrays(TensorImpl* const* tensors, int n, int i, int lists,
                       std::vector<Tensor>& copies) {
  const TensorImpl& p = *tensors[i];
  const DType computed = compute_dtype(p.dtype);
  size = is_complex(p.dtype) ? 2 * p.numel : p.numel;  // complex numbers are pairs
  dtype =
      p.dtype == DType::float64 || p.dtype == DType::complex128 ? DType::float64 : DType::float32;
  if (computed == p.dtype && same_dense_layout(tensors, n, i, lists)) {
    for (int l = 0; l < lists; ++l) arrays[l] = tensors[l * n + i]->data;
    return;
  }
  if (copies.empty()) copies.resize(static_cast<size_t>(n * lists));
  for (int l = 0; l < lists; ++l) {
    Tensor& copy = copies[static_cast<size_t>(l * n + i)];
    copy = dense_copy(*tensors[l * n + i], computed);
    arrays[l] = copy.data();
  }
}

void write_back(TensorImpl* const* tensors, int n, int lists, const std::vector<Tensor>& copies) {
  if (copies.empty()) return;
  for_replaced(n, lists, [&](int k) {
    const Tensor& copy = copies[static_cast<size_t>(k)];
    if (copy.defined()) copy_elements(*tensors[k], *copy.impl());
  });
}

void check_writable(const char* op, const Compute& c, int n, int lists) {
  for_replaced(n, lists, [&](int k) {
    TensorImpl& t = *c.inputs[k];
    if (!t.contiguous() || t.has(kReadOnly | kInference)) check_in_place(op, t);
  });
}

void bump_versions(TensorImpl* const* tensors, int n, int lists) {
  for_replaced(n, lists, [&](int k) { tensors[k]->bump_version(); });
}

}  // namespace optimizer
WENGERT_NAMESPACE_END
