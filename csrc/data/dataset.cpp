#include <algorithm>
#include <cmath>
#include <numeric>

#include "tensor/check.h"
#include "wengert/data.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/indexing.h"
#include "wengert/ops/random.h"
#include "wengert/ops/shape.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

namespace {
void check_index(const char* of, int64_t index, int64_t size) {
  WG_CHECK(index >= 0 && index < size, IndexError, of, ": expected an index below ", size,
           ", but got ", index);
}
}  // namespace

Dataset::~Dataset() = default;

Example Dataset::batch(const Indices& indices) const {
  std::vector<Example> samples;
  for (const int64_t i : indices) samples.push_back(get(i));
  return default_collate(samples);
}

Example default_collate(const std::vector<Example>& samples) {
  WG_CHECK(!samples.empty(), ValueError, "default_collate: expected at least one sample");
  Example batch;
  for (size_t part = 0; part < samples[0].size(); ++part) {
    std::vector<Tensor> column;
    for (const Example& s : samples) {
      WG_CHECK(s.size() == samples[0].size(), ValueError, "default_collate: one sample has ",
               samples[0].size(), " parts, another has ", s.size());
      column.push_back(s[part]);
    }
    batch.push_back(stack(column));
  }
  return batch;
}

TensorDataset::TensorDataset(std::vector<Tensor> tensors) : tensors_(std::move(tensors)) {
  WG_CHECK(!tensors_.empty(), ValueError, "TensorDataset: expected at least one tensor");
  for (const Tensor& t : tensors_) {
    WG_CHECK(t.defined() && t.dim() > 0 && t.size(0) == tensors_[0].size(0), ValueError,
             "TensorDataset: expected tensors with equal first dimensions");
  }
}
int64_t TensorDataset::size() const { return tensors_[0].size(0); }
Example TensorDataset::get(int64_t index) const {
  check_index("TensorDataset", index, size());
  Example sample;
  for (const Tensor& t : tensors_) sample.push_back(select(t, 0, index));
  return sample;
}
// Picked out of each tensor whole.
Example TensorDataset::batch(const Indices& indices) const {
  for (const int64_t i : indices) check_index("TensorDataset", i, size());
  const auto count = static_cast<int64_t>(indices.size());
  const Tensor at = from_data(indices.data(), {count}, DType::int64);
  Example batch;
  for (const Tensor& t : tensors_) batch.push_back(index_select(t, 0, at));
  return batch;
}

Subset::Subset(DatasetPtr dataset, Indices indices)
    : dataset_(std::move(dataset)), indices_(std::move(indices)) {
  WG_CHECK(dataset_, TypeError, "Subset: expected a dataset");
  for (const int64_t i : indices_) check_index("Subset", i, dataset_->size());
}
Example Subset::get(int64_t index) const {
  check_index("Subset", index, size());
  return dataset_->get(indices_[static_cast<size_t>(index)]);
}
Example Subset::batch(const Indices& indices) const {
  Indices inner;
  for (const int64_t i : indices) {
    check_index("Subset", i, size());
    inner.push_back(indices_[static_cast<size_t>(i)]);
  }
  return dataset_->batch(inner);
}

ConcatDataset::ConcatDataset(std::vector<DatasetPtr> datasets) : datasets_(std::move(datasets)) {
  WG_CHECK(!datasets_.empty(), ValueError, "ConcatDataset: expected at least one dataset");
  int64_t end = 0;
  for (const DatasetPtr& d : datasets_) {
    WG_CHECK(d, TypeError, "ConcatDataset: a dataset is null");
    ends_.push_back(end += d->size());
  }
}
Example ConcatDataset::get(int64_t index) const {
  check_index("ConcatDataset", index, size());
  const auto which =
      static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin());
  return datasets_[which]->get(index - (which ? ends_[which - 1] : 0));
}

StackDataset::StackDataset(std::vector<DatasetPtr> datasets) : datasets_(std::move(datasets)) {
  WG_CHECK(!datasets_.empty(), ValueError, "StackDataset: expected at least one dataset");
  for (const DatasetPtr& d : datasets_) {
    WG_CHECK(d && datasets_[0], TypeError, "StackDataset: a dataset is null");
    WG_CHECK(d->size() == size(), ValueError,
             "StackDataset: expected datasets of one size, but got ", size(), " and ", d->size());
  }
}

namespace {
// The parts that `of` gives of each dataset.
template <class F>
Example joined(const std::vector<DatasetPtr>& datasets, const F& of) {
  Example all;
  for (const DatasetPtr& d : datasets) {
    for (Tensor& t : of(*d)) all.push_back(std::move(t));
  }
  return all;
}
}  // namespace
Example StackDataset::get(int64_t index) const {
  return joined(datasets_, [&](const Dataset& d) { return d.get(index); });
}
Example StackDataset::batch(const Indices& indices) const {
  return joined(datasets_, [&](const Dataset& d) { return d.batch(indices); });
}

IterableDataset::~IterableDataset() = default;

ChainDataset::ChainDataset(std::vector<IterableDatasetPtr> datasets)
    : datasets_(std::move(datasets)) {
  for (const IterableDatasetPtr& d : datasets_) {
    WG_CHECK(d, TypeError, "ChainDataset: a dataset is null");
  }
}
IterableDataset::Next ChainDataset::begin() const {
  return [datasets = datasets_, at = size_t{0}, next = Next()]() mutable -> std::optional<Example> {
    for (; at < datasets.size(); ++at, next = nullptr) {
      if (!next) next = datasets[at]->begin();
      if (std::optional<Example> sample = next()) return sample;
    }
    return std::nullopt;
  };
}

std::vector<std::shared_ptr<Subset>> random_split(DatasetPtr dataset,
                                                  const std::vector<double>& lengths,
                                                  Generator* generator) {
  WG_CHECK(dataset && !lengths.empty(), ValueError,
           "random_split: expected a dataset and at least one length");
  const int64_t total = dataset->size();
  const double sum = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  Indices sizes;
  if (sum <= 1 && sum >= 1 - 1e-9) {
    int64_t given = 0;
    for (const double part : lengths) {
      WG_CHECK(part >= 0 && part <= 1, ValueError,
               "random_split: expected fractions in [0, 1], but one is ", part);
      sizes.push_back(static_cast<int64_t>(std::floor(static_cast<double>(total) * part)));
      given += sizes.back();
    }
    for (int64_t i = 0; i < total - given; ++i) ++sizes[static_cast<size_t>(i) % sizes.size()];
  } else {
    for (const double n : lengths) {
      WG_CHECK(n >= 0 && n == std::floor(n), ValueError,
               "random_split: expected whole sizes, or fractions that sum to 1, but one is ", n);
      sizes.push_back(static_cast<int64_t>(n));
    }
    WG_CHECK(sum == static_cast<double>(total), ValueError, "random_split: the lengths sum to ",
             sum, ", but the dataset has ", total, " samples");
  }
  const Tensor order = randperm(total, {}, generator);
  const int64_t* at = order.data<int64_t>();
  std::vector<std::shared_ptr<Subset>> parts;
  for (const int64_t n : sizes) {
    parts.push_back(std::make_shared<Subset>(dataset, Indices(at, at + n)));
    at += n;
  }
  return parts;
}

}  // namespace data
WENGERT_NAMESPACE_END
