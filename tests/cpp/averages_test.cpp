// Averages of parameters.
#include <gtest/gtest.h>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace swa = wengert::optim::swa_utils;

namespace {

std::vector<double> values(const wg::Tensor& t) {
  const wg::Tensor d = t.detach().to(wg::DType::float64).contiguous();
  return {d.data<double>(), d.data<double>() + d.numel()};
}
using Numbers = std::vector<double>;

TEST(Averages, MeanAndExponential) {
  struct Net : wg::nn::Module {
    wg::Tensor weight, seen;
    explicit Net(double v) {
      weight = register_parameter("weight", wg::full({2}, v, wg::DType::float64));
      seen = register_buffer("seen", wg::full({}, v, wg::DType::float64));
    }
    wg::Tensor forward(const wg::Tensor& x) override { return x * weight; }
  };
  Net net(1), copy(0), other(0), third(0);
  swa::AveragedModel mean(copy, net), exponential(other, net, {.avg_fn = swa::get_ema_avg_fn(0.5)});
  swa::AveragedModel buffers(third, net,
                             {.multi_avg_fn = swa::get_swa_multi_avg_fn(), .use_buffers = true});
  for (const double v : {2.0, 4.0, 9.0}) {
    const wg::NoGradGuard no_grad;
    wg::fill_(net.weight, v);
    wg::fill_(net.seen, v);
    mean.update_parameters(net);
    exponential.update_parameters(net);
    buffers.update_parameters(net);
  }
  EXPECT_EQ(values(copy.weight), (Numbers{5, 5}));
  EXPECT_EQ(values(copy.seen), Numbers{9});
  EXPECT_EQ(values(other.weight), (Numbers{6, 6}));
  EXPECT_NEAR(values(third.seen)[0], 5, 1e-6);
  EXPECT_EQ(values(mean(wg::ones({2}))), (Numbers{5, 5}));
  EXPECT_EQ(mean.n_averaged.item<double>(), 3);
  EXPECT_TRUE(mean.state_dict().count("module.weight"));
  EXPECT_THROW(swa::get_ema_avg_fn(2), wg::ValueError);
  EXPECT_THROW(swa::AveragedModel(
                   copy, net,
                   {.avg_fn = swa::get_swa_avg_fn(), .multi_avg_fn = swa::get_swa_multi_avg_fn()}),
               wg::ValueError);
}

TEST(Averages, AreInACopyUnlessAPlaceIsGiven) {
  wg::nn::Sequential net{wg::nn::make<wg::nn::Linear>(2, 1)};
  swa::AveragedModel averaged(net);
  averaged.update_parameters(net);
  const wg::Tensor before = net.parameters()[0].detach().clone();
  {
    const wg::NoGradGuard no_grad;
    wg::fill_(net.parameters()[0], 7);
  }
  EXPECT_EQ(values(averaged.parameters()[0]), values(before));
  const auto copy = wg::nn::clone(averaged);
  copy->update_parameters(net);
  EXPECT_EQ(copy->n_averaged.item<double>(), 2);
  EXPECT_EQ(averaged.n_averaged.item<double>(), 1);
  EXPECT_EQ(values(averaged.parameters()[0]), values(before));
  EXPECT_EQ(copy->module().to_string(), net.to_string());
}

}  // namespace
