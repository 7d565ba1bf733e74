// Running an operation: infer, allocate, compute, record.
#pragma once

#include <functional>
#include <vector>

#include "autograd/mode.h"
#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN

// Executes a call below all transforms. Outputs that are already defined are written to if they
// have the dtype and shape that infer gives (out=, memory planning).
void execute(OpCall& call);

// The entry of every operation: through the transforms if there are any.
inline void run(OpCall& call) {
  if (thread_mode.word & kSlowModes) [[unlikely]] {
    run_transformed(call);
  } else {
    execute(call);
  }
}

// The inputs of a call in place as they are before it, with copies for those whose memory it
// changes. A transform makes them once for itself and all below.
class InputsBefore {
 public:
  using Copy = std::function<Tensor(const Tensor&)>;  // keeps the history of the value
  InputsBefore(const OpCall& call, const Copy& copy);
  TensorImpl* const* get() const { return inputs_.data(); }

 private:
  std::vector<TensorImpl*> inputs_;
  std::vector<Tensor> copies_;
};

// Records the in-place call around `change`, which replaces the elements of its first input.
void record_in_place(OpCall& call, const std::function<void()>& change);

// The in-place form: replaces the elements of inputs[0] with output 0 of the operation.
void run_in_place(const OpClass& cls, const void* op, TensorImpl* const* inputs, int n_inputs);

WENGERT_NAMESPACE_END
