// Samples in batches, in the order that Python's wengert.utils.data gives for the same seed.
//
//   data::DataLoader loader({images, labels}, {.batch_size = 64, .shuffle = true});
//   for (const data::Example& batch : loader) {
//     const Tensor loss = cross_entropy(net(batch[0]), batch[1]);
//     ...
//   }
#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "wengert/random.h"
#include "wengert/tensor.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

// The parts of a sample, such as an input and a label; or those of many, stacked.
using Example = std::vector<Tensor>;
using Indices = std::vector<int64_t>;

// ---- datasets

class WENGERT_API Dataset {
 public:
  virtual ~Dataset();
  virtual int64_t size() const = 0;
  virtual Example get(int64_t index) const = 0;
  // These samples stacked; by default from get(). ValueError for samples that do not fit together.
  virtual Example batch(const Indices& indices) const;
};
using DatasetPtr = std::shared_ptr<const Dataset>;

// Sample i is made of the i-th entries of tensors of equal first dimension.
class WENGERT_API TensorDataset : public Dataset {
 public:
  explicit TensorDataset(std::vector<Tensor> tensors);
  int64_t size() const override;
  Example get(int64_t index) const override;
  Example batch(const Indices& indices) const override;
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  std::vector<Tensor> tensors_;
};

// The samples of a dataset at some indices.
class WENGERT_API Subset : public Dataset {
 public:
  Subset(DatasetPtr dataset, Indices indices);
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  Example get(int64_t index) const override;
  Example batch(const Indices& indices) const override;
  const Indices& indices() const { return indices_; }

 private:
  DatasetPtr dataset_;
  Indices indices_;
};

// The samples of several datasets, one after the other.
class WENGERT_API ConcatDataset : public Dataset {
 public:
  explicit ConcatDataset(std::vector<DatasetPtr> datasets);
  int64_t size() const override { return ends_.back(); }
  Example get(int64_t index) const override;

 private:
  std::vector<DatasetPtr> datasets_;
  Indices ends_;
};

// Sample i has the parts of the i-th samples of several datasets of one size.
class WENGERT_API StackDataset : public Dataset {
 public:
  explicit StackDataset(std::vector<DatasetPtr> datasets);
  int64_t size() const override { return datasets_[0]->size(); }
  Example get(int64_t index) const override;
  Example batch(const Indices& indices) const override;

 private:
  std::vector<DatasetPtr> datasets_;
};

// Samples that come one after the other, such as those of a stream.
class WENGERT_API IterableDataset {
 public:
  using Next = std::function<std::optional<Example>()>;
  virtual ~IterableDataset();
  // Begins a pass, on each worker if a loader has some: calls of the result give the samples, and
  // nothing behind the last one.
  virtual Next begin() const = 0;
};
using IterableDatasetPtr = std::shared_ptr<const IterableDataset>;

// The samples of several such datasets, one dataset after the other.
class WENGERT_API ChainDataset : public IterableDataset {
 public:
  explicit ChainDataset(std::vector<IterableDatasetPtr> datasets);
  Next begin() const override;

 private:
  std::vector<IterableDatasetPtr> datasets_;
};

// Shares the samples out at random, each going to one subset. `lengths` are the sizes, or fractions
// that sum to 1, of which what is left over by rounding down goes to the first ones, one each.
WENGERT_API std::vector<std::shared_ptr<Subset>> random_split(DatasetPtr dataset,
                                                              const std::vector<double>& lengths,
                                                              Generator* generator = nullptr);

// Stacks the parts of samples along a new first dimension.
WENGERT_API Example default_collate(const std::vector<Example>& samples);

// ---- orders in which samples are taken

class WENGERT_API Sampler {
 public:
  virtual ~Sampler();
  virtual int64_t size() const = 0;
  // The indices of one pass; random ones are drawn anew.
  virtual Indices draw() = 0;
};

class WENGERT_API SequentialSampler : public Sampler {
 public:
  explicit SequentialSampler(int64_t size);
  int64_t size() const override { return size_; }
  Indices draw() override;

 private:
  int64_t size_;
};

// All indices below `size` in random order, or, with replacement, random indices.
class WENGERT_API RandomSampler : public Sampler {
 public:
  explicit RandomSampler(int64_t size, bool replacement = false,
                         std::optional<int64_t> num_samples = {},
                         std::optional<Generator> generator = {});
  int64_t size() const override { return num_samples_; }
  Indices draw() override;

 private:
  int64_t size_, num_samples_;
  bool replacement_;
  std::optional<Generator> generator_;
};

// The given indices in random order.
class WENGERT_API SubsetRandomSampler : public Sampler {
 public:
  explicit SubsetRandomSampler(Indices indices, std::optional<Generator> generator = {});
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  Indices draw() override;

 private:
  Indices indices_;
  std::optional<Generator> generator_;
};

// Random indices, index i with a probability in proportion to weights[i].
class WENGERT_API WeightedRandomSampler : public Sampler {
 public:
  WeightedRandomSampler(const std::vector<double>& weights, int64_t num_samples,
                        bool replacement = true, std::optional<Generator> generator = {});
  int64_t size() const override { return num_samples_; }
  Indices draw() override;

 private:
  Tensor weights_;
  int64_t num_samples_;
  bool replacement_;
  std::optional<Generator> generator_;
};

// Lists of batch_size indices of a sampler; the last may be shorter, or be dropped.
class WENGERT_API BatchSampler {
 public:
  BatchSampler(std::shared_ptr<Sampler> sampler, int64_t batch_size, bool drop_last);
  virtual ~BatchSampler();
  virtual int64_t size() const;
  virtual std::vector<Indices> draw();

 private:
  std::shared_ptr<Sampler> sampler_;
  int64_t batch_size_;
  bool drop_last_;
};

// ---- loaders

struct DataLoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;  // a new random order in each pass
  bool drop_last = false;
  std::shared_ptr<Sampler> sampler = {};             // gives the order instead
  std::shared_ptr<BatchSampler> batch_sampler = {};  // gives the batches, too
  std::optional<Generator> generator = {};           // of the random order
  // Makes a batch of samples; by default Dataset::batch does.
  std::function<Example(const std::vector<Example>&)> collate_fn = {};
  // This many threads fetch batches ahead, each up to prefetch_factor (2) of them; 0: the calling
  // thread fetches. The batches are the same, and what a fetch throws is thrown in its place. The
  // threads call the dataset and collate_fn at the same time, without recording; random numbers
  // that these draw should come from generators of their own, seeded by get_worker_info()->seed.
  int64_t num_workers = 0;
  std::optional<int64_t> prefetch_factor = {};
  // Called with its number on each thread that begins.
  std::function<void(int64_t)> worker_init_fn = {};
  // How many seconds to wait for a batch of a thread, or for one to end; 0: any number. Where none
  // comes in time an Error says so, after which ++ waits for the same batch again; begin(), which
  // waits for the first one, gives up its pass. A thread that is late goes on, and keeps the
  // dataset and the functions, until its fetch is done.
  double timeout = 0;
  // The same threads in all passes, with the seeds of the first one; a new pass ends the one
  // before.
  bool persistent_workers = false;
  bool in_order = true;  // false: batches of threads as they come
};

// About the thread of a loader that asks; nothing on other threads.
struct WorkerInfo {
  int64_t id;           // from 0
  int64_t num_workers;  // how many there are
  uint64_t seed;        // for its random numbers; that of Python's worker in this pass
};
WENGERT_API std::optional<WorkerInfo> get_worker_info();

class Prefetch;

// Goes through a dataset in batches.
class WENGERT_API DataLoader {
 public:
  // ValueError for options that contradict one another.
  explicit DataLoader(DatasetPtr dataset, const DataLoaderOptions& options = {});
  explicit DataLoader(std::vector<Tensor> tensors, const DataLoaderOptions& options = {});

  // Batches of the samples in their order; ValueError for shuffle and samplers. With workers each
  // thread goes through the dataset by itself, which asks get_worker_info() for the share that it
  // is to give, and makes batches of that; they come in turn, as Python's.
  explicit DataLoader(IterableDatasetPtr dataset, const DataLoaderOptions& options = {});

  // Of a pass, in batches. TypeError for an IterableDataset, also below.
  int64_t size() const;
  const Dataset& dataset() const;

  // A pass: each begin() starts one, which goes on where the loader is moved or gone.
  class WENGERT_API Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Example;
    using difference_type = std::ptrdiff_t;
    using pointer = const Example*;
    using reference = const Example&;

    Iterator() = default;
    const Example& operator*() const { return batch_; }
    const Example* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !next_; }

   private:
    friend class DataLoader;
    // Gives the next batch, or nothing; none behind the last one. The last copy ends the threads.
    std::function<std::optional<Example>()> next_;
    Example batch_;
  };
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

 private:
  // Threads that wait for the next pass; a copy of the loader has its own.
  struct Kept {
    Kept() = default;
    Kept(const Kept&) {}
    Kept(Kept&&) = default;
    Kept& operator=(const Kept&);
    Kept& operator=(Kept&&) = default;
    std::shared_ptr<Prefetch> threads;
  };
  void set_workers(const DataLoaderOptions& o);
  std::shared_ptr<Prefetch> make_threads(size_t count, uint64_t seed) const;

  DatasetPtr dataset_;
  IterableDatasetPtr stream_;  // or this
  int64_t stream_batch_ = 0;
  bool drop_last_ = false;
  std::shared_ptr<BatchSampler> batches_;
  std::optional<Generator> generator_;
  std::function<Example(const std::vector<Example>&)> collate_fn_;
  std::function<void(int64_t)> worker_init_fn_;
  size_t workers_ = 0, ahead_ = 0;  // threads; batches that each fetches before they are asked for
  double timeout_ = 0;
  bool persistent_ = false, in_order_ = true;
  mutable Kept kept_;
};

}  // namespace data
WENGERT_NAMESPACE_END
