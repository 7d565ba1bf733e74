// What watches a thread to keep what it does as a program; the tape implements it.
#pragma once

#include "autograd/mode.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

class Vjp;

// Where the rules of nodes may add to gradients that others have left.
class GradientSink {
 public:
  // The gradient gathered for input i of the node, if the rule may add to it; nullptr if not.
  virtual Tensor* begin(Node& n, int i, const Vjp& rule) = 0;
  virtual void end(Node& n, int i) = 0;
  // Whether these are gradients of the leaves that edges lead to.
  virtual bool of_leaves() const { return true; }

 protected:
  ~GradientSink() = default;
};

// One call of a node's rule.
struct NodeCall {
  Node& node;
  const Tensor* gradients;
  Tensor* results;
  bool create_graph, keep_saved;
  uint64_t skip;
  GradientSink* sink;
};

// It stands below all other transforms, and sees operations as they are executed. What happens
// beside operations and changes the state of tensors is told it here.
class Capture : public Transform, public TensorObserver {
 public:
  Capture() : Transform(kCapture) {}
  // Runs the rule as one step of the program; false: it is made of operations.
  virtual bool run_node(const NodeCall& call) = 0;
  // The gradient of a leaf is about to be read, or replaced whatever it is.
  virtual void touch_gradient(TensorImpl& leaf, bool replaced) = 0;
  // The tensor is about to show other memory.
  virtual void replace_data(const TensorImpl& t) = 0;
  // Something happens that no program can repeat.
  virtual void refuse(const char* what) = 0;
};

// That of this thread.
inline Capture* capture() {
  if (!(thread_mode.word & kCapture)) [[likely]]
    return nullptr;
  for (Transform* t = thread_mode.top; t; t = t->below()) {
    if (t->bit() == kCapture) return static_cast<Capture*>(t);
  }
  return nullptr;
}

WENGERT_NAMESPACE_END
