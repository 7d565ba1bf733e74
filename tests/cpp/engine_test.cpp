// The backward engine. Graphs are drawn with leaves on the left and roots on the right.
#include "autograd/node.h"
#include "graph.h"

namespace wengert {
namespace {

// x -> *2 -> +1 -> y
TEST(BackwardGraph, Chain) {
  const Tensor x = leaf({1, 2});
  const Tensor y = x * 2.0 + 1.0;
  y.backward(vec({1, 10}));
  expect_values(x.grad(), {2, 20});
}

//      /- square -\            both paths meet at x
// x --<            + -> y
//      \- *3 -----/
TEST(BackwardGraph, Diamond) {
  const Tensor x = leaf({5});
  (square(x) + x * 3.0).backward();
  expect_values(x.grad(), {13});
}

// x => + => + => ... => y     each node feeds both inputs of the next: 2^30 paths, 30 nodes
TEST(BackwardGraph, ThirtyDoublingsAreLinear) {
  const Tensor x = leaf({1});
  Tensor y = x;
  int calls = 0;
  for (int i = 0; i < 30; ++i) y = y + y;
  register_hook(y, [&](const Tensor&) {
    ++calls;
    return Tensor();
  });
  y.backward();
  expect_values(x.grad(), {static_cast<double>(1 << 30)});
  EXPECT_EQ(calls, 1);
}

// x -> exp -+-> sum -> y
//           +-> * -> sum -> z     a node used by two roots runs once, with the sum
TEST(BackwardGraph, TwoRootsShareATrunk) {
  const Tensor x = leaf({0, 0});
  const Tensor h = exp(x);
  int runs = 0;
  register_hook(h, [&](const Tensor&) {
    ++runs;
    return Tensor();
  });
  backward({sum(h), sum(h * 3.0)});
  expect_values(x.grad(), {4, 4});
  EXPECT_EQ(runs, 1);
}

// x -> y, twice among the roots
TEST(BackwardGraph, TheSameRootTwice) {
  const Tensor x = leaf({3});
  const Tensor y = x * x;
  backward({y, y});
  expect_values(x.grad(), {12});
}

// x (a leaf is the root)
TEST(BackwardGraph, LeafAsRoot) {
  const Tensor x = leaf({3});
  x.backward();
  x.backward();
  expect_values(x.grad(), {2});
}

TEST(BackwardGraph, MillionNodes) {
  const uint64_t before = live_blocks();
  {
    const Tensor x = leaf({1});
    Tensor y = x;
    for (int i = 0; i < 1000000; ++i) y = y + 1.0;
    y.backward();
    expect_values(x.grad(), {1});
    Tensor z = x;
    for (int i = 0; i < 1000000; ++i) z = z + 1.0;  // freed without a pass
  }
  EXPECT_EQ(live_blocks(), before);
}

//          /- a (used)
// x -> split
//          \- b (not used): no gradient arrives at output 1
TEST(BackwardGraph, OutputsWithoutGradients) {
  const Tensor x = leaf({1, 2, 3});
  const auto parts = split(x, {2, 1});
  sum(parts[1] * 5.0).backward();
  expect_values(x.grad(), {0, 0, 5});
  const Tensor y = leaf({3, 1, 2});
  const auto [sorted, order] = sort(y);
  EXPECT_FALSE(order.requires_grad());
  sum(sorted * vec({1, 10, 100})).backward();
  expect_values(y.grad(), {100, 1, 10});
}

// x -> custom (returns no gradient) -> y; x -> *2 -> y
TEST(BackwardGraph, UndefinedGradientsAreSkipped) {
  const Tensor x = leaf({1});
  const Tensor h = exp(x);
  int reached = 0;
  register_hook(h, [&](const Tensor&) {
    ++reached;
    return Tensor();
  });
  const Tensor stop =
      custom_identity(h, [](auto&, auto&) { return std::vector<Tensor>{Tensor()}; });
  (stop + x * 2.0).backward();
  expect_values(x.grad(), {2});
  EXPECT_EQ(reached, 0);
}

// x -+          one gradient tensor is delivered to both
//    + -> z
// y -+
TEST(BackwardGraph, GradientsAreNotShared) {
  const Tensor x = leaf({1, 2}), y = leaf({3, 4}), seed = vec({1, 1});
  const Tensor z = x + y;
  z.backward(seed, true);
  EXPECT_NE(x.grad().data(), y.grad().data());
  EXPECT_NE(x.grad().data(), seed.data());
  z.backward(seed, true);
  expect_values(x.grad(), {2, 2});
  expect_values(y.grad(), {2, 2});
  expect_values(seed, {1, 1});
}

// the first gradient is kept by reference, later ones are added in place
TEST(BackwardGraph, AccumulationIsInPlace) {
  const Tensor x = leaf({1, 2});
  sum(x * 2.0).backward();
  const void* at = x.grad().data();
  sum(x * 3.0).backward();
  EXPECT_EQ(x.grad().data(), at);
  expect_values(x.grad(), {5, 5});
}

// x -> expand -> sum: the gradient has strides 0 until the leaf makes it its own
TEST(BackwardGraph, ExpandedGradient) {
  const Tensor x = leaf({1, 2});
  expand(x, {3, 2}).backward(ones({3, 2}, DType::float64));
  expect_values(x.grad(), {3, 3});
  const Tensor y = leaf({1, 2, 3});
  sum(y).backward();
  EXPECT_TRUE(y.grad().is_contiguous());
  Tensor g = y.grad();
  add_(g, vec({1, 2, 3}));
  expect_values(y.grad(), {2, 3, 4});
}

// x (float32) -> to float64 -> y: each gradient has its input's dtype and shape
TEST(BackwardGraph, GradientsAreCastAndReduced) {
  const Tensor x = ones({3}, DType::float32).requires_grad_();
  const Tensor w = ones({2, 3}, DType::float64).requires_grad_();
  sum(x * w).backward();
  EXPECT_EQ(x.grad().dtype(), DType::float32);
  EXPECT_EQ(w.grad().dtype(), DType::float64);
  expect_values(x.grad(), {2, 2, 2});
}

// ---- retain_graph, release, create_graph ----------------------------------------------------

TEST(BackwardGraph, SecondPassNeedsRetainGraph) {
  const Tensor x = leaf({2});
  const Tensor y = x * x;
  y.backward({}, true);
  y.backward();
  expect_values(x.grad(), {8});
  expect_error([&] { y.backward(); }, {"mul", "second time", "retain_graph=True"});
  expect_values(x.grad(), {8});
}

TEST(BackwardGraph, SavedValuesAreReleasedAsTheyAreUsed) {
  const Tensor x = leaf({2});
  Tensor y = exp(x);
  for (int i = 0; i < 10; ++i) y = exp(y * 0.1);
  const uint64_t before = live_blocks();
  y.backward();
  EXPECT_LT(live_blocks(), before);
}

// x -> x^3; derivatives of order 1, 2, 3
TEST(BackwardGraph, CreateGraph) {
  const Tensor x = leaf({2});
  const Tensor y = x * x * x;
  const Tensor d1 = grad({y}, {x}, {}, false, true)[0];
  const Tensor d2 = grad({d1}, {x}, {}, false, true)[0];
  const Tensor d3 = grad({d2}, {x})[0];
  expect_values(d1, {12});
  expect_values(d2, {12});
  expect_values(d3, {6});
  EXPECT_FALSE(d3.requires_grad());
  EXPECT_TRUE(is_grad_enabled());
}

// exp saves its output: the saved value must carry history again when the gradient is recorded
TEST(BackwardGraph, CreateGraphThroughSavedOutputs) {
  const Tensor x = leaf({1});
  const Tensor y = exp(x);
  const Tensor d1 = grad({y}, {x}, {}, true, true)[0];
  const Tensor d2 = grad({d1}, {x}, {}, true, true)[0];
  expect_values(d2, {std::exp(1.0)});
}

TEST(BackwardGraph, CreateGraphDoesNotAddInPlace) {
  Tensor x = leaf({3});
  (x * x).backward({}, false, true);
  const Tensor first = x.grad();
  (x * x).backward({}, false, true);
  expect_values(first, {6});
  expect_values(x.grad(), {12});
  EXPECT_TRUE(x.grad().requires_grad());
  x.set_grad({});
}

// ---- grad() -----------------------------------------------------------------------------------

// x -> a -> b -> y: gradients of interior nodes, and of the root itself
TEST(BackwardGraph, CapturesOfInteriorNodes) {
  const Tensor x = leaf({2});
  const Tensor a = x * 3.0, b = square(a), y = b * 2.0;
  const auto g = grad({y}, {x, a, b, y});
  expect_values(g[0], {72});
  expect_values(g[1], {24});
  expect_values(g[2], {2});
  expect_values(g[3], {1});
  EXPECT_FALSE(x.grad().defined());
}

// x -> y     u -> (unused); nodes that lead only to other leaves do not run
// w -> exp -^
TEST(BackwardGraph, CapturesRunOnlyWhatIsNeeded) {
  const Tensor x = leaf({2}), w = leaf({1}), u = leaf({1});
  const Tensor h = exp(w), y = x * h;
  int runs = 0;
  register_hook(h, [&](const Tensor&) {
    ++runs;
    return Tensor();
  });
  expect_error([&] { grad({y}, {x, u}, {}, true); }, {"grad: input 1", "allow_unused"});
  const auto g = grad({y}, {x, u}, {}, true, false, true);
  EXPECT_FALSE(g[1].defined());
  EXPECT_EQ(runs, 0);
  EXPECT_FALSE(w.grad().defined());
  backward({y}, {}, false, false, {x});
  expect_values(x.grad(), {std::exp(1.0)});
  EXPECT_FALSE(w.grad().defined());
}

TEST(BackwardGraph, BadCalls) {
  const Tensor x = leaf({1, 2}), c = vec({1, 2});
  expect_error([&] { (x * 2.0).backward(); }, {"backward: ", "one element", "(2,)"});
  expect_error([&] { c.backward(); }, {"backward: ", "does not require grad"});
  expect_error([&] { (x * 2.0).backward(vec({1})); }, {"backward: ", "(1,)", "(2,)"});
  expect_error([&] { grad({sum(x)}, {c}); }, {"grad: ", "requires_grad_()"});
  expect_error([&] { grad({sum(x)}, {}); }, {"grad: "});
  expect_error<Error>([&] { backward({sum(x), sum(x)}, {vec({1})}); }, {"backward: "});
  EXPECT_FALSE(x.grad().defined());
}

// ---- hooks ------------------------------------------------------------------------------------

//      /- *2 -\             a leaf's hook sees 2 + 3
// x --<        + -> y
//      \- *3 -/
TEST(BackwardGraph, LeafHooksSeeTheTotalOnce) {
  const Tensor x = leaf({1});
  std::vector<double> seen;
  const uint64_t id = register_hook(x, [&](const Tensor& g) {
    seen.push_back(values(g)[0]);
    return g * 10.0;
  });
  const Tensor y = x * 2.0 + x * 3.0;
  y.backward({}, true);
  EXPECT_EQ(seen, std::vector<double>{5});
  expect_values(x.grad(), {50});
  expect_values(grad({y}, {x}, {}, true)[0], {50});
  EXPECT_TRUE(remove_hook(x, id));
  y.backward();
  expect_values(x.grad(), {55});
}

TEST(BackwardGraph, HooksRunInOrderAndMayRemoveThemselves) {
  const Tensor x = leaf({1});
  const Tensor y = x * 2.0;
  uint64_t first = 0;
  first = register_hook(y, [&](const Tensor& g) {
    remove_hook(y, first);
    register_hook(y, [](const Tensor& h) { return h * 100.0; });
    return g + 1.0;
  });
  register_hook(y, [](const Tensor& g) { return g * 10.0; });
  y.backward({}, true);
  expect_values(x.grad(), {40});  // (1 + 1) * 10 * 2
  y.backward();
  expect_values(x.grad(), {40 + 2000});
}

// a hook on y starts a pass through the trunk that the outer pass is in the middle of
// x -> exp -+-> *2 -> y (hook: backward of z)
//           +-> *3 -> z
TEST(BackwardGraph, BackwardInsideAHook) {
  const Tensor x = leaf({0});
  const Tensor h = exp(x), y = h * 2.0, z = h * 3.0;
  Tensor inner;
  register_hook(y, [&](const Tensor&) {
    inner = grad({z}, {x}, {}, true)[0];
    z.backward({}, true);
    return Tensor();
  });
  backward({y + z}, {}, true);
  expect_values(inner, {3});
  expect_values(x.grad(), {5 + 3});
}

// a custom backward that differentiates a graph of its own, as checkpointing does
TEST(BackwardGraph, BackwardInsideBackward) {
  const Tensor x = leaf({2});
  const Tensor y = custom_identity(x, [](const std::vector<Tensor>& g, auto&) {
    EnableGradGuard on;
    const Tensor u = leaf({3});
    (u * u * u).backward();
    return std::vector<Tensor>{g[0] * u.grad()};
  });
  (y * 2.0).backward();
  expect_values(x.grad(), {54});
}

TEST(BackwardGraph, RetainGrad) {
  const Tensor x = leaf({2});
  {
    Tensor y = x * 3.0;
    y.retain_grad();
    const Tensor z = y * y;
    z.backward({}, true);
    expect_values(y.grad(), {12});
    y = Tensor();  // dies before its node does
    z.backward();
  }
  expect_values(x.grad(), {72});
}

// ---- custom operations ------------------------------------------------------------------------

// the pass fails in the middle; gradients that wait in claimed nodes must not be left there
// x -> exp -+-> custom (throws) -+-> y
//           +-> *2 --------------+
TEST(BackwardEngine, ErrorsLeaveNoClaims) {
  const Tensor x = leaf({0});
  const Tensor h = exp(x);
  bool fail = true;
  const Tensor c = custom_identity(h, [&](const std::vector<Tensor>& g, auto&) {
    if (fail) throw ValueError("MyOp: no");
    return std::vector<Tensor>{g[0]};
  });
  const Tensor y = c + h * 2.0;
  const uint64_t before = live_blocks();
  for (int i = 0; i < 3; ++i) {
    expect_error<ValueError>([&] { y.backward({}, true); }, {"MyOp: no"});
  }
  EXPECT_EQ(live_blocks(), before);
  EXPECT_FALSE(x.grad().defined());
  fail = false;
  y.backward();
  expect_values(x.grad(), {3});
}

TEST(BackwardEngine, CustomResultsAreChecked) {
  const Tensor x = leaf({1, 2});
  const Tensor wrong =
      custom_identity(x, [](auto&, auto&) { return std::vector<Tensor>{vec({1, 2, 3})}; });
  expect_error([&] { sum(wrong).backward(); }, {"(3,)", "(2,)"});
  const Tensor many = custom_identity(x, [](auto&, auto&) { return std::vector<Tensor>(2); });
  expect_error([&] { sum(many).backward(); }, {"MyOp", "2 gradients", "1 inputs"});
  const Tensor wide = custom_identity(x, [](const std::vector<Tensor>& g, auto&) {
    return std::vector<Tensor>{expand(g[0], {3, 2})};
  });
  sum(wide).backward();  // reduced to the input's shape
  expect_values(x.grad(), {3, 3});
}

// ---- memory -----------------------------------------------------------------------------------

TEST(BackwardGraph, NodesAreSmall) {
  EXPECT_LE(kNodeBytesTwoInputs, 160u);
  RecordProperty("bytes_for_two_inputs", static_cast<int>(kNodeBytesTwoInputs));
}

TEST(BackwardGraph, DroppedGraphsAreFreed) {
  const uint64_t before = live_blocks();
  {
    const Tensor x = leaf({1, 2, 3});
    const Tensor y = sum(exp(x) * square(x) + x);
    const Tensor g = grad({y}, {x}, {}, true, true)[0];
    sum(g * g).backward();
  }
  EXPECT_EQ(live_blocks(), before);
}

// A memory limit that is hit at every possible place of a pass in turn.
TEST(BackwardEngine, AllocationFailureAnywhere) {
  const auto data = ones({64, 128}, DType::float64);  // 64 KiB: counted to the byte
  Tensor x = clone(data).requires_grad_(), w = clone(data).requires_grad_();
  const auto step = [&] {
    Tensor h = exp(x * 0.5) * w;
    Tensor v = select(h, 0, 0);
    add_(h, w);
    mul_(v, select(w, 0, 1));
    sum(h * h).backward();
  };
  step();
  const auto want = std::make_pair(values(x.grad()), values(w.grad()));
  x.set_grad({});
  w.set_grad({});
  const uint64_t blocks = live_blocks();
  const uint64_t base = memory_stats().allocated;
  bool done = false;
  int failures = 0;
  for (uint64_t room = 0; !done && room < (uint64_t{64} << 20); room += 48 << 10) {
    set_memory_limit(base + room);
    try {
      step();
      done = true;
    } catch (const OutOfMemoryError&) {
      ++failures;
    }
    set_memory_limit(0);
    if (!done) {
      x.set_grad({});
      w.set_grad({});
      ASSERT_EQ(live_blocks(), blocks) << "with room for " << room;
      expect_values(select(x, 0, 0), values(select(data, 0, 0)));
    }
  }
  EXPECT_TRUE(done);
  EXPECT_GT(failures, 3);
  EXPECT_EQ(values(x.grad()), want.first);
  EXPECT_EQ(values(w.grad()), want.second);
}

// ---- modes ------------------------------------------------------------------------------------

TEST(BackwardModes, NoGradAndInference) {
  const Tensor x = leaf({1});
  {
    NoGradGuard off;
    EXPECT_FALSE((x * 2.0).requires_grad());
    EnableGradGuard on;
    EXPECT_TRUE((x * 2.0).requires_grad());
  }
  Tensor t;
  {
    const auto scope = inference_mode();
    EXPECT_TRUE(is_inference_mode());
    EXPECT_FALSE(is_grad_enabled());
    t = x * 2.0;
    add_(t, 1.0);
    const Tensor part = select(t, 0, 0);
    expect_values(t, {3});
    EXPECT_FALSE(t.requires_grad());
    {
      const auto inner = inference_mode();
      EnableGradGuard on;
      EXPECT_FALSE((x * 2.0).requires_grad());
    }
    EXPECT_TRUE(is_inference_mode());
  }
  EXPECT_FALSE(is_inference_mode());
  EXPECT_TRUE(is_grad_enabled());
  expect_error([&] { add_(t, 1.0); }, {"add", "inference mode", "clone()"});
  expect_error([&] { x* t; }, {"mul", "inference mode", "clone"});
  expect_values(t, {3});
  sum(x * clone(t)).backward();
  expect_values(x.grad(), {3});
}

TEST(BackwardModes, AnomalyNamesTheLine) {
  const Tensor x = leaf({0});
  Tensor y;
  {
    const auto scope = anomaly_mode(true, [] { return std::string("line 7"); });
    y = sqrt(x) * 0.0;
    expect_error([&] { y.backward({}, true); }, {"sqrt", "NaN", "line 7"});
    const auto inside = inference_mode();
    EXPECT_TRUE(is_anomaly_mode());
    EXPECT_TRUE(is_inference_mode());
    EXPECT_FALSE((x * 1.0).requires_grad());
  }
  EXPECT_FALSE(is_anomaly_mode());
  y.backward();
  EXPECT_NE(values(x.grad())[0], values(x.grad())[0]);
}

TEST(BackwardModes, AnomalyKeepsTheGradMode) {
  const auto scope = std::make_unique<std::unique_ptr<ModeScope>>(
      anomaly_mode(false, [] { return std::string(); }));
  set_grad_enabled(false);
  scope->reset();
  EXPECT_FALSE(is_grad_enabled());
  set_grad_enabled(true);
}

}  // namespace
}  // namespace wengert
