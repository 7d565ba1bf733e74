// Learning inside a simulation loop: a network corrects a model of a pendulum while it swings.
//
// The controller of a driven pendulum predicts its next angular velocity from a textbook formula
// without friction. The true pendulum has friction, and after half of the time a gust of wind that
// goes on blowing. Each step of the loop predicts, observes, and takes one step of Adam on 16 of
// the last 512 observations. The error of the predictions, in percent of the change by one step, is
// 18 without learning and more than 190 in the wind; it comes down to less than 6, twice. A step of
// the loop takes about 10 microseconds.
#include <wengert/wengert.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace wg = wengert;
namespace nn = wengert::nn;

constexpr double kStep = 0.02;  // s

struct Pendulum {
  double angle = 1, rate = 0;  // rad, rad/s
  double wind = 0;             // rad/s^2

  void step(double torque) {
    const double friction = 0.4 * rate * std::abs(rate);
    rate += kStep * (torque - 9.81 * std::sin(angle) - friction + wind * std::cos(angle));
    angle += kStep * rate;
  }
};

// What the textbook says the rate becomes.
double nominal(const Pendulum& p, double torque) {
  return p.rate + kStep * (torque - 9.81 * std::sin(p.angle));
}

// Learns the acceleration that the formula lacks from the state, on line.
class Correction {
 public:
  double predict(const Pendulum& p) {
    wg::NoGradGuard no_grad;
    const std::array<float, 3> in = features(p);
    return net_(wg::from_data(in.data(), {1, 3}, wg::DType::float32)).item<double>();
  }

  void learn(const Pendulum& before, double missing) {
    const std::array<float, 3> in = features(before);
    std::copy(in.begin(), in.end(), states_.begin() + 3 * (seen_ % kKept));
    targets_[seen_++ % kKept] = static_cast<float>(missing);
    std::array<float, 3 * kBatch> x;
    std::array<float, kBatch> y;
    for (size_t i = 0; i < kBatch; ++i) {
      const size_t k = next_random() % std::min(seen_, kKept);
      std::copy_n(states_.begin() + 3 * k, 3, x.begin() + 3 * i);
      y[i] = targets_[k];
    }
    const wg::Tensor inputs = wg::from_data(x.data(), {kBatch, 3}, wg::DType::float32);
    const wg::Tensor wanted = wg::from_data(y.data(), {kBatch, 1}, wg::DType::float32);
    optimizer_.zero_grad();
    wg::mse_loss(net_(inputs), wanted).backward();
    optimizer_.step();
  }

 private:
  static constexpr size_t kKept = 512, kBatch = 16;

  static std::array<float, 3> features(const Pendulum& p) {
    return {static_cast<float>(std::sin(p.angle)), static_cast<float>(std::cos(p.angle)),
            static_cast<float>(p.rate / 5)};
  }
  size_t next_random() { return (random_ = random_ * 6364136223846793005u + 1) >> 33; }

  nn::Sequential net_{nn::make<nn::Linear>(3, 32), nn::make<nn::Tanh>(),
                      nn::make<nn::Linear>(32, 1)};
  wg::optim::Adam optimizer_{net_.parameters(), {.lr = 5e-3}};
  std::array<float, 3 * kKept> states_;
  std::array<float, kKept> targets_;
  size_t seen_ = 0;
  uint64_t random_ = 1;
};

int main() {
  constexpr int kSteps = 20000, kReport = 2000;
  wg::set_num_threads(1);  // the loop's own thread does everything
  wg::manual_seed(0);
  Pendulum pendulum;
  Correction correction;
  double learned = 0, textbook = 0, moved = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 1; i <= kSteps; ++i) {
    if (i == kSteps / 2 + 1) pendulum.wind = 3;
    const double torque = 4 * std::sin(0.37 * i * kStep) + 3 * std::sin(1.91 * i * kStep);
    const Pendulum before = pendulum;
    const double guess = nominal(before, torque);
    const double corrected = guess + kStep * correction.predict(before);
    pendulum.step(torque);
    textbook += std::abs(pendulum.rate - guess);
    learned += std::abs(pendulum.rate - corrected);
    moved += std::abs(pendulum.rate - before.rate);
    correction.learn(before, (pendulum.rate - guess) / kStep);
    if (i % kReport == 0) {
      std::printf("step %5d  textbook %5.1f%%  learned %5.1f%%\n", i, 100 * textbook / moved,
                  100 * learned / moved);
      learned = textbook = moved = 0;
    }
  }
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
  std::printf("%.1f microseconds for each step\n", taken.count() / kSteps);
}
