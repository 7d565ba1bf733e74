#include <numeric>

#include "autograd/mode.h"
#include "tensor/check.h"
#include "wengert/data.h"
#include "wengert/ops/creation.h"
#include "wengert/ops/random.h"

WENGERT_NAMESPACE_BEGIN
namespace data {

namespace {

void append(Indices& to, const Tensor& from, int64_t count) {
  const int64_t* at = from.data<int64_t>();
  to.insert(to.end(), at, at + count);
}
Generator* given(std::optional<Generator>& generator) { return generator ? &*generator : nullptr; }

}  // namespace

Sampler::~Sampler() = default;

SequentialSampler::SequentialSampler(int64_t size) : size_(size) {
  WG_CHECK(size >= 0, ValueError, "SequentialSampler: the size must not be negative, but is ",
           size);
}
Indices SequentialSampler::draw() {
  Indices all(static_cast<size_t>(size_));
  std::iota(all.begin(), all.end(), int64_t{0});
  return all;
}

RandomSampler::RandomSampler(int64_t size, bool replacement, std::optional<int64_t> num_samples,
                             std::optional<Generator> generator)
    : size_(size),
      num_samples_(num_samples.value_or(size)),
      replacement_(replacement),
      generator_(std::move(generator)) {
  WG_CHECK(size > 0 && num_samples_ > 0, ValueError,
           "RandomSampler: expected something to draw from and a positive number of samples, but "
           "got ",
           num_samples_, " of ", size);
}
Indices RandomSampler::draw() {
  RecordingGuard off(false);
  Indices all;
  all.reserve(static_cast<size_t>(num_samples_));
  if (replacement_) {
    append(all, randint(0, size_, {num_samples_}, {}, given(generator_)), num_samples_);
    return all;
  }
  for (int64_t left = num_samples_; left > 0; left -= size_) {
    append(all, randperm(size_, {}, given(generator_)), std::min(left, size_));
  }
  return all;
}

SubsetRandomSampler::SubsetRandomSampler(Indices indices, std::optional<Generator> generator)
    : indices_(std::move(indices)), generator_(std::move(generator)) {}
Indices SubsetRandomSampler::draw() {
  Indices all;
  append(all, randperm(size(), {}, given(generator_)), size());
  for (int64_t& i : all) i = indices_[static_cast<size_t>(i)];
  return all;
}

WeightedRandomSampler::WeightedRandomSampler(const std::vector<double>& weights,
                                             int64_t num_samples, bool replacement,
                                             std::optional<Generator> generator)
    : weights_(from_data(weights.data(), {static_cast<int64_t>(weights.size())}, DType::float64)),
      num_samples_(num_samples),
      replacement_(replacement),
      generator_(std::move(generator)) {
  WG_CHECK(num_samples > 0, ValueError,
           "WeightedRandomSampler: num_samples must be positive, but is ", num_samples);
}
Indices WeightedRandomSampler::draw() {
  Indices all;
  append(all, multinomial(weights_, num_samples_, replacement_, given(generator_)), num_samples_);
  return all;
}

BatchSampler::BatchSampler(std::shared_ptr<Sampler> sampler, int64_t batch_size, bool drop_last)
    : sampler_(std::move(sampler)), batch_size_(batch_size), drop_last_(drop_last) {
  WG_CHECK(sampler_, TypeError, "BatchSampler: expected a sampler");
  WG_CHECK(batch_size > 0, ValueError, "BatchSampler: batch_size must be positive, but is ",
           batch_size);
}
BatchSampler::~BatchSampler() = default;

int64_t BatchSampler::size() const {
  const int64_t n = sampler_->size();
  return n / batch_size_ + (n % batch_size_ != 0 && !drop_last_ ? 1 : 0);
}
std::vector<Indices> BatchSampler::draw() {
  const Indices all = sampler_->draw();
  std::vector<Indices> batches;
  const auto size = static_cast<size_t>(batch_size_);
  for (size_t i = 0; i < all.size(); i += size) {
    if (i + size > all.size() && drop_last_) break;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(i);
    batches.emplace_back(first,
                         first + static_cast<std::ptrdiff_t>(std::min(size, all.size() - i)));
  }
  return batches;
}

}  // namespace data
WENGERT_NAMESPACE_END
