// One cycle of rates.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

// Found by their arguments, not in an unnamed namespace.
static io::Value to_value(const std::vector<OneCycleLR::Phase>& phases) {
  std::vector<io::Value> all;
  for (const auto& p : phases) {
    all.push_back(io::Value::dict({{"end_step", p.end_step},
                                   {"start_lr", p.start_lr},
                                   {"end_lr", p.end_lr},
                                   {"start_momentum", p.start_momentum},
                                   {"end_momentum", p.end_momentum}}));
  }
  return io::Value::list(std::move(all));
}
static void from_value(std::vector<OneCycleLR::Phase>& phases, const io::Value& v) {
  phases.clear();
  for (const io::Value& p : v.items()) {
    phases.push_back({p["end_step"].to_double(), p["start_lr"].text(), p["end_lr"].text(),
                      p["start_momentum"].text(), p["end_momentum"].text()});
  }
  WG_CHECK(!phases.empty(), ValueError, "OneCycleLR: expected at least one phase");
}

// The steps of the cycle; the options are checked.
static int64_t steps_of(const OneCycleLROptions& o) {
  WG_CHECK(o.total_steps != 0 || (o.epochs > 0 && o.steps_per_epoch > 0), ValueError,
           "OneCycleLR: expected either total_steps, or epochs and steps_per_epoch");
  const int64_t total = o.total_steps != 0 ? o.total_steps : o.epochs * o.steps_per_epoch;
  WG_CHECK(total > 0, ValueError, "OneCycleLR: total_steps must be positive, but is ", total);
  WG_CHECK(o.pct_start >= 0 && o.pct_start <= 1, ValueError,
           "OneCycleLR: pct_start must lie in [0, 1], but is ", o.pct_start);
  WG_CHECK(o.anneal_strategy == "cos" || o.anneal_strategy == "linear", ValueError,
           "OneCycleLR: anneal_strategy must be 'cos' or 'linear', but is '", o.anneal_strategy,
           "'");
  return total;
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& o,
                       int64_t last_epoch)
    : LRScheduler(optimizer, Bare{}),
      total_steps_(steps_of(o)),
      anneal_(o.anneal_strategy),
      cycle_momentum_(o.cycle_momentum) {
  const double up = o.pct_start * static_cast<double>(total_steps_);
  const auto last = static_cast<double>(total_steps_ - 1);
  phases_.push_back({up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"});
  if (o.three_phase) {
    phases_.push_back({2 * up - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"});
    phases_.push_back({last, "initial_lr", "min_lr", "max_momentum", "max_momentum"});
  } else {
    phases_.push_back({last, "max_lr", "min_lr", "base_momentum", "max_momentum"});
  }
  const std::vector<double> tops = per_group("max_lr", optimizer, max_lr);
  std::vector<double> highs, lows;
  if (cycle_momentum_) {
    use_beta1_ = finds_beta1(optimizer);
    highs = per_group("max_momentum", optimizer, o.max_momentum);
    lows = per_group("base_momentum", optimizer, o.base_momentum);
  }
  for (size_t g = 0; g < tops.size(); ++g) {
    ParamGroup& group = optimizer.groups()[g];
    if (last_epoch == -1) {
      const double first = tops[g] / o.div_factor;
      group.set("initial_lr", first);
      group.set("max_lr", tops[g]);
      group.set("min_lr", first / o.final_div_factor);
    }
    WG_CHECK(group.has("initial_lr"), ValueError,
             "OneCycleLR: a group has no 'initial_lr'; load the optimizer's state first");
    base_lrs_.push_back(number_of(group.get("initial_lr")));
  }
  if (cycle_momentum_ && last_epoch == -1) begin_momentum(optimizer, use_beta1_, highs, lows);
  last_epoch_ = last_epoch;
  initial_step();
}

double OneCycleLR::between(double start, double end, double part) const {
  if (anneal_ == "cos") {
    return end + (start - end) / 2.0 * (1 + std::cos(std::numbers::pi * part));
  }
  return (end - start) * part + start;
}

std::vector<double> OneCycleLR::rates() {
  WG_CHECK(last_epoch_ <= total_steps_, ValueError, "OneCycleLR: stepped ", last_epoch_,
           " times, but the cycle has ", total_steps_, " steps");
  const auto step = static_cast<double>(last_epoch_);
  double begin = 0;
  size_t k = 0;
  while (k + 1 < phases_.size() && step > phases_[k].end_step) begin = phases_[k++].end_step;
  const Phase& phase = phases_[k];
  const double part = (step - begin) / (phase.end_step - begin);
  std::vector<double> all;
  for (ParamGroup& group : optimizer().groups()) {
    const auto note = [&](const std::string& name) { return number_of(group.get(name)); };
    all.push_back(between(note(phase.start_lr), note(phase.end_lr), part));
    if (cycle_momentum_) {
      set_momentum(group, use_beta1_,
                   between(note(phase.start_momentum), note(phase.end_momentum), part));
    }
  }
  return all;
}

void OneCycleLR::fields(StateFields& f) {
  f("total_steps", total_steps_);
  f("_schedule_phases", phases_);
  f("_anneal_func_type", anneal_);
  f("cycle_momentum", cycle_momentum_);
  if (cycle_momentum_) f("use_beta1", use_beta1_);
  LRScheduler::fields(f);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
