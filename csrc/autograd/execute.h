// Running an operation: infer, allocate, compute, record.
#pragma once

#include <functional>

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

// Records the in-place call around `change`, which replaces the elements of its first input.
void record_in_place(OpCall& call, const std::function<void()>& change);

// The in-place form: replaces the elements of inputs[0] with output 0 of the operation.
void run_in_place(const OpClass& cls, const void* op, TensorImpl* const* inputs, int n_inputs);

WENGERT_NAMESPACE_END
