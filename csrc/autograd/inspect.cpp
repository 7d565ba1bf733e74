#include "autograd/inspect.h"

#include <cctype>
#include <cstdint>
#include <utility>

#include "autograd/algebra.h"
#include "autograd/engine.h"
#include "autograd/fields.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "autograd/vjp.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

NodeRef::NodeRef(const NodeRef& o) : node_(o.node_), leaf_(o.leaf_) {
  if (node_) retain_node(node_);
}
NodeRef::~NodeRef() {
  if (node_) release_node(node_);
}

NodeRef NodeRef::of(const Tensor& t) {
  NodeRef r;
  if (Node* n = grad_fn(*t.impl())) {
    retain_node(n);
    r.node_ = n;
  } else if (t.requires_grad()) {
    r.leaf_ = t;
  }
  return r;
}

uintptr_t NodeRef::id() const {
  return node_ ? reinterpret_cast<uintptr_t>(node_) : reinterpret_cast<uintptr_t>(leaf_.impl());
}

std::string backward_name(const char* operation) {
  std::string out;
  bool upper = true;
  for (const char* p = operation; *p; ++p) {
    if (*p == '_') {
      upper = true;
      continue;
    }
    out += upper ? static_cast<char>(std::toupper(*p)) : *p;
    upper = false;
  }
  return out + "Backward0";
}

std::string NodeRef::name() const {
  if (!node_) return "AccumulateGrad";
  if (const CustomBackward* custom = custom_backward(*node_)) return custom->name();
  return backward_name(node_->cls->name);
}

uint64_t NodeRef::number() const { return node_ ? node_->number : UINT64_MAX; }

std::vector<std::pair<NodeRef, uint32_t>> NodeRef::edges() const {
  std::vector<std::pair<NodeRef, uint32_t>> out;
  if (!node_) return out;
  for (uint32_t i = 0; i < node_->n_edges; ++i) {
    const Edge& e = node_->edges()[i];
    NodeRef to;
    if (e.target && e.is_leaf()) {
      to.leaf_ = Tensor::share(e.leaf());
    } else if (e.target) {
      retain_node(e.node());
      to.node_ = e.node();
    }
    out.emplace_back(to, e.is_leaf() ? 0 : e.slot);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> NodeRef::attributes() const {
  if (!node_) return {};
  return attributes_of(*node_->cls, node_->op());
}

std::string NodeRef::created_at() const {
  return node_ && node_->extras ? node_->extras->created_at : "";
}

void* NodeRef::custom_object() const {
  CustomBackward* custom = node_ ? custom_backward(*node_) : nullptr;
  return custom ? custom->object() : nullptr;
}

namespace {

// A tensor for `infer` alone: its elements must not be touched, whatever view is asked of it.
Tensor shape_only(DType dtype, Dims shape) {
  const int64_t strides[kMaxDims] = {};
  constexpr size_t kReach = SIZE_MAX / 8;
  const Tensor zero = algebra::zeros(dtype, {});
  Tensor t = new_alias(*zero.impl(), shape, strides, reinterpret_cast<char*>(kReach));
  Storage* nowhere = external_storage(nullptr, 2 * kReach, nullptr, nullptr);
  release_storage(std::exchange(t.impl()->storage, nowhere));
  return t;
}

}  // namespace

namespace {

// What is known of a node's outputs. Not for custom functions.
std::vector<Meta> output_metas(Node& n) {
  std::vector<Meta> outputs(n.n_outputs);
  if (!n.cls->infer) {  // a change through a view gives the base's gradient
    outputs[0].shape = n.edges()[0].shape();
    outputs[0].dtype = n.edges()[0].dtype;
    return outputs;
  }
  std::vector<Tensor> inputs(n.n_edges);
  std::vector<TensorImpl*> impls(n.n_edges, nullptr);
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    const Edge& e = n.edges()[i];
    if (e.ndim == Edge::kAbsent) continue;
    inputs[i] = shape_only(e.dtype, e.shape());
    impls[i] = inputs[i].impl();
  }
  Infer infer{impls.data(), static_cast<int>(n.n_edges), outputs.data(),
              static_cast<int>(n.n_outputs)};
  n.cls->infer(n.op(), infer);
  return outputs;
}

}  // namespace

void conform_gradients(Node& n, const std::string& name, Tensor* gradients) {
  if (custom_backward(n)) return;
  const std::vector<Meta> outputs = output_metas(n);
  for (uint32_t i = 0; i < n.n_outputs; ++i) {
    Tensor& g = gradients[i];
    if (!g.defined()) continue;
    const Dims want = outputs[i].shape;
    WG_CHECK(g.shape() == want, Error, name, ": expected a gradient of shape ", want,
             " for output ", i, ", but got shape ", g.shape());
    WG_CHECK(is_differentiable(g.dtype()), Error, name,
             ": expected a floating point gradient for output ", i, ", but got ", g.dtype());
    if (g.dtype() != outputs[i].dtype) g = algebra::cast(g, outputs[i].dtype);
  }
}

std::shared_ptr<void> NodeRef::metadata(std::shared_ptr<void> (*make)()) const {
  if (!node_) return nullptr;
  NodeExtras& extras = extras_of(*node_);
  if (!extras.metadata) extras.metadata = make();
  return extras.metadata;
}

Tensor NodeRef::stand_in(uint32_t output_nr, const Tensor& like) const {
  if (!node_) return leaf_;
  WG_CHECK(output_nr < node_->n_outputs, IndexError, name(), " has ", int64_t{node_->n_outputs},
           " outputs, but number ", int64_t{output_nr}, " was asked for");
  Meta m;
  if (!custom_backward(*node_)) {
    m = output_metas(*node_)[output_nr];
  } else if (like.defined()) {
    m.dtype = like.dtype();
    m.shape = like.shape();
  }
  Tensor t = shape_only(m.dtype, m.shape);
  retain_node(node_);
  set_history(*t.impl(), node_, output_nr);
  return t;
}

bool NodeRef::is_reached() const { return current_pass_reaches(node_, leaf_.impl()); }

std::vector<std::string> NodeRef::saved_names() const {
  std::vector<std::string> names;
  for (int k = 0; node_ && k < node_->cls->n_saves; ++k) {
    const Save& s = node_->cls->saves[k];
    const std::string number = std::to_string(s.index);
    if (s.output) {
      names.push_back(node_->n_outputs == 1 ? "result" : "result" + number);
    } else {
      names.push_back(s.index == 0 ? "self" : s.index == 1 ? "other" : "input" + number);
    }
  }
  return names;
}

Tensor NodeRef::saved(int k) const {
  SavedUse use(*node_, true);
  if (!node_->saved()[k].tensor) return {};
  return Vjp(*node_, nullptr, nullptr, true, true).saved(k);
}

void NodeRef::pack(int k, SavedTensorHooks& hooks) const {
  SavedUse use(*node_, true);
  WG_CHECK(node_->saved()[k].tensor, Error, name(),
           ": hooks cannot be registered on a saved tensor that is None");
  WG_CHECK(!node_->saved()[k].is_packed, Error, name(),
           ": this saved tensor has hooks already; only one pair is allowed");
  pack_value(*node_, k, hooks);
}

std::vector<Tensor> NodeRef::apply(std::vector<Tensor> gradients) const {
  WG_CHECK(node_, Error, "AccumulateGrad: call backward() to accumulate a gradient");
  WG_CHECK(gradients.size() == node_->n_outputs, Error, name(), ": expected ",
           int64_t{node_->n_outputs}, " gradients, but got ", gradients.size());
  WG_CHECK(node_->n_outputs > 1 || gradients[0].defined(), Error, name(),
           ": the gradient is missing");
  conform_gradients(*node_, name(), gradients.data());
  std::vector<Tensor> results(node_->n_edges);
  run_node(*node_, gradients.data(), results.data(), true, true);
  return results;
}

uint64_t NodeRef::add_hook(std::shared_ptr<NodeHook> hook) const {
  WG_CHECK(node_, Error,
           "register_hook: the sink of a leaf has no node; register the hook on the tensor");
  const uint64_t id = next_hook_id();
  extras_of(*node_).hooks.emplace_back(id, std::move(hook));
  return id;
}

bool NodeRef::remove_hook(uint64_t id) const {
  if (!node_ || !node_->extras) return false;
  return erase_id(node_->extras->hooks, id);
}

void forbid_in_place(const Tensor& t) {
  meta_of(*t.impl()).in_place_error =
      "a custom function has returned an input, or a view of one, as this output";
}

void mark_changed(const Tensor& t) { t.impl()->bump_version(); }

WENGERT_NAMESPACE_END
