// Nodes run in descending order of their creation numbers. Every edge leads from a newer node to an
// older one, so when the newest waiting node is taken all gradients for it have arrived: no pass
// over the graph to count consumers is needed, and nodes that no gradient reaches are never seen.
#include "autograd/engine.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "autograd/algebra.h"
#include "autograd/levels.h"
#include "autograd/meta.h"
#include "autograd/mode.h"
#include "autograd/profile.h"
#include "autograd/sparse.h"
#include "autograd/vjp.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct ByNumber {
  bool operator()(const Node* a, const Node* b) const { return a->number < b->number; }
};

}  // namespace

namespace {

// The histories that the roots have when a pass begins: hooks may give them others.
class HeldRoots {
 public:
  explicit HeldRoots(TensorList roots) : n_(roots.size()) {
    if (n_ > 1) many_.reset(new Node*[n_]);
    for (size_t i = 0; i < n_; ++i) {
      Node* n = grad_fn(*roots[i].impl());
      if (n) retain_node(n);
      nodes()[i] = n;
    }
  }
  ~HeldRoots() {
    for (size_t i = 0; i < n_; ++i) {
      if (nodes()[i]) release_node(nodes()[i]);
    }
  }
  HeldRoots(const HeldRoots&) = delete;
  HeldRoots& operator=(const HeldRoots&) = delete;

  size_t size() const { return n_; }
  Node** nodes() { return many_ ? many_.get() : &one_; }

 private:
  size_t n_;
  Node* one_ = nullptr;
  std::unique_ptr<Node*[]> many_;
};

}  // namespace

struct Pass final : GradientSink {
  Pass(const PassOptions& o, Captures* c, HeldRoots& r) : options(o), captures(c), roots(r) {
    if (!captures) return;
    for (size_t i = 0; i < captures->inputs.size(); ++i) {
      TensorImpl* t = captures->inputs[i].impl();
      captured.emplace(t->grad_fn ? static_cast<const void*>(t->grad_fn) : t, i);
    }
  }
  ~Pass() {
    for (Node* n : heap) {  // only after an exception
      if (n->claim.load(std::memory_order_relaxed) != this) continue;
      for (uint32_t i = 0; i < n->n_outputs; ++i) {
        if (TensorImpl* g = std::exchange(n->slots()[i], nullptr)) detail::release(g);
      }
      n->claim.store(nullptr, std::memory_order_release);
    }
    heap.clear();
    if (heap.capacity() <= 4096) spare_heap() = std::move(heap);
  }
  static std::vector<Node*>& spare_heap() {
    static thread_local std::vector<Node*> spare;
    return spare;
  }

  const PassOptions& options;
  Captures* captures;
  HeldRoots& roots;
  uint64_t id = 0;               // given when somebody asks
  const Pass* around = nullptr;  // on the same thread
  // Every node and leaf behind the roots, found when somebody asks.
  std::unordered_set<const void*> reached;
  // Waiting nodes, newest on top. The vector of an earlier pass of this thread is used again.
  std::vector<Node*> heap = std::exchange(spare_heap(), {});
  // Gradients for nodes whose slots another pass is using.
  std::unordered_map<Node*, std::vector<Tensor>> aside;
  // Nodes on a path to a captured tensor; used only with captures.
  std::unordered_set<const Node*> wanted;
  // The captured tensors, as indices of captures->inputs: by leaf, or by the node of others.
  std::unordered_multimap<const void*, size_t> captured;
  // Leaves to which the sum over all uses is added at the end: where hooks want it, or where the
  // pass began with their gradients. And where each of them stands.
  std::vector<std::pair<Tensor, Tensor>> leaf_sums;
  std::unordered_map<const TensorImpl*, size_t> leaf_sum_at;

  void push(Node* n) {
    heap.push_back(n);
    if (heap.size() > 1) std::push_heap(heap.begin(), heap.end(), ByNumber());
  }
  Node* pop() {
    if (heap.size() > 1) std::pop_heap(heap.begin(), heap.end(), ByNumber());
    Node* n = heap.back();
    heap.pop_back();
    return n;
  }

  bool leaf_wanted(const TensorImpl* leaf) const { return captured.count(leaf) > 0; }
  // Calls f with the index of every captured tensor that is this leaf, or an output of this node.
  template <class F>
  void for_captured(const void* leaf_or_node, F f) const {
    const auto [begin, end] = captured.equal_range(leaf_or_node);
    for (auto it = begin; it != end; ++it) f(it->second);
  }
  bool edge_wanted(const Edge& e) const {
    if (!e.target) return false;
    return e.is_leaf() ? leaf_wanted(e.leaf()) : wanted.count(e.node()) > 0;
  }

  Tensor* begin(Node& from, int i, const Vjp& rule) override;
  void end(Node& from, int i) override;
  bool was_given(const TensorImpl& t) const;
  bool grad_was_given(AutogradMeta& meta) const;
  void deliver(const Edge& e, Tensor g);
  void deliver_to_leaf(TensorImpl* leaf, Tensor g);
  void deliver_to_node(Node* n, uint32_t slot, Tensor g);
  void run(Node* n);
  void run_profiled(Node* n);
  void finish_leaves();
  void find_wanted();
  void find_reached();
};

namespace {

// a += b, or a = a + b where a may be seen by others or the sum is differentiated.
void add_into(Tensor& a, Tensor b, bool create_graph) {
  TensorImpl& x = *a.impl();
  if (!create_graph && !(thread_mode.word & kTransformModes) && x.unique() && x.contiguous() &&
      x.dtype == b.impl()->dtype) {
    algebra::add_(a, b);
  } else {
    a = algebra::add(a, b);
  }
}

// Brings a gradient to the shape and dtype of the input it belongs to.
void conform(const Edge& e, Tensor& g, const Node& from) {
  TensorImpl& t = *g.impl();
  if (e.same_shape(t) && e.dtype == t.dtype) [[likely]]
    return;
  if (!e.same_shape(t)) {
    const Shape want = e.shape();
    bool fits = t.ndim >= want.ndim;
    for (int i = 0; fits && i < want.ndim; ++i) {
      const int64_t have = t.shape()[t.ndim - want.ndim + i];
      fits = want.d[i] == have || want.d[i] == 1;
    }
    WG_CHECK(fits, Error, name_of(from), ": its backward returned a gradient of shape ", t.sizes(),
             ", but the input has shape ", Dims(want));
    g = algebra::sum_to(g, want);
  }
  if (g.impl()->dtype != e.dtype) g = algebra::cast(g, e.dtype);
}

// Takes what a hook has returned: rules rely on shape and dtype.
void replace_gradient(const char* op, Tensor& g, Tensor replacement) {
  if (!replacement.defined()) return;
  WG_CHECK(replacement.shape() == g.shape(), Error, op, ": a hook returned a gradient of shape ",
           replacement.shape(), " in place of one of shape ", g.shape());
  WG_CHECK(replacement.dtype() == g.dtype(), Error, op, ": a hook returned a gradient of dtype ",
           replacement.dtype(), " in place of one of dtype ", g.dtype(), "; convert it with to()");
  WG_CHECK(is_sparse(replacement) == is_sparse(g), Error, op, ": a hook returned a ",
           is_sparse(replacement) ? "sparse" : "dense", " gradient in place of a ",
           is_sparse(g) ? "sparse" : "dense", " one");
  g = std::move(replacement);
}

}  // namespace

const Tensor& Vjp::saved(int k) {
  const Saved& s = node_.saved()[k];
  WG_ASSERT(s.tensor);
  if (s.is_packed) [[unlikely]] {
    if (relinked_.empty()) relinked_.resize(node_.n_saved);
    Tensor& t = relinked_[static_cast<size_t>(k)];
    if (!t.defined()) t = unpack_value(node_, s, node_.cls->infer != nullptr);
    return t;
  }
  WG_CHECK(s.tensor->version() == s.version, Error, name_of(node_),
           ": a value needed for the gradient, of shape ", s.tensor->sizes(), " and dtype ",
           s.tensor->dtype, ", was changed in place after it was used (version ",
           s.tensor->version(), ", expected ", s.version,
           "); use the operation that returns a new tensor, or clone() before changing it",
           where_made(node_));
  // A user's own rule may differentiate for itself.
  const bool with_history = create_graph_ || custom_backward(node_);
  if (s.is_output && with_history && is_differentiable(s.tensor->dtype)) {
    if (relinked_.empty()) relinked_.resize(node_.n_saved);
    Tensor& t = relinked_[static_cast<size_t>(k)];
    if (!t.defined()) {
      t = new_alias(*s.tensor);
      copy_levels(*t.impl(), *s.tensor);
      retain_node(&node_);
      set_history(*t.impl(), &node_, s.output_nr);
    }
    return t;
  }
  return reinterpret_cast<const Tensor&>(s.tensor);
}

void Vjp::unpack_all() {
  for (int k = 0; k < saved_count(); ++k) {
    if (node_.saved()[k].is_packed) saved(k);
  }
}

bool Vjp::reads(const TensorImpl& t) const {
  const auto shares = [&](const TensorImpl* operand) {
    return operand && share_memory(*operand, t);
  };
  for (int k = 0; k < outputs(); ++k) {
    if (shares(gradients_[k].impl())) return true;
  }
  for (int k = 0; k < saved_count(); ++k) {
    if (!node_.saved()[k].is_packed && shares(node_.saved()[k].tensor)) return true;
  }
  for (const Tensor& unpacked : relinked_) {
    if (shares(unpacked.impl())) return true;
  }
  return false;
}

// Whether a gradient that the pass began with shows memory of this tensor: nodes that wait may
// still read it.
bool Pass::was_given(const TensorImpl& t) const {
  for (const Tensor& g : options.given) {
    if (g.defined() && share_memory(*g.impl(), t)) return true;
  }
  return false;
}

bool Pass::grad_was_given(AutogradMeta& meta) const {
  if (options.given.empty()) return false;
  const GradLock lock(meta);
  return meta.grad.defined() && was_given(*meta.grad.impl());
}

Tensor* Pass::begin(Node& from, int i, const Vjp& rule) {
  if (captures) return nullptr;
  const Edge& e = from.edges()[i];
  const auto usable = [&](TensorImpl* t) {
    return t && t->contiguous() && t->dtype == e.dtype && e.same_shape(*t) && !t->grad_fn;
  };
  if (!e.is_leaf()) {
    Node* n = e.node();
    if (n->claim.load(std::memory_order_relaxed) != this) return nullptr;
    TensorImpl*& slot = n->slots()[e.slot];
    return usable(slot) && slot->unique() ? reinterpret_cast<Tensor*>(&slot) : nullptr;
  }
  AutogradMeta* meta = meta_if_any(*e.leaf());
  if (!meta || !meta->hooks.empty() || !meta->accumulated_hooks.empty()) return nullptr;
  meta->lock_grad();
  // As in add_to_leaf, it does not matter who else holds the gradient: the rounding of a step must
  // not depend on whether the program looks at it.
  TensorImpl* grad = meta->grad.impl();
  constexpr uint16_t kNotPlain = kReadOnly | kHasLevels | kBatched | kSparse;
  if (usable(grad) && !grad->has(kNotPlain) && !was_given(*grad) && !rule.reads(*grad))
    return &meta->grad;
  meta->lock.clear(std::memory_order_release);
  return nullptr;
}

void Pass::end(Node& from, int i) {
  const Edge& e = from.edges()[i];
  if (!e.is_leaf()) return;
  AutogradMeta& meta = meta_of(*e.leaf());
  meta.grad.impl()->bump_version();
  meta.lock.clear(std::memory_order_release);
}

void run_node(Node& n, const Tensor* gradients, Tensor* results, bool create_graph, bool keep_saved,
              uint64_t skip, GradientSink* sink) {
  if (Capture* c = capture()) [[unlikely]] {
    if (c->run_node({n, gradients, results, create_graph, keep_saved, skip, sink})) return;
  }
  SavedUse saved(n, keep_saved);
  Vjp v(n, gradients, results, create_graph, keep_saved, skip, sink);
  n.cls->vjp(n.op(), v);
  saved.done();
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    if (!results[i].defined()) continue;
    if (v.needs(static_cast<int>(i))) {
      conform(n.edges()[i], results[i], n);
    } else {
      results[i] = Tensor();
    }
  }
}

void Pass::deliver(const Edge& e, Tensor g) {
  if (e.is_leaf()) {
    deliver_to_leaf(e.leaf(), std::move(g));
  } else {
    deliver_to_node(e.node(), e.slot, std::move(g));
  }
}

void Pass::deliver_to_node(Node* n, uint32_t slot, Tensor g) {
  Pass* owner = n->claim.load(std::memory_order_acquire);
  if (owner != this) {
    if (!aside.empty()) {
      if (const auto it = aside.find(n); it != aside.end()) {
        Tensor& sum = it->second[slot];
        if (sum.defined()) {
          add_into(sum, std::move(g), options.create_graph);
        } else {
          sum = std::move(g);
        }
        return;
      }
    }
    push(n);  // before the claim: it may fail
    Pass* nobody = nullptr;
    if (owner || !n->claim.compare_exchange_strong(nobody, this, std::memory_order_acq_rel)) {
      aside[n].resize(n->n_outputs);
      aside[n][slot] = std::move(g);
      return;
    }
  }
  TensorImpl*& s = n->slots()[slot];
  if (s) {
    Tensor sum = Tensor::adopt(std::exchange(s, nullptr));
    add_into(sum, std::move(g), options.create_graph);
    s = sum.release();
  } else {
    s = g.release();
  }
}

void Pass::deliver_to_leaf(TensorImpl* leaf, Tensor g) {
  if (captures && !leaf_wanted(leaf)) return;
  AutogradMeta* meta = meta_if_any(*leaf);
  const bool has_hooks = meta && (!meta->hooks.empty() || !meta->accumulated_hooks.empty());
  if (!has_hooks && !captures && !(meta && grad_was_given(*meta))) {
    accumulate_grad(*leaf, std::move(g), options.create_graph);
    return;
  }
  // One leaf's gradient changes before another leaf gets what shows the same memory.
  if ((!captures || captures->accumulate) && !is_sparse(g) && was_given(*g.impl()))
    g = algebra::clone(g);
  const auto [at, first] = leaf_sum_at.emplace(leaf, leaf_sums.size());
  if (first) {
    leaf_sums.emplace_back(Tensor::share(leaf), std::move(g));
  } else {
    Tensor& sum = leaf_sums[at->second].second;
    if (is_sparse(sum) || is_sparse(g)) {
      sum = add_sparse(sum, g);
    } else {
      add_into(sum, std::move(g), options.create_graph);
    }
  }
}

void Pass::run(Node* n) {
  constexpr int kInline = 4;
  Tensor inline_gradients[kInline], inline_results[kInline];
  std::vector<Tensor> many_gradients, many_results;
  Tensor* gradients = inline_gradients;
  Tensor* results = inline_results;
  if (n->n_outputs > kInline) {
    many_gradients.resize(n->n_outputs);
    gradients = many_gradients.data();
  }
  if (n->n_edges > kInline) {
    many_results.resize(n->n_edges);
    results = many_results.data();
  }
  if (n->claim.load(std::memory_order_relaxed) == this) {
    for (uint32_t i = 0; i < n->n_outputs; ++i) {
      gradients[i] = Tensor::adopt(std::exchange(n->slots()[i], nullptr));
    }
    n->claim.store(nullptr, std::memory_order_release);
  } else {
    auto it = aside.find(n);
    WG_ASSERT(it != aside.end());
    for (uint32_t i = 0; i < n->n_outputs; ++i)
      gradients[i] = std::move(it->second[static_cast<size_t>(i)]);
    aside.erase(it);
  }

  NodeExtras* extras = n->extras;
  if (extras) [[unlikely]] {
    for (size_t k = 0; k < extras->slot_hooks.size(); ++k) {
      Tensor& g = gradients[extras->slot_hooks[k].slot];
      const HookList hooks = extras->slot_hooks[k].hooks;  // a hook may add and remove hooks
      for (auto& h : hooks) {
        if (!g.defined()) break;
        replace_gradient(n->cls->name, g, h.second->call(g));
      }
    }
    for (uint32_t i = 0; i < n->n_outputs; ++i) {
      if (gradients[i].defined()) accumulate_retained(*n, i, gradients[i]);
    }
  }
  if (captures) {
    for_captured(n, [&](size_t i) {
      TensorImpl* t = captures->inputs[i].impl();
      const Tensor& g = gradients[t->output_nr];
      if (!g.defined()) return;
      if (!captures->accumulate) {
        captures->results[i] = g;
      } else if (!t->has(kRetainsGrad)) {  // else it has been added already
        accumulate_grad(*t, g, options.create_graph);
      }
    });
  }
  uint64_t skip = 0;
  if (captures) {
    bool any = false;
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const bool wanted_edge = edge_wanted(n->edges()[i]);
      any |= wanted_edge;
      if (!wanted_edge && i < 64) skip |= uint64_t{1} << i;
    }
    if (!any) return;
  }

  std::vector<std::shared_ptr<NodeHook>> hooks;
  std::vector<Tensor> seen;
  if (extras && !extras->hooks.empty()) [[unlikely]] {
    for (auto& h : extras->hooks) hooks.push_back(h.second);
    seen.assign(gradients, gradients + n->n_outputs);
    for (auto& h : hooks) h->before(seen);
    WG_CHECK(seen.size() == n->n_outputs, Error, name_of(*n),
             ": a pre-hook must return one gradient per output");
    bool filled = false;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (gradients[i].defined()) {
        replace_gradient(n->cls->name, gradients[i], seen[i]);
      } else {
        filled |= seen[i].defined();
        gradients[i] = seen[i];
      }
    }
    if (filled) conform_gradients(*n, n->cls->name, gradients);
  }
  try {
    run_node(*n, gradients, results, options.create_graph,
             options.retain_graph || options.create_graph, skip, this);
    if (thread_mode.word & kAnomaly && anomaly_checks_nan()) [[unlikely]] {
      for (uint32_t i = 0; i < n->n_edges; ++i) {
        const Tensor& r = results[i];
        WG_CHECK(!r.defined() || !algebra::has_nan(is_sparse(r) ? sparse_parts(r).values : r),
                 Error, name_of(*n), ": its backward returned NaN for input ", i);
      }
    }
  } catch (Error& e) {
    if (std::string(e.what()).find("was called at") == std::string::npos) {
      e.add_note(where_made(*n));
    }
    throw;
  } catch (ForeignError& e) {
    if (const std::string where = where_made(*n); !where.empty()) e.add_note(where);
    throw;
  }
  if (!hooks.empty()) [[unlikely]] {
    std::vector<Tensor> out(results, results + n->n_edges);
    for (auto& h : hooks) h->after(out, seen);
    WG_CHECK(out.size() == n->n_edges, Error, name_of(*n),
             ": a hook must return one gradient per input");
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const Edge& e = n->edges()[i];
      const bool needed = e.target && (!captures || edge_wanted(e));
      results[i] = needed ? std::move(out[i]) : Tensor();
      if (!results[i].defined()) continue;
      WG_CHECK(!is_sparse(results[i]) || e.is_leaf(), Error, n->cls->name,
               ": a hook returned a sparse gradient, which only leaves can take; use to_dense()");
      conform(e, results[i], *n);
    }
  }
  for (uint32_t i = 0; i < n->n_outputs; ++i) gradients[i] = Tensor();
  for (uint32_t i = 0; i < n->n_edges; ++i) {
    if (results[i].defined()) deliver(n->edges()[i], std::move(results[i]));
  }
}

void Pass::run_profiled(Node* n) {
  uint64_t needed = 0;
  for (uint32_t i = 0; i < n->n_edges && i < 64; ++i) {
    const Edge& e = n->edges()[i];
    if (e.target && (!captures || edge_wanted(e))) needed |= uint64_t{1} << i;
  }
  const bool own = n->claim.load(std::memory_order_relaxed) == this;
  const NodeEvent event(*n, needed, own ? n->slots() : nullptr);
  run(n);
}

void Pass::finish_leaves() {
  for (auto& [leaf, sum] : leaf_sums) {
    AutogradMeta* meta = meta_if_any(*leaf.impl());
    if (meta) {
      const HookList hooks = meta->hooks;
      for (auto& h : hooks) {
        replace_gradient("backward", sum, h.second->call(sum));
      }
    }
    if (captures && !captures->accumulate) {
      for_captured(leaf.impl(), [&](size_t i) { captures->results[i] = sum; });
      continue;
    }
    accumulate_grad(*leaf.impl(), std::move(sum), options.create_graph);
    if (meta) {
      const HookList hooks = meta->accumulated_hooks;
      for (auto& h : hooks) h.second->call(leaf);
    }
  }
}

void Pass::find_reached() {
  std::vector<Node*> stack;
  for (size_t i = 0; i < roots.size(); ++i) {
    Node* n = roots.nodes()[i];
    if (n && reached.insert(n).second) stack.push_back(n);
  }
  while (!stack.empty()) {
    Node* n = stack.back();
    stack.pop_back();
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const Edge& e = n->edges()[i];
      if (!e.target) continue;
      const void* to = e.is_leaf() ? static_cast<const void*>(e.leaf()) : e.node();
      if (reached.insert(to).second && !e.is_leaf()) stack.push_back(e.node());
    }
  }
}

void Pass::find_wanted() {
  std::unordered_set<const Node*> seen;
  std::vector<Node*> stack, all;
  for (size_t i = 0; i < roots.size(); ++i) {
    Node* n = roots.nodes()[i];
    if (n && seen.insert(n).second) stack.push_back(n);
  }
  while (!stack.empty()) {
    Node* n = stack.back();
    stack.pop_back();
    all.push_back(n);
    for (uint32_t i = 0; i < n->n_edges; ++i) {
      const Edge& e = n->edges()[i];
      if (e.target && !e.is_leaf() && seen.insert(e.node()).second) stack.push_back(e.node());
    }
  }
  std::sort(all.begin(), all.end(), ByNumber());
  for (Node* n : all) {
    bool want = captured.count(n) > 0;
    for (uint32_t i = 0; !want && i < n->n_edges; ++i) want = edge_wanted(n->edges()[i]);
    if (want) wanted.insert(n);
  }
}

namespace {

void add_to_leaf(TensorImpl& leaf, Tensor g, bool create_graph) {
  if (Capture* c = capture()) [[unlikely]]
    c->touch_gradient(leaf, false);
  AutogradMeta& meta = meta_of(leaf);
  // Others may hold the same gradient: what the leaf keeps must be its own.
  bool own = g.impl()->unique() && !may_overlap(*g.impl());
  const bool sparse = is_sparse(g);
  if (sparse) {
    g = owned_sparse(std::move(g));
    own = true;
  }
  // Recorded or seen by transforms, a sum may run code of a language binding.
  const bool plain = !create_graph && !(thread_mode.word & kTransformModes);
  Tensor before, sum;
  while (true) {
    {
      const GradLock lock(meta);
      if (!meta.grad.defined() && own) {
        meta.grad = std::move(g);
        return;
      }
      if (meta.grad.defined() && plain && !is_sparse(meta.grad)) {
        if (sparse) {
          add_sparse_(meta.grad, g);
        } else {
          algebra::add_(meta.grad, g);
        }
        return;
      }
      if (sum.defined() && meta.grad.is_same(before)) {
        meta.grad.swap(sum);
        return;
      }
      before = meta.grad;
    }
    if (before.defined()) {
      sum = sparse || is_sparse(before) ? add_sparse(before, g) : algebra::add(before, g);
    } else {
      g = algebra::clone(g);
      own = true;
    }
  }
}

}  // namespace

void accumulate_grad(TensorImpl& leaf, Tensor g, bool create_graph) {
  if (thread_mode.word & kProfiler) [[unlikely]] {
    const NodeEvent event(leaf, *g.impl());
    add_to_leaf(leaf, std::move(g), create_graph);
  } else {
    add_to_leaf(leaf, std::move(g), create_graph);
  }
}

namespace {

thread_local constinit Pass* running_pass = nullptr;

struct Running {
  explicit Running(Pass& pass) : before(std::exchange(running_pass, &pass)) {
    pass.around = before;
  }
  ~Running() { running_pass = before; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Pass* before;
};

}  // namespace

uint64_t current_pass() {
  static std::atomic<uint64_t> last{0};
  if (!running_pass) return 0;
  if (!running_pass->id) running_pass->id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return running_pass->id;
}

bool runs_inside_pass(uint64_t id) {
  const Pass* p = running_pass;
  while (p && p->id != id) p = p->around;
  return p != nullptr;
}

bool current_pass_has_inputs() { return running_pass && running_pass->captures; }

bool current_pass_reaches(const Node* node, const TensorImpl* leaf) {
  if (!running_pass) return false;
  if (running_pass->captures) {
    return node ? running_pass->wanted.count(node) > 0 : running_pass->leaf_wanted(leaf);
  }
  if (running_pass->reached.empty()) running_pass->find_reached();
  return running_pass->reached.count(node ? static_cast<const void*>(node) : leaf) > 0;
}

void run_backward(TensorList roots, Tensor* gradients, const PassOptions& options,
                  Captures* captures) {
  HeldRoots held(roots);
  Pass pass(options, captures, held);  // ends before the nodes it may have claimed
  const Running running(pass);
  RecordingGuard mode(options.create_graph);
  if (captures) {
    for (const Tensor& t : captures->inputs) grad_fn(*t.impl());
    pass.find_wanted();
  }
  for (size_t i = 0; i < roots.size(); ++i) {
    TensorImpl& r = *roots[i].impl();
    if (r.grad_fn) {
      if (!captures || pass.wanted.count(r.grad_fn)) {
        pass.deliver_to_node(r.grad_fn, r.output_nr, std::move(gradients[i]));
      }
    } else {
      pass.deliver_to_leaf(&r, std::move(gradients[i]));
    }
  }
  while (!pass.heap.empty()) {
    Node* n = pass.pop();
    try {
      if (thread_mode.word & kProfiler) [[unlikely]] {
        pass.run_profiled(n);
      } else {
        pass.run(n);
      }
    } catch (...) {
      // If it failed before its slots were emptied, they must be found by the destructor.
      if (n->claim.load(std::memory_order_relaxed) == &pass) pass.heap.push_back(n);
      throw;
    }
  }
  pass.finish_leaves();
}

WENGERT_NAMESPACE_END
