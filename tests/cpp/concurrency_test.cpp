// Several threads on one graph.
#include <atomic>
#include <latch>
#include <thread>

#include "autograd/node.h"
#include "graph.h"

namespace wengert {
namespace {

constexpr int kThreads = 4;

// Starts f(i) on every thread at once.
template <class F>
void on_threads(F&& f, int n = kThreads) {
  std::latch start(n);
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      f(i);
    });
  }
  for (std::thread& t : threads) t.join();
}

// x -> *2 -> +1 -> ... -+-> root 0      every thread has a root of its own
//                       +-> root 1
TEST(BackwardThreads, SharedTrunk) {
  for (int round = 0; round < 20; ++round) {
    const Tensor x = leaf({1, 2});
    Tensor trunk = x;
    for (int i = 0; i < 50; ++i) trunk = trunk * 1.0 + 1.0;
    std::vector<Tensor> roots;
    for (int i = 0; i < kThreads; ++i) roots.push_back(sum(trunk * static_cast<double>(i + 1)));
    on_threads([&](int i) { roots[static_cast<size_t>(i)].backward({}, true); });
    expect_values(x.grad(), {10, 10});
  }
}

// the same with saved values and diamonds, by grad(): results are each thread's own
TEST(BackwardThreads, SharedTrunkWithSavedValues) {
  const Tensor x = leaf({0.5});
  Tensor trunk = x;
  for (int i = 0; i < 20; ++i) trunk = sin(trunk) + square(trunk) * 0.1;
  const double want = values(grad({trunk}, {x}, {}, true)[0])[0];
  std::atomic<int> wrong{0};
  on_threads([&](int i) {
    const double factor = i + 1;
    for (int k = 0; k < 50; ++k) {
      const Tensor root = trunk * factor;
      wrong += std::abs(values(grad({root}, {x}, {}, true)[0])[0] - want * factor) > 1e-12;
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

// some passes release the values that others are reading: each is right or says why it cannot be
TEST(BackwardThreads, SharedTrunkReleasedByOnePass) {
  std::atomic<int> right{0}, refused{0};
  for (int round = 0; round < 300; ++round) {
    const Tensor x = leaf(std::vector<double>(64, 0.5));
    Tensor trunk = x;
    for (int i = 0; i < 10; ++i) trunk = sin(trunk) * trunk;
    const double want = values(grad({sum(trunk)}, {x}, {}, true)[0])[0];
    std::vector<Tensor> roots;
    for (int i = 0; i < kThreads; ++i) roots.push_back(sum(trunk * 2.0));
    on_threads([&](int i) {
      try {
        const Tensor g = grad({roots[static_cast<size_t>(i)]}, {x}, {}, i % 2 == 0)[0];
        EXPECT_NEAR(values(g)[0], 2 * want, 1e-12);
        right++;
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("a second time"), std::string::npos) << e.what();
        refused++;
      }
    });
  }
  EXPECT_EQ(right + refused, 300 * kThreads);
  EXPECT_GE(right.load(), 300);
}

// x -> split -+-> 0 -+-> root      thread 1 drops output 1, which retains its gradient,
//             +-> 1 -+             while thread 0 delivers to it
TEST(BackwardThreads, RetainedGradientsComeAndGo) {
  for (int round = 0; round < 300; ++round) {
    const Tensor x = leaf({1, 2});
    std::vector<Tensor> parts = split(x * 3.0, 1);
    for (Tensor& t : parts) t.retain_grad();
    const Tensor root = sum(parts[0] + parts[1]);
    on_threads(
        [&](int i) {
          if (i == 0) {
            root.backward();
          } else if (i == 1) {
            parts[1] = Tensor();
          } else {
            const Tensor g = x.grad();
            EXPECT_TRUE(!g.defined() || g.numel() == 2);
          }
        },
        3);
    expect_values(x.grad(), {3, 3});
    expect_values(parts[0].grad(), {1});
  }
}

// graphs of their own, one leaf: its first gradient and its lock are raced for
TEST(BackwardThreads, SharedLeaf) {
  for (int round = 0; round < 50; ++round) {
    const Tensor x = leaf({1, 2, 3});
    on_threads([&](int) {
      for (int k = 0; k < 20; ++k) sum(x * 2.0).backward();
    });
    expect_values(x.grad(), {160, 160, 160});
  }
}

TEST(BackwardThreads, SharedLeafInMatrixProducts) {
  const Tensor w = ones({8, 8}, DType::float64).requires_grad_();
  const Tensor in = ones({4, 8}, DType::float64);
  on_threads([&](int) {
    for (int k = 0; k < 50; ++k) sum(matmul(in, w)).backward();
  });
  expect_values(select(w.grad(), 0, 0), std::vector<double>(8, 4.0 * 50 * kThreads));
}

// a graph made on one thread, continued and differentiated on another, freed on a third
TEST(BackwardThreads, GraphsMoveBetweenThreads) {
  const Tensor x = leaf({2});
  Tensor y;
  std::thread([&] {
    Tensor t = x;
    for (int i = 0; i < 1000; ++i) t = t + 1.0;
    y = t * t;
  }).join();
  // This thread has made few nodes: numbers must still grow along every path.
  const Tensor z = y * 2.0;
  EXPECT_GT(z.impl()->grad_fn->number, y.impl()->grad_fn->number);
  std::thread([&] {
    z.backward();
    y = Tensor();
  }).join();
  expect_values(x.grad(), {4008});
}

// Modes belong to threads.
TEST(BackwardThreads, ModesAreThreadLocal) {
  NoGradGuard off;
  const Tensor x = leaf({1});
  std::thread([&] {
    EXPECT_TRUE(is_grad_enabled());
    EXPECT_TRUE((x * 2.0).requires_grad());
  }).join();
  EXPECT_FALSE(is_grad_enabled());
}

// trunk -> hook that runs a pass over the same trunk, on every thread at once
TEST(BackwardThreads, NestedPassesOnTheSameNodes) {
  const Tensor x = leaf({1});
  const Tensor trunk = exp(square(x) * 0.5);
  const double d = std::exp(0.5);
  std::atomic<int> wrong{0};
  on_threads([&](int) {
    for (int k = 0; k < 20; ++k) {
      const Tensor root = trunk * 2.0, other = trunk * 3.0;
      double inner = 0;
      register_hook(root, [&](const Tensor&) {
        inner = values(grad({other}, {x}, {}, true)[0])[0];
        return Tensor();
      });
      const double outer = values(grad({root + trunk}, {x}, {}, true)[0])[0];
      wrong += std::abs(inner - 3 * d) > 1e-12 || std::abs(outer - 3 * d) > 1e-12;
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

// errors on one thread leave the nodes usable for the others
TEST(BackwardThreads, ErrorsDoNotDisturbOthers) {
  const Tensor x = leaf({1});
  const Tensor trunk = exp(x) * 1.0;
  std::atomic<int> wrong{0};
  on_threads([&](int i) {
    for (int k = 0; k < 50; ++k) {
      if (i % 2) {
        const Tensor bad = custom_identity(
            trunk, [](auto&, auto&) -> std::vector<Tensor> { throw Error("MyOp: no"); });
        try {
          grad({bad + trunk}, {x}, {}, true);
          ++wrong;
        } catch (const Error&) {
        }
      } else {
        const double g = values(grad({trunk + trunk}, {x}, {}, true)[0])[0];
        wrong += std::abs(g - 2 * std::exp(1.0)) > 1e-12;
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

// create_graph on a shared trunk records on several threads
TEST(BackwardThreads, SecondOrderOnASharedTrunk) {
  const Tensor x = leaf({0.3});
  const Tensor trunk = exp(x) * square(x);
  const auto second = [&] {
    const Tensor g = grad({trunk}, {x}, {}, true, true)[0];
    return values(grad({g}, {x}, {}, true)[0])[0];
  };
  const double want = second();
  std::atomic<int> wrong{0};
  on_threads([&](int) {
    for (int k = 0; k < 30; ++k) wrong += second() != want;
  });
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace wengert
