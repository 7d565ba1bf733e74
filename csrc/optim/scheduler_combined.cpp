// Several schedulers in turn or at once.
#include <algorithm>

#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

namespace {

// The optimizer that they share.
Optimizer& shared_optimizer(const char* name, const Schedulers& schedulers, Optimizer* optimizer) {
  WG_CHECK(!schedulers.empty(), ValueError, name, ": expected at least one scheduler");
  for (const auto& s : schedulers) {
    WG_CHECK(s, TypeError, name, ": a scheduler is null");
    WG_CHECK(!dynamic_cast<ReduceLROnPlateau*>(s.get()), ValueError, name,
             ": ReduceLROnPlateau cannot be among them, since its steps need the metric");
    if (!optimizer) optimizer = &s->optimizer();
    WG_CHECK(&s->optimizer() == optimizer, ValueError, name,
             ": expected schedulers of the same optimizer");
  }
  return *optimizer;
}

io::Value with_states(io::Value state, const Schedulers& schedulers) {
  std::vector<io::Value> states;
  for (const auto& s : schedulers) states.push_back(s->state_dict());
  state.set("_schedulers", io::Value::list(std::move(states)));
  return state;
}

void load_states(const io::Value& state, const Schedulers& schedulers) {
  const auto& states = state["_schedulers"].items();
  WG_CHECK(states.size() == schedulers.size(), ValueError, "load_state_dict: expected ",
           schedulers.size(), " states of schedulers, but got ", states.size());
  for (size_t i = 0; i < states.size(); ++i) schedulers[i]->load_state_dict(states[i]);
}

}  // namespace

SequentialLR::SequentialLR(Optimizer& optimizer, Schedulers schedulers,
                           std::vector<int64_t> milestones, int64_t last_epoch)
    : LRScheduler(shared_optimizer("SequentialLR", schedulers, &optimizer), Bare{}),
      schedulers_(std::move(schedulers)),
      milestones_(std::move(milestones)) {
  WG_CHECK(milestones_.size() + 1 == schedulers_.size(), ValueError,
           "SequentialLR: expected one milestone less than schedulers, but got ",
           milestones_.size(), " for ", schedulers_.size());
  for (ParamGroup& group : optimizer.groups()) group.set_lr(number_of(group.get("initial_lr")));
  // Each has made its first step when it was built; only the one of epoch 0 may have.
  take_back(schedulers_);
  last_epoch_ = last_epoch + 1;
  LRScheduler& first = *schedulers_[index_at(0)];
  first.initial_step();
  last_lr_ = first.get_last_lr();
}

size_t SequentialLR::index_at(int64_t epoch) const {
  return static_cast<size_t>(std::upper_bound(milestones_.begin(), milestones_.end(), epoch) -
                             milestones_.begin());
}

void SequentialLR::take_back() { take_back(schedulers_); }
void SequentialLR::take_back(const Schedulers& schedulers) {
  for (const auto& s : schedulers) s->take_back();
}

void SequentialLR::step() {
  ++last_epoch_;
  const size_t i = index_at(last_epoch_);
  LRScheduler& s = *schedulers_[i];
  if (i > 0 && milestones_[i - 1] == last_epoch_) {
    s.go_to(0);
  } else {
    s.step();
  }
  last_lr_ = s.get_last_lr();
}

void SequentialLR::fields(StateFields& f) {
  f("_milestones", milestones_);
  f("last_epoch", last_epoch_);
  f("_last_lr", last_lr_);
}
io::Value SequentialLR::state_dict() const {
  return with_states(LRScheduler::state_dict(), schedulers_);
}
void SequentialLR::load(const io::Value& state) {
  LRScheduler::load(state);
  WG_CHECK(milestones_.size() + 1 == schedulers_.size(), ValueError,
           "SequentialLR: expected one milestone less than schedulers");
  load_states(state, schedulers_);
}

ChainedScheduler::ChainedScheduler(Schedulers schedulers)
    : LRScheduler(shared_optimizer("ChainedScheduler", schedulers, nullptr), Bare{}),
      schedulers_(std::move(schedulers)) {
  last_lr_ = present();
}

void ChainedScheduler::take_back() { SequentialLR::take_back(schedulers_); }

void ChainedScheduler::step() {
  for (const auto& s : schedulers_) s->step();
  last_lr_ = present();
}

void ChainedScheduler::fields(StateFields& f) { f("_last_lr", last_lr_); }
io::Value ChainedScheduler::state_dict() const {
  return with_states(LRScheduler::state_dict(), schedulers_);
}
void ChainedScheduler::load(const io::Value& state) {
  LRScheduler::load(state);
  load_states(state, schedulers_);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
