// The optimizers that treat each element by itself and take no sparse gradients.
#include "optim/step_all.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

#define WG_ELEMENTWISE(Name, Update)                                                              \
  void Name::update(size_t group) { step_all(active(group), optimizer::Update{options(group)}); } \
  WG_ENTRIES(Name, Update)
WG_ELEMENTWISE(Adam, AdamUpdate)
WG_ELEMENTWISE(RMSprop, RmspropUpdate)
WG_ELEMENTWISE(Adadelta, AdadeltaUpdate)
WG_ELEMENTWISE(Adamax, AdamaxUpdate)
WG_ELEMENTWISE(NAdam, NadamUpdate)
WG_ELEMENTWISE(RAdam, RadamUpdate)
WG_ELEMENTWISE(Rprop, RpropUpdate)
WG_ELEMENTWISE(ASGD, AsgdUpdate)

// ---- AdamW

namespace {
AdamOptions decoupled(const AdamWOptions& o) {
  return {.lr = o.lr,
          .beta1 = o.beta1,
          .beta2 = o.beta2,
          .eps = o.eps,
          .weight_decay = o.weight_decay,
          .amsgrad = o.amsgrad,
          .maximize = o.maximize,
          .decoupled_weight_decay = true};
}
std::vector<GroupOf<AdamOptions>> decoupled(std::vector<GroupOf<AdamWOptions>> groups) {
  std::vector<GroupOf<AdamOptions>> all;
  for (auto& group : groups) all.push_back({std::move(group.params), decoupled(group.options)});
  return all;
}
}  // namespace

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& o)
    : Adam(std::move(params), decoupled(o)) {}
AdamW::AdamW(std::vector<GroupOf<AdamWOptions>> groups) : Adam(decoupled(std::move(groups))) {}
void AdamW::add_param_group(std::vector<Tensor> params, const AdamWOptions& o) {
  Adam::add_param_group(std::move(params), decoupled(o));
}

}  // namespace optim
WENGERT_NAMESPACE_END
