// Hooks on saved values from C++: kept elsewhere, and put back with the history they had.
#include <memory>

#include "graph.h"
#include "wengert/autograd.h"

namespace wengert {
namespace {

struct Counts {
  int packed = 0, unpacked = 0, alive = 0;
};

// Keeps the values as copies.
class Copies final : public SavedTensorHooks {
 public:
  explicit Copies(Counts& counts) : counts_(counts) {}
  std::unique_ptr<PackedValue> pack(const Tensor& value) override {
    ++counts_.packed;
    return std::make_unique<Copy>(clone(value.detach()), counts_);
  }

 private:
  class Copy final : public PackedValue {
   public:
    Copy(Tensor t, Counts& counts) : tensor_(std::move(t)), counts_(counts) { ++counts_.alive; }
    ~Copy() override { --counts_.alive; }
    Tensor unpack() override {
      ++counts_.unpacked;
      return tensor_;
    }

   private:
    Tensor tensor_;
    Counts& counts_;
  };

  Counts& counts_;
};

Tensor leaf() {
  Tensor x = full({3}, 0.5, DType::float64);
  x.requires_grad_();
  return x;
}

TEST(SavedHooks, GiveTheSameGradientsOfBothOrders) {
  Counts counts;
  const Tensor x = leaf();
  const auto f = [&] { return sum(exp(x * x) * x); };
  Tensor hooked;
  {
    const auto scope = saved_tensor_hooks(std::make_shared<Copies>(counts));
    hooked = f();
  }
  EXPECT_GT(counts.packed, 3);
  EXPECT_EQ(counts.alive, counts.packed);
  const auto second = [&](const Tensor& y) {
    const Tensor g = grad({&y, 1}, {&x, 1}, {}, false, true)[0];
    const Tensor s = sum(g);
    return sum(grad({&s, 1}, {&x, 1})[0]).item().to_double();
  };
  EXPECT_DOUBLE_EQ(second(hooked), second(f()));
  EXPECT_GT(counts.unpacked, 3);
  hooked = Tensor();
  EXPECT_EQ(counts.alive, 0);
}

TEST(SavedHooks, EndWithTheirScope) {
  Counts outer, inner;
  const Tensor x = leaf();
  {
    const auto a = saved_tensor_hooks(std::make_shared<Copies>(outer));
    {
      const auto b = saved_tensor_hooks(std::make_shared<Copies>(inner));
      exp(x);
    }
    sin(x);
    x + x;
  }
  exp(x);
  EXPECT_EQ(inner.packed, 1);
  EXPECT_EQ(outer.packed, 1);
}

}  // namespace
}  // namespace wengert
