// Copies of modules and their text. That copies of all layers compute the same, and that their text
// is Python's, is tested by tests/cpp_parity.
#include <gtest/gtest.h>

#include <sstream>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace nn = wengert::nn;

namespace {

bool same_values(const wg::Tensor& a, const wg::Tensor& b) {
  return a.shape() == b.shape() && wg::equal(a.detach(), b.detach());
}

// Two linear maps, of which the second has the weight of the first, a buffer and a scale.
struct Net : nn::Module {
  explicit Net(int64_t width) : width(width), inner(width, width) {
    register_module("inner", inner);
    outer = nn::make<nn::Linear>(width, width);
    register_module("outer", outer);
    scale = register_parameter("scale", wg::ones({1}));
    tied = register_parameter("tied", inner.weight);
    count = register_buffer("count", wg::scalar(0.0));
  }
  wg::Tensor forward(const wg::Tensor& x) override {
    return (*outer)(inner(x)) * scale + wg::matmul(x, tied) + count;
  }
  std::shared_ptr<Module> make_like() const override { return nn::make<Net>(width); }
  const int64_t width;
  nn::Linear inner;
  std::shared_ptr<nn::Linear> outer;
  wg::Tensor scale, tied, count;
};

TEST(Clone, CopiesModulesOfOnesOwn) {
  wg::manual_seed(1);
  Net net(3);
  const wg::Tensor x = wg::randn({2, 3});
  {
    const wg::NoGradGuard no_grad;
    wg::fill_(net.scale, 3);
    wg::fill_(net.count, 2);
  }
  net.outer->bias.requires_grad_(false);
  wg::sum(net(x)).backward();
  net.inner.eval();
  const auto before = wg::default_generator().state();
  const std::shared_ptr<Net> copy = nn::clone(net);
  EXPECT_EQ(wg::default_generator().state().offset, before.offset);
  EXPECT_TRUE(same_values((*copy)(x), net(x)));
  EXPECT_TRUE(copy->tied.is_same(copy->inner.weight));
  EXPECT_EQ(copy->parameters().size(), net.parameters().size());
  EXPECT_NE(copy->scale.data(), net.scale.data());
  EXPECT_FALSE(copy->scale.grad().defined());
  EXPECT_TRUE(net.scale.grad().defined());
  EXPECT_FALSE(copy->outer->bias.requires_grad());
  EXPECT_TRUE(copy->outer->weight.requires_grad());
  EXPECT_FALSE(copy->inner.is_training());
  EXPECT_TRUE(copy->is_training());
  {
    const wg::NoGradGuard no_grad;
    wg::fill_(copy->tied, 0);
    wg::fill_(copy->count, 7);
  }
  EXPECT_FALSE(same_values(net.tied, copy->inner.weight));
  EXPECT_EQ(net.count.item<double>(), 2);
}

TEST(Clone, CopiesSparseBuffers) {
  struct Graph : nn::Module {
    explicit Graph(double weight) : weight(weight) {
      edges = register_buffer("edges", wg::sparse::to_sparse(wg::eye(3) * weight));
    }
    std::shared_ptr<Module> make_like() const override { return nn::make<Graph>(1); }
    const double weight;
    wg::Tensor edges;
  };
  Graph graph(2);
  const std::shared_ptr<Graph> copy = nn::clone(graph);
  EXPECT_TRUE(wg::equal(wg::sparse::to_dense(copy->edges), wg::eye(3) * 2));
  EXPECT_NE(wg::sparse::values(copy->edges).data(), wg::sparse::values(graph.edges).data());
}

TEST(Clone, CopiesContainersAndWhatTheyShare) {
  auto shared = nn::make<Net>(2);
  nn::Sequential net{shared, nn::make<nn::BatchNorm1d>(2),
                     nn::Sequential::named({{"again", shared}, {"act", nn::make<nn::ReLU>()}})};
  net.to(wg::DType::float64);
  const wg::Tensor x = wg::randn({5, 2}, wg::DType::float64);
  net(x);
  const auto copy = nn::clone(net);
  EXPECT_EQ(copy->to_string(), net.to_string());
  EXPECT_NE(copy->at(0), net.at(0));
  EXPECT_EQ(copy->at(0), copy->get<nn::Sequential>(2).at(0));
  EXPECT_EQ(copy->get<nn::BatchNorm1d>(1).num_batches_tracked.item<double>(), 1);
  copy->eval();
  EXPECT_TRUE(net.is_training());
  net.eval();
  EXPECT_TRUE(same_values((*copy)(x), net(x)));
  nn::ParameterDict dict{{"a", wg::ones({2})}, {"b", wg::zeros({3})}};
  const auto copied = nn::clone(dict);
  EXPECT_EQ(copied->keys(), dict.keys());
  EXPECT_FALSE((*copied)["a"].is_same(dict["a"]));
  EXPECT_TRUE(copied->parameters()[1].is_same((*copied)["b"]));
}

TEST(Clone, CopiesHooks) {
  nn::Linear layer(2, 2);
  const uint64_t number = layer.register_forward_hook(
      [](nn::Module&, const wg::Tensor&, const wg::Tensor& y) { return y * 2; });
  const auto copy = nn::clone(layer);
  const wg::Tensor x = wg::ones({1, 2});
  EXPECT_TRUE(same_values((*copy)(x), layer(x)));
  EXPECT_TRUE(copy->remove_hook(number));
  EXPECT_TRUE(same_values((*copy)(x) * 2, layer(x)));
}

TEST(Clone, CopiesLazyLayersAndWeightsOfLosses) {
  nn::LazyLinear lazy(3);
  EXPECT_TRUE(nn::clone(lazy)->has_uninitialized_params());
  const wg::Tensor x = wg::ones({1, 4});
  const wg::Tensor y = lazy(x);
  const auto copy = nn::clone(lazy);
  EXPECT_TRUE(same_values((*copy)(x), y));
  EXPECT_NE(copy->parameters()[0].data(), lazy.parameters()[0].data());
  const wg::Tensor weight = wg::ones({3});
  const nn::NLLLoss loss({.weight = weight});
  EXPECT_NE(nn::clone(loss)->buffers()[0].data(), weight.data());
}

struct WithoutLike : nn::Module {};
struct OfAnotherClass : nn::Linear {
  OfAnotherClass() : nn::Linear(1, 1) {}
};
struct Sharing : nn::Module {
  explicit Sharing(const wg::Tensor& t) { w = register_parameter("w", t); }
  std::shared_ptr<Module> make_like() const override { return nn::make<Sharing>(w); }
  wg::Tensor w;
};
struct Growing : nn::Module {
  explicit Growing(int64_t n) {
    for (int64_t i = 0; i < n; ++i) register_parameter("w" + std::to_string(i), wg::ones({1}));
  }
  std::shared_ptr<Module> make_like() const override { return nn::make<Growing>(2); }
};

TEST(Clone, WhatIsNotAlikeIsAnError) {
  EXPECT_THROW(nn::clone(nn::Sequential{nn::make<WithoutLike>()}), wg::NotImplementedError);
  EXPECT_THROW(nn::clone(OfAnotherClass()), wg::NotImplementedError);
  const wg::Tensor w = wg::ones({1});
  EXPECT_THROW(nn::clone(Sharing(w)), wg::Error);
  EXPECT_EQ(w.item<double>(), 1);
  EXPECT_THROW(nn::clone(Growing(1)), wg::Error);
  EXPECT_NO_THROW(nn::clone(Growing(2)));
  nn::Linear normed(2, 2);
  nn::utils::weight_norm(normed, normed.weight);
  EXPECT_THROW(nn::clone(normed), wg::Error);
}

TEST(Text, ShowsWhatIsInside) {
  struct Model : nn::Module {
    Model() { register_module("net", net), register_module("list", list); }
    std::string extra_repr() const override { return "a=1\nb=2"; }
    nn::Sequential net{nn::make<nn::Linear>(2, 3), nn::make<nn::ReLU>()};
    nn::ModuleList list{nn::make<nn::ReLU>(), nn::make<nn::ReLU>(), nn::make<nn::Dropout>(0.25)};
  } model;
  std::ostringstream out;
  out << model;
  EXPECT_EQ(out.str(), R"(Model(
  a=1
  b=2
  (net): Sequential(
    (0): Linear(in_features=2, out_features=3, bias=True)
    (1): ReLU()
  )
  (list): ModuleList(
    (0-1): 2 x ReLU()
    (2): Dropout(p=0.25, inplace=False)
  )
))");
  EXPECT_EQ(nn::Sequential().to_string(), "Sequential()");
}

TEST(Text, LazyLayersShowWhatTheyKnow) {
  nn::LazyConv2d conv(6, 3, {.padding = 1});
  EXPECT_EQ(conv.to_string(),
            "LazyConv2d(0, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))");
  conv(wg::ones({1, 2, 4, 4}));
  EXPECT_EQ(conv.to_string(), "Conv2d(2, 6, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))");
  EXPECT_EQ(nn::LazyLinear(3).to_string(), "LazyLinear(in_features=0, out_features=3, bias=True)");
}

TEST(Text, NumbersAreThoseOfPython) {
  const auto threshold = [](double v) {
    const std::string text = nn::Threshold(v, 0).extra_repr();
    return text.substr(10, text.find(',') - 10);
  };
  EXPECT_EQ(threshold(0.1), "0.1");
  EXPECT_EQ(threshold(-20), "-20.0");
  EXPECT_EQ(threshold(1e-5), "1e-05");
  EXPECT_EQ(threshold(1.5e-7), "1.5e-07");
  EXPECT_EQ(threshold(0.0001), "0.0001");
  EXPECT_EQ(threshold(1e15), "1000000000000000.0");
  EXPECT_EQ(threshold(1e16), "1e+16");
  EXPECT_EQ(threshold(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(threshold(-std::numeric_limits<double>::infinity()), "-inf");
}

}  // namespace
