// Datasets, samplers and loaders; their orders are compared with Python's in tests/cpp_training.
#include "wengert/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "wengert/wengert.h"

namespace wg = wengert;
namespace data = wengert::data;

namespace {

std::vector<int64_t> numbers(const wg::Tensor& t) {
  const wg::Tensor d = t.contiguous();
  return {d.data<int64_t>(), d.data<int64_t>() + d.numel()};
}
// The first parts of all batches of a pass.
std::vector<std::vector<int64_t>> pass(const data::DataLoader& loader) {
  std::vector<std::vector<int64_t>> all;
  for (const data::Example& batch : loader) all.push_back(numbers(batch[0]));
  return all;
}
using Batches = std::vector<std::vector<int64_t>>;

TEST(Loader, BatchesInOrder) {
  const wg::Tensor x = wg::arange(0, 7), y = wg::arange(0, 14).reshape({7, 2});
  data::DataLoader loader({x, y}, {.batch_size = 3});
  EXPECT_EQ(loader.size(), 3);
  EXPECT_EQ(pass(loader), (Batches{{0, 1, 2}, {3, 4, 5}, {6}}));
  EXPECT_EQ(pass(data::DataLoader({x}, {.batch_size = 3, .drop_last = true})),
            (Batches{{0, 1, 2}, {3, 4, 5}}));
  for (const data::Example& batch : loader) {
    EXPECT_EQ(batch[1].shape(), wg::Dims({batch[0].size(0), 2}));
    EXPECT_TRUE(wg::equal(batch[1].t()[0], batch[0] * 2));
  }
}

TEST(Loader, ShufflesAnewInEachPass) {
  const wg::Tensor x = wg::arange(0, 50);
  const auto shuffled = [&](uint64_t seed) {
    data::DataLoader loader({x},
                            {.batch_size = 50, .shuffle = true, .generator = wg::Generator(seed)});
    const auto first = pass(loader)[0], second = pass(loader)[0];
    EXPECT_NE(first, second);
    for (auto order : {first, second}) {
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order, numbers(x));
    }
    return first;
  };
  EXPECT_EQ(shuffled(1), shuffled(1));
  EXPECT_NE(shuffled(1), shuffled(2));
}

struct Squares : data::Dataset {
  int64_t size() const override { return 5; }
  data::Example get(int64_t i) const override { return {wg::scalar(i * i), wg::ones({i % 2 + 1})}; }
};

TEST(Loader, OwnDatasetsAndCollating) {
  const auto squares = std::make_shared<Squares>();
  EXPECT_THROW(pass(data::DataLoader(squares, {.batch_size = 2})), wg::Error);
  const auto firsts = [](const std::vector<data::Example>& samples) {
    std::vector<wg::Tensor> column;
    for (const auto& s : samples) column.push_back(s[0]);
    return data::Example{wg::stack(column)};
  };
  data::DataLoader loader(squares, {.batch_size = 2, .collate_fn = firsts});
  EXPECT_EQ(pass(loader), (Batches{{0, 1}, {4, 9}, {16}}));
}

TEST(Datasets, PartsAndSums) {
  const auto x = std::make_shared<data::TensorDataset>(std::vector<wg::Tensor>{wg::arange(0, 6)});
  const auto part = std::make_shared<data::Subset>(x, data::Indices{4, 2});
  const data::ConcatDataset both({part, x, part});
  EXPECT_EQ(both.size(), 10);
  EXPECT_EQ(numbers(both.batch({0, 1, 2, 7, 8, 9})[0]), (data::Indices{4, 2, 0, 5, 4, 2}));
  EXPECT_EQ(numbers(part->batch({1, 0, 1})[0]), (data::Indices{2, 4, 2}));
  EXPECT_THROW(both.get(10), wg::IndexError);
  EXPECT_THROW(x->get(-1), wg::IndexError);
  EXPECT_THROW(part->batch({2}), wg::IndexError);
  EXPECT_THROW(data::Subset(x, {6}), wg::IndexError);
  EXPECT_THROW(data::TensorDataset({wg::ones({2}), wg::ones({3})}), wg::ValueError);
  EXPECT_THROW(data::TensorDataset({}), wg::ValueError);
  EXPECT_THROW(data::ConcatDataset({}), wg::ValueError);
}

TEST(Datasets, RandomSplit) {
  const auto x = std::make_shared<data::TensorDataset>(std::vector<wg::Tensor>{wg::arange(0, 10)});
  const auto thirds = data::random_split(x, {1.0 / 3, 1.0 / 3, 1.0 / 3});
  EXPECT_EQ(thirds[0]->size(), 4);
  EXPECT_EQ(thirds[1]->size(), 3);
  data::Indices all;
  for (const auto& part : thirds) {
    all.insert(all.end(), part->indices().begin(), part->indices().end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, numbers(wg::arange(0, 10)));
  EXPECT_EQ(data::random_split(x, {8, 2})[1]->size(), 2);
  EXPECT_THROW(data::random_split(x, {8, 3}), wg::ValueError);
  EXPECT_THROW(data::random_split(x, {8.5, 1.5}), wg::ValueError);
  EXPECT_THROW(data::random_split(x, {1.5, -0.5}), wg::ValueError);
}

TEST(Samplers, OptionsAreChecked) {
  EXPECT_THROW(data::RandomSampler(0), wg::ValueError);
  EXPECT_THROW(data::RandomSampler(3, false, 0), wg::ValueError);
  EXPECT_THROW(data::WeightedRandomSampler({1.0}, 0), wg::ValueError);
  const auto order = std::make_shared<data::SequentialSampler>(3);
  EXPECT_THROW(data::BatchSampler(order, 0, false), wg::ValueError);
  const wg::Tensor x = wg::arange(0, 3);
  EXPECT_THROW(data::DataLoader({x}, {.shuffle = true, .sampler = order}), wg::ValueError);
  const auto batches = std::make_shared<data::BatchSampler>(order, 2, false);
  EXPECT_THROW(data::DataLoader({x}, {.batch_size = 2, .batch_sampler = batches}), wg::ValueError);
  EXPECT_EQ(pass(data::DataLoader({x}, {.batch_sampler = batches})), (Batches{{0, 1}, {2}}));
}

}  // namespace
