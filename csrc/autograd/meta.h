// What few tensors and nodes have: gradients, hooks, views, anomaly data.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "autograd/node.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

// The operation that made a view, kept so that it can be applied to another tensor (D6): the steps
// lead from the base through `before` to this one. The operation's value stands behind it.
struct alignas(16) ViewStep {
  std::atomic<uint32_t> refs{1};
  uint32_t output_nr;
  const OpClass* cls;
  ViewStep* before;  // holds a reference

  const void* op() const { return this + 1; }
  Tensor apply(const Tensor& base) const;  // the whole chain
};
void release_steps(ViewStep* step) noexcept;

// What transforms attach to a tensor. Levels are numbers that are never used twice.
struct Levels {
  struct Tangent {
    uint64_t level;
    Tensor value;
  };
  std::vector<Tangent> tangents;
  // Of a tensor that stands for one example in a vmap: those of all, along the first dimension (or
  // without one where all are the same).
  Tensor examples;
  uint64_t batch_level = 0;
  bool same = false;
};

struct AutogradMeta {
  Tensor grad;
  std::unique_ptr<Levels> levels;
  std::atomic_flag lock = ATOMIC_FLAG_INIT;  // guards `grad` against concurrent backward passes
  HookList hooks;                            // of a leaf
  HookList accumulated_hooks;                // after `grad` of a leaf was updated
  const char* in_place_error = nullptr;      // why it must not be changed in place while recording
  // Of a view:
  Tensor base;               // never itself a view
  ViewStep* step = nullptr;  // holds a reference
  bool apart = false;        // in forward mode it has tangents of its own, not its base's

  void lock_grad() {
    for (int i = 0; lock.test_and_set(std::memory_order_acquire); ++i) {
      if (i > 100) std::this_thread::yield();
    }
  }
};

// Holds the lock of a tensor's gradient; nothing that may run other code belongs inside.
class GradLock {
 public:
  explicit GradLock(AutogradMeta& m) : lock_(m.lock) { m.lock_grad(); }
  ~GradLock() { lock_.clear(std::memory_order_release); }
  GradLock(const GradLock&) = delete;
  GradLock& operator=(const GradLock&) = delete;

 private:
  std::atomic_flag& lock_;
};

AutogradMeta& meta_of(TensorImpl& t);  // made where missing
AutogradMeta* meta_if_any(TensorImpl& t);
void destroy_meta(AutogradMeta* meta) noexcept;

// Marks `t` as output `output_nr` of the view operation applied to `input`.
void mark_view(TensorImpl& t, TensorImpl& input, const OpClass& cls, const void* op,
               uint32_t output_nr);

// Throws unless the elements of `t` may be replaced by an operation now.
void check_in_place(const char* op, TensorImpl& t);
// Throws if `t` is a view in which a recorded change must not be made.
void check_change_is_seen(const char* op, const TensorImpl& t);
// The history that changing `t` in place by the operation recorded as `node` (taken over) gives to
// `t`, or to the base of which it is a view and thereby to the views beside it.
Node* rebased_history(TensorImpl& t, Node* node);
// Gives it that history (taken over) after the change.
void rebase(TensorImpl& t, Node* history);

// The node that recorded the last change of `t` in place: for a view it stands inside of its
// base's.
Node* changing_node(TensorImpl& t);

// Sees a node run: `gradients` are those of its outputs before, of its inputs after.
class NodeHook {
 public:
  virtual ~NodeHook() = default;
  virtual void before(std::vector<Tensor>& gradients) { (void)gradients; }
  virtual void after(std::vector<Tensor>& input_gradients, const std::vector<Tensor>& gradients) {
    (void)input_gradients, (void)gradients;
  }
  virtual void* object() const { return nullptr; }
};

// Tensors that retain their gradient stand in a list of their node, which holds no references.
void remember_retained(TensorImpl& t);
// Before such a tensor dies or is cut off.
void forget_retained(TensorImpl& t) noexcept;
// When its history changes.
void move_retained(TensorImpl& t, Node* from, Node* to);
// Adds to the gradients of those in the list of `n` that are its output `slot`.
void accumulate_retained(Node& n, uint32_t slot, const Tensor& g);

struct NodeExtras {
  struct SlotHooks {
    uint32_t slot;
    HookList hooks;
  };
  std::vector<SlotHooks> slot_hooks;                       // on the gradient of one output
  std::vector<std::pair<uint32_t, TensorImpl*>> retained;  // tensors that keep their gradient
  std::vector<std::pair<uint64_t, std::shared_ptr<NodeHook>>> hooks;
  std::string created_at;          // anomaly mode: the line that called the operation
  std::shared_ptr<void> metadata;  // an object of a language binding
};

// Takes the hook with this id out of a list; false if it is not there.
template <class Hooks>
bool erase_id(Hooks& hooks, uint64_t id) {
  const auto it = std::find_if(hooks.begin(), hooks.end(), [&](auto& h) { return h.first == id; });
  if (it == hooks.end()) return false;
  const auto last = std::move(it->second);  // its end may run code that comes back here
  hooks.erase(it);
  return true;
}

// The user's half of a custom operation's node; nullptr for every other node.
WENGERT_API CustomBackward* custom_backward(const Node& n);

// For the texts of errors: the user's name of a custom operation, or the operation's.
const char* name_of(const Node& n);
NodeExtras& extras_of(Node& n);  // made where missing
// In anomaly mode the line that called the operation, to end an error's text; else empty.
std::string where_made(const Node& n);
uint64_t next_hook_id();

WENGERT_NAMESPACE_END
