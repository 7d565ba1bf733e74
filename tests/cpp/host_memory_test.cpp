// Memory that the host supplies.
#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "runtime/allocator.h"
#include "runtime/parallel.h"
#include "wengert/c.h"
#include "wengert/wengert.h"

namespace wg = wengert;

namespace {

// With room behind for an address that is not aligned.
char* take(size_t bytes, size_t alignment) {
  return static_cast<char*>(::operator new(bytes + 8, std::align_val_t{alignment}, std::nothrow));
}
void give(void* p, size_t alignment) { ::operator delete(p, std::align_val_t{alignment}); }

class Recorder : public wg::Allocator {
 public:
  void* allocate(size_t bytes, size_t alignment) noexcept override {
    const std::lock_guard lock(mutex);
    ++asked;
    if (refuse) return nullptr;
    char* p = take(bytes, alignment);
    if (misplace) return p + 8;
    blocks[p] = {bytes, alignment};
    most = std::max(most, ++alive);
    return p;
  }
  void deallocate(void* p, size_t bytes, size_t alignment) noexcept override {
    const std::lock_guard lock(mutex);
    if (misplace) return give(static_cast<char*>(p) - 8, alignment);
    const auto found = blocks.find(static_cast<char*>(p));
    wrong |= found == blocks.end() || found->second != std::pair(bytes, alignment);
    blocks.erase(found);
    --alive;
    give(p, alignment);
  }
  bool holds(const void* p) {
    const std::lock_guard lock(mutex);
    auto next = blocks.upper_bound(static_cast<char*>(const_cast<void*>(p)));
    if (next == blocks.begin()) return false;
    --next;
    return static_cast<const char*>(p) < next->first + next->second.first;
  }

  std::mutex mutex;
  std::map<char*, std::pair<size_t, size_t>> blocks;
  int asked = 0, alive = 0, most = 0;
  bool refuse = false, misplace = false, wrong = false;
};

double train() {
  wg::manual_seed(0);
  wg::nn::Sequential net{wg::nn::make<wg::nn::Linear>(300, 400), wg::nn::make<wg::nn::ReLU>(),
                         wg::nn::make<wg::nn::Linear>(400, 1)};
  wg::optim::Adam optimizer(net.parameters());
  const wg::Tensor x = wg::randn({64, 300}), y = wg::sum(x, {1}, true);
  double last = 0;
  for (int i = 0; i < 3; ++i) {
    const wg::Tensor loss = wg::mse_loss(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    last = loss.item<double>();
  }
  return last;
}

TEST(HostMemory, ServesEveryTensor) {
  static Recorder host;
  const double expected = train();
  wg::set_allocator(&host);
  const uint64_t system = wg::memory_stats().system_allocations;
  {
    const wg::Tensor small = wg::scalar(1.0), middle = wg::zeros({5000}),
                     large = wg::zeros({1 << 20});
    for (const wg::Tensor& t : {small, middle, large}) EXPECT_TRUE(host.holds(t.data()));
    EXPECT_TRUE(host.holds(small.impl()));
    EXPECT_THROW(wg::set_allocator(nullptr), wg::Error);
    EXPECT_TRUE(host.holds(wg::scalar(2.0).data()));
  }
  EXPECT_EQ(train(), expected);
  EXPECT_GE(wg::memory_stats().system_allocations - system, static_cast<uint64_t>(host.most) / 2);
  const int asked = host.asked;
  train();
  EXPECT_GE(host.asked, asked);

  host.refuse = true;
  wg::trim_memory();
  EXPECT_THROW(wg::zeros({1 << 22}), wg::OutOfMemoryError);
  host.refuse = false;
  host.misplace = true;
  EXPECT_THROW(wg::zeros({1 << 23}), wg::OutOfMemoryError);
  host.misplace = false;
  EXPECT_EQ(train(), expected);

  wg::set_allocator(nullptr);  // everything is gone, so it gives back what it kept
  EXPECT_EQ(host.alive, 0);
  EXPECT_FALSE(host.wrong);
  const int before = host.asked;
  EXPECT_EQ(train(), expected);
  EXPECT_EQ(host.asked, before);
}

TEST(HostMemory, ReplacesWhatTheLibrarysOwnThreadsKeep) {
  static Recorder host;
  wg::set_num_threads(3);
  for (wg::Allocator* next : std::initializer_list<wg::Allocator*>{&host, nullptr}) {
    wg::runtime::parallel_for(64, 1, [](int64_t, int64_t) {
      wg::runtime::deallocate(wg::runtime::allocate(4096), 4096);
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    });
    EXPECT_NO_THROW(wg::set_allocator(next));
  }
  EXPECT_GT(host.asked, 0);
  EXPECT_EQ(host.alive, 0);
}

TEST(HostMemory, ServesGraphsAndOtherThreads) {
  static Recorder host;
  wg::set_allocator(&host);
  {
    wg::Tensor kept;
    std::thread([&] { kept = wg::exp(wg::ones({1000}).requires_grad_()); }).join();
    EXPECT_TRUE(host.holds(kept.data()));
    wg::sum(kept).backward();
  }
  wg::set_allocator(nullptr);
  EXPECT_EQ(host.alive, 0);
}

TEST(HostMemory, ComesThroughTheCInterface) {
  static int alive = 0, most = 0;
  const auto allocate = [](void* context, size_t bytes, size_t alignment) {
    EXPECT_EQ(context, &alive);
    most = std::max(most, ++alive);
    return static_cast<void*>(take(bytes, alignment));
  };
  const auto deallocate = [](void*, void* p, size_t, size_t alignment) {
    --alive;
    give(p, alignment);
  };
  ASSERT_EQ(wg_set_allocator(allocate, deallocate, &alive), WG_OK);
  const int64_t shape[] = {100000};
  wg_tensor* t = nullptr;
  ASSERT_EQ(wg_tensor_ones(shape, 1, WG_FLOAT32, &t), WG_OK);
  EXPECT_EQ(wg_set_allocator(nullptr, nullptr, nullptr), WG_ERROR);
  EXPECT_NE(std::string(wg_last_error_message()).find("before the first tensor"),
            std::string::npos);
  wg_tensor_release(t);
  ASSERT_EQ(wg_set_allocator(nullptr, nullptr, nullptr), WG_OK) << wg_last_error_message();
  EXPECT_GT(most, 0);
  EXPECT_EQ(alive, 0);
}

}  // namespace
