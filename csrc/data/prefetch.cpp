#include "data/prefetch.h"

#include "autograd/mode.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

Example fetch(const Dataset& dataset, const Collate& collate, const Indices& indices) {
  if (!collate) return dataset.batch(indices);
  std::vector<Example> samples;
  for (const int64_t i : indices) samples.push_back(dataset.get(i));
  return collate(samples);
}

Prefetch::Prefetch(DatasetPtr dataset, Collate collate, std::vector<Indices> batches, size_t ahead)
    : dataset_(std::move(dataset)),
      collate_(std::move(collate)),
      batches_(std::move(batches)),
      ahead_(ahead) {}

Prefetch::~Prefetch() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  taken_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void Prefetch::start(size_t threads) {
  threads_.reserve(threads);
  while (threads_.size() < threads) threads_.emplace_back([this] { work(); });
}

void Prefetch::work() {
  const RecordingGuard off(false);
  std::unique_lock lock(mutex_);
  for (;;) {
    taken_.wait(lock,
                [this] { return stop_ || next_ == batches_.size() || next_ < given_ + ahead_; });
    if (stop_ || next_ == batches_.size()) return;
    const size_t i = next_++;
    lock.unlock();
    Result result;
    try {
      result.batch = fetch(*dataset_, collate_, batches_[i]);
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    results_.emplace(i, std::move(result));
    fetched_.notify_one();
  }
}

Example Prefetch::take() {
  std::unique_lock lock(mutex_);
  fetched_.wait(lock, [this] { return results_.count(given_) == 1; });
  const Result result = std::move(results_.extract(given_++).mapped());
  lock.unlock();
  taken_.notify_all();
  if (result.error) std::rethrow_exception(result.error);
  return result.batch;
}

}  // namespace data
WENGERT_NAMESPACE_END
