// What the tests of the C interface share: handles that release themselves, and refusals.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "wengert/c.h"
#include "wengert/wengert.h"

namespace capi {

struct Free {
  void operator()(wg_tensor* t) const { wg_tensor_release(t); }
  void operator()(wg_map* m) const { wg_map_release(m); }
  void operator()(wg_optimizer* o) const { wg_optimizer_release(o); }
  void operator()(wg_tape* t) const { wg_tape_release(t); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;
using Handle = Owned<wg_tensor>;

inline void check(wg_status status) { ASSERT_EQ(status, WG_OK) << wg_last_error_message(); }

inline Handle tensor(std::vector<double> values, std::vector<int64_t> shape = {}) {
  if (shape.empty()) shape = {static_cast<int64_t>(values.size())};
  wg_tensor* t = nullptr;
  check(wg_tensor_from_data(values.data(), shape.data(), static_cast<int64_t>(shape.size()),
                            WG_FLOAT64, &t));
  return Handle(t);
}
inline std::vector<double> values(const Handle& t) {
  int64_t n = 0;
  check(wg_tensor_numel(t.get(), &n));
  std::vector<double> v(static_cast<size_t>(n));
  check(wg_tensor_copy_to(t.get(), v.data(), v.size() * sizeof(double)));
  return v;
}
template <class F, class... Args>
Handle result(F function, Args... args) {
  wg_tensor* out = nullptr;
  check(function(args..., &out));
  return Handle(out);
}
using Values = std::vector<double>;

// The call gives this status, and the error's text holds this.
#define REFUSES(status, text, call)                                               \
  do {                                                                            \
    wg_set_error(WG_OK, "");                                                      \
    EXPECT_EQ(call, status);                                                      \
    EXPECT_EQ(wg_last_error(), status);                                           \
    EXPECT_NE(std::string(wg_last_error_message()).find(text), std::string::npos) \
        << wg_last_error_message();                                               \
  } while (false)

struct Square {
  int calls = 0, destroyed = 0;
  wg_status answer = WG_OK;
  static wg_status backward(void* context, wg_tensor* const* grad_outputs, int64_t n_outputs,
                            wg_tensor* const* saved, int64_t n_saved, wg_tensor** grad_inputs,
                            int64_t n_inputs) {
    auto* self = static_cast<Square*>(context);
    ++self->calls;
    EXPECT_EQ(n_outputs + n_saved + n_inputs, 3);
    EXPECT_EQ(grad_inputs[0], nullptr);
    if (self->answer == WG_INDEX_ERROR) return wg_select(saved[0], 0, 99, &grad_inputs[0]);
    if (self->answer == WG_IO_ERROR) return wg_set_error(WG_IO_ERROR, "no answer");
    if (self->answer != WG_OK) return self->answer;
    const Handle twice = result(wg_mul_scalar, saved[0], 2);
    return wg_mul(grad_outputs[0], twice.get(), &grad_inputs[0]);
  }
  static void destroy(void* context) { ++static_cast<Square*>(context)->destroyed; }
  Handle operator()(const Handle& x) {
    bool before = false;
    check(wg_set_grad_enabled(false, &before));
    Handle y = result(wg_square, x.get());
    check(wg_set_grad_enabled(before, nullptr));
    wg_tensor *in = x.get(), *out = y.get();
    check(wg_record_custom("my_square", backward, this, destroy, &in, 1, &out, 1, &in, 1));
    return y;
  }
};

inline std::string tape_path() {  // tests may run at the same time
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return testing::TempDir() + "capi_tape_" + test->name();
}

// A step of training a linear map in float64, in a file; and the same in C++.
struct RecordedStep {
  wengert::Tensor w = wengert::tensor({0.5, -1.0}).requires_grad_();
  wengert::Tensor x = wengert::tensor({1.0, 2.0});
  wengert::optim::SGD sgd{{w}, {.lr = 0.25, .momentum = 0.5}};
  wengert::Tape tape;

  RecordedStep() : tape(record()) { tape.save(tape_path(), {"w", "momentum"}, {{"note", "kept"}}); }
  ~RecordedStep() { std::remove(tape_path().c_str()); }
  wengert::Tensor step(const wengert::Tensor& in) {
    sgd.zero_grad();
    const wengert::Tensor loss = wengert::sum(wengert::square(w * in));
    loss.backward();
    sgd.step();
    return loss.detach();
  }
  wengert::Tape record() {
    step(x);
    return wengert::Tape::record(
        [&](wengert::TensorList in) { return std::vector<wengert::Tensor>{step(in[0])}; }, {&x, 1});
  }
  static Owned<wg_tape> load() {
    wg_tape* tape = nullptr;
    check(wg_tape_load(tape_path().c_str(), &tape));
    return Owned<wg_tape>(tape);
  }
};
inline Handle state(const Owned<wg_tape>& tape, const char* name) {
  wg_map* map = nullptr;
  check(wg_tape_states(tape.get(), &map));
  const Owned<wg_map> states(map);
  return result(wg_map_get, map, name);
}

}  // namespace capi
