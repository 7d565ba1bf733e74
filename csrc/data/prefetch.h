// Batches that threads fetch ahead.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
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
  double timeout;   // seconds to wait for a batch; 0: any number
  bool persistent;  // for several passes
  bool in_order;
};

// Threads that fetch the batches of one pass over a dataset, or of one pass after the other.
class Prefetch : public std::enable_shared_from_this<Prefetch> {
 public:
  explicit Prefetch(Workers workers);
  virtual ~Prefetch() = default;
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  // A handle whose last copy ends the threads. It waits for batches that are being fetched, no
  // longer than the timeout: threads that take longer keep this object until they end.
  static std::shared_ptr<Prefetch> owned(const std::shared_ptr<Prefetch>& threads);
  // Begins a pass, over these batches or a stream, in place of the one before; returns its number.
  uint64_t begin(std::vector<Indices> batches);
  void start();
  // The next batch of this pass, or the exception that was thrown when it was fetched; nothing at
  // the end. Error where none comes in time, and where another pass has begun.
  std::optional<Example> take(uint64_t pass);

 protected:
  struct Result {
    std::optional<Example> batch;
    std::exception_ptr error;
    bool is_end() const { return !batch && !error; }
  };
  struct Task {
    size_t number;
    std::function<std::optional<Example>()> fetch;
  };

  // All under the mutex. Whether worker i may fetch something, and whether nothing is left to it.
  virtual bool has_task(size_t i) const = 0;
  virtual bool is_over(size_t i) const = 0;
  virtual Task task(size_t i) = 0;
  virtual void put(size_t i, size_t number, Result result) = 0;
  virtual void reset(std::vector<Indices> batches) = 0;
  virtual Result next(std::unique_lock<std::mutex>& lock) = 0;
  // Until there() is true.
  void await(std::unique_lock<std::mutex>& lock, const std::function<bool()>& there);

  const Workers workers_;

 private:
  void run(size_t i);
  void end();

  std::mutex mutex_;
  std::condition_variable fetched_, taken_;
  std::vector<std::thread> threads_;
  // Under the mutex.
  std::vector<bool> busy_;
  uint64_t pass_ = 0;
  bool stop_ = false;
};

// Of given batches, whoever has time fetches the next.
class BatchPrefetch : public Prefetch {
 public:
  BatchPrefetch(Workers workers, DatasetPtr dataset, Collate collate);

 private:
  bool has_task(size_t i) const override;
  bool is_over(size_t i) const override;
  Task task(size_t i) override;
  void put(size_t i, size_t number, Result result) override;
  void reset(std::vector<Indices> batches) override;
  Result next(std::unique_lock<std::mutex>& lock) override;

  const DatasetPtr dataset_;
  const Collate collate_;
  // Under the mutex.
  std::vector<Indices> batches_;
  std::map<size_t, Result> results_;  // by their place among those that are given
  size_t next_ = 0, arrived_ = 0, given_ = 0;
};

// Of streams that each worker goes through by itself, in turn.
class StreamPrefetch : public Prefetch {
 public:
  StreamPrefetch(Workers workers, IterableDatasetPtr dataset, size_t size, bool drop_last,
                 Collate collate);

 private:
  bool has_task(size_t i) const override;
  bool is_over(size_t i) const override;
  Task task(size_t i) override;
  void put(size_t i, size_t number, Result result) override;
  void reset(std::vector<Indices> batches) override;
  Result next(std::unique_lock<std::mutex>& lock) override;

  const IterableDatasetPtr dataset_;
  const size_t size_;
  const bool drop_last_;
  const Collate collate_;
  struct Stream {
    std::optional<StreamBatches> batches;  // of its worker alone
    // Under the mutex.
    bool begun = false, over = false;  // the worker has begun it, and has come to its end
    bool ended = false;                // that end was taken
    size_t waiting = 0;                // results that were not taken
  };
  std::vector<Stream> streams_;
  // Under the mutex: the results of each worker, or of all, with their workers.
  std::vector<std::deque<std::pair<size_t, Result>>> results_;
  size_t turn_ = 0;
};

}  // namespace data
WENGERT_NAMESPACE_END
