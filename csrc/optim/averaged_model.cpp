#include "autograd/mode.h"
#include "tensor/check.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/elementwise.h"
#include "wengert/ops/pointwise.h"
#include "wengert/swa_utils.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace swa_utils {

namespace {

void check_decay(double decay) {
  WG_CHECK(decay >= 0 && decay <= 1, ValueError, "averaging: the decay must lie in [0, 1], but is ",
           decay);
}

// Averages with a weight of the new value where that is possible, else as `one` does.
void average_all(const std::vector<Tensor>& averages, const std::vector<Tensor>& values, int64_t n,
                 double weight, const AverageFn& one) {
  for (size_t i = 0; i < averages.size(); ++i) {
    Tensor average = averages[i];
    if (is_differentiable(average.dtype())) {
      lerp_(average, values.at(i), weight);
    } else {
      copy_(average, one(average, values.at(i), n));
    }
  }
}

std::vector<Tensor> detached(const nn::NamedTensors& tensors) {
  std::vector<Tensor> all;
  for (const auto& [name, t] : tensors) all.push_back(t.detach());
  return all;
}

std::vector<Tensor> averaged_of(const nn::Module& m, bool use_buffers) {
  std::vector<Tensor> all = detached(m.named_parameters());
  if (use_buffers) {
    for (Tensor& t : detached(m.named_buffers())) all.push_back(std::move(t));
  }
  return all;
}

void check_same_size(size_t a, size_t b) {
  WG_CHECK(a == b, ValueError,
           "AveragedModel: expected models of the same parameters and buffers, but one has ", a,
           " and the other ", b);
}

}  // namespace

AverageFn get_ema_avg_fn(double decay) {
  check_decay(decay);
  return [decay](const Tensor& average, const Tensor& value, int64_t) {
    RecordingGuard off(false);
    return decay * average + (1 - decay) * value;
  };
}
AverageFn get_swa_avg_fn() {
  return [](const Tensor& average, const Tensor& value, int64_t n) {
    RecordingGuard off(false);
    return average + (value - average) / scalar(n + 1);
  };
}
MultiAverageFn get_ema_multi_avg_fn(double decay) {
  return [decay, one = get_ema_avg_fn(decay)](const std::vector<Tensor>& averages,
                                              const std::vector<Tensor>& values, int64_t n) {
    RecordingGuard off(false);
    average_all(averages, values, n, 1 - decay, one);
  };
}
MultiAverageFn get_swa_multi_avg_fn() {
  return [one = get_swa_avg_fn()](const std::vector<Tensor>& averages,
                                  const std::vector<Tensor>& values, int64_t n) {
    RecordingGuard off(false);
    // In the default dtype, as a quotient of tensors.
    const double weight = (Scalar(1) / scalar(n + 1)).item<double>();
    average_all(averages, values, n, weight, one);
  };
}

AveragedModel::AveragedModel(const nn::Module& model, const AveragedModelOptions& o)
    : AveragedModel(nn::clone(model), model, o) {}
AveragedModel::AveragedModel(nn::Module& average, const nn::Module& model,
                             const AveragedModelOptions& o)
    : module_(&average), options_(o) {
  begin(model);
  register_module("module", average);
}
AveragedModel::AveragedModel(std::shared_ptr<nn::Module> average, const nn::Module& model,
                             const AveragedModelOptions& o)
    : module_(average.get()), options_(o) {
  WG_CHECK(average, TypeError, "AveragedModel: expected a module for the averages");
  begin(model);
  register_module("module", std::move(average));
}

void AveragedModel::begin(const nn::Module& model) {
  WG_CHECK(!options_.avg_fn || !options_.multi_avg_fn, ValueError,
           "AveragedModel: expected at most one of avg_fn and multi_avg_fn");
  module_->load_state_dict(model.state_dict());
  n_averaged = register_buffer("n_averaged", scalar(int64_t{0}));
}

Tensor AveragedModel::forward(const Tensor& input) { return (*module_)(input); }

void AveragedModel::update_parameters(const nn::Module& model) {
  RecordingGuard off(false);
  std::vector<Tensor> averages = averaged_of(*module_, options_.use_buffers);
  const std::vector<Tensor> values = averaged_of(model, options_.use_buffers);
  check_same_size(averages.size(), values.size());
  const auto n = n_averaged.item().to_int();
  if (n != 0 && options_.multi_avg_fn) {
    options_.multi_avg_fn(averages, values, n);
  } else {
    const AverageFn one = n == 0 ? nullptr : options_.avg_fn ? options_.avg_fn : get_swa_avg_fn();
    for (size_t i = 0; i < averages.size(); ++i) {
      copy_(averages[i], one ? one(averages[i], values[i], n) : values[i]);
    }
  }
  if (!options_.use_buffers) {
    std::vector<Tensor> mine = detached(module_->named_buffers());
    const std::vector<Tensor> theirs = detached(model.named_buffers());
    check_same_size(mine.size(), theirs.size());
    for (size_t i = 0; i < mine.size(); ++i) copy_(mine[i], theirs[i]);
  }
  add_(n_averaged, Scalar(1));
}

}  // namespace swa_utils
}  // namespace optim
WENGERT_NAMESPACE_END
