#include "tape/rule_node.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

RuleInfo rule_info(Node& n, uint64_t skip) {
  RuleInfo info;
  info.gradients = static_cast<int>(n.n_outputs);
  for (int k = 0; k < n.n_saved; ++k) {
    const Saved& s = n.saved()[k];
    info.saved.push_back({s.is_output, s.output_nr});
  }
  for (uint32_t i = 0; i < n.n_edges; ++i) {
    const wengert::Edge& from = n.edges()[i];
    RuleInfo::Edge e;
    e.present = from.ndim != wengert::Edge::kAbsent;
    e.needed = from.target && (i >= 64 || !(skip >> i & 1));
    e.dtype = from.dtype;
    e.shape = from.shape();
    info.edges.push_back(e);
  }
  return info;
}

Tensor RuleNode::nowhere() { return new_tensor(DType::float32, Dims{}).requires_grad_(); }

RuleNode::RuleNode(const OpValue& op, const RuleInfo& info, const Tensor& leaf)
    : node_(new_node(op.cls(), op.get(), std::vector<TensorImpl*>(info.edges.size()).data(),
                     static_cast<int>(info.edges.size()), info.gradients,
                     static_cast<int>(info.saved.size()))),
      info_(info) {
  for (size_t i = 0; i < info.edges.size(); ++i) {
    const RuleInfo::Edge& from = info.edges[i];
    wengert::Edge& e = node_->edges()[i];
    if (from.present) {
      TensorImpl* t = new_impl(from.dtype, from.shape.ndim);
      std::copy_n(from.shape.d, from.shape.ndim, t->shape());
      e.set_shape(*t);
      free_impl(t);
    }
    if (!from.needed) continue;
    detail::retain(leaf.impl());
    e.target = reinterpret_cast<uintptr_t>(leaf.impl()) | 1;
  }
  for (size_t k = 0; k < info.saved.size(); ++k) {
    node_->saved()[k].is_output = info.saved[k].is_output;
    node_->saved()[k].output_nr = info.saved[k].output_nr;
  }
}

RuleNode::~RuleNode() { release_node(node_); }

void RuleNode::run(const Tensor* gradients, TensorImpl* const* saved, Tensor* results,
                   GradientSink* sink) {
  struct Lend {
    Lend(Node& n, TensorImpl* const* values) : node(n) {
      for (int k = 0; k < n.n_saved; ++k) {
        n.saved()[k].tensor = values[k];
        if (values[k]) n.saved()[k].version = values[k]->version();
      }
    }
    ~Lend() {
      for (int k = 0; k < node.n_saved; ++k) node.saved()[k].tensor = nullptr;
    }
    Node& node;
  } lend(*node_, saved);
  run_node(*node_, gradients, results, false, true, 0, sink);
}

}  // namespace tape
WENGERT_NAMESPACE_END
