// A node that stands for that of a recorded call while its rule runs.
#pragma once

#include "autograd/vjp.h"
#include "tape/program.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

class RuleNode {
 public:
  // Edges that are needed lead to a leaf that no gradient is delivered to; nodes may share it.
  static Tensor nowhere();
  RuleNode(const OpValue& op, const RuleInfo& info, const Tensor& leaf = nowhere());
  ~RuleNode();
  RuleNode(const RuleNode&) = delete;
  RuleNode& operator=(const RuleNode&) = delete;

  Node& node() { return *node_; }
  // results[i]: the gradient of input i, of its shape and dtype. Values that were saved may be
  // undefined.
  void run(const Tensor* gradients, TensorImpl* const* saved, Tensor* results, GradientSink* sink);

 private:
  Node* node_;
  const RuleInfo& info_;
};

// What a node's rule needs, without its values: `skip` says whose gradients nobody wants.
RuleInfo rule_info(Node& n, uint64_t skip);

}  // namespace tape
WENGERT_NAMESPACE_END
