// Rates that fall like a cosine.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

namespace {
double cosine_at(double t, int64_t period) {
  return std::cos(std::numbers::pi * t / static_cast<double>(period));
}
}  // namespace

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min,
                                     int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), T_max_(T_max), eta_min_(eta_min) {
  WG_CHECK(T_max > 0, ValueError, "CosineAnnealingLR: T_max must be positive, but is ", T_max);
  initial_step();
}
double CosineAnnealingLR::height(int64_t epoch) const {
  return 1 + cosine_at(static_cast<double>(epoch), T_max_);
}
std::vector<double> CosineAnnealingLR::rates() {
  if (is_initial_) return present();
  if (step_count_ == 1 && last_epoch_ > 0) return closed_form();
  std::vector<double> all = present();
  if ((last_epoch_ - 1 - T_max_) % (2 * T_max_) == 0) {
    // The rate is at its lowest, where the ratio of two heights is not defined.
    const double rise = (1 - cosine_at(1, T_max_)) / 2;
    for (size_t g = 0; g < all.size(); ++g) all[g] += (base_lrs_.at(g) - eta_min_) * rise;
    return all;
  }
  const double ratio = height(last_epoch_) / height(last_epoch_ - 1);
  for (double& lr : all) lr = ratio * (lr - eta_min_) + eta_min_;
  return all;
}
std::vector<double> CosineAnnealingLR::closed_form() const {
  const double half = height(last_epoch_) / 2;
  std::vector<double> all = base_lrs_;
  for (double& lr : all) lr = eta_min_ + (lr - eta_min_) * half;
  return all;
}
void CosineAnnealingLR::fields(StateFields& f) {
  f("T_max", T_max_);
  f("eta_min", eta_min_);
  LRScheduler::fields(f);
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t T_0,
                                                         int64_t T_mult, double eta_min,
                                                         int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch),
      T_0_(T_0),
      T_i_(T_0),
      T_mult_(T_mult),
      eta_min_(eta_min),
      T_cur_(static_cast<double>(last_epoch)) {
  WG_CHECK(T_0 > 0, ValueError, "CosineAnnealingWarmRestarts: T_0 must be positive, but is ", T_0);
  WG_CHECK(T_mult >= 1, ValueError,
           "CosineAnnealingWarmRestarts: T_mult must be at least 1, but is ", T_mult);
  initial_step();
}
std::vector<double> CosineAnnealingWarmRestarts::rates() {
  const double half = (1 + cosine_at(T_cur_, T_i_)) / 2;
  std::vector<double> all = base_lrs_;
  for (double& lr : all) lr = eta_min_ + (lr - eta_min_) * half;
  return all;
}
void CosineAnnealingWarmRestarts::step() {
  if (last_epoch_ < 0) return step(0.0);
  T_cur_ += 1;
  if (T_cur_ >= static_cast<double>(T_i_)) {
    T_cur_ = std::fmod(T_cur_, static_cast<double>(T_i_));
    T_i_ *= T_mult_;
  }
  set_rates(static_cast<double>(last_epoch_ + 1));
}
void CosineAnnealingWarmRestarts::step(double epoch) {
  WG_CHECK(epoch >= 0, ValueError,
           "CosineAnnealingWarmRestarts: the epoch must not be negative, but is ", epoch);
  T_i_ = T_0_;
  T_cur_ = epoch;
  if (T_mult_ == 1) {
    T_cur_ = std::fmod(epoch, static_cast<double>(T_0_));
  } else {
    while (T_cur_ >= static_cast<double>(T_i_)) {
      T_cur_ -= static_cast<double>(T_i_);
      T_i_ *= T_mult_;
    }
  }
  set_rates(epoch);
}
void CosineAnnealingWarmRestarts::set_rates(double epoch) {
  last_epoch_ = static_cast<int64_t>(std::floor(epoch));
  apply(rates());
}
void CosineAnnealingWarmRestarts::fields(StateFields& f) {
  f("T_0", T_0_);
  f("T_i", T_i_);
  f("T_mult", T_mult_);
  f("eta_min", eta_min_);
  f("T_cur", T_cur_);
  LRScheduler::fields(f);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
