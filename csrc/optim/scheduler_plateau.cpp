// Rates that fall when a metric does not.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& o)
    : LRScheduler(optimizer, Bare{}),
      options_(o),
      min_lrs_(per_group("min_lr", optimizer, o.min_lr)) {
  WG_CHECK(o.factor < 1, ValueError, "ReduceLROnPlateau: factor must be less than 1, but is ",
           o.factor);
  WG_CHECK(o.mode == "min" || o.mode == "max", ValueError, "ReduceLROnPlateau: mode '", o.mode,
           "' is unknown; expected min or max");
  WG_CHECK(o.threshold_mode == "rel" || o.threshold_mode == "abs", ValueError,
           "ReduceLROnPlateau: threshold_mode '", o.threshold_mode,
           "' is unknown; expected rel or abs");
  if (!o.min_lr.is_list) default_min_lr_ = o.min_lr.values[0];
  last_epoch_ = 0;
  last_lr_ = present();
  best_ = mode_worse_ = o.mode == "min" ? INFINITY : -INFINITY;
}

bool ReduceLROnPlateau::is_better(double value) const {
  const double sign = options_.mode == "min" ? -1 : 1;
  const double limit = options_.threshold_mode == "rel" ? best_ * (1 + sign * options_.threshold)
                                                        : best_ + sign * options_.threshold;
  return options_.mode == "min" ? value < limit : value > limit;
}

void ReduceLROnPlateau::step(double metric) {
  ++last_epoch_;
  if (is_better(metric)) {
    best_ = metric;
    num_bad_epochs_ = 0;
  } else {
    ++num_bad_epochs_;
  }
  if (in_cooldown()) {
    --cooldown_counter_;
    num_bad_epochs_ = 0;
  }
  if (num_bad_epochs_ > options_.patience) {
    auto& groups = optimizer().groups();
    if (groups.size() != min_lrs_.size()) {
      WG_CHECK(default_min_lr_, Error, "ReduceLROnPlateau: expected ", min_lrs_.size(),
               " groups in the optimizer, as when it was made, but there are ", groups.size());
      min_lrs_.assign(groups.size(), *default_min_lr_);
    }
    for (size_t g = 0; g < groups.size(); ++g) {
      const double old = groups[g].lr(), fresh = larger(old * options_.factor, min_lrs_[g]);
      if (old - fresh > options_.eps) groups[g].set_lr(fresh);
    }
    cooldown_counter_ = options_.cooldown;
    num_bad_epochs_ = 0;
  }
  last_lr_ = present();
}

void ReduceLROnPlateau::fields(StateFields& f) {
  f("factor", options_.factor);
  f("default_min_lr", default_min_lr_);
  f("min_lrs", min_lrs_);
  f("patience", options_.patience);
  f("cooldown", options_.cooldown);
  f("eps", options_.eps);
  f("last_epoch", last_epoch_);
  f("_last_lr", last_lr_);
  f("mode_worse", mode_worse_);
  f("mode", options_.mode);
  f("threshold", options_.threshold);
  f("threshold_mode", options_.threshold_mode);
  f("best", best_);
  f("cooldown_counter", cooldown_counter_);
  f("num_bad_epochs", num_bad_epochs_);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
