// Batches that threads fetch ahead.
#pragma once

#include <condition_variable>
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

// One pass over a dataset: threads fetch batches, at most `ahead` of those that were taken.
class Prefetch {
 public:
  Prefetch(DatasetPtr dataset, Collate collate, std::vector<Indices> batches, size_t ahead);
  // Waits for the batches that are being fetched; no other is begun.
  ~Prefetch();
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  void start(size_t threads);
  // The next batch in order, or the exception that was thrown when it was fetched. There must be
  // one more.
  Example take();

 private:
  struct Result {
    Example batch;
    std::exception_ptr error;
  };
  void work();

  const DatasetPtr dataset_;
  const Collate collate_;
  const std::vector<Indices> batches_;
  const size_t ahead_;

  std::mutex mutex_;
  std::condition_variable fetched_, taken_;
  // Under the mutex.
  std::map<size_t, Result> results_;
  size_t next_ = 0;   // to be fetched
  size_t given_ = 0;  // batches that were taken
  bool stop_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace data
WENGERT_NAMESPACE_END
