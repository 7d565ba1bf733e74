#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

LRScheduler::LRScheduler(Optimizer& optimizer, int64_t last_epoch)
    : last_epoch_(last_epoch), optimizer_(&optimizer) {
  for (ParamGroup& group : optimizer.groups()) {
    if (!group.has("initial_lr")) {
      WG_CHECK(
          last_epoch == -1, ValueError,
          "scheduler: a group has no 'initial_lr', which taking up at an epoch needs; load the "
          "optimizer's state first");
      group.set("initial_lr", group.lr());
    }
    base_lrs_.push_back(number_of(group.get("initial_lr")));
  }
}

LRScheduler::LRScheduler(Optimizer& optimizer, Bare) : optimizer_(&optimizer) {}
LRScheduler::~LRScheduler() = default;

void LRScheduler::initial_step() {
  step_count_ = 0;
  is_initial_ = true;
  step();
  is_initial_ = false;
}

void LRScheduler::step() {
  ++step_count_;
  ++last_epoch_;
  apply(rates());
}

void LRScheduler::go_to(int64_t epoch) {
  last_epoch_ = epoch;
  const std::vector<double> closed = closed_form();
  apply(closed.empty() ? rates() : closed);
}

std::vector<double> LRScheduler::rates() {
  fail<NotImplementedError>("scheduler: this scheduler cannot be moved to an epoch");
}

std::vector<double> LRScheduler::present() const {
  std::vector<double> all;
  for (const ParamGroup& group : optimizer_->groups()) all.push_back(group.lr());
  return all;
}
std::vector<double> LRScheduler::scaled(double factor) const {
  std::vector<double> all = present();
  for (double& lr : all) lr *= factor;
  return all;
}
std::vector<double> LRScheduler::base_scaled(double factor) const {
  std::vector<double> all = base_lrs_;
  for (double& lr : all) lr *= factor;
  return all;
}

void LRScheduler::apply(const std::vector<double>& rates) {
  WG_CHECK(rates.size() == optimizer_->groups().size(), ValueError, "scheduler: expected ",
           rates.size(), " groups in the optimizer, as when it was made, but there are ",
           optimizer_->groups().size());
  for (size_t g = 0; g < rates.size(); ++g) optimizer_->groups()[g].set_lr(rates[g]);
  last_lr_ = present();
}

io::Value LRScheduler::state_dict() const {
  StateFields f;
  const_cast<LRScheduler*>(this)->fields(f);
  return io::Value::dict(std::move(f.entries));
}

void LRScheduler::load_state_dict(const io::Value& state) {
  const io::Value before = state_dict();
  try {
    load(state);
  } catch (...) {
    load(before);
    throw;
  }
}

void LRScheduler::load(const io::Value& state) {
  StateFields f(state);
  fields(f);
}

void LRScheduler::fields(StateFields& f) {
  f("base_lrs", base_lrs_);
  f("last_epoch", last_epoch_);
  f("_step_count", step_count_);
  f.constant("_is_initial", false);
  f.constant("_get_lr_called_within_step", false);
  f("_last_lr", last_lr_);
}

// ---- what several have in common

std::vector<double> per_group(const char* name, const Optimizer& optimizer, const PerGroup& value) {
  const size_t groups = optimizer.groups().size();
  if (!value.is_list) return std::vector<double>(groups, value.values[0]);
  WG_CHECK(value.values.size() == groups, ValueError, name, ": expected ", groups,
           " values, one for each group, but got ", value.values.size());
  return value.values;
}

bool finds_beta1(const Optimizer& optimizer) {
  const ParamGroup& group = optimizer.groups().front();
  WG_CHECK(group.has("momentum") || group.has("betas"), ValueError,
           "scheduler: the optimizer has neither momentum nor betas to cycle; give it "
           "cycle_momentum = false");
  return group.has("betas");
}

void set_momentum(ParamGroup& group, bool use_beta1, double value) {
  if (!use_beta1) return group.set("momentum", value);
  std::vector<io::Value> betas = group.get("betas").items();
  betas[0] = value;
  group.set("betas", io::Value::tuple(std::move(betas)));
}

void begin_momentum(Optimizer& optimizer, bool use_beta1, const std::vector<double>& highs,
                    const std::vector<double>& lows) {
  for (size_t g = 0; g < highs.size(); ++g) {
    ParamGroup& group = optimizer.groups()[g];
    set_momentum(group, use_beta1, highs[g]);
    group.set("max_momentum", highs[g]);
    group.set("base_momentum", lows[g]);
  }
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
