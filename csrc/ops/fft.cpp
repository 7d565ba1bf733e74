// Discrete Fourier transforms: complex to complex, real to half a spectrum and back. The adjoint of
// each is one of them.
#include "wengert/ops/fft.h"

#include <algorithm>
#include <cmath>

#include "kernels/fft_plan.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "runtime/scratch.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using kernels::FftKind;

struct LineTransform {
  FftKind kind;
  bool inverse;
  double scale, edge = 1;
};

// Transforms the lines of `in` along `dim`, of n elements where they are not halved.
void transform_lines(const LineTransform& t, const TensorImpl& in, const TensorImpl& out,
                     int64_t dim, int64_t n) {
  if (out.numel == 0) return;
  kernels::FftLines l{};
  l.kind = t.kind;
  l.inverse = t.inverse;
  l.scale = t.scale;
  l.edge = t.edge;
  const int64_t in_unit = is_complex(in.dtype) ? 2 : 1, out_unit = is_complex(out.dtype) ? 2 : 1;
  l.in = in.data;
  l.out = out.data;
  l.in_step = in_unit * in.strides()[dim];
  l.out_step = out_unit * out.strides()[dim];
  int64_t lines = 1;
  for (int d = out.ndim - 1; d >= 0; --d) {  // the output is row-major
    if (d == dim || out.shape()[d] == 1) continue;
    l.size[l.ndim] = out.shape()[d];
    l.in_stride[l.ndim] = in_unit * in.strides()[d];
    l.out_stride[l.ndim++] = out_unit * out.strides()[d];
    lines *= out.shape()[d];
  }
  const DType real = real_of(out.dtype);
  const auto plan = kernels::fft_plan(real, n, t.kind != FftKind::complex);
  const auto& kernel = kernels::fft(real);
  const size_t bytes = kernel.scratch(*plan, l);
  // Whole vectors of lines.
  const int64_t grain = (kParallelGrain / 4 / n / kernel.lanes + 1) * kernel.lanes;
  runtime::parallel_for((lines + grain - 1) / grain, 1, [&](int64_t begin, int64_t end) {
    const runtime::Scratch scratch(static_cast<int64_t>(bytes));
    kernel.lines(*plan, l, begin * grain, std::min(lines, end * grain), scratch.data);
  });
}

void scale_into(const TensorImpl& out, const TensorImpl& in, double scale) {
  Tensor x = dense_copy(in, out.dtype);
  if (scale != 1) x = mul(x, scale);
  copy_elements(out, *x.impl());
}

// Complex lines along each of `dims`; real input counts as complex.
struct FftComplex {
  Shape dims;
  bool inverse;
  double scale;
  static constexpr const char* name = "fft_complex";
  WG_FIELDS(dims, inverse, scale)
  static constexpr Tangents tangents = Tangents::linear;
  FftComplex batched(int64_t) const { return {one_later(dims), inverse, scale}; }
  void infer(Infer& m) const {
    m.out().dtype = complex_for(m.in(0).dtype);
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl* in = c.in(0).impl();
    const TensorImpl& out = *c.out().impl();
    if (dims.ndim == 0) return scale_into(out, *in, scale);
    for (int i = dims.ndim - 1; i >= 0; --i) {
      const int64_t d = dims.d[i];
      const FftKind kind = is_complex(in->dtype) ? FftKind::complex : FftKind::real_to_whole;
      transform_lines({kind, inverse, in == &out ? 1 : scale}, *in, out, d, out.shape()[d]);
      in = &out;
    }
  }
  void vjp(Vjp& v) const { v.set(0, apply(FftComplex{dims, !inverse, scale}, v.grad())); }
};

struct FftHalfToReal;

// The first n/2 + 1 terms of the spectrum of real lines of n elements; terms that are their own
// mirror images are multiplied by `edge` too.
struct FftRealToHalf {
  int64_t dim;
  bool inverse;
  double scale, edge;
  static constexpr const char* name = "fft_real_to_half";
  WG_FIELDS(dim, inverse, scale, edge)
  static constexpr Tangents tangents = Tangents::linear;
  FftRealToHalf batched(int64_t) const { return {dim + 1, inverse, scale, edge}; }
  void infer(Infer& m) const {
    m.out().dtype = complex_for(m.in(0).dtype);
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[dim] = m.out().shape.d[dim] / 2 + 1;
  }
  void compute(Compute& c) const {
    transform_lines({FftKind::real_to_half, inverse, scale, edge}, *c.in(0).impl(), *c.out().impl(),
                    dim, c.in(0).size(dim));
  }
  void vjp(Vjp& v) const;
};

// The real lines of n elements of which the first n/2 + 1 terms are given. Those between the edges
// count twice, as they stand for their mirror images too.
struct FftHalfToReal {
  int64_t dim, n;
  bool inverse;
  double scale, edge;
  static constexpr const char* name = "fft_half_to_real";
  WG_FIELDS(dim, n, inverse, scale, edge)
  static constexpr Tangents tangents = Tangents::linear;
  FftHalfToReal batched(int64_t) const { return {dim + 1, n, inverse, scale, edge}; }
  void infer(Infer& m) const {
    m.out().dtype = real_of(m.in(0).dtype);
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[dim] = n;
  }
  void compute(Compute& c) const {
    transform_lines({FftKind::half_to_real, inverse, scale, edge}, *c.in(0).impl(), *c.out().impl(),
                    dim, n);
  }
  void vjp(Vjp& v) const {
    v.set(0, apply(FftRealToHalf{dim, !inverse, 2 * scale, edge / 2}, v.grad()));
  }
};

void FftRealToHalf::vjp(Vjp& v) const {
  v.set(0, apply(FftHalfToReal{dim, v.shape(0).d[dim], !inverse, scale / 2, 2 * edge}, v.grad()));
}

// What a call asks for: dimensions and their lengths, the last of which may be that of a real line.
struct Request {
  const char* op;
  Shape dims, lengths;
  std::string_view norm;
  bool inverse;

  double scale() const {
    double n = 1;
    for (const int64_t d : Dims(lengths)) n *= static_cast<double>(d);
    if (norm == "ortho") return 1 / std::sqrt(n);
    return (norm == "forward") != inverse ? 1 / n : 1;
  }
  Shape leading() const { return Dims(dims.d, static_cast<size_t>(dims.ndim - 1)); }
  int64_t last_dim() const { return dims.d[dims.ndim - 1]; }
  int64_t last_length() const { return lengths.d[dims.ndim - 1]; }
};

void check_input(const char* op, const Tensor& input, bool real) {
  const DType t = detail::input(op, input)->dtype;
  WG_CHECK(!real || !is_complex(t), Error, op, ": expected a real input, but got dtype ", t);
  WG_CHECK(t != DType::float16 && t != DType::bfloat16, Error, op, ": not available for dtype ", t,
           "; convert to float32 first");
}

void check_norm(const char* op, std::string_view norm) {
  WG_CHECK(norm == "backward" || norm == "forward" || norm == "ortho", Error, op,
           ": norm must be 'backward', 'forward' or 'ortho', but is '", norm, "'");
}

// The length of the real line of a half spectrum, where none is given.
int64_t whole_length(int64_t half) { return 2 * (half - 1); }

Request one_dim(const char* op, const Tensor& input, std::optional<int64_t> n, int64_t dim,
                std::string_view norm, bool inverse, bool to_real = false) {
  check_norm(op, norm);
  WG_CHECK(input.dim() > 0, IndexError, op, ": dim=", dim, " given, but the input has none");
  Request r{op, {}, {}, norm, inverse};
  r.dims.push(wrap_dim(op, dim, input.dim()));
  const int64_t size = input.size(r.dims.d[0]);
  r.lengths.push(n ? *n : to_real ? whole_length(size) : size);
  WG_CHECK(r.lengths.d[0] > 0, Error, op, ": expected at least 1 element to transform, but got ",
           r.lengths.d[0], "; give another n");
  return r;
}

Request some_dims(const char* op, const Tensor& input, std::optional<Dims> s,
                  std::optional<Dims> dim, std::string_view norm, bool inverse, bool halved,
                  bool to_real = false) {
  check_norm(op, norm);
  const int64_t ndim = input.dim();
  Request r{op, {}, {}, norm, inverse};
  if (dim) {
    for (const int64_t d : *dim) {
      WG_CHECK(ndim > 0, IndexError, op, ": dim=", d, " given, but the input has none");
      r.dims.push(wrap_dim(op, d, ndim));
      for (int i = 0; i + 1 < r.dims.ndim; ++i) {
        WG_CHECK(r.dims.d[i] != r.dims.d[r.dims.ndim - 1], Error, op,
                 ": each dimension may be given once, but dim is ", *dim);
      }
    }
    WG_CHECK(!s || s->size() == dim->size(), Error, op,
             ": s and dim must have one length, but are ", *s, " and ", *dim);
  } else {
    const int64_t count = s ? static_cast<int64_t>(s->size()) : ndim;
    WG_CHECK(count <= ndim, Error, op, ": s has ", count, " lengths, but the input only has shape ",
             input.shape());
    for (int64_t d = ndim - count; d < ndim; ++d) r.dims.push(d);
  }
  WG_CHECK(!halved || r.dims.ndim > 0, Error, op, ": expected at least one dimension");
  for (int i = 0; i < r.dims.ndim; ++i) {
    const int64_t size = input.size(r.dims.d[i]);
    const bool real = to_real && i + 1 == r.dims.ndim;
    r.lengths.push(s && (*s)[static_cast<size_t>(i)] != -1 ? (*s)[static_cast<size_t>(i)]
                   : real                                  ? whole_length(size)
                                                           : size);
    WG_CHECK(r.lengths.d[i] > 0, Error, op, ": expected at least 1 element to transform, but got ",
             r.lengths.d[i], " along dimension ", r.dims.d[i]);
  }
  return r;
}

// The input as floating point numbers, cut or padded with zeros to the lengths.
Tensor prepared(const Request& r, const Tensor& input, bool to_real = false) {
  Tensor x = is_integral(input.dtype()) ? to(input, default_dtype()) : input;
  if (to_real && !is_complex(x.dtype())) x = to(x, complex_for(x.dtype()));
  std::vector<int64_t> padding(static_cast<size_t>(2 * x.dim()));
  bool padded = false;
  for (int i = 0; i < r.dims.ndim; ++i) {
    const int64_t d = r.dims.d[i];
    int64_t length = r.lengths.d[i];
    if (to_real && i + 1 == r.dims.ndim) length = length / 2 + 1;
    if (x.size(d) > length) x = narrow(x, d, 0, length);
    padding[static_cast<size_t>(2 * (x.dim() - 1 - d) + 1)] = length - x.size(d);
    padded |= length > x.size(d);
  }
  return padded ? pad(x, padding) : x;
}

Tensor complex_transform(const Request& r, const Tensor& input) {
  return apply(FftComplex{r.dims, r.inverse, r.scale()}, prepared(r, input));
}
Tensor to_half(const Request& r, const Tensor& input) {
  const Tensor half =
      apply(FftRealToHalf{r.last_dim(), r.inverse, r.scale(), 1}, prepared(r, input));
  return r.dims.ndim == 1 ? half : apply(FftComplex{r.leading(), r.inverse, 1}, half);
}
Tensor to_real(const Request& r, const Tensor& input) {
  Tensor half = prepared(r, input, true);
  if (r.dims.ndim > 1) half = apply(FftComplex{r.leading(), r.inverse, 1}, half);
  return apply(FftHalfToReal{r.last_dim(), r.last_length(), r.inverse, r.scale(), 1}, half);
}

}  // namespace

namespace fft {

#define WG_FFT(name, inverse, from_real, to_real_, make)                                           \
  Tensor name(const Tensor& input, std::optional<int64_t> n, int64_t dim, std::string_view norm) { \
    check_input(#name, input, from_real);                                                          \
    return make(one_dim(#name, input, n, dim, norm, inverse, to_real_), input);                    \
  }                                                                                                \
  Tensor name##n(const Tensor& input, std::optional<Dims> s, std::optional<Dims> dim,              \
                 std::string_view norm) {                                                          \
    check_input(#name "n", input, from_real);                                                      \
    return make(                                                                                   \
        some_dims(#name "n", input, s, dim, norm, inverse, from_real || to_real_, to_real_),       \
        input);                                                                                    \
  }
WG_FFT(fft, false, false, false, complex_transform)
WG_FFT(ifft, true, false, false, complex_transform)
WG_FFT(rfft, false, true, false, to_half)
WG_FFT(irfft, true, false, true, to_real)
WG_FFT(hfft, false, false, true, to_real)
WG_FFT(ihfft, true, true, false, to_half)
#undef WG_FFT

}  // namespace fft

namespace {

constexpr uint32_t kShown = kFunction | kInternal | kOut;
constexpr const char* kOne = "input, n=None, dim=-1, norm='backward'";
constexpr const char* kSome = "input, s=None, dim=None, norm='backward'";

constexpr Function rows[] = {
    make_function<fft::fft>("_fft_fft", kOne, kShown, "Sums of x_t exp(-2 pi i k t / n)"),
    make_function<fft::ifft>("_fft_ifft", kOne, kShown, "The inverse of fft"),
    make_function<fft::rfft>("_fft_rfft", kOne, kShown, "The first half of a real line's spectrum"),
    make_function<fft::irfft>("_fft_irfft", kOne, kShown, "The inverse of rfft"),
    make_function<fft::hfft>("_fft_hfft", kOne, kShown, "The real spectrum of half a line"),
    make_function<fft::ihfft>("_fft_ihfft", kOne, kShown, "The inverse of hfft"),
    make_function<fft::fftn>("_fft_fftn", kSome, kShown, "fft along several dimensions"),
    make_function<fft::ifftn>("_fft_ifftn", kSome, kShown, "The inverse of fftn"),
    make_function<fft::rfftn>("_fft_rfftn", kSome, kShown,
                              "rfft along the last dimension, fft along the others"),
    make_function<fft::irfftn>("_fft_irfftn", kSome, kShown, "The inverse of rfftn"),
    make_function<fft::hfftn>("_fft_hfftn", kSome, kShown,
                              "fft along all but the last dimension, hfft along that"),
    make_function<fft::ihfftn>("_fft_ihfftn", kSome, kShown, "The inverse of hfftn"),
};
}  // namespace

extern const FunctionTable fft_functions;
const FunctionTable fft_functions = {rows, std::size(rows)};

WG_OPERATIONS(fft, operation<FftComplex>(), operation<FftHalfToReal>(), operation<FftRealToHalf>())

WENGERT_NAMESPACE_END
