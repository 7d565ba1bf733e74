#include <algorithm>
#include <limits>

#include "autograd/mode.h"
#include "data/prefetch.h"
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
      collate_fn_(o.collate_fn),
      workers_(static_cast<size_t>(o.num_workers)) {
  WG_CHECK(dataset_, TypeError, "DataLoader: expected a dataset");
  WG_CHECK(!o.sampler || !o.shuffle, ValueError,
           "DataLoader: sampler and shuffle exclude each other");
  WG_CHECK(o.num_workers >= 0, ValueError, "DataLoader: num_workers must not be negative, but is ",
           o.num_workers, "; 0 loads on the calling thread");
  WG_CHECK(!o.prefetch_factor || o.num_workers > 0, ValueError,
           "DataLoader: prefetch_factor needs num_workers > 0");
  const int64_t each = o.prefetch_factor.value_or(2);
  WG_CHECK(each > 0, ValueError, "DataLoader: prefetch_factor must be positive, but is ", each);
  ahead_ = workers_ * static_cast<size_t>(each);
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

DataLoader::DataLoader(IterableDatasetPtr dataset, const DataLoaderOptions& o)
    : stream_(std::move(dataset)),
      stream_batch_(o.batch_size),
      drop_last_(o.drop_last),
      generator_(o.generator),
      collate_fn_(o.collate_fn) {
  WG_CHECK(stream_, TypeError, "DataLoader: expected a dataset");
  WG_CHECK(!o.shuffle && !o.sampler && !o.batch_sampler && o.num_workers == 0, ValueError,
           "DataLoader: an IterableDataset gives its samples in an order of its own, one after the "
           "other; expected no shuffle, sampler, batch_sampler or num_workers");
  WG_CHECK(stream_batch_ > 0, ValueError, "DataLoader: batch_size must be positive, but is ",
           stream_batch_);
}

int64_t DataLoader::size() const {
  WG_CHECK(!stream_, TypeError, "DataLoader: an IterableDataset has no size");
  return batches_->size();
}
const Dataset& DataLoader::dataset() const {
  WG_CHECK(!stream_, TypeError, "DataLoader: the dataset is an IterableDataset");
  return *dataset_;
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
  if (stream_) {
    pass.next_ = stream_->begin();
    pass.count_ = std::numeric_limits<size_t>::max();
    return ++pass;
  }
  pass.batches_ = batches_->draw();
  pass.count_ = pass.batches_.size();
  if (workers_ > 0 && pass.count_ > 0) {
    pass.ahead_ =
        std::make_shared<Prefetch>(dataset_, collate_fn_, std::exchange(pass.batches_, {}), ahead_);
    pass.ahead_->start(std::min(workers_, pass.count_));
  }
  return ++pass;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_.clear();
  const size_t i = at_++;  // also where fetching fails
  if (i >= count_) {
    ahead_ = nullptr;
  } else if (loader_->stream_) {
    const auto wanted = static_cast<size_t>(loader_->stream_batch_);
    std::vector<Example> samples;
    while (next_ && samples.size() < wanted) {
      if (std::optional<Example> sample = next_()) {
        samples.push_back(std::move(*sample));
      } else {
        next_ = nullptr;
      }
    }
    if (samples.empty() || (loader_->drop_last_ && samples.size() < wanted)) {
      next_ = nullptr;
      count_ = 0;
    } else {
      batch_ = loader_->collate_fn_ ? loader_->collate_fn_(samples) : default_collate(samples);
    }
  } else if (ahead_) {
    batch_ = ahead_->take();
  } else {
    batch_ = fetch(*loader_->dataset_, loader_->collate_fn_, batches_[i]);
  }
  return *this;
}

}  // namespace data
WENGERT_NAMESPACE_END
