// Convolutions as matrix products with unfolded tiles. Every tile is computed by one thread, and
// sums over the batch are cut by the shape alone, so that bits do not depend on the threads.
#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "ops/nn_convolution.h"
#include "ops/nn_winograd.h"
#include "ops/scratch.h"
#include "runtime/parallel.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Bytes of an unfolded tile: half of a usual second-level cache.
constexpr int64_t kTileBytes = 512 * 1024;
// Partial sums of a weight's gradient.
constexpr int64_t kMaxParts = 16, kPartBytes = int64_t{64} << 20;

struct Tiles {
  int64_t size, count;
  Tiles(int64_t positions, int64_t rows, int64_t item) {
    constexpr int64_t kUnit = 32;
    const int64_t most = std::max<int64_t>(kTileBytes / (std::max<int64_t>(rows, 1) * item), 64);
    count = std::max<int64_t>((positions + most - 1) / most, 1);
    size = ((positions + count - 1) / count + kUnit - 1) / kUnit * kUnit;
    count = positions == 0 ? 0 : (positions + size - 1) / size;
  }
};

const void* at(const void* base, int64_t elements, int64_t item) {
  return static_cast<const char*>(base) + elements * item;
}
void* at(void* base, int64_t elements, int64_t item) {
  return static_cast<char*>(base) + elements * item;
}

template <class T>
void fill_rows(void* out, int64_t rows, int64_t n, int64_t ld, const void* values) {
  for (int64_t r = 0; r < rows; ++r) {
    T* p = static_cast<T*>(out) + r * ld;
    std::fill(p, p + n, static_cast<const T*>(values)[r]);
  }
}

}  // namespace

bool ConvolutionPlan::pointwise() const {
  for (int i = 0; i < 3; ++i) {
    if (windows.kernel[i] != 1 || windows.stride[i] != 1 || windows.padding[i] != 0) return false;
  }
  return true;
}

void convolve(const ConvolutionPlan& p, void* y, const void* x, const void* w, const void* bias) {
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::output)) {
    return Winograd{p, tile}.convolve(y, x, w, bias);
  }
  const auto item = static_cast<int64_t>(item_size(p.dtype));
  const int64_t positions = p.windows.positions(), volume = p.windows.volume(), rows = p.rows();
  const bool pointwise = p.pointwise();
  const Tiles tiles(positions, rows, item);
  const auto& kernel = kernels::convolution(p.dtype);
  const auto run = [&](int64_t begin, int64_t end) {
    Scratch col(pointwise ? 0 : rows * tiles.size * item);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / tiles.count, group = image % p.groups;
      const int64_t first = task % tiles.count * tiles.size;
      const int64_t n = std::min(tiles.size, positions - first);
      const void* from = at(x, image * p.in_channels * volume, item);
      kernels::Gemm g;
      g.dtype = p.dtype;
      g.m = p.out_channels;
      g.n = n;
      g.k = rows;
      g.a = at(w, group * p.out_channels * rows, item);
      g.lda = rows;
      if (pointwise) {
        g.b = at(from, first, item);
        g.ldb = volume;
      } else {
        kernel.unfold(p.windows, p.in_channels, first, first + n, col.data, n, from);
        g.b = col.data;
        g.ldb = n;
      }
      g.c = at(y, image * p.out_channels * positions + first, item);
      g.ldc = positions;
      if (bias) {
        const void* values = at(bias, group * p.out_channels, item);
        p.dtype == DType::float64 ? fill_rows<double>(g.c, g.m, n, positions, values)
                                  : fill_rows<float>(g.c, g.m, n, positions, values);
        g.accumulate = true;
      }
      kernels::gemm(g);
    }
  };
  const int64_t tasks = p.batch * p.groups * tiles.count;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

void convolve_input(const ConvolutionPlan& p, void* x, const void* y, const void* w) {
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::input)) {
    return Winograd{p, tile}.convolve_input(x, y, w);
  }
  const auto item = static_cast<int64_t>(item_size(p.dtype));
  const int64_t positions = p.windows.positions(), volume = p.windows.volume(), rows = p.rows();
  const int64_t taps = p.windows.taps();
  const bool pointwise = p.pointwise();
  // A task owns some channels of one image, so that no two write to one element.
  const int64_t wanted = kTileBytes / (std::max<int64_t>(taps * positions, 1) * item);
  const int64_t some = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(p.in_channels, 1));
  const int64_t blocks = (p.in_channels + some - 1) / some;
  const Tiles tiles(positions, some * taps, item);
  const auto& kernel = kernels::convolution(p.dtype);
  const auto run = [&](int64_t begin, int64_t end) {
    Scratch col(pointwise ? 0 : some * taps * tiles.size * item);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t image = task / blocks, group = image % p.groups;
      const int64_t channel = task % blocks * some;
      const int64_t channels = std::min(some, p.in_channels - channel);
      void* to = at(x, (image * p.in_channels + channel) * volume, item);
      kernels::Gemm g;
      g.dtype = p.dtype;
      g.m = channels * taps;
      g.k = p.out_channels;
      g.transpose_a = true;
      g.a = at(w, group * p.out_channels * rows + channel * taps, item);
      g.lda = rows;
      g.ldb = positions;
      if (!pointwise) std::memset(to, 0, static_cast<size_t>(channels * volume * item));
      for (int64_t first = 0; first < positions; first += tiles.size) {
        g.n = std::min(tiles.size, positions - first);
        g.b = at(y, image * p.out_channels * positions + first, item);
        g.c = pointwise ? at(to, first, item) : col.data;
        g.ldc = pointwise ? volume : g.n;
        kernels::gemm(g);
        if (!pointwise) kernel.fold(p.windows, channels, first, first + g.n, col.data, g.n, to);
      }
    }
  };
  const int64_t tasks = p.batch * p.groups * blocks;
  tasks == 1 ? run(0, 1) : runtime::parallel_for(tasks, 1, run);
}

void convolve_weight(const ConvolutionPlan& p, void* w, const void* x, const void* y,
                     bool accumulate) {
  if (const int tile = Winograd::tile_for(p, ConvolutionProduct::weight)) {
    return Winograd{p, tile}.convolve_weight(w, x, y, accumulate);
  }
  const auto item = static_cast<int64_t>(item_size(p.dtype));
  const int64_t positions = p.windows.positions(), volume = p.windows.volume(), rows = p.rows();
  const int64_t weights = p.groups * p.out_channels * rows;
  if (weights == 0) return;
  const bool pointwise = p.pointwise();
  const Tiles tiles(positions, rows, item);
  const auto& kernel = kernels::convolution(p.dtype);
  // Adds what images [first, last) give to `to`, or replaces it.
  const auto images = [&](int64_t first, int64_t last, int64_t group, void* to, bool add) {
    if (first >= last || tiles.count == 0) {
      if (!add) std::memset(to, 0, static_cast<size_t>(p.out_channels * rows * item));
      return;
    }
    Scratch col(pointwise ? 0 : rows * tiles.size * item);
    for (int64_t image = first; image < last; ++image) {
      const int64_t index = image * p.groups + group;
      const void* from = at(x, index * p.in_channels * volume, item);
      for (int64_t begin = 0; begin < positions; begin += tiles.size) {
        const int64_t n = std::min(tiles.size, positions - begin);
        kernels::Gemm g;
        g.dtype = p.dtype;
        g.m = p.out_channels;
        g.n = rows;
        g.k = n;
        g.a = at(y, index * p.out_channels * positions + begin, item);
        g.lda = positions;
        g.transpose_b = true;
        if (pointwise) {
          g.b = at(from, begin, item);
          g.ldb = volume;
        } else {
          kernel.unfold(p.windows, p.in_channels, begin, begin + n, col.data, n, from);
          g.b = col.data;
          g.ldb = n;
        }
        g.c = to;
        g.ldc = rows;
        g.accumulate = add;
        kernels::gemm(g);
        add = true;
      }
    }
  };
  const int64_t most = std::clamp<int64_t>(kPartBytes / (weights * item), 1, kMaxParts);
  const int64_t parts = std::max<int64_t>(std::min(most, p.batch), 1);
  const int64_t group_weights = p.out_channels * rows;
  if (parts == 1) {
    for (int64_t group = 0; group < p.groups; ++group) {
      images(0, p.batch, group, at(w, group * group_weights, item), accumulate);
    }
    return;
  }
  Scratch sums(parts * weights * item);
  runtime::parallel_tasks(parts * p.groups, [&](int64_t task) {
    const int64_t part = task / p.groups, group = task % p.groups;
    images(p.batch * part / parts, p.batch * (part + 1) / parts, group,
           sums.data + (part * weights + group * group_weights) * item, false);
  });
  const auto add_up = [&]<class T>(T) {
    T* to = static_cast<T*>(w);
    const T* from = reinterpret_cast<const T*>(sums.data);
    runtime::parallel_for(weights, 4096, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        T total = from[i];
        for (int64_t part = 1; part < parts; ++part) total += from[part * weights + i];
        to[i] = accumulate ? to[i] + total : total;
      }
    });
  };
  p.dtype == DType::float64 ? add_up(double{}) : add_up(float{});
}

WENGERT_NAMESPACE_END
