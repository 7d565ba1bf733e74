// What modules do beside computing: hooks, containers, conversions, errors. That they compute what
// Python's do is tested by tests/cpp_parity.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace nn = wengert::nn;

namespace {

bool same_values(const wg::Tensor& a, const wg::Tensor& b) {
  return a.shape() == b.shape() && wg::equal(a.detach(), b.detach());
}
std::vector<std::string> names(const nn::NamedModules& modules) {
  std::vector<std::string> all;
  for (const auto& [name, m] : modules) all.push_back(name);
  return all;
}
using Names = std::vector<std::string>;

// ---- hooks

TEST(Hooks, ReplaceInputAndOutputUntilTheyAreRemoved) {
  nn::Identity module;
  const wg::Tensor x = wg::ones({2});
  const uint64_t before = module.register_forward_pre_hook(
      [](nn::Module&, const wg::Tensor& input) { return input * 3; });
  const uint64_t after =
      module.register_forward_hook([](nn::Module&, const wg::Tensor& input,
                                      const wg::Tensor& output) { return input + output; });
  EXPECT_TRUE(same_values(module(x), x * 6));
  EXPECT_TRUE(same_values(module.forward(x), x));
  EXPECT_TRUE(module.remove_hook(before));
  EXPECT_FALSE(module.remove_hook(before));
  EXPECT_TRUE(same_values(module(x), x * 2));
  EXPECT_TRUE(module.remove_hook(after));
  EXPECT_TRUE(same_values(module(x), x));
}

TEST(Hooks, AHookMayRemoveItself) {
  nn::Identity module;
  int calls = 0;
  uint64_t number = 0;
  number = module.register_forward_hook([&](nn::Module& m, const wg::Tensor&, const wg::Tensor&) {
    ++calls;
    m.remove_hook(number);
    return wg::Tensor();
  });
  module(wg::ones({1}));
  module(wg::ones({1}));
  EXPECT_EQ(calls, 1);
}

TEST(Hooks, ThoseThatAlwaysRunSeeCallsThatThrow) {
  struct Failing : nn::Module {
    wg::Tensor forward(const wg::Tensor& x) override { return wg::matmul(x, wg::ones({7, 7})); }
  } module;
  int always = 0, usual = 0;
  const auto count = [](int& n) {
    return [&n](nn::Module&, const wg::Tensor& x, const wg::Tensor& y) -> wg::Tensor {
      ++n;
      EXPECT_TRUE(x.defined());
      EXPECT_FALSE(y.defined());
      throw std::logic_error("lost");
    };
  };
  module.register_forward_hook(count(always), false, true);
  module.register_forward_hook(count(usual));
  EXPECT_THROW(module(wg::ones({2, 2})), wg::Error);
  EXPECT_EQ(always, 1);
  EXPECT_EQ(usual, 0);
}

TEST(StateHooks, ChangeWhatIsSavedAndLoaded) {
  nn::Sequential net{nn::make<nn::Linear>(2, 2), nn::make<nn::Linear>(2, 1)};
  std::vector<std::string> order;
  for (const auto& [name, m] : net.named_modules()) {
    m->register_state_dict_pre_hook(
        [&order](const nn::Module&, const std::string& prefix) { order.push_back(prefix); });
  }
  const uint64_t post = net[0].register_state_dict_post_hook(
      [&](const nn::Module& m, wg::TensorMap& state, const std::string& prefix) {
        EXPECT_EQ(&m, &net[0]);
        EXPECT_EQ(state.count("1.weight"), 0u);  // comes later
        state[prefix + "w"] = state.extract(prefix + "weight").mapped();
      });
  wg::TensorMap state = net.state_dict();
  EXPECT_EQ(order, (Names{"", "0.", "1."}));
  EXPECT_TRUE(state.count("0.w") && !state.count("0.weight"));

  EXPECT_THROW(net.load_state_dict(state), wg::Error);
  net[0].register_load_state_dict_pre_hook(
      [](nn::Module&, wg::TensorMap& state, const std::string& prefix) {
        if (state.count(prefix + "w")) {
          state[prefix + "weight"] = state.extract(prefix + "w").mapped();
        }
      });
  state["0.w"] = wg::ones({2, 2});
  const nn::IncompatibleKeys keys = net.load_state_dict(state);
  EXPECT_TRUE(keys.missing_keys.empty() && keys.unexpected_keys.empty());
  EXPECT_TRUE(same_values(net[0].parameters()[0], wg::ones({2, 2})));
  EXPECT_EQ(state.count("0.w"), 1u);  // what was given stays as it was
  EXPECT_TRUE(net.remove_hook(post) == false && net[0].remove_hook(post));
  EXPECT_EQ(net.state_dict().count("0.weight"), 1u);
}

TEST(StateHooks, AfterLoadingMaySayThatNamesDoNotMatter) {
  nn::Linear layer(2, 1);
  const wg::Tensor before = layer.weight.detach().clone();
  const uint64_t hook =
      layer.register_load_state_dict_post_hook([&](nn::Module&, nn::IncompatibleKeys& keys) {
        EXPECT_TRUE(same_values(layer.weight, wg::ones({1, 2})));
        std::erase(keys.missing_keys, "bias");
      });
  EXPECT_NO_THROW(layer.load_state_dict({{"weight", wg::ones({1, 2})}}));
  layer.remove_hook(hook);
  layer.load_state_dict({{"weight", before}}, false);
  layer.register_load_state_dict_post_hook([](nn::Module&, nn::IncompatibleKeys&) {});
  // Refused after all: as before.
  EXPECT_THROW(layer.load_state_dict({{"weight", wg::ones({1, 2})}}), wg::Error);
  EXPECT_TRUE(same_values(layer.weight, before));
  const auto keys = layer.load_state_dict({{"bias", wg::ones({1})}, {"more", before}}, false);
  EXPECT_EQ(keys.missing_keys, Names{"weight"});
  EXPECT_EQ(keys.unexpected_keys, Names{"more"});
}

TEST(StateHooks, OneElementMayStandForAScalar) {
  nn::BatchNorm1d layer(2);
  wg::TensorMap state = layer.state_dict();
  state["num_batches_tracked"] = wg::full({1}, 3).to(wg::DType::int64);
  layer.load_state_dict(state);
  EXPECT_EQ(layer.num_batches_tracked.item<int64_t>(), 3);
}

// Has extra state: how often it was called. Negative numbers are refused.
struct Counted : nn::Linear {
  Counted() : nn::Linear(2, 2) {}
  wg::Tensor forward(const wg::Tensor& x) override {
    ++calls;
    return nn::Linear::forward(x);
  }
  wg::Tensor get_extra_state() const override { return wg::tensor({calls}); }
  void set_extra_state(const wg::Tensor& state) override {
    const auto number = state.item<int64_t>();
    if (number < 0) throw wg::ValueError("negative");
    calls = number;
  }
  std::shared_ptr<Module> make_like() const override { return nn::make<Counted>(); }
  int64_t calls = 0;
};

TEST(ExtraState, IsSavedLoadedAndCopied) {
  nn::Sequential a{nn::make<Counted>(), nn::make<Counted>()};
  nn::Sequential b{nn::make<Counted>(), nn::make<Counted>()};
  const auto calls = [](const nn::Sequential& m, int64_t i) { return m.get<Counted>(i).calls; };
  for (int i = 0; i < 3; ++i) a(wg::ones({1, 2}));
  a[1](wg::ones({1, 2}));
  wg::TensorMap state = a.state_dict();
  EXPECT_EQ(state.size(), 6u);
  EXPECT_EQ(state["1._extra_state"].item<int64_t>(), 4);
  b.load_state_dict(state);
  EXPECT_EQ(calls(b, 0), 3);
  EXPECT_EQ(calls(b, 1), 4);
  EXPECT_EQ(calls(*nn::clone(a), 1), 4);

  state.erase("1._extra_state");
  EXPECT_THROW(b.load_state_dict(state), wg::Error);
  EXPECT_EQ(b.load_state_dict(state, false).missing_keys, Names{"1._extra_state"});
  state["1._extra_state"] = wg::Tensor();
  EXPECT_THROW(b.load_state_dict(state, false), wg::Error);
  nn::Linear none(2, 2);
  EXPECT_EQ(none.state_dict().count("_extra_state"), 0u);
  EXPECT_THROW(none.load_state_dict(a[0].state_dict()), wg::Error);
  EXPECT_EQ(none.load_state_dict(a[0].state_dict(), false).unexpected_keys, Names{"_extra_state"});
}

TEST(ExtraState, WhatIsRefusedChangesNothing) {
  nn::Sequential net{nn::make<Counted>(), nn::make<Counted>()};
  const auto check_unchanged = [&, before = net[0].parameters()[0].detach().clone()] {
    EXPECT_EQ(net.get<Counted>(0).calls, 0);
    EXPECT_TRUE(same_values(net[0].parameters()[0], before));
  };
  wg::TensorMap state = net.state_dict();
  state["0.weight"] = wg::ones({2, 2});
  state["0._extra_state"] = wg::tensor({int64_t{7}});
  state["1._extra_state"] = wg::tensor({int64_t{-1}});
  EXPECT_THROW(net.load_state_dict(state), wg::ValueError);
  check_unchanged();
  state["1._extra_state"] = wg::tensor({int64_t{1}});
  const uint64_t hook = net.register_load_state_dict_post_hook(
      [](nn::Module&, nn::IncompatibleKeys&) { throw std::runtime_error("hook"); });
  EXPECT_THROW(net.load_state_dict(state), std::runtime_error);
  check_unchanged();
  net.remove_hook(hook);
  net.load_state_dict(state);
  EXPECT_EQ(net.get<Counted>(0).calls, 7);

  // Of a module under two names, too, and where another refuses what was its own.
  struct Shared : nn::Module {
    Shared() {
      register_module("a", nn::make<Counted>());
      register_module("b", nn::make<Counted>());
      register_module("c", children()[1].second);
      register_module("d", nn::make<Counted>());
    }
    int64_t& calls(size_t i) { return static_cast<Counted&>(*children()[i].second).calls; }
  };
  Shared from, shared;
  from.calls(0) = from.calls(1) = 5;
  from.calls(3) = -2;  // which is refused
  shared.calls(0) = -1;
  shared.calls(1) = 2;
  EXPECT_THROW(shared.load_state_dict(from.state_dict()), wg::ValueError);
  EXPECT_EQ(shared.calls(1), 2);

  struct Half : nn::Module {
    wg::Tensor get_extra_state() const override { return wg::ones({2}); }
  };
  Half half;
  EXPECT_THROW(half.load_state_dict(half.state_dict()), wg::NotImplementedError);
}

TEST(StateHooks, SparseValuesForDenseTensorsChangeNothing) {
  nn::Linear layer(3, 3);
  const wg::Tensor bias = layer.bias.detach().clone();
  const wg::TensorMap state{{"bias", wg::ones({3})}, {"weight", wg::sparse::to_sparse(wg::eye(3))}};
  EXPECT_THROW(layer.load_state_dict(state), wg::Error);
  EXPECT_TRUE(wg::equal(layer.bias.detach(), bias));
}

TEST(StateHooks, MayAddHooksForTheSameLoad) {
  nn::Linear layer(3, 3);
  layer.register_load_state_dict_pre_hook([](nn::Module& m, wg::TensorMap&, const std::string&) {
    m.register_load_state_dict_post_hook([](nn::Module&, nn::IncompatibleKeys& keys) {
      keys.missing_keys.clear();
      keys.unexpected_keys.clear();
    });
  });
  layer.load_state_dict({{"other", wg::ones({3})}});
}

TEST(StateHooks, SparseBuffersAreLoaded) {
  struct Graph : nn::Module {
    wg::Tensor edges;
    explicit Graph(double weight) {
      edges = register_buffer("edges",
                              wg::sparse::to_sparse(wg::eye(3, {}, wg::DType::float64) * weight));
      register_parameter("bias", wg::zeros({3}));
    }
  };
  Graph from(2), to(3);
  to.load_state_dict(from.state_dict());
  EXPECT_TRUE(wg::equal(wg::sparse::to_dense(to.edges), wg::sparse::to_dense(from.edges)));
  to.register_load_state_dict_post_hook(
      [](nn::Module&, nn::IncompatibleKeys&) { throw wg::ValueError("no"); });
  EXPECT_THROW(to.load_state_dict(Graph(5).state_dict()), wg::ValueError);
  EXPECT_TRUE(wg::equal(wg::sparse::to_dense(to.edges), wg::sparse::to_dense(from.edges)));
  EXPECT_THROW(to.to(wg::DType::float64), wg::NotImplementedError);
  EXPECT_EQ(to.parameters()[0].dtype(), wg::DType::float32);
}

TEST(Hooks, SeeTheFirstOfSeveralInputsAndOutputs) {
  nn::LSTM layer(3, 2);
  nn::MSELoss loss;
  layer.register_forward_hook(
      [](nn::Module&, const wg::Tensor&, const wg::Tensor& y) { return wg::zeros_like(y); });
  loss.register_forward_pre_hook([](nn::Module&, const wg::Tensor& x) { return x * 0; });
  const auto [y, last] = layer(wg::ones({4, 1, 3}));
  EXPECT_TRUE(same_values(y, wg::zeros({4, 1, 2})));
  EXPECT_FALSE(same_values(last.h, wg::zeros({1, 1, 2})));
  EXPECT_EQ(loss(wg::ones({2}), wg::ones({2}) * 2).item<double>(), 4);
}

// ---- looking inside, changing all

TEST(Modules, AreNamedOnceAndAppliedFromTheInside) {
  auto shared = nn::make<nn::Linear>(2, 2);
  nn::Sequential net{shared, nn::make<nn::Sequential>(std::initializer_list<nn::ModulePtr>{
                                 nn::make<nn::ReLU>(), shared})};
  EXPECT_EQ(names(net.named_modules()), (Names{"", "0", "1", "1.0"}));
  EXPECT_EQ(net.modules().size(), 4u);
  std::vector<nn::Module*> seen;
  net.apply([&](nn::Module& m) { seen.push_back(&m); });
  EXPECT_EQ(seen.front(), shared.get());
  EXPECT_EQ(seen.back(), &net);
}

TEST(Modules, ConversionKeepsTheTensors) {
  nn::Sequential net{nn::make<nn::Linear>(3, 2), nn::make<nn::BatchNorm1d>(2)};
  auto& linear = net.get<nn::Linear>(0);
  wg::mean(net(wg::randn({4, 3}))).backward();
  const wg::Tensor weight = linear.weight;
  net.to(wg::DType::float64);
  EXPECT_EQ(weight.dtype(), wg::DType::float64);
  EXPECT_EQ(weight.grad().dtype(), wg::DType::float64);
  EXPECT_TRUE(weight.is_same(linear.weight) && weight.requires_grad());
  const auto& norm = net.get<nn::BatchNorm1d>(1);
  EXPECT_EQ(norm.running_mean.dtype(), wg::DType::float64);
  EXPECT_EQ(norm.num_batches_tracked.dtype(), wg::DType::int64);
  EXPECT_EQ(net(wg::randn({4, 3}, wg::DType::float64)).dtype(), wg::DType::float64);
  EXPECT_THROW(net.to(wg::DType::int32), wg::TypeError);
  // A view cannot be given other data, and then nothing is converted.
  struct WithView : nn::Module {
    WithView() {
      register_parameter("weight", wg::ones({2}));
      register_buffer("numbers", wg::arange(0, 4).reshape({2, 2}));
      register_buffer("part", wg::ones({3}).reshape({3, 1}));
    }
  } with_view;
  EXPECT_THROW(with_view.to(wg::DType::float64), wg::Error);
  EXPECT_EQ(with_view.parameters()[0].dtype(), wg::DType::float32);
}

// ---- containers

TEST(Containers, ModuleListIsAList) {
  nn::ModuleList list{nn::make<nn::ReLU>(), nn::make<nn::Tanh>()};
  list.insert(0, nn::make<nn::Linear>(2, 2));
  list.insert(3, nn::make<nn::Sigmoid>());
  EXPECT_EQ(list.size(), 4u);
  EXPECT_EQ(list.get<nn::Linear>(0).in_features, 2);
  EXPECT_NO_THROW(list.get<nn::Sigmoid>(-1));
  EXPECT_THROW(list.get<nn::Linear>(1), std::bad_cast);
  EXPECT_EQ(list.state_dict().count("0.weight"), 1u);
  EXPECT_NO_THROW(dynamic_cast<nn::Linear&>(*list.pop(0)));
  EXPECT_TRUE(list.state_dict().empty());
  EXPECT_EQ(list.children()[0].first, "0");
  EXPECT_THROW(list[3], wg::IndexError);
  EXPECT_THROW(list.insert(5, nn::make<nn::ReLU>()), wg::IndexError);
  EXPECT_THROW(list.append(nullptr), wg::ValueError);
}

TEST(Containers, DictsKeepTheirOrder) {
  nn::ModuleDict modules{{"b", nn::make<nn::ReLU>()}, {"a", nn::make<nn::Linear>(1, 1)}};
  modules.set("b", nn::make<nn::Tanh>());
  EXPECT_EQ(modules.keys(), (Names{"b", "a"}));
  EXPECT_NO_THROW(modules.get<nn::Tanh>("b"));
  modules.pop("b");
  EXPECT_FALSE(modules.contains("b"));
  EXPECT_THROW(modules["b"], wg::IndexError);
  nn::ParameterDict parameters{{"x", wg::ones({2})}};
  parameters.set("y", wg::zeros({1}));
  parameters.set("x", wg::zeros({3}));
  EXPECT_EQ(parameters.keys(), (Names{"x", "y"}));
  EXPECT_EQ(parameters.parameters()[0].shape(), wg::Dims({3}));
  EXPECT_TRUE(parameters["x"].requires_grad());
  EXPECT_THROW(parameters.set("x", wg::ones({1}).requires_grad_() * 2), wg::ValueError);
  EXPECT_EQ(parameters["x"].shape(), wg::Dims({3}));
  nn::ParameterList list{wg::ones({1})};
  EXPECT_THROW(list[1], wg::IndexError);
}

TEST(Containers, SequentialMayHaveNames) {
  const auto net = nn::Sequential::named(
      {{"hidden", nn::make<nn::Linear>(3, 2)}, {"act", nn::make<nn::Tanh>()}});
  EXPECT_EQ(net->named_parameters()[0].first, "hidden.weight");
  EXPECT_EQ((*net)(wg::ones({1, 3})).shape(), wg::Dims({1, 2}));
}

// ---- layers

TEST(Layers, BadOptionsAreErrors) {
  EXPECT_THROW(nn::Conv1d(2, 2, 3, {.padding = "some"}), wg::ValueError);
  EXPECT_THROW(nn::Conv1d(2, 2, 3, {.stride = 2, .padding = "same"}), wg::ValueError);
  EXPECT_THROW(nn::Conv2d(2, 2, 3, {.padding_mode = "mirror"}), wg::ValueError);
  EXPECT_THROW(nn::ConvTranspose2d(3, 4, 2, {.groups = 2}), wg::ValueError);
  EXPECT_THROW(nn::ConvTranspose1d(1, 1, 3, {.stride = 2})(wg::ones({1, 1, 4}), {20}),
               wg::ValueError);
  EXPECT_THROW(nn::GroupNorm(2, 3), wg::ValueError);
  EXPECT_THROW(nn::BatchNorm2d(2)(wg::ones({2, 2})), wg::ValueError);
  EXPECT_THROW(nn::Hardtanh({.min_val = 1, .max_val = 0}), wg::ValueError);
  EXPECT_THROW(nn::MSELoss({.reduction = "total"})(wg::ones({1}), wg::ones({1})), wg::ValueError);
  EXPECT_THROW(nn::Embedding(3, 2, {.padding_idx = 3}), wg::ValueError);
  EXPECT_THROW(nn::MultiheadAttention(5, 2), wg::ValueError);
  EXPECT_THROW(nn::LSTM(2, 3, {.proj_size = 3}), wg::ValueError);
  EXPECT_THROW(nn::RNN(2, 3, {.nonlinearity = "sin"}), wg::ValueError);
  EXPECT_THROW(nn::GRU(2, 3)(wg::ones({4, 1, 3})), wg::Error);
  EXPECT_THROW(nn::FractionalMaxPool2d(2, {}), wg::ValueError);
  EXPECT_THROW(nn::MaxUnpool1d(2)(wg::ones({1, 3}), wg::zeros({1, 3}, wg::DType::int64), {20}),
               wg::ValueError);
  EXPECT_THROW(nn::TransformerEncoderLayer(4, 2, {.activation = "sin"}), wg::ValueError);
  EXPECT_THROW(nn::AdaptiveLogSoftmaxWithLoss(4, 6, {4, 2}), wg::ValueError);
  EXPECT_THROW(nn::Upsample({.size = 3, .scale_factor = 2.0})(wg::ones({1, 1, 2})), wg::ValueError);
}

TEST(Layers, PretrainedTablesAreShared) {
  const wg::Tensor table = wg::randn({4, 2});
  const auto frozen = nn::Embedding::from_pretrained(table);
  EXPECT_FALSE(frozen->weight.requires_grad());
  EXPECT_EQ(frozen->weight.data(), table.data());
  EXPECT_TRUE(nn::EmbeddingBag::from_pretrained(table, false)->weight.requires_grad());
  EXPECT_THROW(nn::Embedding::from_pretrained(wg::ones({3})), wg::ValueError);
}

TEST(Layers, CopiesOfTransformersDrawNothing) {
  wg::manual_seed(0);
  nn::TransformerEncoderLayer layer(4, 2, {.dim_feedforward = 8});
  layer.linear1.weight.requires_grad_(false);
  const wg::Generator::State before = wg::default_generator().state();
  const auto copy = nn::clone(layer);
  EXPECT_EQ(wg::default_generator().state().offset, before.offset);
  EXPECT_TRUE(same_values(copy->self_attn.in_proj_weight, layer.self_attn.in_proj_weight));
  EXPECT_NE(copy->linear2.weight.data(), layer.linear2.weight.data());
  EXPECT_FALSE(copy->linear1.weight.requires_grad());
}

// ---- helpers

TEST(Utils, NormalisedWeightsBecomeParametersAgain) {
  wg::manual_seed(1);
  nn::Linear layer(3, 2), other(3, 2);
  const wg::Tensor x = wg::randn({4, 3}), expected = layer(x).detach();
  nn::utils::weight_norm(layer, &nn::Linear::weight);
  EXPECT_EQ(layer.state_dict().count("weight_g"), 1u);
  EXPECT_EQ(layer.state_dict().count("weight"), 0u);
  EXPECT_TRUE(wg::allclose(layer(x), expected));
  wg::sum(layer(x)).backward();
  nn::utils::remove_weight_norm(layer);
  EXPECT_TRUE(layer.weight.is_leaf() && layer.weight.requires_grad());
  EXPECT_EQ(layer.parameters().size(), 2u);
  EXPECT_TRUE(wg::allclose(layer(x), expected));
  EXPECT_THROW(nn::utils::remove_weight_norm(layer), wg::ValueError);
  EXPECT_THROW(nn::utils::weight_norm(layer, other.weight), wg::ValueError);
}

TEST(Utils, NormsThatAreNotFiniteAreErrorsIfAskedFor) {
  const wg::Tensor p = wg::ones({2}).requires_grad_();
  wg::Tensor(p).set_grad(wg::full({2}, INFINITY));
  EXPECT_THROW(nn::utils::clip_grad_norm_({p}, 1, 2, true), wg::Error);
  EXPECT_EQ(p.grad()[0].item<double>(), INFINITY);
  EXPECT_EQ(nn::utils::clip_grad_norm_({}, 1).item<double>(), 0);
  EXPECT_THROW(nn::utils::vector_to_parameters(wg::ones({3}), {p}), wg::ValueError);
}

TEST(Utils, SequencesAreChecked) {
  namespace rnn = nn::utils::rnn;
  const wg::Tensor x = wg::ones({3, 2, 1}), growing = wg::tensor({int64_t{1}, int64_t{3}});
  EXPECT_THROW(rnn::pack_padded_sequence(x, growing), wg::Error);
  EXPECT_EQ(rnn::pack_padded_sequence(x, growing, false, false).data.size(0), 4);
  EXPECT_THROW(rnn::pack_padded_sequence(x, wg::tensor({int64_t{4}, int64_t{1}})), wg::Error);
  EXPECT_THROW(rnn::pad_sequence({}), wg::Error);
  const nn::PackedSequence packed = rnn::pack_padded_sequence(x, growing, false, false);
  EXPECT_THROW(rnn::pad_packed_sequence(packed, false, 0, 2), wg::ValueError);
}

TEST(Init, BadShapesAreErrors) {
  wg::Tensor vector = wg::ones({3}), matrix = wg::ones({3, 2});
  EXPECT_THROW(nn::init::xavier_uniform_(vector), wg::ValueError);
  EXPECT_THROW(nn::init::eye_(vector), wg::ValueError);
  EXPECT_THROW(nn::init::dirac_(matrix), wg::ValueError);
  EXPECT_THROW(nn::init::orthogonal_(vector), wg::ValueError);
  EXPECT_THROW(nn::init::kaiming_uniform_(matrix, 0, "fan"), wg::ValueError);
  EXPECT_THROW(nn::init::calculate_gain("sin"), wg::ValueError);
  EXPECT_TRUE(same_values(matrix, wg::ones({3, 2})));
}

}  // namespace
