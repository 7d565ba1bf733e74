// Programs in files: the same bits again, and nothing but errors from damaged ones.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

#include "ops/operations.h"
#include "tape/admit.h"
#include "tape/file.h"
#include "tape/replay.h"
#include "wengert/wengert.h"

using namespace wengert;

namespace {

std::string bytes_of(const Tensor& t) {
  const Tensor d = contiguous(t.detach());
  return {static_cast<const char*>(d.data()),
          static_cast<size_t>(d.numel()) * item_size(d.dtype())};
}

struct Step {
  Step() {
    manual_seed(1);
    weight = randn({4, 2, 3, 3}).requires_grad_();
    out = randn({3, 64}).requires_grad_();
    optim::AdamOptions options;
    options.lr = 0.01;
    optimizer = std::make_unique<optim::Adam>(std::vector<Tensor>{weight, out}, options);
    x = randn({5, 2, 6, 6});
    y = randint(0, 3, {5});
    run();
    tape = std::make_unique<Tape>(Tape::record(
        [&](TensorList in) {
          x = in[0], y = in[1];
          return std::vector<Tensor>{run()};
        },
        std::vector<Tensor>{x, y}));
  }
  Tensor run() {
    optimizer->zero_grad();
    const Tensor h = dropout(relu(conv2d(x, weight)), 0.1);
    const Tensor loss = cross_entropy(linear(flatten(h, 1), out), y);
    loss.backward();
    optimizer->step();
    return loss.detach();
  }
  std::vector<Tensor> arguments() const { return {x, y}; }

  Tensor weight, out, x, y;
  std::unique_ptr<optim::Adam> optimizer;
  std::unique_ptr<Tape> tape;
};

}  // namespace

TEST(TapeFile, KeysAreUnique) {
  std::set<std::string> keys;
  std::set<const OpClass*> classes;
  for (const Operation* o : all_operations()) {
    EXPECT_TRUE(keys.insert(o->key).second) << o->key;
    EXPECT_TRUE(classes.insert(o->cls).second) << o->key;
    EXPECT_EQ(find_operation(o->key), o);
    EXPECT_STREQ(key_of(*o->cls), o->key);
  }
  EXPECT_GT(keys.size(), 300u);
  EXPECT_EQ(find_operation("no such operation"), nullptr);
}

// All but what works on sparse tensors, which are not recorded.
TEST(TapeFile, EveryOperationIsChecked) {
  std::set<std::string> unchecked;
  for (const Operation* o : all_operations()) {
    const Infer nothing{nullptr, 0, nullptr, 0};
    try {
      tape::admit(o->key, tape::OpValue(*o->cls, o->make), nothing);
    } catch (const ValueError& e) {
      if (std::strstr(e.what(), "cannot stand in files")) unchecked.insert(o->key);
    } catch (const std::exception&) {
    }
  }
  EXPECT_EQ(unchecked, (std::set<std::string>{"sparse_inner", "sparse_product"}));
}

TEST(TapeFile, TrainsAsTheRecordedStepDoes) {
  Step s;
  const std::string path = testing::TempDir() + "/wengert_tape_file_test";
  s.tape->save(path, {}, {{"note", "kept"}});
  std::map<std::string, std::string> metadata;
  const Tape loaded = Tape::load(path, &metadata);
  EXPECT_EQ(metadata.at("note"), "kept");
  for (const Tape* t : std::initializer_list<const Tape*>{s.tape.get(), &loaded}) {
    for (int64_t i = 0; i < t->size(); ++i) {
      if (double* lr = t->number(i, "lr")) *lr = 0.03;
    }
  }
  std::string bits[2];
  for (int k = 0; k < 2; ++k) {
    const Tape& t = k ? loaded : *s.tape;
    manual_seed(5);
    for (int i = 0; i < 3; ++i) bits[k] += bytes_of(t(s.arguments())[0]);
    for (const Tensor& state : t.states()) {
      bits[k] += bytes_of(state);
      if (state.grad().defined()) bits[k] += bytes_of(state.grad());
    }
  }
  EXPECT_EQ(bits[0], bits[1]);
}

// Numbers, words and brackets of the text are changed at random.
TEST(TapeFile, DamagedProgramsAreRefusedOrRun) {
  Step s;
  const std::string path = testing::TempDir() + "/wengert_tape_file_test";
  s.tape->save(path);
  const io::TensorFile file = io::load(path);
  const std::string& program = file.metadata.at("wengert.tape");
  std::mt19937 random(3);
  static constexpr const char* kNumbers[] = {
      "-1",  "0",    "1",    "2", "5", "100000", "4611686018427387904", "-70368744177664",
      "1.5", "true", "null", "[]"};
  int refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = program;
    for (int k = 0; k < 1 + i % 3; ++k) {
      size_t at = random() % text.size();
      at = text.find_first_of("0123456789", at);
      if (at == text.npos) continue;
      size_t end = text.find_first_not_of("0123456789.e", at);
      if (i % 7 == 0) {
        text[random() % text.size()] = static_cast<char>(32 + random() % 90);
      } else {
        text.replace(at, end - at, kNumbers[random() % std::size(kNumbers)]);
      }
    }
    std::vector<std::string> names;
    try {
      TensorMap own;
      for (const auto& [name, t] : file.tensors) own.emplace(name, clone(t));
      tape::Player player(tape::from_file(own, text, names));
      std::vector<Tensor> outputs;
      const std::vector<Tensor> in = s.arguments();
      if (in.size() == player.program().inputs.size()) player.run(in, outputs);
    } catch (const ValueError&) {
      ++refused;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(refused, 100);
}
