// What the tests of the backward graph share.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "wengert/autograd.h"
#include "wengert/error.h"
#include "wengert/ops.h"
#include "wengert/runtime.h"

namespace wengert {

inline Tensor vec(const std::vector<double>& v) {
  return from_data(v.data(), {static_cast<int64_t>(v.size())}, DType::float64);
}
inline Tensor leaf(const std::vector<double>& v) { return vec(v).requires_grad_(); }

inline std::vector<double> values(const Tensor& t) {
  if (!t.defined()) return {};
  const Tensor x = t.detach().to(DType::float64).contiguous();
  return {x.data<double>(), x.data<double>() + x.numel()};
}

inline void expect_values(const Tensor& t, const std::vector<double>& want) {
  const std::vector<double> got = values(t);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_DOUBLE_EQ(got[i], want[i]) << "at " << i;
}

// Runs f, which must throw E with every one of `parts` in its message.
template <class E = Error, class F>
void expect_error(F&& f, const std::vector<std::string>& parts) {
  try {
    f();
  } catch (const E& e) {
    for (const std::string& part : parts) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
    return;
  }
  ADD_FAILURE() << "nothing was thrown";
}

inline uint64_t live_blocks() { return memory_stats().live_blocks; }

// A custom operation y = f(x) whose backward is any function.
class Custom final : public CustomBackward {
 public:
  using Function =
      std::function<std::vector<Tensor>(const std::vector<Tensor>&, const std::vector<Tensor>&)>;
  explicit Custom(Function f) : f_(std::move(f)) {}
  const char* name() const override { return "MyOp"; }
  std::vector<Tensor> backward(const std::vector<Tensor>& g,
                               const std::vector<Tensor>& s) override {
    return f_(g, s);
  }

 private:
  Function f_;
};

// The identity with the gradient that `f` gives.
inline Tensor custom_identity(const Tensor& x, Custom::Function f) {
  Tensor y;
  {
    NoGradGuard off;
    y = clone(x);
  }
  record_custom(std::make_shared<Custom>(std::move(f)), {x}, {y}, {}, {});
  return y;
}

}  // namespace wengert
