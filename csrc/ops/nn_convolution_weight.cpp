// The weights' gradient of a convolution, as products with unfolded tiles. Sums over the batch are
// cut by the shape alone, so that bits do not depend on the threads.
#include <algorithm>
#include <numeric>

#include "ops/nn_convolution_pairs.h"
#include "ops/nn_convolution_products.h"
#include "ops/nn_depthwise.h"
#include "ops/nn_winograd.h"
#include "runtime/scratch.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;
using Products = ConvolutionProducts;

// Partial sums of a weight's gradient.
constexpr int64_t kMaxParts = 16, kPartBytes = int64_t{64} << 20;

// The weights' gradient: what tiles give to the weights of a block of channels.
class WeightSum {
 public:
  explicit WeightSum(const Products& s)
      : s_(s),
        columns_(s.tiling.columns()),
        together_(s.taps == 1 ? panel() : 1),
        ring_(ceil_div(panel() - std::gcd(panel(), rows()) + rows(), panel()) * panel()),
        lines_(bytes((ring_ + rows()) * columns_)),
        col_(bytes(kernels::gemm_panels_size(s.p.dtype, s.some * s.taps, columns_))),
        own_(s.gathered_bytes()) {}

  // At `to`, where the group's weights begin.
  void add(const Tile& t, int64_t group, int64_t channel, void* to, const void* x, const void* y,
           bool accumulate) const {
    const ConvolutionPlan& p = s_.p;
    const int64_t channels = s_.channels_from(channel);
    kernels::Gemm g = s_.product(p.out_channels, channels * s_.taps, t.columns());
    const Products::Rows from = s_.gathered(t, group, y, own_.data);
    g.a = from.data;
    g.lda = from.ld;
    g.c = p.at(to, channel * s_.taps);
    g.ldc = s_.rows;
    g.accumulate = accumulate;
    const Unfolding unfolding(p, t, group, Unfolding::Layout::rows);
    if (s_.stands_in_x(t)) {
      g.b = p.at(p.x_at(x, t.image, group, channel), t.begin);
      g.ldb = s_.volume;
      g.transpose_b = true;
    } else {
      unfold(unfolding, t, channel, channels, x);
      g.b = col_.data;
      g.panels_b = true;
    }
    const kernels::Fetch x_later =
        s_.after(p, x, t, group, channel, channels, unfolding.start(), unfolding.reach());
    kernels::Fetch later = s_.after(s_.grid, y, t, group, 0, p.out_channels, t.begin, t.end);
    later.more = &x_later;
    g.later = &later;
    kernels::gemm(g);
  }

 private:
  int64_t panel() const { return kernels::gemm_panel_columns(s_.p.dtype); }
  int64_t rows() const { return together_ * s_.taps; }
  int64_t bytes(int64_t elements) const { return elements * s_.p.item(); }
  // What the taps see, transposed, in panels of taps. The taps of some channels are put into a ring
  // of whole panels, from which panels are taken as soon as they are full: both stay in the cache.
  void unfold(const Unfolding& unfolding, const Tile& t, int64_t channel, int64_t channels,
              const void* x) const {
    const ConvolutionPlan& p = s_.p;
    const int64_t k = t.columns();
    const auto line = [&](int64_t i) { return p.at(lines_.data, i * k); };
    kernels::Gemm g = s_.product(0, 0, k);
    g.ldb = k;
    g.transpose_b = true;
    int64_t packed = 0, row = 0;  // taps in panels, and where the next channel's go
    for (int64_t c = 0; c < channels; c += together_) {
      const int64_t some = std::min(together_, channels - c);
      unfolding.read(line(row), x, channel + c, some);
      row += some * s_.taps;
      if (row >= ring_) {
        row -= ring_;
        std::memcpy(line(0), line(ring_), static_cast<size_t>(bytes(row * k)));
      }
      const int64_t taps = (c + some) * s_.taps;
      while (taps - packed >= (c + some < channels ? panel() : 1)) {
        g.n = std::min(panel(), taps - packed);
        g.b = line(packed % ring_);
        kernels::gemm_pack(g, p.at(col_.data, packed * k));
        packed += g.n;
      }
    }
  }

  const Products& s_;
  int64_t columns_;
  int64_t together_;  // channels that are unfolded at a time
  int64_t ring_;
  Scratch lines_, col_, own_;
};

}  // namespace

void convolve_weight(const ConvolutionPlan& p, void* w, const void* x, const void* y,
                     bool accumulate) {
  if (p.dtype == DType::bfloat16) {
    WG_CHECK(!accumulate, InternalError,
             "convolution: expected no sum in bfloat16 to add to (a bug)");
    return PairConvolution{p}.convolve_weight(w, x, y);
  }
  if (Depthwise::covers(p)) return Depthwise{p}.convolve_weight(w, x, y, accumulate);
  if (const auto winograd = Winograd::cheapest(p, ConvolutionProduct::weight)) {
    return winograd->convolve_weight(w, x, y, accumulate);
  }
  const Products products{p, Tiling::Along::sum};
  const Tiling& tiling = products.tiling;
  const int64_t group_weights = p.out_channels * products.rows;
  const int64_t weights = p.groups * group_weights;
  if (weights == 0) return;
  const int64_t count = tiling.count();
  if (count == 0) {
    if (!accumulate) std::memset(w, 0, static_cast<size_t>(weights * p.item()));
    return;
  }
  // Tasks are blocks of channels, and parts of the tiles if there are few of those: sums over parts
  // have to be added up.
  const int64_t blocks = p.groups * products.blocks;
  const int64_t most = std::clamp<int64_t>(kPartBytes / (weights * p.item()), 1,
                                           std::max<int64_t>(kMaxParts / blocks, 1));
  const int64_t parts = std::min(most, count);
  const Scratch sums(parts == 1 ? 0 : parts * weights * p.item());
  const auto run = [&](int64_t task) {
    const int64_t part = task / blocks, group = task % blocks / products.blocks;
    const int64_t channel = task % products.blocks * products.some;
    void* const to = p.at(parts == 1 ? w : sums.data, part * weights + group * group_weights);
    bool add = parts == 1 && accumulate;
    const WeightSum sum(products);
    for (int64_t i = count * part / parts; i < count * (part + 1) / parts; ++i, add = true)
      sum.add(tiling.at(i), group, channel, to, x, y, add);
  };
  if (parts * blocks == 1) return run(0);
  runtime::parallel_tasks(parts * blocks, run);
  if (parts == 1) return;
  sum_parts(p.dtype, weights, parts, sums.data, [&](int64_t i, int64_t n, const char* sum) {
    char* const to = static_cast<char*>(p.at(w, i));
    if (accumulate) {
      add_elements(p.dtype, n, to, sum);
    } else {
      std::memcpy(to, sum, static_cast<size_t>(n * p.item()));
    }
  });
}

WENGERT_NAMESPACE_END
