#include "autograd/mode.h"
#include "tensor/check.h"
#include "wengert/data.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/random.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

DataLoader::DataLoader(std::vector<Tensor> tensors, const DataLoaderOptions& o)
    : DataLoader(std::make_shared<TensorDataset>(std::move(tensors)), o) {}

DataLoader::DataLoader(DatasetPtr dataset, const DataLoaderOptions& o)
    : dataset_(std::move(dataset)),
      batches_(o.batch_sampler),
      generator_(o.generator),
      collate_fn_(o.collate_fn) {
  WG_CHECK(dataset_, TypeError, "DataLoader: expected a dataset");
  WG_CHECK(!o.sampler || !o.shuffle, ValueError,
           "DataLoader: sampler and shuffle exclude each other");
  if (batches_) {
    WG_CHECK(o.batch_size == 1 && !o.shuffle && !o.sampler && !o.drop_last, ValueError,
             "DataLoader: batch_sampler excludes batch_size, shuffle, sampler and drop_last");
    return;
  }
  std::shared_ptr<Sampler> order = o.sampler;
  if (!order && o.shuffle) {
    order = std::make_shared<RandomSampler>(dataset_->size(), false, std::nullopt, generator_);
  } else if (!order) {
    order = std::make_shared<SequentialSampler>(dataset_->size());
  }
  batches_ = std::make_shared<BatchSampler>(std::move(order), o.batch_size, o.drop_last);
}

DataLoader::Iterator DataLoader::begin() const {
  {
    // As in Python, where each pass draws a seed for its workers.
    RecordingGuard off(false);
    std::optional<Generator> generator = generator_;
    Tensor seed = empty({}, DType::int64);
    random_(seed, 0, {}, generator ? &*generator : nullptr);
  }
  Iterator pass;
  pass.loader_ = this;
  pass.batches_ = batches_->draw();
  return ++pass;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_.clear();
  if (at_ < batches_.size()) {
    const Indices& indices = batches_[at_];
    if (loader_->collate_fn_) {
      std::vector<Example> samples;
      for (const int64_t i : indices) samples.push_back(loader_->dataset_->get(i));
      batch_ = loader_->collate_fn_(samples);
    } else {
      batch_ = loader_->dataset_->batch(indices);
    }
  }
  ++at_;
  return *this;
}

}  // namespace data
WENGERT_NAMESPACE_END
