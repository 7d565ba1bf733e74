// Datasets, samplers and loaders; their orders are compared with Python's in tests/cpp_training.
#include "wengert/data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

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

TEST(Loader, PassesGoOnWhereItIsMovedOrGone) {
  auto loader = std::make_unique<data::DataLoader>(std::vector{wg::arange(0, 4)},
                                                   data::DataLoaderOptions{.batch_size = 2});
  auto at = loader->begin();
  data::DataLoader moved(std::move(*loader));
  loader.reset();
  ++at;
  EXPECT_EQ(numbers((*at)[0]), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(pass(moved), (Batches{{0, 1}, {2, 3}}));
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

// ---- threads that fetch ahead

// Sample i is i; takes its time, counts and remembers its threads, and may fail.
struct Slow : data::Dataset {
  explicit Slow(int64_t size, int64_t failing = -1) : size_(size), failing_(failing) {}
  int64_t size() const override { return size_; }
  data::Example get(int64_t i) const override {
    {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    }
    ++calls;
    if (i % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (i == failing_) throw std::out_of_range("sample " + std::to_string(i));
    return {wg::scalar(i)};
  }
  mutable std::mutex mutex;
  mutable std::set<std::thread::id> threads;
  mutable std::atomic<int64_t> calls{0};

 private:
  int64_t size_, failing_;
};

TEST(Workers, KeepTheOrder) {
  for (const int64_t workers : {1, 2, 5}) {
    const auto slow = std::make_shared<Slow>(40);
    const auto load = [&](int64_t n) {
      return pass(data::DataLoader(
          slow,
          {.batch_size = 3, .shuffle = true, .generator = wg::Generator(4), .num_workers = n}));
    };
    const Batches alone = load(0);
    EXPECT_EQ(slow->threads, std::set{std::this_thread::get_id()});
    slow->threads.clear();
    EXPECT_EQ(load(workers), alone);
    EXPECT_EQ(slow->threads.count(std::this_thread::get_id()), 0u);
    EXPECT_GE(slow->threads.size(), 1u);
    EXPECT_LE(slow->threads.size(), static_cast<size_t>(workers));
  }
}

TEST(Workers, FetchNoFurtherAheadThanAskedFor) {
  const auto slow = std::make_shared<Slow>(100);
  data::DataLoader loader(slow, {.num_workers = 2, .prefetch_factor = 3});
  auto at = loader.begin();
  for (int64_t taken = 1; taken < 20; ++taken, ++at) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_LE(slow->calls, taken + 6);
  }
}

TEST(Workers, MayFetchAsFarAheadAsTheyLike) {
  data::DataLoader loader(
      std::make_shared<Slow>(20),
      {.num_workers = 2, .prefetch_factor = std::numeric_limits<int64_t>::max()});
  int64_t batches = 0;
  for (const data::Example& batch : loader) batches += batch[0].size(0);
  EXPECT_EQ(batches, 20);
}

TEST(Workers, ForwardExceptionsInTheirPlaceAndGoOn) {
  for (const int64_t workers : {0, 2}) {
    data::DataLoader loader(std::make_shared<Slow>(9, 5),
                            {.batch_size = 2, .num_workers = workers});
    Batches seen;
    std::string error;
    auto at = loader.begin();
    while (at != loader.end()) {
      if (!at->empty()) seen.push_back(numbers((*at)[0]));
      try {
        ++at;
      } catch (const std::out_of_range& e) {
        error = e.what();
      }
    }
    EXPECT_EQ(seen, (Batches{{0, 1}, {2, 3}, {6, 7}, {8}})) << workers;
    EXPECT_EQ(error, "sample 5");
  }
}

TEST(Workers, EndEarlyAndOutliveTheirLoader) {
  const auto slow = std::make_shared<Slow>(1000);
  for (int pass = 0; pass < 20; ++pass) {
    std::optional<data::DataLoader> loader;
    loader.emplace(slow, data::DataLoaderOptions{.batch_size = 2, .num_workers = 3});
    auto at = loader->begin();
    loader.reset();
    for (int64_t i = 0; i < pass % 4; ++i) ++at;
    EXPECT_EQ(numbers((*at)[0])[0], 2 * (pass % 4));
  }
  const int64_t calls = slow->calls;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(slow->calls, calls);
}

TEST(Workers, RunSeveralPassesAtOnceAndCollate) {
  const auto add = [](const std::vector<data::Example>& samples) {
    wg::Tensor sum = wg::scalar(int64_t{0});
    for (const auto& s : samples) sum = sum + s[0];
    return data::Example{sum.reshape({1})};
  };
  data::DataLoader loader(std::make_shared<Slow>(6),
                          {.batch_size = 2, .collate_fn = add, .num_workers = 2});
  auto a = loader.begin(), b = loader.begin();
  for (const int64_t expected : {1, 5, 9}) {
    EXPECT_EQ(numbers((*a)[0]), std::vector{expected});
    EXPECT_EQ(numbers((*b)[0]), std::vector{expected});
    ++a, ++b;
  }
  EXPECT_TRUE(a == loader.end() && b == loader.end());
  EXPECT_EQ(pass(data::DataLoader(std::make_shared<Slow>(0), {.num_workers = 2})), Batches{});
}

// Sample i is i; the one that is held is not given before it is let go.
struct Held : data::Dataset {
  Held(int64_t size, int64_t held) : size_(size), held_(held) {}
  int64_t size() const override { return size_; }
  data::Example get(int64_t i) const override {
    std::unique_lock lock(mutex_);
    if (i == held_) free_.wait(lock, [this] { return is_free_; });
    return {wg::scalar(i)};
  }
  void let_go() const {
    const std::lock_guard lock(mutex_);
    is_free_ = true;
    free_.notify_all();
  }

 private:
  const int64_t size_, held_;
  mutable std::mutex mutex_;
  mutable std::condition_variable free_;
  mutable bool is_free_ = false;
};

TEST(Workers, AreNotWaitedForLongerThanTheTimeout) {
  const auto held = std::make_shared<Held>(4, 1);
  data::DataLoader loader(held, {.num_workers = 1, .timeout = 0.05});
  Batches seen;
  int late = 0;
  for (auto at = loader.begin(); at != loader.end();) {
    if (!at->empty()) seen.push_back(numbers((*at)[0]));
    try {
      ++at;
    } catch (const wg::Error& e) {
      EXPECT_STREQ(e.what(),
                   "DataLoader timed out after 0.05 seconds, in which no worker gave the next "
                   "batch");
      if (++late == 2) held->let_go();
    }
  }
  EXPECT_EQ(seen, (Batches{{0}, {1}, {2}, {3}}));  // none is lost
  EXPECT_GE(late, 2);

  // A pass that is given up leaves its thread behind, which keeps what it needs.
  auto other = std::make_shared<Held>(4, 0);
  std::weak_ptr<Held> watched = other;
  EXPECT_THROW(
      pass(data::DataLoader(std::exchange(other, nullptr), {.num_workers = 2, .timeout = 0.02})),
      wg::Error);
  other = watched.lock();
  ASSERT_TRUE(other);
  other->let_go();
  other.reset();
  while (!watched.expired()) std::this_thread::yield();

  // What such a thread destroys at last is no longer loaded by it.
  struct Watched : Held {
    explicit Watched(std::atomic<int>& o) : Held(2, 0), of_worker(o) {}
    ~Watched() override { of_worker = data::get_worker_info().has_value(); }
    std::atomic<int>& of_worker;
  };
  std::atomic<int> of_worker{-1};
  auto own = std::make_shared<Watched>(of_worker);
  Watched& last = *own;
  EXPECT_THROW(pass(data::DataLoader(std::move(own), {.num_workers = 1, .timeout = 0.02})),
               wg::Error);
  last.let_go();
  while (of_worker < 0) std::this_thread::yield();
  EXPECT_EQ(of_worker, 0);
}

TEST(Workers, GiveBatchesAsTheyComeIfAskedTo) {
  const auto held = std::make_shared<Held>(6, 0);
  data::DataLoader loader(held, {.num_workers = 2, .in_order = false});
  std::vector<int64_t> seen;
  for (const data::Example& batch : loader) {
    seen.push_back(numbers(batch[0])[0]);
    if (seen.size() == 3) held->let_go();  // the first has been fetched all the time
  }
  EXPECT_EQ(std::vector(seen.begin(), seen.begin() + 3), (std::vector<int64_t>{1, 2, 3}));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_THROW(
      pass(data::DataLoader(std::make_shared<Slow>(6, 2), {.num_workers = 2, .in_order = false})),
      std::out_of_range);
}

TEST(Workers, StayForAllPassesIfAskedTo) {
  std::mutex mutex;
  std::vector<std::pair<int64_t, uint64_t>> begun;
  const auto init = [&](int64_t id) {
    const std::lock_guard lock(mutex);
    begun.emplace_back(id, data::get_worker_info()->seed);
  };
  const auto slow = std::make_shared<Slow>(20);
  const data::DataLoaderOptions options{.batch_size = 3,
                                        .shuffle = true,
                                        .generator = wg::Generator(4),
                                        .num_workers = 2,
                                        .worker_init_fn = init,
                                        .persistent_workers = true};
  data::DataLoader loader(slow, options);
  const Batches first = pass(loader);
  {
    auto left = loader.begin();
    ++left;
    EXPECT_NE(pass(loader), first);
    EXPECT_THROW(++left, wg::Error);  // its threads went on to another pass
    EXPECT_FALSE(left == loader.end());
  }
  EXPECT_EQ(begun.size(), 2u);
  EXPECT_LE(slow->threads.size(), 2u);
  // A copy has threads of its own; they end with their loader.
  std::optional<data::DataLoader> copy(loader);
  pass(*copy);
  EXPECT_EQ(begun.size(), 4u);
  auto at = copy->begin();
  copy.reset();
  ++at;  // but not before the last pass over them
  EXPECT_EQ(at->size(), 1u);
  // A loader that is moved takes its threads along.
  data::DataLoader moved(std::move(loader)), assigned(slow);
  pass(moved);
  assigned = std::move(moved);
  pass(assigned);
  EXPECT_EQ(begun.size(), 4u);
  // What fails, fails in its place, in each pass.
  data::DataLoader failing(std::make_shared<Slow>(4, 2),
                           {.num_workers = 2, .persistent_workers = true});
  for (int i = 0; i < 2; ++i) EXPECT_THROW(pass(failing), std::out_of_range);
  EXPECT_EQ(numbers((*failing.begin())[0])[0], 0);
}

TEST(Workers, OptionsAreChecked) {
  const wg::Tensor x = wg::arange(0, 4);
  EXPECT_THROW(data::DataLoader({x}, {.timeout = -1}), wg::ValueError);
  EXPECT_THROW(data::DataLoader({x}, {.persistent_workers = true}), wg::ValueError);
  EXPECT_EQ(pass(data::DataLoader({x}, {.batch_size = 4, .num_workers = 1, .timeout = 1e300})),
            (Batches{{0, 1, 2, 3}}));
  EXPECT_THROW(data::DataLoader({x}, {.num_workers = -1}), wg::ValueError);
  EXPECT_THROW(data::DataLoader({x}, {.prefetch_factor = 2}), wg::ValueError);
  EXPECT_THROW(data::DataLoader({x}, {.num_workers = 1, .prefetch_factor = 0}), wg::ValueError);
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

TEST(Datasets, StacksHaveThePartsOfAll) {
  const auto of = [](const wg::Tensor& a, const wg::Tensor& b) {
    return std::make_shared<data::TensorDataset>(std::vector{a, b});
  };
  const wg::Tensor x = wg::arange(0, 4);
  const data::StackDataset stacked({of(x, x + 1), of(x * 2, x * 3)});
  EXPECT_EQ(stacked.size(), 4);
  const auto firsts = [](const data::Example& parts) {
    std::vector<int64_t> all;
    for (const auto& t : parts) all.push_back(numbers(t.reshape({-1})).back());
    return all;
  };
  EXPECT_EQ(firsts(stacked.get(2)), (std::vector<int64_t>{2, 3, 4, 6}));
  EXPECT_EQ(firsts(stacked.batch({0, 3})), (std::vector<int64_t>{3, 4, 6, 9}));
  EXPECT_THROW(stacked.get(4), wg::IndexError);
  const wg::Tensor shorter = wg::arange(0, 3);
  EXPECT_THROW(data::StackDataset({of(x, x), of(shorter, shorter)}), wg::ValueError);
  EXPECT_THROW(data::StackDataset({}), wg::ValueError);
}

// from, from + 1, ... below to
struct Count : data::IterableDataset {
  Count(int64_t from, int64_t to) : from(from), to(to) {}
  Next begin() const override {
    return [i = from, end = to]() mutable -> std::optional<data::Example> {
      if (i == end) return std::nullopt;
      return data::Example{wg::scalar(i++)};
    };
  }
  int64_t from, to;
};

TEST(Streams, ComeInBatchesAndChains) {
  const auto count = std::make_shared<Count>(0, 5);
  data::DataLoader loader(count, {.batch_size = 2});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(pass(loader), (Batches{{0, 1}, {2, 3}, {4}}));
  EXPECT_EQ(pass(data::DataLoader(count, {.batch_size = 2, .drop_last = true})),
            (Batches{{0, 1}, {2, 3}}));
  EXPECT_EQ(pass(data::DataLoader(count, {.batch_size = 5})), (Batches{{0, 1, 2, 3, 4}}));
  EXPECT_EQ(pass(data::DataLoader(std::make_shared<Count>(3, 3))), Batches{});
  const auto chain = std::make_shared<data::ChainDataset>(std::vector<data::IterableDatasetPtr>{
      count, std::make_shared<Count>(3, 3), std::make_shared<Count>(7, 9)});
  EXPECT_EQ(pass(data::DataLoader(chain, {.batch_size = 3})), (Batches{{0, 1, 2}, {3, 4, 7}, {8}}));
  EXPECT_THROW(loader.size(), wg::TypeError);
  EXPECT_THROW(loader.dataset(), wg::TypeError);
  EXPECT_THROW(data::DataLoader(count, {.shuffle = true}), wg::ValueError);
  EXPECT_THROW(data::DataLoader(count, {.batch_size = 0}), wg::ValueError);
}

// Every n-th number below `to`, n being the number of workers, beginning with that of this one.
struct Shares : data::IterableDataset {
  explicit Shares(int64_t to, int64_t failing = -1) : to(to), failing(failing) {}
  Next begin() const override {
    const data::WorkerInfo w = data::get_worker_info().value_or(data::WorkerInfo{0, 1, 0});
    {
      const std::lock_guard lock(mutex);
      seeds.insert(w.seed);
    }
    return [this, i = w.id, step = w.num_workers]() mutable -> std::optional<data::Example> {
      const int64_t now = std::exchange(i, i + step);
      if (now % 4 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (now == failing) throw std::out_of_range("sample");
      if (now >= to) return std::nullopt;
      ++calls;
      return data::Example{wg::scalar(now)};
    };
  }
  const int64_t to, failing;
  mutable std::mutex mutex;
  mutable std::set<uint64_t> seeds;
  mutable std::atomic<int64_t> calls{0};
};

TEST(Streams, WorkersHaveSharesThatComeInTurn) {
  const auto shares = std::make_shared<Shares>(11);
  EXPECT_EQ(pass(data::DataLoader(shares, {.batch_size = 2, .num_workers = 3})),
            (Batches{{0, 3}, {1, 4}, {2, 5}, {6, 9}, {7, 10}, {8}}));
  EXPECT_EQ(pass(data::DataLoader(shares, {.batch_size = 2, .drop_last = true, .num_workers = 3})),
            (Batches{{0, 3}, {1, 4}, {2, 5}, {6, 9}, {7, 10}}));
  EXPECT_EQ(pass(data::DataLoader(shares, {.batch_size = 3, .num_workers = 2})),
            (Batches{{0, 2, 4}, {1, 3, 5}, {6, 8, 10}, {7, 9}}));
  // More workers than samples.
  EXPECT_EQ(pass(data::DataLoader(std::make_shared<Shares>(2), {.num_workers = 4})),
            (Batches{{0}, {1}}));
  EXPECT_EQ(pass(data::DataLoader(std::make_shared<Shares>(0), {.num_workers = 2})), Batches{});
  EXPECT_FALSE(data::get_worker_info());
}

TEST(Streams, WorkersStayOrGiveTheirSharesAsTheyCome) {
  const auto shares = std::make_shared<Shares>(11);
  const data::DataLoader loader(shares,
                                {.batch_size = 2, .num_workers = 3, .persistent_workers = true});
  loader.begin();  // left at once
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(pass(loader), (Batches{{0, 3}, {1, 4}, {2, 5}, {6, 9}, {7, 10}, {8}}));
  }
  EXPECT_EQ(shares->seeds.size(), 3u);
  Batches all = pass(data::DataLoader(
      shares, {.batch_size = 2, .num_workers = 3, .timeout = 60, .in_order = false}));
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (Batches{{0, 3}, {1, 4}, {2, 5}, {6, 9}, {7, 10}, {8}}));
  EXPECT_THROW(
      pass(data::DataLoader(std::make_shared<Shares>(6, 3), {.num_workers = 2, .in_order = false})),
      std::out_of_range);
}

TEST(Streams, WorkersHaveSeedsAndAreBegun) {
  const auto shares = std::make_shared<Shares>(6);
  std::mutex mutex;
  std::set<int64_t> begun;
  const auto init = [&](int64_t id) {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(data::get_worker_info()->id, id);
    begun.insert(id);
  };
  pass(data::DataLoader(shares,
                        {.generator = wg::Generator(7), .num_workers = 3, .worker_init_fn = init}));
  EXPECT_EQ(begun, (std::set<int64_t>{0, 1, 2}));
  ASSERT_EQ(shares->seeds.size(), 3u);
  EXPECT_EQ(*shares->seeds.rbegin() - *shares->seeds.begin(), 2u);
  for (const bool is_stream : {false, true}) {
    const data::DataLoaderOptions options{
        .num_workers = 1, .worker_init_fn = [](int64_t) { throw std::out_of_range("init"); }};
    const auto load = [&] {
      pass(is_stream ? data::DataLoader(shares, options)
                     : data::DataLoader(std::make_shared<Slow>(3), options));
    };
    EXPECT_THROW(load(), std::out_of_range);
  }
}

TEST(Streams, WorkersFailInTheirPlaceAndFetchNoFurtherThanAskedFor) {
  data::DataLoader loader(std::make_shared<Shares>(6, 3), {.num_workers = 2});
  std::vector<int64_t> seen;
  int errors = 0;
  for (auto at = loader.begin(); at != loader.end();) {
    seen.push_back(numbers((*at)[0])[0]);
    try {
      ++at;
    } catch (const std::out_of_range&) {
      ++errors;
      ++at;
    }
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 4, 5}));
  EXPECT_EQ(errors, 1);

  const auto endless = std::make_shared<Shares>(1 << 30);
  data::DataLoader some(endless, {.num_workers = 2, .prefetch_factor = 3});
  auto at = some.begin();
  for (int64_t taken = 1; taken < 20; ++taken, ++at) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_LE(endless->calls, taken + 8);  // one more each is being fetched
  }
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
