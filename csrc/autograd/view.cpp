// Views and in-place changes: what was recorded about a view is replayed on its changed base (D6).
#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "autograd/vjp.h"
#include "tensor/check.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

size_t step_size(const OpClass& cls) { return sizeof(ViewStep) + cls.size; }

ViewStep* new_step(const OpClass& cls, const void* op, uint32_t output_nr, ViewStep* before) {
  auto* s = new (runtime::allocate(step_size(cls))) ViewStep;
  s->cls = &cls;
  s->output_nr = output_nr;
  s->before = before;
  if (before) before->refs.fetch_add(1, std::memory_order_relaxed);
  if (cls.copy) {
    cls.copy(s + 1, op);
  } else if (cls.size) {
    std::memcpy(static_cast<void*>(s + 1), op, cls.size);
  }
  return s;
}

int view_outputs(const ViewStep& s) { return static_cast<int>(s.output_nr) + 1; }

}  // namespace

void release_steps(ViewStep* s) noexcept {
  while (s && s->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    ViewStep* before = s->before;
    if (s->cls->destroy) s->cls->destroy(s + 1);
    runtime::deallocate(s, step_size(*s->cls));
    s = before;
  }
}

Tensor ViewStep::apply(const Tensor& base) const {
  std::vector<const ViewStep*> chain;
  for (const ViewStep* s = this; s; s = s->before) chain.push_back(s);
  Tensor t = base;
  for (size_t i = chain.size(); i-- > 0;) {
    const ViewStep& s = *chain[i];
    TensorImpl* in = t.impl();
    // Only the outputs up to the one asked for are made.
    std::vector<Tensor> out(static_cast<size_t>(view_outputs(s)));
    OpCall call{*s.cls, s.op(), &in, 1, out.data(), static_cast<int>(out.size())};
    run(call);
    t = out.back();
  }
  return t;
}

void mark_view(TensorImpl& t, TensorImpl& input, const OpClass& cls, const void* op,
               uint32_t output_nr) {
  if (input.has(kInference)) return;
  AutogradMeta& m = meta_of(t);
  const bool input_is_view = input.has(kIsView);
  m.base = input_is_view ? input.meta->base : Tensor::share(&input);
  m.step = new_step(cls, op, output_nr, input_is_view ? input.meta->step : nullptr);
  m.apart = input_is_view && input.meta->apart;
  if (thread_mode.word & kInferring) {
    m.in_place_error = "it is a view that was made in inference mode";
  } else if (!recording()) {
    m.in_place_error = "it is a view that was made while recording was off (no_grad)";
  } else if (cls.list) {
    m.in_place_error = "it is one of several views that one call made (unbind, split, chunk)";
  } else if (input_is_view) {
    m.in_place_error = input.meta->in_place_error;
  }
  t.flags |= kIsView;
  t.grad_fn_version = t.version();
}

void check_change_is_seen(const char* op, const TensorImpl& t) {
  WG_CHECK(!t.has(kIsView) || !t.meta->in_place_error, Error, op,
           ": the tensor cannot be changed in place: ", t.meta->in_place_error,
           "; make the view anew, by an index, or clone() it");
}

void check_in_place(const char* op, TensorImpl& t) {
  if (t.has(kSparse)) refuse_to_read(t);
  WG_CHECK(!t.has(kReadOnly), Error, op, ": the tensor's memory is read-only; clone() it first");
  WG_CHECK(!may_overlap(t), Error, op, ": several elements of the tensor of shape ", t.sizes(),
           " share one place in memory (an expanded tensor), so it cannot be changed in place; "
           "clone() it first");
  if (t.has(kInference)) {
    WG_CHECK(thread_mode.word & kInferring, Error, op,
             ": a tensor made in inference mode cannot be changed in place outside of it; clone() "
             "it first");
  }
  if (!recording()) return;
  if (t.has(kIsView)) {
    const TensorImpl& base = *t.meta->base.impl();
    if (base.requires_grad() || t.requires_grad()) {
      WG_CHECK(base.grad_fn, Error, op,
               base.requires_grad()
                   ? ": a view of a leaf that requires grad cannot be changed in place while it is "
                     "recorded; do it under no_grad(), or on a copy"
                   : ": the view has a history that its base has lost (detach_()), so it cannot be "
                     "changed in place; make the view anew, or clone() it");
      check_change_is_seen(op, t);
    }
  } else {
    WG_CHECK(!t.meta || !t.meta->in_place_error, Error, op,
             ": the tensor cannot be changed in place: ", t.meta->in_place_error,
             "; clone() it first");
    WG_CHECK(t.grad_fn || !t.has(kLeafRequiresGrad), Error, op,
             ": a leaf that requires grad cannot be changed in place while it is recorded; do it "
             "under no_grad(), or on a copy");
  }
}

// ---- history of changed views -------------------------------------------------------------

namespace {

// The gradient of a base one of whose views was changed in place by the operation of `inner`:
// inside the view the operation's rule applies, elsewhere the gradient passes unchanged.
struct CopySlices {
  ViewStep* step;
  Node* inner;
  Shape order;  // the base's dimensions by descending stride, where they are not row-major

  static void vjp(const void* op, Vjp& v) {
    const auto& self = *static_cast<const CopySlices*>(op);
    // The view operations need the base's layout.
    Tensor whole = algebra::dense_clone(v.grad(), self.order);
    Tensor part = self.step->apply(whole);
    Node& inner = *self.inner;
    std::vector<Tensor> results(inner.n_edges);
    Tensor gradient = algebra::clone(part);
    // A second-order graph may reach the inner node by itself, after this one: then its values
    // stay.
    const bool keep = v.keep_saved() || inner.refs.load(std::memory_order_acquire) > 1;
    run_node(inner, &gradient, results.data(), v.create_graph(), keep);
    if (results[0].defined()) {
      algebra::copy_(part, results[0]);
    } else {
      algebra::copy_(part, algebra::zeros(part.dtype(), {}));
    }
    v.set(0, std::move(whole));
    for (size_t i = 1; i < results.size(); ++i) v.set(static_cast<int>(i), std::move(results[i]));
  }
  static void copy(void* to, const void* from) {
    auto* c = new (to) CopySlices(*static_cast<const CopySlices*>(from));
    c->step->refs.fetch_add(1, std::memory_order_relaxed);
    retain_node(c->inner);
  }
  static void destroy(void* op) noexcept {
    auto* c = static_cast<CopySlices*>(op);
    release_steps(c->step);
    release_node(c->inner);
  }
};

constexpr OpClass copy_slices_class = {
    "copy_slices",    sizeof(CopySlices),  nullptr, 0,       Overwrites::none, false,
    CopySlices::copy, CopySlices::destroy, nullptr, nullptr, CopySlices::vjp,  nullptr};

// Dimensions by descending stride; empty for row-major ones.
Shape stride_order(const TensorImpl& t) {
  Shape order;
  int64_t strides[kMaxDims];
  if (!dense_strides(t, strides)) return order;
  for (int i = 0; i < t.ndim; ++i) order.push(i);
  std::stable_sort(order.d, order.d + order.ndim,
                   [&](int64_t a, int64_t b) { return strides[a] > strides[b]; });
  return order;
}

}  // namespace

bool has_late_history(const TensorImpl& t) {
  return t.grad_fn_version != t.version() && t.meta->base.impl()->grad_fn != nullptr;
}

Node* rebased_history(TensorImpl& t, Node* node) {
  if (!t.has(kIsView)) return node;
  struct Release {
    Node* n;
    ~Release() { release_node(n); }
  } release{node};
  TensorImpl& base = *t.meta->base.impl();
  std::vector<TensorImpl*> inputs(node->n_edges, nullptr);
  inputs[0] = &base;
  const CopySlices op{t.meta->step, node, stride_order(base)};
  Node* slices =
      new_node(copy_slices_class, &op, inputs.data(), static_cast<int>(inputs.size()), 1, 0);
  try {
    for (uint32_t i = 1; i < node->n_edges; ++i) copy_edge(slices->edges()[i], node->edges()[i]);
  } catch (...) {
    release_node(slices);
    throw;
  }
  if (node->number > slices->number) slices->number = node->number;
  if (slices->number > thread_mode.last_node) thread_mode.last_node = slices->number;
  return slices;
}

void rebase(TensorImpl& t, Node* history) {
  if (!t.has(kIsView)) return set_history(t, history, 0);
  set_history(*t.meta->base.impl(), history, 0);
  // At once: the base may be cut off before the view's history is asked for.
  if (!t.meta->in_place_error) grad_fn(t);
}

Node* changing_node(TensorImpl& t) {
  if (!t.has(kIsView)) return t.grad_fn;
  Node* n = t.meta->base.impl()->grad_fn;
  return n && n->cls == &copy_slices_class ? static_cast<CopySlices*>(n->op())->inner : n;
}

Node* grad_fn(TensorImpl& t) {
  if (!t.has(kIsView)) [[likely]]
    return t.grad_fn;
  const uint32_t version = t.version();
  if (__atomic_load_n(&t.grad_fn_version, __ATOMIC_ACQUIRE) == version) [[likely]]
    return t.grad_fn;
  TensorImpl& base = *t.meta->base.impl();
  Tensor fresh;
  // A base that was cut off takes what its views were made of before along: their values are new.
  const bool cut = t.grad_fn && !base.requires_grad();
  if ((base.grad_fn || cut) && base.storage == t.storage) {
    WG_CHECK(!t.meta->in_place_error, Error,
             "the base of a view was changed in place with a history that the view cannot follow: ",
             t.meta->in_place_error, "; make the view anew, or clone() it");
    // Whatever modes are on, the history is that of the plain operations.
    struct Plain {
      uint32_t before = std::exchange(thread_mode.word, kRecording);
      ~Plain() { thread_mode.word = before; }
    } plain;
    Tensor from = t.meta->base;
    if (cut) (from = new_alias(base)).impl()->flags |= kLeafRequiresGrad;  // leads nowhere
    fresh = t.meta->step->apply(from);
  }
  // Other threads may use the same view. What was there is freed after the lock: that may run
  // code of a language binding.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (t.grad_fn_version == version) return t.grad_fn;
  if (fresh.defined() && fresh.impl()->grad_fn) {
    if (t.has(kRetainsGrad)) forget_retained(t);
    std::swap(t.grad_fn, fresh.impl()->grad_fn);
    std::swap(t.output_nr, fresh.impl()->output_nr);
    if (t.has(kRetainsGrad)) remember_retained(t);
  }
  __atomic_store_n(&t.grad_fn_version, version, __ATOMIC_RELEASE);
  return t.grad_fn;
}

WENGERT_NAMESPACE_END
