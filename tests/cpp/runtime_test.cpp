// Threads, processor, BLAS, random numbers and dtypes.
#include "wengert/runtime.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/blas.h"
#include "runtime/cpu.h"
#include "runtime/parallel.h"
#include "runtime/philox.h"
#include "runtime/platform.h"
#include "runtime/task_shares.h"
#include "wengert/error.h"
#include "wengert/random.h"
#include "wengert/scalar.h"
#include "wengert/version.h"

namespace wengert {
namespace {

using runtime::parallel_for;
using runtime::parallel_tasks;

class Threads : public testing::Test {
 protected:
  void TearDown() override {
    set_executor(nullptr);
    set_num_threads(before_);
  }
  const int before_ = num_threads();
};

void expect_each_once(int64_t n) {
  std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
  const auto count = [&](int64_t i) { calls[static_cast<size_t>(i)].fetch_add(1); };
  parallel_tasks(n, count);
  for (const auto& c : calls) ASSERT_EQ(c.load(), 1);
}

TEST_F(Threads, EveryTaskRunsOnceForAnyThreadCount) {
  for (int threads : {1, 2, 4, 7, 3, 1, 2}) {
    set_num_threads(threads);
    EXPECT_EQ(num_threads(), threads);
    EXPECT_EQ(runtime::available_threads(), threads);
    for (int64_t n : {0, 1, 2, 3, 17, 1000}) expect_each_once(n);
  }
}

TEST(TaskShares, OwnTasksComeFirstThenThoseOfOthersFromTheBack) {
  runtime::TaskShares shares;
  shares.reserve(4);
  shares.divide(7, 3);  // 0 1 | 2 3 | 4 5 6
  std::vector<int64_t> taken;
  for (int64_t i; (i = shares.take(1)) >= 0;) taken.push_back(i);
  EXPECT_EQ(taken, (std::vector<int64_t>{2, 3, 6, 5, 4, 1, 0}));
  shares.divide(1, 1);
  EXPECT_EQ(shares.take(2), 0);  // of a thread that has no share
  EXPECT_EQ(shares.take(0), -1);
}

TEST(TaskShares, ThreadsGetEachTaskOnce) {
  constexpr int64_t kTasks = 20000, kThreads = 4;
  runtime::TaskShares shares;
  shares.reserve(kThreads);
  for (int round = 0; round < 5; ++round) {
    std::vector<std::atomic<int>> calls(kTasks);
    shares.divide(kTasks, kThreads);
    std::vector<std::thread> threads;
    for (int64_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int64_t i; (i = shares.take(t)) >= 0;) calls[static_cast<size_t>(i)].fetch_add(1);
      });
    for (std::thread& t : threads) t.join();
    for (const auto& c : calls) ASSERT_EQ(c.load(), 1);
  }
}

TEST_F(Threads, MoreThanOneThreadTakesPart) {
  set_num_threads(3);
  std::atomic<int> waiting{0};
  // The three tasks can only end if three threads are in the loop.
  parallel_tasks(3, [&](int64_t) {
    waiting.fetch_add(1);
    while (waiting.load() < 3) std::this_thread::yield();
  });
  EXPECT_EQ(waiting.load(), 3);
}

int threads_of_process() {
  int n = 0;
  char line[256];
  FILE* f = fopen("/proc/self/status", "r");
  while (f != nullptr && fgets(line, sizeof line, f) != nullptr) sscanf(line, "Threads: %d", &n);
  if (f != nullptr) fclose(f);
  return n;
}

#if !defined(__SANITIZE_THREAD__)
// A thread that was joined is counted until the kernel has put it away.
int threads_at_last(int expected) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (threads_of_process() != expected && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  return threads_of_process();
}

TEST_F(Threads, ShrinkingEndsWorkers) {
  set_num_threads(1);
  const int alone = threads_of_process();
  set_num_threads(5);
  EXPECT_EQ(threads_of_process(), alone);  // none before it is needed
  expect_each_once(100);
  EXPECT_EQ(threads_of_process(), alone + 4);
  set_num_threads(2);
  EXPECT_EQ(threads_at_last(alone + 1), alone + 1);
  set_num_threads(1);
  EXPECT_EQ(threads_at_last(alone), alone);
}
#endif

TEST_F(Threads, ParallelForCoversTheRange) {
  set_num_threads(3);
  for (int64_t n : {1, 5, 64, 1001}) {
    for (int64_t grain : {1, 7, 64, 2000}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
      parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        ASSERT_LT(begin, end);
        for (int64_t i = begin; i < end; ++i) calls[static_cast<size_t>(i)].fetch_add(1);
      });
      for (const auto& c : calls) ASSERT_EQ(c.load(), 1);
    }
  }
}

TEST_F(Threads, NestedLoopsAreSerial) {
  set_num_threads(2);
  std::atomic<int> total{0};
  parallel_tasks(4, [&](int64_t) {
    EXPECT_EQ(runtime::available_threads(), 1);
    const auto here = std::this_thread::get_id();
    parallel_tasks(8, [&](int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      total.fetch_add(1);
    });
  });
  EXPECT_EQ(total.load(), 32);
  EXPECT_EQ(runtime::available_threads(), 2);
}

TEST_F(Threads, ExceptionsArriveAfterAllTasks) {
  for (int threads : {1, 2, 4}) {
    set_num_threads(threads);
    std::atomic<int> done{0};
    const auto loop = [&] {
      parallel_tasks(50, [&](int64_t i) {
        done.fetch_add(1);
        if (i == 20) throw std::out_of_range("task 20");
      });
    };
    EXPECT_THROW(loop(), std::out_of_range);
    EXPECT_EQ(done.load(), 50);
    expect_each_once(20);
  }
}

TEST_F(Threads, BadThreadCount) {
  EXPECT_THROW(set_num_threads(0), Error);
  EXPECT_THROW(set_num_threads(-3), Error);
  EXPECT_EQ(num_threads(), before_);
}

class CountingExecutor : public Executor {
 public:
  int concurrency() const override { return 3; }
  void run(int64_t n, void (*task)(void*, int64_t), void* context) override {
    calls += 1;
    std::thread other([&] {
      for (int64_t i = n / 2; i < n; ++i) task(context, i);
    });
    for (int64_t i = 0; i < n / 2; ++i) task(context, i);
    other.join();
  }
  int calls = 0;
};

TEST_F(Threads, HostExecutorRunsTheLoops) {
  CountingExecutor executor;
  set_executor(&executor);
  EXPECT_EQ(runtime::available_threads(), 3);
  expect_each_once(10);
  EXPECT_EQ(executor.calls, 1);
  parallel_tasks(2, [&](int64_t) {
    EXPECT_EQ(runtime::available_threads(), 1);
    expect_each_once(4);
  });
  EXPECT_EQ(executor.calls, 2);
  EXPECT_THROW(parallel_tasks(4, [](int64_t) { throw Error("task"); }), Error);
  set_executor(nullptr);
  expect_each_once(10);
  EXPECT_EQ(executor.calls, 3);
}

// Runs f in a child process; true if it ended with exit code 0 within its alarm.
template <class F>
bool in_child(F&& f) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(f() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#if !defined(__SANITIZE_THREAD__)
TEST_F(Threads, ChildAfterForkStartsAfresh) {
  set_num_threads(3);
  expect_each_once(100);
  manual_seed(5);
#if defined(__SANITIZE_ADDRESS__)
  // Forking while another thread allocates would leave the sanitizer's own locks held in the child.
  std::atomic<bool> stop{true};
#else
  std::atomic<bool> stop{false};
#endif
  std::thread busy([&] {
    while (!stop.load()) {
      parallel_tasks(4, [](int64_t) {});
      default_generator().advance(1);
    }
  });
#if defined(__SANITIZE_ADDRESS__)
  busy.join();
#endif
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(in_child([] {
      std::atomic<int> waiting{0};
      parallel_tasks(3, [&](int64_t) {
        waiting.fetch_add(1);
        while (waiting.load() < 3) std::this_thread::yield();
      });
      default_generator().advance(1);
      return waiting.load() == 3;
    }));
  }
  stop.store(true);
  if (busy.joinable()) busy.join();
  expect_each_once(100);
}
#endif

TEST(Cpu, CountsRespectTheAffinityMask) {
  EXPECT_GE(runtime::platform::cpu_count(), 1);
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  EXPECT_LE(runtime::platform::cpu_count(), CPU_COUNT(&all));
  int counted = 0;
  std::thread([&] {
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    sched_setaffinity(0, sizeof one, &one);
    counted = runtime::platform::cpu_count();
  }).join();
  EXPECT_EQ(counted, 1);
}

TEST(Cpu, LevelAgreesWithTheCompiler) {
  const runtime::platform::CpuInfo info = runtime::platform::cpu_info();
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int level = __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") ? 4
                    : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")        ? 3
                    : __builtin_cpu_supports("sse4.2")                                       ? 2
                                                                                             : 0;
  EXPECT_EQ(info.x86_level, level);
#else
  EXPECT_EQ(info.x86_level, 0);
#endif
  EXPECT_FALSE(info.model.empty());
  EXPECT_LE(static_cast<int>(runtime::cpu().level), info.x86_level);
  EXPECT_STREQ(runtime::name_of(runtime::IsaLevel::v3), "x86-64-v3");
  EXPECT_STREQ(runtime::name_of(runtime::IsaLevel::baseline), "generic");
}

#if !defined(__SANITIZE_THREAD__)
TEST(Cpu, LimitLowersAndNeverRaises) {
  EXPECT_TRUE(in_child([] {
    using runtime::IsaLevel;
    const IsaLevel found = runtime::cpu().level;
    runtime::limit_isa(IsaLevel::v4);
    if (runtime::cpu().level != found) return false;
    runtime::limit_isa(IsaLevel::baseline);
    if (runtime::cpu().level != IsaLevel::baseline || runtime::cpu().avx512_bf16) return false;
    if (runtime::may_use_tiles()) return false;
    runtime::limit_isa(IsaLevel::v3);
    return runtime::cpu().level == IsaLevel::baseline && config().isa == "generic";
  }));
}
#endif

TEST(BlasLibrary, LoadsSingleThreadedAndMultiplies) {
  setenv("OPENBLAS_NUM_THREADS", "7", 1);
  unsetenv("OPENBLAS_CORETYPE");
  const int threads_before = threads_of_process();
  const runtime::Blas* blas = runtime::blas();
  EXPECT_EQ(threads_of_process(), threads_before);
  EXPECT_STREQ(getenv("OPENBLAS_NUM_THREADS"), "7");
  EXPECT_EQ(getenv("OPENBLAS_CORETYPE"), nullptr);
  unsetenv("OPENBLAS_NUM_THREADS");
  EXPECT_THROW(runtime::set_blas_library("/elsewhere.so"), Error);
  EXPECT_EQ(runtime::blas(), blas);
  if (blas == nullptr) {
    EXPECT_EQ(runtime::lapack("dgesv"), nullptr);
    EXPECT_EQ(config().blas, "");
    GTEST_SKIP() << "no BLAS beside the library";
  }
  EXPECT_EQ(config().blas, blas->name);
  if (runtime::platform::cpu_info().x86_level == 4) {
    EXPECT_EQ(config().blas_core, "SkylakeX");
  }

  // [1 3; 2 4] [5 7; 6 8] = [23 31; 34 46], column by column.
  const int n = 2;
  const double one = 1, zero = 0, a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
  double c[4] = {};
  blas->dgemm("N", "N", &n, &n, &n, &one, a, &n, b, &n, &zero, c, &n);
  EXPECT_EQ(std::vector<double>(c, c + 4), (std::vector<double>{23, 34, 31, 46}));
  const float onef = 1, zerof = 0, af[] = {1, 2, 3, 4}, bf[] = {5, 6, 7, 8};
  float cf[4] = {};
  blas->sgemm("N", "N", &n, &n, &n, &onef, af, &n, bf, &n, &zerof, cf, &n);
  EXPECT_EQ(std::vector<float>(cf, cf + 4), (std::vector<float>{23, 34, 31, 46}));

  using Gesv =
      void (*)(const int*, const int*, double*, const int*, int*, double*, const int*, int*);
  const auto gesv = reinterpret_cast<Gesv>(runtime::lapack("dgesv"));
  ASSERT_NE(gesv, nullptr);
  double m[] = {2, 0, 0, 4}, x[] = {2, 8};
  int pivots[2], info = -1;
  const int right_sides = 1;
  gesv(&n, &right_sides, m, &n, pivots, x, &n, &info);
  EXPECT_EQ(info, 0);
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(x[1], 2);
  EXPECT_EQ(runtime::lapack("no_such_routine"), nullptr);
}

TEST(ConfigOfTheLibrary, NamesWhatRuns) {
  const Config c = config();
  EXPECT_EQ(c.version, WENGERT_VERSION);
  EXPECT_EQ(c.isa, runtime::name_of(runtime::cpu().level));
  EXPECT_EQ(c.cpu, runtime::cpu().model);
  EXPECT_EQ(c.threads, num_threads());
}

// A known answer of the Random123 distribution for philox4x32-10.
TEST(Philox, KnownAnswer) {
  const runtime::PhiloxBlock zero = runtime::philox(0, 0);
  EXPECT_EQ(zero.v[0], 0x6627e8d5u);
  EXPECT_EQ(zero.v[1], 0xe169c58du);
  EXPECT_EQ(zero.v[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.v[3], 0x9b00dbd8u);
}

TEST(Generators, StateAdvancesAndReturns) {
  Generator g(42);
  EXPECT_EQ(g.initial_seed(), 42u);
  EXPECT_EQ(g.advance(10).offset, 0u);
  const Generator::State s = g.advance(5);
  EXPECT_EQ(s.seed, 42u);
  EXPECT_EQ(s.offset, 10u);
  Generator copy = g;
  EXPECT_EQ(copy.advance(1).offset, 15u);
  EXPECT_EQ(g.state().offset, 16u);
  g.set_state(s);
  EXPECT_EQ(copy.state().offset, 10u);
  g.manual_seed(7);
  EXPECT_EQ(g.state().seed, 7u);
  EXPECT_EQ(g.state().offset, 0u);
  const uint64_t fresh = g.seed();
  EXPECT_EQ(g.initial_seed(), fresh);
  EXPECT_NE(fresh, g.seed());
  manual_seed(99);
  EXPECT_EQ(default_generator().state().seed, 99u);
}

TEST(Generators, ReservedBlocksNeverOverlap) {
  Generator g(1);
  std::vector<std::vector<uint64_t>> offsets(4);
  std::vector<std::thread> threads;
  for (auto& mine : offsets) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) mine.push_back(g.advance(3).offset);
    });
  }
  for (std::thread& t : threads) t.join();
  std::set<uint64_t> all;
  for (const auto& mine : offsets) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 8000u);
  EXPECT_EQ(*all.rbegin(), 3u * 7999);
}

constexpr DType kAll[] = {DType::bool_,   DType::uint8,   DType::int8,      DType::int16,
                          DType::int32,   DType::int64,   DType::float16,   DType::bfloat16,
                          DType::float32, DType::float64, DType::complex64, DType::complex128};

TEST(Promotion, TableOfPyTorch) {
  // Rows and columns in the order of DType: b u1 i1 i2 i4 i8 f2 bf f4 f8 c8 c16.
  // From torch.promote_types of PyTorch 2.13, where complex32 is complex64 here.
  const char* table[kDTypeCount] = {
      "bB1248hgfdFD", "BB2248hgfdFD", "121248hgfdFD", "222248hgfdFD",
      "444448hgfdFD", "888888hgfdFD", "hhhhhhhffdFD", "ggggggfgfdFD",
      "fffffffffdFD", "ddddddddddDD", "FFFFFFFFFDFD", "DDDDDDDDDDDD",
  };
  const std::string codes = "bB1248hgfdFD";
  for (DType a : kAll) {
    for (DType b : kAll) {
      const char want = table[static_cast<int>(a)][static_cast<int>(b)];
      EXPECT_EQ(codes[static_cast<size_t>(promote(a, b))], want) << name_of(a) << name_of(b);
    }
  }
}

TEST(Promotion, ScalarsAreWeak) {
  const Scalar scalars[] = {Scalar(true), Scalar(2), Scalar(2.5),
                            Scalar(std::complex<double>(0, 1))};
  // From torch.result_type(torch.ones(2, dtype=row), scalar); complex32 is complex64 here.
  const char* table[kDTypeCount] = {
      "b8fF", "BBfF", "11fF", "22fF", "44fF", "88fF",
      "hhhF", "gggF", "fffF", "dddD", "FFFF", "DDDD",
  };
  const std::string codes = "bB1248hgfdFD";
  for (DType t : kAll) {
    for (size_t s = 0; s < 4; ++s) {
      const char want = table[static_cast<int>(t)][s];
      EXPECT_EQ(codes[static_cast<size_t>(promote(t, scalars[s]))], want) << name_of(t) << s;
    }
  }
}

TEST(DefaultDtype, DecidesWhatScalarsBecome) {
  const Scalar i(std::complex<double>(0, 1));
  EXPECT_EQ(default_dtype(), DType::float32);
  EXPECT_EQ(dtype_of(Scalar(true)), DType::bool_);
  EXPECT_EQ(dtype_of(Scalar(1)), DType::int64);
  EXPECT_EQ(dtype_of(Scalar(1.0)), DType::float32);
  EXPECT_EQ(dtype_of(i), DType::complex64);
  set_default_dtype(DType::float64);
  EXPECT_EQ(promote(DType::int32, Scalar(1.0)), DType::float64);
  EXPECT_EQ(promote(DType::int32, i), DType::complex128);
  EXPECT_EQ(promote(DType::float32, i), DType::complex64);
  set_default_dtype(DType::float32);
  EXPECT_THROW(set_default_dtype(DType::int64), TypeError);
  EXPECT_THROW(set_default_dtype(DType::complex64), TypeError);
  EXPECT_EQ(default_dtype(), DType::float32);
}

TEST(DtypeNames, AreThoseOfPython) {
  EXPECT_STREQ(name_of(DType::bool_), "bool");
  EXPECT_STREQ(name_of(DType::bfloat16), "bfloat16");
  EXPECT_STREQ(name_of(DType::complex128), "complex128");
}

}  // namespace
}  // namespace wengert
