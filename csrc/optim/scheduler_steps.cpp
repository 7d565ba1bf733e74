// Rates that fall in steps.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

StepLR::StepLR(Optimizer& optimizer, int64_t step_size, double gamma, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), step_size_(step_size), gamma_(gamma) {
  WG_CHECK(step_size > 0, ValueError, "StepLR: step_size must be positive, but is ", step_size);
  initial_step();
}
std::vector<double> StepLR::rates() {
  return last_epoch_ == 0 || last_epoch_ % step_size_ != 0 ? present() : scaled(gamma_);
}
std::vector<double> StepLR::closed_form() const {
  return base_scaled(std::pow(gamma_, static_cast<double>(last_epoch_ / step_size_)));
}
void StepLR::fields(StateFields& f) {
  f("step_size", step_size_);
  f("gamma", gamma_);
  LRScheduler::fields(f);
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, const std::vector<int64_t>& milestones, double gamma,
                         int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), gamma_(gamma) {
  for (const int64_t epoch : milestones) ++milestones_[epoch];
  initial_step();
}
std::vector<double> MultiStepLR::rates() {
  const auto found = milestones_.find(last_epoch_);
  if (found == milestones_.end()) return present();
  return scaled(std::pow(gamma_, static_cast<double>(found->second)));
}
std::vector<double> MultiStepLR::closed_form() const {
  int64_t passed = 0;
  for (const auto& [epoch, n] : milestones_) passed += epoch <= last_epoch_ ? n : 0;
  return base_scaled(std::pow(gamma_, static_cast<double>(passed)));
}
void MultiStepLR::fields(StateFields& f) {
  f("milestones", milestones_);
  f("gamma", gamma_);
  LRScheduler::fields(f);
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), gamma_(gamma) {
  initial_step();
}
std::vector<double> ExponentialLR::rates() { return is_initial_ ? present() : scaled(gamma_); }
std::vector<double> ExponentialLR::closed_form() const {
  return base_scaled(std::pow(gamma_, static_cast<double>(last_epoch_)));
}
void ExponentialLR::fields(StateFields& f) {
  f("gamma", gamma_);
  LRScheduler::fields(f);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
