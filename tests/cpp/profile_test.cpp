// Profiles from C++: what is recorded, how it nests, and that nothing stays behind.
#include "wengert/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "wengert/autograd.h"
#include "wengert/error.h"
#include "wengert/nn.h"
#include "wengert/ops.h"

namespace wengert {
namespace {

std::vector<std::string> names_of(const Profile& p) {
  std::vector<std::string> names;
  for (const ProfileEvent& e : p.events()) names.push_back(e.name);
  return names;
}

const ProfileEvent& event(const Profile& p, const std::string& name) {
  for (const ProfileEvent& e : p.events()) {
    if (e.name == name) return e;
  }
  throw std::out_of_range(name);
}

Tensor leaf(Dims shape) {
  Tensor x = full(shape, 0.5, DType::float32);
  x.requires_grad_();
  return x;
}

TEST(Profile, RecordsCallsAndTheirGradients) {
  const Tensor a = leaf({8, 16}), b = leaf({16, 4});
  Profile p({.shapes = true});
  sum(matmul(a, b)).backward();
  p.stop();
  const ProfileEvent &call = event(p, "mm"), &node = event(p, "MmBackward0");
  EXPECT_EQ(call.kind, EventKind::operation);
  EXPECT_EQ(call.flops, 2 * 8 * 16 * 4);
  EXPECT_EQ(call.bytes, 4 * (8 * 16 + 16 * 4 + 8 * 4));
  ASSERT_EQ(call.inputs.size(), 2u);
  EXPECT_EQ(call.inputs[1].second, (std::vector<int64_t>{16, 4}));
  EXPECT_EQ(node.kind, EventKind::backward);
  EXPECT_EQ(node.flops, 2 * call.flops);
  ASSERT_GE(node.forward, 0);
  EXPECT_EQ(&p.events()[static_cast<size_t>(node.forward)], &call);
  EXPECT_EQ(node.node, call.node);
  for (const ProfileEvent& e : p.events()) {
    EXPECT_LE(e.begin_ns, e.end_ns);
    if (e.parent < 0) continue;
    const ProfileEvent& around = p.events()[static_cast<size_t>(e.parent)];
    EXPECT_LE(around.begin_ns, e.begin_ns);
    EXPECT_GE(around.end_ns, e.end_ns);
  }
}

TEST(Profile, SeesNothingOutsideAndStops) {
  EXPECT_FALSE(is_profiling());
  const Tensor x = leaf({3});
  Profile p;
  EXPECT_TRUE(is_profiling());
  EXPECT_THROW(p.events(), Error);
  exp(x);
  p.pause(true);
  log(x);
  p.pause(false);
  sin(x);
  p.stop();
  p.stop();
  EXPECT_FALSE(is_profiling());
  cos(x);
  EXPECT_EQ(names_of(p), (std::vector<std::string>{"exp", "sin"}));
}

TEST(Profile, RangesMayEndInAnyOrder) {
  Profile p;
  auto a = std::make_unique<ProfileRange>("a");
  {
    const ProfileRange b("b");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    a.reset();
    exp(leaf({3}));
  }
  p.stop();
  EXPECT_GE(event(p, "a").end_ns - event(p, "a").begin_ns, 5'000'000);
  EXPECT_GT(event(p, "b").end_ns, event(p, "a").end_ns);
  EXPECT_EQ(p.events()[static_cast<size_t>(event(p, "exp").parent)].name, "b");
  EXPECT_EQ(event(p, "b").bytes, event(p, "exp").bytes + event(p, "full").bytes);
}

TEST(Profile, NestsAndClosesWhatFails) {
  Profile outer;
  exp(leaf({3}));
  {
    Profile inner;
    EXPECT_THROW(matmul(leaf({2, 3}), leaf({2, 3})), Error);
    inner.stop();
    const auto names = names_of(inner);
    EXPECT_EQ(std::count(names.begin(), names.end(), "mm"), 1);
  }
  outer.stop();
  EXPECT_GE(event(outer, "mm").end_ns, event(outer, "mm").begin_ns);
  EXPECT_GT(event(outer, "exp").bytes, 0);
}

TEST(Profile, ThreadsTakePart) {
  Profile p;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&p] {
      const auto scope = p.join();
      const Tensor x = leaf({10});
      for (int k = 0; k < 100; ++k) sum(exp(x)).backward();
    });
  }
  for (std::thread& t : threads) t.join();
  std::thread([] { exp(leaf({3})); }).join();  // this one does not
  p.stop();
  std::vector<int> calls(6);
  for (const ProfileEvent& e : p.events()) {
    if (e.name == "exp") ++calls[static_cast<size_t>(e.thread)];
    if (e.name != "ExpBackward0") continue;
    ASSERT_GE(e.forward, 0);
    EXPECT_EQ(p.events()[static_cast<size_t>(e.forward)].thread, e.thread);
  }
  EXPECT_EQ(calls, (std::vector<int>{0, 0, 100, 100, 100, 100}));
}

TEST(Profile, AnotherThreadMustNotStopIt) {
  Profile p;
  std::thread([&p] { EXPECT_THROW(p.stop(), Error); }).join();
  EXPECT_TRUE(p.is_running());
  p.stop();
}

struct Net : nn::Module {
  nn::Linear hidden{8, 16}, out{16, 2};
  Net() {
    register_module("hidden", hidden);
    register_module("out", out);
  }
  Tensor forward(const Tensor& x) override { return out(relu(hidden(x))); }
};

TEST(Profile, GroupsByModule) {
  Net net;
  const Tensor x = full({4, 8}, 1.0, DType::float32);
  Profile p;
  sum(net(x)).backward();
  p.stop();
  const std::vector<ModuleProfile> rows = p.modules();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].name, "Net");
  EXPECT_EQ(rows[1].name, "Net.hidden");
  EXPECT_EQ(rows[2].name, "Net.out");
  EXPECT_EQ(rows[2].flops, 3 * 2 * 4 * 16 * 2);
  EXPECT_EQ(rows[1].flops, 2 * 2 * 4 * 8 * 16);  // its input needs no gradient
  EXPECT_EQ(rows[0].flops, rows[1].flops + rows[2].flops);
  for (const ModuleProfile& row : rows) {
    EXPECT_GT(row.forward_ns, 0);
    EXPECT_GT(row.backward_ns, 0);
  }
  EXPECT_NE(p.module_table().find("Net.hidden"), std::string::npos);
}

TEST(Profile, HasTables) {
  Profile p;
  {
    const ProfileRange range("a \"name\"");
    sum(matmul(leaf({64, 64}), leaf({64, 64}))).backward();
  }
  p.stop();
  const std::string table = p.table();
  for (const char* text : {"Share of peak", "MmBackward0", "a \"name\"", "All together"}) {
    EXPECT_NE(table.find(text), std::string::npos) << text;
  }
  const std::string short_table = p.table(2);
  EXPECT_EQ(std::count(short_table.begin(), short_table.end(), '\n'), 2 + 2 + 1);
  const std::string trace = p.chrome_trace({{"note", "1"}});
  for (const char* text : {"\"a \\\"name\\\"\"", "\"note\": 1", "\"ph\": \"s\"", "\"ph\": \"f\""}) {
    EXPECT_NE(trace.find(text), std::string::npos) << text;
  }
}

TEST(Schedule, IsThatOfPython) {
  const auto text = [](const ProfileSchedule& s) {
    std::string all;
    for (int64_t i = 0; i < 12; ++i) all += ".wrS"[static_cast<int>(s(i))];
    return all;
  };
  EXPECT_EQ(text({.wait = 1, .warmup = 1, .active = 2}), ".wrS.wrS.wrS");
  EXPECT_EQ(text({.wait = 1, .warmup = 1, .active = 2, .repeat = 2}), ".wrS.wrS....");
  EXPECT_EQ(text({.warmup = 2, .active = 1, .skip_first = 3}), "...wwSwwSwwS");
  EXPECT_EQ(text({.wait = 2, .warmup = 1, .active = 1, .skip_first = 1, .skip_first_wait = true}),
            ".wS..wS..wS.");
  EXPECT_EQ(text({}), "SSSSSSSSSSSS");
  EXPECT_THROW(text({.active = 0}), ValueError);
  EXPECT_THROW(text({.wait = -1}), ValueError);
  EXPECT_THROW(ProfileSchedule{}(-1), ValueError);
}

TEST(Schedule, RecordsItsSteps) {
  const Tensor x = leaf({4});
  std::vector<std::vector<std::string>> recorded;
  const auto note = [&](const Profile& p) {
    EXPECT_FALSE(p.is_running());
    recorded.push_back(names_of(p));
  };
  using Names = std::vector<std::string>;
  const auto run = [&](const ProfileSchedule& schedule, int steps) {
    recorded.clear();
    StepProfile profile(schedule, note);
    for (int i = 0; i < steps; ++i) exp(x), profile.step();
    EXPECT_EQ(profile.step_number(), steps);
    profile.stop();
    EXPECT_FALSE(is_profiling());
    EXPECT_THROW(profile.step(), Error);
    profile.stop();
  };
  run({.wait = 1, .warmup = 1, .active = 2, .repeat = 2}, 10);
  EXPECT_EQ(recorded, (std::vector<Names>{{"ProfilerStep#2", "exp", "ProfilerStep#3", "exp"},
                                          {"ProfilerStep#6", "exp", "ProfilerStep#7", "exp"}}));
  run({.active = 3}, 4);  // a recording that is not full is handed over by stop()
  EXPECT_EQ(recorded, (std::vector<Names>{{"ProfilerStep#0", "exp", "ProfilerStep#1", "exp",
                                           "ProfilerStep#2", "exp"},
                                          {"ProfilerStep#3", "exp", "ProfilerStep#4"}}));
  run({.active = 1}, 2);
  EXPECT_EQ(recorded,
            (std::vector<Names>{
                {"ProfilerStep#0", "exp"}, {"ProfilerStep#1", "exp"}, {"ProfilerStep#2"}}));
  {
    StepProfile dropped(ProfileSchedule{.active = 2}, note);
    exp(x);
  }
  EXPECT_EQ(recorded.size(), 3u);
  EXPECT_FALSE(is_profiling());
}

TEST(Schedules, HoldAnyNumbers) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const ProfileSchedule late{.wait = most, .warmup = 1, .active = 1, .repeat = 5};
  EXPECT_EQ(late(5), ProfilerAction::none);
  const ProfileSchedule early{.wait = 1, .warmup = 1, .active = most, .repeat = most};
  EXPECT_EQ(early(1), ProfilerAction::warmup);
  EXPECT_EQ(early(5), ProfilerAction::record);
  EXPECT_THROW(StepProfile(nullptr, nullptr), TypeError);
}

TEST(Schedules, GoOnWhereTheHandlerThrows) {
  StepProfile profile([](int64_t) { return ProfilerAction::record_and_save; },
                      [](const Profile&) { throw ValueError("no"); });
  for (int64_t step = 1; step < 4; ++step) {
    EXPECT_THROW(profile.step(), ValueError);
    EXPECT_EQ(profile.step_number(), step);
  }
  EXPECT_THROW(profile.stop(), ValueError);
  EXPECT_FALSE(is_profiling());
}

TEST(Schedules, StepOnTheThreadThatMadeThem) {
  StepProfile profile([](int64_t) { return ProfilerAction::record; }, nullptr);
  std::thread([&] { EXPECT_THROW(profile.step(), Error); }).join();
  EXPECT_EQ(profile.step_number(), 0);
  profile.stop();
  EXPECT_FALSE(is_profiling());
}

}  // namespace
}  // namespace wengert
