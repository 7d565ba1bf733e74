#include "autograd/meta.h"

#include <algorithm>

#include "autograd/capture.h"
#include "autograd/levels.h"
#include "autograd/mode.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

TensorHook::~TensorHook() = default;

// Concurrent backward passes may reach a leaf for the first time at once.
AutogradMeta* meta_if_any(TensorImpl& t) {
  return std::atomic_ref(t.meta).load(std::memory_order_acquire);
}

AutogradMeta& meta_of(TensorImpl& t) {
  if (AutogradMeta* meta = meta_if_any(t)) return *meta;
  auto* made = new (runtime::allocate(sizeof(AutogradMeta))) AutogradMeta;
  AutogradMeta* before = nullptr;
  if (std::atomic_ref(t.meta).compare_exchange_strong(before, made, std::memory_order_acq_rel)) {
    return *made;
  }
  destroy_meta(made);
  return *before;
}

void destroy_meta(AutogradMeta* meta) noexcept {
  if (meta->step) release_steps(meta->step);
  meta->~AutogradMeta();
  runtime::deallocate(meta, sizeof(AutogradMeta));
}

NodeExtras& extras_of(Node& n) {
  const std::atomic_ref extras(n.extras);
  if (NodeExtras* e = extras.load(std::memory_order_acquire)) return *e;
  auto made = std::make_unique<NodeExtras>();
  NodeExtras* before = nullptr;
  if (extras.compare_exchange_strong(before, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *before;
}

std::string where_made(const Node& n) {
  if (!n.extras || n.extras->created_at.empty()) return {};
  return "\nThe operation was called at:\n" + n.extras->created_at;
}

uint64_t next_hook_id() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

// ---- hooks --------------------------------------------------------------------------------

namespace {

HookList& slot_hooks(Node& n, uint32_t slot) {
  NodeExtras& extras = extras_of(n);
  for (auto& s : extras.slot_hooks) {
    if (s.slot == slot) return s.hooks;
  }
  extras.slot_hooks.push_back({slot, {}});
  return extras.slot_hooks.back().hooks;
}

class FunctionHook final : public TensorHook {
 public:
  explicit FunctionHook(std::function<Tensor(const Tensor&)> f) : f_(std::move(f)) {}
  Tensor call(const Tensor& g) override { return f_(g); }

 private:
  std::function<Tensor(const Tensor&)> f_;
};

}  // namespace

uint64_t register_hook(const Tensor& t, std::shared_ptr<TensorHook> hook) {
  WG_CHECK(hook, TypeError, "register_hook: expected a function to call, but got an empty one");
  WG_CHECK(t.requires_grad(), Error,
           "register_hook: the tensor does not require grad, so it never has a gradient; call "
           "requires_grad_() first");
  const uint64_t id = next_hook_id();
  TensorImpl& impl = *t.impl();
  Node* n = grad_fn(impl);
  (n ? slot_hooks(*n, impl.output_nr) : meta_of(impl).hooks).emplace_back(id, std::move(hook));
  return id;
}

uint64_t register_hook(const Tensor& t, std::function<Tensor(const Tensor&)> hook) {
  return register_hook(t, hook ? std::make_shared<FunctionHook>(std::move(hook)) : nullptr);
}

uint64_t register_post_accumulate_grad_hook(const Tensor& leaf, std::shared_ptr<TensorHook> hook) {
  WG_CHECK(hook, TypeError,
           "register_post_accumulate_grad_hook: expected a function to call, but got an empty one");
  WG_CHECK(leaf.requires_grad() && leaf.is_leaf(), Error,
           "register_post_accumulate_grad_hook: expected a leaf that requires grad");
  const uint64_t id = next_hook_id();
  meta_of(*leaf.impl()).accumulated_hooks.emplace_back(id, std::move(hook));
  return id;
}

bool remove_hook(const Tensor& t, uint64_t id) {
  TensorImpl& impl = *t.impl();
  if (impl.meta && (erase_id(impl.meta->hooks, id) || erase_id(impl.meta->accumulated_hooks, id))) {
    return true;
  }
  if (impl.grad_fn && impl.grad_fn->extras) {
    for (auto& s : impl.grad_fn->extras->slot_hooks) {
      if (erase_id(s.hooks, id)) return true;
    }
  }
  return false;
}

// ---- the handle's autograd methods --------------------------------------------------------

bool Tensor::requires_grad() const { return impl_ && impl_->requires_grad(); }
bool Tensor::is_leaf() const { return !impl_ || grad_fn(*impl_) == nullptr; }

Tensor& Tensor::requires_grad_(bool on) {
  WG_CHECK(impl_, Error, "requires_grad_: this handle is undefined");
  if (grad_fn(*impl_)) {
    WG_CHECK(on, Error,
             "requires_grad_: only the requires_grad of leaves can be turned off; use detach() to "
             "get a tensor without history");
    return *this;
  }
  WG_CHECK(!on || !impl_->has(kSparse), NotImplementedError,
           "requires_grad_: a sparse tensor has the gradients of its values; call it on the values "
           "that the tensor is made of");
  WG_CHECK(!on || is_differentiable(impl_->dtype), Error,
           "requires_grad_: only tensors of floating point and complex dtype can require "
           "gradients, but this one has dtype ",
           impl_->dtype);
  WG_CHECK(!on || !impl_->has(kInference) || (thread_mode.word & kInferring), Error,
           "requires_grad_: this tensor was made in inference mode; clone it outside first");
  if (on) {
    impl_->flags |= kLeafRequiresGrad;
  } else {
    impl_->flags &= static_cast<uint16_t>(~kLeafRequiresGrad);
  }
  return *this;
}

Tensor Tensor::grad() const {
  if (Capture* c = capture(); c && impl_) [[unlikely]]
    c->touch_gradient(*impl_, false);
  AutogradMeta* meta = impl_ ? meta_if_any(*impl_) : nullptr;
  if (!meta) return {};
  const GradLock lock(*meta);
  return meta->grad;
}

void Tensor::set_grad(Tensor g) {
  WG_CHECK(impl_, Error, "grad: this handle is undefined");
  if (Capture* c = capture()) [[unlikely]]
    c->touch_gradient(*impl_, true);
  if (g.defined()) {
    WG_CHECK(g.shape() == shape(), Error, "grad: expected a gradient of shape ", shape(),
             ", but got ", g.shape());
    WG_CHECK(g.dtype() == dtype(), Error, "grad: expected a gradient of dtype ", dtype(),
             ", but got ", g.dtype());
    WG_CHECK(!g.is_same(*this), Error, "grad: a tensor cannot be its own gradient");
  } else if (!impl_->meta) {
    return;
  }
  AutogradMeta& meta = meta_of(*impl_);
  const GradLock lock(meta);
  meta.grad.swap(g);  // what was there dies after the lock
}

void Tensor::retain_grad() {
  WG_CHECK(requires_grad(), Error, "retain_grad: the tensor does not require grad");
  if (is_leaf() || impl_->has(kRetainsGrad)) return;
  remember_retained(*impl_);
  impl_->flags |= kRetainsGrad;
}

Tensor Tensor::detach() const {
  WG_CHECK(impl_, Error, "detach: this handle is undefined");
  Tensor t = new_alias(*impl_);
  if (const Levels* from = levels_of(*impl_); from && from->examples.defined()) [[unlikely]] {
    set_examples(*t.impl(), from->examples.detach(), from->batch_level, from->same);
  }
  return t;
}

WENGERT_NAMESPACE_END
