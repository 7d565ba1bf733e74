#include "ops/operations.h"
#include "ops/optimizer.h"
#include "ops/optimizer_run.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// An update as an operation.
template <class Update>
struct StepOp : Update {
  int lists() const {
    int present = 2;
    for (const optimizer::State& s : this->states()) present += s.present;
    return present;
  }
  void infer(Infer& m) const {
    WG_CHECK(m.n_inputs % lists() == 0 && m.n_outputs == 0, ValueError, Update::name, ": expected ",
             lists(), " lists of tensors of one length, but got ", m.n_inputs, " tensors");
    optimizer::check_lists(Update::name, m, m.n_inputs / lists(), lists(), Update::kNumbers);
  }
  void compute(Compute& c) const {
    const int n = c.n_inputs / lists(), arrays = lists() - Update::kNumbers;
    optimizer::check_writable(Update::name, c, n, lists());
    auto rule = this->rule();
    optimizer::run(c, n, arrays, Update::kernel,
                   [&](int i) { return rule({c.inputs + arrays * n + i, n}); });
    optimizer::bump_versions(c.inputs, n, lists());
  }
};

}  // namespace

template <class Update>
void optimizer_step(TensorImpl* const* tensors, int n, const Update& update) {
  const StepOp<Update> op{update};
  optimizer::call(op, tensors, n * op.lists());
}

#define WG_STEP(Update) \
  template WENGERT_API void optimizer_step(TensorImpl* const*, int, const optimizer::Update&);
WG_STEP(SgdUpdate)
WG_STEP(AdamUpdate)
WG_STEP(RmspropUpdate)
WG_STEP(AdagradUpdate)
WG_STEP(AdadeltaUpdate)
WG_STEP(AdamaxUpdate)
WG_STEP(NadamUpdate)
WG_STEP(RadamUpdate)
WG_STEP(RpropUpdate)
WG_STEP(AsgdUpdate)
#undef WG_STEP

WG_OPERATIONS(
    optimizer_steps, operation<StepOp<optimizer::AdamUpdate>>(),
    operation<StepOp<optimizer::AsgdUpdate>>(), operation<StepOp<optimizer::NadamUpdate>>(),
    operation<StepOp<optimizer::RadamUpdate>>(), operation<StepOp<optimizer::RpropUpdate>>(),
    operation<StepOp<optimizer::AdamaxUpdate>>(), operation<StepOp<optimizer::AdagradUpdate>>(),
    operation<StepOp<optimizer::RmspropUpdate>>(), operation<StepOp<optimizer::AdadeltaUpdate>>(),
    operation<StepOp<optimizer::SgdUpdate>>())

WENGERT_NAMESPACE_END
