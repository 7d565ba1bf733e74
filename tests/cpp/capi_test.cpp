// The C interface: what it computes, and that every misuse comes back as a status with a text.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "wengert/c.h"
#include "wengert/wengert.h"

namespace {

struct Free {
  void operator()(wg_tensor* t) const { wg_tensor_release(t); }
  void operator()(wg_map* m) const { wg_map_release(m); }
  void operator()(wg_optimizer* o) const { wg_optimizer_release(o); }
  void operator()(wg_tape* t) const { wg_tape_release(t); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;
using Handle = Owned<wg_tensor>;

void check(wg_status status) { ASSERT_EQ(status, WG_OK) << wg_last_error_message(); }

Handle tensor(std::vector<double> values, std::vector<int64_t> shape = {}) {
  if (shape.empty()) shape = {static_cast<int64_t>(values.size())};
  wg_tensor* t = nullptr;
  check(wg_tensor_from_data(values.data(), shape.data(), static_cast<int64_t>(shape.size()),
                            WG_FLOAT64, &t));
  return Handle(t);
}
std::vector<double> values(const Handle& t) {
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

TEST(CApi, TellsItsVersion) {
  EXPECT_EQ(wg_abi_version(), WG_ABI_VERSION);
  EXPECT_STREQ(wg_version(), WENGERT_VERSION);
}

TEST(CApi, DtypesAreThoseOfTheLibrary) {
  const std::vector<std::pair<wg_dtype, wengert::DType>> pairs = {
      {WG_BOOL, wengert::DType::bool_},          {WG_UINT8, wengert::DType::uint8},
      {WG_INT8, wengert::DType::int8},           {WG_INT16, wengert::DType::int16},
      {WG_INT32, wengert::DType::int32},         {WG_INT64, wengert::DType::int64},
      {WG_FLOAT16, wengert::DType::float16},     {WG_BFLOAT16, wengert::DType::bfloat16},
      {WG_FLOAT32, wengert::DType::float32},     {WG_FLOAT64, wengert::DType::float64},
      {WG_COMPLEX64, wengert::DType::complex64}, {WG_COMPLEX128, wengert::DType::complex128}};
  ASSERT_EQ(pairs.size(), static_cast<size_t>(wengert::kDTypeCount));
  for (const auto& [c, cpp] : pairs) EXPECT_EQ(c, static_cast<wg_dtype>(cpp));
}

TEST(CApi, MakesAndShowsTensors) {
  const int64_t shape[] = {2, 3};
  const Handle zeros = result(wg_tensor_zeros, shape, 2, WG_FLOAT64);
  EXPECT_EQ(values(zeros), Values(6, 0));
  EXPECT_EQ(values(result(wg_tensor_ones, shape, 2, WG_FLOAT64)), Values(6, 1));
  EXPECT_EQ(values(result(wg_tensor_full, shape, 2, 2.5, WG_FLOAT64)), Values(6, 2.5));
  const Handle t = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  const Handle turned = result(wg_transpose, t.get(), 0, 1);
  const int64_t* sizes = nullptr;
  const int64_t* strides = nullptr;
  int64_t ndim = 0;
  check(wg_tensor_shape(turned.get(), &sizes, &ndim));
  EXPECT_EQ((std::vector<int64_t>(sizes, sizes + ndim)), (std::vector<int64_t>{3, 2}));
  check(wg_tensor_strides(turned.get(), &strides, &ndim));
  EXPECT_EQ((std::vector<int64_t>(strides, strides + ndim)), (std::vector<int64_t>{1, 3}));
  bool contiguous = true;
  check(wg_tensor_is_contiguous(turned.get(), &contiguous));
  EXPECT_FALSE(contiguous);
  EXPECT_EQ(values(turned), (Values{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(values(result(wg_tensor_contiguous, turned.get())), (Values{1, 4, 2, 5, 3, 6}));
  const Values others = {9, 8, 7, 6, 5, 4};
  check(wg_tensor_copy_from(turned.get(), others.data(), 48));
  EXPECT_EQ(values(t), (Values{9, 7, 5, 8, 6, 4}));
  void* data = nullptr;
  check(wg_tensor_data(t.get(), &data));
  EXPECT_EQ(static_cast<double*>(data)[1], 7);
  const Handle copy = result(wg_tensor_clone, t.get());
  check(wg_fill_(t.get(), 0));
  EXPECT_EQ(values(copy)[0], 9);
  const Handle whole = result(wg_tensor_to, copy.get(), WG_INT64);
  wg_dtype dtype = 0;
  check(wg_tensor_dtype(whole.get(), &dtype));
  EXPECT_EQ(dtype, WG_INT64);
  int64_t last = 0;
  check(wg_tensor_item_int(
      result(wg_select, result(wg_select, whole.get(), 0, 1).get(), 0, 2).get(), &last));
  EXPECT_EQ(last, 4);
  char text[8];
  uint64_t length = 0;
  check(wg_tensor_text(tensor({1.5}).get(), text, sizeof text, &length));
  EXPECT_STREQ(text, "tensor(");
  EXPECT_GT(length, 7u);
}

TEST(CApi, BorrowsMemoryUntilTheLastTensorIsGone) {
  double memory[] = {1, 2, 3, 4};
  const int64_t shape[] = {2}, strides[] = {2};
  int released = 0;
  wg_tensor* t = nullptr;
  check(wg_tensor_from_blob(
      memory, shape, 1, WG_FLOAT64, strides, [](void* n) { ++*static_cast<int*>(n); }, &released,
      &t));
  const Handle view = result(wg_narrow, t, 0, 1, 1);
  check(wg_tensor_retain(t));
  check(wg_tensor_release(t));
  check(wg_tensor_release(t));
  EXPECT_EQ(released, 0);
  memory[2] = 30;
  EXPECT_EQ(values(view), Values{30});
}

TEST(CApi, DrawsTheSameNumbersForASeed) {
  const int64_t shape[] = {5};
  wg_generator* g = nullptr;
  check(wg_generator_create(7, &g));
  const Values first = values(result(wg_tensor_rand, shape, 1, WG_FLOAT64, g));
  check(wg_generator_release(g));
  check(wg_manual_seed(7));
  EXPECT_EQ(values(result(wg_tensor_rand, shape, 1, WG_FLOAT64, nullptr)), first);
  EXPECT_NE(values(result(wg_tensor_randn, shape, 1, WG_FLOAT64, nullptr)), first);
}

TEST(CApi, NamedFunctionsAreThoseOfCpp) {
  const Handle a = tensor({0.5, 1, 2, 3}, {2, 2}), b = tensor({4, 3, 2, 1}, {2, 2});
  const auto cpp = [](const Handle& t) {
    return wengert::from_data(values(t).data(), {2, 2}, wengert::DType::float64);
  };
  const auto expect = [](const Handle& got, const wengert::Tensor& expected) {
    const wengert::Tensor e = expected.to(wengert::DType::float64).contiguous();
    EXPECT_EQ(values(result(wg_tensor_to, got.get(), WG_FLOAT64)),
              Values(e.data<double>(), e.data<double>() + e.numel()));
  };
  const wengert::Tensor x = cpp(a), y = cpp(b);
#define SAME_UNARY(name) expect(result(wg_##name, a.get()), wengert::name(x));
  SAME_UNARY(neg)
  SAME_UNARY(abs)
  SAME_UNARY(square)
  SAME_UNARY(sqrt)
  SAME_UNARY(exp)
  SAME_UNARY(log)
  SAME_UNARY(sin)
  SAME_UNARY(cos)
  SAME_UNARY(tanh)
  SAME_UNARY(sigmoid)
  SAME_UNARY(relu)
  SAME_UNARY(gelu)
  SAME_UNARY(silu)
#define SAME_BINARY(name) expect(result(wg_##name, a.get(), b.get()), wengert::name(x, y));
  SAME_BINARY(add)
  SAME_BINARY(sub)
  SAME_BINARY(mul)
  SAME_BINARY(div)
  SAME_BINARY(pow)
  SAME_BINARY(maximum)
  SAME_BINARY(minimum)
  SAME_BINARY(eq)
  SAME_BINARY(lt)
  SAME_BINARY(gt)
  SAME_BINARY(matmul)
  SAME_BINARY(mse_loss)
  SAME_BINARY(cross_entropy)
  SAME_BINARY(binary_cross_entropy_with_logits)
  expect(result(wg_add_scalar, a.get(), 3), x + 3);
  expect(result(wg_mul_scalar, a.get(), 3), x * 3);
  expect(result(wg_pow_scalar, a.get(), 3), pow(x, 3.0));
  expect(result(wg_linear, a.get(), b.get(), nullptr), linear(x, y));
  const int64_t dims[] = {1}, turned[] = {1, 0}, shape[] = {4, 1};
  expect(result(wg_sum, a.get(), dims, 1, true), sum(x, {1}, true));
  expect(result(wg_mean, a.get(), nullptr, 0, false), mean(x));
  expect(result(wg_argmax, a.get(), 1, false), argmax(x, 1));
  expect(result(wg_softmax, a.get(), 1), softmax(x, 1));
  expect(result(wg_log_softmax, a.get(), 1), log_softmax(x, 1));
  expect(result(wg_reshape, a.get(), shape, 2), reshape(x, {4, 1}));
  expect(result(wg_permute, a.get(), turned, 2), permute(x, {1, 0}));
  expect(result(wg_unsqueeze, a.get(), 0), unsqueeze(x, 0));
  const Handle index = result(wg_tensor_to, tensor({1, 0}).get(), WG_INT64);
  expect(result(wg_index_select, a.get(), 0, index.get()),
         index_select(x, 0, wengert::tensor(std::initializer_list<int64_t>{1, 0})));
  wg_tensor* both[] = {a.get(), b.get()};
  expect(result(wg_cat, both, 2, 1), wengert::cat({x, y}, 1));
  expect(result(wg_stack, both, 2, 0), wengert::stack({x, y}));
  check(wg_copy_(b.get(), a.get()));
  EXPECT_EQ(values(b), values(a));
  const int64_t two[] = {2, 2};
  const Handle image = result(wg_reshape, a.get(), std::vector<int64_t>{1, 1, 2, 2}.data(), 4);
  const wengert::Tensor picture = reshape(x, {1, 1, 2, 2});
  expect(result(wg_conv2d, image.get(), image.get(), nullptr, nullptr, two, nullptr, 1),
         conv2d(picture, picture, {}, {1, 1}, {2, 2}));
  expect(result(wg_max_pool2d, image.get(), two, nullptr, nullptr), max_pool2d(picture, {2, 2}));
  expect(result(wg_dropout, a.get(), 0.5, false, nullptr), x);
}

TEST(CApi, CallsEveryFunctionByItsName) {
  const Handle t = tensor({3, 1, 2});
  wg_value in = wg_arg_tensor(nullptr, t.get()), out[2];
  int64_t count = 0;
  check(wg_call("sort", &in, 1, out, 2, &count));
  ASSERT_EQ(count, 2);
  EXPECT_STREQ(out[0].name, "values");
  EXPECT_STREQ(out[1].name, "indices");
  EXPECT_EQ(values(Handle(out[0].as.tensor)), (Values{1, 2, 3}));
  wg_tensor_release(out[1].as.tensor);

  wg_value same[] = {in, in};
  check(wg_call("allclose", same, 2, out, 1, &count));
  EXPECT_EQ(out[0].kind, WG_KIND_BOOL);
  EXPECT_EQ(out[0].as.integer, 1);
  check(wg_call("result_type", same, 2, out, 1, &count));
  EXPECT_EQ(out[0].kind, WG_KIND_DTYPE);
  EXPECT_EQ(out[0].as.integer, WG_FLOAT64);

  // Numbers, texts, lists and things left out.
  wg_value clamp[] = {in, wg_arg_none("min"), wg_arg_int("max", 2)};
  EXPECT_EQ(values(result(wg_call_tensor, "clamp", clamp, 3)), (Values{2, 1, 2}));
  const Handle q = result(wg_mul_scalar, t.get(), 0.2);
  wg_value quantile[] = {in, wg_arg_tensor("q", q.get()), wg_arg_text("interpolation", "nearest")};
  EXPECT_EQ(values(result(wg_call_tensor, "quantile", quantile, 3)), (Values{2, 1, 2}));
  wg_tensor* two[] = {t.get(), t.get()};
  wg_value stack[] = {wg_arg_tensors(nullptr, two, 2), wg_arg_int("dim", 1)};
  EXPECT_EQ(values(result(wg_call_tensor, "stack", stack, 2)), (Values{3, 3, 1, 1, 2, 2}));
  const int64_t shape[] = {2, 2};
  wg_generator* g = nullptr;
  check(wg_generator_create(3, &g));
  wg_value rand[] = {wg_arg_ints(nullptr, shape, 2), wg_arg_dtype("dtype", WG_FLOAT64),
                     wg_arg_generator("generator", g)};
  const Values drawn = values(result(wg_call_tensor, "rand", rand, 3));
  check(wg_generator_release(g));
  check(wg_generator_create(3, &g));
  EXPECT_EQ(values(result(wg_tensor_rand, shape, 2, WG_FLOAT64, g)), drawn);
  check(wg_generator_release(g));

  // In place.
  check(wg_call("exp_", &in, 1, out, 1, &count));
  EXPECT_EQ(out[0].as.tensor, t.get());
  wg_tensor_release(out[0].as.tensor);
  EXPECT_DOUBLE_EQ(values(t)[1], std::exp(1.0));

  const char *name = nullptr, *signature = nullptr, *documentation = nullptr;
  int64_t n = 0;
  bool found = false;
  for (; wg_function_info(n, &name, &signature, &documentation) == WG_OK; ++n) {
    found = found || std::string(name) == "conv2d";
    EXPECT_NE(std::string(documentation), "") << name;
  }
  EXPECT_TRUE(found);
  EXPECT_GT(n, 400);
}

TEST(CApi, InPlaceCallsKeepWhatGradientsNeed) {
  const Handle x = tensor({1, 2});
  check(wg_tensor_set_requires_grad(x.get(), true));
  const Handle y = result(wg_mul_scalar, x.get(), 2);
  wg_value in = wg_arg_tensor(nullptr, y.get()), out;
  check(wg_call("sin_", &in, 1, &out, 1, nullptr));
  wg_tensor_release(out.as.tensor);
  check(wg_tensor_backward(result(wg_sum, y.get(), nullptr, 0, false).get()));
  const Values slopes = values(result(wg_tensor_grad, x.get()));
  EXPECT_DOUBLE_EQ(slopes[0], 2 * std::cos(2));
  EXPECT_DOUBLE_EQ(slopes[1], 2 * std::cos(4));
}

TEST(CApi, Differentiates) {
  const Handle x = tensor({2, 3});
  check(wg_tensor_set_requires_grad(x.get(), true));
  bool on = false, leaf = false;
  check(wg_tensor_requires_grad(x.get(), &on));
  check(wg_tensor_is_leaf(x.get(), &leaf));
  EXPECT_TRUE(on && leaf);
  EXPECT_EQ(result(wg_tensor_grad, x.get()), nullptr);
  const auto cube = [&] { return result(wg_pow_scalar, x.get(), 3); };
  const Handle y = cube();
  wg_tensor* roots[] = {y.get()};
  const Handle weights = tensor({1, 10});
  wg_tensor* gradients[] = {weights.get()};
  check(wg_backward(roots, gradients, 1, false, false));
  EXPECT_EQ(values(result(wg_tensor_grad, x.get())), (Values{12, 270}));
  check(wg_tensor_set_grad(x.get(), nullptr));

  // The second derivative.
  const Handle again = cube();
  roots[0] = again.get();
  wg_tensor *inputs[] = {x.get()}, *first = nullptr, *second = nullptr;
  gradients[0] = nullptr;
  const Handle total = result(wg_sum, again.get(), nullptr, 0, false);
  roots[0] = total.get();
  check(wg_grad(roots, gradients, 1, inputs, 1, false, true, false, &first));
  const Handle slope(first), sum = result(wg_sum, first, nullptr, 0, false);
  roots[0] = sum.get();
  check(wg_grad(roots, nullptr, 1, inputs, 1, false, false, false, &second));
  EXPECT_EQ(values(Handle(second)), (Values{12, 18}));

  bool before = false;
  check(wg_set_grad_enabled(false, &before));
  EXPECT_TRUE(before);
  check(wg_tensor_requires_grad(cube().get(), &on));
  EXPECT_FALSE(on);
  check(wg_set_grad_enabled(before, nullptr));
  check(wg_tensor_requires_grad(result(wg_tensor_detach, cube().get()).get(), &on));
  EXPECT_FALSE(on);
}

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

TEST(CApi, CustomOperationsHaveGradientsOfEveryOrder) {
  const Handle x = tensor({3});
  check(wg_tensor_set_requires_grad(x.get(), true));
  Square square;
  {
    const Handle y = square(x);
    wg_tensor *out = y.get(), *in = x.get(), *first = nullptr, *second = nullptr;
    check(wg_grad(&out, nullptr, 1, &in, 1, false, true, false, &first));
    const Handle slope(first);
    EXPECT_EQ(values(slope), Values{6});
    out = first;
    check(wg_grad(&out, nullptr, 1, &in, 1, false, false, false, &second));
    EXPECT_EQ(values(Handle(second)), Values{2});
  }
  EXPECT_EQ(square.calls, 1);
  EXPECT_EQ(square.destroyed, 1);
}

TEST(CApi, ErrorsOfCallbacksEndTheBackwardPass) {
  const Handle x = tensor({3});
  check(wg_tensor_set_requires_grad(x.get(), true));
  Square square;
  const auto status = [&](wg_status answer) {
    square.answer = answer;
    return wg_tensor_backward(square(x).get());
  };
  REFUSES(WG_INDEX_ERROR, "my_square: select", status(WG_INDEX_ERROR));
  REFUSES(WG_IO_ERROR, "my_square: no answer", status(WG_IO_ERROR));
  REFUSES(WG_ERROR, "my_square: the callback has failed", status(77));
  EXPECT_EQ(result(wg_tensor_grad, x.get()), nullptr);
  EXPECT_EQ(square.calls, 3);
  EXPECT_EQ(square.destroyed, 3);
}

TEST(CApi, EveryOptimizerTakesItsOptionsByName) {
  for (const char* name : {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax",
                           "NAdam", "RAdam", "Rprop", "ASGD"}) {
    const Handle x = tensor({3, -2});
    check(wg_tensor_set_requires_grad(x.get(), true));
    wg_tensor* parameters[] = {x.get()};
    const wg_option options[] = {{"lr", 0.25}, {"maximize", 0}};
    wg_optimizer* created = nullptr;
    check(wg_optimizer_create(name, parameters, 1, options, 2, &created));
    const Owned<wg_optimizer> optimizer(created);
    double lr = 0;
    check(wg_optimizer_option(optimizer.get(), "lr", &lr));
    EXPECT_EQ(lr, 0.25);
    check(wg_tensor_backward(
        result(wg_sum, result(wg_square, x.get()).get(), nullptr, 0, false).get()));
    check(wg_optimizer_step(optimizer.get()));
    const Values moved = values(x);
    EXPECT_LT(std::abs(moved[0]), 3) << name;
    EXPECT_LT(std::abs(moved[1]), 2) << name;
    check(wg_optimizer_zero_grad(optimizer.get()));
    EXPECT_EQ(result(wg_tensor_grad, x.get()), nullptr);

    // Its state, put into another one, makes the next steps equal.
    wg_map* state = nullptr;
    check(wg_optimizer_state(optimizer.get(), &state));
    const Owned<wg_map> kept(state);
    const Handle other = result(wg_tensor_clone, result(wg_tensor_detach, x.get()).get());
    check(wg_tensor_set_requires_grad(other.get(), true));
    wg_tensor* others[] = {other.get()};
    check(wg_optimizer_create(name, others, 1, options, 2, &created));
    const Owned<wg_optimizer> second(created);
    check(wg_optimizer_load_state(second.get(), state));
    for (wg_tensor* p : {x.get(), other.get()}) {
      check(wg_tensor_set_grad(p, tensor({0.5, 1}).get()));
    }
    check(wg_optimizer_step(optimizer.get()));
    check(wg_optimizer_step(second.get()));
    EXPECT_EQ(values(x), values(other)) << name;

    check(wg_optimizer_set_option(optimizer.get(), "lr", 0));
    const Values before = values(x);
    check(wg_optimizer_set_option(optimizer.get(), "lr", 0.5));
    check(wg_optimizer_option(optimizer.get(), "lr", &lr));
    EXPECT_EQ(lr, 0.5);
    REFUSES(WG_VALUE_ERROR, "lr must not be negative",
            wg_optimizer_set_option(optimizer.get(), "lr", -1));
    REFUSES(WG_VALUE_ERROR, "no option 'speed'; they are lr",
            wg_optimizer_set_option(optimizer.get(), "speed", 1));
    REFUSES(WG_VALUE_ERROR, "'maximize' is a switch",
            wg_optimizer_set_option(optimizer.get(), "maximize", 0.5));
    check(wg_optimizer_option(optimizer.get(), "lr", &lr));
    EXPECT_EQ(lr, 0.5);
  }
}

TEST(CApi, AdagradsSumMayBeginAboveZero) {
  const Handle x = tensor({3, -2});
  check(wg_tensor_set_requires_grad(x.get(), true));
  wg_tensor* parameters[] = {x.get()};
  const wg_option options[] = {{"lr", 0.5}, {"initial_accumulator_value", 0.1}};
  wg_optimizer* created = nullptr;
  check(wg_optimizer_create("Adagrad", parameters, 1, options, 2, &created));
  const Owned<wg_optimizer> optimizer(created);
  double begin = 0;
  check(wg_optimizer_option(created, "initial_accumulator_value", &begin));
  EXPECT_EQ(begin, 0.1);
  REFUSES(WG_VALUE_ERROR, "initial_accumulator_value must not be negative",
          wg_optimizer_set_option(created, "initial_accumulator_value", -1));
  REFUSES(WG_VALUE_ERROR, "maximize, initial_accumulator_value",
          wg_optimizer_set_option(created, "speed", 1));
  REFUSES(WG_VALUE_ERROR, "no option 'initial_accumulator_value'",
          wg_optimizer_create("Adam", parameters, 1, options, 2, &created));
  wengert::Tensor same = wengert::tensor({3.0, -2.0}).requires_grad_();
  wengert::optim::Adagrad expected({same}, {.lr = 0.5, .initial_accumulator_value = 0.1});
  check(wg_tensor_set_grad(x.get(), tensor({1, 2}).get()));
  same.set_grad(wengert::tensor({1.0, 2.0}));
  check(wg_optimizer_step(optimizer.get()));
  expected.step();
  EXPECT_EQ(values(x), (Values{same[0].item<double>(), same[1].item<double>()}));
}

TEST(CApi, AdamWIsTheClassOfThatName) {
  const Handle x = tensor({3, -2});
  check(wg_tensor_set_requires_grad(x.get(), true));
  wg_tensor* parameters[] = {x.get()};
  wg_optimizer* created = nullptr;
  check(wg_optimizer_create("AdamW", parameters, 1, nullptr, 0, &created));
  const Owned<wg_optimizer> optimizer(created);
  wengert::Tensor same = wengert::tensor({3.0, -2.0}).requires_grad_();
  wengert::optim::AdamW expected({same});
  check(wg_tensor_set_grad(x.get(), tensor({1, 2}).get()));
  same.set_grad(wengert::tensor({1.0, 2.0}));
  check(wg_optimizer_step(optimizer.get()));
  expected.step();
  EXPECT_EQ(values(x), (Values{same[0].item<double>(), same[1].item<double>()}));
}

TEST(CApi, ClipsGradients) {
  const Handle x = tensor({0, 0});
  check(wg_tensor_set_requires_grad(x.get(), true));
  check(wg_tensor_set_grad(x.get(), tensor({3, 4}).get()));
  wg_tensor* parameters[] = {x.get()};
  double norm = 0;
  check(wg_clip_grad_norm(parameters, 1, 1, &norm));
  EXPECT_EQ(norm, 5);
  EXPECT_NEAR(values(result(wg_tensor_grad, x.get()))[1], 0.8, 1e-6);
}

TEST(CApi, FilesKeepTensorsAndTexts) {
  const std::string path = testing::TempDir() + "capi.safetensors";
  wg_map* map = nullptr;
  check(wg_map_create(&map));
  const Owned<wg_map> saved(map);
  check(wg_map_set(map, "b", tensor({1, 2}).get()));
  check(wg_map_set(map, "a", tensor({3}).get()));
  check(wg_map_set_text(map, "kind", "test"));
  check(wg_map_save(map, path.c_str()));
  check(wg_map_load(path.c_str(), &map));
  const Owned<wg_map> loaded(map);
  std::remove(path.c_str());
  int64_t size = 0;
  check(wg_map_size(map, &size));
  ASSERT_EQ(size, 2);
  const char *name = nullptr, *text = nullptr;
  check(wg_map_name(map, 1, &name));
  EXPECT_STREQ(name, "b");
  EXPECT_EQ(values(result(wg_map_get, map, "b")), (Values{1, 2}));
  check(wg_map_text(map, "kind", &text));
  EXPECT_STREQ(text, "test");
}

// ---- recorded programs

std::string tape_path() {  // tests may run at the same time
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
Handle state(const Owned<wg_tape>& tape, const char* name) {
  wg_map* map = nullptr;
  check(wg_tape_states(tape.get(), &map));
  const Owned<wg_map> states(map);
  return result(wg_map_get, map, name);
}

TEST(CApi, RunsRecordedPrograms) {
  RecordedStep step;
  const Owned<wg_tape> tape = RecordedStep::load();
  int64_t arguments = 0, results = 0, ndim = 0;
  check(wg_tape_arguments(tape.get(), &arguments));
  check(wg_tape_results(tape.get(), &results));
  ASSERT_EQ(arguments, 1);
  ASSERT_EQ(results, 1);
  wg_dtype dtype = 0;
  const int64_t *shape = nullptr, *strides = nullptr;
  check(wg_tape_argument(tape.get(), 0, &dtype, &shape, &strides, &ndim));
  EXPECT_EQ(dtype, WG_FLOAT64);
  ASSERT_EQ(ndim, 1);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(strides[0], 1);
  check(wg_tape_result(tape.get(), 0, nullptr, nullptr, nullptr, &ndim));
  EXPECT_EQ(ndim, 0);

  const Handle x = tensor({3, 0.5});
  wg_tensor *in = x.get(), *out = nullptr;
  const wengert::Tensor same = wengert::tensor({3.0, 0.5});
  for (int i = 0; i < 3; ++i) {
    check(wg_tape_run(tape.get(), &in, 1, &out, 1));
    EXPECT_EQ(values(Handle(out)), Values{step.step(same).item<double>()});
  }
  const auto bits = [](const wengert::Tensor& t) {
    return Values(t.data<double>(), t.data<double>() + t.numel());
  };
  const Handle w = state(tape, "w");
  EXPECT_EQ(values(w), bits(step.w));
  EXPECT_EQ(values(result(wg_tensor_grad, w.get())), bits(step.w.grad()));

  // Another learning rate.
  double lr = 0;
  check(wg_tape_number(tape.get(), "lr", 0, &lr));
  EXPECT_EQ(lr, 0.25);
  check(wg_tape_set_number(tape.get(), "lr", 0, 0.125));
  step.sgd.options().lr = 0.125;
  check(wg_tape_run(tape.get(), &in, 1, &out, 1));
  EXPECT_EQ(values(Handle(out)), Values{step.step(same).item<double>()});
  EXPECT_EQ(values(w), bits(step.w));

  // The program goes on from a file of its own.
  const std::string path = tape_path() + "_again";
  check(wg_tape_save(tape.get(), path.c_str()));
  wg_tape* loaded = nullptr;
  check(wg_tape_load(path.c_str(), &loaded));
  const Owned<wg_tape> again(loaded);
  std::map<std::string, std::string> metadata;
  wengert::Tape::load(path, &metadata);
  std::remove(path.c_str());
  EXPECT_EQ(metadata.at("note"), "kept");
  for (const auto* t : {&tape, &again}) {
    check(wg_tape_run(t->get(), &in, 1, &out, 1));
    wg_tensor_release(out);
  }
  EXPECT_EQ(values(state(again, "w")), values(w));
  EXPECT_EQ(values(state(again, "momentum")), values(state(tape, "momentum")));

  char text[16];
  uint64_t length = 0;
  check(wg_tape_text(tape.get(), text, sizeof text, &length));
  EXPECT_GT(length, 100u);
  EXPECT_EQ(std::string(text).size(), 15u);
}

TEST(CApi, TakesTheStatesOfAProgramByName) {
  RecordedStep step;
  const Owned<wg_tape> tape = RecordedStep::load();
  wg_map* map = nullptr;
  check(wg_map_create(&map));
  const Owned<wg_map> given(map);
  check(wg_map_set(map, "w", tensor({7, 8}).get()));
  check(wg_tape_set_states(tape.get(), map));
  EXPECT_EQ(values(state(tape, "w")), (Values{7, 8}));
  bool on = false;
  check(wg_tensor_requires_grad(state(tape, "w").get(), &on));
  EXPECT_TRUE(on);
  // A refused map changes nothing, the first of its tensors neither.
  check(wg_map_set(map, "momentum", tensor({1, 2}).get()));
  check(wg_map_set(map, "w", tensor({1, 2, 3}).get()));
  const Values before = values(state(tape, "momentum"));
  REFUSES(WG_VALUE_ERROR, "'w' has dtype float64 and shape (2,)",
          wg_tape_set_states(tape.get(), map));
  EXPECT_EQ(values(state(tape, "momentum")), before);
  check(wg_map_set(map, "w", tensor({1, 2}).get()));
  check(wg_map_set(map, "x", tensor({1, 2}).get()));
  REFUSES(WG_VALUE_ERROR, "no tensor 'x'", wg_tape_set_states(tape.get(), map));
  EXPECT_EQ(values(state(tape, "momentum")), before);
}

TEST(CApi, ResultsOfProgramsMayBeLeftOut) {
  const wengert::Tensor x = wengert::tensor({1.0, 2.0});
  const std::string path = tape_path();
  wengert::Tape::record(
      [](wengert::TensorList in) {
        return std::vector<wengert::Tensor>{wengert::Tensor(), in[0] * 2.0};
      },
      {&x, 1})
      .save(path);
  const Owned<wg_tape> tape = RecordedStep::load();
  std::remove(path.c_str());
  wg_dtype dtype = 0;
  int64_t ndim = 7;
  check(wg_tape_result(tape.get(), 0, &dtype, nullptr, nullptr, &ndim));
  EXPECT_EQ(dtype, -1);
  EXPECT_EQ(ndim, 0);
  const Handle in = tensor({3, 4});
  wg_tensor *inputs[] = {in.get()}, *out[] = {in.get(), nullptr};
  check(wg_tape_run(tape.get(), inputs, 1, out, 2));
  EXPECT_EQ(out[0], nullptr);
  EXPECT_EQ(values(Handle(out[1])), (Values{6, 8}));
}

TEST(CApi, ProgramsRefuseWhatDoesNotFit) {
  RecordedStep step;
  const Owned<wg_tape> tape = RecordedStep::load();
  const Values before = values(state(tape, "w"));
  const Handle x = tensor({1, 2}), longer = tensor({1, 2, 3}), four = tensor({1, 2, 3, 4}, {2, 2});
  const Handle whole = result(wg_tensor_to, x.get(), WG_INT64);
  const Handle apart = result(wg_select, four.get(), 1, 0);
  wg_tensor *in[] = {x.get(), x.get()}, *out = nullptr;
  wg_tape* t = tape.get();
  REFUSES(WG_VALUE_ERROR, "takes 1 arguments, but got 2", wg_tape_run(t, in, 2, &out, 1));
  REFUSES(WG_VALUE_ERROR, "takes 1 arguments, but got 0", wg_tape_run(t, in, 0, &out, 1));
  REFUSES(WG_VALUE_ERROR, "gives 1 results, but there is room for 0",
          wg_tape_run(t, in, 1, nullptr, 0));
  for (const Handle* wrong : {&longer, &whole, &four, &apart}) {
    in[0] = wrong->get();
    REFUSES(WG_ERROR, "instead of float64 of shape (2,) and strides (1,)",
            wg_tape_run(t, in, 1, &out, 1));
  }
  const Handle leaf = tensor({1, 2});
  check(wg_tensor_set_requires_grad(leaf.get(), true));
  in[0] = leaf.get();
  REFUSES(WG_ERROR, "requires_grad of argument 0", wg_tape_run(t, in, 1, &out, 1));
  wg_dtype dtype = 77;
  double number = 5;
  REFUSES(WG_INDEX_ERROR, "1 arguments, but no number 1",
          wg_tape_argument(t, 1, &dtype, nullptr, nullptr, nullptr));
  REFUSES(WG_INDEX_ERROR, "1 results, but no number -1",
          wg_tape_result(t, -1, &dtype, nullptr, nullptr, nullptr));
  REFUSES(WG_INDEX_ERROR, "1 steps of optimizers with a 'lr', but no number 1",
          wg_tape_set_number(t, "lr", 1, 0));
  REFUSES(WG_INDEX_ERROR, "0 steps of optimizers with a 'speed'",
          wg_tape_number(t, "speed", 0, &number));
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(dtype, 77);
  EXPECT_EQ(number, 5);
  EXPECT_EQ(values(state(tape, "w")), before);
}

TEST(CApi, DamagedProgramsAreRefused) {
  RecordedStep step;
  std::string bytes;
  {
    std::FILE* file = std::fopen(tape_path().c_str(), "rb");
    for (int c; (c = std::fgetc(file)) != EOF;) bytes += static_cast<char>(c);
    std::fclose(file);
  }
  const std::string path = tape_path() + "_damaged";
  std::mt19937 random(5);
  const Handle x = tensor({1, 2});
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = bytes;
    if (i % 8 == 0) damaged.resize(random() % damaged.size());
    for (int k = 0; k < 1 + i % 3 && !damaged.empty(); ++k)
      damaged[random() % damaged.size()] = static_cast<char>(i % 2 ? random() : 32 + random() % 90);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    std::fwrite(damaged.data(), 1, damaged.size(), file);
    std::fclose(file);
    wg_tape* loaded = nullptr;
    if (wg_tape_load(path.c_str(), &loaded) != WG_OK) {
      ++refused;
      EXPECT_EQ(loaded, nullptr);
      EXPECT_TRUE(wg_last_error() == WG_VALUE_ERROR || wg_last_error() == WG_IO_ERROR)
          << wg_last_error_message();
      continue;
    }
    const Owned<wg_tape> tape(loaded);
    int64_t arguments = 0, results = 0;
    check(wg_tape_arguments(loaded, &arguments));
    check(wg_tape_results(loaded, &results));
    std::vector<wg_tensor*> in(static_cast<size_t>(arguments), x.get());
    std::vector<wg_tensor*> out(static_cast<size_t>(results));
    wg_tape_run(loaded, in.data(), arguments, out.data(), results);
    for (wg_tensor* r : out) wg_tensor_release(r);
  }
  std::remove(path.c_str());
  EXPECT_GT(refused, 100);
  wg_tape* tape = nullptr;
  REFUSES(WG_IO_ERROR, "", wg_tape_load("/nowhere/at/all", &tape));
  wg_map* map = nullptr;
  check(wg_map_create(&map));
  const Owned<wg_map> tensors(map);
  check(wg_map_set(map, "w", x.get()));
  check(wg_map_save(map, path.c_str()));
  REFUSES(WG_VALUE_ERROR, "without a program", wg_tape_load(path.c_str(), &tape));
  std::remove(path.c_str());
  REFUSES(WG_IO_ERROR, "", wg_tape_save(RecordedStep::load().get(), "/nowhere/at/all"));
  EXPECT_EQ(tape, nullptr);
}

TEST(CApi, ErrorsBelongToTheThread) {
  REFUSES(WG_VALUE_ERROR, "NULL", wg_exp(nullptr, nullptr));
  std::thread([] { EXPECT_EQ(wg_last_error(), WG_OK); }).join();
  EXPECT_EQ(wg_last_error(), WG_VALUE_ERROR);
  const Handle t = tensor({1});
  EXPECT_EQ(wg_last_error(), WG_VALUE_ERROR);  // successes leave it
}

TEST(CApi, EveryFunctionRefusesNull) {
  const Handle owned = tensor({1, 2, 3, 4}, {2, 2}), one = tensor({1});
  wg_tensor *t = owned.get(), *out = nullptr, *none[1] = {nullptr}, *some[1] = {t};
  wg_map* map = nullptr;
  const int64_t shape[] = {2, 2}, four[] = {1, 1, 2, 2};
  const Handle image = result(wg_reshape, t, four, 4);
  int64_t n = 0;
  double d = 0;
  const char* text = nullptr;
  wg_optimizer* optimizer = nullptr;
#define NULL_IN(function, ...)                               \
  REFUSES(WG_VALUE_ERROR, #function, function(__VA_ARGS__)); \
  EXPECT_NE(std::string(wg_last_error_message()).find("NULL"), std::string::npos)

  NULL_IN(wg_tensor_from_data, nullptr, shape, 2, WG_FLOAT32, &out);
  NULL_IN(wg_tensor_from_data, shape, nullptr, 2, WG_FLOAT32, &out);
  NULL_IN(wg_tensor_from_data, four, shape, 2, WG_INT64, nullptr);
  NULL_IN(wg_tensor_from_blob, nullptr, shape, 2, WG_FLOAT32, nullptr, nullptr, nullptr, &out);
  NULL_IN(wg_tensor_from_blob, &n, shape, 2, WG_INT64, nullptr, nullptr, nullptr, nullptr);
#define NULL_CREATION(function, ...)                 \
  NULL_IN(function, shape, 2, __VA_ARGS__, nullptr); \
  NULL_IN(function, nullptr, 2, __VA_ARGS__, &out);  \
  REFUSES(WG_VALUE_ERROR, "not negative", function(shape, -1, __VA_ARGS__, &out))
  NULL_CREATION(wg_tensor_empty, WG_FLOAT32);
  NULL_CREATION(wg_tensor_zeros, WG_FLOAT32);
  NULL_CREATION(wg_tensor_ones, WG_FLOAT32);
  NULL_CREATION(wg_tensor_full, 1.0, WG_FLOAT32);
  NULL_CREATION(wg_tensor_rand, WG_FLOAT32, nullptr);
  NULL_CREATION(wg_tensor_randn, WG_FLOAT32, nullptr);

#define NULL_BOTH(function, ...)           \
  NULL_IN(function, nullptr, __VA_ARGS__); \
  NULL_IN(function, t, nullptr)
  wg_dtype dtype = 0;
  bool on = false;
  void* data = nullptr;
  NULL_BOTH(wg_tensor_dtype, &dtype);
  NULL_BOTH(wg_tensor_numel, &n);
  NULL_BOTH(wg_tensor_is_contiguous, &on);
  NULL_BOTH(wg_tensor_data, &data);
  NULL_BOTH(wg_tensor_requires_grad, &on);
  NULL_BOTH(wg_tensor_is_leaf, &on);
  NULL_BOTH(wg_tensor_clone, &out);
  NULL_BOTH(wg_tensor_contiguous, &out);
  NULL_BOTH(wg_tensor_detach, &out);
  NULL_BOTH(wg_tensor_grad, &out);
  NULL_IN(wg_tensor_item, nullptr, &d);
  NULL_IN(wg_tensor_item, one.get(), nullptr);
  NULL_IN(wg_tensor_item_int, nullptr, &n);
  const int64_t* sizes = nullptr;
  NULL_IN(wg_tensor_shape, nullptr, &sizes, &n);
  NULL_IN(wg_tensor_shape, t, nullptr, &n);
  NULL_IN(wg_tensor_shape, t, &sizes, nullptr);
  NULL_IN(wg_tensor_strides, nullptr, &sizes, &n);
  NULL_IN(wg_tensor_strides, t, nullptr, &n);
  NULL_IN(wg_tensor_strides, t, &sizes, nullptr);
  NULL_IN(wg_tensor_copy_to, nullptr, &d, 8);
  NULL_IN(wg_tensor_copy_to, t, nullptr, 32);
  NULL_IN(wg_tensor_copy_from, nullptr, &d, 8);
  NULL_IN(wg_tensor_copy_from, t, nullptr, 32);
  NULL_IN(wg_tensor_text, nullptr, nullptr, 0, nullptr);
  NULL_IN(wg_tensor_text, t, nullptr, 8, nullptr);
  NULL_IN(wg_tensor_to, nullptr, WG_FLOAT32, &out);
  NULL_IN(wg_tensor_to, t, WG_FLOAT32, nullptr);
  NULL_IN(wg_generator_create, 1, nullptr);

  const auto unary = {wg_neg, wg_abs,  wg_square,  wg_sqrt, wg_exp,  wg_log, wg_sin,
                      wg_cos, wg_tanh, wg_sigmoid, wg_relu, wg_gelu, wg_silu};
  for (const auto f : unary) {
    REFUSES(WG_VALUE_ERROR, "the tensor is NULL", f(nullptr, &out));
    REFUSES(WG_VALUE_ERROR, "the output is NULL", f(t, nullptr));
  }
  const auto binary = {wg_add,
                       wg_sub,
                       wg_mul,
                       wg_div,
                       wg_pow,
                       wg_maximum,
                       wg_minimum,
                       wg_eq,
                       wg_lt,
                       wg_gt,
                       wg_matmul,
                       wg_mse_loss,
                       wg_cross_entropy,
                       wg_binary_cross_entropy_with_logits};
  for (const auto f : binary) {
    REFUSES(WG_VALUE_ERROR, "the tensor is NULL", f(nullptr, t, &out));
    REFUSES(WG_VALUE_ERROR, "the tensor is NULL", f(t, nullptr, &out));
    REFUSES(WG_VALUE_ERROR, "the output is NULL", f(t, t, nullptr));
  }
  for (const auto f : {wg_add_scalar, wg_mul_scalar, wg_pow_scalar}) {
    REFUSES(WG_VALUE_ERROR, "the tensor is NULL", f(nullptr, 1, &out));
    REFUSES(WG_VALUE_ERROR, "the output is NULL", f(t, 1, nullptr));
  }
  NULL_IN(wg_linear, nullptr, t, nullptr, &out);
  NULL_IN(wg_linear, t, nullptr, nullptr, &out);
  NULL_IN(wg_linear, t, t, nullptr, nullptr);
  NULL_IN(wg_conv2d, nullptr, image.get(), nullptr, nullptr, nullptr, nullptr, 1, &out);
  NULL_IN(wg_conv2d, image.get(), image.get(), nullptr, nullptr, nullptr, nullptr, 1, nullptr);
  NULL_IN(wg_max_pool2d, nullptr, shape, nullptr, nullptr, &out);
  NULL_IN(wg_max_pool2d, image.get(), nullptr, nullptr, nullptr, &out);
  NULL_IN(wg_dropout, nullptr, 0.5, true, nullptr, &out);
  for (const auto f : {wg_sum, wg_mean}) {
    REFUSES(WG_VALUE_ERROR, "the tensor is NULL", f(nullptr, nullptr, 0, false, &out));
    REFUSES(WG_VALUE_ERROR, "dimensions is NULL", f(t, nullptr, 1, false, &out));
    REFUSES(WG_VALUE_ERROR, "the output is NULL", f(t, nullptr, 0, false, nullptr));
  }
  NULL_IN(wg_argmax, nullptr, 0, false, &out);
  NULL_IN(wg_softmax, nullptr, 0, &out);
  NULL_IN(wg_log_softmax, nullptr, 0, &out);
  NULL_IN(wg_reshape, nullptr, shape, 2, &out);
  NULL_IN(wg_reshape, t, nullptr, 2, &out);
  NULL_IN(wg_permute, t, nullptr, 2, &out);
  NULL_IN(wg_permute, nullptr, shape, 2, &out);
  NULL_IN(wg_transpose, nullptr, 0, 1, &out);
  NULL_IN(wg_unsqueeze, nullptr, 0, &out);
  NULL_IN(wg_select, nullptr, 0, 0, &out);
  NULL_IN(wg_narrow, nullptr, 0, 0, 1, &out);
  NULL_IN(wg_index_select, nullptr, 0, t, &out);
  NULL_IN(wg_index_select, t, 0, nullptr, &out);
  for (const auto f : {wg_cat, wg_stack}) {
    REFUSES(WG_VALUE_ERROR, "number 0 of the tensors is NULL", f(none, 1, 0, &out));
    REFUSES(WG_VALUE_ERROR, "the array of tensors is NULL", f(nullptr, 1, 0, &out));
    REFUSES(WG_VALUE_ERROR, "the output is NULL", f(some, 1, 0, nullptr));
  }
  NULL_IN(wg_copy_, nullptr, t);
  NULL_IN(wg_copy_, t, nullptr);
  NULL_IN(wg_fill_, nullptr, 0);
  NULL_IN(wg_uniform_, nullptr, 0, 1, nullptr);
  NULL_IN(wg_normal_, nullptr, 0, 1, nullptr);

  NULL_IN(wg_tensor_set_requires_grad, nullptr, true);
  NULL_IN(wg_tensor_set_grad, nullptr, t);
  NULL_IN(wg_tensor_backward, nullptr);
  NULL_IN(wg_backward, nullptr, nullptr, 1, false, false);
  NULL_IN(wg_backward, none, nullptr, 1, false, false);
  NULL_IN(wg_grad, none, nullptr, 1, some, 1, false, false, false, &out);
  NULL_IN(wg_grad, some, nullptr, 1, none, 1, false, false, false, &out);
  NULL_IN(wg_grad, some, nullptr, 1, some, 1, false, false, false, nullptr);
  NULL_IN(wg_record_custom, nullptr, Square::backward, nullptr, nullptr, some, 1, some, 1, some, 1);
  NULL_IN(wg_record_custom, "f", nullptr, nullptr, nullptr, some, 1, some, 1, some, 1);
  NULL_IN(wg_record_custom, "f", Square::backward, nullptr, nullptr, none, 1, some, 1, some, 1);
  NULL_IN(wg_record_custom, "f", Square::backward, nullptr, nullptr, some, 1, none, 1, some, 1);
  NULL_IN(wg_record_custom, "f", Square::backward, nullptr, nullptr, some, 1, some, 1, none, 1);

  check(wg_map_create(&map));
  const Owned<wg_map> kept(map);
  NULL_IN(wg_map_create, nullptr);
  NULL_IN(wg_map_size, nullptr, &n);
  NULL_IN(wg_map_size, map, nullptr);
  NULL_IN(wg_map_set, nullptr, "a", t);
  NULL_IN(wg_map_set, map, nullptr, t);
  NULL_IN(wg_map_set, map, "a", nullptr);
  NULL_IN(wg_map_get, nullptr, "a", &out);
  NULL_IN(wg_map_get, map, nullptr, &out);
  NULL_IN(wg_map_name, nullptr, 0, &text);
  NULL_IN(wg_map_set_text, nullptr, "a", "b");
  NULL_IN(wg_map_set_text, map, nullptr, "b");
  NULL_IN(wg_map_set_text, map, "a", nullptr);
  NULL_IN(wg_map_text, nullptr, "a", &text);
  NULL_IN(wg_map_save, nullptr, "file");
  NULL_IN(wg_map_save, map, nullptr);
  NULL_IN(wg_map_load, nullptr, &map);
  NULL_IN(wg_map_load, "file", nullptr);

  const wg_option nameless[] = {{nullptr, 1}};
  NULL_IN(wg_optimizer_create, nullptr, some, 1, nullptr, 0, &optimizer);
  NULL_IN(wg_optimizer_create, "SGD", none, 1, nullptr, 0, &optimizer);
  NULL_IN(wg_optimizer_create, "SGD", some, 1, nullptr, 1, &optimizer);
  NULL_IN(wg_optimizer_create, "SGD", some, 1, nullptr, 0, nullptr);
  REFUSES(WG_VALUE_ERROR, "is NULL", wg_optimizer_create("SGD", some, 1, nameless, 1, &optimizer));
  NULL_IN(wg_optimizer_set_option, nullptr, "lr", 1);
  NULL_IN(wg_optimizer_option, nullptr, "lr", &d);
  NULL_IN(wg_optimizer_step, nullptr);
  NULL_IN(wg_optimizer_zero_grad, nullptr);
  NULL_IN(wg_optimizer_state, nullptr, &map);
  NULL_IN(wg_optimizer_load_state, nullptr, map);
  NULL_IN(wg_clip_grad_norm, none, 1, 1, &d);

  RecordedStep step;
  const Owned<wg_tape> program = RecordedStep::load();
  wg_tape *tape = program.get(), *loaded = nullptr;
  const Handle pair = tensor({1, 2});
  wg_tensor* in[1] = {pair.get()};
  NULL_IN(wg_tape_load, nullptr, &loaded);
  NULL_IN(wg_tape_load, tape_path().c_str(), nullptr);
  NULL_IN(wg_tape_save, nullptr, "file");
  NULL_IN(wg_tape_save, tape, nullptr);
  NULL_IN(wg_tape_text, nullptr, nullptr, 0, nullptr);
  NULL_IN(wg_tape_text, tape, nullptr, 8, nullptr);
  NULL_IN(wg_tape_arguments, nullptr, &n);
  NULL_IN(wg_tape_arguments, tape, nullptr);
  NULL_IN(wg_tape_results, nullptr, &n);
  NULL_IN(wg_tape_results, tape, nullptr);
  NULL_IN(wg_tape_argument, nullptr, 0, &dtype, &sizes, &sizes, &n);
  NULL_IN(wg_tape_result, nullptr, 0, &dtype, &sizes, &sizes, &n);
  NULL_IN(wg_tape_run, nullptr, in, 1, &out, 1);
  NULL_IN(wg_tape_run, tape, nullptr, 1, &out, 1);
  NULL_IN(wg_tape_run, tape, none, 1, &out, 1);
  NULL_IN(wg_tape_run, tape, in, 1, nullptr, 1);
  NULL_IN(wg_tape_states, nullptr, &map);
  NULL_IN(wg_tape_states, tape, nullptr);
  NULL_IN(wg_tape_set_states, nullptr, map);
  NULL_IN(wg_tape_set_states, tape, nullptr);
  NULL_IN(wg_tape_number, nullptr, "lr", 0, &d);
  NULL_IN(wg_tape_number, tape, nullptr, 0, &d);
  NULL_IN(wg_tape_number, tape, "lr", 0, nullptr);
  NULL_IN(wg_tape_set_number, nullptr, "lr", 0, 1);
  NULL_IN(wg_tape_set_number, tape, nullptr, 0, 1);
  EXPECT_EQ(wg_tape_argument(tape, 0, nullptr, nullptr, nullptr, nullptr), WG_OK);
  EXPECT_EQ(loaded, nullptr);

  wg_value value = wg_arg_tensor(nullptr, t);
  NULL_IN(wg_call, nullptr, &value, 1, &value, 1, nullptr);
  NULL_IN(wg_call, "exp", nullptr, 1, &value, 1, nullptr);
  NULL_IN(wg_call, "exp", &value, 1, nullptr, 1, nullptr);
  NULL_IN(wg_call_tensor, nullptr, &value, 1, &out);
  NULL_IN(wg_call_tensor, "exp", &value, 1, nullptr);
  NULL_IN(wg_num_threads, nullptr);
  REFUSES(WG_VALUE_ERROR, "NULL for both",
          wg_set_executor([](void*) -> int32_t { return 1; }, nullptr, nullptr));
  REFUSES(WG_VALUE_ERROR, "NULL for both",
          wg_set_allocator(nullptr, [](void*, void*, size_t, size_t) {}, nullptr));

  // Nothing was given.
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(optimizer, nullptr);
  EXPECT_EQ(text, nullptr);
  // What may be NULL.
  EXPECT_EQ(wg_tensor_retain(nullptr), WG_OK);
  EXPECT_EQ(wg_tensor_release(nullptr), WG_OK);
  EXPECT_EQ(wg_generator_release(nullptr), WG_OK);
  EXPECT_EQ(wg_map_release(nullptr), WG_OK);
  EXPECT_EQ(wg_optimizer_release(nullptr), WG_OK);
  EXPECT_EQ(wg_tape_release(nullptr), WG_OK);
  EXPECT_EQ(wg_memory(nullptr, nullptr), WG_OK);
}

TEST(CApi, WrongArgumentsAreNamed) {
  const Handle t = tensor({1, 2, 3, 4, 5, 6}, {2, 3}),
               whole = result(wg_tensor_to, t.get(), WG_INT64);
  const Handle row = tensor({1, 2});
  const int64_t shape[] = {2, 3}, negative[] = {-2, 3}, huge[] = {INT64_MAX, INT64_MAX};
  wg_tensor* out = nullptr;
  // dtypes
  REFUSES(WG_TYPE_ERROR, "no dtype 12", wg_tensor_zeros(shape, 2, 12, &out));
  REFUSES(WG_TYPE_ERROR, "no dtype -1", wg_tensor_to(t.get(), -1, &out));
  REFUSES(WG_TYPE_ERROR, "wg_tensor_item_int", wg_tensor_item_int(t.get(), nullptr));
  const Handle complex = result(wg_tensor_to, t.get(), WG_COMPLEX64);
  REFUSES(WG_TYPE_ERROR, "complex", wg_tensor_item(complex.get(), nullptr));
  EXPECT_NE(wg_tensor_set_requires_grad(whole.get(), true), WG_OK);
  EXPECT_NE(wg_uniform_(whole.get(), 2, 1, nullptr), WG_OK);
  EXPECT_NE(wg_tensor_rand(shape, 2, WG_INT64, nullptr, &out), WG_OK);
  // shapes and sizes
  EXPECT_NE(wg_tensor_zeros(negative, 2, WG_FLOAT32, &out), WG_OK);
  EXPECT_NE(wg_tensor_zeros(huge, 2, WG_FLOAT32, &out), WG_OK);
  const int64_t large[] = {int64_t{1} << 45};
  REFUSES(WG_OUT_OF_MEMORY, "bytes were asked for", wg_tensor_empty(large, 1, WG_FLOAT64, &out));
  REFUSES(WG_VALUE_ERROR, "expected 48 bytes", wg_tensor_copy_to(t.get(), nullptr, 47));
  REFUSES(WG_VALUE_ERROR, "expected 48 bytes", wg_tensor_copy_from(t.get(), nullptr, 49));
  double d = 0;
  EXPECT_NE(wg_tensor_item(t.get(), &d), WG_OK);
  EXPECT_NE(wg_matmul(t.get(), t.get(), &out), WG_OK);
  EXPECT_NE(wg_add(t.get(), row.get(), &out), WG_OK);
  EXPECT_NE(wg_reshape(t.get(), shape, 1, &out), WG_OK);
  EXPECT_NE(wg_select(t.get(), 0, 2, &out), WG_OK);
  EXPECT_EQ(wg_last_error(), WG_INDEX_ERROR);
  EXPECT_NE(wg_narrow(t.get(), 0, 1, 2, &out), WG_OK);
  EXPECT_NE(wg_sum(t.get(), huge, 1, false, &out), WG_OK);
  EXPECT_NE(wg_conv2d(t.get(), t.get(), nullptr, nullptr, nullptr, nullptr, 1, &out), WG_OK);
  EXPECT_NE(wg_cat(nullptr, 0, 0, &out), WG_OK);
  EXPECT_NE(wg_copy_(row.get(), t.get()), WG_OK);
  EXPECT_NE(wg_tensor_set_grad(t.get(), row.get()), WG_OK);
  // differentiation
  REFUSES(WG_ERROR, "", wg_tensor_backward(row.get()));
  wg_tensor *roots[] = {row.get()}, *inputs[] = {t.get()};
  EXPECT_NE(wg_grad(roots, nullptr, 1, inputs, 1, false, false, false, &out), WG_OK);
  const Handle leaf = tensor({1});
  check(wg_tensor_set_requires_grad(leaf.get(), true));
  const Handle recorded = result(wg_exp, leaf.get());
  wg_tensor *in = leaf.get(), *made = recorded.get();
  REFUSES(WG_ERROR, "was recorded when it was computed",
          wg_record_custom("f", Square::backward, nullptr, nullptr, &in, 1, &made, 1, nullptr, 0));
  // names
  wg_value argument = wg_arg_tensor(nullptr, t.get()), answer;
  REFUSES(WG_VALUE_ERROR, "no function 'expp'", wg_call("expp", &argument, 1, &answer, 1, nullptr));
  REFUSES(WG_VALUE_ERROR, "no function 'sort_'",
          wg_call("sort_", &argument, 1, &answer, 1, nullptr));
  wg_optimizer* optimizer = nullptr;
  const wg_option speed[] = {{"speed", 1}}, negative_rate[] = {{"lr", -1}};
  REFUSES(WG_VALUE_ERROR, "no optimizer 'adam'",
          wg_optimizer_create("adam", &in, 1, nullptr, 0, &optimizer));
  REFUSES(WG_VALUE_ERROR, "no option 'speed'",
          wg_optimizer_create("Adam", &in, 1, speed, 1, &optimizer));
  REFUSES(WG_VALUE_ERROR, "lr", wg_optimizer_create("Adam", &in, 1, negative_rate, 1, &optimizer));
  REFUSES(WG_VALUE_ERROR, "at least one",
          wg_optimizer_create("Adam", nullptr, 0, nullptr, 0, &optimizer));
  wg_map* map = nullptr;
  check(wg_map_create(&map));
  const Owned<wg_map> kept(map);
  REFUSES(WG_VALUE_ERROR, "there is no 'x'", wg_map_get(map, "x", &out));
  const char* text = nullptr;
  REFUSES(WG_VALUE_ERROR, "there is no 'x'", wg_map_text(map, "x", &text));
  REFUSES(WG_INDEX_ERROR, "no number 0", wg_map_name(map, 0, &text));
  REFUSES(WG_IO_ERROR, "", wg_map_load("/nowhere/at/all", &map));
  REFUSES(WG_IO_ERROR, "", wg_map_save(map, "/nowhere/at/all"));
  REFUSES(WG_INDEX_ERROR, "no number -1", wg_function_info(-1, nullptr, nullptr, nullptr));
  REFUSES(WG_ERROR, "at least 1 thread", wg_set_num_threads(0));
  EXPECT_EQ(out, nullptr);
  EXPECT_EQ(optimizer, nullptr);
  EXPECT_EQ(values(row), (Values{1, 2}));
}

TEST(CApi, WrongArgumentsOfCallsAreNamed) {
  const Handle t = tensor({1, 2, 3});
  wg_value answer;
  int64_t count = 99;
  const auto call = [&](const char* name, std::vector<wg_value> arguments, int64_t room = 1) {
    return wg_call(name, arguments.data(), static_cast<int64_t>(arguments.size()), &answer, room,
                   &count);
  };
  const wg_value x = wg_arg_tensor(nullptr, t.get());
  REFUSES(WG_TYPE_ERROR, "exp: missing argument 'input'", call("exp", {}));
  REFUSES(WG_TYPE_ERROR, "exp: takes at most 1", call("exp", {x, x}));
  REFUSES(WG_TYPE_ERROR, "no parameter 'speed'; they are (input",
          call("softmax", {x, wg_arg_int("speed", 1)}));
  REFUSES(WG_TYPE_ERROR, "'input' was given twice",
          call("exp", {x, wg_arg_tensor("input", t.get())}));
  REFUSES(WG_TYPE_ERROR, "behind one with a name",
          call("softmax", {wg_arg_tensor("input", t.get()), wg_arg_int(nullptr, 0)}));
  REFUSES(WG_TYPE_ERROR, "'input' must be Tensor, but got a real",
          call("exp", {wg_arg_real(nullptr, 1)}));
  REFUSES(WG_TYPE_ERROR, "'input' must be Tensor, but got a tensor",
          call("exp", {wg_arg_tensor(nullptr, nullptr)}));
  REFUSES(WG_TYPE_ERROR, "'dim' must be int", call("softmax", {x, wg_arg_real(nullptr, 0)}));
  REFUSES(WG_TYPE_ERROR, "'dim' must be int or sequence of ints",
          call("sum", {x, wg_arg_text("dim", "all")}));
  REFUSES(WG_TYPE_ERROR, "'keepdim' must be bool", call("sum", {x, wg_arg_real("keepdim", 1)}));
  REFUSES(WG_TYPE_ERROR, "'dtype' must be dtype", call("sum", {x, wg_arg_int("dtype", 1)}));
  REFUSES(WG_TYPE_ERROR, "no dtype 55", call("sum", {x, wg_arg_dtype("dtype", 55)}));
  REFUSES(WG_TYPE_ERROR, "'tensors' must be sequence of Tensors", call("cat", {x}));
  REFUSES(WG_TYPE_ERROR, "'p' must be float", call("dropout", {x, wg_arg_complex("p", 1, 1)}));
  REFUSES(WG_TYPE_ERROR, "'reduction' must be str",
          call("mse_loss", {x, x, wg_arg_int("reduction", 1)}));
  REFUSES(WG_TYPE_ERROR, "'generator' must be Generator",
          call("rand_like", {x, wg_arg_int("generator", 1)}));
  wg_value strange = x;
  strange.kind = 1234;
  REFUSES(WG_TYPE_ERROR, "an unknown kind", call("exp", {strange}));
  REFUSES(WG_VALUE_ERROR, "array of dim is NULL", call("sum", {x, wg_arg_ints("dim", nullptr, 2)}));
  REFUSES(WG_VALUE_ERROR, "2 results, but room for 1", call("sort", {x}));
  wg_tensor* out = nullptr;
  REFUSES(WG_TYPE_ERROR, "use wg_call", wg_call_tensor("sort", &x, 1, &out));
  EXPECT_EQ(count, 99);
}

TEST(CApi, RunsOnTheHostsThreads) {
  struct Host {
    std::atomic<int> runs{0};
  } host;
  check(wg_set_executor([](void*) -> int32_t { return 2; },
                        [](void* h, int64_t n, void (*task)(void*, int64_t), void* work) {
                          ++static_cast<Host*>(h)->runs;
                          std::thread other([&] {
                            for (int64_t i = 1; i < n; i += 2) task(work, i);
                          });
                          for (int64_t i = 0; i < n; i += 2) task(work, i);
                          other.join();
                        },
                        &host));
  const int64_t shape[] = {1 << 20};
  const Handle t = result(wg_tensor_ones, shape, 1, WG_FLOAT32);
  const Handle e = result(wg_exp, t.get());
  check(wg_set_executor(nullptr, nullptr, nullptr));
  EXPECT_GT(host.runs, 0);
  int32_t threads = 0;
  check(wg_num_threads(&threads));
  EXPECT_GE(threads, 1);
}

}  // namespace
