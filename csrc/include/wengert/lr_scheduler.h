// Schedules of the learning rate, with the numbers and the states of the Python classes of the same
// names.
//
//   optim::SGD optimizer(net.parameters(), {.lr = 0.1});
//   optim::lr_scheduler::StepLR schedule(optimizer, 30);
//   for (...) { ...; optimizer.step(); schedule.step(); }
//
// A scheduler sets the rates of the optimizer's groups; step() is called once an epoch (or once a
// batch), after the optimizer's. Most of them change the present rate rather than compute it from
// the epoch, so that several can act on one optimizer. The optimizer must live as long.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "wengert/optim.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace lr_scheduler {

class StateFields;

class WENGERT_API LRScheduler {
 public:
  virtual ~LRScheduler();
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  // Goes on by one epoch.
  virtual void step();
  // The rates set last, by group.
  const std::vector<double>& get_last_lr() const { return last_lr_; }
  int64_t last_epoch() const { return last_epoch_; }
  Optimizer& optimizer() const { return *optimizer_; }

  // What Python's state_dict() gives; functions are left out. Loading throws ValueError for what is
  // no such state, and then changes nothing. The rates themselves are in the optimizer's state.
  virtual io::Value state_dict() const;
  void load_state_dict(const io::Value& state);

 protected:
  // last_epoch is -1 to begin; otherwise the epoch at which training is taken up again, with the
  // optimizer's state already loaded. The constructor of each class ends with initial_step().
  LRScheduler(Optimizer& optimizer, int64_t last_epoch);
  struct Bare {};  // without rates to begin with
  LRScheduler(Optimizer& optimizer, Bare);
  void initial_step();

  // The next rate of each group, from the present ones.
  virtual std::vector<double> rates();
  // The rates computed from the epoch; nothing if there is no such formula.
  virtual std::vector<double> closed_form() const { return {}; }
  // The attributes that are saved.
  virtual void fields(StateFields& f);
  virtual void load(const io::Value& state);

  std::vector<double> present() const;
  std::vector<double> scaled(double factor) const;
  std::vector<double> base_scaled(double factor) const;
  void apply(const std::vector<double>& rates);
  void go_to(int64_t epoch);

  std::vector<double> base_lrs_, last_lr_;
  int64_t last_epoch_ = -1, step_count_ = 0;
  bool is_initial_ = false;

 private:
  friend class SequentialLR;
  virtual void take_back() { --last_epoch_; }
  Optimizer* optimizer_;
};

using Function = std::function<double(int64_t)>;
// One number for all groups, or one for each.
struct PerGroup {
  PerGroup(double all) : values{all} {}
  PerGroup(std::vector<double> each) : values(std::move(each)), is_list(true) {}
  std::vector<double> values;
  bool is_list = false;
};

#define WENGERT_SCHEDULER               \
 protected:                             \
  std::vector<double> rates() override; \
  void fields(StateFields& f) override;

// The initial rate times lr_lambda(epoch): one function, or one for each group.
class WENGERT_API LambdaLR : public LRScheduler {
 public:
  LambdaLR(Optimizer& optimizer, Function lr_lambda, int64_t last_epoch = -1);
  LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, int64_t last_epoch = -1);
  WENGERT_SCHEDULER
 private:
  std::vector<Function> lr_lambdas_;
};
// The present rate times lr_lambda(epoch).
class WENGERT_API MultiplicativeLR : public LRScheduler {
 public:
  MultiplicativeLR(Optimizer& optimizer, Function lr_lambda, int64_t last_epoch = -1);
  MultiplicativeLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, int64_t last_epoch = -1);
  WENGERT_SCHEDULER
 private:
  std::vector<Function> lr_lambdas_;
};

// Times gamma every step_size epochs.
class WENGERT_API StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, int64_t step_size, double gamma = 0.1, int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  int64_t step_size_;
  double gamma_;
};
// Times gamma at each of the epochs `milestones`.
class WENGERT_API MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, const std::vector<int64_t>& milestones, double gamma = 0.1,
              int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  std::map<int64_t, int64_t> milestones_;  // and how often each is given
  double gamma_;
};
// Times gamma every epoch.
class WENGERT_API ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, double gamma, int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  double gamma_;
};

// Times factor until total_iters epochs have passed.
class WENGERT_API ConstantLR : public LRScheduler {
 public:
  explicit ConstantLR(Optimizer& optimizer, double factor = 1.0 / 3, int64_t total_iters = 5,
                      int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  double factor_;
  int64_t total_iters_;
};
// Times a factor that goes from start_factor to end_factor in total_iters epochs.
class WENGERT_API LinearLR : public LRScheduler {
 public:
  explicit LinearLR(Optimizer& optimizer, double start_factor = 1.0 / 3, double end_factor = 1,
                    int64_t total_iters = 5, int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  double factor_at(int64_t epoch) const;
  double start_factor_, end_factor_;
  int64_t total_iters_;
};
// Times (1 - t / total_iters)^power, which is 0 from total_iters on.
class WENGERT_API PolynomialLR : public LRScheduler {
 public:
  explicit PolynomialLR(Optimizer& optimizer, int64_t total_iters = 5, double power = 1,
                        int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  int64_t total_iters_;
  double power_;
};

// eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2.
class WENGERT_API CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, int64_t T_max, double eta_min = 0,
                    int64_t last_epoch = -1);
  WENGERT_SCHEDULER
  std::vector<double> closed_form() const override;

 private:
  double height(int64_t epoch) const;
  int64_t T_max_;
  double eta_min_;
};
// Cosine annealing that begins anew after T_0 epochs, then after T_0 T_mult, and so on.
class WENGERT_API CosineAnnealingWarmRestarts : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(Optimizer& optimizer, int64_t T_0, int64_t T_mult = 1,
                              double eta_min = 0, int64_t last_epoch = -1);
  void step() override;
  void step(double epoch);  // to this epoch, which may be a fraction
  WENGERT_SCHEDULER

 private:
  void set_rates(double epoch);
  int64_t T_0_, T_i_, T_mult_;
  double eta_min_, T_cur_;
};

struct CyclicLROptions {
  int64_t step_size_up = 2000;
  std::optional<int64_t> step_size_down = {};  // as up
  // The height of a cycle: "triangular": always the same, "triangular2": half that of the last one,
  // "exp_range": times gamma^step.
  std::string mode = "triangular";
  double gamma = 1;
  // The height instead, by the number of the cycle, from 1 on, or of the step, as scale_mode says.
  std::function<double(double)> scale_fn = {};
  std::string scale_mode = "cycle";  // or "iterations"
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.8, max_momentum = 0.9;
};
// From base_lr to max_lr and back, again and again, with the momentum (or the first of the betas)
// going the other way. Steps are batches.
class WENGERT_API CyclicLR : public LRScheduler {
 public:
  CyclicLR(Optimizer& optimizer, const PerGroup& base_lr, const PerGroup& max_lr,
           const CyclicLROptions& options = {}, int64_t last_epoch = -1);
  WENGERT_SCHEDULER

 private:
  double scale(int64_t x) const;
  std::vector<double> max_lrs_, base_momentums_, max_momentums_;
  double total_size_, step_ratio_, gamma_;
  std::string mode_, scale_mode_;
  std::function<double(double)> scale_fn_;
  bool cycle_momentum_, use_beta1_ = false;
};

struct OneCycleLROptions {
  int64_t total_steps = 0;  // or epochs times steps_per_epoch
  int64_t epochs = 0, steps_per_epoch = 0;
  double pct_start = 0.3;               // the part of it that goes up
  std::string anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.85, max_momentum = 0.95;
  double div_factor = 25, final_div_factor = 1e4;
  bool three_phase = false;  // down to the initial rate as fast as up, then to the last one
};
// Up from max_lr / div_factor to max_lr, then down to the first / final_div_factor, with the
// momentum going the other way. Steps are batches.
class WENGERT_API OneCycleLR : public LRScheduler {
 public:
  struct Phase {
    double end_step;
    std::string start_lr, end_lr, start_momentum, end_momentum;  // names of notes of the groups
  };
  OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& options,
             int64_t last_epoch = -1);
  WENGERT_SCHEDULER

 private:
  double between(double start, double end, double part) const;
  int64_t total_steps_;
  std::vector<Phase> phases_;
  std::string anneal_;
  bool cycle_momentum_, use_beta1_ = false;
};

struct ReduceLROnPlateauOptions {
  std::string mode = "min";  // smaller is better; or "max"
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;             // what counts as better: the best times 1 -+ threshold,
  std::string threshold_mode = "rel";  // or -+ threshold ("abs")
  int64_t cooldown = 0;                // steps after a reduction that are not counted
  PerGroup min_lr = 0.0;
  double eps = 1e-8;  // a smaller change is not made
};
// Times factor when a metric has not improved for more than `patience` steps.
class WENGERT_API ReduceLROnPlateau : public LRScheduler {
 public:
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});
  // Takes note of the metric and reduces the rate if it is time to.
  void step(double metric);
  bool in_cooldown() const { return cooldown_counter_ > 0; }

 protected:
  void fields(StateFields& f) override;

 private:
  using LRScheduler::step;
  bool is_better(double value) const;
  ReduceLROnPlateauOptions options_;
  std::vector<double> min_lrs_;
  std::optional<double> default_min_lr_;
  double best_, mode_worse_;
  int64_t cooldown_counter_ = 0, num_bad_epochs_ = 0;
};

using Schedulers = std::vector<std::shared_ptr<LRScheduler>>;

// One scheduler after the other, the next one from each of the epochs `milestones` on.
class WENGERT_API SequentialLR : public LRScheduler {
 public:
  SequentialLR(Optimizer& optimizer, Schedulers schedulers, std::vector<int64_t> milestones,
               int64_t last_epoch = -1);
  void step() override;
  io::Value state_dict() const override;

 protected:
  void fields(StateFields& f) override;
  void load(const io::Value& state) override;

 private:
  friend class ChainedScheduler;
  static void take_back(const Schedulers& schedulers);
  void take_back() override;
  size_t index_at(int64_t epoch) const;
  Schedulers schedulers_;
  std::vector<int64_t> milestones_;
};

// Several schedulers of one optimizer that all change the rate at each step, one after the other.
class WENGERT_API ChainedScheduler : public LRScheduler {
 public:
  explicit ChainedScheduler(Schedulers schedulers);
  void step() override;
  io::Value state_dict() const override;

 protected:
  void fields(StateFields& f) override;
  void load(const io::Value& state) override;

 private:
  void take_back() override;
  Schedulers schedulers_;
};
#undef WENGERT_SCHEDULER

}  // namespace lr_scheduler
}  // namespace optim
WENGERT_NAMESPACE_END
