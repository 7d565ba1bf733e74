// Images read at the points of a grid. y = S(grid) x is linear in the image, so that S and its
// adjoint, with the derivatives of their weights by the grid's coordinates, are closed under
// differentiation.
#include <algorithm>

#include "ops/function.h"
#include "ops/nn_grid_taps.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/fill.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::GridMode;
using detail::GridPadding;
using detail::GridRule;
using detail::GridTaps;
using detail::kGridBlock;

#define WG_RULE_FIELDS                                                                   \
  auto rule_fields() const {                                                             \
    return std::tie(rule.mode, rule.padding, rule.align_corners, rule.size, rule.order); \
  }

int64_t points_of(const Tensor& grid) {
  return grid.size(0) ? grid.numel() / grid.size(0) / grid.size(-1) : 0;
}
int64_t grain(int64_t work) {
  return std::max<int64_t>(kParallelGrain / 4 / std::max<int64_t>(work, 1), 1);
}
// The image's values at the points, (n, c, ...) from the image and the grid (n, ..., coordinates);
// or where `adjoint` an image from values at the points.
struct GridSample {
  GridRule rule;
  bool adjoint;
  static constexpr const char* name = "grid_sample";
  static constexpr const char* field_names = "mode, padding, align_corners, size, order, adjoint";
  WG_RULE_FIELDS
  auto fields() const { return std::tuple_cat(rule_fields(), std::tie(adjoint)); }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1)};
  void infer(Infer& m) const {
    const TensorImpl& grid = m.in(1);
    m.out().dtype = m.in(0).dtype;
    m.out().shape = Shape(Dims(m.in(0).shape(), 2));
    for (int i = 0; i < rule.spatial(); ++i) {
      m.out().shape.push(adjoint ? rule.size.d[i] : grid.shape()[1 + i]);
    }
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0)), grid = as_contiguous(c.in(1));
    with_float_type(name, x.dtype(), [&]<class T>(T) {
      adjoint ? spread(x.data<T>(), grid, c.out()) : sample(x.data<T>(), grid, c.out());
    });
  }
  // The examples' images are further images.
  bool batch(Batch& b) const {
    const Tensor x = b.front(0), grid = b.front(1);
    const auto merged = [](const Tensor& t) {
      Shape s;
      s.push(t.size(0) * t.size(1));
      for (int64_t i = 2; i < t.dim(); ++i) s.push(t.size(i));
      return reshape(t, s);
    };
    const Tensor found = apply(*this, merged(x), merged(grid));
    Shape s;
    for (const int64_t n : {x.size(0), x.size(1)}) s.push(n);
    for (int64_t i = 1; i < found.dim(); ++i) s.push(found.size(i));
    b.set(0, reshape(found, s));
    return true;
  }
  void vjp(Vjp& v) const;
  void jvp(Jvp& j) const {
    if (j.has(0)) j.set(0, apply(*this, j.tangent(0), j.in(1)));
    if (!j.has(1) || rule.mode == GridMode::nearest) return;
    for (int d = 0; d < rule.spatial(); ++d) {
      GridSample derived = *this;
      derived.rule.order.d[d] += 1;
      const Tensor moved = unsqueeze(select(j.tangent(1), -1, d), 1);
      j.add(0, adjoint ? apply(derived, mul(j.in(0), moved), j.in(1))
                       : mul(apply(derived, j.in(0), j.in(1)), moved));
    }
  }

 private:
  template <class T>
  void sample(const T* x, const Tensor& grid, const Tensor& out) const {
    const int64_t channels = out.size(1), points = points_of(grid), volume = rule.volume();
    const int64_t blocks = (points + kGridBlock - 1) / kGridBlock;
    const int taps = rule.taps();
    T* y = out.data<T>();
    const T* at = grid.data<T>();
    const auto run = [&](int64_t begin, int64_t end) {
      GridTaps<T> t;
      for (int64_t b = begin; b < end; ++b) {
        const int64_t image = b / blocks, first = b % blocks * kGridBlock;
        const int64_t n = std::min<int64_t>(kGridBlock, points - first);
        t.fill(rule, at + (image * points + first) * rule.spatial(), n);
        const bool inside = t.is_inside(taps, n);
        for (int64_t c = 0; c < channels; ++c) {
          const T* from = x + (image * channels + c) * volume;
          T* to = y + (image * channels + c) * points + first;
          if (inside && taps == 4) {
            weigh<4>(t, from, to, n);
          } else if (inside && taps == 16) {
            weigh<16>(t, from, to, n);
          } else {
            fill_run(to, n, T{0});
            for (int k = 0; k < taps; ++k) {
              for (int64_t p = 0; p < n; ++p) {
                to[p] += (t.index[k][p] < 0 ? T{0} : from[t.index[k][p]]) * t.weight[k][p];
              }
            }
          }
        }
      }
    };
    runtime::parallel_for(out.size(0) * blocks, grain(channels * taps * kGridBlock), run);
  }
  // Sums over the taps, which are all there.
  template <int kTaps, class T>
  static void weigh(const GridTaps<T>& t, const T* from, T* to, int64_t n) {
    for (int64_t p = 0; p < n; ++p) {
      T sum = 0;
      for (int k = 0; k < kTaps; ++k) sum += from[t.index[k][p]] * t.weight[k][p];
      to[p] = sum;
    }
  }
  // A plane of the image is the work of one thread, which goes through the points in order.
  template <class T>
  void spread(const T* g, const Tensor& grid, const Tensor& out) const {
    const int64_t channels = out.size(1), points = points_of(grid), volume = rule.volume();
    const int taps = rule.taps();
    T* x = out.data<T>();
    const T* at = grid.data<T>();
    const auto run = [&](int64_t begin, int64_t end) {
      fill_run(x + begin * volume, (end - begin) * volume, T{0});
      GridTaps<T> t;
      while (begin < end) {
        const int64_t image = begin / channels, stop = std::min(end, (image + 1) * channels);
        for (int64_t first = 0; first < points; first += kGridBlock) {
          const int64_t n = std::min<int64_t>(kGridBlock, points - first);
          t.fill(rule, at + (image * points + first) * rule.spatial(), n);
          for (int64_t plane = begin; plane < stop; ++plane) {
            T* to = x + plane * volume;
            const T* from = g + plane * points + first;
            for (int k = 0; k < taps; ++k) {
              for (int64_t p = 0; p < n; ++p) {
                if (t.index[k][p] >= 0) to[t.index[k][p]] += from[p] * t.weight[k][p];
              }
            }
          }
        }
        begin = stop;
      }
    };
    runtime::parallel_for(out.size(0) * channels, grain(points * taps), run);
  }
};

// The gradient for the grid in one pass: of values at the points (n, c, ...), the image and the
// grid.
struct GridGradient {
  GridRule rule;
  static constexpr const char* name = "grid_sample_gradient";
  static constexpr const char* field_names = "mode, padding, align_corners, size, order";
  WG_RULE_FIELDS
  auto fields() const { return rule_fields(); }
  void infer(Infer& m) const {
    m.out().dtype = m.in(2).dtype;
    m.out().shape = m.in(2).sizes();
  }
  void compute(Compute& c) const {
    const Tensor g = as_contiguous(c.in(0)), x = as_contiguous(c.in(1)),
                 grid = as_contiguous(c.in(2));
    with_float_type(name, x.dtype(), [&]<class T>(T) { run<T>(g, x, grid, c.out()); });
  }

 private:
  template <class T>
  void run(const Tensor& gradient, const Tensor& image, const Tensor& grid,
           const Tensor& out) const {
    const int64_t channels = image.size(1), points = points_of(grid), volume = rule.volume();
    const int64_t blocks = (points + kGridBlock - 1) / kGridBlock;
    const int taps = rule.taps(), spatial = rule.spatial();
    const T *g = gradient.data<T>(), *x = image.data<T>(), *at = grid.data<T>();
    T* to = out.data<T>();
    const auto block = [&](int64_t begin, int64_t end) {
      GridTaps<T> t;
      T products[detail::kGridTaps][kGridBlock];  // over the channels
      for (int64_t b = begin; b < end; ++b) {
        const int64_t n_image = b / blocks, first = b % blocks * kGridBlock;
        const int64_t n = std::min<int64_t>(kGridBlock, points - first);
        const int64_t begin_point = (n_image * points + first) * spatial;
        for (int d = 0; d < spatial; ++d) {
          GridRule derived = rule;
          derived.order.d[d] += 1;
          t.fill(derived, at + begin_point, n);
          if (d == 0) multiply(t, g, x, n_image, channels, points, volume, first, n, products);
          for (int64_t p = 0; p < n; ++p) {
            T total = 0;
            for (int k = 0; k < taps; ++k) total += t.weight[k][p] * products[k][p];
            to[begin_point + p * spatial + d] = total;
          }
        }
      }
    };
    runtime::parallel_for(grid.size(0) * blocks, grain(channels * taps * kGridBlock), block);
  }
  template <class T>
  void multiply(const GridTaps<T>& t, const T* g, const T* x, int64_t image, int64_t channels,
                int64_t points, int64_t volume, int64_t first, int64_t n,
                T (*products)[kGridBlock]) const {
    for (int k = 0; k < rule.taps(); ++k) fill_run(products[k], n, T{0});
    for (int64_t c = image * channels; c < (image + 1) * channels; ++c) {
      const T *from = x + c * volume, *by = g + c * points + first;
      for (int k = 0; k < rule.taps(); ++k) {
        for (int64_t p = 0; p < n; ++p) {
          products[k][p] += (t.index[k][p] < 0 ? T{0} : from[t.index[k][p]]) * by[p];
        }
      }
    }
  }
};
#undef WG_RULE_FIELDS

void GridSample::vjp(Vjp& v) const {
  const Tensor &g = v.grad(), &grid = v.saved(1);
  if (v.needs(0)) v.set(0, apply(GridSample{rule, !adjoint}, g, grid));
  if (!v.needs(1)) return;
  if (rule.mode == GridMode::nearest) {  // constant between the halfway points
    v.set(1, zeros(grid.shape(), grid.dtype()));
    return;
  }
  const Tensor &image = adjoint ? g : v.saved(0), &values = adjoint ? v.saved(0) : g;
  if (!v.create_graph()) {
    v.set(1, apply(GridGradient{rule}, values, image, grid));
    return;
  }
  std::vector<Tensor> parts;
  for (int d = 0; d < rule.spatial(); ++d) {
    GridSample derived{rule, false};
    derived.rule.order.d[d] += 1;
    parts.push_back(sum(mul(values, apply(derived, image, grid)), {1}));
  }
  v.set(1, stack(parts, -1));
}

GridMode mode_of(std::string_view mode) {
  if (mode == "bilinear") return GridMode::bilinear;
  if (mode == "nearest") return GridMode::nearest;
  WG_CHECK(mode == "bicubic", ValueError,
           "grid_sample: mode must be 'bilinear', 'nearest' or 'bicubic', but is '",
           std::string(mode), "'");
  return GridMode::bicubic;
}
GridPadding padding_of(std::string_view mode) {
  if (mode == "zeros") return GridPadding::zeros;
  if (mode == "border") return GridPadding::border;
  WG_CHECK(mode == "reflection", ValueError,
           "grid_sample: padding_mode must be 'zeros', 'border' or 'reflection', but is '",
           std::string(mode), "'");
  return GridPadding::reflection;
}

}  // namespace

Tensor grid_sample(const Tensor& input, const Tensor& grid, std::string_view mode,
                   std::string_view padding_mode, bool align_corners) {
  const char* op = "grid_sample";
  const TensorImpl &x = *detail::input(op, input), &points = *detail::input(op, grid);
  GridRule r{mode_of(mode), padding_of(padding_mode), align_corners, {}, {}};
  WG_CHECK((x.ndim == 4 || x.ndim == 5) && points.ndim == x.ndim &&
               points.shape()[0] == x.shape()[0] && points.shape()[x.ndim - 1] == x.ndim - 2,
           Error, op,
           ": expected an input (N, C, H, W) with a grid (N, ..., ..., 2), or (N, C, D, H, W) with "
           "(N, ..., ..., ..., 3), but got shapes ",
           x.sizes(), " and ", points.sizes());
  for (int i = 2; i < x.ndim; ++i) {
    WG_CHECK(x.shape()[i] > 0, Error, op,
             ": the planes must not be empty, but the input has shape ", x.sizes());
    r.size.push(x.shape()[i]);
    r.order.push(0);
  }
  WG_CHECK(x.ndim == 4 || r.mode != GridMode::bicubic, Error, op,
           ": mode 'bicubic' is for inputs of 4 dimensions, but got shape ", x.sizes());
  WG_CHECK(x.dtype == points.dtype, Error, op, ": input and grid must have one dtype, but have ",
           x.dtype, " and ", points.dtype, "; convert one with to()");
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype,
           "; convert the input to a floating point dtype");
  if (item_size(x.dtype) >= 4) return apply(GridSample{r, false}, input, grid);
  return to(apply(GridSample{r, false}, to(input, DType::float32), to(grid, DType::float32)),
            x.dtype);
}

namespace {
Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t interpolation_mode,
                    int64_t padding_mode, bool align_corners) {
  constexpr std::string_view modes[] = {"bilinear", "nearest", "bicubic"};
  constexpr std::string_view paddings[] = {"zeros", "border", "reflection"};
  const auto one_of_three = [](int64_t i) { return i >= 0 && i < 3; };
  WG_CHECK(one_of_three(interpolation_mode) && one_of_three(padding_mode), Error,
           "grid_sampler: expected an interpolation_mode and a padding_mode from 0 to 2, but got ",
           interpolation_mode, " and ", padding_mode);
  return grid_sample(input, grid, modes[interpolation_mode], paddings[padding_mode], align_corners);
}

constexpr Function rows[] = {
    make_function<grid_sampler>(
        "grid_sampler", "input, grid, interpolation_mode, padding_mode, align_corners",
        kFunction | kNN,
        "The values of (N, C, H, W) or (N, C, D, H, W) at the points (N, ..., 2 or 3) of a grid, "
        "whose coordinates x, y and z go from -1 to 1; the modes are 0 bilinear, 1 nearest, 2 "
        "bicubic and 0 zeros, 1 border, 2 reflection",
        "T((2, 3, 4, 5)), T((2, 3, 2, 2), -1.3, 1.3), 0, 0, False\nT((1, 2, 4, 5)), T((1, 3, 2, "
        "2), "
        "-1.3, 1.3), 2, 1, True\nT((1, 2, 3, 4, 2)), T((1, 2, 1, 2, 3), -1.3, 1.3), 0, 2, "
        "False\nT((1, 2, 3, 4)), T((1, 2, 3, 2)), 1, 1, False"),
};
}  // namespace

extern const FunctionTable nn_grid_sample_functions;
const FunctionTable nn_grid_sample_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_grid_sample, operation<GridSample>(), operation<GridGradient>())

WENGERT_NAMESPACE_END
