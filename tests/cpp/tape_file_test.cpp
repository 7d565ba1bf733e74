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

TEST(TapeFile, WeightsOfEightBits) {
  manual_seed(2);
  const std::pair<Tensor, Tensor> weight = quantize_weight(randn({48, 40}));
  const Tensor bias = randn({48}), x = randn({3, 40});
  const auto f = [&](TensorList in) {
    return std::vector<Tensor>{relu(quantized_linear(in[0], weight.first, weight.second, bias))};
  };
  const Tape tape = Tape::record(f, std::vector<Tensor>{x});
  const std::string path = testing::TempDir() + "/wengert_weights_of_eight_bits.safetensors";
  tape.save(path);
  EXPECT_EQ(bytes_of(Tape::load(path)(std::vector<Tensor>{x})[0]),
            bytes_of(f(std::vector<Tensor>{x})[0]));
  std::remove(path.c_str());
}

TEST(Tape, StepsAreReplacedByPrograms) {
  const Tensor w = randn({5});
  const Tape tape =
      Tape::record([&](TensorList in) { return std::vector<Tensor>{add(exp(in[0]), w)}; },
                   std::vector<Tensor>{zeros({5})});
  const Tape part = Tape::record([](TensorList in) { return std::vector<Tensor>{sin(in[0])}; },
                                 std::vector<Tensor>{zeros({5})});
  std::vector<int64_t> kept;
  const Tape other = tape.with_parts({{0, part}}, &kept);
  EXPECT_EQ(kept, (std::vector<int64_t>{-1, 1}));
  const Tensor x = randn({5});
  EXPECT_EQ(bytes_of(other(std::vector<Tensor>{x})[0]), bytes_of(add(sin(x), w)));
  EXPECT_EQ(bytes_of(tape(std::vector<Tensor>{x})[0]), bytes_of(add(exp(x), w)));
  EXPECT_THROW(tape.with_parts({{7, part}}), IndexError);
  EXPECT_THROW(tape.with_parts({{1, part}}), ValueError);
  EXPECT_ANY_THROW(tape.apply(1, {x, zeros({4})}));
}

TEST(Tape, StepsAreReplacedTogether) {
  const Tensor w = randn({3, 4});
  const Tensor x = randn({1, 3}), y = randn({1, 3});
  const auto f = [&](TensorList in) {
    const Tensor a = exp(mm(in[0], w));
    return std::vector<Tensor>{a, mul(mm(in[1], w), a)};
  };
  const Tape tape = Tape::record(f, std::vector<Tensor>{x, y});  // mm, exp, mm, mul
  ASSERT_EQ(tape.size(), 4);
  EXPECT_EQ(tape.dependencies(), (std::vector<std::vector<int64_t>>{{}, {0}, {}, {1, 2}}));
  const Tape part = Tape::record(
      [](TensorList in) {
        const Tensor both = mm(cat({in[0], in[2]}, 0), in[1]);
        return std::vector<Tensor>{narrow(both, 0, 0, 1), narrow(both, 0, 1, 1)};
      },
      std::vector<Tensor>{x, w, y, w});
  std::vector<int64_t> kept;
  const Tape other = tape.with_parts({{0, part, {2}}}, &kept);
  EXPECT_EQ(kept[0], -1);
  EXPECT_EQ(kept[2], -1);
  EXPECT_LT(kept[1], kept[3]);
  const std::vector<Tensor> arguments{randn({1, 3}), randn({1, 3})};
  const std::vector<Tensor> got = other(arguments), want = f(arguments);
  for (int i = 0; i < 2; ++i)
    EXPECT_LT(
        max(abs(sub(got[static_cast<size_t>(i)], want[static_cast<size_t>(i)]))).item<float>(),
        1e-4f);
  EXPECT_EQ(bytes_of(tape(arguments)[0]), bytes_of(want[0]));
  EXPECT_THROW(tape.with_parts({{0, part, {0}}}), ValueError);
  EXPECT_THROW(tape.with_parts({{0, part, {7}}}), IndexError);
  // exp and mul: the product between them is not in the way, but what one makes the other takes.
  const Tape needs =
      Tape::record([](TensorList in) { return std::vector<Tensor>{exp(in[0]), mul(in[1], in[2])}; },
                   std::vector<Tensor>{zeros({1, 4}), zeros({1, 4}), zeros({1, 4})});
  EXPECT_THROW(tape.with_parts({{1, needs, {3}}}), ValueError);
  // The first product and the last step have others between them.
  EXPECT_THROW(tape.with_parts({{0, needs, {3}}}), ValueError);
}

namespace {

// Loads and runs the program with numbers and words of its text, and elements of its integer
// tensors, changed at random; how often it was refused.
int damage(const Tape& tape, const std::vector<Tensor>& arguments, int times) {
  const std::string path = testing::TempDir() + "/wengert_tape_file_test_" +
                           testing::UnitTest::GetInstance()->current_test_info()->name();
  tape.save(path);
  const io::TensorFile file = io::load(path);
  std::remove(path.c_str());
  const std::string& program = file.metadata.at("wengert.tape");
  std::mt19937 random(3);
  static constexpr const char* kNumbers[] = {
      "-1",  "0",    "1",    "2", "5", "100000", "4611686018427387904", "-70368744177664",
      "1.5", "true", "null", "[]"};
  static constexpr int64_t kElements[] = {-1, 0, 1, 2, 4, 7, 100000, INT32_MIN, INT64_MAX};
  int refused = 0;
  for (int i = 0; i < times; ++i) {
    std::string text = program;
    TensorMap own;
    for (const auto& [name, t] : file.tensors) own.emplace(name, clone(t));
    if (i % 4 == 3) {
      for (auto& [name, t] : own) {
        if (!is_integral(t.dtype()) || t.numel() == 0 || random() % 3) continue;
        const auto at = static_cast<int64_t>(random()) % t.numel();
        Tensor element = reshape(t, {-1})[at];
        copy_(element, scalar(kElements[random() % std::size(kElements)], DType::int64));
      }
    }
    for (int k = 0; k < (i % 4 == 3 ? 0 : 1 + i % 3); ++k) {
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
      tape::Player player(tape::from_file(own, text, names));
      std::vector<Tensor> outputs;
      if (arguments.size() == player.program().inputs.size()) player.run(arguments, outputs);
    } catch (const ValueError&) {
      ++refused;
    } catch (const Error&) {
    } catch (const std::bad_alloc&) {
    }
  }
  return refused;
}

// Operations that few models use, and the gradient of x (3, 4, 5).
std::vector<Tensor> rare(const Tensor& x) {
  static const auto* const fixed = [] {
    const auto [ld, pivots] =
        linalg_ldl_factor(from_data(std::vector<float>{0, 1, 1, 0}.data(), {2, 2}, DType::float32));
    const auto whole = [](std::initializer_list<int64_t> v) { return tensor(v); };
    return new std::map<std::string, Tensor>{
        {"ld", ld},
        {"pivots", pivots},
        {"grid", rand({1, 2, 3, 2}) * 2.2 - 1.1},
        {"table", randn({6, 4})},
        {"indices", whole({1, 5, 0, 2, 2})},
        {"offsets", whole({0, 2, 2})},
        {"labels", reshape(whole({1, 2, 3, 3, 4, 1, 2, 0}), {4, 2})},
        {"lengths", whole({2, 2, 2, 1})},
        {"steps", whole({3, 3, 2, 3})},
        {"samples", rand({1, 3, 2})}};
  }();
  const auto get = [&](const char* name) { return fixed->at(name); };
  const Tensor image = reshape(x, {1, 3, 4, 5});
  const Tensor square = narrow(x, 2, 0, 4) + eye(4, 4, DType::float32) * 4.0;
  const std::vector<Tensor> parts{
      fft::irfft(fft::rfft(x), 5),
      real(fft::fft(x)),
      grid_sample(image, get("grid")),
      grid_sample(image, get("grid"), "bicubic", "reflection", true),
      ctc_loss(log_softmax(x, -1), get("labels"), get("steps"), get("lengths")),
      embedding_bag(get("table"), get("indices"), get("offsets")).output,
      embedding_bag(get("table"), get("indices"), get("offsets"), false, BagMode::max).output,
      fractional_max_pool2d(image, {2}, {2}, get("samples")).first,
      cdist(x, flip(x, {1})),
      linalg_solve(square, x),
      std::get<0>(linalg_lstsq(square, x)),
      linalg_ldl_solve(get("ld"), get("pivots"), narrow(select(x, 0, 0).detach(), 0, 0, 2)),
      as_strided(x, {3, 2}, {4, 1}, 5),
      poisson(exp(x)),
      to(multinomial(exp(select(x, 0, 0)), 2), DType::float32),
      to(randperm(5), DType::float32),
      histc(x.detach(), 4),
      to(searchsorted(sort(x.detach()).first, x.detach()), DType::float32)};
  Tensor loss = zeros({});
  std::vector<Tensor> results;
  for (const Tensor& p : parts) {
    loss = loss + sum(p * p);
    results.push_back(p.detach());
  }
  results.push_back(grad({&loss, 1}, {&x, 1})[0]);
  return results;
}

}  // namespace

TEST(TapeFile, DamagedProgramsAreRefusedOrRun) {
  const Step s;
  EXPECT_GT(damage(*s.tape, s.arguments(), 400), 100);
}

TEST(TapeFile, DamagedProgramsOfRareOperationsAreRefusedOrRun) {
  manual_seed(2);
  const Tensor x = randn({3, 4, 5}).requires_grad_();
  rare(x);
  const Tape tape = Tape::record([](TensorList in) { return rare(in[0]); }, {&x, 1});
  EXPECT_GT(damage(tape, {x}, 1500), 300);
}
