// The C interface: what it computes.
#include "capi.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace capi;

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
