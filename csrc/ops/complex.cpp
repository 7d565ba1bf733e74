// Complex numbers: conjugates, parts and directions.
#include "wengert/ops/complex.h"

#include <numbers>

#include "kernels/elementwise.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Conj {
  static constexpr const char* name = "conj";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0));
    kernels::conjugate(x.dtype(), x.numel(), c.out().data(), x.data());
  }
  void vjp(Vjp& v) const { v.set(0, conj(v.grad())); }
};

struct ViewAsReal {
  static constexpr const char* name = "view_as_real";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = real_of(x.dtype);
    m.out().alias_of = 0;
    m.out().strided = true;
    m.out().shape = x.sizes();
    for (int i = 0; i < x.ndim; ++i) m.out().strides[i] = 2 * x.strides()[i];
    m.out().strides[x.ndim] = 1;
    m.out().shape.push(2);
  }
  void vjp(Vjp& v) const { v.set(0, view_as_complex(contiguous(v.grad()))); }
};

struct ViewAsComplex {
  static constexpr const char* name = "view_as_complex";
  WG_NO_FIELDS
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = complex_for(x.dtype);
    m.out().alias_of = 0;
    m.out().strided = true;
    m.out().shape = Dims(x.shape(), static_cast<size_t>(x.ndim - 1));
    for (int i = 0; i < x.ndim - 1; ++i) m.out().strides[i] = x.strides()[i] / 2;
  }
  void vjp(Vjp& v) const { v.set(0, view_as_real(v.grad())); }
};

// The direction of complex numbers.
struct Sgn {
  static constexpr const char* name = "sgn";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Save saves[] = {save_input(0)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0));
    kernels::unary(kernels::Unary::sign_)
        .value[static_cast<int>(x.dtype())](x.numel(), c.out().data(), x.data());
  }
  void vjp(Vjp& v) const { v.set(0, across(v.grad(), v.saved(0))); }
  void jvp(Jvp& j) const { j.set(0, across(j.tangent(0), j.in(0))); }

 private:
  // With s = x / |x|: (g - Re(conj(s) g) s) / |x|, and 0 at 0; a symmetric map.
  static Tensor across(const Tensor& g, const Tensor& x) {
    const Tensor s = sgn(x), size = abs(x);
    return where(size == 0, zeros({}, x.dtype()), (g - real(conj(s) * g) * s) / size);
  }
};

void check_parts(const char* op, const Tensor& a, const Tensor& b) {
  const DType t = detail::input(op, a)->dtype;
  detail::input(op, b);
  WG_CHECK(t == b.dtype() && (t == DType::float32 || t == DType::float64), Error, op,
           ": expected two tensors of one dtype, float32 or float64, but got ", t, " and ",
           b.dtype());
}

}  // namespace

Tensor conj(const Tensor& input) {
  return is_complex(detail::input("conj", input)->dtype) ? apply(Conj{}, input) : input;
}

Tensor sgn(const Tensor& input) {
  return is_complex(detail::input("sgn", input)->dtype) ? apply(Sgn{}, input) : sign(input);
}

Tensor angle(const Tensor& input) {
  const DType t = detail::input("angle", input)->dtype;
  if (is_complex(t)) return atan2(imag(input), real(input));
  const Tensor x = is_integral(t) ? to(input, default_dtype()) : input;
  const Tensor turned = where(x < 0, full({}, std::numbers::pi, x.dtype()), zeros({}, x.dtype()));
  return where(isnan(x), x, turned);
}

Tensor view_as_real(const Tensor& input) {
  const TensorImpl& x = *detail::input("view_as_real", input);
  WG_CHECK(is_complex(x.dtype), Error, "view_as_real: expected a complex tensor, but got dtype ",
           x.dtype);
  return apply(ViewAsReal{}, input);
}

Tensor view_as_complex(const Tensor& input) {
  const TensorImpl& x = *detail::input("view_as_complex", input);
  WG_CHECK(x.dtype == DType::float32 || x.dtype == DType::float64, Error,
           "view_as_complex: expected float32 or float64, but got ", x.dtype);
  WG_CHECK(x.ndim > 0 && x.shape()[x.ndim - 1] == 2, Error,
           "view_as_complex: expected a last dimension of size 2, but got shape ", x.sizes());
  bool pairs = x.strides()[x.ndim - 1] == 1 && x.storage &&
               reinterpret_cast<uintptr_t>(x.data) % (2 * item_size(x.dtype)) == 0;
  for (int i = 0; i < x.ndim - 1; ++i) pairs &= x.strides()[i] % 2 == 0;
  WG_CHECK(pairs, Error,
           "view_as_complex: expected pairs that lie side by side in memory, at even places; call "
           "contiguous() or clone() first");
  return apply(ViewAsComplex{}, input);
}

Tensor real(const Tensor& input) {
  return is_complex(detail::input("real", input)->dtype)
             ? wengert::select(view_as_real(input), -1, 0)
             : input;
}

Tensor imag(const Tensor& input) {
  const DType t = detail::input("imag", input)->dtype;
  WG_CHECK(is_complex(t), Error, "imag: expected a complex tensor, but got dtype ", t,
           "; a real one has no imaginary part");
  return wengert::select(view_as_real(input), -1, 1);
}

Tensor complex(const Tensor& real, const Tensor& imag) {
  check_parts("complex", real, imag);
  Shape shape;
  WG_CHECK(broadcast_shapes(real.shape(), imag.shape(), shape), Error, "complex: shapes ",
           real.shape(), " and ", imag.shape(), " do not broadcast");
  return view_as_complex(stack({{expand(real, shape), expand(imag, shape)}}, -1));
}

Tensor polar(const Tensor& abs, const Tensor& angle) {
  check_parts("polar", abs, angle);
  return complex(abs * cos(angle), abs * sin(angle));
}

namespace {

Tensor itself(const Tensor& input) { return input; }

constexpr Function rows[] = {
    make_function<conj>("conj", "input", kFunction | kMethod,
                        "The complex conjugate; a real tensor itself", "T((3, 4))",
                        "np.conj(input)"),
    make_function<conj>("conj_physical", "input", kFunction | kMethod | kOut | kAlias,
                        "The complex conjugate"),
    make_function<itself>("resolve_conj", "input", kFunction | kMethod | kAlias,
                          "The tensor itself: conjugates are computed at once"),
    make_function<sgn>("sgn", "input", kFunction | kMethod | kOut | kInPlace,
                       "x / |x|, 0 where x is 0: the sign of a real number", "T((3, 4))",
                       "np.nan_to_num(np.sign(input))"),
    make_function<angle>("angle", "input", kFunction | kMethod | kOut,
                         "The angle in (-pi, pi] of complex numbers; 0 or pi for real ones",
                         "T((3, 4))", "np.angle(input)"),
    make_function<view_as_real>(
        "view_as_real", "input", kFunction,
        "Complex numbers seen as pairs (real, imaginary) in a last dimension. Shares memory."),
    make_function<view_as_complex>(
        "view_as_complex", "input", kFunction,
        "Pairs (real, imaginary) in the last dimension seen as complex numbers. Shares memory."),
    make_function<real>("real", "input", kFunction,
                        "The real part of complex numbers, sharing memory; a real tensor itself",
                        "T((3, 4))", "np.real(input)"),
    make_function<imag>("imag", "input", kFunction,
                        "The imaginary part of complex numbers, sharing memory"),
    make_function<complex>("complex", "real, imag", kFunction | kOut, "real + imag i"),
    make_function<polar>("polar", "abs, angle", kFunction | kOut,
                         "abs (cos(angle) + sin(angle) i)"),
};
}  // namespace

extern const FunctionTable complex_functions;
const FunctionTable complex_functions = {rows, std::size(rows)};

WG_OPERATIONS(complex, operation<ViewAsReal>(), operation<ViewAsComplex>(), operation<Sgn>(),
              operation<Conj>())

WENGERT_NAMESPACE_END
