// The affine map of a layer with weights of 8 bits.
#include "kernels/quantized.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/copy.h"
#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Rows of the input that stay in the first-level cache while the weight passes by.
constexpr int64_t kRowBytes = 24 * 1024;
constexpr int64_t kColumns = 64;          // outputs of one task
constexpr int64_t kSerialWork = 1 << 19;  // multiply-adds
constexpr int64_t kSerialSize = 1 << 14;  // numbers to round

// round(x / sx) w^T sx s + b for x (*, n), w (m, n) of int8, s (m) and b (m) or none, where sx is
// the largest |x| of a row / 127.
struct QuantizedLinear {
  static constexpr const char* name = "quantized_linear";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::leading;
  static int64_t flops(const Sizes& s) {
    const Dims a = s.inputs[0];
    return 2 * Sizes::count(s.outputs[0]) * a[a.size() - 1];
  }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[m.in(0).ndim - 1] = m.in(1).shape()[0];
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0)), w = as_contiguous(c.in(1)), s = as_contiguous(c.in(2));
    const Tensor bias = c.n_inputs > 3 ? as_contiguous(c.in(3)) : Tensor();
    const kernels::QuantizedKernels& kernel = kernels::quantized(x.dtype());
    const auto item = static_cast<int64_t>(item_size(x.dtype()));
    const int64_t n = w.size(0), k = w.size(1), row = kernel.row_bytes(k);
    int64_t m = 1;
    for (int64_t d = 0; d < x.dim() - 1; ++d) m *= x.size(d);
    if (m == 0 || n == 0) return;
    const runtime::Scratch rows(m * row), scales(m * item);
    runtime::parallel_for(m, kSerialSize / (k + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        kernel.round_row(k, static_cast<const char*>(x.data()) + i * k * item, rows.data + i * row,
                         scales.data + i * item);
      }
    });
    const int64_t block = std::max<int64_t>(kRowBytes / (row + 1) / 4 * 4, 4);
    const int64_t down = (m + block - 1) / block, across = (n + kColumns - 1) / kColumns;
    const int64_t work = std::min(m, block) * std::min(n, kColumns) * (k + 1);
    const auto tasks = [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t i = task / across * block, j = task % across * kColumns;
        kernels::QuantizedProduct p{};
        p.m = std::min(block, m - i);
        p.n = std::min(kColumns, n - j);
        p.k = k;
        p.x = rows.data + i * row;
        p.x_scale = scales.data + i * item;
        p.w = static_cast<const int8_t*>(w.data()) + j * k;
        p.w_scale = static_cast<const char*>(s.data()) + j * item;
        if (bias.defined()) p.bias = static_cast<const char*>(bias.data()) + j * item;
        p.out = static_cast<char*>(c.out().data()) + (i * n + j) * item;
        p.out_row = n;
        kernel.product(p);
      }
    };
    runtime::parallel_for(down * across, kSerialWork / work + 1, tasks);
  }
};

}  // namespace

Tensor quantized_linear(const Tensor& input, const Tensor& weight, const Tensor& scale,
                        const Tensor& bias) {
  const char* op = QuantizedLinear::name;
  const TensorImpl &x = *detail::input(op, input), &w = *detail::input(op, weight),
                   &s = *detail::input(op, scale);
  WG_CHECK(w.ndim == 2 && w.dtype == DType::int8, Error, op,
           ": the weight must be (out, in) of int8, but has shape ", w.sizes(), " and dtype ",
           w.dtype, "; quantize_weight makes one");
  WG_CHECK(x.ndim > 0 && x.shape()[x.ndim - 1] == w.shape()[1], Error, op,
           ": the last dimension of the input ", x.sizes(), " must equal the last of the weight ",
           w.sizes());
  WG_CHECK(w.shape()[1] <= kernels::kQuantizedDepth, ValueError, op, ": expected rows of at most ",
           kernels::kQuantizedDepth, " numbers, whose sums fit into 32 bits, but got ",
           w.shape()[1]);
  WG_CHECK(x.dtype == DType::float32 || x.dtype == DType::float64, Error, op,
           ": expected an input of float32 or float64, but got ", x.dtype);
  const Dims out{w.shape(), 1};
  WG_CHECK(s.sizes() == out, Error, op, ": expected a scale for each of the ", w.shape()[0],
           " rows of the weight, but got shape ", s.sizes());
  WG_CHECK(!bias.defined() || bias.shape() == out, Error, op, ": expected a bias for each of the ",
           w.shape()[0], " rows of the weight, but got shape ", bias.shape());
  WG_CHECK(s.dtype == x.dtype && (!bias.defined() || bias.dtype() == x.dtype), Error, op,
           ": input, scale and bias must have one dtype, but got ", x.dtype, " and ",
           s.dtype == x.dtype ? bias.dtype() : s.dtype, "; convert one with to()");
  WG_CHECK(!recording() || !(input.requires_grad() || scale.requires_grad() ||
                             (bias.defined() && bias.requires_grad())),
           Error, op, ": it has no gradient, but a tensor requires one; call it under no_grad()");
  return bias.defined() ? apply(QuantizedLinear{}, input, weight, scale, bias)
                        : apply(QuantizedLinear{}, input, weight, scale);
}

std::pair<Tensor, Tensor> quantize_weight(const Tensor& weight) {
  const TensorImpl& t = *detail::input("quantize_weight", weight);
  WG_CHECK(t.ndim > 0 && is_floating(t.dtype), Error,
           "quantize_weight: expected floating point numbers of one dimension or more, but got "
           "dtype ",
           t.dtype, " and shape ", t.sizes());
  Tensor w = weight.detach();
  if (item_size(t.dtype) < 4) w = w.to(DType::float32);
  const int64_t n = w.size(0);
  if (w.numel() == 0) return {zeros(w.shape(), DType::int8), zeros({n}, w.dtype())};
  const Tensor rows = reshape(w, {n, -1});
  const Tensor a = amax(abs(rows), {1}, true);
  // As the kernels round: too small ones are zeros, those that are not finite have no scale.
  const Tensor good = logical_and(ge(a, 0x1p-120), isfinite(a));
  const Tensor zero = zeros({}, w.dtype());
  const Tensor factor = where(good, div(full({}, 127.0, w.dtype()), a), zero);
  const Tensor q = round(mul(where(good, rows, zero), factor)).to(DType::int8);
  const Tensor scale = where(good, div(a, 127.0), sub(a, a));
  return {reshape(q, w.shape()), reshape(scale, {n})};
}

namespace {
constexpr Function rows[] = {
    make_function<quantized_linear>(
        "quantized_linear", "input, weight, scale, bias=None", kFunction | kNN | kNoGrad,
        "x (weight scale)^T + bias for an input (*, in) whose rows are rounded to 8 bits, a weight "
        "(out, in) of int8, a scale (out) and a bias (out): round(x / sx) weight^T sx scale + "
        "bias, where sx is a row's largest |x| / 127; products and sums of integers are exact. "
        "For inference: it has no gradient",
        "T((3, 4)), I((2, 4), -127, 128).to(int8), T((2,)), T((2,))\n"
        "T((2, 3, 70)), I((5, 70), -127, 128).to(int8), T((5,))\n"
        "T((4,)), I((2, 4), -127, 128).to(int8), T((2,)), T((2,))\n"
        "T((0, 4)), I((2, 4), -127, 128).to(int8), T((2,)), T((2,))",
        "(lambda a: np.rint(input * (127 / a)) @ weight.T.astype(input.dtype) * (a / 127) * scale "
        "+ (0 if bias is None else bias))(np.max(np.abs(input), axis=-1, keepdims=True))"),
    make_function<quantize_weight>(
        "quantize_weight", "weight -> values, scale", kFunction | kNN | kNoGrad,
        "A weight as int8 with a scale for each index of dimension 0, the largest |weight| there "
        "/ 127: weight is about values * scale",
        "T((3, 4))\nT((2, 3, 2))\nT((5,))",
        "(lambda w, a: (np.rint(w * (127 / a)).astype(np.int8).reshape(weight.shape), (a / 127)[:, "
        "0]))(weight.reshape(len(weight), -1), np.max(np.abs(weight.reshape(len(weight), -1)), "
        "axis=1, keepdims=True))"),
};
}  // namespace

extern const FunctionTable nn_quantized_functions;
const FunctionTable nn_quantized_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_quantized, operation<QuantizedLinear>())

WENGERT_NAMESPACE_END
