// Winograd's filtering in three steps: the patches of some tiles are transformed, multiplied as
// matrices, and the products transformed back. Some tiles are so many that what is
// between the steps stays in the second-level cache. How tiles and channels are cut depends on the
// shape alone, and so do the bits of the results.
#include "ops/nn_winograd.h"

#include <algorithm>

#include "kernels/gemm.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using runtime::Scratch;

using kernels::TileRows;
using kernels::Transformed;
using kernels::WinogradForm;

// Channels of a transformed piece of the weights.
constexpr int64_t kInputs = 128, kOutputs = 64;
// Input channels of a piece of the weight's gradient: two register tiles of rows.
constexpr int64_t kGradientInputs = 28;

// [0, total) cut into `count` ranges of `size`, a multiple of `unit`; the last may be shorter.
struct Pieces {
  int64_t total, size, count;
  Pieces(int64_t total, int64_t most, int64_t unit) : total(total) {
    const int64_t parts = ceil_div(total, most);
    size = ceil_div(ceil_div(total, parts), unit) * unit;
    count = ceil_div(total, size);
  }
  int64_t begin(int64_t i) const { return i * size; }
  int64_t length(int64_t i) const { return std::min(size, total - i * size); }
};

// Planes of a batch that are cut into tiles.
struct Planes {
  int64_t channels, image;  // elements from one image to the next
  int64_t height, width;
  int64_t padding[2];

  int64_t size() const { return height * width; }
};

// The tiles of all images, and how they and the channels lie in memory.
class Tiling {
 public:
  Tiling(const ConvolutionPlan& p, const WinogradForm& form, int64_t height, int64_t width)
      : kernels(kernels::winograd(p.dtype, form)),
        plan(p),
        form(form),
        down(ceil_div(height, form.result_step())),
        across(ceil_div(width, form.result_step())),
        rows(p.batch * down) {}

  const kernels::WinogradKernels& kernels;
  const ConvolutionPlan& plan;
  WinogradForm form;
  int64_t down, across;  // tiles of an image
  int64_t rows;          // of tiles, of all images

  int64_t whole(int64_t channels) const {
    return ceil_div(channels, kernels.lanes) * kernels.lanes;
  }
  // Matrices of `count` rows, of patches or of weights; a cache line is between their groups.
  Transformed matrices(void* data, int64_t count, int64_t row) const {
    return {data, count * row, row, kernels.lanes};
  }
  int64_t patch_bytes(const Transformed& t) const {
    return (form.matrices() * t.matrix + form.weight_matrices() * t.gap) * plan.item();
  }
  int64_t weight_bytes(const Transformed& t) const {
    return t.at(form.weight_matrices()) * plan.item();
  }
  int64_t strip_bytes(const Planes& x, int step) const {
    return 2 * kernels::strip_rows(step, x.width) * x.width * kernels.lanes * plan.item();
  }

  // Calls f(tile rows, first tile, image) for the parts of tile rows [begin, end) of each image.
  template <class F>
  void for_images(const Planes& x, int64_t begin, int64_t end, F f) const {
    for (int64_t row = begin; row < end;) {
      const int64_t image = row / down, first = row % down;
      const int64_t last = std::min(down, first + end - row);
      f(TileRows{x.height, x.width, {x.padding[0], x.padding[1]}, first, last, across},
        (row - begin) * across, image);
      row += last - first;
    }
  }

  // One of the two transforms of planes, in steps of `step`, for tile rows [begin, end), in
  // parallel.
  template <class Kernel>
  void cut(Kernel kernel, int step, const Planes& x, const void* data, int64_t begin, int64_t end,
           const Transformed& v) const {
    const int64_t work = across * form.matrices() * x.channels;
    runtime::parallel_for(end - begin, 20000 / (work + 1) + 1, [&](int64_t from, int64_t to) {
      const Scratch strip(strip_bytes(x, step));
      for_images(x, begin + from, begin + to, [&](const TileRows& r, int64_t first, int64_t image) {
        kernel(r, x.channels, plan.at(data, image * x.image), x.size(),
               {plan.at(v.data, (from * across + first) * v.row), v.matrix, v.row, v.gap},
               strip.data);
      });
    });
  }

  // m = or += v u for each matrix of weights, `tiles` x `inputs` times `inputs` x `outputs`.
  void multiply(const Transformed& v, const Transformed& u, const Transformed& m, int64_t tiles,
                int64_t outputs, int64_t inputs, bool accumulate) const {
    kernels::Gemm g;
    g.dtype = plan.dtype;
    g.n = outputs;
    g.k = inputs;
    g.lda = v.row;
    g.ldb = u.row;
    g.ldc = m.row;
    g.accumulate = accumulate;
    for (int i = 0; i < form.weight_matrices(); ++i) {
      const WinogradForm::Group group = form.group(i);
      g.m = tiles * group.count;
      g.a = plan.at(v.data, v.at(group, i));
      g.b = plan.at(u.data, u.at(i));
      g.c = plan.at(m.data, m.at(group, i));
      kernels::gemm(g);
    }
  }
  // u = or += v^T q for the matrices [begin, end) of weights.
  void multiply_weights(const Transformed& v, const Transformed& q, const Transformed& u,
                        int64_t tiles, int64_t outputs, int64_t inputs, bool accumulate, int begin,
                        int end) const {
    kernels::Gemm g;
    g.dtype = plan.dtype;
    g.transpose_a = true;
    g.m = inputs;
    g.n = outputs;
    g.lda = v.row;
    g.ldb = q.row;
    g.ldc = u.row;
    g.accumulate = accumulate;
    for (int i = begin; i < end; ++i) {
      const WinogradForm::Group group = form.group(i);
      g.k = tiles * group.count;
      g.a = plan.at(v.data, v.at(group, i));
      g.b = plan.at(q.data, q.at(group, i));
      g.c = plan.at(u.data, u.at(i));
      kernels::gemm(g);
    }
  }
};

// Where the weight of an input and an output channel lies, and whether it is turned by 180 degrees.
struct WeightLayout {
  int64_t by_input, by_output;
  bool turned;
};

// y = or += the correlation of x with w, for one group.
class Correlation {
 public:
  Correlation(const Tiling& tiling, const Planes& x, const Planes& y, const WeightLayout& layout)
      : t_(tiling),
        x_(x),
        y_(y),
        layout_(layout),
        blocks_(tiling.rows, block_rows(tiling), 1),
        inputs_(x.channels, kInputs, 1),
        outputs_(y.channels, kOutputs, tiling.kernels.lanes) {}

  void run(void* y, const void* x, const void* w, const void* bias, bool accumulate) const {
    // Weights are transformed once if many blocks use them, otherwise piece by piece in the cache.
    const bool keep = blocks_.count > 2;
    const int64_t piece = piece_bytes();
    const Scratch kept(keep ? inputs_.count * outputs_.count * piece : 0);
    if (keep) {
      runtime::parallel_for(inputs_.count * outputs_.count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          transform_weight(w, i / inputs_.count, i % inputs_.count, kept.data + i * piece);
      });
    }
    const auto block = [&](int64_t i) {
      run_block(y, x, w, bias, accumulate, i, keep ? kept.data : nullptr);
    };
    const int64_t threads = runtime::available_threads();
    if (blocks_.count >= 2 * threads || blocks_.count % threads == 0) {
      runtime::parallel_tasks(blocks_.count, block);
    } else {
      for (int64_t i = 0; i < blocks_.count; ++i) block(i);
    }
  }

 private:
  // Few blocks are an even number: threads share them evenly.
  static int64_t block_rows(const Tiling& t) {
    const int64_t parts =
        ceil_div(t.rows, std::max<int64_t>(Winograd::tiles_together(t.form) / t.across, 1));
    return ceil_div(t.rows, parts > 2 && parts < 16 ? parts + parts % 2 : parts);
  }
  Transformed piece_at(void* data) const { return t_.matrices(data, inputs_.size, outputs_.size); }
  int64_t piece_bytes() const { return t_.weight_bytes(piece_at(nullptr)); }

  Transformed transform_weight(const void* w, int64_t output, int64_t input, void* to) const {
    const Transformed u = piece_at(to);
    const int64_t k = inputs_.begin(input), o = outputs_.begin(output);
    t_.kernels.weight(inputs_.length(input), outputs_.length(output),
                      t_.plan.at(w, k * layout_.by_input + o * layout_.by_output), layout_.by_input,
                      layout_.by_output, layout_.turned, u);
    return u;
  }

  void run_block(void* y, const void* x, const void* w, const void* bias, bool accumulate,
                 int64_t block, char* kept) const {
    const int64_t begin = blocks_.begin(block), end = begin + blocks_.length(block);
    const int64_t tiles = (end - begin) * t_.across;
    Transformed v = t_.matrices(nullptr, tiles, t_.whole(x_.channels));
    const Scratch data(t_.patch_bytes(v));
    v.data = data.data;
    t_.cut(t_.kernels.data, t_.form.data_step(), x_, x, begin, end, v);
    runtime::parallel_tasks(outputs_.count, [&](int64_t output) {
      const int64_t channels = outputs_.length(output), first = outputs_.begin(output);
      Transformed m = t_.matrices(nullptr, tiles, outputs_.size);
      const Scratch products(t_.patch_bytes(m)), weights(kept ? 0 : piece_bytes());
      const Scratch strip(t_.strip_bytes(y_, t_.form.result_step()));
      m.data = products.data;
      for (int64_t input = 0; input < inputs_.count; ++input) {
        const Transformed u =
            kept ? piece_at(kept + (output * inputs_.count + input) * piece_bytes())
                 : transform_weight(w, output, input, weights.data);
        const Transformed some{t_.plan.at(v.data, inputs_.begin(input)), v.matrix, v.row, v.gap};
        t_.multiply(some, u, m, tiles, t_.whole(channels), inputs_.length(input), input > 0);
      }
      t_.for_images(y_, begin, end, [&](const TileRows& r, int64_t tile, int64_t image) {
        t_.kernels.result(r, channels, t_.plan.at(y, image * y_.image + first * y_.size()),
                          y_.size(), bias ? t_.plan.at(bias, first) : nullptr, accumulate,
                          {t_.plan.at(m.data, tile * m.row), m.matrix, m.row, m.gap}, strip.data);
      });
    });
  }

  const Tiling& t_;
  const Planes &x_, &y_;
  WeightLayout layout_;
  Pieces blocks_, inputs_, outputs_;  // of tile rows, input channels, output channels
};

// w = or += the sum over all tiles of the products of g with x, for one group. The tiles are cut
// into slices with sums of their own, so that threads do not wait for each other at every block.
class WeightSum {
 public:
  WeightSum(const Tiling& tiling, const Planes& x, const Planes& g, const WeightLayout& layout)
      : t_(tiling),
        x_(x),
        g_(g),
        layout_(layout),
        inputs_(x.channels, kGradientInputs, 1),
        outputs_(g.channels, kOutputs, tiling.kernels.lanes),
        rows_(
            std::max<int64_t>(Winograd::summed_tiles(tiling.plan, tiling.form) / tiling.across, 1)),
        slices_(tiling.rows, ceil_div(tiling.rows, slices()), 1) {}

  void run(void* w, const void* x, const void* g, bool accumulate) const {
    const int64_t pieces = inputs_.count * outputs_.count;
    // A sum over one block goes on to the weights at once and stays in the cache.
    if (slices_.count == 1 && t_.rows <= rows_) {
      const Block block(*this, x, g, 0, t_.rows);
      runtime::parallel_tasks(pieces, [&](int64_t piece) {
        const Scratch own(piece_bytes());
        block.multiply(piece, own.data, false, 0, t_.form.weight_matrices());
        finish(piece, w, own.data, accumulate);
      });
      return;
    }
    const int64_t slice_bytes = pieces * piece_bytes();
    const Scratch sums(slices_.count * slice_bytes);
    const auto sum = [&](int64_t slice) {
      sum_slice(slice, x, g, sums.data + slice * slice_bytes);
    };
    if (slices_.count >= runtime::available_threads()) {
      runtime::parallel_tasks(slices_.count, sum);
    } else {
      for (int64_t i = 0; i < slices_.count; ++i) sum(i);
    }
    runtime::parallel_tasks(pieces, [&](int64_t piece) {
      char* const total = sums.data + piece * piece_bytes();
      for (int64_t i = 1; i < slices_.count; ++i)
        add_elements(t_.plan.dtype, piece_bytes() / t_.plan.item(), total, total + i * slice_bytes);
      finish(piece, w, total, accumulate);
    });
  }

 private:
  // The transforms of tile rows [begin, end).
  struct Block {
    const WeightSum& sum;
    int64_t tiles;
    Transformed v, q;
    Scratch data, gradient;

    Block(const WeightSum& s, const void* x, const void* g, int64_t begin, int64_t end)
        : sum(s),
          tiles((end - begin) * s.t_.across),
          v(empty(s.x_)),
          q(empty(s.g_)),
          data(s.t_.patch_bytes(v)),
          gradient(s.t_.patch_bytes(q)) {
      v.data = data.data;
      q.data = gradient.data;
      s.t_.cut(s.t_.kernels.data, s.t_.form.data_step(), s.x_, x, begin, end, v);
      s.t_.cut(s.t_.kernels.gradient, s.t_.form.result_step(), s.g_, g, begin, end, q);
    }
    Transformed empty(const Planes& x) const {
      return sum.t_.matrices(nullptr, tiles, sum.t_.whole(x.channels));
    }
    // Matrices [begin, end) of the products of a piece.
    void multiply(int64_t piece, void* to, bool accumulate, int begin, int end) const {
      const Pieces &inputs = sum.inputs_, &outputs = sum.outputs_;
      const int64_t input = piece % inputs.count, output = piece / inputs.count;
      const auto part = [&](const Transformed& t, int64_t channel) {
        return Transformed{sum.t_.plan.at(t.data, channel), t.matrix, t.row, t.gap};
      };
      sum.t_.multiply_weights(part(v, inputs.begin(input)), part(q, outputs.begin(output)),
                              sum.piece_at(to), tiles, sum.t_.whole(outputs.length(output)),
                              inputs.length(input), accumulate, begin, end);
    }
  };

  // Two unless their sums are large, more if those are small.
  int64_t slices() const {
    constexpr int64_t kMost = 16, kSmall = 1 << 19, kLarge = 5 << 20;
    const int64_t blocks = ceil_div(t_.rows, rows_);
    const int64_t bytes = inputs_.count * outputs_.count * piece_bytes();
    int64_t n = 1;
    while (n < kMost && 2 * n <= blocks && 2 * n * bytes <= (n == 1 ? kLarge : kSmall)) n *= 2;
    return n;
  }
  Transformed piece_at(void* data) const { return t_.matrices(data, inputs_.size, outputs_.size); }
  int64_t piece_bytes() const { return t_.weight_bytes(piece_at(nullptr)); }

  void sum_slice(int64_t slice, const void* x, const void* g, char* sums) const {
    const int64_t pieces = inputs_.count * outputs_.count;
    const int64_t rows = slices_.length(slice);
    const Pieces blocks(rows, ceil_div(rows, std::max<int64_t>((rows + rows_ / 2) / rows_, 1)), 1);
    for (int64_t i = 0; i < blocks.count; ++i) {
      const int64_t begin = slices_.begin(slice) + blocks.begin(i);
      const Block block(*this, x, g, begin, begin + blocks.length(i));
      // Lines of matrices are tasks as well: there may be one piece only.
      const int line = t_.form.weight_side();
      runtime::parallel_tasks(pieces * line, [&](int64_t task) {
        const int64_t piece = task / line;
        const int first = static_cast<int>(task % line) * line;
        block.multiply(piece, sums + piece * piece_bytes(), i > 0, first, first + line);
      });
    }
  }
  void finish(int64_t piece, void* w, void* from, bool accumulate) const {
    const int64_t input = piece % inputs_.count, output = piece / inputs_.count;
    t_.kernels.weight_gradient(inputs_.length(input), outputs_.length(output),
                               t_.plan.at(w, inputs_.begin(input) * layout_.by_input +
                                                 outputs_.begin(output) * layout_.by_output),
                               layout_.by_input, layout_.by_output, accumulate, piece_at(from));
  }

  const Tiling& t_;
  const Planes &x_, &g_;
  WeightLayout layout_;
  Pieces inputs_, outputs_;
  int64_t rows_;   // of tiles in a block, about
  Pieces slices_;  // of rows of tiles
};

Planes input_planes(const ConvolutionPlan& p) {
  const kernels::Windows& w = p.windows;
  return {p.in_channels,
          p.groups * p.in_channels * w.volume(),
          w.in[1],
          w.in[2],
          {w.padding[1], w.padding[2]}};
}
Planes output_planes(const ConvolutionPlan& p, int64_t padding_rows, int64_t padding_columns) {
  const kernels::Windows& w = p.windows;
  return {p.out_channels,
          p.groups * p.out_channels * w.positions(),
          w.out[1],
          w.out[2],
          {padding_rows, padding_columns}};
}

}  // namespace

void Winograd::convolve(void* y, const void* x, const void* w, const void* bias) const {
  const Tiling tiling(plan, form, plan.windows.out[1], plan.windows.out[2]);
  const Planes from = input_planes(plan), to = output_planes(plan, 0, 0);
  const Correlation product(tiling, from, to, {9, 9 * plan.in_channels, false});
  for (int64_t group = 0; group < plan.groups; ++group) {
    product.run(plan.at(y, group * to.channels * to.size()),
                plan.at(x, group * from.channels * from.size()),
                plan.at(w, group * to.channels * from.channels * 9),
                bias ? plan.at(bias, group * to.channels) : nullptr, false);
  }
}

void Winograd::convolve_input(void* x, const void* y, const void* w, bool accumulate) const {
  const kernels::Windows& windows = plan.windows;
  const Tiling tiling(plan, form, windows.in[1], windows.in[2]);
  // A strided one has a padding of 1, and its first tile begins where y does.
  const Planes from = form.strided
                          ? output_planes(plan, 0, 0)
                          : output_planes(plan, 2 - windows.padding[1], 2 - windows.padding[2]);
  const Planes to = input_planes(plan);
  const Correlation product(tiling, from, to, {9 * plan.in_channels, 9, true});
  for (int64_t group = 0; group < plan.groups; ++group) {
    product.run(plan.at(x, group * to.channels * to.size()),
                plan.at(y, group * from.channels * from.size()),
                plan.at(w, group * to.channels * from.channels * 9), nullptr, accumulate);
  }
}

void Winograd::convolve_weight(void* w, const void* x, const void* y, bool accumulate) const {
  const Tiling tiling(plan, form, plan.windows.out[1], plan.windows.out[2]);
  const Planes input = input_planes(plan), gradient = output_planes(plan, 0, 0);
  const WeightSum sum(tiling, input, gradient, {9, 9 * plan.in_channels, false});
  for (int64_t group = 0; group < plan.groups; ++group) {
    sum.run(plan.at(w, group * gradient.channels * input.channels * 9),
            plan.at(x, group * input.channels * input.size()),
            plan.at(y, group * gradient.channels * gradient.size()), accumulate);
  }
}

WENGERT_NAMESPACE_END
