// Averages of the parameters over the course of training, as in Python's optim.swa_utils.
//
//   Net net, copy;
//   optim::swa_utils::AveragedModel averaged(copy, net);
//   for (...) { ...; optimizer.step(); averaged.update_parameters(net); }
//   optim::swa_utils::update_bn(loader, averaged);
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wengert/lr_scheduler.h"
#include "wengert/nn.h"
#include "wengert/nn/normalization.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace swa_utils {

// The new average of a parameter, of its average over n values and one more value.
using AverageFn = std::function<Tensor(const Tensor& average, const Tensor& value, int64_t n)>;
// The same for lists, of which the first is changed in place.
using MultiAverageFn = std::function<void(const std::vector<Tensor>& averages,
                                          const std::vector<Tensor>& values, int64_t n)>;

// decay average + (1 - decay) value. ValueError for a decay outside of [0, 1].
WENGERT_API AverageFn get_ema_avg_fn(double decay = 0.999);
WENGERT_API MultiAverageFn get_ema_multi_avg_fn(double decay = 0.999);
// The mean.
WENGERT_API AverageFn get_swa_avg_fn();
WENGERT_API MultiAverageFn get_swa_multi_avg_fn();

struct AveragedModelOptions {
  AverageFn avg_fn = {};  // the mean
  MultiAverageFn multi_avg_fn = {};
  bool use_buffers = false;  // average the buffers, too, instead of copying them
};

// Holds averages of the parameters that a model has had, in another module of the same kind.
class WENGERT_API AveragedModel : public nn::Module {
 public:
  // The averages are in a copy of the model, as nn::clone makes it.
  explicit AveragedModel(const nn::Module& model, const AveragedModelOptions& options = {});
  // `average` takes over all values of `model`, and must live as long as this.
  AveragedModel(nn::Module& average, const nn::Module& model,
                const AveragedModelOptions& options = {});
  AveragedModel(std::shared_ptr<nn::Module> average, const nn::Module& model,
                const AveragedModelOptions& options = {});
  // What the averaged model gives.
  Tensor forward(const Tensor& input) override;
  // Takes the parameters that `model` has at present into the averages.
  void update_parameters(const nn::Module& model);
  nn::Module& module() const { return *module_; }
  std::shared_ptr<nn::Module> make_like() const override {
    return nn::make<AveragedModel>(*module_, options_);
  }
  Tensor n_averaged;  // int64, 0-d

 private:
  void begin(const nn::Module& model);
  nn::Module* module_;
  AveragedModelOptions options_;
};

// Computes the statistics of the batch normalisations in a model anew, over all batches: tensors,
// or lists that begin with one, as a DataLoader gives them.
class WENGERT_API BatchNormUpdate {
 public:
  explicit BatchNormUpdate(nn::Module& model);
  ~BatchNormUpdate();
  BatchNormUpdate(const BatchNormUpdate&) = delete;
  BatchNormUpdate& operator=(const BatchNormUpdate&) = delete;
  bool is_needed() const { return !norms_.empty(); }
  void add(const Tensor& input);
  void add(const std::vector<Tensor>& batch) { add(batch.at(0)); }

 private:
  nn::Module& model_;
  std::vector<nn::BatchNormBase*> norms_;
  std::vector<std::optional<double>> momenta_;
  bool was_training_;
};
template <class Batches>
void update_bn(const Batches& batches, nn::Module& model) {
  BatchNormUpdate update(model);
  if (!update.is_needed()) return;
  for (const auto& batch : batches) update.add(batch);
}

struct SWALROptions {
  int64_t anneal_epochs = 10;
  std::string anneal_strategy = "cos";  // or "linear"
};
// From the present rate to swa_lr in anneal_epochs, then constant.
class WENGERT_API SWALR : public lr_scheduler::LRScheduler {
 public:
  SWALR(Optimizer& optimizer, const lr_scheduler::PerGroup& swa_lr,
        const SWALROptions& options = {}, int64_t last_epoch = -1);

 protected:
  std::vector<double> rates() override;
  void fields(lr_scheduler::StateFields& f) override;

 private:
  double part(int64_t step) const;
  int64_t anneal_epochs_;
  std::string anneal_strategy_;
};

}  // namespace swa_utils
}  // namespace optim
WENGERT_NAMESPACE_END
