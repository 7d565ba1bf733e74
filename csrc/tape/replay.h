// Running a program again.
#pragma once

#include <mutex>
#include <optional>

#include "runtime/reserve.h"
#include "tape/fusion.h"
#include "tape/program.h"
#include "tape/rule_node.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// The grad of a leaf, undefined where there is none.
Tensor grad_of(TensorImpl& leaf);

// Holds the memory of one program, and runs it. Thread-safe: runs wait for each other.
class Player {
 public:
  explicit Player(Program program);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  const Program& program() const { return program_; }
  std::vector<std::string> names;  // of the states, in files; empty: s0, s1, ...
  // Runs it; nothing has changed where it says why it did not.
  struct Refusal {
    std::string why;
  };
  std::optional<Refusal> run(TensorList inputs, std::vector<Tensor>& outputs);
  // The tensors that were there before it: what it uses, and the grads of leaves that are there.
  std::vector<Tensor> states() const;
  // The attribute `name` of the operation of a step, a number that may change between runs.
  double* number(size_t step, const std::string& name);

  // Blocks of memory that the last run has asked for.
  int64_t allocations() const { return allocations_; }
  int64_t planned_bytes();

 private:
  struct Prepared;
  class Sink;
  class Supply;

  // Programs that never run, as most of those between passes, plan no memory and ask for none.
  void plan_memory();
  void make_arena();
  // Why the program cannot run with these arguments and what there is now; empty where it can.
  std::string refusal(TensorList inputs) const;
  std::string refused_arguments(TensorList inputs) const;
  std::string refused_tensors(TensorList inputs) const;
  std::string refused_gradients(TensorList inputs) const;
  void bind(int storage, Storage* s, char* base);
  void unbind(int storage);
  void bind_roots(TensorList inputs);
  void renew(int storage);
  void execute(size_t step);
  void execute_chain(const Chain& c);
  void execute_rule(Prepared& p, Step& s, int step);
  bool check(const Step& s) const;
  void observe(Prepared& p, const Step& s, const std::vector<Storage*>& made);
  std::optional<Refusal> run_steps();
  void draw();
  void leave_gradients();
  Tensor result(int value);

  // Whether nobody else ever sees the value.
  bool is_own(int value) const {
    const auto s = static_cast<size_t>(program_.values[static_cast<size_t>(value)].storage);
    return program_.storages[s].kind == StorageKind::temporary && !bound_[s].visible;
  }
  TensorImpl* header(int value) const {
    return value < 0 ? nullptr : headers_[static_cast<size_t>(value)];
  }

  Program program_;
  std::mutex lock_;
  std::vector<Chain> chains_;
  struct Unit {
    size_t step;
    const Chain* chain;  // that begins here, if one does
  };
  std::vector<Unit> units_;  // what is done, in order
  std::vector<char*> places_;
  std::vector<int> visible_;          // storages that users see
  std::vector<size_t> drawing_;       // steps that draw numbers
  std::vector<int> changed_;          // tensors of others whose elements are replaced
  std::vector<Prepared> prepared_;    // by step
  std::vector<TensorImpl*> headers_;  // by value; of inputs, states and grads: the tensors' own
  std::vector<Tensor> own_;           // the others
  struct Bound {
    Storage* storage = nullptr;  // holds a reference
    char* base = nullptr;
    std::vector<int> values;  // with headers of their own
    int root = -1;            // the value whose header is a tensor of others
    bool visible = false;     // users see it when the program has run
    bool hidden = false;      // no memory is needed: only a chain uses it
    // Made by a rule, which decides where it lies; what rules do is looked at in the first run, so
    // that it is known when they ask for the memory of their results, and they are given it.
    bool from_rule = false;
  };
  std::vector<Bound> bound_;      // by storage
  Tensor arena_;                  // made by the next run
  std::vector<int64_t> offsets_;  // by storage: where it lies in the arena; -1: not in it
  std::optional<runtime::Reserve> reserve_;  // for what steps need beside the arena
  bool planned_ = false;
  bool observed_ = false;  // what rules ask for is known
  int64_t planned_bytes_ = 0, allocations_ = 0;
  std::vector<int> made_at_;      // by storage: the step that makes it
  std::vector<bool> bound_here_;  // by storage: made by the run that is going on
  std::vector<bool> needs_grad_;  // by state
  std::vector<Tensor> begins_;    // the grads that leaves had
  size_t last_check_ = 0;         // steps up to the last check
  std::vector<int> undo_;         // roots that are changed before it
};

}  // namespace tape
WENGERT_NAMESPACE_END
