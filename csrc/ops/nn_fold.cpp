// Windows of planes as columns, and the adjoint map, which adds the columns up.
#include <algorithm>

#include "ops/function.h"
#include "ops/nn_convolution_tiles.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Two numbers each.
struct WindowRule {
  Shape kernel, dilation, padding, stride, plane, windows;

  int64_t taps() const { return kernel.d[0] * kernel.d[1]; }
  int64_t positions() const { return windows.d[0] * windows.d[1]; }
  kernels::Windows geometry() const {
    kernels::Windows w{{1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {1, 0, 0}, {0, 0, 0}, {1, 0, 0}};
    for (int i = 0; i < 2; ++i) {
      w.in[i + 1] = plane.d[i];
      w.out[i + 1] = windows.d[i];
      w.kernel[i + 1] = kernel.d[i];
      w.stride[i + 1] = stride.d[i];
      w.padding[i + 1] = padding.d[i];
      w.dilation[i + 1] = dilation.d[i];
    }
    return w;
  }
};

// (n, c, plane) to (n, c taps, positions), or back where `adjoint`.
struct UnfoldWindows {
  WindowRule rule;
  bool adjoint;
  static constexpr const char* name = "unfold_windows";
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::rows;
  static constexpr const char* field_names =
      "kernel, dilation, padding, stride, plane, windows, adjoint";
  auto fields() const {
    return std::tie(rule.kernel, rule.dilation, rule.padding, rule.stride, rule.plane, rule.windows,
                    adjoint);
  }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    const int64_t *s = m.in(0).shape(), taps = rule.taps();
    m.out().shape = adjoint ? Shape(Dims{s[0], s[1] / taps, rule.plane.d[0], rule.plane.d[1]})
                            : Shape(Dims{s[0], s[1] * taps, rule.positions()});
  }
  void compute(Compute& c) const {
    const DType dtype = c.in(0).dtype() == DType::float64 ? DType::float64 : DType::float32;
    const Tensor x = as_contiguous(c.in(0), dtype);
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const int64_t columns = rule.positions(), block = columns * rule.taps();
    const int64_t channels = (adjoint ? y : x).size(0) * (adjoint ? y : x).size(1);
    const ConvolutionPlan plan{dtype, 1, 1, channels, 0, rule.geometry()};
    const Tile whole{0, 1, 0, columns};
    const int64_t grain = std::max<int64_t>(kParallelGrain / std::max<int64_t>(block, 1), 1);
    runtime::parallel_for(channels, grain, [&](int64_t begin, int64_t end) {
      const Unfolding unfolding(plan, whole, 0, Unfolding::Layout::rows);
      for (int64_t i = begin; i < end; ++i) {
        if (adjoint) {
          unfolding.add(y.data(), plan.at(x.data(), i * block), i, 1, 0, plan.windows.volume());
        } else {
          unfolding.read(plan.at(y.data(), i * block), x.data(), i, 1);
        }
      }
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const { v.set(0, apply(UnfoldWindows{rule, !adjoint}, v.grad())); }
};

Shape two(const char* op, const char* what, Dims values, int64_t least) {
  WG_CHECK(values.size() == 1 || values.size() == 2, Error, op, ": expected ", what,
           " to be one number or two, but got ", values);
  Shape s(Dims{values[0], values[values.size() - 1]});
  for (int i = 0; i < 2; ++i) {
    WG_CHECK(s.d[i] >= least && s.d[i] <= INT32_MAX, Error, op, ": expected ", what, " from ",
             least, " to 2^31 - 1, but got ", values);
  }
  return s;
}

WindowRule make_rule(const char* op, Dims plane, Dims kernel, Dims dilation, Dims padding,
                     Dims stride) {
  WindowRule r{two(op, "kernel_size", kernel, 1), two(op, "dilation", dilation, 1),
               two(op, "padding", padding, 0),    two(op, "stride", stride, 1),
               two(op, "output_size", plane, 1),  {}};
  for (int i = 0; i < 2; ++i) {
    const int64_t reach = r.dilation.d[i] * (r.kernel.d[i] - 1) + 1;
    const int64_t size = r.plane.d[i] + 2 * r.padding.d[i];
    WG_CHECK(reach > 0 && reach <= size, Error, op, ": windows of kernel_size ", Dims(r.kernel),
             " and dilation ", Dims(r.dilation), " do not fit in planes of ", Dims(r.plane),
             " with padding ", Dims(r.padding));
    r.windows.push((size - reach) / r.stride.d[i] + 1);
  }
  return r;
}

void check_dtype(const char* op, const TensorImpl& x) {
  WG_CHECK(is_floating(x.dtype) || x.dtype == DType::bool_, NotImplementedError, op,
           ": not available for dtype ", x.dtype, "; convert the input to a floating point dtype");
}

}  // namespace

Tensor unfold_windows(const Tensor& input, Dims kernel_size, Dims dilation, Dims padding,
                      Dims stride) {
  const char* op = "unfold";
  const TensorImpl& x = *detail::input(op, input);
  check_dtype(op, x);
  WG_CHECK(x.ndim >= 3, IndexError, op,
           ": expected an input (N, C, H, W) or (C, H, W), but got shape ", x.sizes());
  WG_CHECK(x.ndim <= 4, Error, op, ": expected an input (N, C, H, W) or (C, H, W), but got shape ",
           x.sizes());
  WG_CHECK(x.shape()[x.ndim - 3] > 0, Error, op, ": only the batch may be empty, but got shape ",
           x.sizes());
  const WindowRule r =
      make_rule(op, Dims(x.shape() + x.ndim - 2, 2), kernel_size, dilation, padding, stride);
  if (x.ndim == 4) return apply(UnfoldWindows{r, false}, input);
  return squeeze(apply(UnfoldWindows{r, false}, unsqueeze(input, 0)), {0});
}

Tensor fold(const Tensor& input, Dims output_size, Dims kernel_size, Dims dilation, Dims padding,
            Dims stride) {
  const char* op = "fold";
  const TensorImpl& x = *detail::input(op, input);
  check_dtype(op, x);
  WG_CHECK(x.ndim == 2 || x.ndim == 3, Error, op,
           ": expected an input (N, C * taps, L) or (C * taps, L), but got shape ", x.sizes());
  const WindowRule r = make_rule(op, output_size, kernel_size, dilation, padding, stride);
  const int64_t rows = x.shape()[x.ndim - 2], columns = x.shape()[x.ndim - 1];
  WG_CHECK(rows > 0 && rows % r.taps() == 0, Error, op, ": expected ", r.taps(),
           " rows, the taps of kernel_size ", Dims(r.kernel),
           ", or a multiple of them, but the input has shape ", x.sizes());
  WG_CHECK(columns == r.positions(), Error, op, ": planes of ", Dims(r.plane), " have ",
           r.positions(), " windows, but the input of shape ", x.sizes(), " has ", columns,
           " columns");
  if (x.ndim == 3) return apply(UnfoldWindows{r, true}, input);
  return squeeze(apply(UnfoldWindows{r, true}, unsqueeze(input, 0)), {0});
}

namespace {
constexpr Function rows[] = {
    make_function<unfold_windows>(
        "_unfold_windows", "input, kernel_size, dilation=1, padding=0, stride=1",
        kFunction | kInternal,
        "The windows of (N, C, H, W) as columns (N, C * taps, windows); also without N",
        "T((2, 3, 4, 5)), 2\nT((2, 5, 6)), (3, 2), (1, 2), (1, 0), (2, 1)"),
    make_function<fold>(
        "_fold", "input, output_size, kernel_size, dilation=1, padding=0, stride=1",
        kFunction | kInternal,
        "The adjoint of unfold: columns (N, C * taps, windows) added up to (N, C, *output_size)",
        "T((2, 12, 12)), (4, 5), 2\nT((6, 4)), 4, (3, 2), (1, 2), (1, 0), (2, 1)"),
};
}  // namespace

extern const FunctionTable nn_fold_functions;
const FunctionTable nn_fold_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_fold, operation<UnfoldWindows>())

WENGERT_NAMESPACE_END
