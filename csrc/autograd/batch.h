// What an operation's rule for vmap sees.
#pragma once

#include <vector>

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN

// One call of an operation for all examples at once. Inputs that are batched have the examples'
// dimension in front; so must the outputs.
class Batch {
 public:
  Batch(const OpCall& call, uint64_t level, int64_t size);

  int64_t size() const { return size_; }
  int inputs() const { return call_.n_inputs; }
  bool batched(int i) const { return batched_[static_cast<size_t>(i)]; }
  bool only(int i) const;  // no other input is batched
  const Tensor& in(int i) const { return values_[static_cast<size_t>(i)]; }
  // Input i with the examples' dimension, repeated where it is the same for all.
  Tensor front(int i) const;
  // Its shape for one example.
  Dims shape(int i) const { return call_.inputs[i]->sizes(); }
  int64_t ndim(int i) const { return call_.inputs[i]->ndim; }
  void set(int k, Tensor t) { outputs_[static_cast<size_t>(k)] = std::move(t); }
  Tensor& out(int k) { return outputs_[static_cast<size_t>(k)]; }

  // Runs an operation on all inputs, each with the examples' dimension in front. False, with
  // nothing done, where one example of an input has no dimensions.
  bool run_with_front(const OpClass& cls, const void* op);
  // Input 0 has the examples' dimension, the others are as they are. False if others are batched.
  bool run_leading();
  // The same where dimension 0 of input 0 and of the outputs are rows of their own kind.
  bool run_rows();
  // The inputs broadcast against each other.
  bool run_elementwise();
  bool run_one_by_one();
  // The output for no examples, with the history of the inputs.
  Tensor nothing(const Meta& one) const;

 private:
  bool run(const OpClass& cls, const void* op, const std::vector<Tensor>& inputs);
  const OpCall& call_;
  int64_t size_;
  std::vector<Tensor> values_, outputs_;
  std::vector<bool> batched_;
};

WENGERT_NAMESPACE_END
