// Tensors of modules that are computed from others: normalised, parametrized, pruned. That they
// have Python's values is tested by tests/cpp_parity.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace nn = wengert::nn;
namespace parametrize = nn::utils::parametrize;
namespace parametrizations = nn::utils::parametrizations;
namespace prune = nn::utils::prune;

namespace {

bool same_values(const wg::Tensor& a, const wg::Tensor& b) {
  return a.shape() == b.shape() && wg::equal(a.detach(), b.detach());
}
std::vector<std::string> names_of(const nn::Module& m) {
  std::vector<std::string> all;
  for (const auto& [name, t] : m.named_parameters()) all.push_back(name);
  for (const auto& [name, t] : m.named_buffers()) all.push_back(name);
  return all;
}
void fill(const wg::Tensor& t, double value) {
  wg::Tensor elements = t.detach();
  wg::fill_(elements, value);
}
using Names = std::vector<std::string>;

struct Symmetric : nn::Module {
  wg::Tensor forward(const wg::Tensor& x) override { return wg::triu(x) + wg::triu(x, 1).t(); }
  std::shared_ptr<Module> make_like() const override { return nn::make<Symmetric>(); }
};
struct Doubled : parametrize::Parametrization {
  wg::Tensor forward(const wg::Tensor& x) override { return x * 2; }
  std::vector<wg::Tensor> right_inverse(const wg::Tensor& y) override { return {y / 2}; }
  std::shared_ptr<Module> make_like() const override { return nn::make<Doubled>(); }
};
struct Flat : nn::Module {
  wg::Tensor forward(const wg::Tensor& x) override { return x.reshape({-1}); }
};

// ---- parametrizations

TEST(Parametrize, ComputesTheTensorBeforeEachCall) {
  wg::manual_seed(1);
  nn::Linear layer(3, 3);
  const wg::Tensor original = layer.weight;
  parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Symmetric>());
  EXPECT_TRUE(parametrize::is_parametrized(layer) && parametrize::is_parametrized(layer, "weight"));
  EXPECT_FALSE(parametrize::is_parametrized(layer, "bias"));
  EXPECT_EQ(names_of(layer), (Names{"bias", "parametrizations.weight.original"}));
  EXPECT_TRUE(layer.parameters()[1].is_same(original));
  EXPECT_TRUE(same_values(layer.weight, layer.weight.t()));
  const wg::Tensor x = wg::randn({2, 3});
  wg::sum(layer(x)).backward();
  EXPECT_EQ(original.grad()[1][0].item<double>(), 0);
  wg::optim::SGD(layer.parameters(), {.lr = 0.5}).step();
  layer(x);
  EXPECT_TRUE(same_values(layer.weight, parametrize::parametrizations_of(layer)()));

  parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Doubled>());
  EXPECT_EQ(parametrize::parametrizations_of(layer).size(), 2u);
  EXPECT_EQ(layer.to_string(), R"(ParametrizedLinear(
  in_features=3, out_features=3, bias=True
  (parametrizations): ModuleDict(
    (weight): ParametrizationList(
      (0): Symmetric()
      (1): Doubled()
    )
  )
))");
  const wg::Tensor value = parametrize::parametrizations_of(layer)();
  parametrize::remove_parametrizations(layer);
  EXPECT_TRUE(layer.weight.is_same(original));
  EXPECT_TRUE(same_values(original, value));
  EXPECT_EQ(names_of(layer), (Names{"bias", "weight"}));
  EXPECT_TRUE(layer.to_string().starts_with("Linear"));
  EXPECT_THROW(parametrize::remove_parametrizations(layer), wg::ValueError);
}

TEST(Parametrize, StartsFromWhatWouldGiveThePresentValue) {
  nn::Linear layer(2, 2);
  const wg::Tensor value = layer.weight.detach().clone();
  parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Doubled>());
  parametrize::ParametrizationList& list = parametrize::parametrizations_of(layer);
  EXPECT_TRUE(same_values(list.originals()[0], value / 2));
  list.right_inverse(wg::ones({2, 2}));
  EXPECT_TRUE(same_values(list(), wg::ones({2, 2})));
  EXPECT_THROW(list.right_inverse(wg::ones({2, 2}, wg::DType::float64)), wg::ValueError);
  parametrize::remove_parametrizations(layer, "weight", false);
  EXPECT_TRUE(same_values(layer.weight, wg::full({2, 2}, 0.5)));

  layer.weight.requires_grad_(false);  // stays as it is
  parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Symmetric>());
  EXPECT_FALSE(parametrize::parametrizations_of(layer).originals()[0].requires_grad());
  EXPECT_THROW(parametrize::parametrizations_of(layer).right_inverse(wg::ones({2, 2})), wg::Error);
}

TEST(Parametrize, RefusesWhatDoesNotFitAndChangesNothing) {
  nn::Linear layer(2, 2), other(2, 2);
  const wg::Tensor before = layer.weight;
  const auto state = layer.state_dict();
  EXPECT_THROW(parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Flat>()),
               wg::ValueError);
  EXPECT_THROW(parametrize::register_parametrization(layer, other.weight, nn::make<Doubled>()),
               wg::ValueError);
  EXPECT_THROW(
      parametrize::register_parametrization(layer, &nn::Conv2d::weight, nn::make<Doubled>()),
      wg::TypeError);
  EXPECT_THROW(parametrize::register_parametrization(layer, &nn::Linear::weight, nullptr),
               wg::TypeError);
  EXPECT_TRUE(layer.weight.is_same(before));
  EXPECT_FALSE(parametrize::is_parametrized(layer));
  EXPECT_EQ(names_of(layer), (Names{"weight", "bias"}));
  parametrizations::weight_norm(layer, &nn::Linear::weight);
  EXPECT_THROW(parametrize::remove_parametrizations(layer, "weight", false), wg::ValueError);
  EXPECT_THROW(nn::utils::weight_norm(layer, &nn::Linear::weight), wg::ValueError);
  EXPECT_THROW(prune::identity(layer, &nn::Linear::weight), wg::ValueError);
}

TEST(Parametrize, ComputesOnceWhileCached) {
  struct Counted : nn::Module {
    wg::Tensor forward(const wg::Tensor& x) override { return ++calls, x * 1; }
    int calls = 0;
  };
  nn::Linear layer(2, 2);
  const auto counted = nn::make<Counted>();
  parametrize::register_parametrization(layer, &nn::Linear::weight, counted);
  counted->calls = 0;
  const wg::Tensor x = wg::ones({1, 2});
  {
    const parametrize::Cached outer;
    layer(x);
    const parametrize::Cached inner;
    layer(x);
    EXPECT_EQ(counted->calls, 1);
  }
  layer(x);
  EXPECT_EQ(counted->calls, 2);
}

TEST(Parametrize, NothingIsRememberedOfListsThatAreGone) {
  nn::Linear layer(3, 3);
  const parametrize::Cached cached;
  for (int i = 0; i < 20; ++i) {
    parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Doubled>());
    fill(parametrize::parametrizations_of(layer).originals()[0], i);
    layer(wg::ones({1, 3}));
    EXPECT_EQ(layer.weight[0][0].item<double>(), 2 * i);
    parametrize::remove_parametrizations(layer);
  }
}

TEST(Parametrize, MovesToAnotherModule) {
  nn::Linear from(2, 2), to(2, 2);
  parametrize::register_parametrization(from, &nn::Linear::weight, nn::make<Symmetric>());
  parametrize::transfer_parametrizations_and_params(from, to);
  const wg::Tensor x = wg::ones({1, 2});
  from(x), to(x);
  EXPECT_TRUE(same_values(from.weight, to.weight));
  EXPECT_TRUE(to.parameters()[1].is_same(from.parameters()[1]));
}

TEST(Parametrize, WeightNormLoadsOlderNames) {
  wg::manual_seed(3);
  nn::Linear older(3, 2), newer(3, 2);
  nn::utils::weight_norm(older, &nn::Linear::weight);
  parametrizations::weight_norm(newer, &nn::Linear::weight);
  EXPECT_EQ(names_of(newer), (Names{"bias", "parametrizations.weight.original0",
                                    "parametrizations.weight.original1"}));
  newer.load_state_dict(older.state_dict());
  const wg::Tensor x = wg::randn({4, 3});
  EXPECT_TRUE(same_values(older(x), newer(x)));
  // No longer when it is removed.
  parametrize::remove_parametrizations(newer);
  nn::utils::weight_norm(newer, &nn::Linear::weight);
  fill(older.parameters()[1], 2);
  newer.load_state_dict(older.state_dict());
  EXPECT_TRUE(same_values(older(x), newer(x)));
}

TEST(Parametrize, OrthogonalOfEveryShapeAndMap) {
  wg::manual_seed(5);
  for (const char* map : {"matrix_exp", "cayley", "householder"}) {
    for (const auto& [rows, columns] : {std::pair{4, 4}, std::pair{5, 3}, std::pair{3, 5}}) {
      nn::Linear layer(columns, rows);
      parametrizations::orthogonal(layer, &nn::Linear::weight, {.orthogonal_map = map});
      layer(wg::ones({1, columns}));
      const wg::Tensor w = rows < columns ? layer.weight.t() : layer.weight;
      EXPECT_TRUE(wg::allclose(wg::matmul(w.t(), w), wg::eye(w.size(1)), 1e-4, 1e-5)) << map;
    }
  }
  nn::Linear layer(2, 2);
  EXPECT_THROW(parametrizations::orthogonal(layer, &nn::Linear::bias), wg::ValueError);
  EXPECT_THROW(
      parametrizations::orthogonal(layer, &nn::Linear::weight, {.orthogonal_map = "other"}),
      wg::ValueError);
}

// ---- copies

TEST(Computed, CopiesHaveTensorsOfTheirOwn) {
  wg::manual_seed(2);
  const wg::Tensor x = wg::randn({4, 3});
  using Change = void (*)(nn::Linear&);
  const Change changes[] = {
      [](nn::Linear& m) { nn::utils::weight_norm(m, &nn::Linear::weight); },
      [](nn::Linear& m) { nn::utils::spectral_norm(m, &nn::Linear::weight); },
      [](nn::Linear& m) { prune::l1_unstructured(m, &nn::Linear::weight, 0.5); },
      [](nn::Linear& m) { parametrizations::weight_norm(m, &nn::Linear::weight); },
      [](nn::Linear& m) { parametrizations::spectral_norm(m, &nn::Linear::weight); },
      [](nn::Linear& m) { parametrizations::orthogonal(m, &nn::Linear::weight); },
      [](nn::Linear& m) {
        parametrize::register_parametrization(m, &nn::Linear::weight, nn::make<Symmetric>());
        parametrize::register_parametrization(m, &nn::Linear::weight, nn::make<Doubled>());
      },
  };
  for (const Change& change : changes) {
    nn::Sequential net{nn::make<nn::Linear>(3, 3)};
    nn::Linear& layer = net.get<nn::Linear>(0);
    change(layer);
    net.eval();
    const auto copy = nn::clone(net);
    nn::Linear& copied = copy->get<nn::Linear>(0);
    EXPECT_EQ(names_of(*copy), names_of(net));
    EXPECT_EQ(copy->to_string(), net.to_string());
    EXPECT_TRUE(same_values(copied.weight, layer.weight));
    const wg::Tensor expected = net(x);
    EXPECT_TRUE(same_values((*copy)(x), expected));
    for (const wg::Tensor& t : copy->parameters()) fill(t, 0.5);
    EXPECT_TRUE(same_values(net(x), expected));
    EXPECT_FALSE(same_values((*copy)(x), expected));
    wg::sum((*copy)(x)).backward();
    EXPECT_FALSE(net.parameters()[0].grad().defined());
  }
}

// Of every recurrent layer, whose weights are found by their names.
template <class Layer>
void expect_computed_by_name() {
  wg::manual_seed(3);
  Layer layer(4, 5, {.num_layers = 2, .bidirectional = true});
  const wg::Tensor x = wg::randn({3, 2, 4}), expected = layer(x).first;
  const std::vector<wg::Tensor> before = layer.weights();
  const std::string last = "weight_hh_l1_reverse";

  nn::utils::weight_norm(layer, "weight_ih_l0");
  parametrizations::weight_norm(layer, last);
  parametrize::register_parametrization(layer, "bias_ih_l0", nn::make<Doubled>());
  EXPECT_TRUE(wg::allclose(layer(x).first, expected));
  EXPECT_FALSE(layer.weights()[0].is_leaf());
  EXPECT_EQ(layer.parameters().size(), before.size() + 2);  // direction and length of two
  prune::random_unstructured(layer, "weight_hh_l0", 7);
  EXPECT_EQ(wg::sum(layer.weights()[1] == 0).template item<int64_t>(), 7);

  // A copy computes its own.
  const wg::Tensor pruned = layer(x).first;
  const auto copy = nn::clone(layer);
  EXPECT_EQ(names_of(*copy), names_of(layer));
  EXPECT_TRUE(same_values((*copy)(x).first, pruned));
  for (const wg::Tensor& t : copy->parameters()) fill(t, 0.5);
  EXPECT_FALSE(same_values((*copy)(x).first, pruned));
  EXPECT_TRUE(same_values(layer(x).first, pruned));
  wg::sum(layer(x).first).backward();
  for (const wg::Tensor& t : layer.parameters()) EXPECT_TRUE(t.grad().defined());

  // New initial values are those of the parameters; the rest is computed from them.
  layer.reset_parameters();
  EXPECT_FALSE(wg::allclose(layer(x).first, pruned));

  nn::utils::remove_weight_norm(layer, "weight_ih_l0");
  parametrize::remove_parametrizations(layer, last);
  parametrize::remove_parametrizations(layer, "bias_ih_l0");
  prune::remove(layer, "weight_hh_l0");
  ASSERT_EQ(layer.parameters().size(), before.size());
  for (const wg::Tensor& w : layer.weights()) {
    EXPECT_TRUE(w.is_leaf() && w.requires_grad());
    wg::sum(layer(x).first).backward();
    EXPECT_TRUE(w.grad().defined());
  }
  EXPECT_TRUE(same_values((*nn::clone(layer))(x).first, layer(x).first));
  layer.to(wg::DType::float64);
  EXPECT_EQ(layer(x.to(wg::DType::float64)).first.dtype(), wg::DType::float64);
}

TEST(Computed, WeightsOfRecurrentLayersByName) {
  expect_computed_by_name<nn::RNN>();
  expect_computed_by_name<nn::GRU>();
  expect_computed_by_name<nn::LSTM>();
}

TEST(Computed, ClassesOfOnesOwnSayWhereATensorIs) {
  struct Product : nn::Module {
    Product() {
      for (const char* name : {"a", "b"}) {
        factors.push_back(register_parameter(name, wg::rand({3, 3})));
      }
    }
    wg::Tensor forward(const wg::Tensor& x) override {
      return wg::matmul(wg::matmul(x, factors[0]), factors[1]);
    }
    wg::Tensor* variable(const std::string& name) override {
      return name == "a" ? &factors[0] : name == "b" ? &factors[1] : nullptr;
    }
    std::shared_ptr<Module> make_like() const override { return nn::make<Product>(); }
    std::vector<wg::Tensor> factors;
  };
  Product product;
  parametrize::register_parametrization(product, "b", nn::make<Symmetric>());
  const auto copy = nn::clone(product);
  const wg::Tensor x = wg::rand({2, 3}), y = product(x);
  EXPECT_TRUE(same_values(product.factors[1], product.factors[1].t()));
  EXPECT_TRUE(same_values((*copy)(x), y));
  fill(copy->parameters()[0], 0);
  EXPECT_TRUE(same_values(product(x), y));
}

TEST(Computed, OtherNamesAreRefusedAndChangeNothing) {
  nn::LSTM lstm(2, 3);
  nn::Linear linear(2, 3);
  const Names names = names_of(lstm);
  EXPECT_THROW(nn::utils::weight_norm(lstm, "weight"), wg::ValueError);
  EXPECT_THROW(nn::utils::weight_norm(lstm, "weight_hr_l0"), wg::ValueError);
  EXPECT_THROW(parametrizations::orthogonal(linear, "weight"), wg::ValueError);
  EXPECT_THROW(prune::l1_unstructured(linear, "weight", 1), wg::ValueError);
  EXPECT_EQ(names_of(lstm), names);
  EXPECT_EQ(names_of(linear), (Names{"weight", "bias"}));
  // One weight of several modules by one name.
  nn::GRU gru(2, 3);
  prune::global_unstructured({{&lstm, "weight_ih_l0"}, {&gru, "weight_ih_l0"}},
                             std::make_shared<prune::L1Unstructured>(20));
  EXPECT_EQ(wg::sum(lstm.weights()[0] == 0).item<int64_t>() +
                wg::sum(gru.weights()[0] == 0).item<int64_t>(),
            20);
}

TEST(Computed, RemovedNormsLeaveTheWeightOfNow) {
  nn::Linear layer(3, 2);
  nn::utils::spectral_norm(layer, &nn::Linear::weight);
  for (const wg::Tensor& t : layer.parameters()) fill(t, 2.0);
  nn::utils::remove_spectral_norm(layer);
  EXPECT_EQ(names_of(layer), (Names{"bias", "weight"}));
  EXPECT_TRUE(layer.parameters()[1].is_same(layer.weight));
  EXPECT_TRUE(layer.weight.is_leaf() && layer.weight.requires_grad());
  EXPECT_THROW(nn::utils::remove_spectral_norm(layer), wg::ValueError);
  const wg::Tensor w = layer.weight.detach();
  EXPECT_EQ(w[0][0].item<double>(), w[1][2].item<double>());  // of what it was filled with
}

// ---- pruning

TEST(Prune, WorksOnWhatIsLeft) {
  nn::Linear layer(4, 2);
  layer.load_state_dict({{"weight", wg::arange(1, 9, 1, wg::DType::float32).reshape({2, 4})},
                         {"bias", wg::zeros({2})}});
  prune::l1_unstructured(layer, &nn::Linear::weight, 2);
  EXPECT_TRUE(prune::is_pruned(layer));
  EXPECT_EQ(names_of(layer), (Names{"bias", "weight_orig", "weight_mask"}));
  EXPECT_EQ(wg::sum(layer.weight == 0).item<int64_t>(), 2);
  for (const wg::DType dtype : {wg::DType::float64, wg::DType::float32}) {
    layer.to(dtype);
    EXPECT_EQ(layer(wg::ones({1, 4}, dtype)).dtype(), dtype);
  }
  prune::l1_unstructured(layer, &nn::Linear::weight, 0.5);  // of the six
  EXPECT_EQ(wg::sum(layer.weight == 0).item<int64_t>(), 5);
  prune::ln_structured(layer, &nn::Linear::weight, 1, 2, 1);
  EXPECT_TRUE(same_values(layer.weight[0], wg::zeros({4})));
  wg::sum(layer(wg::ones({1, 4}))).backward();
  const wg::Tensor original = layer.parameters()[1];
  EXPECT_TRUE(same_values(original.grad(), (layer.weight != 0).to(wg::DType::float32)));
  const wg::Tensor left = layer.weight.detach().clone();
  prune::remove(layer);
  EXPECT_TRUE(layer.weight.is_same(original) && same_values(original, left));
  EXPECT_FALSE(prune::is_pruned(layer));
  EXPECT_THROW(prune::remove(layer), wg::ValueError);
}

TEST(Prune, BadInputChangesNothing) {
  nn::Linear layer(4, 2);
  const auto refused = [&](auto&& f) {
    EXPECT_THROW(f(), wg::Error);
    EXPECT_EQ(names_of(layer), (Names{"weight", "bias"}));
  };
  refused([&] { prune::l1_unstructured(layer, &nn::Linear::weight, -1); });
  refused([&] { prune::l1_unstructured(layer, &nn::Linear::weight, 1.5); });
  refused([&] { prune::l1_unstructured(layer, &nn::Linear::weight, 9); });
  refused([&] { prune::l1_unstructured(layer, &nn::Linear::weight, 1, wg::ones({3})); });
  refused([&] { prune::ln_structured(layer, &nn::Linear::bias, 1, 2, 0); });
  refused([&] { prune::ln_structured(layer, &nn::Linear::weight, 1, 2, 2); });
  refused([&] { prune::custom_from_mask(layer, &nn::Linear::weight, wg::ones({4, 2})); });
  refused([&] { prune::apply(layer, &nn::Linear::weight, nullptr); });
  refused([&] {
    prune::global_unstructured({{&layer, &nn::Linear::weight}},
                               std::make_shared<prune::RandomStructured>(1));
  });
}

struct OwnMethod : prune::PruningMethod {
  OwnMethod(prune::PruningType type, wg::Tensor mask) : type_(type), mask_(std::move(mask)) {}
  prune::PruningType type() const override { return type_; }
  int64_t dim() const override { return 0; }
  wg::Tensor compute_mask(const wg::Tensor&, const wg::Tensor&) const override { return mask_; }
  prune::PruningType type_;
  wg::Tensor mask_;
};

TEST(Prune, MasksOfOnesOwnMustFit) {
  for (const auto type : {prune::PruningType::unstructured, prune::PruningType::structured,
                          prune::PruningType::global}) {
    for (const wg::Tensor& mask : {wg::Tensor(), wg::ones({5}), wg::ones({3, 3, 1})}) {
      nn::Linear fresh(3, 3), pruned(3, 3);
      prune::l1_unstructured(pruned, &nn::Linear::weight, 2);
      for (nn::Linear* layer : {&fresh, &pruned}) {
        const Names names = names_of(*layer);
        const wg::Tensor y = (*layer)(wg::ones({1, 3}));
        EXPECT_THROW(
            prune::apply(*layer, &nn::Linear::weight, std::make_shared<OwnMethod>(type, mask)),
            wg::ValueError);
        EXPECT_EQ(names_of(*layer), names);
        EXPECT_TRUE(same_values((*layer)(wg::ones({1, 3})), y));
      }
    }
  }
}

// A module that has the names which the helpers would give.
struct Taken : nn::Module {
  wg::Tensor weight = register_parameter("weight", wg::ones({3, 3}));
  explicit Taken(const std::string& name) { register_buffer(name, wg::ones({1})); }
};

TEST(Computed, NamesThatAreTakenChangeNothing) {
  const auto refuses = [](const std::string& taken, const auto& f) {
    Taken m(taken);
    const Names names = names_of(m);
    EXPECT_THROW(f(m), wg::ValueError) << taken;
    EXPECT_EQ(names_of(m), names);
    EXPECT_TRUE(m.weight.is_leaf() && m.weight.requires_grad());
  };
  const auto pruned = [](Taken& m) { prune::l1_unstructured(m, &Taken::weight, 2); };
  const auto normed = [](Taken& m) { nn::utils::weight_norm(m, &Taken::weight); };
  const auto spectral = [](Taken& m) { nn::utils::spectral_norm(m, &Taken::weight); };
  const auto parametrized = [](Taken& m) { parametrizations::weight_norm(m, &Taken::weight); };
  refuses("weight_orig", pruned);
  refuses("weight_mask", pruned);
  refuses("weight_g", normed);
  refuses("weight_v", normed);
  refuses("weight_orig", spectral);
  refuses("weight_u", spectral);
  refuses("parametrizations", parametrized);
}

TEST(Computed, WeightNormChecksItsDimension) {
  for (const int64_t dim : {-3, 2, 5}) {
    nn::Linear layer(3, 3);
    EXPECT_THROW(nn::utils::weight_norm(layer, &nn::Linear::weight, dim), wg::IndexError);
    EXPECT_THROW(parametrizations::weight_norm(layer, &nn::Linear::weight, dim), wg::IndexError);
    EXPECT_EQ(names_of(layer), (Names{"weight", "bias"}));
  }
  nn::Linear layer(3, 3);  // -1 stands for all, as in Python
  parametrizations::weight_norm(layer, &nn::Linear::weight, -1);
  EXPECT_EQ(parametrize::parametrizations_of(layer).originals()[0].dim(), 0);
}

TEST(Prune, SeveralTensorsTogether) {
  nn::Linear small(2, 2), large(2, 2);
  for (auto& [layer, value] : {std::pair{&small, 0.1}, std::pair{&large, 5.0}}) {
    fill(layer->weight, value);
  }
  prune::global_unstructured({{&small, &nn::Linear::weight}, {&large, &nn::Linear::weight}},
                             std::make_shared<prune::L1Unstructured>(0.5));
  EXPECT_TRUE(same_values(small.weight, wg::zeros({2, 2})));
  EXPECT_TRUE(same_values(large.weight, wg::full({2, 2}, 5.0)));
}

}  // namespace

TEST(ComputedTensors, StayAsTheyAreWhereTheirNameIsTakenMeanwhile) {
  struct Way {
    void (*make)(nn::Linear&);
    void (*remove)(nn::Linear&);
  };
  const Way ways[] = {
      {[](nn::Linear& m) { nn::utils::weight_norm(m, &nn::Linear::weight); },
       [](nn::Linear& m) { nn::utils::remove_weight_norm(m); }},
      {[](nn::Linear& m) { nn::utils::spectral_norm(m, &nn::Linear::weight); },
       [](nn::Linear& m) { nn::utils::remove_spectral_norm(m); }},
      {[](nn::Linear& m) { prune::l1_unstructured(m, &nn::Linear::weight, 0.5); },
       [](nn::Linear& m) { prune::remove(m, "weight"); }},
      {[](nn::Linear& m) { parametrizations::weight_norm(m, &nn::Linear::weight); },
       [](nn::Linear& m) { parametrize::remove_parametrizations(m); }},
      {[](nn::Linear& m) {
         parametrize::register_parametrization(m, &nn::Linear::weight, nn::make<Doubled>());
         parametrize::register_parametrization(m, &nn::Linear::weight, nn::make<Symmetric>());
       },
       [](nn::Linear& m) { parametrize::remove_parametrizations(m); }}};
  struct Open : nn::Linear {
    using Linear::Linear;
    using Linear::register_buffer;
  };
  for (const Way& way : ways) {
    Open layer(3, 3);
    way.make(layer);
    wg::Tensor other = wg::ones({2});
    layer.register_buffer("weight", other);
    const wg::Tensor x = wg::randn({2, 3});
    layer.eval();
    const wg::Tensor y = layer(x);
    const Names before = names_of(layer);
    std::vector<wg::Tensor> values;
    for (const auto& [name, t] : layer.named_parameters()) values.push_back(t.detach().clone());
    EXPECT_ANY_THROW(way.remove(layer));
    EXPECT_EQ(names_of(layer), before);
    for (size_t i = 0; const auto& [name, t] : layer.named_parameters()) {
      EXPECT_TRUE(same_values(t, values[i++])) << name;
    }
    EXPECT_TRUE(same_values(layer(x), y));
  }
}

TEST(Parametrize, RefusesSparseValuesForDenseTensors) {
  struct Sparse : nn::Module {
    wg::Tensor forward(const wg::Tensor& x) override { return wg::sparse::to_sparse(x); }
  };
  nn::Linear layer(3, 3);
  const Names before = names_of(layer);
  EXPECT_THROW(
      parametrize::register_parametrization(layer, &nn::Linear::weight, nn::make<Sparse>()),
      wg::ValueError);
  EXPECT_EQ(names_of(layer), before);
  EXPECT_TRUE(layer(wg::ones({2, 3})).defined());
}
