#include "wengert/detail/owner.h"

#include "autograd/algebra.h"
#include "autograd/capture.h"
#include "autograd/levels.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "tensor/check.h"
#include "tensor/copy.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

namespace {
std::atomic<void (*)(void*)> owner_release_function{nullptr};
}

void set_owner_release(void (*release)(void* owner)) { owner_release_function.store(release); }

void release_owner(TensorImpl* impl) noexcept {
  void* owner = impl->owner.exchange(nullptr);
  if (reinterpret_cast<uintptr_t>(owner) & 1) {
    if (auto* release = owner_release_function.load()) release(owner);
  }
}

void destroy(TensorImpl* t) noexcept {
  if (t->owner.load(std::memory_order_relaxed)) [[unlikely]]
    release_owner(t);
  if (t->has(kRetainsGrad)) [[unlikely]]
    forget_retained(*t);
  if (t->meta) [[unlikely]]
    destroy_meta(t->meta);
  if (t->grad_fn) release_node(t->grad_fn);
  if (t->storage) release_storage(t->storage);
  free_impl(t);
}

Tensor fresh_version(const Tensor& t) {
  Tensor out = new_alias(*t.impl());
  TensorImpl& o = *out.impl();
  Storage* before = o.storage;
  o.storage = alias_storage(before, 0);
  release_storage(before);
  if (t.impl()->has(kBatched)) [[unlikely]] {
    const Levels& from = *t.impl()->meta->levels;
    set_examples(o, fresh_version(from.examples), from.batch_level, from.same);
  }
  return out;
}

void replace_data(const Tensor& t, const Tensor& from) {
  TensorImpl& x = *t.impl();
  const TensorImpl& y = *from.impl();
  WG_CHECK(!x.has(kSparse) && !y.has(kSparse), NotImplementedError,
           "data: expected dense tensors, but got a sparse one of shape ",
           (x.has(kSparse) ? x : y).sizes(), "; convert it with to_dense()");
  WG_CHECK(is_differentiable(y.dtype) || !x.requires_grad(), Error,
           "data: the tensor requires grad, so its data must have a floating point dtype, but got ",
           y.dtype);
  WG_CHECK(!x.has(kIsView), Error, "data: the data of a view cannot be replaced");
  if (&x == &y) return;
  if (Capture* c = capture()) [[unlikely]]
    c->replace_data(x);
  const Levels *of_x = x.has(kBatched) ? levels_of(x) : nullptr,
               *of_y = y.has(kBatched) ? levels_of(y) : nullptr;
  WG_CHECK(!of_y || (of_x && of_x->batch_level == of_y->batch_level), Error,
           "data: in vmap, a tensor that is the same for all examples cannot have the data of one "
           "that is not");
  if (of_x) {
    const Levels given = of_y ? *of_y : Levels{{}, from, of_x->batch_level, true};
    set_examples(x, given.examples, given.batch_level, given.same);
  }
  // Values saved from the old elements must be seen to have changed.
  Storage* storage = alias_storage(y.storage, x.version() + 1);
  int64_t* dims = y.ndim > kInlineDims
                      ? static_cast<int64_t*>(runtime::allocate(sizeof(int64_t) * 2 * y.ndim))
                      : x.inline_dims;
  std::memcpy(dims, y.dims, sizeof(int64_t) * 2 * y.ndim);
  if (x.ndim > kInlineDims) runtime::deallocate(x.dims, sizeof(int64_t) * 2 * x.ndim);
  x.dims = dims;
  x.ndim = y.ndim;
  x.dtype = y.dtype;
  x.numel = y.numel;
  x.data = y.data;
  x.flags = static_cast<uint16_t>((x.flags & ~kReadOnly) | (y.flags & kReadOnly));
  release_storage(x.storage);
  x.storage = storage;
  update_contiguous(x);
}

void write_out(const char* op, Tensor& out, const Tensor& result) {
  TensorImpl& t = *out.impl();
  WG_CHECK(
      !(recording() && (t.requires_grad() || result.requires_grad())), Error, op,
      ": out= does not take part in differentiation, but an argument requires grad; detach it, "
      "or use no_grad()");
  WG_CHECK(kind_of(result.dtype()) <= kind_of(t.dtype), Error, op, ": a result of dtype ",
           result.dtype(), " cannot be stored in out= of dtype ", t.dtype);
  RecordingGuard off(false);
  check_in_place(op, t);
  // The result may be an input under another name.
  const Tensor source = share_memory(t, *result.impl()) ? algebra::clone(result) : result;
  if (!(t.sizes() == result.shape())) {
    const Tensor fresh = new_tensor(t.dtype, result.shape());
    replace_data(out, fresh);
  }
  algebra::copy_(out, source);
}

void store_result(const char* op, Tensor& self, const Tensor& result) {
  WG_CHECK(result.shape() == self.shape(), Error, op, "_: the result has shape ", result.shape(),
           ", which does not fit in the tensor of shape ", self.shape(),
           " that is to be changed in place");
  WG_CHECK(kind_of(result.dtype()) <= kind_of(self.dtype()), Error, op, "_: a result of dtype ",
           result.dtype(), " cannot be stored in a tensor of dtype ", self.dtype(),
           "; use the form that returns a new tensor");
  algebra::copy_(self, result);
}

void drop_history(TensorImpl* t) noexcept {
  forget_retained(*t);
  t->flags &= static_cast<uint16_t>(~kRetainsGrad);
  if (Node* n = std::exchange(t->grad_fn, nullptr)) release_node(n);
}

void detach_(const Tensor& t) {
  TensorImpl& x = *t.impl();
  WG_CHECK(!x.has(kIsView), Error, "detach_: a view cannot be cut off in place; use detach()");
  if (x.has(kRetainsGrad)) forget_retained(x);
  if (x.grad_fn) release_node(std::exchange(x.grad_fn, nullptr));
  x.flags &= static_cast<uint16_t>(~(kLeafRequiresGrad | kRetainsGrad));
}

Scalar element(DType dtype, const void* p) { return load_scalar(dtype, p); }

void store_element(DType dtype, void* p, const Scalar& s) {
  check_holds("tensor", dtype, s);
  store_scalar(dtype, p, s);
}
void set_read_only(const Tensor& t) { t.impl()->flags |= kReadOnly; }
bool is_read_only(const Tensor& t) { return t.impl()->has(kReadOnly); }

}  // namespace detail
WENGERT_NAMESPACE_END
