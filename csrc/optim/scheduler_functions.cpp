// Rates by functions of the epoch.
#include "optim/scheduler.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

namespace {

std::vector<Function> checked(const Optimizer& optimizer, std::vector<Function> functions) {
  const size_t groups = optimizer.groups().size();
  WG_CHECK(functions.size() == groups, ValueError, "scheduler: expected ", groups,
           " functions, one for each group, but got ", functions.size());
  for (const Function& f : functions) {
    WG_CHECK(f, TypeError, "scheduler: expected functions of the epoch, but one is empty");
  }
  return functions;
}
std::vector<Function> for_all(const Optimizer& optimizer, Function f) {
  return std::vector<Function>(optimizer.groups().size(), std::move(f));
}
// Functions are not saved.
void add_functions(StateFields& f, size_t count) {
  f.constant("lr_lambdas", io::Value::list(std::vector<io::Value>(count)));
}

}  // namespace

LambdaLR::LambdaLR(Optimizer& optimizer, Function lr_lambda, int64_t last_epoch)
    : LambdaLR(optimizer, for_all(optimizer, std::move(lr_lambda)), last_epoch) {}
LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), lr_lambdas_(checked(optimizer, std::move(lr_lambdas))) {
  initial_step();
}
std::vector<double> LambdaLR::rates() {
  std::vector<double> all = base_lrs_;
  for (size_t g = 0; g < all.size(); ++g) all[g] *= lr_lambdas_[g](last_epoch_);
  return all;
}
void LambdaLR::fields(StateFields& f) {
  LRScheduler::fields(f);
  add_functions(f, lr_lambdas_.size());
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, Function lr_lambda, int64_t last_epoch)
    : MultiplicativeLR(optimizer, for_all(optimizer, std::move(lr_lambda)), last_epoch) {}
MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<Function> lr_lambdas,
                                   int64_t last_epoch)
    : LRScheduler(optimizer, last_epoch), lr_lambdas_(checked(optimizer, std::move(lr_lambdas))) {
  initial_step();
}
std::vector<double> MultiplicativeLR::rates() {
  std::vector<double> all = present();
  if (is_initial_) return all;
  for (size_t g = 0; g < all.size(); ++g) all[g] *= lr_lambdas_.at(g)(last_epoch_);
  return all;
}
void MultiplicativeLR::fields(StateFields& f) {
  LRScheduler::fields(f);
  add_functions(f, lr_lambdas_.size());
}

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
