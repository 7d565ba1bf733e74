// Convolutions in one to three dimensions. A convolution y = x * w is linear in x and in w: its two
// adjoint maps and itself are the derivatives of one another.
#include "ops/nn_convolution.h"

#include "ops/function.h"
#include "ops/nn_convolution_pairs.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Attributes {
  Shape stride, padding, dilation;
  int64_t groups;
};

// From the shapes of x (n, c, ...), w (m, c / groups, ...) and y (n, m, ...).
ConvolutionPlan make_plan(const Attributes& a, Dims x, Dims w, Dims y, DType dtype,
                          ConvolutionProduct product) {
  ConvolutionPlan p;
  p.dtype = dtype;
  p.batch = x[0];
  p.groups = a.groups;
  p.in_channels = w[1];
  p.out_channels = w[0] / a.groups;
  const int spatial = a.stride.ndim;
  for (int i = 0; i < 3; ++i) {
    const int d = i - (3 - spatial);
    const auto k = static_cast<size_t>(d + 2);
    p.windows.in[i] = d < 0 ? 1 : x[k];
    p.windows.out[i] = d < 0 ? 1 : y[k];
    p.windows.kernel[i] = d < 0 ? 1 : w[k];
    p.windows.stride[i] = d < 0 ? 1 : a.stride.d[d];
    p.windows.padding[i] = d < 0 ? 0 : a.padding.d[d];
    p.windows.dilation[i] = d < 0 ? 1 : a.dilation.d[d];
  }
  // Other numbers of 16 bits are converted.
  if (item_size(dtype) == 2 && !PairConvolution::covers(p, product)) p.dtype = DType::float32;
  return p;
}

// Calls f(memory) with row-major memory of the plan's dtype for the elements of `out`.
template <class F>
void into(const Tensor& out, DType dtype, F&& f) {
  if (out.dtype() == dtype) return f(out.data());
  const Tensor t = new_tensor(dtype, out.shape());
  f(t.data());
  copy_elements(*out.impl(), *t.impl());
}

Shape shape_of(int64_t a, int64_t b, const Shape& spatial) {
  Shape s;
  s.push(a);
  s.push(b);
  for (int i = 0; i < spatial.ndim; ++i) s.push(spatial.d[i]);
  return s;
}
Shape spatial_of(const Shape& s) { return Dims(s.d + 2, static_cast<size_t>(s.ndim - 2)); }

// ---- all examples of a vmap at once: as rows, or where the second input differs as groups ----

// (B, N, C, ...) as (N, B C, ...), and back.
Tensor examples_as_channels(const Tensor& t) {
  const Tensor moved = movedim(t, {0}, {1});
  Shape s;
  s.push(moved.size(0));
  s.push(moved.size(1) * moved.size(2));
  for (int64_t i = 3; i < moved.dim(); ++i) s.push(moved.size(i));
  return reshape(moved, s);
}
Tensor channels_as_examples(const Tensor& t, int64_t n) {
  Shape s;
  s.push(t.size(0));
  s.push(n);
  s.push(t.size(1) / n);
  for (int64_t i = 2; i < t.dim(); ++i) s.push(t.size(i));
  return movedim(reshape(t, s), {1}, {0});
}
// (B, O, ...) as (B O, ...), and back.
Tensor examples_as_rows(const Tensor& t) {
  Shape s;
  s.push(t.size(0) * t.size(1));
  for (int64_t i = 2; i < t.dim(); ++i) s.push(t.size(i));
  return reshape(t, s);
}
Tensor rows_as_examples(const Tensor& t, int64_t n) {
  Shape s;
  s.push(n);
  s.push(t.size(0) / n);
  for (int64_t i = 1; i < t.dim(); ++i) s.push(t.size(i));
  return reshape(t, s);
}

// Each of y's elements is a sum over the kernel of its channel.
int64_t flops_of(Dims y, Dims w) {
  return w[0] ? 2 * Sizes::count(y) * (Sizes::count(w) / w[0]) : 0;
}

// y from x, w and a bias, if there is a third input.
struct Convolution {
  Attributes a;
  Shape out;
  static constexpr const char* name = "convolution";
  static constexpr const char* field_names = "stride, padding, dilation, groups, out";
  auto fields() const { return std::tie(a.stride, a.padding, a.dilation, a.groups, out); }
  void jvp(Jvp& j) const {
    if (j.has(0)) j.add(0, apply(*this, j.tangent(0), j.in(1)));
    if (j.has(1)) j.add(0, apply(*this, j.in(0), j.tangent(1)));
    if (j.inputs() > 2 && j.has(2)) j.add(0, over_channels(j.tangent(2)));
  }
  bool batch(Batch& b) const {
    if (b.only(0)) return b.run_rows();
    Convolution grouped = *this;
    grouped.a.groups *= b.size();
    Tensor y = apply(grouped, examples_as_channels(b.front(0)), examples_as_rows(b.front(1)));
    y = channels_as_examples(y, b.size());
    if (b.inputs() > 2) y = add(y, over_channels(unsqueeze(b.front(2), 1)));
    b.set(0, y);
    return true;
  }
  // A bias (..., C) as (..., C, 1, ...).
  Tensor over_channels(Tensor bias) const {
    for (int i = 0; i < out.ndim; ++i) bias = unsqueeze(bias, -1);
    return bias;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) { return flops_of(s.outputs[0], s.inputs[1]); }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = shape_of(m.in(0).shape()[0], m.in(1).shape()[0], out);
  }
  void compute(Compute& c) const {
    const ConvolutionPlan p = make_plan(a, c.in(0).shape(), c.in(1).shape(), c.out().shape(),
                                        c.in(0).dtype(), ConvolutionProduct::output);
    const Tensor x = as_contiguous(c.in(0), p.dtype), w = as_contiguous(c.in(1), p.dtype);
    const Tensor b = c.n_inputs > 2 ? as_contiguous(c.in(2), p.dtype) : Tensor();
    into(c.out(), p.dtype,
         [&](void* y) { convolve(p, y, x.data(), w.data(), b.defined() ? b.data() : nullptr); });
  }
  void vjp(Vjp& v) const;
};

// x from y and w; also the transposed convolution.
struct ConvolutionInput {
  Attributes a;
  Shape in;
  static constexpr const char* name = "convolution_input";
  static constexpr const char* field_names = "stride, padding, dilation, groups, in";
  auto fields() const { return std::tie(a.stride, a.padding, a.dilation, a.groups, in); }
  static constexpr Tangents tangents = Tangents::multilinear;
  bool batch(Batch& b) const {
    if (b.only(0)) return b.run_rows();
    ConvolutionInput grouped = *this;
    grouped.a.groups *= b.size();
    b.set(0, channels_as_examples(
                 apply(grouped, examples_as_channels(b.front(0)), examples_as_rows(b.front(1))),
                 b.size()));
    return true;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) { return flops_of(s.inputs[0], s.inputs[1]); }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = shape_of(m.in(0).shape()[0], m.in(1).shape()[1] * a.groups, in);
  }
  void run(const Tensor& y, const Tensor& w, const Tensor& x, bool accumulate) const {
    const ConvolutionPlan p =
        make_plan(a, x.shape(), w.shape(), y.shape(), y.dtype(), ConvolutionProduct::input);
    const Tensor yc = as_contiguous(y, p.dtype), wc = as_contiguous(w, p.dtype);
    into(x, p.dtype, [&](void* to) { convolve_input(p, to, yc.data(), wc.data(), accumulate); });
  }
  void compute(Compute& c) const { run(c.in(0), c.in(1), c.out(), false); }
  void vjp(Vjp& v) const;
};

// w from x and y.
struct ConvolutionWeight {
  Attributes a;
  Shape kernel;
  static constexpr const char* name = "convolution_weight";
  static constexpr const char* field_names = "stride, padding, dilation, groups, kernel";
  auto fields() const { return std::tie(a.stride, a.padding, a.dilation, a.groups, kernel); }
  static constexpr Tangents tangents = Tangents::multilinear;
  bool batch(Batch& b) const {
    ConvolutionWeight grouped = *this;
    grouped.a.groups *= b.size();
    b.set(0, rows_as_examples(
                 apply(grouped, examples_as_channels(b.front(0)), examples_as_channels(b.front(1))),
                 b.size()));
    return true;
  }
  static constexpr Save saves[] = {save_input(0, for_input(1)), save_input(1, for_input(0))};
  static int64_t flops(const Sizes& s) { return flops_of(s.inputs[1], s.outputs[0]); }
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = shape_of(m.in(1).shape()[1], m.in(0).shape()[1] / a.groups, kernel);
  }
  void run(const Tensor& x, const Tensor& y, const Tensor& w, bool accumulate) const {
    const ConvolutionPlan p =
        make_plan(a, x.shape(), w.shape(), y.shape(), x.dtype(), ConvolutionProduct::weight);
    const Tensor xc = as_contiguous(x, p.dtype), yc = as_contiguous(y, p.dtype);
    into(w, p.dtype, [&](void* to) { convolve_weight(p, to, xc.data(), yc.data(), accumulate); });
  }
  void compute(Compute& c) const { run(c.in(0), c.in(1), c.out(), false); }
  void vjp(Vjp& v) const;
};

// The gradient of input i: op of a and b, added to what is there if possible.
template <class Op>
void set_gradient(Vjp& v, int i, const Op& op, const Tensor& a, const Tensor& b) {
  const bool added = item_size(a.dtype()) >= 4 && a.dtype() == b.dtype() &&
                     v.accumulate(i, [&](Tensor& sum) { op.run(a, b, sum, true); });
  if (!added) v.set(i, apply(op, a, b));
}

void Convolution::vjp(Vjp& v) const {
  const Tensor& g = v.grad();
  if (v.needs(0)) set_gradient(v, 0, ConvolutionInput{a, spatial_of(v.shape(0))}, g, v.saved(1));
  if (v.needs(1)) set_gradient(v, 1, ConvolutionWeight{a, spatial_of(v.shape(1))}, v.saved(0), g);
  if (v.inputs() > 2 && v.needs(2)) {
    Shape dims;
    dims.push(0);
    for (int i = 0; i < out.ndim; ++i) dims.push(i + 2);
    v.set(2, sum(g, dims));
  }
}
void ConvolutionInput::vjp(Vjp& v) const {
  const Tensor& g = v.grad();
  if (v.needs(0)) v.set(0, apply(Convolution{a, spatial_of(v.shape(0))}, g, v.saved(1)));
  if (v.needs(1)) set_gradient(v, 1, ConvolutionWeight{a, spatial_of(v.shape(1))}, g, v.saved(0));
}
void ConvolutionWeight::vjp(Vjp& v) const {
  const Tensor& g = v.grad();
  if (v.needs(0)) v.set(0, apply(ConvolutionInput{a, spatial_of(v.shape(0))}, v.saved(1), g));
  if (v.needs(1)) v.set(1, apply(Convolution{a, spatial_of(v.shape(1))}, v.saved(0), g));
}

// One number for each spatial dimension, from that many or from one for all.
Shape per_dimension(const char* op, const char* what, Dims values, int spatial, int64_t least) {
  WG_CHECK(values.size() == 1 || values.size() == static_cast<size_t>(spatial), Error, op,
           ": expected ", what, " to be one number or ", spatial, ", but got ", values);
  Shape s;
  for (int i = 0; i < spatial; ++i) {
    s.push(values.size() == 1 ? values[0] : values[static_cast<size_t>(i)]);
    WG_CHECK(s.d[i] >= least && s.d[i] <= INT32_MAX, Error, op, ": expected ", what, " from ",
             least, " to 2^31 - 1, but got ", values);
  }
  return s;
}

Attributes check(const char* op, int spatial, const Tensor& input, const Tensor& weight,
                 const Tensor& bias, Dims stride, Dims padding, Dims dilation, int64_t groups,
                 bool transposed) {
  const TensorImpl &x = *detail::input(op, input), &w = *detail::input(op, weight);
  WG_CHECK(w.ndim == spatial + 2, Error, op, ": expected a weight of ", spatial + 2,
           " dimensions, but got shape ", w.sizes());
  WG_CHECK(x.ndim == spatial + 1 || x.ndim == spatial + 2, Error, op, ": expected an input of ",
           spatial + 2, " dimensions, or ", spatial + 1, " without a batch, but got shape ",
           x.sizes());
  WG_CHECK(groups > 0, Error, op, ": expected groups of at least 1, but got ", groups);
  // So that the products below do not overflow.
  WG_CHECK(w.shape()[0] >= groups, Error, op, ": with groups=", groups, ", expected at least ",
           groups, " in the first dimension of the weight ", w.sizes());
  WG_CHECK(!transposed || w.shape()[1] > 0, Error, op, ": the weight ", w.sizes(),
           " has no output channels");
  const int64_t channels = x.shape()[x.ndim - spatial - 1];
  const int64_t expected = transposed ? w.shape()[0] : w.shape()[1] * groups;
  WG_CHECK(channels == expected, Error, op, ": with groups=", groups, ", a weight of shape ",
           w.sizes(), " expects ", expected, " channels, but the input of shape ", x.sizes(),
           " has ", channels);
  WG_CHECK(w.shape()[0] % groups == 0, Error, op, ": expected groups=", groups,
           " to divide the first dimension of the weight ", w.sizes());
  WG_CHECK(x.dtype == w.dtype && (!bias.defined() || bias.dtype() == x.dtype), Error, op,
           ": input, weight and bias must have one dtype, but got ", x.dtype, " and ",
           w.dtype == x.dtype ? bias.dtype() : w.dtype, "; convert one with to()");
  WG_CHECK(is_floating(x.dtype), NotImplementedError, op, ": not available for dtype ", x.dtype,
           "; convert the input to a floating point dtype");
  const int64_t outputs = transposed ? w.shape()[1] * groups : w.shape()[0];
  WG_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == outputs), Error, op,
           ": expected a bias of ", outputs, " elements, but got shape ", bias.shape());
  const bool empty = channels == 0 || (x.ndim == spatial + 2 && x.shape()[0] == 0);
  for (int i = 0; i < spatial; ++i) {
    WG_CHECK(w.shape()[i + 2] > 0, Error, op,
             ": expected a kernel of at least 1 in each dimension, ", "but the weight has shape ",
             w.sizes());
    WG_CHECK(empty || x.shape()[x.ndim - spatial + i] > 0, Error, op,
             ": only the batch and the channels may be empty, but the input has shape ", x.sizes());
  }
  return {per_dimension(op, "stride", stride, spatial, 1),
          per_dimension(op, "padding", padding, spatial, 0),
          per_dimension(op, "dilation", dilation, spatial, 1), groups};
}

Tensor convolution(const char* op, int spatial, const Tensor& input, const Tensor& weight,
                   const Tensor& bias, Dims stride, Dims padding, Dims dilation, int64_t groups) {
  Convolution conv{
      check(op, spatial, input, weight, bias, stride, padding, dilation, groups, false), {}};
  const bool batched = input.dim() == spatial + 2;
  for (int i = 0; i < spatial; ++i) {
    const int64_t size = input.size(i - spatial) + 2 * conv.a.padding.d[i];
    const int64_t kernel = conv.a.dilation.d[i] * (weight.size(i - spatial) - 1) + 1;
    WG_CHECK(kernel <= size, Error, op, ": the kernel of ", weight.shape(), " with dilation ",
             Dims(conv.a.dilation), " must not exceed the padded input, but the ",
             "input has shape ", input.shape(), " and padding ", Dims(conv.a.padding));
    conv.out.push((size - kernel) / conv.a.stride.d[i] + 1);
  }
  const Tensor x = batched ? input : unsqueeze(input, 0);
  const Tensor y = bias.defined() ? apply(conv, x, weight, bias) : apply(conv, x, weight);
  return batched ? y : squeeze(y, {0});
}

Tensor transposed_convolution(const char* op, int spatial, const Tensor& input,
                              const Tensor& weight, const Tensor& bias, Dims stride, Dims padding,
                              Dims output_padding, int64_t groups, Dims dilation) {
  ConvolutionInput conv{
      check(op, spatial, input, weight, bias, stride, padding, dilation, groups, true), {}};
  const Shape extra = per_dimension(op, "output_padding", output_padding, spatial, 0);
  const bool batched = input.dim() == spatial + 2, no_batch = batched && input.size(0) == 0;
  for (int i = 0; i < spatial; ++i) {
    const Attributes& a = conv.a;
    WG_CHECK(no_batch || extra.d[i] < a.stride.d[i] || extra.d[i] < a.dilation.d[i], Error, op,
             ": expected output_padding to be smaller than stride or dilation, but got ",
             Dims(extra), " with stride ", Dims(a.stride), " and dilation ", Dims(a.dilation));
    const int64_t size = (input.size(i - spatial) - 1) * a.stride.d[i] - 2 * a.padding.d[i] +
                         a.dilation.d[i] * (weight.size(i - spatial) - 1) + extra.d[i] + 1;
    WG_CHECK(size >= 0, Error, op, ": the output would have size ", size, " in spatial dimension ",
             i, " for an input of shape ", input.shape(), " and a weight of shape ",
             weight.shape());
    conv.in.push(size);
  }
  const Tensor x = batched ? input : unsqueeze(input, 0);
  Tensor y = apply(conv, x, weight);
  if (bias.defined()) {
    Shape s;
    s.push(bias.size(0));
    for (int i = 0; i < spatial; ++i) s.push(1);
    y = add(y, reshape(bias, s));
  }
  return batched ? y : squeeze(y, {0});
}

}  // namespace

#define WG_CONVOLUTION(n)                                                                         \
  Tensor conv##n##d(const Tensor& input, const Tensor& weight, const Tensor& bias, Dims stride,   \
                    Dims padding, Dims dilation, int64_t groups) {                                \
    return convolution("conv" #n "d", n, input, weight, bias, stride, padding, dilation, groups); \
  }                                                                                               \
  Tensor conv_transpose##n##d(const Tensor& input, const Tensor& weight, const Tensor& bias,      \
                              Dims stride, Dims padding, Dims output_padding, int64_t groups,     \
                              Dims dilation) {                                                    \
    return transposed_convolution("conv_transpose" #n "d", n, input, weight, bias, stride,        \
                                  padding, output_padding, groups, dilation);                     \
  }
WG_CONVOLUTION(1)
WG_CONVOLUTION(2)
WG_CONVOLUTION(3)
#undef WG_CONVOLUTION

namespace {
#define WG_SIGNATURE "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1"
#define WG_TRANSPOSED \
  "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1"
constexpr Function rows[] = {
    make_function<conv1d>("conv1d", WG_SIGNATURE, kFunction | kNN,
                          "Cross-correlation of (N, C, L) with a weight (out, C / groups, k)",
                          "T((2, 4, 9)), T((6, 4, 3)), T((6,))\nT((4, 9)), T((6, 2, 3)), None, 2, "
                          "1, 2, 2\nT((0, 4, 9)), T((6, 4, 3))"),
    make_function<conv2d>(
        "conv2d", WG_SIGNATURE, kFunction | kNN,
        "Cross-correlation of (N, C, H, W) with a weight (out, C / groups, kh, kw)",
        "T((2, 3, 6, 7)), T((4, 3, 3, 3)), T((4,))\nT((2, 4, 6, 7)), T((4, 2, 3, "
        "2)), T((4,)), (2, 1), (1, 2), (1, 2), 2\nT((3, 5, 5)), T((2, 3, 1, 1))"),
    make_function<conv3d>(
        "conv3d", WG_SIGNATURE, kFunction | kNN,
        "Cross-correlation of (N, C, D, H, W) with a weight (out, C / groups, kd, kh, kw)",
        "T((1, 2, 3, 4, 5)), T((2, 2, 2, 3, 2)), T((2,)), 1, 1"),
    make_function<conv_transpose1d>(
        "conv_transpose1d", WG_TRANSPOSED, kFunction | kNN,
        "Transposed convolution of (N, C, L) with a weight (C, out / groups, k)",
        "T((2, 4, 5)), T((4, 3, 3)), T((3,)), 2, 1, 1"),
    make_function<conv_transpose2d>(
        "conv_transpose2d", WG_TRANSPOSED, kFunction | kNN,
        "Transposed convolution of (N, C, H, W) with a weight (C, out / groups, kh, kw)",
        "T((2, 4, 3, 4)), T((4, 3, 3, 2)), T((6,)), 2, 1, 1, 2"),
    make_function<conv_transpose3d>(
        "conv_transpose3d", WG_TRANSPOSED, kFunction | kNN,
        "Transposed convolution of (N, C, D, H, W) with a weight (C, out / groups, kd, kh, kw)",
        "T((1, 2, 2, 3, 2)), T((2, 2, 2, 2, 2))"),
};
#undef WG_SIGNATURE
#undef WG_TRANSPOSED
}  // namespace

extern const FunctionTable nn_convolution_functions;
const FunctionTable nn_convolution_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_convolution, operation<Convolution>(), operation<ConvolutionInput>(),
              operation<ConvolutionWeight>())

WENGERT_NAMESPACE_END
