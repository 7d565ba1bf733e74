// A recorded program: what operations did, in order, over values that lie in storages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "autograd/node.h"
#include "wengert/random.h"

WENGERT_NAMESPACE_BEGIN
namespace tape {

// A copy of an operation's value.
class OpValue {
 public:
  OpValue() = default;
  OpValue(const OpClass& cls, const void* op);
  // One whose attributes are to be set; `make` may be nullptr.
  OpValue(const OpClass& cls, void (*make)(void*));
  OpValue(const OpValue& o) : OpValue() { *this = o; }
  OpValue(OpValue&& o) noexcept { *this = std::move(o); }
  OpValue& operator=(const OpValue& o);
  OpValue& operator=(OpValue&& o) noexcept;
  ~OpValue();

  bool valid() const { return cls_ != nullptr; }
  const OpClass& cls() const { return *cls_; }
  void* get() { return memory_.get(); }
  const void* get() const { return memory_.get(); }

 private:
  const OpClass* cls_ = nullptr;
  std::unique_ptr<std::max_align_t[]> memory_;
};

// Where an operation that draws numbers holds the generator's state; nullptr in others.
struct RandomFields {
  uint64_t* seed = nullptr;
  uint64_t* offset = nullptr;
};
RandomFields random_fields(const OpClass& cls, void* op);
// The attribute `name`, a floating point number; nullptr where there is none.
double* number_field(OpValue& op, const std::string& name);

// An array in a storage.
struct Value {
  int storage = -1;
  int64_t offset = 0;  // bytes from the storage's reference point; negative in front of it
  DType dtype = DType::float32;
  Shape shape, strides;

  int64_t numel() const;
  bool contiguous() const;
};
bool same_layout(const TensorImpl& t, const Value& v);

// The storage whose memory this is, or a part of.
inline const Storage* root_of(const Storage* s) {
  while (s->parent) s = s->parent;
  return s;
}

enum class StorageKind : uint8_t {
  input,      // of argument `index`
  state,      // of `Program::states[index]`
  gradient,   // of the grad that leaf `index` has when the program begins
  temporary,  // made by the program
};
// The reference point of a storage that is not temporary is the first element of its tensor, that
// of a temporary one its first byte.
struct StorageInfo {
  StorageKind kind;
  int index = -1;
  int64_t bytes = 0;       // of a temporary one
  bool from_rule = false;  // made by the rule of a node, which decides where it lies
};

enum class StepKind : uint8_t {
  op,      // outputs = operation(inputs)
  change,  // an operation in place: inputs[0] is replaced; or without outputs, of several inputs
  view,    // outputs are other headers of inputs[0]'s storage: nothing happens
  rule,    // the rule of an operation's node: gradients of its inputs from those of its outputs
  check,   // inputs[0] must have the bytes that were seen
};

// Numbers that an operation draws: from where the generator stands when the program begins.
struct Draw {
  int generator = -1;
  uint64_t offset = 0;
  uint64_t blocks = 0;  // that were drawn; 0: not known
};

// What the rule of a node needs beside its operation.
struct RuleInfo {
  struct Saved {
    bool is_output;
    uint16_t output_nr;
  };
  struct Edge {
    bool needed = false;
    bool present = false;  // the input was given
    DType dtype = DType::float32;
    Shape shape;
    int into = -1;  // the value that the gradient is added to
  };
  int gradients = 0;  // of the inputs, how many are gradients of outputs; the others are saved
  std::vector<Saved> saved;
  std::vector<Edge> edges;
};

struct Step {
  StepKind kind;
  OpValue op;               // not of a check
  std::vector<int> inputs;  // numbers of values, -1: undefined
  std::vector<int> outputs;
  Draw draw;
  std::unique_ptr<RuleInfo> rule;
  std::string bytes;  // of a check
  std::string where;  // the line that was running
  bool dead = false;  // left out when the program runs

  // The values whose elements are replaced, as a part of `inputs`; a step without outputs may
  // replace those of any.
  std::vector<int> changed() const;
};

struct State {
  Tensor tensor;
  int value;
  bool constant = false;  // made with the program; nobody changes it
};

// What happens to the grad of a leaf.
struct LeafGradient {
  int leaf;        // the value of an input or a state
  bool replaced;   // before anybody has looked at it
  bool defined;    // when the program begins
  int begin = -1;  // its value
  int end = -1;    // the value that is left there; -1: none
};

struct GeneratorUse {
  Generator generator;
  bool seeded = false;     // by the program: what it draws and leaves is fixed
  Generator::State end{};  // relative to the beginning, or if seeded as it is left
};

struct Program {
  std::vector<Value> values;
  std::vector<StorageInfo> storages;
  std::vector<Step> steps;
  std::vector<int> inputs;  // the value of each argument
  std::vector<bool> inputs_require_grad;
  std::vector<int> outputs;  // -1: undefined
  std::vector<State> states;
  std::vector<LeafGradient> gradients;
  std::vector<GeneratorUse> generators;

  const StorageInfo& storage_of(int value) const {
    return storages[static_cast<size_t>(values[static_cast<size_t>(value)].storage)];
  }
};

}  // namespace tape
WENGERT_NAMESPACE_END
