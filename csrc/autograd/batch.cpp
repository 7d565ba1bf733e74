// What rules for vmap can do with the inputs of a call.
#include "autograd/batch.h"

#include "autograd/algebra.h"
#include "autograd/execute.h"
#include "autograd/levels.h"

WENGERT_NAMESPACE_BEGIN

Batch::Batch(const OpCall& call, uint64_t level, int64_t size)
    : call_(call),
      size_(size),
      values_(static_cast<size_t>(call.n_inputs)),
      outputs_(static_cast<size_t>(call.n_outputs)),
      batched_(static_cast<size_t>(call.n_inputs)) {
  for (int i = 0; i < call.n_inputs; ++i) {
    if (!call.inputs[i]) continue;
    const auto k = static_cast<size_t>(i);
    if (const Levels* l = batched_at(*call.inputs[i], level)) {
      values_[k] = l->examples;
      batched_[k] = !l->same;
    } else {
      values_[k] = Tensor::share(call.inputs[i]);
    }
  }
}

bool Batch::only(int i) const {
  for (int k = 0; k < inputs(); ++k) {
    if (k != i && batched(k)) return false;
  }
  return batched(i);
}

Tensor Batch::front(int i) const {
  if (batched(i) || !in(i).defined()) return in(i);
  Shape shape;
  shape.push(size_);
  for (const int64_t d : in(i).shape()) shape.push(d);
  return algebra::expand(in(i), shape);
}

bool Batch::run(const OpClass& cls, const void* op, const std::vector<Tensor>& inputs) {
  std::vector<TensorImpl*> in(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) in[i] = inputs[i].impl();
  OpCall call{cls, op, in.data(), static_cast<int>(in.size()), outputs_.data(), call_.n_outputs};
  wengert::run(call);
  return true;
}

bool Batch::run_with_front(const OpClass& cls, const void* op) {
  std::vector<Tensor> inputs(values_.size());
  for (int i = 0; i < this->inputs(); ++i) {
    if (call_.inputs[i] && ndim(i) == 0) return false;
    inputs[static_cast<size_t>(i)] = front(i);
  }
  return run(cls, op, inputs);
}

bool Batch::run_leading() {
  if (!only(0)) return false;
  return run(call_.cls, call_.op, values_);
}

bool Batch::run_rows() {
  if (!only(0) || ndim(0) == 0 || size_ == 0) return false;
  std::vector<Tensor> inputs = values_;
  Shape merged = shape(0);
  merged.d[0] *= size_;
  inputs[0] = algebra::reshape(in(0), merged);
  run(call_.cls, call_.op, inputs);
  for (Tensor& out : outputs_) {
    if (!out.defined()) continue;
    Shape s;
    s.push(size_);
    s.push(out.shape()[0] / size_);
    for (size_t i = 1; i < out.shape().size(); ++i) s.push(out.shape()[i]);
    out = algebra::reshape(out, s);
  }
  return true;
}

bool Batch::run_elementwise() {
  int64_t most = 0;
  for (int i = 0; i < inputs(); ++i) {
    if (call_.inputs[i]) most = std::max(most, ndim(i));
  }
  std::vector<Tensor> inputs = values_;
  for (int i = 0; i < this->inputs(); ++i) {
    if (!call_.inputs[i] || !batched(i) || ndim(i) == most) continue;
    Shape shape;
    shape.push(size_);
    for (int64_t k = ndim(i); k < most; ++k) shape.push(1);
    for (const int64_t d : this->shape(i)) shape.push(d);
    inputs[static_cast<size_t>(i)] = algebra::reshape(in(i), shape);
  }
  return run(call_.cls, call_.op, inputs);
}

Tensor Batch::nothing(const Meta& one) const {
  Shape shape;
  shape.push(0);
  for (const int64_t d : Dims(one.shape)) shape.push(d);
  Tensor out = algebra::zeros(one.dtype, shape);
  for (int i = 0; i < inputs(); ++i) {
    if (batched(i) && in(i).dtype() == one.dtype && is_differentiable(one.dtype))
      out = algebra::add(out, algebra::sum_to(in(i), {}));
  }
  return out;
}

bool Batch::run_one_by_one() {
  const auto n_outputs = static_cast<size_t>(call_.n_outputs);
  std::vector<std::vector<Tensor>> results(n_outputs);
  for (int64_t k = 0; k < size_; ++k) {
    std::vector<Tensor> one = values_, outputs(n_outputs);
    std::vector<TensorImpl*> in(one.size());
    for (size_t i = 0; i < one.size(); ++i) {
      if (batched_[i]) one[i] = algebra::select(one[i], k);
      in[i] = one[i].impl();
    }
    OpCall call{call_.cls,      call_.op,       in.data(), static_cast<int>(in.size()),
                outputs.data(), call_.n_outputs};
    wengert::run(call);
    for (size_t i = 0; i < n_outputs; ++i) {
      if (outputs[i].defined()) results[i].push_back(std::move(outputs[i]));
    }
  }
  for (size_t i = 0; i < n_outputs; ++i) {
    if (!results[i].empty()) outputs_[i] = algebra::stack(results[i]);
  }
  return true;
}

WENGERT_NAMESPACE_END
