// Recorded programs through the C interface.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "capi.h"

namespace {

using namespace capi;

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

}  // namespace
