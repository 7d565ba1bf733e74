#include "tape/apply.h"

#include "autograd/execute.h"
#include "tape/rule_node.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Gradients that a rule adds to, by the inputs they are of.
class Given final : public GradientSink {
 public:
  Given(const RuleInfo& info, const Tensor* first) : info_(info), first_(first) {}
  Tensor* begin(Node&, int i) override {
    if (info_.edges[static_cast<size_t>(i)].into < 0) return nullptr;
    int at = 0;
    for (int k = 0; k < i; ++k) at += info_.edges[static_cast<size_t>(k)].into >= 0;
    into_ = first_[at];
    return &into_;
  }
  void end(Node&, int) override { into_ = Tensor(); }

 private:
  const RuleInfo& info_;
  const Tensor* first_;
  Tensor into_;
};

}  // namespace

std::vector<Tensor> apply_step(const Program& program, const Step& step,
                               const std::vector<Tensor>& inputs) {
  const std::vector<int> changed =
      step.kind == StepKind::rule ? step.changed() : std::vector<int>();
  WG_CHECK(inputs.size() == step.inputs.size() + changed.size(), ValueError,
           "tape: the step takes ", step.inputs.size() + changed.size(), " tensors, but got ",
           inputs.size());
  std::vector<TensorImpl*> in;
  for (size_t k = 0; k < step.inputs.size(); ++k) {
    WG_CHECK(inputs[k].defined() == (step.inputs[k] >= 0), ValueError, "tape: input ", k,
             step.inputs[k] >= 0 ? " is missing" : " was left out, but a tensor was given");
    in.push_back(inputs[k].impl());
  }
  const int n = static_cast<int>(in.size());
  OpValue op = step.op;
  if (step.draw.generator >= 0) {
    WG_CHECK(step.draw.blocks > 0 && step.kind != StepKind::rule, NotImplementedError,
             "tape: how much a step draws is known only of programs that were recorded here, and "
             "the rules of such operations need what these have drawn");
    Generator g = program.generators[static_cast<size_t>(step.draw.generator)].generator;
    const Generator::State state = g.advance(step.draw.blocks);
    const RandomFields fields = random_fields(op.cls(), op.get());
    *fields.seed = state.seed;
    *fields.offset = state.offset;
  }
  std::vector<Tensor> out(step.outputs.size());
  switch (step.kind) {
    case StepKind::op:
    case StepKind::view: {
      OpCall call{op.cls(), op.get(), in.data(), n, out.data(), static_cast<int>(out.size())};
      run(call);
      break;
    }
    case StepKind::change:
      if (out.empty()) {
        OpCall call{op.cls(), op.get(), in.data(), n, nullptr, 0};
        run(call);
      } else {
        run_in_place(op.cls(), op.get(), in.data(), n);
        out[0] = inputs[0];
      }
      break;
    case StepKind::rule: {
      RuleNode node(op, *step.rule);
      Given sink(*step.rule, inputs.data() + n);
      node.run(inputs.data(), in.data() + step.rule->gradients, out.data(), &sink);
      break;
    }
    case StepKind::check:
      break;
  }
  return out;
}

}  // namespace tape
WENGERT_NAMESPACE_END
