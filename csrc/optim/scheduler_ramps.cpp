// Rates that go from one value to another in a number of epochs.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

ConstantLR::ConstantLR(Optimizer& optimizer, double factor, int64_t total_iters, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), factor_(factor), total_iters_(total_iters) {
  WG_CHECK(factor >= 0 && factor <= 1, ValueError, "ConstantLR: factor must lie in [0, 1], but is ",
           factor);
  initial_step();
}
std::vector<double> ConstantLR::rates() {
  if (last_epoch_ == 0) return scaled(factor_);
  return last_epoch_ != total_iters_ ? present() : scaled(1.0 / factor_);
}
std::vector<double> ConstantLR::closed_form() const {
  return base_scaled(last_epoch_ < total_iters_ ? factor_ : 1.0);
}
void ConstantLR::fields(StateFields& f) {
  f("factor", factor_);
  f("total_iters", total_iters_);
  LRScheduler::fields(f);
}

LinearLR::LinearLR(Optimizer& optimizer, double start_factor, double end_factor,
                   int64_t total_iters, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch),
      start_factor_(start_factor),
      end_factor_(end_factor),
      total_iters_(total_iters) {
  WG_CHECK(start_factor > 0 && start_factor <= 1, ValueError,
           "LinearLR: start_factor must lie in (0, 1], but is ", start_factor);
  WG_CHECK(end_factor >= 0 && end_factor <= 1, ValueError,
           "LinearLR: end_factor must lie in [0, 1], but is ", end_factor);
  initial_step();
}
double LinearLR::factor_at(int64_t epoch) const {
  const double done =
      static_cast<double>(std::min(total_iters_, epoch)) / static_cast<double>(total_iters_);
  return start_factor_ + (end_factor_ - start_factor_) * done;
}
std::vector<double> LinearLR::rates() {
  if (last_epoch_ == 0) return scaled(start_factor_);
  if (is_initial_ || last_epoch_ > total_iters_) return present();
  return scaled(factor_at(last_epoch_) / factor_at(last_epoch_ - 1));
}
std::vector<double> LinearLR::closed_form() const { return base_scaled(factor_at(last_epoch_)); }
void LinearLR::fields(StateFields& f) {
  f("start_factor", start_factor_);
  f("end_factor", end_factor_);
  f("total_iters", total_iters_);
  LRScheduler::fields(f);
}

PolynomialLR::PolynomialLR(Optimizer& optimizer, int64_t total_iters, double power,
                           int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), total_iters_(total_iters), power_(power) {
  initial_step();
}
std::vector<double> PolynomialLR::rates() {
  if (is_initial_ || last_epoch_ > total_iters_) return present();
  const auto left = [&](int64_t epoch) {
    return 1.0 - static_cast<double>(epoch) / static_cast<double>(total_iters_);
  };
  return scaled(std::pow(left(last_epoch_) / left(last_epoch_ - 1), power_));
}
std::vector<double> PolynomialLR::closed_form() const {
  const double left = 1.0 - static_cast<double>(std::min(total_iters_, last_epoch_)) /
                                static_cast<double>(total_iters_);
  return base_scaled(std::pow(left, power_));
}
void PolynomialLR::fields(StateFields& f) {
  f("total_iters", total_iters_);
  f("power", power_);
  LRScheduler::fields(f);
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
