// Resampling of (N, C, ...): one dimension after the other, each a product with a banded matrix.
#include <algorithm>
#include <cmath>

#include "ops/function.h"
#include "ops/nn_resample_bands.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::BandMatrix;
using detail::Filter;

// Weights as integers of as many bits after the point as leave them below 2^15, and the sums
// rounded: what image libraries do with bytes.
struct ByteBands {
  std::vector<int32_t> weight;
  int shift = 0;

  explicit ByteBands(const std::vector<double>& w) {
    const double largest = w.empty() ? 0 : *std::max_element(w.begin(), w.end());
    while (shift < 22 && std::floor(0.5 + largest * (1 << (shift + 1))) < (1 << 15)) ++shift;
    for (const double v : w) {
      const double scaled = v * (1 << shift);
      weight.push_back(static_cast<int32_t>(v < 0 ? scaled - 0.5 : scaled + 0.5));
    }
  }
  uint8_t sum(const uint8_t* x, int64_t stride, int64_t begin, int64_t end) const {
    int32_t total = 1 << (shift - 1);
    for (int64_t k = begin; k < end; ++k, x += stride) {
      total += weight[static_cast<size_t>(k)] * *x;
    }
    return static_cast<uint8_t>(std::clamp(total >> shift, 0, 255));
  }
};

// Multiplies along `dim` with the matrix of a resampling from `in` to `out` elements, or with its
// transpose.
struct Resample {
  int64_t filter, dim, in, out;
  double factor;
  bool align_corners, adjoint;
  static constexpr const char* name = "resample";
  WG_FIELDS(filter, dim, in, out, factor, align_corners, adjoint)
  static constexpr Tangents tangents = Tangents::linear;
  Resample batched(int64_t) const {
    return {filter, dim + 1, in, out, factor, align_corners, adjoint};
  }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[dim] = adjoint ? in : out;
  }
  void compute(Compute& c) const {
    if (c.out().numel() == 0) return;
    const Tensor x = as_contiguous(c.in(0));
    const Shape s = x.shape();
    int64_t outer = 1, inner = 1;
    for (int64_t i = 0; i < dim; ++i) outer *= s.d[i];
    for (int64_t i = dim + 1; i < s.ndim; ++i) inner *= s.d[i];
    const int64_t n = s.d[dim], rows = adjoint ? in : out;
    if (x.dtype() == DType::uint8) return bytes(x, c.out(), outer, n, inner);
    with_float_type(name, x.dtype(), [&]<class T>(T) {
      const BandMatrix<T> m = matrix<T>();
      const kernels::Bands bands = m.bands();
      const auto& kernel = kernels::resample(x.dtype());
      const T* from = x.data<T>();
      T* to = c.out().data<T>();
      const auto taps = static_cast<int64_t>(m.weight.size());
      if (inner == 1) {
        runtime::parallel_for(outer, grain(taps), [&](int64_t begin, int64_t end) {
          kernel.lines(bands, end - begin, to + begin * rows, from + begin * n, n);
        });
        return;
      }
      const int64_t work = taps / std::max<int64_t>(rows, 1) * inner;
      runtime::parallel_for(outer * rows, grain(work), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          kernel.row(bands, r % rows, to + r * inner, from + r / rows * n * inner, inner);
        }
      });
    });
  }
  void vjp(Vjp& v) const {
    Resample back = *this;
    back.adjoint = !adjoint;
    v.set(0, apply(back, v.grad()));
  }

 private:
  static int64_t grain(int64_t work) {
    return std::max<int64_t>(kParallelGrain / std::max<int64_t>(work, 1), 1);
  }
  template <class T>
  BandMatrix<T> matrix() const {
    BandMatrix<T> m =
        detail::resampling<T>(static_cast<Filter>(filter), in, out, factor, align_corners);
    return adjoint ? m.transposed(in) : m;
  }
  void bytes(const Tensor& x, const Tensor& y, int64_t outer, int64_t n, int64_t inner) const {
    const BandMatrix<double> m = matrix<double>();
    const ByteBands b(m.weight);
    const int64_t rows = out;
    const uint8_t* from = x.data<uint8_t>();
    uint8_t* to = y.data<uint8_t>();
    runtime::parallel_for(outer * rows, grain(inner), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const auto i = static_cast<size_t>(r % rows);
        const uint8_t* line = from + (r / rows * n + m.first[i]) * inner;
        for (int64_t j = 0; j < inner; ++j) {
          to[r * inner + j] = b.sum(line + j, inner, m.offset[i], m.offset[i + 1]);
        }
      }
    });
  }
};

struct Mode {
  std::string_view name;
  Filter filter;
  int least, most;  // dimensions of the input
};
constexpr Mode modes[] = {
    {"nearest", Filter::nearest, 3, 5}, {"nearest-exact", Filter::nearest_exact, 3, 5},
    {"area", Filter::area, 3, 5},       {"linear", Filter::linear, 3, 3},
    {"bilinear", Filter::linear, 4, 4}, {"trilinear", Filter::linear, 5, 5},
    {"bicubic", Filter::cubic, 4, 4},   {"lanczos", Filter::smooth_lanczos, 4, 4},
};

Filter filter_of(std::string_view name, int ndim, bool align_corners, bool antialias) {
  const std::string text(name);
  WG_CHECK(ndim >= 3 && ndim <= 5, NotImplementedError,
           "interpolate: expected an input of 3 to 5 dimensions, (N, C, ...), but got ", ndim);
  const Mode* mode = std::find_if(std::begin(modes), std::end(modes),
                                  [&](const Mode& m) { return m.name == name; });
  WG_CHECK(mode != std::end(modes), NotImplementedError,
           "interpolate: mode must be 'nearest', 'nearest-exact', 'linear', 'bilinear', "
           "'trilinear', 'bicubic', 'lanczos' or 'area', but is '",
           text, "'");
  WG_CHECK(ndim >= mode->least && ndim <= mode->most, NotImplementedError, "interpolate: mode '",
           text, "' is for inputs of ", mode->least, " dimensions, but got ", ndim);
  const Filter f = mode->filter;
  WG_CHECK(!align_corners || f == Filter::linear || f == Filter::cubic, ValueError,
           "interpolate: mode '", text, "' has no align_corners; use 'bilinear' or its like");
  const bool smooth = f == Filter::smooth_lanczos;
  WG_CHECK(antialias || !smooth, ValueError, "interpolate: mode 'lanczos' needs antialias=True");
  if (!antialias || smooth) return f;
  WG_CHECK(ndim == 4 && (f == Filter::linear || f == Filter::cubic), ValueError,
           "interpolate: antialias=True is for the modes 'bilinear', 'bicubic' and 'lanczos', but "
           "the mode is '",
           text, "'");
  return f == Filter::linear ? Filter::smooth_linear : Filter::smooth_cubic;
}

}  // namespace

Tensor interpolate(const Tensor& input, Dims size, std::string_view mode, bool align_corners,
                   bool antialias, std::array<double, 3> scale_factor) {
  const TensorImpl& x = *detail::input("interpolate", input);
  const Filter filter = filter_of(mode, x.ndim, align_corners, antialias);
  const int spatial = x.ndim - 2;
  WG_CHECK(size.size() == static_cast<size_t>(spatial), ValueError, "interpolate: expected ",
           spatial, " sizes for an input of shape ", x.sizes(), ", but got ", size);
  // Means over windows may also be of no windows.
  const int64_t least = filter == Filter::area ? 0 : 1;
  for (int i = 0; i < spatial; ++i) {
    WG_CHECK(
        size[static_cast<size_t>(i)] >= least && x.shape()[2 + i] > 0, Error,
        "interpolate: the sizes of input and output must be positive, but the input has shape ",
        x.sizes(), " and the output size ", size);
  }
  // A result too large to be is refused before its rows are made.
  Shape whole = x.sizes(), strides = whole;
  std::copy(size.begin(), size.end(), whole.d + 2);
  row_major_strides(whole.d, whole.ndim, strides.d);
  const bool chosen = filter == Filter::nearest || filter == Filter::nearest_exact;
  const bool smooth = filter >= Filter::smooth_linear;
  WG_CHECK(x.shape()[1] > 0 || filter == Filter::area, Error,
           "interpolate: only the batch may be empty, but the input has shape ", x.sizes());
  WG_CHECK(is_floating(x.dtype) ||
               (x.dtype == DType::uint8 && (chosen || (spatial == 2 && filter != Filter::area))),
           NotImplementedError, "interpolate: mode '", std::string(mode),
           "' is not available for dtype ", x.dtype, "; convert the input to float32");
  const bool reduced = item_size(x.dtype) == 2;
  Tensor y = reduced ? to(input, DType::float32) : input;
  // The last dimension first: its rows are the dearest, and growing comes afterwards.
  for (int i = spatial; i-- > 0;) {
    const int64_t in = x.shape()[2 + i], out = size[static_cast<size_t>(i)];
    double factor = scale_factor[static_cast<size_t>(i)];
    // PyTorch does not look at the factor in these cases.
    const bool same = in == out && (smooth || (x.dtype == DType::uint8 && !chosen));
    const bool even = filter == Filter::nearest && spatial == 2 && (in == out || 2 * in == out);
    if (same || even) factor = 0;
    if (in == out && (factor <= 0 || factor == 1 || align_corners)) continue;
    y = apply(Resample{static_cast<int64_t>(filter), 2 + i, in, out, factor, align_corners, false},
              y);
  }
  if (y.is_same(input)) return clone(input);
  return reduced ? to(y, x.dtype) : y;
}

namespace {
Tensor interpolate_row(const Tensor& input, Dims size, std::string_view mode, bool align_corners,
                       bool antialias, double first, double second, double third) {
  return interpolate(input, size, mode, align_corners, antialias, {first, second, third});
}
constexpr Function rows[] = {
    make_function<interpolate_row>(
        "_interpolate",
        "input, size, mode='nearest', align_corners=False, antialias=False, first=0, second=0, "
        "third=0",
        kFunction | kInternal,
        "(N, C, ...) resampled to the spatial sizes `size`; the last three are the factors of "
        "scale, 0 where the sizes alone are known",
        "T((2, 1, 5)), (8,)\nT((1, 2, 4, 5)), (7, 3), 'bilinear'\nT((1, 2, 4, 5)), (7, 3), "
        "'bicubic', True\nT((1, 1, 7, 6)), (3, 4), 'bilinear', False, True\nT((1, 1, 7, 8)), (3, "
        "2), 'lanczos', False, True\nT((1, 1, 2, 3, 4)), (3, 5, 2), 'trilinear', True\nT((1, 2, 5, "
        "6)), (3, 4), 'area'\nT((1, 1, 5)), (7,), 'nearest-exact', False, False, 1.5"),
};
}  // namespace

extern const FunctionTable nn_resample_functions;
const FunctionTable nn_resample_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_resample, operation<Resample>())

WENGERT_NAMESPACE_END
