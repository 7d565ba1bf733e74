// Recording: what a thread does, as a program.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "autograd/capture.h"
#include "runtime/random_observer.h"
#include "tape/program.h"
#include "wengert/tape.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

class Recorder final : public Capture, private runtime::RandomObserver {
 public:
  // `where` names the line that is running; it may be empty.
  Recorder(TensorList inputs, std::function<std::string()> where);
  ~Recorder() override;

  // A tensor whose elements the program may use and change: one that was there before it.
  void add_state(const Tensor& t);
  // Says that the elements of `t`, made of numbers in the program, are always these.
  void add_constant(const Tensor& t);
  void pause(bool paused);
  // From here on, tensors that are made of the host's numbers hold the same each time.
  void keep_host_numbers() { keeps_host_numbers_ = true; }
  int64_t size() const { return static_cast<int64_t>(program_.steps.size()); }
  TapeValue::Kind origin(const Tensor& t) const;
  // Ends the recording. Error if something happened that a program cannot repeat.
  Program finish(TensorList outputs);

  void run(OpCall& call) override;
  bool run_node(const NodeCall& call) override;
  void touch_gradient(TensorImpl& leaf, bool replaced) override;
  void replace_data(const TensorImpl& t) override;
  void refuse(const char* what) override;
  void read(const TensorImpl& t) override;

 private:
  class Pause;
  class Sink;

  void drawn(const Generator& g, Generator::State before, uint64_t blocks) override;
  void replaced(const Generator& g, Generator::State before, Generator::State after,
                bool seeded) override;
  void watch(bool on);
  void stop();
  static void forget(const Storage* s);

  int storage_of(const Storage* s) const;
  int know(Storage* s, StorageInfo info);
  // The number of the value that `t` is; makes one for another header of a storage that is known,
  // and for one that was there before.
  int value_of(const TensorImpl& t);
  int new_value(int storage, const TensorImpl& t);
  // Of what an operation or rule has made.
  int made(const TensorImpl& t, bool from_rule);
  Step& add(StepKind kind, const OpClass* cls, const void* op);
  void note(const OpCall& call, std::vector<int> inputs);
  // What is known of the grad of a leaf when it is first touched.
  void note_gradient(TensorImpl& leaf, bool replaced, const Tensor& now);
  bool is_untouched(int v) const;
  // Lets the memory be what it is from here on.
  void make_constant(int v, const TensorImpl& t);
  void refuse_survivors();
  // Tells the step what its operation has drawn.
  void bind_draw(Step& step);
  GeneratorUse& generator(const Generator& g, Generator::State before);

  void note_line();

  Program program_;
  std::function<std::string()> where_;
  std::string line_;  // that is running
  std::string refusal_;
  bool running_ = false, paused_ = false;
  bool keeps_host_numbers_ = false;

  mutable std::mutex lock_;  // storages may end on other threads
  std::unordered_map<const Storage*, int> known_;
  std::vector<std::vector<int>> values_of_;  // by storage
  std::vector<const char*> base_;            // by storage: its reference point
  std::vector<const TensorImpl*> input_impls_;
  std::vector<TensorImpl*> leaves_;  // as Program::gradients
  struct Drawn {
    Generator::State state;
    int generator;
    Draw draw;
  };
  std::vector<Drawn> draws_;
  std::vector<Generator::State> starts_;  // of the generators
};

}  // namespace tape
WENGERT_NAMESPACE_END
