// Maxima over windows of different sizes or at uneven distances.
#include <algorithm>
#include <vector>

#include "ops/function.h"
#include "ops/nn_pool.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::Volumes;

// A window along one axis.
struct Span {
  int64_t begin, end;
};
using Spans = std::vector<Span>;

// Windows that cover [0, size) evenly.
Spans adaptive_spans(int64_t size, int64_t count) {
  Spans s;
  for (int64_t i = 0; i < count; ++i) {
    s.push_back({i * size / count, ((i + 1) * size + count - 1) / count});
  }
  return s;
}
// Windows of length `kernel` whose distances a number in [0, 1] draws.
// Source: Graham, "Fractional max-pooling", arXiv:1412.6071 (2014), pseudorandom sequences.
template <class T>
void fractional_spans(Spans& s, int64_t size, int64_t count, int64_t kernel, T sample) {
  sample = sample >= 0 ? std::min(sample, T{1}) : T{0};
  const T alpha = count > 1 ? static_cast<T>(size - kernel) / static_cast<T>(count - 1) : T{0};
  s.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t begin = size - kernel;
    if (i + 1 < count) {
      begin = static_cast<int64_t>((static_cast<T>(i) + sample) * alpha) -
              static_cast<int64_t>(sample * alpha);
    }
    begin = std::min(begin, size - kernel);
    s[static_cast<size_t>(i)] = {begin, begin + kernel};
  }
}

// The maximum of each window of one volume, and where it stands; the first of equal ones, a NaN
// before everything.
template <class T>
void window_maxima(const T* x, const int64_t (&in)[3], const Spans (&spans)[3], T* y,
                   int64_t* index) {
  for (const Span& a : spans[0]) {
    for (const Span& b : spans[1]) {
      for (const Span& c : spans[2]) {
        int64_t place = (a.begin * in[1] + b.begin) * in[2] + c.begin;
        T best = x[place];
        for (int64_t i = a.begin; i < a.end; ++i) {
          for (int64_t j = b.begin; j < b.end; ++j) {
            const int64_t line = (i * in[1] + j) * in[2];
            for (int64_t k = c.begin; k < c.end; ++k) {
              const T v = x[line + k];
              if (v > best || v != v) {
                best = v;
                place = line + k;
              }
            }
          }
        }
        *y++ = best;
        *index++ = place;
      }
    }
  }
}

// Windows of the given size at places that the second input draws (one number for each volume and
// axis); without it, windows that cover the volume evenly.
struct WindowMax {
  Shape kernel, out;
  bool last_axis_first;  // the order of the drawn numbers
  static constexpr const char* name = "window_max";
  WG_FIELDS(kernel, out, last_axis_first)
  static constexpr Batching batching = Batching::leading_all;
  void jvp(Jvp& j) const { j.set(0, detail::gather_volumes(j.tangent(0), j.out(1), out.ndim)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    for (int k = 0; k < 2; ++k) m.out(k).shape = detail::with_volume(m.in(0).sizes(), out);
  }
  void compute(Compute& c) const {
    const DType dtype = detail::pooled_as(c.in(0).dtype());
    const int n = out.ndim;
    const bool drawn = c.n_inputs > 1;
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor samples = drawn ? as_contiguous(c.in(1), dtype) : Tensor();
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Volumes from(x.shape(), n), to(y.shape(), n);
    const Shape volume = detail::volume_of(*x.impl(), n);
    int64_t in[3] = {1, 1, 1};
    for (int i = 0; i < n; ++i) in[3 - n + i] = volume.d[i];
    detail::with_pooled_type(dtype, [&]<class T>(T) {
      runtime::parallel_for(to.count, from.grain(), [&](int64_t begin, int64_t end) {
        Spans spans[3] = {{{0, 1}}, {{0, 1}}, {{0, 1}}};
        for (int64_t v = begin; v < end; ++v) {
          for (int i = 0; i < n; ++i) {
            Spans& s = spans[3 - n + i];
            if (drawn) {
              const T sample = samples.data<T>()[v * n + (last_axis_first ? n - 1 - i : i)];
              fractional_spans<T>(s, volume.d[i], out.d[i], kernel.d[i], sample);
            } else if (v == begin) {
              s = adaptive_spans(volume.d[i], out.d[i]);
            }
          }
          window_maxima<T>(x.data<T>() + v * from.size, in, spans, y.data<T>() + v * to.size,
                           c.out(1).data<int64_t>() + v * to.size);
        }
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Shape s = v.shape(0);
    const Dims volume(s.d + s.ndim - out.ndim, static_cast<size_t>(out.ndim));
    v.set(0, detail::scatter_volumes(v.grad(0), v.saved(0), volume));
  }
};

void check_dtype(const char* op, const TensorImpl& x) {
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype,
           "; convert the input to a floating point dtype");
}
std::pair<Tensor, Tensor> values_and_places(std::array<Tensor, 2> r) {
  return {std::move(r[0]), r[1].detach()};
}

using Pooling = std::pair<Tensor, Tensor> (*)(const Tensor&, Dims, Dims, Dims, Dims, bool);

std::pair<Tensor, Tensor> adaptive(const char* op, int n, Pooling regular, const Tensor& input,
                                   Dims output_size) {
  const TensorImpl& x = *detail::input(op, input);
  detail::check_pool_input(op, n, x, detail::Emptiable::batch);
  check_dtype(op, x);
  WindowMax w{};
  w.out = detail::pool_sizes(op, "output_size", n, output_size, 0);
  const Shape volume = detail::volume_of(x, n);
  bool even = true;
  for (int i = 0; i < n; ++i) {
    WG_CHECK(w.out.d[i] <= INT32_MAX, Error, op, ": the output size ", output_size,
             " is too large");
    even = even && w.out.d[i] > 0 && volume.d[i] % w.out.d[i] == 0;
    w.kernel.push(even ? volume.d[i] / w.out.d[i] : 0);
  }
  if (even) return regular(input, w.kernel, {}, {0}, {1}, false);
  return values_and_places(apply_many<2>(w, input));
}

std::pair<Tensor, Tensor> fractional(const char* op, int n, const Tensor& input, Dims kernel_size,
                                     Dims output_size, const Tensor& samples) {
  const TensorImpl &x = *detail::input(op, input), &r = *detail::input(op, samples);
  detail::check_pool_input(op, n, x, detail::Emptiable::batch);
  check_dtype(op, x);
  const WindowMax w{detail::pool_sizes(op, "kernel_size", n, kernel_size, 1),
                    detail::pool_sizes(op, "output_size", n, output_size, 1), n == 2};
  const Shape volume = detail::volume_of(x, n);
  for (int i = 0; i < n; ++i) {
    WG_CHECK(w.kernel.d[i] <= volume.d[i] && w.out.d[i] <= volume.d[i] - w.kernel.d[i] + 1, Error,
             op, ": windows of ", Dims(w.kernel), " and an output of ", Dims(w.out),
             " do not fit into an input of shape ", x.sizes());
  }
  const int64_t batch = x.ndim == n + 2 ? x.shape()[0] : 1, channels = x.shape()[x.ndim - n - 1];
  WG_CHECK(r.dtype == x.dtype, Error, op, ": expected _random_samples of the input's dtype ",
           x.dtype, ", but got ", r.dtype);
  WG_CHECK(r.ndim == 3 && r.shape()[0] >= batch && r.shape()[1] == channels && r.shape()[2] == n,
           Error, op, ": expected _random_samples of shape ", Dims({batch, channels, n}),
           ", but got ", r.sizes());
  return values_and_places(apply_many<2>(w, input, samples.detach()));
}

}  // namespace

#define WG_POOL(n)                                                                           \
  std::pair<Tensor, Tensor> adaptive_max_pool##n##d(const Tensor& input, Dims output_size) { \
    return adaptive("adaptive_max_pool" #n "d", n, max_pool##n##d_with_indices, input,       \
                    output_size);                                                            \
  }
WG_POOL(1)
WG_POOL(2)
WG_POOL(3)
#undef WG_POOL
#define WG_POOL(n)                                                                                \
  std::pair<Tensor, Tensor> fractional_max_pool##n##d(const Tensor& input, Dims kernel_size,      \
                                                      Dims output_size, const Tensor& samples) {  \
    return fractional("fractional_max_pool" #n "d", n, input, kernel_size, output_size, samples); \
  }
WG_POOL(2)
WG_POOL(3)
#undef WG_POOL

namespace {
constexpr Function rows[] = {
    make_function<adaptive_max_pool1d>(
        "adaptive_max_pool1d", "input, output_size -> values, indices", kFunction,
        "Maxima of windows that cover (N, C, L) or (C, L), and their positions",
        "T((2, 3, 8)), 3\nT((2, 8)), 4"),
    make_function<adaptive_max_pool2d>(
        "adaptive_max_pool2d_with_indices", "input, output_size -> values, indices",
        kInternal | kNN,
        "Maxima of a grid of windows that covers (N, C, H, W) or (C, H, W), and their positions",
        "T((2, 3, 6, 8)), (4, 3)\nT((2, 5, 7)), 1"),
    make_function<adaptive_max_pool3d>(
        "adaptive_max_pool3d_with_indices", "input, output_size -> values, indices",
        kInternal | kNN,
        "Maxima of a grid of windows that covers (N, C, D, H, W) or (C, D, H, W), and their "
        "positions",
        "T((2, 1, 4, 6, 5)), (2, 4, 3)\nT((2, 5, 3, 3)), 2"),
    make_function<fractional_max_pool2d>(
        "fractional_max_pool2d",
        "input, kernel_size, output_size, _random_samples -> values, indices", kInternal | kNN,
        "Maxima of windows at drawn places of (N, C, H, W) or (C, H, W), and their positions",
        "T((2, 3, 6, 8)), 2, (3, 5), T((2, 3, 2), 0, 1)"),
    make_function<fractional_max_pool3d>(
        "fractional_max_pool3d",
        "input, kernel_size, output_size, _random_samples -> values, indices", kInternal | kNN,
        "Maxima of windows at drawn places of (N, C, D, H, W) or (C, D, H, W), and their positions",
        "T((1, 2, 5, 6, 5)), (2, 2, 3), 3, T((1, 2, 3), 0, 1)"),
};
}  // namespace

extern const FunctionTable nn_window_max_functions;
const FunctionTable nn_window_max_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_window_max, operation<WindowMax>())

WENGERT_NAMESPACE_END
