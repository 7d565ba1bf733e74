// Hooks on the values that nodes save: each is kept as what a hook has packed it into (D4).
#include <algorithm>
#include <vector>

#include "autograd/algebra.h"
#include "autograd/levels.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "autograd/vjp.h"
#include "tensor/check.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

PackedValue::~PackedValue() = default;
SavedTensorHooks::~SavedTensorHooks() = default;

// A packed value, with what is needed to put the unpacked one in the place of the original.
struct Packed {
  std::unique_ptr<PackedValue> value;
  DType dtype;
  Shape shape;
  Shape strides;  // none where the original was not dense
  bool requires_grad;
  Edge source;      // of an input; an output's history is the node itself
  Tensor tangents;  // without elements: carries the value's tangents

  Packed(const Packed&) = delete;
  Packed& operator=(const Packed&) = delete;
  explicit Packed(TensorImpl& t, bool is_output) {
    dtype = t.dtype;
    shape = Shape(t.sizes());
    int64_t dense[kMaxDims];
    if (dense_strides(t, dense)) strides = Shape(Dims(t.strides(), t.ndim));
    requires_grad = is_output ? is_differentiable(dtype) : t.requires_grad();
    if (!is_output && requires_grad) fill_edge(source, t);
    if (t.has(kHasLevels) || shares_tangents(t)) [[unlikely]]
      carry_tangents(t);
  }
  ~Packed() { clear_edge(source); }

  Tensor& carrier() {
    constexpr int64_t kNone = 0;
    if (!tangents.defined()) tangents = new_tensor(dtype, {&kNone, 1});
    return tangents;
  }

 private:
  void carry_tangents(const TensorImpl& t) {
    for (const uint64_t level : open_levels()) {
      const Tensor tangent = tangent_at(t, level);
      if (tangent.defined()) set_tangent(*carrier().impl(), level, tangent);
    }
  }
};

namespace {

thread_local std::vector<std::shared_ptr<SavedTensorHooks>> hooks_of_thread;

class HooksScope final : public ModeScope {
 public:
  explicit HooksScope(std::shared_ptr<SavedTensorHooks> hooks) : hooks_(std::move(hooks)) {
    hooks_of_thread.push_back(hooks_);
    thread_mode.word |= kPacking;
  }
  ~HooksScope() override {
    auto& list = hooks_of_thread;
    const auto at = std::find(list.rbegin(), list.rend(), hooks_);
    if (at == list.rend()) return;  // ended by another thread
    list.erase(std::next(at).base());
    if (list.empty()) thread_mode.word &= ~uint32_t{kPacking};
  }

 private:
  std::shared_ptr<SavedTensorHooks> hooks_;
};

// The gradient of a tensor that stands for a leaf: passed on unchanged.
struct Standing {
  static void vjp(const void*, Vjp& v) { v.set(0, v.grad()); }
};
constexpr OpClass standing_class = {"saved", 0,       nullptr, 0,       Overwrites::none, false,
                                    nullptr, nullptr, nullptr, nullptr, Standing::vjp,    nullptr};

// `t` with the dtype, shape and strides of the original.
Tensor conformed(const Node& n, const Packed& p, Tensor t) {
  WG_CHECK(t.shape() == Dims(p.shape), Error, name_of(n),
           ": the unpack hook of a saved tensor gave shape ", t.shape(),
           " in place of a value of shape ", Dims(p.shape));
  if (t.dtype() != p.dtype) t = algebra::cast(t, p.dtype);
  const TensorImpl& x = *t.impl();
  if (p.strides.ndim != x.ndim || Dims(x.strides(), x.ndim) == Dims(p.strides)) return t;
  const Tensor dense = new_tensor(p.dtype, p.shape, p.strides.d);
  copy_elements(*dense.impl(), x);
  return dense;
}

}  // namespace

std::unique_ptr<ModeScope> saved_tensor_hooks(std::shared_ptr<SavedTensorHooks> hooks) {
  return std::make_unique<HooksScope>(std::move(hooks));
}

void pack_value(Node& n, int k, SavedTensorHooks& hooks) {
  Saved& s = n.saved()[k];
  auto packed = std::make_unique<Packed>(*s.tensor, s.is_output);
  // An output is shown as a tensor that requires grad; its history would make a cycle.
  const Tensor value = s.is_output ? new_alias(*s.tensor) : Tensor::share(s.tensor);
  if (s.is_output && packed->requires_grad) value.impl()->flags |= kLeafRequiresGrad;
  const uint32_t version = value.impl()->version();
  {
    RecordingGuard off(false);
    packed->value = hooks.pack(value);
  }
  WG_CHECK(version == value.impl()->version(), Error, name_of(n),
           ": a pack hook has changed a saved tensor in place; pack a copy instead");
  TensorImpl* const before = s.tensor;
  s.packed = packed.release();
  s.is_packed = true;
  detail::release(before);
}

void pack_saved(Node& n) {
  const std::shared_ptr<SavedTensorHooks> hooks = hooks_of_thread.back();
  for (int k = 0; k < n.n_saved; ++k) {
    if (n.saved()[k].tensor && !n.saved()[k].is_packed) pack_value(n, k, *hooks);
  }
}

Tensor unpack_value(Node& n, const Saved& s, bool conform) {
  const Packed& p = *s.packed;
  Tensor t = p.value->unpack();
  WG_CHECK(t.defined(), TypeError, name_of(n), ": an unpack hook gave no tensor");
  RecordingGuard off(false);
  if (conform) t = conformed(n, p, std::move(t));
  const Levels* tangents = p.tangents.defined() ? levels_of(*p.tangents.impl()) : nullptr;
  if (!p.requires_grad && !t.requires_grad() && !tangents) return t;
  const Tensor given = std::move(t);
  t = new_alias(*given.impl());
  copy_levels(*t.impl(), *given.impl());
  if (tangents) {
    for (const Levels::Tangent& tangent : tangents->tangents)
      set_tangent(*t.impl(), tangent.level, tangent.value);
  }
  if (!p.requires_grad) return t;
  if (s.is_output) {
    retain_node(&n);
    set_history(*t.impl(), &n, s.output_nr);
  } else if (!p.source.is_leaf()) {
    retain_node(p.source.node());
    set_history(*t.impl(), p.source.node(), p.source.slot);
  } else {
    TensorImpl* leaf = p.source.leaf();
    set_history(*t.impl(), new_node(standing_class, nullptr, &leaf, 1, 1, 0), 0);
  }
  return t;
}

void destroy_packed(Packed* packed) noexcept { delete packed; }

const Tensor& tangents_of_packed(const Saved& s) { return s.packed->carrier(); }

void* packed_object(const Saved& s) {
  return s.tensor && s.is_packed ? s.packed->value->object() : nullptr;
}

WENGERT_NAMESPACE_END
