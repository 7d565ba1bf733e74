// Rates that go up and down again and again.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

CyclicLR::CyclicLR(Optimizer& optimizer, const PerGroup& base_lr, const PerGroup& max_lr,
                   const CyclicLROptions& o, int64_t last_epoch)
    : LRScheduler(optimizer, Bare{}),
      max_lrs_(per_group("max_lr", optimizer, max_lr)),
      gamma_(o.gamma),
      mode_(o.mode),
      scale_mode_(o.scale_mode),
      scale_fn_(o.scale_fn),
      cycle_momentum_(o.cycle_momentum) {
  const std::vector<double> base_lrs = per_group("base_lr", optimizer, base_lr);
  const bool begins = last_epoch == -1;
  WG_CHECK(mode_ == "triangular" || mode_ == "triangular2" || mode_ == "exp_range" || scale_fn_,
           ValueError, "CyclicLR: mode '", mode_,
           "' is unknown; expected triangular, triangular2 or exp_range");
  const auto up = static_cast<double>(o.step_size_up);
  total_size_ = up + static_cast<double>(o.step_size_down.value_or(o.step_size_up));
  step_ratio_ = up / total_size_;
  if (!scale_fn_) scale_mode_ = mode_ == "exp_range" ? "iterations" : "cycle";
  if (cycle_momentum_) {
    use_beta1_ = finds_beta1(optimizer);
    base_momentums_ = per_group("base_momentum", optimizer, o.base_momentum);
    max_momentums_ = per_group("max_momentum", optimizer, o.max_momentum);
    if (begins) begin_momentum(optimizer, use_beta1_, max_momentums_, base_momentums_);
  }
  for (size_t g = 0; g < base_lrs.size(); ++g) {
    ParamGroup& group = optimizer.groups()[g];
    if (begins) group.set_lr(base_lrs[g]);
    WG_CHECK(begins || group.has("initial_lr"), ValueError,
             "CyclicLR: a group has no 'initial_lr'; load the optimizer's state first");
    if (!group.has("initial_lr")) group.set("initial_lr", group.lr());
  }
  base_lrs_ = base_lrs;
  last_epoch_ = last_epoch;
  initial_step();
}

double CyclicLR::scale(int64_t step) const {
  const auto x = static_cast<double>(step);
  if (scale_fn_) return scale_fn_(x);
  if (mode_ == "triangular2") return 1 / std::pow(2.0, x - 1);
  return mode_ == "exp_range" ? std::pow(gamma_, x) : 1.0;
}

std::vector<double> CyclicLR::rates() {
  const double passed = static_cast<double>(last_epoch_) / total_size_;
  const double cycle = std::floor(1 + passed);
  const double x = 1.0 + passed - cycle;
  const double part = x <= step_ratio_ ? x / step_ratio_ : (x - 1) / (step_ratio_ - 1);
  const double height =
      part * scale(scale_mode_ == "cycle" ? static_cast<int64_t>(cycle) : last_epoch_);
  std::vector<double> all = base_lrs_;
  for (size_t g = 0; g < all.size(); ++g) {
    if (cycle_momentum_) {
      const double high = max_momentums_.at(g), low = base_momentums_.at(g);
      set_momentum(optimizer().groups()[g], use_beta1_, high - (high - low) * height);
    }
    all[g] += (max_lrs_.at(g) - all[g]) * height;
  }
  return all;
}

void CyclicLR::fields(StateFields& f) {
  f("max_lrs", max_lrs_);
  f("total_size", total_size_);
  f("step_ratio", step_ratio_);
  f("mode", mode_);
  f("gamma", gamma_);
  f("scale_mode", scale_mode_);
  f("cycle_momentum", cycle_momentum_);
  if (cycle_momentum_) {
    f("use_beta1", use_beta1_);
    f("base_momentums", base_momentums_);
    f("max_momentums", max_momentums_);
  }
  f.constant("_scale_fn_custom", {});
  LRScheduler::fields(f);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
