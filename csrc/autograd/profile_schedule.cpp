// Profiles of some steps of a loop.
#include <limits>

#include "tensor/check.h"
#include "wengert/profile.h"

WENGERT_NAMESPACE_BEGIN

ProfilerAction ProfileSchedule::operator()(int64_t step) const {
  WG_CHECK(wait >= 0 && warmup >= 0 && repeat >= 0 && skip_first >= 0 && active > 0, ValueError,
           "ProfileSchedule: expected active steps, and no negative numbers, but got wait ", wait,
           ", warmup ", warmup, ", active ", active, ", repeat ", repeat, " and skip_first ",
           skip_first);
  WG_CHECK(step >= 0, ValueError, "ProfileSchedule: the step must not be negative, but is ", step);
  step -= skip_first;
  if (step < 0) return ProfilerAction::none;
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const auto sum = [](int64_t a, int64_t b) { return a > most - b ? most : a + b; };
  if (skip_first_wait) step = sum(step, wait);
  const int64_t idle = sum(wait, warmup), cycle = sum(idle, active), at = step % cycle;
  if ((repeat > 0 && step / cycle >= repeat) || at < wait) return ProfilerAction::none;
  if (at < idle) return ProfilerAction::warmup;
  return at == cycle - 1 ? ProfilerAction::record_and_save : ProfilerAction::record;
}

StepProfile::StepProfile(std::function<ProfilerAction(int64_t)> schedule,
                         std::function<void(const Profile&)> on_trace_ready, ProfileOptions options)
    : schedule_(std::move(schedule)),
      on_trace_ready_(std::move(on_trace_ready)),
      options_(std::move(options)) {
  WG_CHECK(schedule_, TypeError,
           "StepProfile: expected a schedule or a function to call, but got an empty one");
  action_ = schedule_(0);
  begin();
}

StepProfile::~StepProfile() { range_ = nullptr; }

void StepProfile::begin() {
  const bool records =
      action_ == ProfilerAction::record || action_ == ProfilerAction::record_and_save;
  if (records && !(profile_ && profile_->is_running())) {
    profile_ = std::make_unique<Profile>(options_);
  }
  range_ = std::make_unique<ProfileRange>("ProfilerStep#" + std::to_string(step_));
}

void StepProfile::finish(bool hand_over) {
  if (!profile_ || !profile_->is_running()) return;
  profile_->stop();
  if (hand_over && on_trace_ready_) on_trace_ready_(*profile_);
}

void StepProfile::step() {
  WG_CHECK(!ended_, Error, "StepProfile: it was stopped; make a new one");
  if (profile_ && profile_->is_running()) {  // an Error on another thread, before anything changes
    profile_->pause(true);
    profile_->pause(false);
  }
  const ProfilerAction next = schedule_(step_ + 1);
  range_ = nullptr;
  const bool saves = action_ == ProfilerAction::record_and_save;
  const auto go_on = [&] {
    ++step_;
    action_ = next;
    begin();
  };
  try {
    if (saves || next == ProfilerAction::none || next == ProfilerAction::warmup) finish(saves);
  } catch (...) {  // of on_trace_ready
    go_on();
    throw;
  }
  go_on();
}

void StepProfile::stop() {
  if (ended_) return;
  range_ = nullptr;
  finish(true);
  ended_ = true;
}

WENGERT_NAMESPACE_END
