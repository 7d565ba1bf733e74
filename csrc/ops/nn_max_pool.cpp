// Maxima over windows of volumes, and their way back.
#include <algorithm>

#include "ops/function.h"
#include "ops/nn_pool.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::Volumes;

// Maxima, and where each stands in its volume.
struct MaxPool {
  Shape kernel, stride, padding, dilation, out;
  static constexpr const char* name = "max_pool";
  WG_FIELDS(kernel, stride, padding, dilation, out)
  static constexpr Batching batching = Batching::leading;
  void jvp(Jvp& j) const { j.set(0, detail::gather_volumes(j.tangent(0), j.out(1), out.ndim)); }
  static constexpr Save saves[] = {save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = DType::int64;
    for (int k = 0; k < 2; ++k) m.out(k).shape = detail::with_volume(m.in(0).sizes(), out);
  }
  void compute(Compute& c) const {
    const DType dtype = detail::pooled_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const Volumes from(x.shape(), out.ndim), to(y.shape(), out.ndim);
    WG_CHECK(dtype != DType::float32 || from.size < INT32_MAX, NotImplementedError, name,
             ": volumes of more than 2^31 elements are not supported, but the input has shape ",
             x.shape());
    const kernels::Windows w = windows(detail::volume_of(*x.impl(), out.ndim));
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
    const Dims volume(s.d + s.ndim - out.ndim, static_cast<size_t>(out.ndim));
    v.set(0, detail::scatter_volumes(v.grad(0), v.saved(0), volume));
  }

 private:
  // In three dimensions, the first ones of size 1 where there are fewer.
  kernels::Windows windows(const Shape& in) const {
    kernels::Windows w{{1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}};
    for (int i = 0; i < out.ndim; ++i) {
      const int k = 3 - out.ndim + i;
      w.in[k] = in.d[i];
      w.out[k] = out.d[i];
      w.kernel[k] = kernel.d[i];
      w.stride[k] = stride.d[i];
      w.padding[k] = padding.d[i];
      w.dilation[k] = dilation.d[i];
    }
    return w;
  }
};

std::pair<Tensor, Tensor> pool(const char* op, int n, const Tensor& input, Dims kernel, Dims stride,
                               Dims padding, Dims dilation, bool ceil_mode) {
  const TensorImpl& x = *detail::input(op, input);
  MaxPool p;
  p.kernel = detail::pool_sizes(op, "kernel_size", n, kernel, 1);
  p.stride = stride.empty() ? p.kernel : detail::pool_sizes(op, "stride", n, stride, 1);
  p.padding = detail::pool_sizes(op, "padding", n, padding, 0);
  p.dilation = detail::pool_sizes(op, "dilation", n, dilation, 1);
  p.out = detail::pool_output(op, n, x, p.kernel, p.stride, p.padding, p.dilation, ceil_mode);
  WG_CHECK(!is_complex(x.dtype) && x.dtype != DType::bool_, NotImplementedError, op,
           ": not available for dtype ", x.dtype);
  auto r = apply_many<2>(p, input);
  return {std::move(r[0]), std::move(r[1])};
}

Tensor unpool(const char* op, int n, const Tensor& input, const Tensor& indices, Dims output_size) {
  const TensorImpl &x = *detail::input(op, input), &at = *detail::input(op, indices);
  detail::check_pool_input(op, n, x, detail::Emptiable::batch);
  WG_CHECK(at.dtype == DType::int64, Error, op, ": expected indices of dtype int64, but got ",
           at.dtype);
  WG_CHECK(at.sizes() == x.sizes(), Error, op, ": expected indices of the input's shape ",
           x.sizes(), ", but got ", at.sizes());
  WG_CHECK(output_size.size() == static_cast<size_t>(n), Error, op, ": expected ", n,
           " numbers as output_size, but got ", output_size);
  WG_CHECK(!is_complex(x.dtype) && x.dtype != DType::bool_, NotImplementedError, op,
           ": not available for dtype ", x.dtype);
  const Shape size = detail::pool_sizes(op, "output_size", n, output_size, 0);
  return detail::place_in_volumes(op, input, indices, size);
}

}  // namespace

#define WG_POOL(n)                                                                                 \
  Tensor max_pool##n##d(const Tensor& input, Dims kernel_size, Dims stride, Dims padding,          \
                        Dims dilation, bool ceil_mode) {                                           \
    return pool("max_pool" #n "d", n, input, kernel_size, stride, padding, dilation, ceil_mode)    \
        .first;                                                                                    \
  }                                                                                                \
  std::pair<Tensor, Tensor> max_pool##n##d_with_indices(const Tensor& input, Dims kernel_size,     \
                                                        Dims stride, Dims padding, Dims dilation,  \
                                                        bool ceil_mode) {                          \
    auto r = pool("max_pool" #n "d", n, input, kernel_size, stride, padding, dilation, ceil_mode); \
    return {std::move(r.first), r.second.detach()};                                                \
  }                                                                                                \
  Tensor max_unpool##n##d(const Tensor& input, const Tensor& indices, Dims output_size) {          \
    return unpool("max_unpool" #n "d", n, input, indices, output_size);                            \
  }
WG_POOL(1)
WG_POOL(2)
WG_POOL(3)
#undef WG_POOL

namespace {

// Python's functions take no stride as None.
template <auto F>
auto max_row(const Tensor& input, Dims kernel_size, std::optional<Dims> stride, Dims padding,
             Dims dilation, bool ceil_mode) {
  return F(input, kernel_size, stride.value_or(Dims()), padding, dilation, ceil_mode);
}

#define WG_SIGNATURE "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False"
constexpr Function rows[] = {
    make_function<max_row<max_pool1d>>("max_pool1d", WG_SIGNATURE, kFunction | kNN,
                                       "Maximum of each window of (N, C, L) or (C, L)",
                                       "T((2, 3, 8)), 2\nT((2, 9)), 3, 2, 1, 1, True"),
    make_function<max_row<max_pool2d>>("max_pool2d", WG_SIGNATURE, kFunction | kNN,
                                       "Maximum of each window of (N, C, H, W) or (C, H, W)",
                                       "T((2, 3, 6, 8)), 2\nT((2, 6, 7)), (3, 2), (2, 1), (1, 0), "
                                       "1, True\nT((1, 1, 7, 7)), 2, 2, 0, 2"),
    make_function<max_row<max_pool3d>>(
        "max_pool3d", WG_SIGNATURE, kFunction | kNN,
        "Maximum of each window of (N, C, D, H, W) or (C, D, H, W)",
        "T((2, 1, 4, 6, 4)), 2\nT((1, 5, 4, 6)), (3, 2, 2), (2, 1, 1), (1, 0, 1), 1, True"),
    make_function<max_row<max_pool1d_with_indices>>(
        "max_pool1d_with_indices", WG_SIGNATURE " -> values, indices", kFunction | kNN,
        "Maximum of each window of (N, C, L) or (C, L), and its position", "T((2, 2, 6)), 2"),
    make_function<max_row<max_pool2d_with_indices>>(
        "max_pool2d_with_indices", WG_SIGNATURE " -> values, indices", kFunction | kNN | kInternal,
        "Maximum of each window of (N, C, H, W) or (C, H, W), and its position in the plane",
        "T((2, 2, 6, 8)), 2"),
    make_function<max_row<max_pool3d_with_indices>>(
        "max_pool3d_with_indices", WG_SIGNATURE " -> values, indices", kFunction | kNN | kInternal,
        "Maximum of each window of (N, C, D, H, W) or (C, D, H, W), and its position in the volume",
        "T((1, 2, 2, 4, 4)), 2"),
    make_function<max_unpool1d>("max_unpool1d", "input, indices, output_size", kInternal,
                                "Zeros (N, C, *output_size) but for the input at the indices",
                                "T((3, 1)), I((3, 1), 0, 7), (7,)"),
    make_function<max_unpool2d>("max_unpool2d", "input, indices, output_size", kInternal,
                                "Zeros (N, C, *output_size) but for the input at the indices",
                                "T((3, 1, 1)), I((3, 1, 1), 0, 20), (4, 5)"),
    make_function<max_unpool3d>("max_unpool3d", "input, indices, output_size", kInternal,
                                "Zeros (N, C, *output_size) but for the input at the indices",
                                "T((2, 3, 1, 1, 1)), I((2, 3, 1, 1, 1), 0, 40), (4, 5, 2)"),
};
#undef WG_SIGNATURE
}  // namespace

extern const FunctionTable nn_max_pool_functions;
const FunctionTable nn_max_pool_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_max_pool, operation<MaxPool>())

WENGERT_NAMESPACE_END
