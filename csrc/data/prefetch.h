// Batches that threads fetch ahead.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "wengert/data.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

using Collate = std::function<Example(const std::vector<Example>&)>;

// The batch of these samples, made by `collate` if there is one.
Example fetch(const Dataset& dataset, const Collate& collate, const Indices& indices);

// Batches of the samples of a stream, and nothing behind the last one.
class StreamBatches {
 public:
  StreamBatches(IterableDataset::Next next, size_t size, bool drop_last, Collate collate)
      : next_(std::move(next)), size_(size), drop_last_(drop_last), collate_(std::move(collate)) {}
  std::optional<Example> operator()();

 private:
  IterableDataset::Next next_;  // until there is no other sample
  size_t size_;
  bool drop_last_;
  Collate collate_;
};

struct Workers {
  size_t count;
  size_t ahead;  // batches that each fetches before they are taken
  uint64_t seed;
  std::function<void(int64_t)> init;
};

// One pass over a dataset, by threads.
class Prefetch {
 public:
  explicit Prefetch(Workers workers) : workers_(std::move(workers)) {}
  // Waits for the batches that are being fetched; no other is begun.
  virtual ~Prefetch() = default;
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  void start();
  // The next batch in order, or the exception that was thrown when it was fetched; nothing at the
  // end of a stream.
  virtual std::optional<Example> take() = 0;

 protected:
  struct Result {
    std::optional<Example> batch;
    std::exception_ptr error;
    std::optional<Example> given() const {
      if (error) std::rethrow_exception(error);
      return batch;
    }
  };
  // What worker i does; `broken` is what its init threw.
  virtual void work(size_t i, const std::exception_ptr& broken) = 0;
  void join();  // by the destructors of derived classes

  const Workers workers_;
  std::mutex mutex_;
  std::condition_variable fetched_, taken_;
  bool stop_ = false;  // under the mutex

 private:
  std::vector<std::thread> threads_;
};

// Of given batches, whoever has time fetches the next.
class BatchPrefetch : public Prefetch {
 public:
  BatchPrefetch(Workers workers, DatasetPtr dataset, Collate collate, std::vector<Indices> batches);
  ~BatchPrefetch() override { join(); }
  std::optional<Example> take() override;

 private:
  void work(size_t i, const std::exception_ptr& broken) override;

  const DatasetPtr dataset_;
  const Collate collate_;
  const std::vector<Indices> batches_;
  const size_t ahead_;
  // Under the mutex.
  std::map<size_t, Result> results_;
  size_t next_ = 0;   // to be fetched
  size_t given_ = 0;  // batches that were taken
};

// Of streams that each worker goes through by itself, in turn.
class StreamPrefetch : public Prefetch {
 public:
  StreamPrefetch(Workers workers, IterableDatasetPtr dataset, size_t size, bool drop_last,
                 Collate collate);
  ~StreamPrefetch() override { join(); }
  std::optional<Example> take() override;

 private:
  void work(size_t i, const std::exception_ptr& broken) override;

  const IterableDatasetPtr dataset_;
  const size_t size_;
  const bool drop_last_;
  const Collate collate_;
  // Under the mutex; of each worker, the last one being empty.
  std::vector<std::deque<Result>> results_;
  std::vector<bool> ended_;
  size_t turn_ = 0;
};

}  // namespace data
WENGERT_NAMESPACE_END
