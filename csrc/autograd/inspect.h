// The backward graph as its users see it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "autograd/meta.h"

WENGERT_NAMESPACE_BEGIN

// The name of an operation's node: "AddmmBackward0" of "addmm".
std::string backward_name(const char* operation);

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
  // Made by `make` when it is first asked for; nothing for a leaf.
  std::shared_ptr<void> metadata(std::shared_ptr<void> (*make)()) const;
  // A tensor with this history and the output's shape, whose elements must not be touched; or the
  // leaf itself. `like` has the shape and dtype of a custom function's output.
  Tensor stand_in(uint32_t output_nr, const Tensor& like) const;
  // Whether the pass that runs on this thread reaches it.
  bool is_reached() const;
  // The values saved for backward: of inputs "self" and "other", of outputs "result"; where there
  // are more, with their numbers. Custom functions' have no names.
  std::vector<std::string> saved_names() const;
  int saved_count() const { return node_ ? node_->n_saved : 0; }
  // With its history; undefined where it was not needed.
  Tensor saved(int k) const;
  void pack(int k, SavedTensorHooks& hooks) const;
  // The gradients of the inputs; saved values are kept.
  std::vector<Tensor> apply(std::vector<Tensor> gradients) const;
  uint64_t add_hook(std::shared_ptr<NodeHook> hook) const;
  bool remove_hook(uint64_t id) const;

 private:
  Node* node_ = nullptr;
  Tensor leaf_;
};

// The output of a custom function that is an input or a view of one: its changes in place would not
// be seen by what it shows.
WENGERT_API void forbid_in_place(const Tensor& t);

// What transforms that are on have attached to a tensor, for operations written by users: its
// tangents with their levels, whether it stands for one example of many, and whether a gradient
// flows to all of them from outside of vmap.
WENGERT_API bool is_transforming();  // forward mode or vmap is on
WENGERT_API std::vector<std::pair<uint64_t, Tensor>> tangents_of(const Tensor& t);
// The same elements with the same history, without the tangent of one level.
WENGERT_API Tensor without_tangent(const Tensor& t, uint64_t level);
WENGERT_API void give_tangent(const Tensor& t, uint64_t level, const Tensor& tangent);
// A tensor that a user has made from nothing: inside of a gradient in vmap, one that the examples
// have in common, so that it can be changed in place by what the gradient is taken of.
WENGERT_API Tensor made_inside(const Tensor& t);
WENGERT_API bool is_one_of_many(const Tensor& t);
// What such a tensor stands for, and whether that is the same for all examples.
WENGERT_API std::pair<Tensor, bool> examples_of(const Tensor& t);
WENGERT_API bool is_in_vmap();
// The innermost vmap in which some of the tensors stand for one of many (0: in none), and the
// tensors as they are below it: the examples along dimension 0 where `batched`.
struct MappedInputs {
  uint64_t level = 0;
  int64_t size = 0;
  Randomness randomness = Randomness::error;
  std::vector<Tensor> values;
  std::vector<bool> batched;
  bool differentiated = false;  // derivatives by them may be taken outside of that vmap
};
WENGERT_API MappedInputs mapped_inputs(TensorList inputs);
// What stands for one of the examples at that level of vmap.
WENGERT_API Tensor one_of_examples(uint64_t level, const Tensor& examples);
WENGERT_API bool examples_require_grad(const Tensor& t);

// Counts a change that was made to the elements of `t` without an operation.
WENGERT_API void mark_changed(const Tensor& t);

WENGERT_NAMESPACE_END
