// Sizes of poolings, and moving elements between volumes by their positions.
#include "ops/nn_pool.h"

#include <algorithm>

#include "ops/operations.h"
#include "tensor/copy.h"
#include "tensor/fill.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

Shape volume_of(const TensorImpl& x, int n) {
  return Dims(x.shape() + x.ndim - n, static_cast<size_t>(n));
}
Shape with_volume(Dims shape, const Shape& volume) {
  Shape s = shape;
  for (int i = 0; i < volume.ndim; ++i) s.d[s.ndim - volume.ndim + i] = volume.d[i];
  return s;
}

DType pooled_as(DType t) {
  return t == DType::float64 ? t : is_floating(t) ? DType::float32 : DType::int64;
}

void check_pool_input(const char* op, int n, const TensorImpl& x, Emptiable emptiable) {
  static constexpr const char* kShapes[] = {"(N, C, L) or (C, L)", "(N, C, H, W) or (C, H, W)",
                                            "(N, C, D, H, W) or (C, D, H, W)"};
  WG_CHECK(x.ndim == n + 1 || x.ndim == n + 2, Error, op, ": expected an input ", kShapes[n - 1],
           ", but got shape ", x.sizes());
  const int kept = emptiable == Emptiable::batch ? n + 1 : n;
  for (int i = x.ndim - kept; i < x.ndim; ++i) {
    WG_CHECK(x.shape()[i] > 0, Error, op, ": only the batch may be empty, but the input has shape ",
             x.sizes());
  }
}

Shape pool_sizes(const char* op, const char* what, int n, Dims values, int64_t least) {
  WG_CHECK(values.size() == 1 || values.size() == static_cast<size_t>(n), Error, op, ": ", what,
           " must either be a single int, or a tuple of ", n, " ints, but got ", values);
  Shape s;
  for (int i = 0; i < n; ++i) {
    s.push(values.size() == 1 ? values[0] : values[static_cast<size_t>(i)]);
    WG_CHECK(s.d[i] >= least, Error, op, ": expected ", what, " of at least ", least, ", but got ",
             values);
  }
  return s;
}

Shape pool_output(const char* op, int n, const TensorImpl& x, const Shape& kernel,
                  const Shape& stride, const Shape& padding, const Shape& dilation,
                  bool ceil_mode) {
  check_pool_input(op, n, x);
  Shape out;
  for (int i = 0; i < n; ++i) {
    const int64_t size = x.shape()[x.ndim - n + i];
    int64_t extent = 0;
    WG_CHECK(!__builtin_mul_overflow(dilation.d[i], kernel.d[i] - 1, &extent) &&
                 extent < (int64_t{1} << 62) - 1,
             Error, op, ": a window of kernel_size=", kernel.d[i], " and dilation=", dilation.d[i],
             " is too large");
    ++extent;
    WG_CHECK(padding.d[i] <= extent / 2, Error, op,
             ": pad should be at most half of effective kernel size, but got pad=", padding.d[i],
             ", kernel_size=", kernel.d[i], " and dilation=", dilation.d[i]);
    const int64_t room = size + 2 * padding.d[i] - extent;
    int64_t m = (room >= 0 ? room / stride.d[i] : -1) + 1;
    if (ceil_mode && room > -stride.d[i]) {
      m = room > 0 ? (room - 1) / stride.d[i] + 2 : 1;
      // The last window starts inside the input or in the padding before it.
      if (m - 1 > (size + padding.d[i] - 1) / stride.d[i]) --m;
    }
    WG_CHECK(m > 0, Error, op, ": the output would be too small for an input of shape ", x.sizes(),
             " and kernel ", Dims(kernel));
    out.push(m);
  }
  return out;
}

}  // namespace detail

namespace {

using detail::Volumes;

// The elements of each volume of x that index (positions in the volume) names.
struct GatherVolumes {
  int64_t n;
  static constexpr const char* name = "gather_volumes";
  WG_FIELDS(n)
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const DType dtype = detail::pooled_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype), index = as_contiguous(c.in(1));
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Volumes from(x.shape(), static_cast<int>(n)), to(y.shape(), static_cast<int>(n));
    detail::with_pooled_type(dtype, [&]<class T>(T) {
      runtime::parallel_for(to.count, to.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t v = begin; v < end; ++v) {
          const T* in = x.data<T>() + v * from.size;
          const int64_t* at = index.data<int64_t>() + v * to.size;
          T* out = y.data<T>() + v * to.size;
          for (int64_t i = 0; i < to.size; ++i) out[i] = from.has(at[i]) ? in[at[i]] : T{0};
        }
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    const Shape s = v.shape(0);
    const Dims volume(s.d + s.ndim - n, static_cast<size_t>(n));
    v.set(0, detail::scatter_volumes(v.grad(), v.saved(0), volume));
  }
};

// The elements of g at the positions that index says, in volumes of the given size: added up, or
// with `replace` the last of those that go to one place.
struct ScatterVolumes {
  Shape volume;
  bool replace;
  static constexpr const char* name = "scatter_volumes";
  WG_FIELDS(volume, replace)
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::leading_all;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = detail::with_volume(m.in(0).sizes(), volume);
  }
  void compute(Compute& c) const {
    const DType dtype = detail::pooled_as(c.in(0).dtype());
    const Tensor g = as_contiguous(c.in(0), dtype), index = as_contiguous(c.in(1));
    const Tensor x = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Volumes from(g.shape(), volume.ndim), to(x.shape(), volume.ndim);
    detail::with_pooled_type(dtype, [&]<class T>(T) {
      runtime::parallel_for(to.count, to.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t v = begin; v < end; ++v) {
          const T* in = g.data<T>() + v * from.size;
          const int64_t* at = index.data<int64_t>() + v * from.size;
          T* out = x.data<T>() + v * to.size;
          fill_run(out, to.size, T{0});  // while it is about to be in the cache anyway
          for (int64_t i = 0; i < from.size; ++i) {
            if (to.has(at[i])) out[at[i]] = replace ? in[i] : out[at[i]] + in[i];
          }
        }
      });
    });
    if (!x.is_same(c.out())) copy_elements(*c.out().impl(), *x.impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(GatherVolumes{volume.ndim}, v.grad(), v.saved(0))); }
};

}  // namespace

namespace detail {

Tensor gather_volumes(const Tensor& x, const Tensor& index, int64_t n) {
  return apply(GatherVolumes{n}, x, index);
}
Tensor scatter_volumes(const Tensor& g, const Tensor& index, const Shape& volume) {
  return apply(ScatterVolumes{volume, false}, g, index);
}
Tensor place_in_volumes(const char* op, const Tensor& g, const Tensor& index, const Shape& volume) {
  const Volumes to(volume, volume.ndim);
  const Tensor at = as_contiguous(index);
  for (int64_t i = 0; i < at.numel(); ++i) {
    const int64_t p = at.data<int64_t>()[i];
    WG_CHECK(to.has(p), Error, op, ": the index ", p, " lies outside of an output of size ",
             Dims(volume));
  }
  return apply(ScatterVolumes{volume, true}, g, at);
}

}  // namespace detail
WG_OPERATIONS(nn_pool, operation<GatherVolumes>(), operation<ScatterVolumes>())

WENGERT_NAMESPACE_END
