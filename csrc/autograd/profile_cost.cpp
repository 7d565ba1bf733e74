#include "autograd/profile_cost.h"

#include <vector>

#include "wengert/error.h"

WENGERT_NAMESPACE_BEGIN

int64_t bytes_of(const TensorImpl& t) {
  int64_t n = 1;
  for (int i = 0; i < t.ndim; ++i) {
    if (t.strides()[i] != 0 || t.shape()[i] == 0) n *= t.shape()[i];
  }
  return n * static_cast<int64_t>(item_size(t.dtype));
}

int64_t bytes_of(const OpCall& call) {
  if (call.cls.view) return 0;
  int64_t n = 0;
  for (int i = 0; i < call.n_inputs; ++i) {
    if (call.inputs[i]) n += bytes_of(*call.inputs[i]);
  }
  for (int i = 0; i < call.n_outputs; ++i) {
    if (call.outputs[i].defined()) n += bytes_of(*call.outputs[i].impl());
  }
  return n;
}

int64_t flops_of(const OpCall& call) {
  std::vector<Dims> inputs, outputs;
  for (int i = 0; i < call.n_inputs; ++i) {
    inputs.push_back(call.inputs[i] ? call.inputs[i]->sizes() : Dims());
  }
  for (int i = 0; i < call.n_outputs; ++i) {
    outputs.push_back(call.outputs[i].defined() ? call.outputs[i].shape() : Dims());
  }
  return call.cls.flops({inputs.data(), outputs.data()});
}

int64_t flops_of(Node& n, uint64_t needed, TensorImpl* const* gradients) {
  std::vector<Shape> shapes;
  int products = 0;
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    const bool absent = n.edges()[i].ndim == Edge::kAbsent;
    shapes.push_back(absent ? Shape() : n.edges()[i].shape());
    if (i < 64 && needed >> i & 1 && shapes.back().ndim >= 2 && products < 2) ++products;
  }
  const std::vector<Dims> inputs(shapes.begin(), shapes.end());
  std::vector<Dims> outputs;
  for (uint32_t i = 0; i < n.n_outputs; ++i) {
    outputs.push_back(gradients[i] ? gradients[i]->sizes() : Dims());
  }
  return products * n.cls->flops({inputs.data(), outputs.data()});
}

namespace {

// None where they are released, which the node's run will complain of.
int64_t bytes_of_saved(Node& n) {
  int64_t bytes = 0;
  try {
    const SavedUse use(n, true);  // another pass may be about to release them
    for (int k = 0; k < n.n_saved; ++k) {
      const Saved& s = n.saved()[k];
      if (s.tensor && !s.is_packed) bytes += bytes_of(*s.tensor);
    }
  } catch (const Error&) {
  }
  return bytes;
}

}  // namespace

int64_t bytes_of(Node& n, uint64_t needed, TensorImpl* const* gradients) {
  int64_t bytes = 0;
  for (uint32_t i = 0; i < n.n_outputs && gradients; ++i) {
    if (gradients[i]) bytes += bytes_of(*gradients[i]);
  }
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    const Edge& e = n.edges()[i];
    if (i >= 64 || !(needed >> i & 1)) continue;
    const Shape shape = e.shape();
    bytes += Sizes::count(shape) * static_cast<int64_t>(item_size(e.dtype));
  }
  return n.cls->view ? 0 : bytes + bytes_of_saved(n);
}

WENGERT_NAMESPACE_END
