#include "tape/apply.h"

#include "autograd/execute.h"
#include "ops/operations.h"
#include "tape/admit.h"
#include "tape/ignore_fields.h"
#include "tape/rule_node.h"
#include "tensor/check.h"
#include "wengert/dtype.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

namespace {

// Gradients that a rule adds to, by the inputs they are of.
class Given final : public GradientSink {
 public:
  Given(const RuleInfo& info, const Tensor* first) : info_(info), first_(first) {}
  Tensor* begin(Node&, int i, const Vjp&) override {
    if (info_.edges[static_cast<size_t>(i)].into < 0) return nullptr;
    int at = 0;
    for (int k = 0; k < i; ++k) at += info_.edges[static_cast<size_t>(k)].into >= 0;
    into_ = first_[at];
    return &into_;
  }
  void end(Node&, int) override { into_ = Tensor(); }
  bool of_leaves() const override { return false; }

 private:
  const RuleInfo& info_;
  const Tensor* first_;
  Tensor into_;
};

bool like(const Tensor& t, const Value& v) {
  const TensorImpl& x = *t.impl();
  return x.dtype == v.dtype && x.sizes() == Dims(v.shape) &&
         Dims(x.strides(), x.ndim) == Dims(v.strides);
}

// A step was made for tensors like the values that it reads: whoever has called its operation, or
// the loader of a file, has looked at these. For others the same is asked anew.
void look_at(const Program& program, const Step& step, const std::vector<Tensor>& inputs) {
  const std::vector<int> changed =
      step.kind == StepKind::rule ? step.changed() : std::vector<int>();
  bool same = true;
  for (size_t k = 0; k < inputs.size(); ++k) {
    const int v = k < step.inputs.size() ? step.inputs[k] : changed[k - step.inputs.size()];
    if (v < 0 || like(inputs[k], program.values[static_cast<size_t>(v)])) continue;
    const Value& value = program.values[static_cast<size_t>(v)];
    WG_CHECK(step.kind == StepKind::op || step.kind == StepKind::view ||
                 (step.kind == StepKind::change && !step.outputs.empty()),
             ValueError,
             "tape: the step takes tensors like those that it was recorded with, dtype ",
             value.dtype, ", shape ", Dims(value.shape), " and strides ", Dims(value.strides),
             " as input ", k, ", but got ", inputs[k].dtype(), " and ", inputs[k].shape());
    same = false;
  }
  if (same) return;
  std::vector<TensorImpl*> in;
  for (const Tensor& t : inputs) in.push_back(t.impl());
  std::vector<Meta> metas(step.outputs.size());
  Infer infer{in.data(), static_cast<int>(in.size()), metas.data(), static_cast<int>(metas.size())};
  const char* key = key_of(step.op.cls());
  WG_CHECK(key, ValueError, "tape: ", step.op.cls().name,
           " takes tensors like those that it was recorded with only");
  admit(key, step.op, infer);
  if (step.kind != StepKind::change) return;
  step.op.cls().infer(step.op.get(), infer);
  WG_CHECK(Dims(metas[0].shape) == inputs[0].shape() &&
               kind_of(metas[0].dtype) <= kind_of(inputs[0].dtype()),
           ValueError, "tape: the result of ", step.op.cls().name,
           " does not fit into what is changed, of shape ", inputs[0].shape());
}

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
  for (size_t k = step.inputs.size(); k < inputs.size(); ++k)
    WG_CHECK(inputs[k].defined(), ValueError, "tape: input ", k, " is missing");
  look_at(program, step, inputs);
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

namespace {

void set_attributes(OpValue& op, const std::map<std::string, int64_t>& attributes) {
  struct Set final : IgnoreFields {
    using IgnoreFields::visit;
    explicit Set(const std::map<std::string, int64_t>& a) : all(a) {}
    const std::map<std::string, int64_t>& all;
    size_t found = 0;
    void visit(const std::string& name, int64_t& v) override {
      const auto it = all.find(name);
      if (it == all.end()) return;
      v = it->second;
      ++found;
    }
  } set(attributes);
  if (op.cls().fields) op.cls().fields(op.get(), set);
  WG_CHECK(set.found == attributes.size(), ValueError, "tape: ", op.cls().name,
           " has no such integers as attributes");
}

void fits(const Tensor& t, const Meta& m, const char* what) {
  WG_CHECK(!t.defined() || (t.dtype() == m.dtype && t.shape() == Dims(m.shape)), ValueError,
           "tape: expected dtype ", m.dtype, " and shape ", Dims(m.shape), " for ", what,
           ", but got ", t.dtype(), " and ", t.shape());
}

}  // namespace

std::vector<Tensor> apply_variant(const Step& step, const std::vector<Tensor>& inputs,
                                  const std::map<std::string, int64_t>& attributes) {
  const bool rule = step.kind == StepKind::rule;
  WG_CHECK(inputs.size() == step.inputs.size() && (rule || step.kind == StepKind::op) &&
               step.draw.generator < 0,
           ValueError, "tape: expected the ", step.inputs.size(),
           " inputs of an operation that draws no numbers, or of its rule, but got ",
           inputs.size());
  OpValue op = step.op;
  set_attributes(op, attributes);
  const OpClass& cls = op.cls();
  const char* key = key_of(cls);
  WG_CHECK(key, ValueError, "tape: ", cls.name, " takes no other attributes");
  std::vector<TensorImpl*> in;
  for (const Tensor& t : inputs) in.push_back(t.impl());
  if (!rule) {
    std::vector<Tensor> out(step.outputs.size());
    std::vector<Meta> metas(out.size());
    const int n = static_cast<int>(in.size());
    Infer infer{in.data(), n, metas.data(), static_cast<int>(metas.size())};
    admit(key, op, infer);
    OpCall call{cls, op.get(), in.data(), n, out.data(), static_cast<int>(out.size())};
    run(call);
    return out;
  }
  RuleInfo info = *step.rule;
  const Tensor* saved = inputs.data() + info.gradients;
  std::vector<TensorImpl*> of(info.edges.size(), nullptr);
  for (size_t k = 0; k < info.saved.size(); ++k) {
    if (!cls.saves[k].output) of[cls.saves[k].index] = saved[k].impl();
  }
  for (size_t i = 0; i < of.size(); ++i) {
    RuleInfo::Edge& e = info.edges[i];
    e.into = -1;
    WG_CHECK(e.present == (of[i] != nullptr), ValueError, "tape: input ", i, " of ", cls.name,
             " was not saved, or another set of inputs is given");
    if (!of[i]) continue;
    e.dtype = of[i]->dtype;
    e.shape = Shape(of[i]->sizes());
  }
  std::vector<Meta> metas(static_cast<size_t>(info.gradients));
  Infer infer{of.data(), static_cast<int>(of.size()), metas.data(), info.gradients};
  admit(key, op, infer);
  cls.infer(op.get(), infer);
  for (size_t k = 0; k < metas.size(); ++k) fits(inputs[k], metas[k], "a gradient");
  for (size_t k = 0; k < info.saved.size(); ++k) {
    WG_CHECK(saved[k].defined() == (step.inputs[static_cast<size_t>(info.gradients) + k] >= 0),
             ValueError, "tape: saved value ", k, " is missing, or there is none");
    if (cls.saves[k].output) fits(saved[k], metas[cls.saves[k].index], "a saved result");
  }
  std::vector<Tensor> out(step.outputs.size());
  RuleNode node(op, info);
  Given sink(info, nullptr);
  node.run(inputs.data(), in.data() + info.gradients, out.data(), &sink);
  return out;
}

}  // namespace tape
WENGERT_NAMESPACE_END
