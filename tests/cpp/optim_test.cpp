// Groups, states, hooks and closures of optimizers; their bits are compared with Python's in
// tests/cpp_training.
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/sparse.h"
#include "wengert/wengert.h"

namespace wg = wengert;
namespace optim = wengert::optim;
using wg::io::Value;

namespace {

wg::Tensor leaf(std::initializer_list<double> v) { return wg::tensor(v).requires_grad_(); }
std::vector<double> values(const wg::Tensor& t) {
  const wg::Tensor d = t.detach().to(wg::DType::float64).contiguous();
  return {d.data<double>(), d.data<double>() + d.numel()};
}
using Numbers = std::vector<double>;
void give(wg::Tensor p, double gradient) { p.set_grad(wg::full_like(p, gradient)); }

TEST(Groups, HaveOptionsOfTheirOwn) {
  const wg::Tensor p = leaf({1}), q = leaf({1}), r = leaf({1});
  optim::SGD optimizer({{{p}, {.lr = 1}}, {{q}, {.lr = 0.5}}});
  optimizer.add_param_group({r}, {.lr = 0.25});
  for (const auto& t : {p, q, r}) give(t, 1);
  optimizer.step();
  EXPECT_EQ(values(p), Numbers{0});
  EXPECT_EQ(values(q), Numbers{0.5});
  EXPECT_EQ(values(r), Numbers{0.75});
  optimizer.options(1).lr = 0;
  EXPECT_EQ(optimizer.groups()[1].lr(), 0);
  EXPECT_EQ(optimizer.groups()[2].get("momentum").to_double(), 0);
  EXPECT_THROW(optimizer.groups()[0].get("betas"), wg::ValueError);
  EXPECT_THROW(optimizer.add_param_group({q}), wg::ValueError);
  EXPECT_THROW(optimizer.add_param_group({leaf({2})}, {.lr = -1}), wg::ValueError);
  EXPECT_EQ(optimizer.groups().size(), 3u);
  EXPECT_EQ(optimizer.parameters().size(), 3u);
  optimizer.step();
  EXPECT_EQ(values(q), Numbers{0.5});
}

TEST(Groups, StatesAreThoseOfPython) {
  const wg::Tensor p = leaf({1}), q = leaf({1, 2});
  optim::Adam optimizer({{{p}, {}}, {{q}, {.beta1 = 0.5}}});
  give(q, 1);
  optimizer.step();
  const Value state = optimizer.state_dict();
  EXPECT_EQ(state["state"].entries().size(), 1u);
  EXPECT_EQ(state["state"][1]["step"].tensor().item<double>(), 1);
  EXPECT_EQ(values(state["state"][1]["exp_avg"].tensor()), (Numbers{0.5, 0.5}));
  const Value& group = state["param_groups"][1];
  EXPECT_TRUE(group["betas"].is_tuple());
  EXPECT_EQ(group["betas"][0].to_double(), 0.5);
  EXPECT_EQ(group["params"][0].to_int(), 1);
  EXPECT_FALSE(group["amsgrad"].to_bool());
}

// What differs from `state` in one place is refused, and the optimizer is as it was.
TEST(States, ThatDoNotFitChangeNothing) {
  const wg::Tensor p = leaf({1, 2});
  optim::Adam optimizer({p}, {.lr = 0.5});
  give(p, 1);
  optimizer.step();
  const auto state = [&](Value entries, Value group_changes = Value::dict()) {
    Value group = optimizer.groups()[0].to_dict();
    group.set("params", Value::list({4}));
    group.set("lr", 7.0);
    for (const auto& [k, v] : group_changes.entries()) group.set(k, v);
    return Value::dict({{"state", Value::dict({{4, std::move(entries)}})},
                        {"param_groups", Value::list({group})}});
  };
  const Value full = optimizer.state_dict()["state"][0];
  const auto without = [&](const char* name) {
    std::vector<Value::Entry> left;
    for (const auto& [k, v] : full.entries()) {
      if (k.text() != name) left.emplace_back(k, v);
    }
    return Value::dict(left);
  };
  const auto with = [&](const char* name, Value v) {
    Value changed = full;
    changed.set(name, std::move(v));
    return changed;
  };
  const Value bad[] = {
      state(without("step")),
      state(without("exp_avg")),
      state(with("exp_avg", wg::ones({3}))),
      state(with("step", wg::ones({2}))),
      state(with("exp_avg_sq", 1.0)),
      state(with("exp_avg", {})),
      state(3),
      state(full, Value::dict({{"params", Value::list({4, 5})}})),
      state(full, Value::dict({{"lr", "fast"}})),
      state(full, Value::dict({{"betas", 0.9}})),
      state(full, Value::dict({{"betas", Value::tuple({0.9})}})),
      Value::dict(
          {{"state", Value::dict({{5, full}})}, {"param_groups", state(full)["param_groups"]}}),
      Value::dict({{"state", Value::dict()}, {"param_groups", Value::list()}}),
      Value::dict(),
      Value(),
  };
  for (const Value& v : bad) {
    EXPECT_THROW(optimizer.load_state_dict(v), wg::ValueError) << &v - bad;
    EXPECT_EQ(optimizer.options().lr, 0.5) << &v - bad;
    EXPECT_EQ(optimizer.options().beta1, 0.9);
    EXPECT_EQ(optimizer.state_dict()["state"][0]["step"].tensor().item<double>(), 1);
  }
  // Those of another kind.
  optim::SGD other({leaf({1, 2})});
  EXPECT_THROW(optimizer.load_state_dict(other.state_dict()), wg::ValueError);
  optimizer.load_state_dict(state(with("step", 9.0), Value::dict({{"note", 5}})));
  EXPECT_EQ(optimizer.options().lr, 7);
  EXPECT_EQ(optimizer.groups()[0].get("note").to_int(), 5);
  optimizer.step();
  EXPECT_EQ(optimizer.state_dict()["state"][0]["step"].tensor().item<double>(), 10);
}

TEST(States, AreCopied) {
  const wg::Tensor p = leaf({1}), q = leaf({1});
  optim::Adam a({p}), b({q});
  give(p, 1);
  give(q, 2);
  a.step();
  b.load_state_dict(a.state_dict());
  b.step();
  EXPECT_EQ(a.state_dict()["state"][0]["step"].tensor().item<double>(), 1);
}

TEST(Steps, HooksAndClosures) {
  const wg::Tensor p = leaf({1});
  optim::SGD optimizer({p}, {.lr = 0.5});
  std::string seen;
  const int before =
      optimizer.register_step_pre_hook([&](optim::Optimizer&) { seen += "before "; });
  optimizer.register_step_post_hook(
      [&](optim::Optimizer& o) { seen += std::to_string(o.groups()[0].lr()).substr(0, 3) + " "; });
  const auto closure = [&] {
    seen += "closure ";
    optimizer.zero_grad();
    const wg::Tensor loss = wg::sum(p * p);
    loss.backward();
    return loss;
  };
  {
    const wg::NoGradGuard no_grad;  // the closure is recorded nevertheless
    EXPECT_EQ(optimizer.step(closure).item<double>(), 1);
  }
  EXPECT_EQ(seen, "before closure 0.5 ");
  EXPECT_EQ(values(p), Numbers{0});
  optimizer.remove_hook(before);
  optimizer.step();
  EXPECT_EQ(seen, "before closure 0.5 0.5 ");
  optimizer.zero_grad(false);
  EXPECT_EQ(values(p.grad()), Numbers{0});
}

TEST(Steps, LbfgsFindsTheMinimum) {
  for (const char* search : {"", "strong_wolfe"}) {
    const wg::Tensor p = leaf({-1.2, 1});
    optim::LBFGS optimizer({p},
                           {.lr = *search ? 1.0 : 0.1, .max_iter = 300, .line_search_fn = search});
    const auto rosenbrock = [&] {
      optimizer.zero_grad();
      const wg::Tensor x = p[0], y = p[1], d = y - x * x, e = 1 - x;
      const wg::Tensor loss = 100 * d * d + e * e;
      loss.backward();
      return loss;
    };
    for (int i = 0; i < 5; ++i) optimizer.step(rosenbrock);
    EXPECT_NEAR(values(p)[0], 1, 1e-4) << search;
    EXPECT_NEAR(values(p)[1], 1, 1e-4) << search;
    EXPECT_THROW(optimizer.step(), wg::TypeError);
  }
  optim::LBFGS other({leaf({1})}, {.line_search_fn = "none"});
  EXPECT_THROW(other.step([] { return wg::scalar(1.0); }), wg::Error);
}

TEST(Steps, OptionsOfMatricesAreChecked) {
  EXPECT_THROW(optim::Muon({leaf({1})}), wg::ValueError);
  EXPECT_THROW(optim::Muon({wg::ones({2, 2})}, {.adjust_lr_fn = "x"}), wg::ValueError);
  EXPECT_THROW(optim::Adafactor({leaf({1})}, {.d = 0.5}), wg::ValueError);
  EXPECT_THROW(optim::Adafactor({leaf({1})}, {.eps1 = -1}), wg::ValueError);
  EXPECT_THROW(optim::SparseAdam({leaf({1})}, {.lr = 0}), wg::ValueError);
  EXPECT_THROW(optim::SparseAdam({leaf({1})}, {.beta1 = 1}), wg::ValueError);
  EXPECT_THROW(optim::LBFGS({leaf({1})}, {.lr = -1}), wg::ValueError);
}

TEST(Sparse, GradientsAreTakenOrRefused) {
  const wg::Tensor p = leaf({1, 1, 1});
  const auto sparse = [&] {
    return wg::new_sparse(p.shape(),
                          {wg::tensor({int64_t{2}, int64_t{0}, int64_t{2}}).reshape({1, 3}),
                           wg::tensor({1.0, 2.0, 3.0}), false});
  };
  wg::Tensor(p).set_grad(sparse());
  optim::SGD sgd({p}, {.lr = 0.5});
  sgd.step();
  EXPECT_EQ(values(p), (Numbers{0, 1, -1}));
  optim::SparseAdam adam({p}, {.lr = 0.5});
  adam.step();
  EXPECT_EQ(values(p)[1], 1);
  EXPECT_NEAR(values(p)[0], -0.5, 1e-6);
  EXPECT_NEAR(values(p)[2], -1.5, 1e-6);
  EXPECT_EQ(adam.state_dict()["state"][0]["step"].to_int(), 1);
  const Numbers before = values(p);
  EXPECT_THROW(optim::clip_grad_norm_({p}, 1), wg::NotImplementedError);
  EXPECT_THROW(optim::Adam({p}).step(), wg::Error);
  EXPECT_THROW(optim::SGD({p}, {.weight_decay = 0.1}).step(), wg::Error);
  EXPECT_THROW(optim::Adagrad({p}, {.weight_decay = 0.1}).step(), wg::Error);
  give(p, 1);
  EXPECT_THROW(adam.step(), wg::Error);
  EXPECT_EQ(values(p), before);
}

}  // namespace
