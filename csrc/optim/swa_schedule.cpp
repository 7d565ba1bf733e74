// From the present rate to that of averaging.
#include "optim/scheduler.h"
#include "wengert/swa_utils.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace swa_utils {

SWALR::SWALR(Optimizer& optimizer, const lr_scheduler::PerGroup& swa_lr, const SWALROptions& o,
             int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch),
      anneal_epochs_(o.anneal_epochs),
      anneal_strategy_(o.anneal_strategy) {
  WG_CHECK(anneal_strategy_ == "cos" || anneal_strategy_ == "linear", ValueError,
           "SWALR: anneal_strategy must be 'cos' or 'linear', but is '", anneal_strategy_, "'");
  WG_CHECK(anneal_epochs_ >= 0, ValueError, "SWALR: anneal_epochs must not be negative, but is ",
           anneal_epochs_);
  const std::vector<double> rates = lr_scheduler::per_group("swa_lr", optimizer, swa_lr);
  for (size_t g = 0; g < rates.size(); ++g) optimizer.groups()[g].set("swa_lr", rates[g]);
  initial_step();
}

double SWALR::part(int64_t step) const {
  const double passed =
      static_cast<double>(step) / static_cast<double>(std::max<int64_t>(1, anneal_epochs_));
  const double t = std::max(0.0, std::min(1.0, passed));
  return anneal_strategy_ == "linear" ? t : (1 - std::cos(std::numbers::pi * t)) / 2;
}

std::vector<double> SWALR::rates() {
  int64_t step = step_count_ - 1;
  if (anneal_epochs_ == 0) step = std::max<int64_t>(1, step);
  const double before = part(step - 1), now = part(step);
  std::vector<double> all;
  for (const ParamGroup& group : optimizer().groups()) {
    const double last = number_of(group.get("swa_lr")), rate = group.lr();
    // The rate at which the annealing began.
    const double first = before == 1 ? last : (rate - before * last) / (1 - before);
    all.push_back(last * now + first * (1 - now));
  }
  return all;
}

void SWALR::fields(lr_scheduler::StateFields& f) {
  f("_anneal_strategy", anneal_strategy_);
  f("anneal_epochs", anneal_epochs_);
  LRScheduler::fields(f);
}

}  // namespace swa_utils
}  // namespace optim
WENGERT_NAMESPACE_END
