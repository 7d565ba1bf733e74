// What windows see of strips, on every ISA level, against the elements one by one.
#include "kernels/strips.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/levels.h"
#include "runtime/cpu.h"

namespace wengert::kernels {
namespace {

struct Level {
  const char* name;
  const ConvolutionKernels* kernels;
};

std::vector<Level> levels() {
  std::vector<Level> all;
  [[maybe_unused]] const runtime::IsaLevel best = runtime::cpu().level;
#if defined(WENGERT_HAS_BASELINE)
  all.push_back({"baseline", baseline::convolution_table});
#endif
#if defined(WENGERT_HAS_V2)
  all.push_back({"v2", v2::convolution_table});
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= runtime::IsaLevel::v3) all.push_back({"v3", v3::convolution_table});
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= runtime::IsaLevel::v4) all.push_back({"v4", v4::convolution_table});
#endif
  return all;
}

// Windows of a random geometry, of which there is at least one.
Windows draw(std::mt19937& random) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Windows w;
  for (int d = 0; d < 3; ++d) {
    const bool used = d == 2 || pick(0, 2) > 0;
    w.kernel[d] = used ? pick(1, 4) : 1;
    w.stride[d] = used ? pick(1, 3) : 1;
    // Now and then so far apart that windows share no lines.
    w.dilation[d] = used ? (pick(0, 9) == 0 ? pick(20, 60) : pick(1, 3)) : 1;
    const int64_t reach = (w.kernel[d] - 1) * w.dilation[d] + 1;
    w.padding[d] = used ? pick(0, 1) * pick(0, reach) : 0;
    w.in[d] = std::max<int64_t>(pick(1, d == 2 ? 40 : 6), reach - 2 * w.padding[d]);
    w.out[d] = (w.in[d] + 2 * w.padding[d] - reach) / w.stride[d] + 1;
  }
  return w;
}

// Where tap k of window p takes its element from, or -1.
int64_t source(const Windows& w, int64_t k, int64_t p) {
  int64_t at = 0;
  const int64_t o[3] = {p / w.out[2] / w.out[1], p / w.out[2] % w.out[1], p % w.out[2]};
  const int64_t t[3] = {k / w.kernel[2] / w.kernel[1], k / w.kernel[2] % w.kernel[1],
                        k % w.kernel[2]};
  for (int d = 0; d < 3; ++d) {
    const int64_t i = o[d] * w.stride[d] + t[d] * w.dilation[d] - w.padding[d];
    if (i < 0 || i >= w.in[d]) return -1;
    at = at * w.in[d] + i;
  }
  return at;
}

std::string text(const Windows& w, int64_t begin, int64_t end, int64_t panel) {
  std::string s;
  for (const int64_t* v : {w.in, w.out, w.kernel, w.stride, w.padding, w.dilation})
    s += std::to_string(v[0]) + "," + std::to_string(v[1]) + "," + std::to_string(v[2]) + " ";
  return s + std::to_string(begin) + "-" + std::to_string(end) + " by " + std::to_string(panel);
}

// Rows [row, row + taps) of panels that have two rows more.
template <class T>
void check(const ConvolutionKernels& kernels, const Windows& w, int64_t images, int64_t begin,
           int64_t end, int64_t panel, int64_t narrow) {
  constexpr T kAround = -7;
  constexpr int64_t kRow = 1;
  const int64_t volume = w.volume(), columns = images * (end - begin), taps = w.taps();
  const int64_t rows = taps + 2;
  const Strips strips(w, images, volume, begin, end, panel, narrow);
  std::vector<T> x(static_cast<size_t>(images * volume)), back(x.size(), 0), expected = back;
  std::iota(x.begin(), x.end(), T{1});
  std::vector<T> memory(static_cast<size_t>(strips.direct() ? 0 : strips.channel()), 0);
  T* const strip = strips.direct() ? x.data() : memory.data();
  for (int64_t n = 0; n < images && !strips.direct(); ++n)
    kernels.fill(strips.lines(), strip + n * strips.image(), x.data() + n * volume, 0);
  const int64_t last = columns - (columns - 1) / panel * panel;
  const int64_t size = columns - last + (last > narrow ? panel : narrow);
  std::vector<T> col(static_cast<size_t>(size * rows), kAround);
  kernels.unfold(strips.runs(), col.data(), rows, kRow, strip, volume);
  for (int64_t before = 0; before < columns; before += panel) {
    const int64_t left = columns - before, ld = left > narrow ? panel : narrow;
    for (int64_t k = 0; k < rows; ++k)
      for (int64_t c = 0; c < ld; ++c) {
        const T found = col[static_cast<size_t>(before * rows + k * ld + c)];
        if (k < kRow || k >= kRow + taps || c >= left) {
          ASSERT_EQ(found, kAround);
          continue;
        }
        const int64_t image = (before + c) / (end - begin);
        const int64_t p = begin + (before + c) % (end - begin);
        const int64_t at = source(w, k - kRow, p);
        ASSERT_EQ(found, at < 0 ? T{0} : x[static_cast<size_t>(image * volume + at)]);
        if (at < 0) continue;
        ASSERT_GE(at, strips.start());
        ASSERT_LT(at, strips.reach());
        expected[static_cast<size_t>(image * volume + at)] += found;
      }
  }
  // The adjoint of what was read: every element as many times as it was seen.
  std::fill(memory.begin(), memory.end(), T{0});
  T* const sums = strips.direct() ? back.data() : memory.data();
  kernels.fold(strips.runs(), sums, col.data(), rows, kRow);
  for (int64_t n = 0; n < images && !strips.direct(); ++n)
    kernels.drain(strips.lines(), back.data() + n * volume, sums + n * strips.image(), 0);
  ASSERT_EQ(back, expected);
}

TEST(StripsTest, WindowsSeeTheirElementsAndGiveThemBack) {
  std::mt19937 random(1);
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int trial = 0; trial < 400; ++trial) {
    const Windows w = draw(random);
    const int64_t positions = w.positions(), images = pick(1, 3);
    const int64_t begin = images > 1 ? 0 : pick(0, positions - 1);
    const int64_t end = images > 1 ? positions : pick(begin + 1, positions);
    const int64_t columns = images * (end - begin);
    const bool cut = pick(0, 1);
    const int64_t panel = cut ? 32 : columns, narrow = cut ? 16 : columns;
    for (const Level& level : levels()) {
      SCOPED_TRACE(level.name + (" " + text(w, begin, end, panel)));
      check<float>(level.kernels[0], w, images, begin, end, panel, narrow);
      check<double>(level.kernels[1], w, images, begin, end, panel, narrow);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(StripsTest, MemoryIsThatOfTheLinesThatAreSeen) {
  // Far dilations and strides keep no more than each tap's own elements.
  const Windows w{{1, 1, 10}, {1, 1, 11}, {1, 1, 3}, {1, 1, 1}, {0, 0, 1 << 20}, {1, 1, 1 << 20}};
  EXPECT_LE(Strips(w, 1, 10, 0, 11, 11, 11).channel(), 3 * 11);
  const Windows far{{1, 1, 4}, {1, 1, 1}, {1, 1, 3}, {1, 1, 1 << 30}, {0, 0, 1}, {1, 1, 1}};
  EXPECT_LE(Strips(far, 1, 4, 0, 1, 32, 16).channel(), 3);
}

TEST(StripsTest, NoWindows) {
  const Windows w{{1, 1, 4}, {1, 1, 0}, {1, 1, 5}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}};
  const Strips strips(w, 1, 4, 0, 0, 32, 16);
  EXPECT_EQ(strips.runs().count, 0);
}

}  // namespace
}  // namespace wengert::kernels
