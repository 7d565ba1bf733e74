// One layer of a recurrent network in one direction, over all steps of a batch of sequences.
#pragma once

#include <array>
#include <vector>

#include "autograd/op_class.h"
#include "runtime/half.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

enum class Cell : int64_t { lstm, gru, tanh, relu };

// Sums that a unit takes of the input and of the state.
inline int64_t gates_of(Cell cell) { return cell == Cell::lstm ? 4 : cell == Cell::gru ? 3 : 1; }

// The steps of a batch of sequences, laid out as rows: those of step 0 first. The sequences are in
// order of falling length, so that the rows of a step belong to the first sequences.
struct Steps {
  int64_t count = 1, batch = 0;  // batch: the rows of the first step
  std::vector<int64_t> sizes;    // rows of each step; empty: `batch` in all of them
  bool reverse = false;          // the last step is taken first

  int64_t size(int64_t step) const {
    return step >= count ? 0 : sizes.empty() ? batch : sizes[static_cast<size_t>(step)];
  }
  // The step taken as number k.
  int64_t step(int64_t k) const { return reverse ? count - 1 - k : k; }
  // The row at which each step begins, then the number of rows.
  std::vector<int64_t> offsets() const;
};

struct Inputs {
  enum { x, w_ih, w_hh, b_ih, b_hh, w_hr, h_0, c_0, count };
  Tensor
      t[count];  // biases, projection and first states may be undefined; the states are zero then
};

struct Outputs {
  Tensor states, h_n, c_n;  // c_n: undefined unless the cell is an LSTM
};

// Inputs: x (rows, in), w_ih (gates * hidden, in), w_hh (gates * hidden, out), biases
// (gates * hidden), w_hr (out, hidden), h_0 (batch, out), c_0 (batch, hidden). The input and the
// states have one dtype, weights and biases too: the same, or one of 16 bits beside float32. With
// weights of 16 bits, products take factors of these, and everything else is float32 until it is a
// result.
// Outputs: the states after each step (rows, out), and the last ones of each sequence.
// `states` must not be changed in place while the history is needed.
Outputs run_layer(Cell cell, const Steps& steps, const Inputs& inputs);

// Undefined tensors stay so.
Tensor converted(const Tensor& t, DType dtype);

// The sum of those that are defined.
Tensor add_biases(const Tensor& a, const Tensor& b);

// The same as run_layer, step by step in differentiable operations.
Outputs compose_layer(Cell cell, const Steps& steps, const Inputs& inputs);

}  // namespace recurrent
WENGERT_NAMESPACE_END
