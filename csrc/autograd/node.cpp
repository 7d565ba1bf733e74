#include "autograd/node.h"

#include <new>

#include "autograd/algebra.h"
#include "autograd/levels.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

// ---- edges --------------------------------------------------------------------------------

void Edge::set_shape(const TensorImpl& t) {
  dtype = t.dtype;
  ndim = t.ndim;
  wide = t.ndim > 4;
  for (int i = 0; i < t.ndim && !wide; ++i) {
    dims[i] = static_cast<uint32_t>(t.shape()[i]);
    wide = t.shape()[i] > UINT32_MAX;
  }
  if (wide) [[unlikely]] {
    wide = false;  // until there is something to free
    heap = static_cast<int64_t*>(runtime::allocate(sizeof(int64_t) * t.ndim));
    std::memcpy(heap, t.shape(), sizeof(int64_t) * t.ndim);
    wide = true;
  }
}

bool Edge::same_shape(const TensorImpl& t) const {
  if (t.ndim != ndim) return false;
  if (wide) [[unlikely]]
    return std::memcmp(heap, t.shape(), sizeof(int64_t) * ndim) == 0;
  for (int i = 0; i < ndim; ++i) {
    if (t.shape()[i] != dims[i]) return false;
  }
  return true;
}

Shape Edge::shape() const {
  Shape s;
  for (int i = 0; i < ndim && ndim != kAbsent; ++i) s.push(wide ? heap[i] : dims[i]);
  return s;
}

void fill_edge(Edge& e, TensorImpl& t) {
  e.set_shape(t);
  if (Node* n = grad_fn(t)) {
    retain_node(n);
    e.target = reinterpret_cast<uintptr_t>(n);
    e.slot = t.output_nr;
  } else if (t.has(kLeafRequiresGrad)) {
    detail::retain(&t);
    e.target = reinterpret_cast<uintptr_t>(&t) | 1;
  }
}

void copy_edge(Edge& to, const Edge& from) {
  Edge e = from;
  if (e.wide) {
    e.heap = static_cast<int64_t*>(runtime::allocate(sizeof(int64_t) * e.ndim));
    std::memcpy(e.heap, from.heap, sizeof(int64_t) * e.ndim);
  }
  if (e.is_leaf()) {
    detail::retain(e.leaf());
  } else if (e.target) {
    retain_node(e.node());
  }
  to = e;
}

void clear_edge(Edge& e) noexcept {
  if (e.wide) [[unlikely]]
    runtime::deallocate(e.heap, sizeof(int64_t) * e.ndim);
  if (!e.target) return;
  if (e.is_leaf()) {
    detail::release(e.leaf());
  } else {
    release_node(e.node());
  }
}

// ---- nodes --------------------------------------------------------------------------------

namespace {

size_t node_size(const OpClass& cls, size_t n_edges, size_t n_outputs, size_t n_saved) {
  const size_t fixed = sizeof(Node) + n_outputs * sizeof(TensorImpl*) + n_edges * sizeof(Edge) +
                       n_saved * sizeof(Saved);
  return ((fixed + 15) & ~size_t{15}) + cls.size;
}

void free_node(Node* n) noexcept {
  const size_t size = node_size(*n->cls, n->n_edges, n->n_outputs, n->n_saved);
  if (n->cls->destroy) n->cls->destroy(n->op());
  runtime::deallocate(n, size);
}

// Nodes whose last reference went away while another node is being destroyed on this thread wait
// here, so that freeing a graph of any depth does not recurse. Chained through `claim`.
struct Condemned {
  Node* first;
  bool active;
};
thread_local constinit Condemned condemned
    __attribute__((tls_model("initial-exec"))) = {nullptr, false};

void release_contents(Node* n) noexcept {
  release_saved(n);
  Edge* edges = n->edges();
  for (uint32_t i = 0; i < n->n_edges; ++i) clear_edge(edges[i]);
  if (n->extras) [[unlikely]]
    delete n->extras;
}

}  // namespace

void destroy_node(Node* n) noexcept {
  if (condemned.active) {
    n->claim.store(reinterpret_cast<Pass*>(condemned.first), std::memory_order_relaxed);
    condemned.first = n;
    return;
  }
  condemned.active = true;
  while (true) {
    release_contents(n);
    free_node(n);
    n = condemned.first;
    if (!n) break;
    condemned.first = reinterpret_cast<Node*>(n->claim.load(std::memory_order_relaxed));
  }
  condemned.active = false;
}

void release_saved(Node* n) noexcept {
  Saved* saved = n->saved();
  for (uint32_t i = 0; i < n->n_saved; ++i) {
    if (!saved[i].tensor) continue;
    if (saved[i].is_packed) [[unlikely]] {
      destroy_packed(std::exchange(saved[i].packed, nullptr));
    } else {
      detail::release(saved[i].tensor);
      saved[i].tensor = nullptr;
    }
  }
}

SavedUse::SavedUse(Node& n, bool keep) : n_(n) {
  if (!n.n_saved) return;
  uint8_t before = 0;
  const uint8_t taken = keep ? 0 : kReleased;
  while (!n.saved_state.compare_exchange_weak(
      before, static_cast<uint8_t>((before + kOneReader) | taken), std::memory_order_acquire)) {
    if (before & kReleased) {
      fail<Error>(name_of(n),
                  ": backward a second time through values that the first pass has released; give "
                  "retain_graph=True to the first",
                  where_made(n));
    }
    if (before > UINT8_MAX - 2 * kOneReader) before = 0;  // full: until somebody is done
  }
  state_ = keep ? kReading : before ? kTaking : kAlone;
}

void SavedUse::finish(bool success) noexcept {
  const State mine = std::exchange(state_, kNothing);
  if (mine == kAlone) {  // nobody can have come since
    if (success) release_saved(&n_);
    n_.saved_state.store(success ? kReleased : 0, std::memory_order_release);
    return;
  }
  uint8_t before = n_.saved_state.load(std::memory_order_relaxed), after;
  do {
    after = static_cast<uint8_t>(before - kOneReader);
    if (mine == kTaking && !success) after &= static_cast<uint8_t>(~kReleased);
  } while (!n_.saved_state.compare_exchange_weak(before, after, std::memory_order_acq_rel));
  if (after == kReleased) release_saved(&n_);
}

Node* new_node(const OpClass& cls, const void* op, TensorImpl* const* inputs, int n_inputs,
               int n_outputs, int n_saved) {
  const size_t size = node_size(cls, static_cast<size_t>(n_inputs), static_cast<size_t>(n_outputs),
                                static_cast<size_t>(n_saved));
  Node* n = new (runtime::allocate(size)) Node;
  n->cls = &cls;
  n->n_outputs = static_cast<uint32_t>(n_outputs);
  n->n_saved = static_cast<uint16_t>(n_saved);
  n->n_edges = static_cast<uint32_t>(n_inputs);
  for (int i = 0; i < n_outputs; ++i) n->slots()[i] = nullptr;
  for (int i = 0; i < n_saved; ++i) n->saved()[i] = {{nullptr}, 0, false, false, 0};
  Edge* edges = n->edges();
  for (int i = 0; i < n_inputs; ++i) new (edges + i) Edge;
  try {
    for (int i = 0; i < n_inputs; ++i) {
      if (inputs[i]) fill_edge(edges[i], *inputs[i]);
    }
    if (cls.copy) {
      cls.copy(n->op(), op);
    } else if (cls.size) {
      std::memcpy(n->op(), op, cls.size);
    }
  } catch (...) {  // the operation's value is not there yet
    release_contents(n);
    runtime::deallocate(n, size);
    throw;
  }
  uint64_t newest = thread_mode.last_node;
  for (int i = 0; i < n_inputs; ++i) {
    const Edge& e = edges[i];
    if (e.target && !e.is_leaf() && e.node()->number > newest) newest = e.node()->number;
  }
  thread_mode.last_node = n->number = newest + 1;
  return n;
}

void save(Node* n, int k, TensorImpl* t, bool is_output) {
  WG_CHECK(!t->has(kInference) || in_gradient_scope(), Error, name_of(*n),
           ": a tensor made in inference mode cannot be saved for a backward pass; clone it "
           "outside of inference mode first");
  Saved& s = n->saved()[k];
  s.version = t->version();
  s.is_output = is_output;
  if (is_output) {
    // The output itself would keep this node alive through its history.
    s.output_nr = static_cast<uint16_t>(t->output_nr);
    Tensor copy = new_alias(*t);
    if (t->has(kHasLevels)) [[unlikely]]
      copy_levels(*copy.impl(), *t);
    s.tensor = copy.release();
  } else {
    detail::retain(t);
    s.tensor = t;
  }
}

uint32_t active_inputs(TensorImpl* const* inputs, int n) {
  if (n > 32) return ~0u;
  uint32_t active = 0;
  for (int i = 0; i < n; ++i) {
    if (inputs[i] && inputs[i]->requires_grad()) active |= 1u << i;
  }
  return active;
}

bool changes_with(const TensorImpl& t, const TensorImpl& changed) {
  return t.storage == changed.storage || share_memory(t, changed);
}

void save_inputs(Node* n, TensorImpl* const* inputs, int n_inputs, const TensorImpl* changed,
                 TensorImpl* const* before) {
  const OpClass& cls = *n->cls;
  const uint32_t active = active_inputs(inputs, n_inputs);
  for (int k = 0; k < cls.n_saves; ++k) {
    const Save& s = cls.saves[k];
    // Classes with a list of inputs name as many as there can be.
    if (s.output || !(s.needed_by & active) || s.index >= n_inputs || !inputs[s.index]) continue;
    TensorImpl* t = before ? before[s.index] : inputs[s.index];
    if (changed && !before && changes_with(*t, *changed)) {
      // Recorded: the copy has the history of the value that is lost.
      const Tensor copy = algebra::clone(Tensor::share(t));
      save(n, k, copy.impl(), false);
    } else {
      save(n, k, t, false);
    }
  }
}

void set_history(TensorImpl& t, Node* node, uint32_t output_nr) {
  Node* before = t.grad_fn;
  t.grad_fn = node;
  t.output_nr = output_nr;
  if (t.has(kIsView)) t.grad_fn_version = t.version();
  if (t.has(kRetainsGrad)) [[unlikely]]
    move_retained(t, before, node);
  if (before) release_node(before);
}

void record(const OpCall& call) {
  const OpClass& cls = call.cls;
  Node* n = new_node(cls, call.op, call.inputs, call.n_inputs, call.n_outputs, cls.n_saves);
  try {
    if (cls.n_saves) {
      save_inputs(n, call.inputs, call.n_inputs, nullptr, nullptr);
      const uint32_t active = active_inputs(call.inputs, call.n_inputs);
      for (int k = 0; k < cls.n_saves; ++k) {
        const Save& s = cls.saves[k];
        if (!s.output || !(s.needed_by & active) || !call.outputs[s.index].defined()) continue;
        save(n, k, call.outputs[s.index].impl(), true);
        n->saved()[k].output_nr = s.index;
      }
      if (thread_mode.word & kPacking) [[unlikely]]
        pack_saved(*n);
    }
  } catch (...) {
    release_node(n);
    throw;
  }
  bool taken = false;
  for (int i = 0; i < call.n_outputs; ++i) {
    TensorImpl* out = call.outputs[i].impl();
    if (!out || !is_differentiable(out->dtype)) continue;
    if (taken) retain_node(n);
    taken = true;
    set_history(*out, n, static_cast<uint32_t>(i));
  }
  if (!taken) release_node(n);
}

WENGERT_NAMESPACE_END
