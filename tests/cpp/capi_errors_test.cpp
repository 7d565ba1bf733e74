// The C interface: every misuse comes back as a status with a text.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "capi.h"

namespace {

using namespace capi;

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

}  // namespace
