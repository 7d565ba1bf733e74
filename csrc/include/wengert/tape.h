// Recorded programs: what a function did once with tensors, to be looked at and done again.
//
//   Tape tape = Tape::record([&](TensorList x) { return std::vector<Tensor>{net(x[0])}; }, {x});
//   std::vector<Tensor> y = tape(x2);
//
// A program consists of the operations that were executed, those of backward passes and optimizers
// among them, and gives the same bits as running the function again. It needs arguments of the same
// dtypes, shapes and strides; it reads and changes the tensors that the function has used beside
// its arguments, and leaves gradients in leaves, as the function does.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wengert/scalar.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN

namespace tape {
class Player;
class Recorder;
struct Step;
}  // namespace tape

struct TapeStats {
  int64_t operations = 0;   // steps that compute
  int64_t rules = 0;        // of them, rules of nodes of the backward graph
  int64_t checks = 0;       // values that were read and must be the same again
  int64_t bytes = 0;        // read and written by the operations
  int64_t flops = 0;        // of products
  int64_t peak_bytes = 0;   // of what the program keeps between its steps
  int64_t allocations = 0;  // blocks of memory that the last run has asked for
};

// An array that a program reads or makes, in a storage that several may share.
struct TapeValue {
  enum class Kind : uint8_t { argument, state, gradient, temporary };
  Kind kind = Kind::temporary;
  int64_t index = -1;  // of the argument, the state, or the leaf whose grad it is
  int64_t storage = 0;
  int64_t offset = 0;  // bytes
  DType dtype = DType::float32;
  std::vector<int64_t> shape, strides;
};

using TapeAttribute =
    std::variant<bool, int64_t, uint64_t, double, DType, Scalar, std::vector<int64_t>>;

struct TapeStep {
  enum class Kind : uint8_t {
    operation,
    change,  // the first input is replaced; or without outputs, any of them
    view,    // outputs share the memory of the first input
    rule,    // of a node of the backward graph: inputs are gradients of outputs, then saved values
    check    // the input must be what it was
  };
  Kind kind = Kind::operation;
  std::string name;
  std::vector<std::pair<std::string, TapeAttribute>> attributes;
  std::vector<int64_t> inputs, outputs;  // numbers of values; -1: undefined
  std::string where;
};

struct TapePart;

class WENGERT_API Tape {
 public:
  // Runs f(inputs), and keeps what it did. Error if a program cannot do the same: a tensor was made
  // of the host's numbers, a sparse tensor was used, a result is returned whose gradient could
  // still be taken.
  static Tape record(const std::function<std::vector<Tensor>(TensorList)>& f, TensorList inputs);

  // Runs it. Error, with nothing changed, where the arguments do not fit or a value that the
  // function had read is another.
  std::vector<Tensor> operator()(TensorList inputs) const;
  // The same; says why it did not run, or nothing if it did.
  std::string run(TensorList inputs, std::vector<Tensor>& outputs) const;

  // Writes the program and the tensors that it uses, its states, to a file that load() and other
  // programs can read: a safetensors file, see docs/tape_format.md. The states are called s0, s1,
  // ... where no names are given. `metadata` is kept beside. ValueError for an operation that files
  // cannot hold, and for names that are not unique.
  void save(const std::string& path, const std::vector<std::string>& names = {},
            const std::map<std::string, std::string>& metadata = {}) const;
  // Reads such a file. The states are new tensors of the tape, as states() gives them; numbers are
  // drawn from the default generator where those recorded were. Runs no code but the operations
  // that the file names, and everything is checked before; ValueError says what is wrong.
  // `metadata` gets what was kept beside.
  static Tape load(const std::string& path, std::map<std::string, std::string>* metadata = nullptr);

  // One line for each operation: outputs = name(attributes) inputs : dtype shape # where
  std::string to_string() const;
  TapeStats stats() const;
  int64_t size() const;  // steps
  TapeStep step(int64_t i) const;
  std::vector<TapeValue> values() const;
  // The values of the arguments and of the results.
  std::vector<int64_t> arguments() const;
  std::vector<int64_t> results() const;
  // Does what step i does to other tensors, as an ordinary call: it is recorded, differentiated and
  // so on. A rule adds to gradients that stand behind its inputs, in order. Tensors may differ from
  // the step's own in dtype and shape if its operation takes them; those of rules may not.
  std::vector<Tensor> apply(int64_t i, const std::vector<Tensor>& inputs) const;
  // The operation of step i, or its rule, with other integers as attributes, as recurrent layers of
  // more steps have them. A rule must have saved all inputs of its operation; it adds to nothing.
  // ValueError where the operation does not take such inputs or attributes.
  std::vector<Tensor> apply(int64_t i, const std::vector<Tensor>& inputs,
                            const std::map<std::string, int64_t>& attributes) const;
  // The values whose elements some step changes, or who gets the results and gradients; and those
  // that step i, a rule, adds to.
  std::vector<int64_t> changed() const;
  std::vector<int64_t> added_to(int64_t i) const;
  // Whether step i is left out when the program runs: nobody reads what it makes, or another has
  // made it before.
  bool is_unused(int64_t i) const;
  // By step: those before it that it must stay behind, because it takes or overwrites what they
  // make or overwrites what they read; what follows from others may be left out.
  std::vector<std::vector<int64_t>> dependencies() const;
  // The same program with others in place of some of its steps; what nobody needs then is left out.
  // `kept` gets the number that each step has in the result, -1 where it has none. ValueError for
  // parts that do not fit; NotImplementedError where a result lies in memory that is changed or
  // returned and belongs to something else.
  Tape with_parts(const std::vector<TapePart>& parts, std::vector<int64_t>* kept = nullptr) const;
  // What it uses beside its arguments, and may change.
  std::vector<Tensor> states() const;
  std::vector<int64_t> state_values() const;
  // Their names in files; empty if nobody has given any.
  std::vector<std::string> state_names() const;
  void set_state_names(std::vector<std::string> names);
  // A floating point attribute of the operation of a step, which may be set between runs; nullptr
  // if there is none of this name.
  double* number(int64_t step, const std::string& name) const;

 private:
  friend class TapeRecording;
  explicit Tape(std::shared_ptr<tape::Player> player) : player_(std::move(player)) {}
  const tape::Step& step_of(int64_t i) const;
  std::shared_ptr<tape::Player> player_;
};

// What takes the place of a step. Its arguments are the inputs of the step that are there, then
// what the step adds to; its results are the step's outputs, of their dtypes, shapes and strides.
// In place of a step that changes its first input, it changes that itself.
//
// It may take the place of further steps, `also`, with the arguments and results of all of them one
// after another. They are moved together; ValueError where that would change what the program does.
// It must not read what one of them makes and another takes.
struct TapePart {
  int64_t step;
  Tape tape;
  std::vector<int64_t> also = {};
};

// A recording that is going on, on the thread that has begun it.
class WENGERT_API TapeRecording {
 public:
  // `where` names the line that is running, for to_string(); it may be empty.
  explicit TapeRecording(TensorList inputs, std::function<std::string()> where = {});
  ~TapeRecording();
  TapeRecording(const TapeRecording&) = delete;
  TapeRecording& operator=(const TapeRecording&) = delete;

  // That of this thread; nullptr if there is none.
  static TapeRecording* current();
  // A tensor that was there before and may be used, such as a parameter.
  void add_state(const Tensor& t);
  // A tensor that was made of the host's numbers since, and always has these.
  void add_constant(const Tensor& t);
  // From here on, tensors that are made of the host's numbers hold the same each time.
  void keep_host_numbers();
  // Whose memory it is: that of an argument, made so far, or another's (a state).
  TapeValue::Kind origin(const Tensor& t) const;
  int64_t size() const;  // steps so far
  Tape finish(TensorList outputs);
  // What happens while it is paused is no part of it.
  void pause(bool paused);
  // Ends the recording without a program, if it has not ended.
  void close();

 private:
  std::unique_ptr<tape::Recorder> recorder_;
  TapeRecording* outer_;
};

WENGERT_NAMESPACE_END
