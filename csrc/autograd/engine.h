// The backward pass.
#pragma once

#include <string>
#include <vector>

#include "autograd/node.h"

WENGERT_NAMESPACE_BEGIN

struct PassOptions {
  bool retain_graph = false;
  bool create_graph = false;
  TensorList given = {};  // the gradients that the caller has given, who holds them during the pass
};

// Where a pass leaves the gradients of chosen tensors; nullptr: leaves accumulate into grad.
struct Captures {
  std::vector<Tensor> inputs;
  std::vector<Tensor> results;
  bool accumulate = false;  // into the grad of the inputs instead of `results`
};

// A pass over the graph behind the roots in reverse order of creation, on the calling thread.
// gradients[i] belongs to roots[i] and is taken.
void run_backward(TensorList roots, Tensor* gradients, const PassOptions& options,
                  Captures* captures);

// Adds a gradient to the grad of a leaf.
void accumulate_grad(TensorImpl& leaf, Tensor gradient, bool create_graph);

// Checks that gradients have the shapes of the node's outputs, which rules trust, and converts them
// to their dtypes. A user's own rule judges for itself. gradients: one for each output.
void conform_gradients(Node& n, const std::string& name, Tensor* gradients);

// The number of the innermost pass that runs on this thread; 0 outside of passes.
WENGERT_API uint64_t current_pass();
// Whether the pass of this number, not 0, runs on this thread.
bool runs_inside_pass(uint64_t id);
// Whether it was given the tensors whose gradients are wanted.
WENGERT_API bool current_pass_has_inputs();
// Whether that pass reaches the node, or else the leaf.
bool current_pass_reaches(const Node* node, const TensorImpl* leaf);

WENGERT_NAMESPACE_END
