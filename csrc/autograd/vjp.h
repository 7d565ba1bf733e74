// What an operation's gradient rule sees.
#pragma once

#include <vector>

#include "autograd/capture.h"
#include "autograd/mode.h"
#include "autograd/node.h"

WENGERT_NAMESPACE_BEGIN

// The context of one vector-Jacobian product. Rules compute in differentiable tensor algebra; the
// engine reduces what they set to the input's shape and dtype.
class Vjp {
 public:
  Vjp(Node& node, const Tensor* gradients, Tensor* results, bool create_graph, bool keep_saved,
      uint64_t skip = 0, GradientSink* sink = nullptr)
      : node_(node),
        gradients_(gradients),
        results_(results),
        skip_(skip),
        sink_(sink),
        create_graph_(create_graph),
        keep_saved_(keep_saved) {}

  int inputs() const { return static_cast<int>(node_.n_edges); }
  int outputs() const { return node_.n_outputs; }
  // Whether the gradient of input i is wanted.
  bool needs(int i) const { return node_.edges()[i].target != 0 && (i >= 64 || !(skip_ >> i & 1)); }
  // The gradient of an output; undefined if none arrived. For an operation with one output it is
  // always defined.
  const Tensor& grad(int output = 0) const { return gradients_[output]; }
  // The k-th value of the operation's list of saves. Throws if it was changed in place since.
  const Tensor& saved(int k);
  bool has_saved(int k) const { return node_.saved()[k].tensor != nullptr; }
  int saved_count() const { return node_.n_saved; }
  Shape shape(int i) const { return node_.edges()[i].shape(); }
  int64_t ndim(int i) const { return node_.edges()[i].ndim; }
  DType dtype(int i) const { return node_.edges()[i].dtype; }
  void set(int i, Tensor g) { results_[i] = std::move(g); }
  // The results will be differentiated, or a transform must see how they come about: a fused
  // first-order rule must not be used.
  bool create_graph() const { return create_graph_ || transforming(); }
  bool keep_saved() const { return keep_saved_; }
  // Lets the rule add to the gradient already gathered for input i (GEMM with beta = 1, a row, a
  // slice): calls add(gradient), which is row-major and of the input's shape and dtype, and returns
  // true. Returns false, with nothing done, where that is not possible; the rule then uses set().
  template <class F>
  bool accumulate(int i, F&& add) {
    // Other modes must see the addition as an operation.
    if (!sink_ || create_graph_ || !needs(i) || thread_mode.word & kTransformModes) return false;
    unpack_all();
    Tensor* t = sink_->begin(node_, i, *this);
    if (!t) return false;
    struct End {
      Vjp& v;
      int i;
      ~End() { v.sink_->end(v.node_, i); }
    } end{*this, i};
    add(*t);
    return true;
  }

  // Whether the rule reads memory of this tensor.
  bool reads(const TensorImpl& t) const;

 private:
  // Users' unpack hooks must not run while a gradient is locked.
  void unpack_all();

  Node& node_;
  const Tensor* gradients_;
  Tensor* results_;
  uint64_t skip_;  // inputs whose gradients nobody asked for
  GradientSink* sink_;
  bool create_graph_;
  bool keep_saved_;
  std::vector<Tensor> relinked_;  // saved outputs with their history, for create_graph
};

// Applies one node's rule; results[i] are brought to the inputs' shapes and dtypes.
void run_node(Node& n, const Tensor* gradients, Tensor* results, bool create_graph, bool keep_saved,
              uint64_t skip = 0, GradientSink* sink = nullptr);

WENGERT_NAMESPACE_END
