// What stands between the call of an operation and its execution: it must see every operation, or
// a recorded step would lack some.
#include <string>
#include <vector>

#include "autograd/mode.h"
#include "autograd/op_class.h"
#include "graph.h"
#include "wengert/optim.h"

namespace wengert {
namespace {

using Names = std::vector<std::string>;

// A mode that the library does not have; kCapture would make it a program's recorder.
constexpr uint32_t kWatching = 1u << 2;
static_assert((kTransformModes & kWatching) != 0);

class Watcher final : public Transform {
 public:
  explicit Watcher(Names& seen) : Transform(kWatching), seen_(seen) { push(); }
  ~Watcher() override { pop(); }
  void run(OpCall& call) override {
    seen_.push_back(call.cls.name);
    run_transformed(call);
  }

 private:
  Names& seen_;
};

template <class F>
Names seen_by(F&& f) {
  Names names;
  const Watcher watcher(names);
  f();
  return names;
}

TEST(Transform, SeesWhatMakesTensors) {
  EXPECT_EQ(seen_by([] {
              zeros({2});
              ones({2});
              full({2}, 3);
              empty({2});
              arange(0, 3, 1);
              linspace(0, 1, 3);
              eye(3);
            }),
            (Names{"full", "full", "full", "empty", "arange", "linspace", "eye"}));
  const Tensor turned = transpose(zeros({2, 3}), 0, 1);
  EXPECT_EQ(
      seen_by([&] {
        zeros_like(turned);
        empty_like(turned);
        rand({2});
        randperm(4);
      }),
      (Names{"empty_like", "fill", "empty_like", "empty", "random_fill", "empty", "randperm"}));
}

TEST(Transform, SeesAWholeStepOfTraining) {
  const Tensor w = leaf({1, 2}), x = vec({3, 4});
  optim::SGD optimizer({w}, {.lr = 0.5});
  const auto step = [&] {
    optimizer.zero_grad();
    sum(w * x).backward();
    optimizer.step();
  };
  const Names seen{"mul", "sum", "full", "expand", "mul", "sgd_step"};
  EXPECT_EQ(seen_by(step), seen);
  EXPECT_EQ(seen_by(step), seen);
  // A gradient that is added to another one.
  sum(w * x).backward();
  EXPECT_EQ(seen_by([&] { sum(w * x).backward(); }),
            (Names{"mul", "sum", "full", "expand", "mul", "add"}));
}

}  // namespace
}  // namespace wengert
