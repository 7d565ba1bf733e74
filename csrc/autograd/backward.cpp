// The public ways to start a backward pass.
#include "autograd/algebra.h"
#include "autograd/engine.h"
#include "autograd/meta.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The gradient of one output: the given one, checked, or a one.
Tensor seed(const char* op, const Tensor& r, const Tensor& given, size_t i, bool create_graph) {
  WG_CHECK(r.defined(), Error, op, ": output ", i, " is undefined");
  WG_CHECK(r.requires_grad(), Error, op, ": output ", i,
           " does not require grad and has no history; does it depend on a tensor with "
           "requires_grad=True, and was recording on?");
  if (!given.defined()) {
    WG_CHECK(r.numel() == 1, Error, op,
             ": a gradient can be left out only for an output with "
             "one element, but output ",
             i, " has shape ", r.shape(),
             "; give a gradient of that shape, or reduce with sum() or mean()");
    WG_CHECK(!is_complex(r.dtype()), Error, op, ": the gradient of a complex output must be given");
    return algebra::ones_like(*r.impl());
  }
  WG_CHECK(given.shape() == r.shape(), Error, op, ": the gradient of output ", i, " has shape ",
           given.shape(), ", but the output has shape ", r.shape());
  WG_CHECK(is_complex(r.dtype()) || !is_complex(given.dtype()), Error, op,
           ": the gradient of output ", i, " must be real as the output is, but has ",
           given.dtype());
  Tensor g = given.dtype() == r.dtype() ? given : algebra::cast(given, r.dtype());
  return !create_graph && g.requires_grad() ? g.detach() : g;
}

std::vector<Tensor> seeds(const char* op, TensorList roots, TensorList gradients,
                          bool create_graph) {
  WG_CHECK(gradients.empty() || gradients.size() == roots.size(), Error, op, ": got ", roots.size(),
           " outputs but ", gradients.size(), " gradients; give one for each");
  WG_CHECK(!roots.empty(), Error, op, ": expected at least one tensor to differentiate");
  std::vector<Tensor> seeds(roots.size());
  for (size_t i = 0; i < roots.size(); ++i) {
    seeds[i] = seed(op, roots[i], i < gradients.size() ? gradients[i] : Tensor(), i, create_graph);
  }
  return seeds;
}

std::vector<Tensor> to_vector(TensorList list) { return {list.begin(), list.end()}; }

void check_inputs(const char* op, TensorList inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    WG_CHECK(inputs[i].requires_grad(), Error, op, ": input ", i,
             " does not require grad; call requires_grad_() before it is used");
  }
}

}  // namespace

void backward(TensorList roots, TensorList gradients, bool retain_graph, bool create_graph,
              TensorList inputs) {
  std::vector<Tensor> g = seeds("backward", roots, gradients, create_graph);
  const PassOptions options{retain_graph, create_graph, gradients};
  if (inputs.empty()) {
    run_backward(roots, g.data(), options, nullptr);
    return;
  }
  check_inputs("backward", inputs);
  Captures captures{to_vector(inputs), std::vector<Tensor>(inputs.size()), true};
  run_backward(roots, g.data(), options, &captures);
}

std::vector<Tensor> grad(TensorList outputs, TensorList inputs, TensorList grad_outputs,
                         bool retain_graph, bool create_graph, bool allow_unused) {
  WG_CHECK(!inputs.empty(), Error, "grad: expected at least one input");
  std::vector<Tensor> g = seeds("grad", outputs, grad_outputs, create_graph);
  check_inputs("grad", inputs);
  const PassOptions options{retain_graph, create_graph};
  Captures captures{to_vector(inputs), std::vector<Tensor>(inputs.size()), false};
  run_backward(outputs, g.data(), options, &captures);
  for (size_t i = 0; i < inputs.size(); ++i) {
    WG_CHECK(captures.results[i].defined() || allow_unused, Error, "grad: input ", i,
             " was not used to compute the outputs; give allow_unused=True if that is intended");
  }
  return std::move(captures.results);
}

void Tensor::backward(const Tensor& gradient, bool retain_graph, bool create_graph) const {
  Tensor g = seed("backward", *this, gradient, 0, create_graph);
  const TensorList given = gradient.defined() ? TensorList{&gradient, 1} : TensorList{};
  run_backward({this, 1}, &g, {retain_graph, create_graph, given}, nullptr);
}

WENGERT_NAMESPACE_END
