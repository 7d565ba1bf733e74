// What operations and backward passes tell the profiles that are on.
#pragma once

#include "autograd/node.h"
#include "runtime/profiler.h"

WENGERT_NAMESPACE_BEGIN

// The run of a node, or the arrival of a gradient at a leaf, for all profiles of this thread. For
// where kProfiler is set.
class NodeEvent {
 public:
  // `needed`: the edges whose gradients are wanted, a bit for each of the first 64. `gradients`:
  // those of its outputs, or nullptr where they are kept aside.
  NodeEvent(Node& n, uint64_t needed, TensorImpl* const* gradients);
  NodeEvent(TensorImpl& leaf, const TensorImpl& gradient);
  ~NodeEvent();
  NodeEvent(const NodeEvent&) = delete;
  NodeEvent& operator=(const NodeEvent&) = delete;

 private:
  void open(const char* name);

  bool is_operation_ = false;
  uint64_t token_ = 0, node_ = 0;
  int64_t bytes_ = 0, flops_ = 0;
  DType dtype_ = DType::float32;
};

// A custom operation was recorded as `n`.
void note_custom(const Node& n);

WENGERT_NAMESPACE_END
