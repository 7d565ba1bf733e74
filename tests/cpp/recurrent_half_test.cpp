// Recurrent layers of 16 bits against those of the same numbers in float64.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "kernels/gemm.h"
#include "ops/nn_recurrent.h"
#include "wengert/wengert.h"

using namespace wengert;
using recurrent::Cell;
using recurrent::Inputs;
using recurrent::Steps;

namespace {

constexpr int64_t kIn = 40, kHidden = 72;

struct Layer {
  Cell cell;
  bool packed = false, reverse = false, projected = false, plain = false;  // plain: x and weights
  int64_t count = 12, batch = 33;
  bool wide = false;  // input and states are float32 beside weights of 16 bits

  Steps steps() const {
    Steps s;
    s.count = count;
    s.batch = batch;
    s.reverse = reverse;
    for (int64_t t = 0; packed && t < count; ++t) s.sizes.push_back(batch - 2 * t);
    return s;
  }
  DType dtype_of(int i, DType dtype) const {
    const bool weight = i >= Inputs::w_ih && i <= Inputs::w_hr;
    return wide && !weight && dtype != DType::float64 ? DType::float32 : dtype;
  }
  // The inputs in a dtype, rounded to `rounded` before.
  Inputs inputs(DType dtype, DType rounded) const {
    manual_seed(7);
    const int64_t sums = recurrent::gates_of(cell) * kHidden, out = projected ? 24 : kHidden;
    Inputs in;
    const auto make = [&](int i, Dims shape, double scale) {
      const Tensor t = (randn(shape, DType::float64) * scale).to(rounded);
      in.t[i] = t.to(dtype_of(i, dtype)).requires_grad_();
    };
    make(Inputs::x, {steps().offsets().back(), kIn}, 1);
    make(Inputs::w_ih, {sums, kIn}, 0.1);
    make(Inputs::w_hh, {sums, out}, 0.1);
    if (projected) make(Inputs::w_hr, {out, kHidden}, 0.2);
    if (plain) return in;
    make(Inputs::b_ih, {sums}, 0.1);
    make(Inputs::b_hh, {sums}, 0.1);
    make(Inputs::h_0, {batch, out}, 0.5);
    if (cell == Cell::lstm) make(Inputs::c_0, {batch, kHidden}, 0.5);
    return in;
  }
};

struct Found {
  std::vector<Tensor> outputs, gradients;
  std::vector<Tensor> all() const {
    std::vector<Tensor> t = outputs;
    t.insert(t.end(), gradients.begin(), gradients.end());
    return t;
  }
};

// Results and the gradients of everything, from the same gradients of the results.
Found run(const Layer& layer, DType dtype, DType rounded, bool create_graph = false) {
  const Inputs in = layer.inputs(dtype, rounded);
  const recurrent::Outputs y = recurrent::run_layer(layer.cell, layer.steps(), in);
  Found found;
  std::vector<Tensor> wanted, given;
  for (const Tensor& t : {y.states, y.h_n, y.c_n}) {
    if (!t.defined()) continue;
    EXPECT_EQ(t.dtype(), layer.dtype_of(Inputs::h_0, dtype));
    found.outputs.push_back(t);
    given.push_back(randn(t.shape(), DType::float64).to(rounded).to(t.dtype()));
  }
  for (const Tensor& t : in.t) {
    if (t.defined()) wanted.push_back(t);
  }
  found.gradients = grad(found.outputs, wanted, given, false, create_graph);
  for (size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(found.gradients[i].dtype(), wanted[i].dtype());
  return found;
}

double norm_of(const Tensor& t) { return std::sqrt(sum(square(t)).item().to_double()); }

// Every array is wrong by no more than `bound` times its own size.
void expect_near(const Found& a, const Found& b, double bound) {
  const std::vector<Tensor> x = a.all(), y = b.all();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const Tensor exact = y[i].detach().to(DType::float64);
    ASSERT_EQ(x[i].shape(), exact.shape());
    EXPECT_LE(norm_of(x[i].detach().to(DType::float64) - exact), bound * norm_of(exact)) << i;
  }
}
// Where a sum of wrong sign goes through a relu, the gradient jumps: of a share of the sums as
// large as the error.
double with_jumps(const Layer& layer, double bound) {
  return layer.cell == Cell::relu ? std::sqrt(2 * bound) : bound;
}

std::string bits_of(const Found& f) {
  std::string bits;
  for (const Tensor& t : f.all()) {
    const Tensor d = contiguous(t.detach());
    bits.append(static_cast<const char*>(d.data()),
                static_cast<size_t>(d.numel()) * item_size(d.dtype()));
  }
  return bits;
}

std::vector<Layer> layers() {
  std::vector<Layer> all;
  for (const Cell cell : {Cell::lstm, Cell::gru, Cell::tanh, Cell::relu}) {
    all.push_back({cell});
    all.push_back({cell, false, true});
    all.push_back({cell, true, false});
    all.push_back({cell, true, true});
    all.push_back({cell, false, false, false, true});
    all.push_back({cell, false, false, false, false, 5, 3});  // fewer rows than a tile has
    all.push_back({cell, false, false, false, true, 1, 20});
  }
  all.push_back(
      {Cell::gru, false, false, false, false, 5, 900});  // more rows than are turned at once
  all.push_back({Cell::lstm, false, false, true});
  all.push_back({Cell::lstm, true, true, true});
  for (size_t i = 0, n = all.size(); i < n; ++i) {
    all.push_back(all[i]);
    all.back().wide = true;
  }
  return all;
}

class RecurrentHalf : public testing::TestWithParam<Layer> {};

// Factors of 8 bits are wrong by up to 2^-9 of their size; what goes through all steps adds up to
// twice that.
TEST_P(RecurrentHalf, ErrorsAreThoseOfRoundedFactors) {
  const Layer& layer = GetParam();
  const Found exact = run(layer, DType::float64, DType::bfloat16);
  expect_near(run(layer, DType::bfloat16, DType::bfloat16), exact, with_jumps(layer, 0x1p-8));
}

TEST_P(RecurrentHalf, Float16HasThreeBitsMore) {
  const Layer& layer = GetParam();
  const Found exact = run(layer, DType::float64, DType::float16);
  expect_near(run(layer, DType::float16, DType::float16), exact, with_jumps(layer, 0x1p-11));
}

TEST_P(RecurrentHalf, GradientsThatCanBeDifferentiatedAreTheSame) {
  const Layer& layer = GetParam();
  const Found once = run(layer, DType::bfloat16, DType::bfloat16);
  expect_near(run(layer, DType::bfloat16, DType::bfloat16, true), once, with_jumps(layer, 0x1p-7));
}

TEST_P(RecurrentHalf, ThreadsChangeNoBit) {
  const int before = num_threads();
  set_num_threads(1);
  const std::string one = bits_of(run(GetParam(), DType::bfloat16, DType::bfloat16));
  for (int threads = 2; threads <= 4; ++threads) {
    set_num_threads(threads);
    EXPECT_EQ(bits_of(run(GetParam(), DType::bfloat16, DType::bfloat16)), one) << threads;
  }
  set_num_threads(before);
}

// Few rows take their products with the input all at once, many step by step.
TEST_P(RecurrentHalf, ASequenceIsTheSameInAnyBatch) {
  const Layer& layer = GetParam();
  const Inputs in = layer.inputs(DType::bfloat16, DType::bfloat16);
  const Steps steps = layer.steps();
  const recurrent::Outputs y = recurrent::run_layer(layer.cell, steps, in);
  const std::vector<int64_t> offsets = steps.offsets();
  for (int64_t i = 0; i < layer.batch; i += layer.batch / 3) {
    std::vector<Tensor> x, states;
    for (int64_t t = 0; t < layer.count && i < steps.size(t); ++t) {
      x.push_back(narrow(in.t[Inputs::x], 0, offsets[static_cast<size_t>(t)] + i, 1));
      states.push_back(narrow(y.states, 0, offsets[static_cast<size_t>(t)] + i, 1));
    }
    Inputs one = in;
    one.t[Inputs::x] = cat(x, 0);
    for (const int k : {int{Inputs::h_0}, int{Inputs::c_0}}) {
      if (in.t[k].defined()) one.t[k] = narrow(in.t[k], 0, i, 1);
    }
    Steps alone;
    alone.count = static_cast<int64_t>(x.size());
    alone.batch = 1;
    alone.reverse = steps.reverse;
    const recurrent::Outputs z = recurrent::run_layer(layer.cell, alone, one);
    EXPECT_TRUE(equal(z.states, cat(states, 0))) << i;
    EXPECT_TRUE(equal(z.h_n, narrow(y.h_n, 0, i, 1))) << i;
    if (z.c_n.defined()) {
      EXPECT_TRUE(equal(z.c_n, narrow(y.c_n, 0, i, 1))) << i;
    }
  }
}

std::string name_of(const testing::TestParamInfo<Layer>& info) {
  constexpr const char* kCells[] = {"lstm", "gru", "tanh", "relu"};
  const Layer& l = info.param;
  return std::string(kCells[static_cast<int>(l.cell)]) + (l.packed ? "_packed" : "") +
         (l.reverse ? "_reverse" : "") + (l.projected ? "_projected" : "") +
         (l.plain ? "_plain" : "") + (l.wide ? "_wide" : "") + "_" + std::to_string(l.count) + "x" +
         std::to_string(l.batch);
}
INSTANTIATE_TEST_SUITE_P(Layers, RecurrentHalf, testing::ValuesIn(layers()), name_of);

// Functions take such layers where the processor multiplies pairs, and float32 elsewhere.
TEST(RecurrentHalfFunctions, TheFunctionsTakeProductsOfPairs) {
  manual_seed(3);
  const auto make = [](Dims shape) { return randn(shape).to(DType::bfloat16); };
  const std::vector<Tensor> p{make({64, 8}), make({64, 16}), make({64}), make({64})};
  const Tensor x = make({5, 20, 8});
  const auto [y, h, c] = lstm(x, {}, p, true, 1, 0, false, false, false);
  Inputs in;
  in.t[Inputs::x] = reshape(x, {100, 8});
  for (int i = 0; i < 4; ++i) in.t[Inputs::w_ih + i] = p[static_cast<size_t>(i)];
  Steps steps;
  steps.count = 5;
  steps.batch = 20;
  const bool pairs = kernels::gemm_packs(DType::bfloat16);
  for (Tensor& t : in.t) {
    if (t.defined() && !pairs) t = t.to(DType::float32);
  }
  const recurrent::Outputs z = recurrent::run_layer(Cell::lstm, steps, in);
  EXPECT_TRUE(equal(reshape(y, {100, 16}), z.states.to(DType::bfloat16)));
  EXPECT_TRUE(equal(reshape(c, {20, 16}), z.c_n.to(DType::bfloat16)));
}

// A training step as a program, again from a file, gives the bits of the functions.
TEST(RecurrentHalfFunctions, ProgramsGiveTheSameBits) {
  manual_seed(4);
  const auto make = [](Dims shape) { return (randn(shape) * 0.2).to(DType::bfloat16); };
  std::vector<Tensor> p{make({48, 8}), make({48, 16}), make({48}), make({48})};
  for (Tensor& t : p) t.requires_grad_();
  const auto step = [&](TensorList in) {
    const auto [y, h] = gru(in[0], {}, p, true, 1, 0, false, false, false);
    std::vector<Tensor> found = grad({sum(square(y)), sum(h)}, p);
    found.push_back(y.detach());
    return found;
  };
  const Tensor x = make({6, 18, 8}), other = make({6, 18, 8});
  const Tape tape = Tape::record(step, {x});
  const std::string path = testing::TempDir() + "recurrent_half.tape";
  tape.save(path);
  const Tape loaded = Tape::load(path);
  for (const Tensor& given : {x, other}) {
    const std::vector<Tensor> want = step({given}), got = tape({given}), again = loaded({given});
    ASSERT_EQ(got.size(), want.size());
    ASSERT_EQ(again.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_TRUE(equal(got[i], want[i])) << i;
      EXPECT_TRUE(equal(again[i], want[i])) << i;
    }
  }
  std::remove(path.c_str());
}

}  // namespace
