#include "data/prefetch.h"

#include "autograd/mode.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

namespace {
thread_local constinit const WorkerInfo* worker = nullptr;
}  // namespace

std::optional<WorkerInfo> get_worker_info() {
  if (!worker) return std::nullopt;
  return *worker;
}

Example fetch(const Dataset& dataset, const Collate& collate, const Indices& indices) {
  if (!collate) return dataset.batch(indices);
  std::vector<Example> samples;
  for (const int64_t i : indices) samples.push_back(dataset.get(i));
  return collate(samples);
}

std::optional<Example> StreamBatches::operator()() {
  std::vector<Example> samples;
  while (next_ && samples.size() < size_) {
    if (std::optional<Example> sample = next_()) {
      samples.push_back(std::move(*sample));
    } else {
      next_ = nullptr;
    }
  }
  if (samples.empty() || (drop_last_ && samples.size() < size_)) return std::nullopt;
  return collate_ ? collate_(samples) : default_collate(samples);
}

// ---- threads

void Prefetch::start() {
  threads_.reserve(workers_.count);
  while (threads_.size() < workers_.count) {
    threads_.emplace_back([this, i = threads_.size()] {
      const RecordingGuard off(false);
      const WorkerInfo info{static_cast<int64_t>(i), static_cast<int64_t>(workers_.count),
                            workers_.seed + i};
      worker = &info;
      std::exception_ptr broken;
      try {
        if (workers_.init) workers_.init(info.id);
      } catch (...) {
        broken = std::current_exception();
      }
      work(i, broken);
    });
  }
}

void Prefetch::join() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  taken_.notify_all();
  for (std::thread& t : threads_) t.join();
}

// ---- given batches

BatchPrefetch::BatchPrefetch(Workers workers, DatasetPtr dataset, Collate collate,
                             std::vector<Indices> batches)
    : Prefetch(std::move(workers)),
      dataset_(std::move(dataset)),
      collate_(std::move(collate)),
      batches_(std::move(batches)),
      ahead_(workers_.count * workers_.ahead) {}

void BatchPrefetch::work(size_t, const std::exception_ptr& broken) {
  std::unique_lock lock(mutex_);
  for (;;) {
    taken_.wait(lock,
                [this] { return stop_ || next_ == batches_.size() || next_ < given_ + ahead_; });
    if (stop_ || next_ == batches_.size()) return;
    const size_t i = next_++;
    lock.unlock();
    Result result{{}, broken};
    try {
      if (!broken) result.batch = fetch(*dataset_, collate_, batches_[i]);
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    results_.emplace(i, std::move(result));
    fetched_.notify_one();
  }
}

std::optional<Example> BatchPrefetch::take() {
  std::unique_lock lock(mutex_);
  if (given_ == batches_.size()) return std::nullopt;
  fetched_.wait(lock, [this] { return results_.count(given_) == 1; });
  const Result result = std::move(results_.extract(given_++).mapped());
  lock.unlock();
  taken_.notify_all();
  return result.given();
}

// ---- streams

StreamPrefetch::StreamPrefetch(Workers workers, IterableDatasetPtr dataset, size_t size,
                               bool drop_last, Collate collate)
    : Prefetch(std::move(workers)),
      dataset_(std::move(dataset)),
      size_(size),
      drop_last_(drop_last),
      collate_(std::move(collate)),
      results_(workers_.count),
      ended_(workers_.count, false) {}

void StreamPrefetch::work(size_t i, const std::exception_ptr& broken) {
  std::optional<StreamBatches> batches;
  Result begun{{}, broken};
  try {
    if (!broken) batches.emplace(dataset_->begin(), size_, drop_last_, collate_);
  } catch (...) {
    begun.error = std::current_exception();
  }
  std::unique_lock lock(mutex_);
  if (!batches) results_[i].push_back(begun);
  for (;;) {
    taken_.wait(lock, [&] { return stop_ || results_[i].size() < workers_.ahead; });
    if (stop_) return;
    lock.unlock();
    Result result;
    try {
      if (batches) result.batch = (*batches)();
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    const bool is_last = !result.batch && !result.error;
    results_[i].push_back(std::move(result));
    fetched_.notify_one();
    if (is_last) return;
  }
}

std::optional<Example> StreamPrefetch::take() {
  std::unique_lock lock(mutex_);
  for (size_t skipped = 0; skipped < ended_.size();) {
    const size_t i = turn_;
    turn_ = (turn_ + 1) % ended_.size();
    if (ended_[i]) {
      ++skipped;
      continue;
    }
    fetched_.wait(lock, [&] { return !results_[i].empty(); });
    const Result result = std::move(results_[i].front());
    results_[i].pop_front();
    if (!result.batch && !result.error) {
      ended_[i] = true;
      skipped = 1;
      continue;
    }
    lock.unlock();
    taken_.notify_all();
    return result.given();
  }
  return std::nullopt;
}

}  // namespace data
WENGERT_NAMESPACE_END
