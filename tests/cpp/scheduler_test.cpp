// Schedules of the learning rate; their numbers are compared with Python's in tests/cpp_training.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace optim = wengert::optim;
namespace sched = wengert::optim::lr_scheduler;
using wg::io::Value;

namespace {

wg::Tensor leaf(std::initializer_list<double> v) { return wg::tensor(v).requires_grad_(); }
using Numbers = std::vector<double>;

TEST(Schedulers, SetTheRates) {
  optim::SGD optimizer({{{leaf({1})}, {.lr = 1}}, {{leaf({1})}, {.lr = 0.5}}});
  sched::StepLR scheduler(optimizer, 2, 0.5);
  EXPECT_EQ(scheduler.get_last_lr(), (Numbers{1, 0.5}));
  for (const double lr : {1.0, 0.5, 0.5, 0.25}) {
    scheduler.step();
    EXPECT_EQ(optimizer.options(0).lr, lr);
    EXPECT_EQ(optimizer.options(1).lr, lr / 2);
  }
  EXPECT_EQ(scheduler.last_epoch(), 4);
  EXPECT_EQ(optimizer.groups()[1].get("initial_lr").to_double(), 0.5);
}

TEST(Schedulers, CycleTheMomentum) {
  optim::Adam adam({leaf({1})});
  const sched::OneCycleLR one(adam, 1.0, {.total_steps = 10});
  EXPECT_EQ(adam.options().beta1, 0.95);
  EXPECT_EQ(adam.options().beta2, 0.999);
  EXPECT_EQ(adam.options().lr, 1 + (1.0 / 25 - 1));
  optim::Adagrad adagrad({leaf({1})});
  EXPECT_THROW(sched::OneCycleLR(adagrad, 1.0, {.total_steps = 10}), wg::ValueError);
  EXPECT_FALSE(adagrad.groups()[0].has("max_lr"));
  sched::CyclicLR cyclic(adagrad, 0.1, 0.2, {.step_size_up = 1, .cycle_momentum = false});
  cyclic.step();
  EXPECT_EQ(adagrad.options().lr, 0.2);
}

TEST(Schedulers, OptionsAreChecked) {
  optim::SGD o({leaf({1})}, {.lr = 1}), other({leaf({1})});
  EXPECT_THROW(sched::StepLR(o, 0), wg::ValueError);
  EXPECT_THROW(sched::CosineAnnealingLR(o, 0), wg::ValueError);
  EXPECT_THROW(sched::CosineAnnealingWarmRestarts(o, 0), wg::ValueError);
  EXPECT_THROW(sched::ConstantLR(o, 2), wg::ValueError);
  EXPECT_THROW(sched::LinearLR(o, 0), wg::ValueError);
  EXPECT_THROW(sched::CyclicLR(o, 0.1, 0.2, {.mode = "x"}), wg::ValueError);
  EXPECT_THROW(sched::CyclicLR(o, std::vector<double>{0.1, 0.2}, 0.2), wg::ValueError);
  EXPECT_THROW(sched::OneCycleLR(o, 0.1, {}), wg::ValueError);
  EXPECT_THROW(sched::ReduceLROnPlateau(o, {.factor = 1}), wg::ValueError);
  EXPECT_THROW(sched::LambdaLR(o, sched::Function()), wg::TypeError);
  EXPECT_THROW(sched::ChainedScheduler({}), wg::ValueError);
  const auto a = std::make_shared<sched::ExponentialLR>(o, 0.5);
  const auto b = std::make_shared<sched::ExponentialLR>(other, 0.5);
  EXPECT_THROW(sched::ChainedScheduler({a, b}), wg::ValueError);
  EXPECT_THROW(sched::SequentialLR(o, {a, a}, {}), wg::ValueError);
  EXPECT_THROW(sched::SequentialLR(o, {std::make_shared<sched::ReduceLROnPlateau>(o)}, {}),
               wg::ValueError);
  optim::SGD fresh({leaf({1})});
  EXPECT_THROW(sched::ExponentialLR(fresh, 0.5, 3), wg::ValueError);
}

TEST(Schedulers, StatesThatDoNotFitChangeNothing) {
  optim::SGD optimizer({leaf({1})}, {.lr = 1});
  sched::MultiStepLR scheduler(optimizer, {2, 2, 3}, 0.5);
  scheduler.step();
  Value state = scheduler.state_dict();
  EXPECT_EQ(state["milestones"][2].to_int(), 2);
  state.set("last_epoch", 9);
  state.set("_last_lr", "x");
  EXPECT_THROW(scheduler.load_state_dict(state), wg::ValueError);
  EXPECT_THROW(scheduler.load_state_dict(Value()), wg::ValueError);
  EXPECT_EQ(scheduler.last_epoch(), 1);
  scheduler.step();
  EXPECT_EQ(optimizer.options().lr, 0.25);
}

}  // namespace
