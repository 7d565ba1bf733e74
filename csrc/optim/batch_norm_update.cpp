#include "autograd/mode.h"
#include "wengert/swa_utils.h"

WENGERT_NAMESPACE_BEGIN
namespace optim {
namespace swa_utils {

// Without a momentum the running statistics are the averages over all batches.
BatchNormUpdate::BatchNormUpdate(nn::Module& model)
    : model_(model), was_training_(model.is_training()) {
  for (nn::Module* m : model.modules()) {
    if (auto* norm = dynamic_cast<nn::BatchNormBase*>(m)) norms_.push_back(norm);
  }
  if (norms_.empty()) return;
  for (nn::BatchNormBase* norm : norms_) {
    momenta_.push_back(norm->options.momentum);
    norm->options.momentum.reset();
    norm->reset_running_stats();
  }
  model.train();
}

BatchNormUpdate::~BatchNormUpdate() {
  if (norms_.empty()) return;
  for (size_t i = 0; i < norms_.size(); ++i) norms_[i]->options.momentum = momenta_[i];
  model_.train(was_training_);
}

void BatchNormUpdate::add(const Tensor& input) {
  RecordingGuard off(false);
  model_(input);
}

}  // namespace swa_utils
}  // namespace optim
WENGERT_NAMESPACE_END
