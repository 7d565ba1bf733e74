#include "ops/elementwise.h"

#include "autograd/algebra.h"
#include "ops/elementwise_map.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

namespace {

[[noreturn]] void no_kernel(const char* op, DType t) {
  fail<NotImplementedError>(op, ": not available for dtype ", t, "; convert the input first");
}

DType float_result(ResultType type, DType t) {
  if (type == ResultType::COUNT && t == DType::bool_) return DType::int64;
  return type == ResultType::FLOAT && is_integral(t) ? default_dtype() : t;
}

// The dtype of the operation's result when its operands have dtype t.
DType unary_kernel_dtype(const kernels::UnaryKernels& k, const char* op, DType t) {
  const DType c = compute_dtype(t);
  if (!k.value[static_cast<int>(c)]) no_kernel(op, t);
  return c;
}

void refuse_bools(const char* op, ResultType type, bool any_operand, DType result) {
  if (type < ResultType::NUMBER) return;
  WG_CHECK(result != DType::bool_, NotImplementedError, op,
           ": not defined for bools; for a mask use ~, ^, logical_not() or logical_xor(), or "
           "convert it with to()");
  WG_CHECK(!(type == ResultType::DIFFERENCE && any_operand), NotImplementedError, op,
           ": not defined where one side is bool; for a mask use ~, ^, logical_not() or "
           "logical_xor(), or convert it with to()");
}
void refuse_floats(const char* op, ResultType type, DType result) {
  WG_CHECK(type != ResultType::INT || is_integral(result), NotImplementedError, op,
           ": expected integers or bools, but got ", result, "; convert with to()");
}

kernels::BinaryFn const* binary_fns(const char* op, const kernels::BinaryKernels& k, DType t) {
  const auto* fns = k.fn[static_cast<int>(t)];
  if (!fns[0]) no_kernel(op, t);
  return fns;
}

}  // namespace

// ---- one input ----------------------------------------------------------------------------

void infer_unary(const char* op, ResultType type, Infer& m) {
  refuse_bools(op, type, false, m.in(0).dtype);
  like_layout(m.out(), m.in(0));
  const DType t = m.in(0).dtype;
  m.out().dtype =
      type == ResultType::MAGNITUDE && is_complex(t) ? real_of(t) : float_result(type, t);
}

void compute_unary(const char* op, kernels::Unary kernel, Compute& c) {
  const TensorImpl& out = *c.out().impl();
  const auto& k = kernels::unary(kernel);
  const DType in = c.inputs[0]->dtype;
  const DType t = unary_kernel_dtype(k, op, is_complex(in) ? in : out.dtype);
  const kernels::UnaryFn fn = k.value[static_cast<int>(t)];
  map<0>(out, is_complex(in) ? out.dtype : t, c.inputs, 1, t,
         [fn](int64_t n, void* y, const void* const* x, const int64_t*) { fn(n, y, x[0]); });
}

bool pointwise_unary(kernels::Unary kernel, ResultType type, DType input, Pointwise& p) {
  if ((type != ResultType::SAME && is_integral(input)) || is_complex(input)) return false;
  p.one = kernels::unary(kernel).value[static_cast<int>(input)];
  p.out = input;
  return p.one;
}

Tensor run_unary(const OpClass& cls, kernels::Unary kernel, ResultType type, const Tensor& x) {
  TensorImpl* in = detail::input(cls.name, x);
  const auto& k = kernels::unary(kernel);
  Tensor out;
  const bool direct = in->contiguous() && k.value[static_cast<int>(in->dtype)] &&
                      !(type != ResultType::SAME && is_integral(in->dtype)) &&
                      !(type == ResultType::MAGNITUDE && is_complex(in->dtype));
  OpCall call{cls, nullptr, &in, 1, &out, 1};
  if (!direct || thread_mode.word & kSlowModes) {
    run(call);
    return out;
  }
  out = new_like_contiguous(*in, in->dtype);
  const kernels::UnaryFn fn = k.value[static_cast<int>(in->dtype)];
  const auto size = static_cast<int64_t>(item_size(in->dtype));
  char* y = out.impl()->data;
  if (in->numel <= kParallelGrain) {
    fn(in->numel, y, in->data);
  } else {
    runtime::parallel_for(in->numel, kParallelGrain, [&](int64_t b, int64_t e) {
      fn(e - b, y + b * size, in->data + b * size);
    });
  }
  if (recording() && in->requires_grad() && cls.vjp) record(call);
  return out;
}

namespace {

// Gradients of 16 bits are computed in float32.
kernels::UnaryGradFn slope_kernel(kernels::Unary kernel, DType dtype) {
  return kernels::unary(kernel).grad[static_cast<int>(compute_dtype(dtype))];
}

void multiply_by_slope(kernels::UnaryGradFn fn, const TensorImpl& out, const TensorImpl& g,
                       const TensorImpl* saved) {
  if (const DType t = compute_dtype(g.dtype); t != g.dtype) {
    TensorImpl* const inputs[] = {const_cast<TensorImpl*>(&g), const_cast<TensorImpl*>(saved)};
    return map<0>(out, t, inputs, saved ? 2 : 1, t,
                  [=](int64_t n, void* y, const void* const* x, const int64_t*) {
                    fn(n, y, x[0], saved ? x[1] : nullptr);
                  });
  }
  const auto size = static_cast<int64_t>(item_size(g.dtype));
  runtime::parallel_for(g.numel, kParallelGrain, [&](int64_t b, int64_t e) {
    fn(e - b, out.data + b * size, g.data + b * size, saved ? saved->data + b * size : nullptr);
  });
}

// Inputs: g, and what the derivative is taken at, or none; contiguous and alike.
struct UnaryGradient {
  int64_t kernel;
  static constexpr const char* name = "unary_gradient";
  WG_FIELDS(kernel)
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const { like_layout(m.out(), m.in(0)), m.out().dtype = m.in(0).dtype; }
  bool pointwise(const DType* inputs, int n, Pointwise& p) const {
    const kernels::UnaryGradFn fn =
        kernels::unary(static_cast<kernels::Unary>(kernel)).grad[static_cast<int>(inputs[0])];
    if (n == 2 && inputs[1] != inputs[0]) return false;
    p.two = fn;
    p.out = inputs[0];
    return fn;
  }
  void compute(Compute& c) const {
    multiply_by_slope(slope_kernel(static_cast<kernels::Unary>(kernel), c.in(0).dtype()),
                      *c.out().impl(), *c.in(0).impl(), c.in(1).impl());
  }
};

}  // namespace

Tensor unary_gradient(kernels::Unary kernel, const Tensor& g, const Tensor& saved) {
  const TensorImpl& gi = *g.impl();
  const kernels::UnaryGradFn fn = slope_kernel(kernel, gi.dtype);
  if (!fn || thread_mode.word & kTransformModes) return {};
  const TensorImpl* s = saved.impl();
  if (!gi.contiguous()) return {};
  if (s && (!s->contiguous() || s->dtype != gi.dtype || !(s->sizes() == gi.sizes()))) return {};
  if (thread_mode.word & kCapture) [[unlikely]]
    return apply_optional(UnaryGradient{static_cast<int64_t>(kernel)}, g, saved);
  Tensor out = gi.unique() ? g : new_like_contiguous(gi, gi.dtype);
  multiply_by_slope(fn, *out.impl(), gi, s);
  return out;
}

// ---- two inputs ---------------------------------------------------------------------------

void infer_binary(const char* op, ResultType type, bool compare, Infer& m) {
  const TensorImpl &a = m.in(0), &b = m.in(1);
  Meta& out = m.out();
  WG_CHECK(
      broadcast(a.sizes(), b.sizes(), out.shape.d, &out.shape.ndim), Error, op, ": shapes ",
      a.sizes(), " and ", b.sizes(),
      " do not broadcast; each pair of dimensions, from the last, must be equal or contain a 1");
  out.dtype = compare ? DType::bool_ : float_result(type, operand_dtype(a, b));
  refuse_bools(op, type, a.dtype == DType::bool_ || b.dtype == DType::bool_, out.dtype);
  refuse_floats(op, type, out.dtype);
  for (const TensorImpl* t : {&a, &b}) {
    if (t->sizes() == Dims(out.shape) && t->ndim > 0) {
      like_layout(out, *t);
      break;
    }
  }
}

void compute_binary(const char* op, const kernels::BinaryKernels& k, bool compare, Compute& c) {
  const TensorImpl& out = *c.out().impl();
  const DType in = compute_dtype(compare ? operand_dtype(*c.inputs[0], *c.inputs[1]) : out.dtype);
  const auto* fns = binary_fns(op, k, in);
  map<1>(out, compare ? DType::bool_ : in, c.inputs, 2, in,
         [fns](int64_t n, void* y, const void* const* x, const int64_t* steps) {
           const int layout = steps[1] == 0   ? kernels::kScalarB
                              : steps[0] == 0 ? kernels::kScalarA
                                              : kernels::kBothVary;
           fns[layout](n, y, x[0], x[1]);
         });
}

bool pointwise_binary(const kernels::BinaryKernels& k, ResultType type, bool compare,
                      const DType* inputs, int n, Pointwise& p) {
  if (n != 2 || inputs[0] != inputs[1] || (type != ResultType::SAME && is_integral(inputs[0])))
    return false;
  const auto* fns = k.fn[static_cast<int>(inputs[0])];
  p.two = fns[kernels::kBothVary];
  p.repeat_a = fns[kernels::kScalarA];
  p.repeat_b = fns[kernels::kScalarB];
  p.out = compare ? DType::bool_ : inputs[0];
  return p.two;
}

bool pointwise_scalar(const kernels::BinaryKernels& k, ResultType type, bool compare,
                      const Scalar& s, bool scalar_first, DType input, Pointwise& p) {
  if (!is_floating(input) || s.kind() > DTypeKind::floating ||
      (type == ResultType::DIFFERENCE && s.kind() == DTypeKind::boolean))
    return false;
  const auto* fns = k.fn[static_cast<int>(input)];
  p.two = fns[scalar_first ? kernels::kScalarA : kernels::kScalarB];
  p.has_number = true;
  p.number_first = scalar_first;
  p.out = compare ? DType::bool_ : input;
  store_scalar(input, p.number, s);
  return p.two;
}

Tensor run_binary(const OpClass& cls, const kernels::BinaryKernels& k, ResultType type,
                  bool compare, const Tensor& a, const Tensor& b) {
  TensorImpl* in[] = {detail::input(cls.name, a), detail::input(cls.name, b)};
  Tensor out;
  OpCall call{cls, nullptr, in, 2, &out, 1};
  const TensorImpl &x = *in[0], &y = *in[1];
  const bool direct = x.dtype == y.dtype && x.ndim == y.ndim && x.contiguous() && y.contiguous() &&
                      std::memcmp(x.dims, y.dims, sizeof(int64_t) * x.ndim) == 0 &&
                      k.fn[static_cast<int>(x.dtype)][0] &&
                      !(type != ResultType::SAME && is_integral(x.dtype));
  if (!direct || thread_mode.word & kSlowModes) {
    run(call);
    return out;
  }
  const DType result = compare ? DType::bool_ : x.dtype;
  out = new_like_contiguous(x, result);
  const kernels::BinaryFn fn = k.fn[static_cast<int>(x.dtype)][kernels::kBothVary];
  char* o = out.impl()->data;
  if (x.numel <= kParallelGrain) {
    fn(x.numel, o, x.data, y.data);
  } else {
    const auto size = static_cast<int64_t>(item_size(x.dtype));
    const auto out_size = static_cast<int64_t>(item_size(result));
    runtime::parallel_for(x.numel, kParallelGrain, [&](int64_t begin, int64_t end) {
      fn(end - begin, o + begin * out_size, x.data + begin * size, y.data + begin * size);
    });
  }
  if (recording() && cls.vjp && (x.requires_grad() || y.requires_grad())) record(call);
  return out;
}

bool try_in_place(const kernels::BinaryKernels& k, ResultType type, const Tensor& a,
                  const Tensor& b) {
  TensorImpl *x = a.impl(), *y = b.impl();
  if (!x || !y || x->dtype != y->dtype || x->ndim != y->ndim || !x->contiguous() ||
      !y->contiguous() || x->has(kReadOnly | kInference) || thread_mode.word & kSlowModes ||
      (recording() && (x->requires_grad() || y->requires_grad())) ||
      std::memcmp(x->dims, y->dims, sizeof(int64_t) * x->ndim) != 0 ||
      (type == ResultType::FLOAT && is_integral(x->dtype)) ||
      (x->storage == y->storage && x->data != y->data)) {
    return false;
  }
  const kernels::BinaryFn fn = k.fn[static_cast<int>(x->dtype)][kernels::kBothVary];
  if (!fn) return false;
  if (x->numel <= kParallelGrain) {
    fn(x->numel, x->data, x->data, y->data);
  } else {
    const auto size = static_cast<int64_t>(item_size(x->dtype));
    runtime::parallel_for(x->numel, kParallelGrain, [&](int64_t begin, int64_t end) {
      fn(end - begin, x->data + begin * size, x->data + begin * size, y->data + begin * size);
    });
  }
  x->bump_version();
  return true;
}

// ---- a tensor and a number ----------------------------------------------------------------

void infer_scalar(const char* op, ResultType type, bool compare, const Scalar& s, Infer& m) {
  like_layout(m.out(), m.in(0));
  m.out().dtype = compare ? DType::bool_ : float_result(type, promote(m.in(0).dtype, s));
  refuse_bools(op, type, m.in(0).dtype == DType::bool_ || s.kind() == DTypeKind::boolean,
               m.out().dtype);
  refuse_floats(op, type, m.out().dtype);
}

void compute_scalar(const char* op, const kernels::BinaryKernels& k, bool compare, const Scalar& s,
                    bool scalar_first, Compute& c) {
  const TensorImpl& out = *c.out().impl();
  const DType in = compute_dtype(compare ? promote(c.inputs[0]->dtype, s) : out.dtype);
  const auto* fns = binary_fns(op, k, in);
  alignas(16) char number[16];
  store_scalar(in, number, s);
  const kernels::BinaryFn fn = fns[scalar_first ? kernels::kScalarA : kernels::kScalarB];
  map<0>(out, compare ? DType::bool_ : in, c.inputs, 1, in,
         [&](int64_t n, void* y, const void* const* x, const int64_t*) {
           if (scalar_first) {
             fn(n, y, number, x[0]);
           } else {
             fn(n, y, x[0], number);
           }
         });
}

Tensor run_scalar(const OpClass& cls, const kernels::BinaryKernels& k, ResultType type,
                  bool compare, const Tensor& t, const Scalar* op, bool scalar_first) {
  TensorImpl* in = detail::input(cls.name, t);
  Tensor out;
  OpCall call{cls, op, &in, 1, &out, 1};
  const TensorImpl& x = *in;
  const bool direct = x.contiguous() && is_floating(x.dtype) && op->kind() <= DTypeKind::floating &&
                      k.fn[static_cast<int>(x.dtype)][0] &&
                      !(type == ResultType::DIFFERENCE && op->kind() == DTypeKind::boolean);
  if (!direct || thread_mode.word & kSlowModes) {
    run(call);
    return out;
  }
  const DType result = compare ? DType::bool_ : x.dtype;
  out = new_like_contiguous(x, result);
  alignas(16) char number[16];
  store_scalar(x.dtype, number, *op);
  const kernels::BinaryFn fn =
      k.fn[static_cast<int>(x.dtype)][scalar_first ? kernels::kScalarA : kernels::kScalarB];
  const auto size = static_cast<int64_t>(item_size(x.dtype));
  const auto out_size = static_cast<int64_t>(item_size(result));
  char* o = out.impl()->data;
  runtime::parallel_for(x.numel, kParallelGrain, [&](int64_t begin, int64_t end) {
    const char* p = x.data + begin * size;
    if (scalar_first) {
      fn(end - begin, o + begin * out_size, number, p);
    } else {
      fn(end - begin, o + begin * out_size, p, number);
    }
  });
  if (recording() && cls.vjp && x.requires_grad()) record(call);
  return out;
}

void refuse_zero(const char* op, const Tensor& divisor) {
  const Tensor d = as_contiguous(divisor);
  WG_CHECK(
      !kernels::any_zero(d.dtype(), d.numel(), d.data()), Error, op,
      ": an integer is divided by zero (ZeroDivisionError); convert to a floating dtype for inf");
}

// ---- derivative expressions ---------------------------------------------------------------

Tensor chain(const Tensor& g, double d) {
  if (d == 0) return zeros_like(g);
  if (d == 1) return g;
  if (d == -1) return neg(g);
  return mul(g, Scalar(d));
}
Tensor select(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return where(condition, a, b);
}
Tensor select(const Tensor& condition, double a, double b) {
  // The dtype follows from what it is multiplied with: a number beside a bool tensor.
  const Tensor one = condition.to(default_dtype());
  return b == 0 ? (a == 1 ? one : mul(one, a)) : add(mul(one, a - b), b);
}
Tensor select(const Tensor& condition, const Tensor& a, double b) {
  return where(condition, a, full({}, b, a.dtype()));
}
Tensor positive_part(const Tensor& t) { return gt(is_complex(t.dtype()) ? real(t) : t, 0); }
Tensor select(bool condition, double a, const Tensor& b) {
  return condition ? full({}, a, b.dtype()) : b;
}
Tensor select(const Tensor& condition, double a, const Tensor& b) {
  return where(condition, full({}, a, b.dtype()), b);
}

}  // namespace elementwise
WG_OPERATIONS(elementwise, operation<elementwise::UnaryGradient>())

WENGERT_NAMESPACE_END
