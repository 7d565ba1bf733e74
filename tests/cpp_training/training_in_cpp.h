// Trains the rows of the table from C++; the same steps as training_in_python.py.
#pragma once

#include <wengert/wengert.h>

#include <cmath>
#include <iostream>

namespace sched = wengert::optim::lr_scheduler;
using namespace wengert;

namespace training {

using Tensors = std::vector<Tensor>;

inline void set_values(Tensors& to, const io::Value& from) {
  const NoGradGuard no_grad;
  for (size_t i = 0; i < to.size(); ++i) copy_(to[i], from[static_cast<int64_t>(i)].tensor());
}
inline io::Value copies(const Tensors& ps) {
  Tensors all;
  for (const Tensor& p : ps) all.push_back(p.detach().clone());
  return io::Value::list_of(all);
}

// A row of optimizers: `make` makes the optimizer of three parameters.
template <class Make>
void optimize(const std::string& prefix, bool closure, int64_t steps, int64_t before, Make make) {
  const io::Value input = io::load_value(prefix + "input");
  const auto parameters = [&] {
    Tensors ps;
    for (const io::Value& p : input["parameters"].items()) {
      ps.push_back(p.tensor().clone().requires_grad_());
    }
    return ps;
  };
  std::vector<io::Value::Entry> noted;
  const auto step = [&](auto& optimizer, Tensors& ps, int64_t i, const std::string& name) {
    io::Value loss;
    if (closure) {
      loss = optimizer
                 .step([&] {
                   optimizer.zero_grad();
                   const Tensor x = input["x"].tensor();
                   const Tensor h = tanh(matmul(x, ps[0]) + ps[1]);
                   const Tensor e = matmul(h, ps[2].t()) - input["y"].tensor();
                   const Tensor loss = mean(e * e);
                   loss.backward();
                   return loss;
                 })
                 .detach();
    } else {
      for (size_t k = 0; k < ps.size(); ++k) {
        const io::Value& g = input["gradients"][i][static_cast<int64_t>(k)];
        ps[k].set_grad(g.is_none() ? Tensor() : g.tensor());
      }
      optimizer.step();
    }
    noted.emplace_back(name + std::to_string(i),
                       io::Value::dict({{"parameters", copies(ps)}, {"loss", loss}}));
  };
  {
    Tensors ps = parameters();
    auto optimizer = make(ps);
    for (int64_t i = 0; i < steps; ++i) {
      if (i == before) {
        io::save_value(prefix + "cpp_state",
                       io::Value::dict({{"parameters", io::Value::list_of(ps)},
                                        {"optimizer", optimizer.state_dict()}}));
      }
      step(optimizer, ps, i, "");
    }
  }
  Tensors ps = parameters();
  auto optimizer = make(ps);
  const io::Value saved = io::load_value(prefix + "python_state");
  set_values(ps, saved["parameters"]);
  optimizer.load_state_dict(saved["optimizer"]);
  for (int64_t i = before; i < steps; ++i) step(optimizer, ps, i, "resumed.");
  io::save_value(prefix + "cpp", io::Value::dict(std::move(noted)));
}

// A row of schedulers.
template <class MakeOptimizer, class Make>
void schedule(const std::string& prefix, int64_t steps, int64_t before,
              MakeOptimizer make_optimizer, Make make) {
  const io::Value metrics = io::load_value(prefix + "input");
  std::vector<io::Value::Entry> noted;
  const auto go = [&](auto& optimizer, auto& scheduler, int64_t i, const std::string& name) {
    if (i >= 0) {
      if constexpr (requires { scheduler.in_cooldown(); }) {
        scheduler.step(metrics[i].to_double());
      } else {
        scheduler.step();
      }
    }
    std::vector<io::Value> all;
    for (const auto& group : optimizer.groups()) {
      all.push_back(group.lr());
      all.push_back(group.has("betas") ? group.get("betas")[0] : group.get("momentum"));
    }
    for (const double lr : scheduler.get_last_lr()) all.push_back(lr);
    noted.emplace_back(name + std::to_string(i), io::Value::list(all));
  };
  const auto ones_of = [] {
    return Tensors{ones({2}).requires_grad_(), ones({3}).requires_grad_(),
                   ones({4}).requires_grad_()};
  };
  {
    auto optimizer = make_optimizer(ones_of());
    auto scheduler = make(optimizer);
    for (int64_t i = -1; i < steps; ++i) {
      if (i == before) {
        io::save_value(prefix + "cpp_state",
                       io::Value::dict({{"optimizer", optimizer.state_dict()},
                                        {"scheduler", scheduler.state_dict()}}));
      }
      go(optimizer, scheduler, i, "");
    }
  }
  auto optimizer = make_optimizer(ones_of());
  auto scheduler = make(optimizer);
  const io::Value saved = io::load_value(prefix + "python_state");
  scheduler.load_state_dict(saved["scheduler"]);
  optimizer.load_state_dict(saved["optimizer"]);
  for (int64_t i = before; i < steps; ++i) go(optimizer, scheduler, i, "resumed.");
  io::save_value(prefix + "cpp", io::Value::dict(std::move(noted)));
}

// Every n-th number below 20 with a random one of the worker, n being the number of workers.
struct Shares : data::IterableDataset {
  Next begin() const override {
    const data::WorkerInfo info = *data::get_worker_info();
    thread_local Generator random(info.seed);
    return [i = info.id, step = info.num_workers]() mutable -> std::optional<data::Example> {
      const int64_t now = std::exchange(i, i + step);
      if (now >= 20) return std::nullopt;
      return data::Example{scalar(now), rand({1}, {}, &random)};
    };
  }
};

// A row of orders.
template <class Make>
void order(const std::string& prefix, Make make) {
  manual_seed(5);
  const Tensor x = arange(0, 20), y = arange(100, 120).reshape({20, 1});
  Generator generator(77);
  const data::DataLoader loader = make(x, y, generator);
  const auto size = [&]() -> int64_t {
    try {
      return loader.size();
    } catch (const TypeError&) {
      return -1;  // a stream
    }
  };
  std::vector<io::Value> passes;
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<io::Value> batches;
    for (const data::Example& batch : loader) batches.push_back(io::Value::list_of(batch));
    passes.push_back(
        io::Value::dict({{"size", size()}, {"batches", io::Value::list(std::move(batches))}}));
  }
  io::save_value(prefix + "cpp", io::Value::dict({{"passes", io::Value::list(std::move(passes))},
                                                  {"random", rand({2})},
                                                  {"own", rand({2}, {}, &generator)},
                                                  {"state", get_rng_state()},
                                                  {"own_state", get_rng_state(generator)}}));
}

// Averages of the states that Python's model has had.
inline void average(const std::string& folder) {
  namespace swa = optim::swa_utils;
  const io::Value input = io::load_value(folder + "averages.python");
  const auto make = [] {
    return nn::make<nn::Sequential>(std::initializer_list<nn::ModulePtr>{
        nn::make<nn::Linear>(3, 4), nn::make<nn::BatchNorm1d>(4), nn::make<nn::Linear>(4, 2)});
  };
  const swa::AveragedModelOptions kinds[] = {
      {},
      {.avg_fn = swa::get_ema_avg_fn(0.9), .use_buffers = true},
      {.multi_avg_fn = swa::get_ema_multi_avg_fn(0.8)},
      {.multi_avg_fn = swa::get_swa_multi_avg_fn(), .use_buffers = true}};
  std::vector<io::Value> noted;
  for (const auto& kind : kinds) {
    const auto model = make();
    swa::AveragedModel averaged(make(), *model, kind);
    for (const io::Value& state : input["states"].items()) {
      model->load_state_dict(state.tensors());
      averaged.update_parameters(*model);
    }
    io::save_value(folder + "averages.state", averaged.state_dict());
    noted.push_back(io::load_value(folder + "averages.state"));
    averaged.eval();
    swa::update_bn(data::DataLoader({input["x"].tensor()}, {.batch_size = 4}), averaged);
    io::save_value(folder + "averages.state", averaged.state_dict());
    noted.push_back(io::load_value(folder + "averages.state"));
    noted.push_back(averaged(input["x"].tensor()).detach());
  }
  io::save_value(folder + "averages.cpp", io::Value::list(noted));
}

// Tables with sparse gradients.
inline void embed(const std::string& folder) {
  const io::Value input = io::load_value(folder + "tables.python");
  std::vector<io::Value> noted;
  const auto train = [&](auto make_optimizer) {
    const auto train_table = [&](auto table) {
      table->load_state_dict({{"weight", input["weight"].tensor()}});
      auto optimizer = make_optimizer(table->parameters());
      for (const io::Value& indices : input["indices"].items()) {
        optimizer.zero_grad();
        const Tensor rows = (*table)(indices.tensor());
        sum(rows * rows * rows).backward();
        optimizer.step();
        noted.push_back(table->weight.detach().clone());
      }
    };
    train_table(
        nn::make<nn::Embedding>(7, 3, nn::EmbeddingOptions{.padding_idx = 2, .sparse = true}));
    for (const char* mode : {"sum", "mean"}) {
      train_table(nn::make<nn::EmbeddingBag>(
          7, 3, nn::EmbeddingBagOptions{.mode = mode, .sparse = true, .padding_idx = 2}));
    }
  };
  train([](const Tensors& ps) { return optim::SGD(ps, {.lr = 0.1, .momentum = 0.5}); });
  train([](const Tensors& ps) { return optim::Adagrad(ps, {.lr = 0.1}); });
  train([](const Tensors& ps) { return optim::SparseAdam(ps, {.lr = 0.1}); });
  io::save_value(folder + "tables.cpp", io::Value::list(noted));
}

// What Python has saved, loaded and saved.
inline void pass_on(const std::string& folder) {
  io::save_value(folder + "values.cpp", io::load_value(folder + "values.python"));
  set_rng_state(io::load_value(folder + "random.python").tensor());
  const Tensor inside = [] {
    const ForkRng fork;
    return rand({3});
  }();
  io::save_value(folder + "random.cpp", io::Value::list({inside, rand({3})}));
  try {
    io::save_value(folder + "torch.cpp", io::load_torch(folder + "torch.pt"));
  } catch (const IoError&) {  // there is no PyTorch to write it
  } catch (const std::exception& e) {
    std::cout << "torch: " << e.what() << std::endl;
  }
}

}  // namespace training
