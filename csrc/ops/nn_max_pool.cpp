// Maxima over windows of planes.
#include <algorithm>

#include "ops/function.h"
#include "ops/nn_pool.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Whole planes, the last two dimensions of a tensor.
struct Planes {
  int64_t count, size;
  explicit Planes(const Tensor& t) : count(1), size(t.size(-1) * t.size(-2)) {
    for (int64_t i = 0; i < t.dim() - 2; ++i) count *= t.size(i);
  }
  int64_t grain() const {
    return std::max<int64_t>(kParallelGrain / std::max<int64_t>(size, 1), 1);
  }
  // Indices come from memory that users can write to.
  bool has(int64_t i) const { return static_cast<uint64_t>(i) < static_cast<uint64_t>(size); }
};

// Calls f with a T{} of the tensor's dtype.
template <class F>
void dispatch(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::float32:
      return f(float{});
    case DType::float64:
      return f(double{});
    case DType::int64:
      return f(int64_t{});
    default:
      fail<NotImplementedError>(op, ": not available for dtype ", dtype);
  }
}
// The dtype whose kernels serve `t`.
DType computed_as(DType t) {
  return t == DType::float64 ? t : is_floating(t) ? DType::float32 : DType::int64;
}

// The elements of each plane of x that index (positions in the plane) names.
struct GatherPlanes {
  static constexpr const char* name = "gather_planes";
  WG_NO_FIELDS
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype), index = as_contiguous(c.in(1));
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Planes from(x), to(y);
    dispatch(name, dtype, [&]<class T>(T) {
      runtime::parallel_for(to.count, to.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
          const T* in = x.data<T>() + p * from.size;
          const int64_t* at = index.data<int64_t>() + p * to.size;
          T* out = y.data<T>() + p * to.size;
          for (int64_t i = 0; i < to.size; ++i) out[i] = from.has(at[i]) ? in[at[i]] : T{0};
        }
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const;
};

// The adjoint: adds the elements of g to where index says, in planes of the given size.
struct ScatterPlanes {
  int64_t height, width;
  static constexpr const char* name = "scatter_planes";
  WG_FIELDS(height, width)
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[m.in(0).ndim - 2] = height;
    m.out().shape.d[m.in(0).ndim - 1] = width;
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor g = as_contiguous(c.in(0), dtype), index = as_contiguous(c.in(1));
    const Tensor x = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Planes from(g), to(x);
    dispatch(name, dtype, [&]<class T>(T) {
      runtime::parallel_for(to.count, to.grain(), [&](int64_t begin, int64_t end) {
        std::fill(x.data<T>() + begin * to.size, x.data<T>() + end * to.size, T{0});
        for (int64_t p = begin; p < end; ++p) {
          const T* in = g.data<T>() + p * from.size;
          const int64_t* at = index.data<int64_t>() + p * from.size;
          T* out = x.data<T>() + p * to.size;
          for (int64_t i = 0; i < from.size; ++i) {
            if (to.has(at[i])) out[at[i]] += in[i];
          }
        }
      });
    });
    if (!x.is_same(c.out())) copy_elements(*c.out().impl(), *x.impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(GatherPlanes{}, v.grad(), v.saved(0))); }
};

void GatherPlanes::vjp(Vjp& v) const {
  const Shape s = v.shape(0);
  v.set(0, apply(ScatterPlanes{s.d[s.ndim - 2], s.d[s.ndim - 1]}, v.grad(), v.saved(0)));
}

// Maxima, and where each stands in its plane.
struct MaxPool {
  Shape kernel, stride, padding, dilation, out;
  static constexpr const char* name = "max_pool2d";
  WG_FIELDS(kernel, stride, padding, dilation, out)
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out(0).dtype = x.dtype;
    m.out(1).dtype = DType::int64;
    for (int k = 0; k < 2; ++k) {
      m.out(k).shape = x.sizes();
      for (int i = 0; i < 2; ++i) m.out(k).shape.d[x.ndim - 2 + i] = out.d[i];
    }
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    kernels::Windows w{{1, x.size(-2), x.size(-1)},     {1, out.d[0], out.d[1]},
                       {1, kernel.d[0], kernel.d[1]},   {1, stride.d[0], stride.d[1]},
                       {0, padding.d[0], padding.d[1]}, {1, dilation.d[0], dilation.d[1]}};
    const Planes from(x), to(y);
    WG_CHECK(dtype != DType::float32 || from.size < INT32_MAX, NotImplementedError, name,
             ": planes of more than 2^31 elements are not supported, but the input has shape ",
             x.shape());
    const auto item = static_cast<int64_t>(item_size(dtype));
    runtime::parallel_for(to.count, from.grain(), [&](int64_t begin, int64_t end) {
      kernels::pool(dtype).maximum(w, end - begin, y.data<char>() + begin * to.size * item,
                                   c.out(1).data<int64_t>() + begin * to.size,
                                   x.data<char>() + begin * from.size * item);
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Shape s = v.shape(0);
    v.set(0, apply(ScatterPlanes{s.d[s.ndim - 2], s.d[s.ndim - 1]}, v.grad(0), v.saved(0)));
  }
};

}  // namespace

namespace detail {

Shape pool_pair(const char* op, const char* what, Dims values, int64_t least) {
  WG_CHECK(values.size() == 1 || values.size() == 2, Error, op, ": ", what,
           " must either be a single int, or a tuple of two ints, but got ", values);
  Shape s;
  for (size_t i = 0; i < 2; ++i) {
    s.push(values.size() == 1 ? values[0] : values[i]);
    WG_CHECK(s.d[i] >= least, Error, op, ": expected ", what, " of at least ", least, ", but got ",
             values);
  }
  return s;
}

Shape pool_output(const char* op, const TensorImpl& x, const Shape& kernel, const Shape& stride,
                  const Shape& padding, const Shape& dilation, bool ceil_mode) {
  WG_CHECK(x.ndim == 3 || x.ndim == 4, Error, op,
           ": expected an input (N, C, H, W) or (C, H, W), but got shape ", x.sizes());
  for (int i = x.ndim - 3; i < x.ndim; ++i) {
    WG_CHECK(x.shape()[i] > 0, Error, op, ": only the batch may be empty, but the input has shape ",
             x.sizes());
  }
  Shape out;
  for (int i = 0; i < 2; ++i) {
    const int64_t size = x.shape()[x.ndim - 2 + i];
    const int64_t extent = dilation.d[i] * (kernel.d[i] - 1) + 1;
    WG_CHECK(2 * padding.d[i] <= extent, Error, op,
             ": pad should be at most half of effective kernel size, but got pad=", padding.d[i],
             ", kernel_size=", kernel.d[i], " and dilation=", dilation.d[i]);
    const int64_t room = size + 2 * padding.d[i] - extent;
    int64_t n = (room >= 0 ? room / stride.d[i] : -1) + 1;
    if (ceil_mode && room + stride.d[i] - 1 >= 0) {
      n = (room + stride.d[i] - 1) / stride.d[i] + 1;
      // The last window starts inside the input or in the padding before it.
      if ((n - 1) * stride.d[i] >= size + padding.d[i]) --n;
    }
    WG_CHECK(n > 0, Error, op, ": the output would be too small for an input of shape ", x.sizes(),
             " and kernel ", Dims(kernel));
    out.push(n);
  }
  return out;
}

}  // namespace detail

namespace {

std::array<Tensor, 2> pool(const char* op, const Tensor& input, Dims kernel, Dims stride,
                           Dims padding, Dims dilation, bool ceil_mode) {
  const TensorImpl& x = *detail::input(op, input);
  MaxPool p;
  p.kernel = detail::pool_pair(op, "kernel_size", kernel, 1);
  p.stride = stride.empty() ? p.kernel : detail::pool_pair(op, "stride", stride, 1);
  p.padding = detail::pool_pair(op, "padding", padding, 0);
  p.dilation = detail::pool_pair(op, "dilation", dilation, 1);
  p.out = detail::pool_output(op, x, p.kernel, p.stride, p.padding, p.dilation, ceil_mode);
  WG_CHECK(!is_complex(x.dtype) && x.dtype != DType::bool_, NotImplementedError, op,
           ": not available for dtype ", x.dtype);
  return apply_many<2>(p, input);
}

}  // namespace

Tensor max_pool2d(const Tensor& input, Dims kernel_size, Dims stride, Dims padding, Dims dilation,
                  bool ceil_mode) {
  return pool("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode)[0];
}
std::pair<Tensor, Tensor> max_pool2d_with_indices(const Tensor& input, Dims kernel_size,
                                                  Dims stride, Dims padding, Dims dilation,
                                                  bool ceil_mode) {
  auto r = pool("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode);
  return {std::move(r[0]), r[1].detach()};
}

namespace {
#define WG_SIGNATURE "input, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False"
constexpr Function rows[] = {
    make_function<max_pool2d>("max_pool2d", WG_SIGNATURE, kFunction | kNN,
                              "Maximum of each window of (N, C, H, W) or (C, H, W)",
                              "T((2, 3, 6, 8)), 2\nT((2, 6, 7)), (3, 2), (2, 1), (1, 0), 1, "
                              "True\nT((1, 1, 7, 7)), 2, 2, 0, 2"),
    make_function<max_pool2d_with_indices>(
        "max_pool2d_with_indices", WG_SIGNATURE " -> values, indices", kFunction | kNN | kInternal,
        "Maximum of each window of (N, C, H, W) or (C, H, W), and its position in the plane",
        "T((2, 2, 6, 8)), 2"),
};
#undef WG_SIGNATURE
}  // namespace

extern const FunctionTable nn_max_pool_functions;
const FunctionTable nn_max_pool_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
