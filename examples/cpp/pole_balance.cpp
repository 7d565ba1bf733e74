// A reinforcement learner of the size of a game's: it balances a pole on a cart by trial and error.
//
//   pole_balance [SEED]
//
// 32 carts are pushed to the left or to the right, 50 times a second, until their poles fall; each
// step without a fall earns 1, and 500 are the most. After each round of episodes the network makes
// an action the more likely, the more what followed exceeded what a second network had expected
// (Williams, 1992). 80 rounds take half a second on one core; of 100 episodes afterwards, in which
// the likeliest action is taken, the mean is more than 490 (seeds 0 to 7).
#include <wengert/wengert.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace wg = wengert;
namespace nn = wengert::nn;

constexpr int kMost = 500;

// A cart of 1 kg under a pole of 0.1 kg and 1 m.
struct Cart {
  float place = 0, speed = 0, angle = 0, rate = 0;  // m, m/s, rad, rad/s
  bool alive = true;

  void push(bool right) {
    const float s = std::sin(angle), c = std::cos(angle);
    const float force = ((right ? 10.0f : -10.0f) + 0.05f * rate * rate * s) / 1.1f;
    const float turn = (9.8f * s - c * force) / (0.5f * (4.0f / 3 - 0.1f * c * c / 1.1f));
    place += 0.02f * speed;
    speed += 0.02f * (force - 0.05f * turn * c / 1.1f);
    angle += 0.02f * rate;
    rate += 0.02f * turn;
    alive = std::abs(place) < 2.4f && std::abs(angle) < 0.2095f;
  }
};

// What was seen and done while a cart's pole stood, and what was earned from there on.
struct Experience {
  std::vector<float> states, returns;
  std::vector<int64_t> actions;
  double length = 0;  // mean of the episodes
};

Experience play(nn::Module& policy, int count, bool explore) {
  wg::NoGradGuard no_grad;
  std::vector<Cart> carts(static_cast<size_t>(count));
  const wg::Tensor start = wg::rand({count, 4}) * 0.1 - 0.05;
  for (size_t i = 0; i < carts.size(); ++i) {
    const float* s = start.data<float>() + 4 * i;
    carts[i] = {s[0], s[1], s[2], s[3]};
  }
  Experience e;
  std::vector<std::pair<size_t, int>> who;  // cart and step of each experience
  std::vector<int> lengths(carts.size());
  std::vector<float> states;
  for (int step = 0; step < kMost; ++step) {
    states.clear();
    std::vector<size_t> standing;
    for (size_t i = 0; i < carts.size(); ++i) {
      if (!carts[i].alive) continue;
      standing.push_back(i);
      states.insert(states.end(), {carts[i].place, carts[i].speed, carts[i].angle, carts[i].rate});
    }
    if (standing.empty()) break;
    const wg::Tensor seen = wg::from_data(states.data(), {static_cast<int64_t>(standing.size()), 4},
                                          wg::DType::float32);
    const wg::Tensor logits = policy(seen);
    const wg::Tensor actions =
        explore ? wg::multinomial(wg::softmax(logits, 1), 1).reshape({-1}) : wg::argmax(logits, 1);
    for (size_t k = 0; k < standing.size(); ++k) {
      const int64_t action = actions.data<int64_t>()[k];
      carts[standing[k]].push(action == 1);
      ++lengths[standing[k]];
      who.emplace_back(standing[k], step);
      e.actions.push_back(action);
    }
    e.states.insert(e.states.end(), states.begin(), states.end());
  }
  // A step and those after it earn 1 each, later ones discounted: a geometric sum.
  for (const auto& [cart, step] : who) {
    e.returns.push_back((1 - std::pow(0.99f, static_cast<float>(lengths[cart] - step))) / 0.01f);
  }
  for (const int n : lengths) e.length += n / static_cast<double>(count);
  return e;
}

int main(int argc, char** argv) {
  constexpr int kRounds = 80;
  wg::manual_seed(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0);
  const auto net = [](int64_t outputs) {
    return nn::make<nn::Sequential>(std::initializer_list<std::shared_ptr<nn::Module>>{
        nn::make<nn::Linear>(4, 32), nn::make<nn::Tanh>(), nn::make<nn::Linear>(32, outputs)});
  };
  const auto policy = net(2), baseline = net(1);
  std::vector<wg::Tensor> parameters = policy->parameters();
  for (const wg::Tensor& p : baseline->parameters()) parameters.push_back(p);
  wg::optim::Adam optimizer(parameters, {.lr = 1e-2});

  const auto start = std::chrono::steady_clock::now();
  for (int round = 1; round <= kRounds; ++round) {
    const Experience e = play(*policy, 32, true);
    const auto n = static_cast<int64_t>(e.returns.size());
    const wg::Tensor states = wg::from_data(e.states.data(), {n, 4}, wg::DType::float32);
    const wg::Tensor actions = wg::from_data(e.actions.data(), {n}, wg::DType::int64);
    const wg::Tensor gained = wg::from_data(e.returns.data(), {n}, wg::DType::float32);
    const wg::Tensor expected = (*baseline)(states).reshape({n});
    wg::Tensor advantage = gained - expected.detach() * 50;
    advantage = (advantage - wg::mean(advantage)) / (wg::stddev(advantage) + 1e-6);
    const wg::Tensor surprise = wg::cross_entropy((*policy)(states), actions, {}, "none");
    const wg::Tensor loss = wg::mean(surprise * advantage) + wg::mse_loss(expected, gained / 50);
    optimizer.zero_grad();
    loss.backward();
    optimizer.options().lr = 1e-2 * (1 - round / (kRounds + 1.0));
    optimizer.step();
    if (round % 10 == 0) std::printf("round %3d  mean return %.1f\n", round, e.length);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("trained in %.1f s; mean return %.1f of %d\n", taken.count(),
              play(*policy, 100, false).length, kMost);
}
