#include "autograd/sparse.h"

#include <complex>
#include <memory>

#include "autograd/algebra.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The one element that all indices lead to.
alignas(std::complex<double>) constexpr char kZero[sizeof(std::complex<double>)] = {};

void release_parts(void* parts) { delete static_cast<SparseParts*>(parts); }

}  // namespace

Tensor new_sparse(Dims shape, SparseParts parts) {
  TensorImpl& values = *parts.values.impl();
  TensorImpl* t = new_impl(values.dtype, static_cast<int>(shape.size()));
  t->numel = 1;
  bool overflow = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    t->shape()[i] = shape[i];
    t->strides()[i] = 0;
    overflow |= __builtin_mul_overflow(t->numel, shape[i], &t->numel);
  }
  t->flags = kSparse | kReadOnly;
  t->data = const_cast<char*>(kZero);
  Tensor result = Tensor::adopt(t);
  WG_CHECK(!overflow, Error, "sparse tensor: shape ", shape,
           " has more elements than can be counted");
  if (!parts.plans) parts.plans = std::make_shared<SparsePlans>();
  auto held = std::make_unique<SparseParts>(std::move(parts));
  t->storage = external_storage(t->data, item_size(t->dtype), release_parts, held.get());
  held.release();
  return result;
}

SparseParts& sparse_parts(const Tensor& t) {
  WG_ASSERT(is_sparse(t));
  return *static_cast<SparseParts*>(t.impl()->storage->context);
}

Tensor add_sparse(const Tensor& a, const Tensor& b) {
  if (!is_sparse(b)) return add_sparse(b, a);
  const SparseParts& y = sparse_parts(b);
  if (!is_sparse(a)) return algebra::add_at(a, y.indices, y.values);
  const SparseParts& x = sparse_parts(a);
  // Of those that index more dimensions the other has blocks: dense, both fit together.
  if (x.indices.size(0) != y.indices.size(0)) {
    const Tensor dense = algebra::zeros(a.dtype(), a.shape());
    return algebra::add_at(algebra::add_at(dense, x.indices, x.values), y.indices, y.values);
  }
  if (x.values.size(0) == 0) return b;
  if (y.values.size(0) == 0) return a;
  return new_sparse(a.shape(), {algebra::cat(x.indices, y.indices, 1),
                                algebra::cat(x.values, y.values, 0), false});
}

void add_sparse_(Tensor& dense, const Tensor& sparse) {
  const SparseParts& p = sparse_parts(sparse);
  algebra::add_at_(dense, p.indices, p.values);
}

Tensor owned_sparse(Tensor t) {
  const SparseParts& p = sparse_parts(t);
  const bool own = t.impl()->refs.load(std::memory_order_acquire) == 1 &&
                   p.indices.impl()->unique() && p.values.impl()->unique();
  if (own) return t;
  return new_sparse(t.shape(), {algebra::clone(p.indices), algebra::clone(p.values), p.coalesced});
}

WENGERT_NAMESPACE_END
