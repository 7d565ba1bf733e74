#include <algorithm>

#include "autograd/mode.h"
#include "data/prefetch.h"
#include "tensor/check.h"
#include "wengert/data.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/random.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

void DataLoader::set_workers(const DataLoaderOptions& o) {
  WG_CHECK(o.num_workers >= 0, ValueError, "DataLoader: num_workers must not be negative, but is ",
           o.num_workers, "; 0 loads on the calling thread");
  WG_CHECK(!o.prefetch_factor || o.num_workers > 0, ValueError,
           "DataLoader: prefetch_factor needs num_workers > 0");
  const int64_t each = o.prefetch_factor.value_or(2);
  WG_CHECK(each > 0, ValueError, "DataLoader: prefetch_factor must be positive, but is ", each);
  WG_CHECK(o.timeout >= 0, ValueError, "DataLoader: timeout must not be negative, but is ",
           o.timeout, "; 0 waits as long as it takes");
  WG_CHECK(!o.persistent_workers || o.num_workers > 0, ValueError,
           "DataLoader: persistent_workers needs num_workers > 0");
  timeout_ = o.timeout;
  persistent_ = o.persistent_workers;
  in_order_ = o.in_order;
  workers_ = static_cast<size_t>(o.num_workers);
  ahead_ = static_cast<size_t>(each);
  worker_init_fn_ = o.worker_init_fn;
}

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
  set_workers(o);
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
  set_workers(o);
  WG_CHECK(!o.shuffle && !o.sampler && !o.batch_sampler, ValueError,
           "DataLoader: an IterableDataset gives its samples in an order of its own, one after the "
           "other; expected no shuffle, sampler or batch_sampler");
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

DataLoader::Kept& DataLoader::Kept::operator=(const Kept&) {
  threads = nullptr;
  return *this;
}

std::shared_ptr<Prefetch> DataLoader::make_threads(size_t count, uint64_t seed) const {
  Workers workers{count, ahead_, seed, worker_init_fn_, timeout_, persistent_, in_order_};
  if (!stream_) {
    return Prefetch::owned(
        std::make_shared<BatchPrefetch>(std::move(workers), dataset_, collate_fn_));
  }
  return Prefetch::owned(std::make_shared<StreamPrefetch>(
      std::move(workers), stream_, static_cast<size_t>(stream_batch_), drop_last_, collate_fn_));
}

DataLoader::Iterator DataLoader::begin() const {
  uint64_t seed = 0;
  if (!kept_.threads) {
    // As in Python, where each pass that may start workers draws a seed for them.
    RecordingGuard off(false);
    std::optional<Generator> generator = generator_;
    Tensor drawn = empty({}, DType::int64);
    random_(drawn, 0, {}, generator ? &*generator : nullptr);
    seed = static_cast<uint64_t>(drawn.item().to_int());
  }
  std::vector<Indices> batches;
  if (!stream_) batches = batches_->draw();
  const bool all = stream_ || persistent_;
  const size_t count = all ? workers_ : std::min(workers_, batches.size());
  Iterator pass;
  if (count > 0) {
    const std::shared_ptr<Prefetch> threads =
        kept_.threads ? kept_.threads : make_threads(count, seed);
    pass.next_ = [threads, number = threads->begin(std::move(batches))] {
      return threads->take(number);
    };
    if (!kept_.threads) threads->start();
    if (persistent_) kept_.threads = threads;
  } else if (stream_) {
    pass.next_ = StreamBatches(stream_->begin(), static_cast<size_t>(stream_batch_), drop_last_,
                               collate_fn_);
  } else {
    pass.next_ = [dataset = dataset_, collate = collate_fn_, batches = std::move(batches),
                  at = size_t{0}]() mutable -> std::optional<Example> {
      if (at == batches.size()) return std::nullopt;
      const Indices& indices = batches[at++];  // also where fetching fails
      return fetch(*dataset, collate, indices);
    };
  }
  ++pass;
  return pass;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  batch_.clear();
  if (!next_) return *this;
  if (std::optional<Example> batch = next_()) {
    batch_ = std::move(*batch);
  } else {
    next_ = nullptr;
  }
  return *this;
}

}  // namespace data
WENGERT_NAMESPACE_END
