// The backward graph as its users see it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/meta.h"

WENGERT_NAMESPACE_BEGIN

// A node, or the sink in which a leaf's gradient is gathered (which is no node of its own).
class WENGERT_API NodeRef {
 public:
  NodeRef() = default;
  NodeRef(const NodeRef& o);
  NodeRef& operator=(const NodeRef&) = delete;
  ~NodeRef();
  // What made `t`; undefined for a tensor without history that is no leaf.
  static NodeRef of(const Tensor& t);

  bool defined() const { return node_ || leaf_.defined(); }
  uintptr_t id() const;
  std::string name() const;
  uint64_t number() const;
  Tensor leaf() const { return leaf_; }
  std::vector<std::pair<NodeRef, uint32_t>> edges() const;
  std::vector<std::pair<std::string, std::string>> attributes() const;
  std::string created_at() const;
  void* custom_object() const;
  // The gradients of the inputs; saved values are kept.
  std::vector<Tensor> apply(std::vector<Tensor> gradients) const;
  uint64_t add_hook(std::shared_ptr<NodeHook> hook) const;
  bool remove_hook(uint64_t id) const;

 private:
  Node* node_ = nullptr;
  Tensor leaf_;
};

// Counts a change that was made to the elements of `t` without an operation.
WENGERT_API void mark_changed(const Tensor& t);

WENGERT_NAMESPACE_END
