// The kernels of convolutions of every ISA level against sums over the taps in float64.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include "kernels/depthwise.h"
#include "kernels/levels.h"
#include "kernels/winograd.h"
#include "runtime/cpu.h"

namespace wengert::kernels {
namespace {

struct Level {
  const char* name;
  const WinogradKernels (*winograd)[4];
  const DepthwiseKernels* depthwise;
};

std::vector<Level> levels() {
  std::vector<Level> all;
  [[maybe_unused]] const runtime::IsaLevel best = runtime::cpu().level;
#if defined(WENGERT_HAS_BASELINE)
  all.push_back({"baseline", baseline::winograd_table, baseline::depthwise_table});
#endif
#if defined(WENGERT_HAS_V2)
  all.push_back({"v2", v2::winograd_table, v2::depthwise_table});
#endif
#if defined(WENGERT_HAS_V3)
  if (best >= runtime::IsaLevel::v3) all.push_back({"v3", v3::winograd_table, v3::depthwise_table});
#endif
#if defined(WENGERT_HAS_V4)
  if (best >= runtime::IsaLevel::v4) all.push_back({"v4", v4::winograd_table, v4::depthwise_table});
#endif
  return all;
}

template <class T>
std::vector<T> random(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<T> x(static_cast<size_t>(count));
  for (T& v : x) v = static_cast<T>(uniform(generator));
  return x;
}

// A plane of `size`, read as zero outside.
template <class T>
double element(const std::vector<T>& x, int64_t plane, const int64_t* size, int64_t i, int64_t j) {
  const bool inside = i >= 0 && i < size[0] && j >= 0 && j < size[1];
  return inside ? static_cast<double>(x[static_cast<size_t>((plane * size[0] + i) * size[1] + j)])
                : 0;
}

// For each matrix of weights f(its place, place of the first matrix of patches, how many).
template <class F>
void for_groups(const WinogradForm& form, const Transformed& patches, const Transformed& weights,
                const F& f) {
  for (int i = 0; i < form.weight_matrices(); ++i) {
    const WinogradForm::Group group = form.group(i);
    f(weights.at(i), patches.at(group, i), group.count);
  }
}

// Transforms, products element by element, and back, over one image.
template <class T>
void check_winograd(const WinogradKernels& kernels, const WinogradForm& form, int64_t height,
                    int64_t width) {
  constexpr int64_t kInputs = 5, kOutputs = 19;  // more than a vector
  const int64_t stride = form.strided ? 2 : 1;
  const int64_t in[2] = {height, width}, padding[2] = {1, 0};
  const int64_t out[2] = {(height - 1) / stride + 1, (width - 3) / stride + 1};
  const int64_t step = form.result_step();
  const int64_t down = (out[0] + step - 1) / step, across = (out[1] + step - 1) / step;
  const int64_t tiles = down * across, row = 32, gap = 16;
  const auto x = random<T>(kInputs * in[0] * in[1], 1), w = random<T>(kOutputs * kInputs * 9, 2);
  const auto bias = random<T>(kOutputs, 3);
  std::vector<T> y(static_cast<size_t>(kOutputs * out[0] * out[1]));
  const Transformed patches{nullptr, tiles * row, row, gap},
      weights{nullptr, kInputs * row, row, gap};
  const auto cells =
      static_cast<size_t>(form.matrices() * patches.matrix + form.weight_matrices() * gap);
  const int64_t rows_in = strip_rows(form.data_step(), in[1]);
  const int64_t rows_out = strip_rows(form.result_step(), out[1]);
  std::vector<T> v(cells), m(cells), u(static_cast<size_t>(weights.at(form.weight_matrices())));
  std::vector<T> strip(
      static_cast<size_t>(2 * kernels.lanes * std::max(rows_in * in[1], rows_out * out[1])));
  const TileRows from{in[0], in[1], {padding[0], padding[1]}, 0, down, across};
  const TileRows to{out[0], out[1], {0, 0}, 0, down, across};
  const auto with = [](Transformed t, std::vector<T>& data) {
    t.data = data.data();
    return t;
  };
  kernels.data(from, kInputs, x.data(), in[0] * in[1], with(patches, v), strip.data());
  kernels.weight(kInputs, kOutputs, w.data(), 9, 9 * kInputs, false, with(weights, u));
  for_groups(form, patches, weights, [&](int64_t weight, int64_t patch, int64_t count) {
    for (int64_t t = 0; t < count * tiles; ++t)
      for (int64_t o = 0; o < kOutputs; ++o) {
        T sum = 0;
        for (int64_t c = 0; c < kInputs; ++c)
          sum += v[static_cast<size_t>(patch + t * row + c)] *
                 u[static_cast<size_t>(weight + c * row + o)];
        m[static_cast<size_t>(patch + t * row + o)] = sum;
      }
  });
  // Once as they are, and once more added to.
  for (const bool accumulate : {false, true})
    kernels.result(to, kOutputs, y.data(), out[0] * out[1], bias.data(), accumulate,
                   with(patches, m), strip.data());
  const double tolerance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (int64_t o = 0; o < kOutputs; ++o)
    for (int64_t i = 0; i < out[0]; ++i)
      for (int64_t j = 0; j < out[1]; ++j) {
        double sum = static_cast<double>(bias[static_cast<size_t>(o)]);
        for (int64_t c = 0; c < kInputs; ++c)
          for (int64_t k = 0; k < 9; ++k)
            sum += element(x, c, in, stride * i - padding[0] + k / 3,
                           stride * j - padding[1] + k % 3) *
                   static_cast<double>(w[static_cast<size_t>((o * kInputs + c) * 9 + k)]);
        EXPECT_NEAR(element(y, o, out, i, j), 2 * sum, 2 * tolerance) << o << " " << i << " " << j;
      }
  // The gradient of the weights for the gradient x' of y: by the transforms, and by sums.
  const auto g = random<T>(kOutputs * out[0] * out[1], 4);
  kernels.gradient(to, kOutputs, g.data(), out[0] * out[1], with(patches, m), strip.data());
  std::vector<T> sums(u.size()), gw(w.size());
  for_groups(form, patches, weights, [&](int64_t weight, int64_t patch, int64_t count) {
    for (int64_t c = 0; c < kInputs; ++c)
      for (int64_t o = 0; o < kOutputs; ++o)
        for (int64_t t = 0; t < count * tiles; ++t)
          sums[static_cast<size_t>(weight + c * row + o)] +=
              v[static_cast<size_t>(patch + t * row + c)] *
              m[static_cast<size_t>(patch + t * row + o)];
  });
  kernels.weight_gradient(kInputs, kOutputs, gw.data(), 9, 9 * kInputs, false, with(weights, sums));
  for (int64_t o = 0; o < kOutputs; ++o)
    for (int64_t c = 0; c < kInputs; ++c)
      for (int64_t k = 0; k < 9; ++k) {
        double sum = 0, size = 0;
        for (int64_t i = 0; i < out[0]; ++i)
          for (int64_t j = 0; j < out[1]; ++j) {
            const double term = element(x, c, in, stride * i - padding[0] + k / 3,
                                        stride * j - padding[1] + k % 3) *
                                element(g, o, out, i, j);
            sum += term;
            size += std::abs(term);
          }
        EXPECT_NEAR(static_cast<double>(gw[static_cast<size_t>((o * kInputs + c) * 9 + k)]), sum,
                    3 * size * static_cast<double>(std::numeric_limits<T>::epsilon()));
      }
}

// The gradient x of the input of a strided convolution, for the gradient g of its results.
template <class T>
void check_adjoint(const WinogradKernels& kernels, int64_t height, int64_t width) {
  constexpr int64_t kInputs = 5, kOutputs = 19;
  const WinogradForm form{4, true, true};
  const int64_t in[2] = {height, width}, out[2] = {(height - 1) / 2 + 1, (width - 1) / 2 + 1};
  const int64_t down = (in[0] + 7) / 8, across = (in[1] + 7) / 8, tiles = down * across, row = 32;
  const auto g = random<T>(kOutputs * out[0] * out[1], 1), w = random<T>(kOutputs * kInputs * 9, 2);
  std::vector<T> x(static_cast<size_t>(kInputs * in[0] * in[1]));
  const Transformed patches{nullptr, tiles * row, row, 16},
      weights{nullptr, kOutputs * row, row, 16};
  const auto cells =
      static_cast<size_t>(form.matrices() * patches.matrix + form.weight_matrices() * patches.gap);
  std::vector<T> v(cells), m(cells), u(static_cast<size_t>(weights.at(form.weight_matrices())));
  std::vector<T> strip(static_cast<size_t>(
      2 * kernels.lanes * std::max(strip_rows(4, out[1]) * out[1], strip_rows(8, in[1]) * in[1])));
  const TileRows from{out[0], out[1], {0, 0}, 0, down, across};
  const TileRows to{in[0], in[1], {0, 0}, 0, down, across};
  const auto with = [](Transformed t, std::vector<T>& data) {
    t.data = data.data();
    return t;
  };
  kernels.data(from, kOutputs, g.data(), out[0] * out[1], with(patches, v), strip.data());
  kernels.weight(kOutputs, kInputs, w.data(), 9 * kInputs, 9, true, with(weights, u));
  for_groups(form, patches, weights, [&](int64_t weight, int64_t patch, int64_t count) {
    for (int64_t t = 0; t < count * tiles; ++t)
      for (int64_t c = 0; c < kInputs; ++c) {
        T sum = 0;
        for (int64_t o = 0; o < kOutputs; ++o)
          sum += v[static_cast<size_t>(patch + t * row + o)] *
                 u[static_cast<size_t>(weight + o * row + c)];
        m[static_cast<size_t>(patch + t * row + c)] = sum;
      }
  });
  kernels.result(to, kInputs, x.data(), in[0] * in[1], nullptr, false, with(patches, m),
                 strip.data());
  std::vector<double> expected(x.size());
  for (int64_t o = 0; o < kOutputs; ++o)
    for (int64_t c = 0; c < kInputs; ++c)
      for (int64_t i = 0; i < out[0]; ++i)
        for (int64_t j = 0; j < out[1]; ++j)
          for (int64_t k = 0; k < 9; ++k) {
            const int64_t p = 2 * i - 1 + k / 3, q = 2 * j - 1 + k % 3;
            if (p < 0 || p >= in[0] || q < 0 || q >= in[1]) continue;
            expected[static_cast<size_t>((c * in[0] + p) * in[1] + q)] +=
                element(g, o, out, i, j) *
                static_cast<double>(w[static_cast<size_t>((o * kInputs + c) * 9 + k)]);
          }
  const double tolerance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  for (size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(static_cast<double>(x[i]), expected[i], tolerance) << i;
}

TEST(ConvolutionKernels, WinogradsFilteringIsTheConvolution) {
  const WinogradForm forms[] = {{2}, {4}, {4, true}};
  for (const Level& level : levels()) {
    for (int i = 0; i < 3; ++i) {
      SCOPED_TRACE(std::string(level.name) + ", form " + std::to_string(i));
      // More rows than a strip, whose pieces are one row of tiles, or several.
      for (const auto& [height, width] : {std::pair<int64_t, int64_t>{23, 40}, {70, 10}}) {
        check_winograd<float>(level.winograd[0][i], forms[i], height, width);
        check_winograd<double>(level.winograd[1][i], forms[i], height, width);
      }
    }
  }
}

TEST(ConvolutionKernels, WinogradsFilteringIsTheGradientOfStridedInput) {
  for (const Level& level : levels()) {
    SCOPED_TRACE(level.name);
    for (const auto& [height, width] : {std::pair<int64_t, int64_t>{23, 40}, {70, 10}, {1, 2}}) {
      check_adjoint<float>(level.winograd[0][3], height, width);
      check_adjoint<double>(level.winograd[1][3], height, width);
    }
  }
}

template <class T>
void check_depthwise(const DepthwiseKernels& kernels, const Windows& w) {
  const auto x = random<T>(w.volume(), 1), kernel = random<T>(w.taps(), 2);
  const auto g = random<T>(w.positions(), 3);
  const PaddedPlane plane = kernels.shape(w);
  std::vector<T> padded(static_cast<size_t>(plane.rows * plane.row()));
  std::vector<T> y(static_cast<size_t>(w.positions()));
  std::vector<double> sums(static_cast<size_t>(w.taps()));
  kernels.pad(w, plane, padded.data(), x.data());
  kernels.output(w, plane, y.data(), padded.data(), kernel.data(), false, 0.5, false);
  kernels.weight(w, plane, sums.data(), padded.data(), g.data());
  const double tolerance = 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  std::vector<double> expected(sums.size());
  for (int64_t i = 0; i < w.out[1]; ++i)
    for (int64_t j = 0; j < w.out[2]; ++j) {
      double sum = 0.5;
      for (int64_t k = 0; k < w.taps(); ++k) {
        const int64_t r = i * w.stride[1] - w.padding[1] + k / w.kernel[2] * w.dilation[1];
        const int64_t c = j * w.stride[2] - w.padding[2] + k % w.kernel[2] * w.dilation[2];
        const double seen = element(x, 0, w.in + 1, r, c);
        sum += seen * static_cast<double>(kernel[static_cast<size_t>(k)]);
        expected[static_cast<size_t>(k)] += seen * element(g, 0, w.out + 1, i, j);
      }
      EXPECT_NEAR(element(y, 0, w.out + 1, i, j), sum, tolerance) << i << " " << j;
    }
  for (size_t k = 0; k < sums.size(); ++k) EXPECT_NEAR(sums[k], expected[k], 8 * tolerance);
}

TEST(ConvolutionKernels, PlanesAreSumsOverTheTaps) {
  const Windows plain{{1, 9, 40}, {1, 9, 40}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {1, 1, 1}};
  const Windows odd{{1, 11, 23}, {1, 5, 6}, {1, 4, 5}, {1, 2, 3}, {0, 1, 2}, {1, 1, 2}};
  for (const Level& level : levels()) {
    for (const Windows& w : {plain, odd}) {
      SCOPED_TRACE(level.name);
      check_depthwise<float>(level.depthwise[0], w);
      check_depthwise<double>(level.depthwise[1], w);
    }
  }
}

}  // namespace
}  // namespace wengert::kernels
