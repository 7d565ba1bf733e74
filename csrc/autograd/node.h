// A node of the backward graph: one recorded call of an operation.
#pragma once

#include "autograd/op_class.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

struct Pass;
struct NodeExtras;

// Where the gradient of an input goes, and the shape and dtype it must have there.
struct Edge {
  static constexpr uint8_t kAbsent = UINT8_MAX;  // `ndim` of an input that was left out

  // A Node*, or a leaf's TensorImpl* with the lowest bit set; holds a reference. 0: no gradient.
  uintptr_t target = 0;
  uint32_t slot = 0;  // which output of the node
  DType dtype = DType::float32;
  uint8_t ndim = kAbsent;
  bool wide = false;  // the shape does not fit in `dims` and stands in `heap`
  union {
    uint32_t dims[4];
    int64_t* heap;
  };

  explicit operator bool() const { return target != 0; }
  bool is_leaf() const { return target & 1; }
  Node* node() const { return reinterpret_cast<Node*>(target); }
  TensorImpl* leaf() const { return reinterpret_cast<TensorImpl*>(target & ~uintptr_t{1}); }
  void set_shape(const TensorImpl& t);
  bool same_shape(const TensorImpl& t) const;
  Shape shape() const;
};
static_assert(sizeof(Edge) == 32);

struct Packed;

struct Saved {
  union {
    TensorImpl* tensor;  // holds a reference; nullptr: not needed, or released
    Packed* packed;      // owned; what hooks have made of the value
  };
  uint32_t version;
  bool is_output;  // `tensor` is a copy of the header without its history
  bool is_packed;
  uint16_t output_nr;
};
static_assert(sizeof(Saved) == 16);

// The saved values' state: whether a pass that does not keep them has come, and in steps of
// kOneReader how many passes are using them.
inline constexpr uint8_t kReleased = 1;
inline constexpr uint8_t kOneReader = 2;

// Behind a Node stand, in one block: a gradient slot per output, the edges, the saved values, and
// the operation's value.
struct alignas(16) Node {
  std::atomic<uint32_t> refs{1};
  uint32_t n_outputs;
  uint32_t n_edges;
  uint16_t n_saved;
  std::atomic<uint8_t> saved_state{0};
  // Creation number: greater than that of every node an edge leads to, whatever threads made them.
  uint64_t number;
  const OpClass* cls;
  std::atomic<Pass*> claim{nullptr};  // the backward pass that uses the gradient slots
  NodeExtras* extras = nullptr;

  TensorImpl** slots() { return reinterpret_cast<TensorImpl**>(this + 1); }
  Edge* edges() { return reinterpret_cast<Edge*>(slots() + n_outputs); }
  Saved* saved() { return reinterpret_cast<Saved*>(edges() + n_edges); }
  void* op() {
    const auto p = reinterpret_cast<uintptr_t>(saved() + n_saved);
    return reinterpret_cast<void*>((p + 15) & ~uintptr_t{15});
  }
};
static_assert(sizeof(Node) + sizeof(void*) + 2 * sizeof(Edge) + 2 * sizeof(Saved) <= 160);

void destroy_node(Node* n) noexcept;
inline void retain_node(Node* n) noexcept { n->refs.fetch_add(1, std::memory_order_relaxed); }
inline void release_node(Node* n) noexcept {
  if (n->refs.load(std::memory_order_acquire) == 1 ||
      n->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy_node(n);
  }
}

// The bytes before the operation of a node with two inputs.
inline constexpr size_t kNodeBytesTwoInputs =
    sizeof(Node) + sizeof(void*) + 2 * sizeof(Edge) + 2 * sizeof(Saved);

// True if gradients flow to any of these inputs.
inline bool any_requires_grad(TensorImpl* const* inputs, int n) {
  for (int i = 0; i < n; ++i) {
    if (inputs[i] && inputs[i]->requires_grad()) return true;
  }
  return false;
}

// Makes a node for the call with its edges and a copy of the operation; saved values are left
// empty. Returns one reference.
Node* new_node(const OpClass& cls, const void* op, TensorImpl* const* inputs, int n_inputs,
               int n_outputs, int n_saved);
// Fills saved value k.
void save(Node* n, int k, TensorImpl* t, bool is_output);
// Saves the inputs that the class lists and gradients of active inputs need; those that change with
// `changed`, which is about to lose its value, as copies: those of `before`, if they were made.
void save_inputs(Node* n, TensorImpl* const* inputs, int n_inputs, const TensorImpl* changed,
                 TensorImpl* const* before);
// Whether a change of `changed` in place may be one of `t`.
bool changes_with(const TensorImpl& t, const TensorImpl& changed);
// The inputs that take part in differentiation, as a mask of the first 32.
uint32_t active_inputs(TensorImpl* const* inputs, int n);
// new_node, the saves the class lists, and the outputs' history.
void record(const OpCall& call);
// Gives the tensor the history (node, output); takes over the reference to the node.
void set_history(TensorImpl& t, Node* node, uint32_t output_nr);

// The current node behind a tensor: for a view that changed through another name it is made anew.
Node* grad_fn(TensorImpl& t);
// An edge to the tensor's history or leaf, holding a reference.
void fill_edge(Edge& e, TensorImpl& t);
// Lets go of what the edge holds.
void clear_edge(Edge& e) noexcept;
// Makes an empty edge lead where another leads.
void copy_edge(Edge& to, const Edge& from);

// Hands the saved values of a node to the innermost hooks of this thread, where kPacking is set.
void pack_saved(Node& n);
void pack_value(Node& n, int k, SavedTensorHooks& hooks);
// The value again, with the history it had. `conform`: rules rely on its shape, dtype and layout.
Tensor unpack_value(Node& n, const Saved& s, bool conform);
void destroy_packed(Packed* packed) noexcept;
// Carries the tangents of a packed value.
const Tensor& tangents_of_packed(const Saved& s);
// The Python object of a packed value, for the cycle collector.
WENGERT_API void* packed_object(const Saved& s);

// Drops the saved values of a node.
void release_saved(Node* n) noexcept;

// One pass's use of a node's saved values. Without `keep` nobody may begin to use them after it;
// they are dropped when the last of those that have begun is done. If the rule throws, they stay.
class SavedUse {
 public:
  SavedUse(Node& n, bool keep);  // throws if a pass that does not keep them has been here
  ~SavedUse() {
    if (state_ != kNothing) finish(false);
  }
  SavedUse(const SavedUse&) = delete;
  SavedUse& operator=(const SavedUse&) = delete;
  void done() {
    if (state_ != kNothing) finish(true);
  }

 private:
  enum State : uint8_t { kNothing, kReading, kTaking, kAlone };
  void finish(bool success) noexcept;

  Node& n_;
  State state_ = kNothing;
};

WENGERT_NAMESPACE_END
