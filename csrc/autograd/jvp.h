// What an operation's rule for forward mode sees.
#pragma once

#include <vector>

#include "autograd/op_class.h"

WENGERT_NAMESPACE_BEGIN

// The context of one Jacobian-vector product, after the operation has run. Rules compute in
// differentiable tensor algebra; tangents are brought to the outputs' shapes and dtypes.
class Jvp {
 public:
  Jvp(const OpCall& call, uint64_t level);

  int inputs() const { return call_.n_inputs; }
  int outputs() const { return call_.n_outputs; }
  const Tensor& in(int i) const { return reinterpret_cast<const Tensor&>(call_.inputs[i]); }
  const Tensor& out(int k = 0) const { return call_.outputs[k]; }
  // Whether input i has a tangent.
  bool has(int i) const { return tangents_[static_cast<size_t>(i)].defined(); }
  // Undefined where there is none.
  const Tensor& tangent(int i) const { return tangents_[static_cast<size_t>(i)]; }
  Tensor tangent_or_zeros(int i) const;
  // Adds to the tangent of output k.
  void add(int k, const Tensor& t);
  void set(int k, Tensor t) { results_[static_cast<size_t>(k)] = std::move(t); }

 private:
  friend class ForwardLevel;
  const OpCall& call_;
  std::vector<Tensor> tangents_, results_;
};

WENGERT_NAMESPACE_END
