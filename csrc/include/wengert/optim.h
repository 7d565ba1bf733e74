// Optimizers: they change parameters by their gradients. The formulas, the options and the bits are
// those of the Python classes of the same names.
//
//   optim::Adam optimizer(net.parameters(), {.lr = 1e-3});
//   optimizer.zero_grad();
//   loss.backward();
//   optimizer.step();
//
// Groups of parameters with options of their own:
//
//   optim::SGD optimizer({{body.parameters(), {.lr = 1e-3}}, {head.parameters(), {.lr = 1e-2}}});
//   optimizer.options(1).lr = 1e-3;
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wengert/optim_options.h"
#include "wengert/value.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {

// An option by its name in Python: the members of the options it stands for, more than one where it
// is a tuple there.
struct Option {
  using Member = std::variant<double*, bool*, int64_t*, std::string*, std::optional<double>*,
                              std::optional<int64_t>*>;
  const char* name;
  std::vector<Member> members;
};

// Some of the parameters of an optimizer, and what Python's `optimizer.param_groups` has of them.
class WENGERT_API ParamGroup {
 public:
  const std::vector<Tensor>& params() const { return params_; }
  double lr() const { return get("lr").to_double(); }
  void set_lr(double lr) { set("lr", lr); }

  // An option, or what a scheduler or a program has put here under another name.
  bool has(std::string_view name) const;
  // ValueError if there is nothing of this name; if an option is given a value that it cannot have.
  io::Value get(std::string_view name) const;
  void set(std::string_view name, const io::Value& value);
  // All of them.
  io::Value to_dict() const;

 private:
  friend class Optimizer;
  const Option* find(std::string_view name) const;

  std::vector<Tensor> params_;
  size_t first_ = 0;  // the number of the first parameter
  std::vector<Option> options_;
  std::vector<std::pair<std::string, io::Value>> notes_;
};

// What the state of a parameter that has made a step holds under `name`: a tensor of this shape, or
// a single number; or a list of so many of them.
struct StateEntry {
  std::string name;
  std::optional<std::vector<int64_t>> shape = {};
  bool optional = false;
  std::optional<size_t> count = {};
};

class WENGERT_API Optimizer {
 public:
  using Closure = std::function<Tensor()>;
  using Hook = std::function<void(Optimizer&)>;

  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Changes every parameter that has a gradient, in place. Nothing is recorded. Groups are stepped
  // in turn, each wholly or, where it throws, not at all.
  void step();
  // First calls the closure, which computes the loss and its gradients, and returns what it does.
  Tensor step(const Closure& closure);
  // Drops the gradients, or fills them with zero.
  void zero_grad(bool set_to_none = true);

  // Of all groups, one behind the other: the order of their numbers.
  const std::vector<Tensor>& parameters() const { return parameters_; }
  std::deque<ParamGroup>& groups() { return groups_; }
  const std::deque<ParamGroup>& groups() const { return groups_; }

  // What Python's state_dict() gives: {"state": {number: {name: tensor or number}},
  // "param_groups": [{options, "params": [numbers]}]}. The tensors are those in use.
  io::Value state_dict() const;
  // Takes over options and copies of the state of parameters of the same shapes in the same order,
  // saved here or from Python. State becomes the dtype of its floating parameter, except single
  // numbers such as counts of steps; parameters without state begin afresh. ValueError for what
  // does not fit, which changes nothing.
  void load_state_dict(const io::Value& state);

  // Run before and after each step, in the order in which they were registered.
  int register_step_pre_hook(Hook hook);
  int register_step_post_hook(Hook hook);
  void remove_hook(int id);

 protected:
  using State = std::map<std::string, io::Value, std::less<>>;

  Optimizer();
  // Leaves; ValueError if there is none, or one that is there already.
  void add_group(std::vector<Tensor> params, std::vector<Option> options);

  // One step without recording; `closure` is undefined where none was given.
  virtual Tensor run(const Closure& closure);
  // The step of a group by its gradients, of which `run` is made.
  virtual void update(size_t group);
  // What a state that is loaded must hold.
  virtual std::vector<StateEntry> entries(size_t number, const io::Value& saved) const;

  // The numbers of the parameters of a group that have a gradient. Error if one of them is sparse
  // and these are not taken.
  std::vector<size_t> active(size_t group, bool sparse = false) const;
  State& state(size_t number) { return state_[number]; }
  bool has_state(size_t number, std::string_view name) const;
  size_t group_of(size_t number) const;
  // One step of the parameters of these numbers; state that is missing is made.
  template <class Update>
  void step_all(const std::vector<size_t>& numbers, const Update& update);
  template <class Update>
  static std::vector<StateEntry> entries_of(const Update& update, const Tensor& parameter);
  Tensor& state_tensor(size_t number, const char* name, bool is_number, double initial);

 private:
  void run_hooks(bool before);

  std::vector<Tensor> parameters_;
  std::deque<ParamGroup> groups_;
  std::vector<State> state_;  // by parameter
  struct Registered {
    int id;
    bool before;
    Hook hook;
  };
  std::vector<Registered> hooks_;
  int next_hook_ = 0;
};

namespace detail {
// The options by name, as references into `o`; ValueError if one of them cannot be.
#define WENGERT_OPTIONS(Options)                            \
  WENGERT_API std::vector<Option> list_options(Options& o); \
  WENGERT_API void check_group(const Options& o, const std::vector<Tensor>& params);
WENGERT_OPTIONS(SGDOptions)
WENGERT_OPTIONS(AdamOptions)
WENGERT_OPTIONS(RMSpropOptions)
WENGERT_OPTIONS(AdagradOptions)
WENGERT_OPTIONS(AdadeltaOptions)
WENGERT_OPTIONS(AdamaxOptions)
WENGERT_OPTIONS(NAdamOptions)
WENGERT_OPTIONS(RAdamOptions)
WENGERT_OPTIONS(RpropOptions)
WENGERT_OPTIONS(ASGDOptions)
WENGERT_OPTIONS(SparseAdamOptions)
WENGERT_OPTIONS(AdafactorOptions)
WENGERT_OPTIONS(MuonOptions)
WENGERT_OPTIONS(LBFGSOptions)
#undef WENGERT_OPTIONS
}  // namespace detail

template <class Options>
struct GroupOf {
  std::vector<Tensor> params;
  Options options = {};
};

// An optimizer with options of one kind.
template <class Options>
class OptimizerWith : public Optimizer {
 public:
  explicit OptimizerWith(std::vector<Tensor> params, const Options& options = {}) {
    add_param_group(std::move(params), options);
  }
  explicit OptimizerWith(std::vector<GroupOf<Options>> groups) {
    for (auto& group : groups) add_param_group(std::move(group.params), group.options);
  }

  // They may be changed between steps.
  Options& options(size_t group = 0) { return options_.at(group); }
  const Options& options(size_t group = 0) const { return options_.at(group); }

  void add_param_group(std::vector<Tensor> params, const Options& options = {}) {
    detail::check_group(options, params);
    options_.push_back(options);
    try {
      add_group(std::move(params), detail::list_options(options_.back()));
    } catch (...) {
      options_.pop_back();
      throw;
    }
  }

 private:
  std::deque<Options> options_;  // by group; they stay where they are
};

#define WENGERT_OPTIMIZER(Name)                                               \
  class WENGERT_API Name : public OptimizerWith<Name##Options> {              \
   public:                                                                    \
    using OptimizerWith::OptimizerWith;                                       \
                                                                              \
   protected:                                                                 \
    void update(size_t group) override;                                       \
    std::vector<StateEntry> entries(size_t, const io::Value&) const override; \
  };
WENGERT_OPTIMIZER(SGD)
WENGERT_OPTIMIZER(Adam)
WENGERT_OPTIMIZER(RMSprop)
WENGERT_OPTIMIZER(Adagrad)
WENGERT_OPTIMIZER(Adadelta)
WENGERT_OPTIMIZER(Adamax)
WENGERT_OPTIMIZER(NAdam)
WENGERT_OPTIMIZER(RAdam)
WENGERT_OPTIMIZER(Rprop)
WENGERT_OPTIMIZER(ASGD)
// For sparse gradients only: elements of which they say nothing neither move nor fade.
WENGERT_OPTIMIZER(SparseAdam)
// Keeps the mean squares of the gradients of a matrix as a product of those of rows and columns.
WENGERT_OPTIMIZER(Adafactor)
// For matrices only: steps along a momentum whose singular values are made about 1.
WENGERT_OPTIMIZER(Muon)
#undef WENGERT_OPTIMIZER

// Limited-memory BFGS. A step needs a closure, which it calls several times.
class WENGERT_API LBFGS : public OptimizerWith<LBFGSOptions> {
 public:
  explicit LBFGS(std::vector<Tensor> params, const LBFGSOptions& options = {});

 protected:
  Tensor run(const Closure& closure) override;
  std::vector<StateEntry> entries(size_t, const io::Value& saved) const override;

 private:
  using OptimizerWith::add_param_group;  // there is one group
};

// Adam whose weight decay is apart from the gradient.
class WENGERT_API AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {});
  explicit AdamW(std::vector<GroupOf<AdamWOptions>> groups);
  void add_param_group(std::vector<Tensor> params, const AdamWOptions& options = {});
};

// Scales the gradients down, in place, so that their common norm of order p is at most max_norm.
// Returns the norm before, 0-d. As nn::utils::clip_grad_norm_.
WENGERT_API Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm,
                                   double p = 2);

}  // namespace optim
WENGERT_NAMESPACE_END
