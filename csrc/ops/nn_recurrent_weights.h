// The gradients of a recurrent layer's weights and biases.
#pragma once

#include "autograd/vjp.h"
#include "ops/nn_recurrent_walk.h"

WENGERT_NAMESPACE_BEGIN
namespace recurrent {

// What they are made of: arrays of all rows, and the states before the first step.
struct Rows {
  const Tensor &x, &h, &h_0;
  // Gradients of the sums as the input and as the states before have a part in them: one array,
  // but for a GRU.
  const Tensor &g_sums, &g_own;
  // Those of projected states, and the states before projection; undefined without.
  const Tensor &g_projected, &inner;
};
void set_weights(Vjp& v, const Steps& steps, const Walk& walk, const Rows& rows);

}  // namespace recurrent
WENGERT_NAMESPACE_END
