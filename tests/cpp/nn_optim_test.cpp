// Layers, optimizers and gradient checks of the C++ interface.
#include <gtest/gtest.h>

#include <cmath>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace nn = wengert::nn;
namespace optim = wengert::optim;

namespace {

std::vector<double> values(const wg::Tensor& t) {
  const wg::Tensor d = t.detach().to(wg::DType::float64).contiguous();
  return {d.data<double>(), d.data<double>() + d.numel()};
}
void expect_near(const wg::Tensor& t, const std::vector<double>& expected,
                 double tolerance = 1e-12) {
  const std::vector<double> v = values(t);
  ASSERT_EQ(v.size(), expected.size());
  for (size_t i = 0; i < v.size(); ++i) EXPECT_NEAR(v[i], expected[i], tolerance) << i;
}
bool same_values(const wg::Tensor& a, const wg::Tensor& b) {
  return a.shape() == b.shape() && values(a) == values(b);
}
std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> all;
  for (const auto& [name, t] : tensors) all.push_back(name);
  return all;
}
wg::Tensor leaf(std::initializer_list<double> v) { return wg::tensor(v).requires_grad_(); }

struct Net : nn::Module {
  nn::Linear hidden{4, 3}, out{3, 2};
  Net() {
    register_module("hidden", hidden);
    register_module("out", out);
  }
  wg::Tensor forward(const wg::Tensor& x) override { return out(wg::relu(hidden(x))); }
};

using Names = std::vector<std::string>;

TEST(Module, NamesAndState) {
  wg::manual_seed(0);
  Net net, other;
  EXPECT_EQ(names(net.named_parameters()),
            (Names{"hidden.weight", "hidden.bias", "out.weight", "out.bias"}));
  for (const wg::Tensor& p : net.parameters()) EXPECT_TRUE(p.requires_grad() && p.is_leaf());
  const wg::TensorMap state = net.state_dict();
  EXPECT_FALSE(state.at("out.bias").requires_grad());
  EXPECT_EQ(state.at("out.bias").data(), net.out.bias.data());
  const wg::Tensor x = wg::randn({5, 4});
  EXPECT_FALSE(same_values(net(x), other(x)));
  other.load_state_dict(state);
  EXPECT_TRUE(same_values(net(x), other(x)));
  EXPECT_NE(other.out.bias.data(), net.out.bias.data());
}

TEST(Module, LoadingWhatDoesNotFitChangesNothing) {
  Net net;
  const wg::Tensor before = net.hidden.weight.detach().clone();
  wg::TensorMap state = Net().state_dict();
  state["out.weight"] = wg::zeros({2, 4});
  EXPECT_THROW(net.load_state_dict(state), wg::Error);
  state["out.weight"] = wg::zeros({2, 3});
  state["more"] = wg::zeros({1});
  EXPECT_THROW(net.load_state_dict(state), wg::Error);
  state.erase("more");
  state.erase("out.bias");
  EXPECT_THROW(net.load_state_dict(state), wg::Error);
  EXPECT_TRUE(same_values(net.hidden.weight, before));
  net.load_state_dict(state, false);
  EXPECT_FALSE(same_values(net.hidden.weight, before));
}

TEST(Module, NamesAreChecked) {
  struct Open : nn::Module {
    using nn::Module::register_buffer;
    using nn::Module::register_module;
    using nn::Module::register_parameter;
  } module;
  module.register_parameter("a", wg::ones({1}));
  EXPECT_THROW(module.register_buffer("a", wg::ones({1})), wg::ValueError);
  EXPECT_THROW(module.register_buffer("", wg::ones({1})), wg::ValueError);
  EXPECT_THROW(module.register_buffer("b.c", wg::ones({1})), wg::ValueError);
  EXPECT_THROW(module.register_buffer("b", {}), wg::ValueError);
  EXPECT_THROW(module.register_parameter("b", wg::ones({1}).requires_grad_() * 2), wg::ValueError);
  EXPECT_THROW(module.register_module("b", module), wg::ValueError);
  EXPECT_THROW(module.forward(wg::ones({1})), wg::NotImplementedError);
}

TEST(Module, SharedParametersCountOnce) {
  auto layer = nn::make<nn::Linear>(2, 2);
  nn::Sequential net{layer, nn::make<nn::Tanh>(), layer};
  EXPECT_EQ(net.parameters().size(), 2u);
  EXPECT_EQ(names(net.named_parameters()), (Names{"0.weight", "0.bias"}));
  EXPECT_EQ(net.state_dict().size(), 4u);
}

TEST(Layers, LinearIsInitialisedAsInPython) {
  wg::manual_seed(1);
  nn::Linear layer(100, 50, {.dtype = wg::DType::float64});
  for (const wg::Tensor& t : layer.parameters()) {
    double largest = 0;
    for (const double v : values(t)) largest = std::max(largest, std::abs(v));
    EXPECT_LE(largest, 0.1);
    EXPECT_GT(largest, 0.08);
  }
  EXPECT_EQ(layer.weight.shape(), wg::Dims({50, 100}));
  EXPECT_FALSE(nn::Linear(2, 3, {.bias = false}).bias.defined());
  EXPECT_THROW(nn::Linear(-1, 3), wg::ValueError);
}

TEST(Layers, ConvolutionPoolingAndFlatten) {
  nn::Sequential net{
      nn::make<nn::Conv2d>(2, 4, 3, nn::Conv2dOptions{.stride = {2, 1}, .padding = 1}),
      nn::make<nn::ReLU>(), nn::make<nn::MaxPool2d>(2), nn::make<nn::Flatten>()};
  EXPECT_EQ(net(wg::ones({3, 2, 8, 6})).shape(), wg::Dims({3, 4 * 2 * 3}));
  EXPECT_EQ(nn::Conv2d(4, 6, {1, 5}, {.groups = 2}).weight.shape(), wg::Dims({6, 2, 1, 5}));
  EXPECT_THROW(nn::Conv2d(3, 4, 3, {.groups = 2}), wg::ValueError);
  EXPECT_EQ(nn::Flatten(0, 1)(wg::ones({2, 3, 4})).shape(), wg::Dims({6, 4}));
  EXPECT_THROW(nn::Flatten(2, 1)(wg::ones({2, 3, 4})), wg::Error);
}

TEST(Layers, TrainingAndEvaluation) {
  wg::manual_seed(0);
  auto drop = nn::make<nn::Dropout>(0.5);
  auto norm = nn::make<nn::BatchNorm2d>(2);
  nn::Sequential net{norm, drop};
  const wg::Tensor x = wg::randn({4, 2, 3, 3}) * 3 + 1;
  EXPECT_FALSE(same_values(net(x), net(x)));
  EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), 2);
  EXPECT_NE(values(norm->running_mean)[0], 0);
  net.eval();
  EXPECT_FALSE(drop->is_training());
  EXPECT_TRUE(same_values(net(x), net(x)));
  EXPECT_EQ(norm->num_batches_tracked.item<int64_t>(), 2);
  EXPECT_EQ(names(net.named_buffers()),
            (Names{"0.running_mean", "0.running_var", "0.num_batches_tracked"}));
  EXPECT_THROW(nn::Dropout(1.5), wg::ValueError);
}

TEST(Layers, GradientsAreRight) {
  wg::manual_seed(3);
  const nn::LinearOptions o{.dtype = wg::DType::float64};
  nn::Sequential net{nn::make<nn::Linear>(3, 4, o), nn::make<nn::GELU>(),
                     nn::make<nn::Linear>(4, 2, o), nn::make<nn::Sigmoid>()};
  std::vector<wg::Tensor> inputs = net.parameters();
  inputs.push_back(wg::randn({2, 3}, wg::DType::float64).requires_grad_());
  wg::gradcheck(
      [&](const std::vector<wg::Tensor>& in) {
        return wg::sigmoid(wg::linear(wg::gelu(wg::linear(in[4], in[0], in[1])), in[2], in[3]));
      },
      inputs);
}

TEST(Gradcheck, FindsWrongGradients) {
  const wg::Tensor x = leaf({0.3, -0.7}), y = wg::tensor({1.5, 2.5});
  const auto product = [](const std::vector<wg::Tensor>& in) { return in[0] * in[0] * in[1]; };
  wg::gradcheck(product, {x, y});
  // Half of the history is missing.
  const auto wrong = [](const std::vector<wg::Tensor>& in) {
    return in[0] * in[0].detach() * in[1];
  };
  EXPECT_THROW(wg::gradcheck(wrong, {x, y}), wg::Error);
  const auto none = [](const std::vector<wg::Tensor>& in) { return in[0].detach() * in[1]; };
  EXPECT_THROW(wg::gradcheck(none, {x, y}), wg::Error);
  EXPECT_THROW(wg::gradcheck(product, {y, y}), wg::ValueError);
  EXPECT_THROW(wg::gradcheck(product, {wg::ones({2}).requires_grad_(), y}), wg::ValueError);
}

// ---- optimizers: expected numbers by hand

void step(optim::Optimizer& optimizer, const wg::Tensor& p, double gradient) {
  wg::Tensor(p).set_grad(wg::full_like(p, gradient));
  optimizer.step();
}

TEST(Optimizers, Sgd) {
  const wg::Tensor p = leaf({1});
  optim::SGD optimizer({p}, {.lr = 0.5, .momentum = 0.5, .dampening = 0.5});
  step(optimizer, p, 2);
  expect_near(p, {0});
  step(optimizer, p, 2);
  expect_near(p, {-1});
  optimizer.options().lr = 0;
  step(optimizer, p, 2);
  expect_near(p, {-1});
}

TEST(Optimizers, SgdNesterovAndDecay) {
  const wg::Tensor p = leaf({1});
  optim::SGD optimizer({p}, {.lr = 0.1, .momentum = 0.9, .weight_decay = 0.5, .nesterov = true});
  step(optimizer, p, 2);
  // g = 2.5, b = 2.5
  expect_near(p, {1 - 0.1 * (2.5 + 0.9 * 2.5)});
}

TEST(Optimizers, AdamAndAdamW) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::Adam adam({p}, {.lr = 0.1, .eps = 0});
  optim::AdamW adamw({q}, {.lr = 0.1, .eps = 0, .weight_decay = 0.5});
  step(adam, p, -3);
  step(adamw, q, -3);
  expect_near(p, {1.1});
  expect_near(q, {1 * (1 - 0.05) + 0.1});
  step(adam, p, -1);
  const double m = (0.9 * 0.1 * -3 + 0.1 * -1) / (1 - 0.81);
  const double v = (0.999 * 0.001 * 9 + 0.001) / (1 - 0.999 * 0.999);
  expect_near(p, {1.1 - 0.1 * m / std::sqrt(v)});
  EXPECT_EQ(adam.state_dict()["state"][0]["step"].tensor().item<int64_t>(), 2);
}

TEST(Optimizers, RmspropAndAdagrad) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::RMSprop rmsprop({p}, {.lr = 0.1, .alpha = 0.75, .eps = 0, .centered = true});
  optim::Adagrad adagrad({q}, {.lr = 0.1, .lr_decay = 1, .eps = 0});
  step(rmsprop, p, 2);
  expect_near(p, {1 - 0.1 * 2 / std::sqrt(1 - 0.25)});
  step(adagrad, q, 2);
  expect_near(q, {0.9});
  step(adagrad, q, 2);
  expect_near(q, {0.9 - 0.05 * 2 / std::sqrt(8)});
}

TEST(Optimizers, AdadeltaAndAdamax) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::Adadelta adadelta({p}, {.lr = 0.5, .rho = 0.75, .eps = 1});
  optim::Adamax adamax({q}, {.lr = 0.1, .beta1 = 0.5, .beta2 = 0.5, .eps = 0});
  step(adadelta, p, 2);
  expect_near(p, {1 - 0.5 * 2 / std::sqrt(2.0)});
  step(adamax, q, 2);
  expect_near(q, {0.9});
  step(adamax, q, -0.5);
  expect_near(q, {0.9 - 0.1 / 0.75 * (0.5 * 1 - 0.25) / 1});
}

TEST(Optimizers, NadamAndRadam) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::NAdam nadam({p}, {.lr = 0.1, .beta1 = 0.5, .eps = 0, .momentum_decay = 0});
  optim::RAdam radam({q}, {.lr = 0.1, .weight_decay = 0.5, .decoupled_weight_decay = true});
  step(nadam, p, 2);
  // mu is 0.25 throughout; m = 1, the corrected root of v is 2.
  expect_near(p, {1 - 0.1 * (2 + 0.25 / (1 - 0.0625)) / 2});
  step(radam, q, 2);
  expect_near(q, {0.95 - 0.1 * 2});
  EXPECT_EQ(nadam.state_dict()["state"][0]["mu_product"].tensor().item<double>(), 0.25);
}

TEST(Optimizers, RpropAndAsgd) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::Rprop rprop({p}, {.lr = 0.5, .max_step = 0.55});
  optim::ASGD asgd({q}, {.lr = 0.5, .lambd = 0, .t0 = 0});
  step(rprop, p, 2);
  expect_near(p, {0.5});
  step(rprop, p, 1);
  expect_near(p, {-0.05});
  step(rprop, p, -1);
  expect_near(p, {-0.05});
  EXPECT_EQ(rprop.state_dict()["state"][0]["step_size"].tensor().item<double>(), 0.275);
  for (const double expected : {0.0, -1.0, -2.0}) {
    step(asgd, q, 2);
    expect_near(q, {expected});
  }
  expect_near(asgd.state_dict()["state"][0]["ax"].tensor(), {-1.5});
}

TEST(Optimizers, StateTakesUpWhereItEnded) {
  const wg::Tensor p = leaf({1, 2}), q = leaf({1, 2});
  optim::Adam first({p}, {.lr = 0.1, .amsgrad = true}), second({q}, {.lr = 0.1, .amsgrad = true});
  step(first, p, 3);
  {
    wg::NoGradGuard no_grad;
    wg::Tensor(q).set_grad({});
    wg::Tensor target = q;
    wg::copy_(target, p);
  }
  second.load_state_dict(first.state_dict());
  EXPECT_EQ(second.state_dict()["state"][0].entries().size(), 4u);
  step(first, p, -1);
  step(second, q, -1);
  EXPECT_EQ(values(p), values(q));
}

TEST(Optimizers, OnlyParametersWithGradientsMove) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::SGD optimizer({p, q}, {.lr = 1});
  step(optimizer, q, 1);
  expect_near(p, {1});
  expect_near(q, {0});
  optimizer.zero_grad();
  EXPECT_FALSE(q.grad().defined());
  optimizer.step();
  expect_near(q, {0});
}

TEST(Optimizers, OptionsAndParametersAreChecked) {
  const wg::Tensor p = leaf({1});
  EXPECT_THROW(optim::SGD({}, {}), wg::ValueError);
  EXPECT_THROW(optim::SGD({p, p}), wg::ValueError);
  EXPECT_THROW(optim::SGD({p * 2}), wg::ValueError);
  EXPECT_THROW(optim::SGD({p}, {.lr = -1}), wg::ValueError);
  EXPECT_THROW(optim::SGD({p}, {.lr = NAN}), wg::ValueError);
  EXPECT_THROW(optim::SGD({p}, {.nesterov = true}), wg::ValueError);
  EXPECT_THROW(optim::Adam({p}, {.beta2 = 1}), wg::ValueError);
  EXPECT_THROW(optim::NAdam({p}, {.momentum_decay = -1}), wg::ValueError);
  EXPECT_THROW(optim::Adadelta({p}, {.rho = 2}), wg::ValueError);
  EXPECT_THROW(optim::Rprop({p}, {.eta_plus = 0.5}), wg::ValueError);
}

TEST(Optimizers, AStepIsSeenByBackward) {
  const wg::Tensor p = leaf({1, 2});
  optim::SGD optimizer({p}, {.lr = 1});
  const wg::Tensor loss = wg::sum(p * p);
  step(optimizer, p, 1);
  EXPECT_THROW(loss.backward(), wg::Error);
}

TEST(Optimizers, ThreadsDoNotChangeBits) {
  const int before = wg::num_threads();
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 3}) {
    wg::set_num_threads(threads);
    wg::manual_seed(5);
    const wg::Tensor p = wg::randn({300001}).requires_grad_(), q = wg::randn({77}).requires_grad_();
    optim::AdamW optimizer({q, p}, {.lr = 0.1});
    wg::Tensor norm;
    for (int i = 0; i < 3; ++i) {
      wg::Tensor(p).set_grad(wg::randn({300001}));
      wg::Tensor(q).set_grad(wg::randn({77}));
      norm = optim::clip_grad_norm_({p, q}, 1);
      optimizer.step();
    }
    results.push_back(values(p));
    results.back().push_back(norm.item<double>());
  }
  wg::set_num_threads(before);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(Optimizers, ClippingTheNorm) {
  const wg::Tensor p = leaf({0, 0}), q = leaf({0});
  wg::Tensor(p).set_grad(wg::tensor({3.0, 0.0}));
  wg::Tensor(q).set_grad(wg::tensor({-4.0}));
  EXPECT_EQ(optim::clip_grad_norm_({p, q}, 10).item<double>(), 5);
  expect_near(q.grad(), {-4});
  EXPECT_EQ(optim::clip_grad_norm_({p, q}, 2, INFINITY).item<double>(), 4);
  expect_near(p.grad(), {1.5, 0}, 1e-5);
  expect_near(q.grad(), {-2}, 1e-5);
}

// Both names give the bits of Python's function, whose factor has the dtype of the norm.
TEST(Optimizers, ClippingHasTheSameBitsByEitherName) {
  wg::manual_seed(4);
  for (int i = 0; i < 20; ++i) {
    const wg::Tensor p = wg::zeros({31}).requires_grad_(), q = wg::zeros({31}).requires_grad_();
    const wg::Tensor g = wg::randn({31});
    wg::Tensor(p).set_grad(g.clone());
    wg::Tensor(q).set_grad(g.clone());
    const wg::Tensor a = optim::clip_grad_norm_({p}, 0.7), b = nn::utils::clip_grad_norm_({q}, 0.7);
    EXPECT_TRUE(equal(a, b));
    EXPECT_TRUE(equal(p.grad(), q.grad()));
    const float factor = 0.7f / (a.item<float>() + 1e-6f);
    EXPECT_EQ(p.grad()[0].item<float>(), g[0].item<float>() * factor);
  }
}

TEST(Training, LearnsXor) {
  wg::manual_seed(0);
  nn::Sequential net{nn::make<nn::Linear>(2, 8), nn::make<nn::Tanh>(), nn::make<nn::Linear>(8, 1)};
  optim::Adam optimizer(net.parameters(), {.lr = 0.05});
  const wg::Tensor x = wg::tensor({0.f, 0.f, 0.f, 1.f, 1.f, 0.f, 1.f, 1.f}).reshape({4, 2});
  const wg::Tensor y = wg::tensor({0.f, 1.f, 1.f, 0.f}).reshape({4, 1});
  double loss_value = 1;
  for (int i = 0; i < 300; ++i) {
    optimizer.zero_grad();
    const wg::Tensor error = net(x) - y;
    const wg::Tensor loss = wg::mean(error * error);
    loss.backward();
    optimizer.step();
    loss_value = loss.item<double>();
  }
  EXPECT_LT(loss_value, 1e-3);
}

}  // namespace
