#include "data/prefetch.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "autograd/mode.h"
#include "tensor/check.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

namespace {
thread_local constinit const WorkerInfo* worker = nullptr;

// As many as a clock can count.
std::chrono::milliseconds seconds(double n) {
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(std::min(n, 1e9) * 1000)));
}
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

Prefetch::Prefetch(Workers workers)
    : workers_(std::move(workers)), busy_(workers_.count, true) {}  // until they are initialised

std::shared_ptr<Prefetch> Prefetch::owned(const std::shared_ptr<Prefetch>& threads) {
  return {threads.get(), [threads](Prefetch* p) { p->end(); }};
}

uint64_t Prefetch::begin(std::vector<Indices> batches) {
  const std::lock_guard lock(mutex_);
  reset(std::move(batches));
  taken_.notify_all();
  return ++pass_;
}

void Prefetch::start() {
  threads_.reserve(workers_.count);
  while (threads_.size() < workers_.count) {
    threads_.emplace_back([self = shared_from_this(), i = threads_.size()] { self->run(i); });
  }
}

void Prefetch::run(size_t i) {
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
  std::unique_lock lock(mutex_);
  for (;;) {
    busy_[i] = false;
    fetched_.notify_all();
    taken_.wait(lock, [&] { return stop_ || has_task(i) || (is_over(i) && !workers_.persistent); });
    if (stop_ || !has_task(i)) break;
    const uint64_t pass = pass_;
    const Task now = task(i);
    busy_[i] = true;
    lock.unlock();
    Result result{{}, broken};
    try {
      if (!broken) result.batch = now.fetch();
    } catch (...) {
      result.error = std::current_exception();
    }
    lock.lock();
    if (pass == pass_) put(i, now.number, std::move(result));
  }
  worker = nullptr;  // for what is destroyed with this object, if it is left to this thread
}

void Prefetch::await(std::unique_lock<std::mutex>& lock, const std::function<bool()>& there) {
  if (workers_.timeout == 0) return fetched_.wait(lock, there);
  WG_CHECK(fetched_.wait_for(lock, seconds(workers_.timeout), there), Error,
           "DataLoader timed out after ", workers_.timeout,
           " seconds, in which no worker gave the next batch");
}

std::optional<Example> Prefetch::take(uint64_t pass) {
  std::unique_lock lock(mutex_);
  WG_CHECK(pass == pass_, Error,
           "DataLoader: another pass over the persistent workers has begun, which ended this one");
  Result result = next(lock);
  lock.unlock();
  taken_.notify_all();
  if (result.error) std::rethrow_exception(result.error);
  return std::move(result.batch);
}

void Prefetch::end() {
  std::vector<bool> late(threads_.size(), false);
  {
    std::unique_lock lock(mutex_);
    stop_ = true;
    taken_.notify_all();
    if (workers_.timeout > 0) {
      const auto started = busy_.begin() + static_cast<std::ptrdiff_t>(threads_.size());
      fetched_.wait_for(lock, seconds(workers_.timeout),
                        [&] { return std::find(busy_.begin(), started, true) == started; });
      late = busy_;
    }
  }
  for (size_t i = 0; i < threads_.size(); ++i) late[i] ? threads_[i].detach() : threads_[i].join();
}

// ---- given batches

BatchPrefetch::BatchPrefetch(Workers workers, DatasetPtr dataset, Collate collate)
    : Prefetch(std::move(workers)), dataset_(std::move(dataset)), collate_(std::move(collate)) {}

void BatchPrefetch::reset(std::vector<Indices> batches) {
  batches_ = std::move(batches);
  results_.clear();
  next_ = arrived_ = given_ = 0;
}

bool BatchPrefetch::is_over(size_t) const { return next_ == batches_.size(); }

bool BatchPrefetch::has_task(size_t i) const {
  return !is_over(i) && (next_ - given_) / workers_.count < workers_.ahead;
}

Prefetch::Task BatchPrefetch::task(size_t) {
  const size_t number = next_++;
  return {number, [this, indices = std::move(batches_[number])] {
            return fetch(*dataset_, collate_, indices);
          }};
}

void BatchPrefetch::put(size_t, size_t number, Result result) {
  results_.emplace(workers_.in_order ? number : arrived_++, std::move(result));
}

Prefetch::Result BatchPrefetch::next(std::unique_lock<std::mutex>& lock) {
  if (given_ == batches_.size()) return {};
  await(lock, [this] { return results_.count(given_) == 1; });
  return std::move(results_.extract(given_++).mapped());
}

// ---- streams

StreamPrefetch::StreamPrefetch(Workers workers, IterableDatasetPtr dataset, size_t size,
                               bool drop_last, Collate collate)
    : Prefetch(std::move(workers)),
      dataset_(std::move(dataset)),
      size_(size),
      drop_last_(drop_last),
      collate_(std::move(collate)),
      streams_(workers_.count),
      results_(workers_.in_order ? workers_.count : 1) {}

void StreamPrefetch::reset(std::vector<Indices>) {
  for (Stream& s : streams_) {
    s.begun = s.over = s.ended = false;
    s.waiting = 0;
  }
  for (auto& queue : results_) queue.clear();
  turn_ = 0;
}

bool StreamPrefetch::is_over(size_t i) const { return streams_[i].over; }

bool StreamPrefetch::has_task(size_t i) const {
  return !is_over(i) && streams_[i].waiting < workers_.ahead;
}

Prefetch::Task StreamPrefetch::task(size_t i) {
  return {0, [this, i, is_new = !std::exchange(streams_[i].begun, true)] {
            std::optional<StreamBatches>& batches = streams_[i].batches;
            if (is_new) {
              batches.reset();
              batches.emplace(dataset_->begin(), size_, drop_last_, collate_);
            }
            return (*batches)();
          }};
}

void StreamPrefetch::put(size_t i, size_t, Result result) {
  Stream& s = streams_[i];
  auto& queue = results_[workers_.in_order ? i : 0];
  const auto add = [&](Result r) {
    s.over = r.is_end();
    ++s.waiting;
    queue.emplace_back(i, std::move(r));
  };
  add(std::move(result));
  if (!s.batches && !s.over) add({});  // it could not be begun
}

Prefetch::Result StreamPrefetch::next(std::unique_lock<std::mutex>& lock) {
  const auto ended = [](const Stream& s) { return s.ended; };
  while (!std::all_of(streams_.begin(), streams_.end(), ended)) {
    auto& queue = results_[turn_];
    if (!workers_.in_order || !streams_[turn_].ended) {
      await(lock, [&] { return !queue.empty(); });
      auto [i, result] = std::move(queue.front());
      queue.pop_front();
      --streams_[i].waiting;
      streams_[i].ended = result.is_end();
      turn_ = (turn_ + 1) % results_.size();
      if (!result.is_end()) return std::move(result);
    } else {
      turn_ = (turn_ + 1) % results_.size();
    }
  }
  return {};
}

}  // namespace data
WENGERT_NAMESPACE_END
