#include "ops/nn_convolution_pairs.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "ops/nn_convolution_products.h"
#include "ops/nn_winograd.h"
#include "runtime/scratch.h"
#include "tensor/fill.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;
using Products = ConvolutionProducts;

// Bytes of what is unfolded at once of so many positions: it stays in the second-level cache. Not
// of those of a tile, since sums over other channels at once have other bits.
constexpr int64_t kUnfoldedBytes = 768 * 1024, kColumns = 256;
// Partial sums of a weight's gradient: at most so many, each of at least so many positions.
constexpr int64_t kMostParts = 16, kPartPositions = 2048, kPartBytes = int64_t{64} << 20;

void round_row(int64_t n, void* to, const float* from) {
  kernels::cast(DType::bfloat16, DType::float32)(n, to, from);
}

// The products over a plan of bfloat16, whose unfolded elements have `item` bytes.
Products products_of(const ConvolutionPlan& p, int64_t item,
                     Tiling::Along along = Tiling::Along::columns) {
  const int64_t some = kUnfoldedBytes / (std::max<int64_t>(p.windows.taps(), 1) * kColumns * item);
  return {.p = p,
          .along = along,
          .some = std::clamp<int64_t>(some / 2, 1, ceil_div(p.in_channels, 2)) * 2};
}

// y of a tile. `col` and `own` are memory of a thread.
void output_of(const Products& s, const ConvolutionWeights& weights, const Tile& t, int64_t group,
               void* y, const void* x, const float* bias, char* col, float* own) {
  const ConvolutionPlan& p = s.p;
  const bool direct = s.blocks == 1 && t.images == 1 && !bias;
  if (bias) {
    for (int64_t r = 0; r < p.out_channels; ++r)
      fill_run(own + r * t.columns(), t.columns(), bias[group * p.out_channels + r]);
  }
  const Unfolding unfolding(p, t, group, Unfolding::Layout::pairs);
  for (int64_t channel = 0; channel < p.in_channels; channel += s.some) {
    kernels::Gemm g = weights.product(group, channel);
    g.n = t.columns();
    g.c = direct ? p.at(p.y_at(y, t.image, group), t.begin) : own;
    g.ldc = direct ? s.positions : t.columns();
    g.wide_c = !direct;
    g.accumulate = bias || channel > 0;
    if (s.stands_in_x(t)) {
      g.k = s.channels_from(channel);
      g.b = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldb = s.volume;
    } else {
      unfolding.read(col, x, channel, s.channels_from(channel));
      g.b = col;
      g.panels_b = true;
    }
    kernels::gemm(g);
  }
  if (direct) return;
  s.for_rows(t, group, y, [&](void* row, int64_t offset, size_t) {
    round_row(t.length(), row, own + offset / p.item());
  });
}

// Where the stride is 1 the adjoint is a convolution of y with the weights turned round, whose plan
// this is; its padding might be negative.
ConvolutionPlan turned(const ConvolutionPlan& p) {
  ConvolutionPlan q = p;
  std::swap(q.in_channels, q.out_channels);
  for (int i = 0; i < 3; ++i) {
    q.windows.in[i] = p.windows.out[i];
    q.windows.out[i] = p.windows.in[i];
    q.windows.padding[i] = p.windows.dilation[i] * (p.windows.kernel[i] - 1) - p.windows.padding[i];
  }
  return q;
}
bool can_turn(const ConvolutionPlan& p) {
  const ConvolutionPlan q = turned(p);
  for (int i = 0; i < 3; ++i)
    if (p.windows.stride[i] != 1 || q.windows.padding[i] < 0) return false;
  return true;
}
// The weights (groups, out, in, taps) with the channels that are summed up in pairs, the last with
// zeros: (groups, out, in / 2, taps, 2), or of the adjoint (groups, in, out / 2, taps from the last
// to the first, 2).
void pair_weights(const ConvolutionPlan& p, void* to, const void* w, bool turned) {
  const int64_t taps = p.windows.taps();
  const int64_t outer = turned ? p.in_channels : p.out_channels;
  const int64_t inner = turned ? p.out_channels : p.in_channels, pairs = ceil_div(inner, 2);
  const int64_t step = turned ? p.rows() : taps;  // between neighbours that are summed up
  const auto& kernel = kernels::convolution(p.dtype);
  runtime::parallel_for(
      p.groups * outer, kParallelGrain / (pairs * taps + 1) + 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t group = i / outer * p.out_channels * p.rows();
          const int64_t from = group + i % outer * (turned ? taps : p.rows());
          for (int64_t k = 0; k < inner; k += 2)
            kernel.pair(taps, p.at(to, (i * pairs + k / 2) * 2 * taps), p.at(w, from + k * step),
                        k + 1 < inner ? p.at(w, from + (k + 1) * step) : nullptr, turned);
        }
      });
}

// What tiles give to the gradient of the weights of a block of channels, in float32.
class WeightSum {
 public:
  explicit WeightSum(const Products& s)
      : s_(s), col_(s.some * s.taps * s.tiling.columns() * s.p.item()), own_(s.gathered_bytes()) {}

  // At `to`, where the group's weights begin.
  void add(const Tile& t, int64_t group, int64_t channel, float* to, const void* x, const void* y,
           bool accumulate) const {
    const ConvolutionPlan& p = s_.p;
    const int64_t channels = s_.channels_from(channel);
    kernels::Gemm g = s_.product(p.out_channels, channels * s_.taps, t.columns());
    const Products::Rows a = s_.gathered(t, group, y, own_.data);
    g.a = a.data;
    g.lda = a.ld;
    g.transpose_b = true;
    if (s_.stands_in_x(t)) {
      g.b = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldb = s_.volume;
    } else {
      Unfolding(p, t, group, Unfolding::Layout::rows).read(col_.data, x, channel, channels);
      g.b = col_.data;
      g.ldb = t.columns();
    }
    g.c = to + channel * s_.taps;
    g.ldc = s_.rows;
    g.wide_c = true;
    g.accumulate = accumulate;
    kernels::gemm(g);
  }

 private:
  const Products& s_;
  Scratch col_, own_;
};

// y from x and weights in pairs.
void output(const ConvolutionPlan& p, void* y, const void* x, const void* w, const void* bias) {
  const Products products = products_of(p, p.item());
  ConvolutionPlan even = p;
  even.in_channels = ceil_div(p.in_channels, 2) * 2;
  const Products of_weights = products_of(even, p.item());
  const ConvolutionWeights weights(of_weights, w, false);
  std::vector<float> wide_bias;
  if (bias) {
    wide_bias.resize(static_cast<size_t>(p.groups * p.out_channels));
    kernels::cast(DType::float32, p.dtype)(p.groups * p.out_channels, wide_bias.data(), bias);
  }
  const Tiling& tiling = products.tiling;
  const int64_t columns = tiling.columns(), tasks = tiling.count() * p.groups;
  runtime::parallel_for(tasks, 1, [&](int64_t begin, int64_t end) {
    const Scratch col(kernels::gemm_panels_size(p.dtype, columns, products.some * products.taps) *
                      p.item());
    const Scratch own(p.out_channels * columns * static_cast<int64_t>(sizeof(float)));
    for (int64_t task = begin; task < end; ++task)
      output_of(products, weights, tiling.at(task / p.groups), task % p.groups, y, x,
                bias ? wide_bias.data() : nullptr, col.data, reinterpret_cast<float*>(own.data));
  });
}

}  // namespace

bool PairConvolution::covers(const ConvolutionPlan& p, ConvolutionProduct product) {
  if (p.dtype != DType::bfloat16 || !kernels::gemm_packs(p.dtype)) return false;
  if (Winograd::cheapest(p, product)) return false;
  // A tile has 16 rows, which should not be mostly empty, and as many pairs are summed up at once.
  constexpr int64_t kRows = 8, kSum = 16;
  const int64_t taps = p.windows.taps();
  if (product == ConvolutionProduct::input)
    return (can_turn(p) ? p.in_channels : p.rows()) >= kRows && p.out_channels * taps >= kSum;
  return p.out_channels >= kRows && p.rows() >= kSum;
}

void PairConvolution::convolve(void* y, const void* x, const void* w, const void* bias) const {
  const Scratch pairs(2 * plan.groups * plan.out_channels * ceil_div(plan.in_channels, 2) *
                      plan.windows.taps() * plan.item());
  pair_weights(plan, pairs.data, w, false);
  output(plan, y, x, pairs.data, bias);
}

void PairConvolution::convolve_input(void* x, const void* y, const void* w) const {
  if (!can_turn(plan)) return fold_input(x, y, w);
  const Scratch pairs(2 * plan.groups * plan.in_channels * ceil_div(plan.out_channels, 2) *
                      plan.windows.taps() * plan.item());
  pair_weights(plan, pairs.data, w, true);
  output(turned(plan), x, y, pairs.data, nullptr);
}

// What the taps of each position give is added to where they lie, in float32.
void PairConvolution::fold_input(void* x, const void* y, const void* w) const {
  const Products products = products_of(plan, static_cast<int64_t>(sizeof(float)));
  const ConvolutionWeights weights(products, w, true);
  const int64_t columns = products.tiling.columns(), blocks = products.blocks;
  const int64_t volume = products.volume, images = products.tiling.at(0, 0).images;
  // A task owns some channels of its images, which are the images and channels of a plan.
  const int64_t tasks = products.tiling.groups() * plan.groups * blocks;
  runtime::parallel_for(tasks, 1, [&](int64_t begin, int64_t end) {
    const auto floats = [](int64_t n) { return n * static_cast<int64_t>(sizeof(float)); };
    const Scratch col(floats(products.some * products.taps * columns)),
        own(products.gathered_bytes());
    const Scratch sums(floats(images * products.some * volume));
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task / blocks % plan.groups, channel = task % blocks * products.some;
      const int64_t row = task / blocks / plan.groups, channels = products.channels_from(channel);
      ConvolutionPlan part = plan;
      part.dtype = DType::float32;
      part.groups = 1;
      part.in_channels = channels;
      int64_t seen = 0;  // of each image
      for (int64_t i = 0; i < products.tiling.parts(); ++i) {
        const Tile t = products.tiling.at(row, i);
        kernels::Gemm g = weights.product(group, channel);
        const Products::Rows b = products.gathered(t, group, y, own.data);
        g.n = t.columns();
        g.b = b.data;
        g.ldb = b.ld;
        g.c = col.data;
        g.ldc = t.columns();
        g.wide_c = true;
        kernels::gemm(g);
        Tile here = t;
        here.image = 0;
        const Unfolding unfolding(part, here, 0, Unfolding::Layout::rows);
        const int64_t next =
            i + 1 == products.tiling.parts() ? volume : std::max(seen, unfolding.reach());
        unfolding.add(sums.data, col.data, 0, channels, seen, next);
        seen = next;
      }
      const Tile t = products.tiling.at(row, 0);
      for (int64_t i = 0; i < t.images; ++i)
        round_row(channels * volume, plan.x_at(x, t.image + i, group, channel),
                  reinterpret_cast<const float*>(sums.data) + i * channels * volume);
    }
  });
}

void PairConvolution::convolve_weight(void* w, const void* x, const void* y) const {
  const Products products = products_of(plan, plan.item(), Tiling::Along::sum);
  const int64_t group_weights = plan.out_channels * products.rows;
  const int64_t weights = plan.groups * group_weights, count = products.tiling.count();
  if (count == 0) {
    std::memset(w, 0, static_cast<size_t>(weights * plan.item()));
    return;
  }
  // Tasks are blocks of channels, and parts of the tiles, by the shape alone.
  const int64_t blocks = plan.groups * products.blocks;
  const int64_t most = std::min(kPartBytes / (weights * static_cast<int64_t>(sizeof(float))),
                                plan.batch * products.positions / kPartPositions);
  const int64_t parts =
      std::min(std::clamp<int64_t>(most, 1, std::max<int64_t>(kMostParts / blocks, 1)), count);
  const Scratch memory(parts * weights * static_cast<int64_t>(sizeof(float)));
  auto* const sums = reinterpret_cast<float*>(memory.data);
  runtime::parallel_tasks(parts * blocks, [&](int64_t task) {
    const int64_t part = task / blocks, group = task % blocks / products.blocks;
    const int64_t channel = task % products.blocks * products.some;
    const int64_t begin = count * part / parts;
    const WeightSum sum(products);
    for (int64_t i = begin; i < count * (part + 1) / parts; ++i)
      sum.add(products.tiling.at(i), group, channel, sums + part * weights + group * group_weights,
              x, y, i > begin);
  });
  sum_parts(DType::float32, weights, parts, sums, [&](int64_t i, int64_t n, const char* sum) {
    round_row(n, plan.at(w, i), reinterpret_cast<const float*>(sum));
  });
}

WENGERT_NAMESPACE_END
