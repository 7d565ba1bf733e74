// Making, filling, copying and converting tensors.
#include <algorithm>
#include <bit>
#include <cmath>

#include "autograd/algebra.h"
#include "autograd/meta.h"
#include "kernels/elementwise.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Writes the same element everywhere.
void fill_elements(const TensorImpl& t, const Scalar& value) {
  check_holds("fill", t.dtype, value);
  if (t.numel == 0) return;
  alignas(16) char item[16];
  store_scalar(t.dtype, item, value);
  const size_t size = item_size(t.dtype);
  if (t.contiguous() && std::all_of(item, item + size, [](char c) { return c == 0; })) {
    const int64_t bytes = t.numel * static_cast<int64_t>(size);
    runtime::parallel_for(bytes, kParallelGrain * 16, [&](int64_t begin, int64_t end) {
      std::memset(t.data + begin, 0, static_cast<size_t>(end - begin));
    });
    return;
  }
  TensorImpl one{};
  one.dtype = t.dtype;
  one.ndim = 0;
  one.numel = 1;
  one.flags = kContiguous;
  one.data = item;
  one.dims = one.inline_dims;
  copy_elements(t, one);
}

template <int kItem>
void copy_dense(int64_t n, void* out, const void* in) {
  std::memmove(out, in, static_cast<size_t>(n) * kItem);
}

struct Clone {
  bool keep_order = true;
  static constexpr const char* name = "clone";
  WG_FIELDS(keep_order)
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = x.dtype;
    m.out().shape = x.sizes();
    if (keep_order && !x.contiguous() && !may_overlap(x)) {
      m.out().strided = dense_strides(x, m.out().strides);
    }
  }
  bool pointwise(const DType* in, int, Pointwise& p) const {
    constexpr Pointwise::One copies[] = {copy_dense<1>, copy_dense<2>, copy_dense<4>, copy_dense<8>,
                                         copy_dense<16>};
    p.one = copies[std::countr_zero(item_size(in[0]))];
    p.out = in[0];
    return true;
  }
  void compute(Compute& c) const { copy_elements(*c.out().impl(), *c.in(0).impl()); }
  void vjp(Vjp& v) const { v.set(0, v.grad()); }
};

struct To {
  DType dtype;
  static constexpr const char* name = "to_copy";
  WG_FIELDS(dtype)
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::elementwise;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = dtype;
    m.out().shape = x.sizes();
    if (!x.contiguous() && !may_overlap(x)) m.out().strided = dense_strides(x, m.out().strides);
  }
  bool pointwise(const DType* in, int, Pointwise& p) const {
    p.one = kernels::cast(dtype, in[0]);
    p.out = dtype;
    return p.one;
  }
  void compute(Compute& c) const { copy_elements(*c.out().impl(), *c.in(0).impl()); }
  // The engine converts the gradient back.
  void vjp(Vjp& v) const { v.set(0, v.grad()); }
};

struct Copy {
  static constexpr const char* name = "copy";
  WG_NO_FIELDS
  static constexpr Batching batching = Batching::elementwise;
  void jvp(Jvp& j) const {
    if (j.has(1)) j.set(0, j.tangent(1));
  }
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const {
    const TensorImpl &to = m.in(0), &from = m.in(1);
    Shape s;
    WG_CHECK(broadcast(to.sizes(), from.sizes(), s.d, &s.ndim) && Dims(s) == to.sizes(), Error,
             "copy_: shape ", from.sizes(), " does not broadcast to ", to.sizes());
    m.out().dtype = to.dtype;
    m.out().shape = to.sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl &out = *c.out().impl(), &from = *c.in(1).impl();
    if (out.data == from.data && c.in(1).is_same(c.out())) return;
    copy_elements(out, from);
  }
  void vjp(Vjp& v) const {
    if (v.needs(1)) v.set(1, v.grad());
    if (v.needs(0)) v.set(0, zeros(v.grad().shape(), v.grad().dtype()));
  }
};

struct Fill {
  Scalar value;
  static constexpr const char* name = "fill";
  WG_FIELDS(value)
  static constexpr Tangents tangents = Tangents::none;
  static constexpr Batching batching = Batching::elementwise;
  static constexpr Overwrites overwrites = Overwrites::any;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const { fill_elements(*c.out().impl(), value); }
  void vjp(Vjp& v) const { v.set(0, zeros(v.grad().shape(), v.grad().dtype())); }
};

// Zeros that belong to the examples of the input.
struct NewZeros {
  Shape shape;
  DType dtype;
  static constexpr const char* name = "new_zeros";
  WG_FIELDS(shape, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = shape;
  }
  void compute(Compute& c) const { fill_elements(*c.out().impl(), 0); }
  bool batch(Batch& b) const {
    // Its inputs may stand for the examples of other levels too.
    std::vector<Tensor> inputs;
    for (int i = 0; i < b.inputs(); ++i) inputs.push_back(b.in(i));
    b.set(0, apply_list(NewZeros{with_front(b.size(), shape), dtype}, inputs));
    return true;
  }
};

// Tensors of numbers are made through the recorder too, so that a tape has them.
struct Full {
  Shape shape;
  Scalar value;
  DType dtype;
  static constexpr const char* name = "full";
  WG_FIELDS(shape, value, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = shape;
  }
  void compute(Compute& c) const { fill_elements(*c.out().impl(), value); }
};

// Memory whose content nobody has set.
struct Empty {
  Shape shape;
  DType dtype;
  static constexpr const char* name = "empty";
  WG_FIELDS(shape, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape = shape;
  }
  void compute(Compute&) const {}
};

// The same in the order of the input's dimensions in memory.
struct EmptyLike {
  DType dtype;
  static constexpr const char* name = "empty_like";
  WG_FIELDS(dtype)
  static constexpr Batching batching = Batching::elementwise;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out().dtype = dtype;
    m.out().shape = x.sizes();
    if (!x.contiguous() && !may_overlap(x)) m.out().strided = dense_strides(x, m.out().strides);
  }
  void compute(Compute&) const {}
};

// start + i step for i < n, counted in int64 or float64.
struct Arange {
  Scalar start, step;
  int64_t n;
  DType dtype;
  static constexpr const char* name = "arange";
  WG_FIELDS(start, step, n, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape.push(n);
  }
  void compute(Compute& c) const {
    const bool whole = start.kind() <= DTypeKind::integer && step.kind() <= DTypeKind::integer;
    const DType counted = whole ? DType::int64 : DType::float64;
    const Tensor wide = dtype == counted ? c.out() : new_tensor(counted, {n});
    if (whole) {
      int64_t* p = wide.data<int64_t>();
      for (int64_t i = 0; i < n; ++i) p[i] = start.to_int() + i * step.to_int();
    } else {
      double* p = wide.data<double>();
      for (int64_t i = 0; i < n; ++i)
        p[i] = start.to_double() + static_cast<double>(i) * step.to_double();
    }
    if (dtype != counted) copy_elements(*c.out().impl(), *wide.impl());
  }
};

struct Linspace {
  double start, end;
  int64_t steps;
  DType dtype;
  static constexpr const char* name = "linspace";
  WG_FIELDS(start, end, steps, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape.push(steps);
  }
  void compute(Compute& c) const {
    const Tensor wide = dtype == DType::float64 ? c.out() : new_tensor(DType::float64, {steps});
    double* p = wide.data<double>();
    // Both halves are measured from their own end, so that the last value is exact.
    const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
    for (int64_t i = 0; i < steps; ++i) {
      p[i] = i < steps / 2 || steps == 1 ? start + step * static_cast<double>(i)
                                         : end - step * static_cast<double>(steps - 1 - i);
    }
    if (dtype != DType::float64) copy_elements(*c.out().impl(), *wide.impl());
  }
};

struct Eye {
  int64_t rows, columns;
  DType dtype;
  static constexpr const char* name = "eye";
  WG_FIELDS(rows, columns, dtype)
  void infer(Infer& m) const {
    m.out().dtype = dtype;
    m.out().shape.push(rows);
    m.out().shape.push(columns);
  }
  void compute(Compute& c) const {
    const TensorImpl& t = *c.out().impl();
    fill_elements(t, 0);
    const auto item = static_cast<int64_t>(item_size(dtype));
    for (int64_t i = 0; i < rows && i < columns; ++i)
      store_scalar(dtype, t.data + i * (columns + 1) * item, 1);
  }
};

Tensor make_full(Dims shape, const Scalar& value, DType dtype) {
  if (!(thread_mode.word & kSlowModes)) {
    Tensor t = new_tensor(dtype, shape);
    if (t.impl()->numel == 1) {
      check_holds("full", dtype, value);
      store_scalar(dtype, t.impl()->data, value);
    } else {
      fill_elements(*t.impl(), value);
    }
    return t;
  }
  WG_CHECK(shape.size() <= kMaxDims, Error, "full: at most ", kMaxDims, " dimensions");
  return apply(Full{shape, value, dtype});
}

}  // namespace

Tensor empty(Dims shape, std::optional<DType> dtype) {
  const DType t = dtype.value_or(default_dtype());
  if (!(thread_mode.word & kSlowModes) || shape.size() > kMaxDims) return new_tensor(t, shape);
  return apply(Empty{shape, t});
}
Tensor zeros(Dims shape, std::optional<DType> dtype) {
  return make_full(shape, 0, dtype.value_or(default_dtype()));
}
Tensor ones(Dims shape, std::optional<DType> dtype) {
  return make_full(shape, 1, dtype.value_or(default_dtype()));
}
Tensor full(Dims shape, Scalar value, std::optional<DType> dtype) {
  return make_full(shape, value, dtype ? *dtype : dtype_of(value));
}
Tensor scalar(Scalar value, std::optional<DType> dtype) { return full({}, value, dtype); }

namespace algebra {
Tensor new_zeros(const Tensor& like, Dims shape, DType dtype) {
  if (!(thread_mode.word & kVmap)) return wengert::zeros(shape, dtype);
  return apply(NewZeros{shape, dtype}, like);
}
Tensor clone_beside(const Tensor& t, const Tensor& other) {
  if (!(thread_mode.word & kVmap) || !t.defined() || !other.defined()) return wengert::clone(t);
  Tensor copy = apply(NewZeros{t.shape(), t.dtype()}, t, other);
  return wengert::copy_(copy, t);
}
}  // namespace algebra

Tensor empty_like(const Tensor& input, std::optional<DType> dtype) {
  return apply(EmptyLike{dtype.value_or(detail::input("empty_like", input)->dtype)}, input);
}
Tensor full_like(const Tensor& input, Scalar value, std::optional<DType> dtype) {
  if (input.is_contiguous()) return make_full(input.shape(), value, dtype.value_or(input.dtype()));
  Tensor t = empty_like(input, dtype);
  return fill_(t, value);
}
Tensor zeros_like(const Tensor& input, std::optional<DType> dtype) {
  return full_like(input, 0, dtype);
}
Tensor ones_like(const Tensor& input, std::optional<DType> dtype) {
  return full_like(input, 1, dtype);
}

Tensor arange(Scalar start, Scalar end, Scalar step, std::optional<DType> dtype) {
  const bool whole = start.kind() <= DTypeKind::integer && end.kind() <= DTypeKind::integer &&
                     step.kind() <= DTypeKind::integer;
  const DType t = dtype.value_or(whole ? DType::int64 : default_dtype());
  WG_CHECK(!step.equal(0), Error, "arange: step must not be zero");
  const double span = end.to_double() - start.to_double();
  WG_CHECK(std::isfinite(span) && std::isfinite(step.to_double()), Error,
           "arange: the bounds and the step must be finite");
  const __int128 distance = whole ? static_cast<__int128>(end.to_int()) - start.to_int() : 0;
  const bool up = whole ? distance >= 0 : span >= 0, none = whole ? distance == 0 : span == 0;
  WG_CHECK(none || up == (step.to_double() > 0), Error,
           "arange: the sign of the step must lead from start to end");
  __int128 count;
  if (whole) {
    const int64_t s = step.to_int();
    count = (distance + (s > 0 ? s - 1 : s + 1)) / s;
  } else {
    const double steps = std::ceil(span / step.to_double());
    count = steps < 9e18 ? static_cast<__int128>(steps) : __int128{INT64_MAX} + 1;
  }
  WG_CHECK(count <= INT64_MAX, Error, "arange: from ", start.to_double(), " to ", end.to_double(),
           " are more steps than a tensor can hold");
  const int64_t n = count < 0 ? 0 : static_cast<int64_t>(count);
  const Scalar first = whole ? Scalar(start.to_int()) : Scalar(start.to_double());
  return apply(Arange{first, step, n, t});
}

Tensor linspace(double start, double end, int64_t steps, std::optional<DType> dtype) {
  WG_CHECK(steps >= 0, Error, "linspace: the number of steps must be non-negative, but got ",
           steps);
  return apply(Linspace{start, end, steps, dtype.value_or(default_dtype())});
}

Tensor eye(int64_t n, std::optional<int64_t> m, std::optional<DType> dtype) {
  const int64_t columns = m.value_or(n);
  WG_CHECK(n >= 0 && columns >= 0, Error, "eye: sizes must be non-negative, but got ", n, " and ",
           columns);
  return apply(Eye{n, columns, dtype.value_or(default_dtype())});
}

Tensor from_data(const void* data, Dims shape, DType dtype) {
  Tensor t = new_from_host(dtype, shape);
  if (t.numel())
    std::memcpy(t.impl()->data, data, static_cast<size_t>(t.numel()) * item_size(dtype));
  return t;
}

Tensor from_blob(void* data, Dims shape, DType dtype, Dims strides, void (*release)(void*),
                 void* context) {
  WG_CHECK(strides.empty() || strides.size() == shape.size(), Error, "from_blob: got ",
           shape.size(), " sizes but ", strides.size(), " strides");
  TensorImpl* t = new_impl(dtype, static_cast<int>(shape.size()));
  Tensor out = Tensor::adopt(t);
  std::memcpy(t->dims, shape.data(), sizeof(int64_t) * shape.size());
  t->numel = row_major_strides(t->shape(), t->ndim, t->strides());
  if (!strides.empty()) std::memcpy(t->strides(), strides.data(), sizeof(int64_t) * strides.size());
  t->data = static_cast<char*>(data);
  // The memory reaches from the lowest element to the highest; strides may be negative or have
  // gaps.
  int64_t below = 0, above = t->numel ? 1 : 0;
  for (int i = 0; i < t->ndim && t->numel; ++i) {
    const int64_t reach = (t->shape()[i] - 1) * t->strides()[i];
    (reach < 0 ? below : above) += reach;
  }
  const auto item = static_cast<int64_t>(item_size(dtype));
  t->storage = external_storage(t->data + below * item, static_cast<size_t>((above - below) * item),
                                release, context);
  if (tensor_observer) t->storage->observed.fetch_or(TensorObserver::kFromHost);
  update_contiguous(*t);
  return out;
}

Tensor clone(const Tensor& input) { return apply(Clone{}, input); }
Tensor contiguous(const Tensor& input) {
  if (detail::input("contiguous", input)->contiguous()) return input;
  return apply(Clone{false}, input);
}
Tensor to(const Tensor& input, DType dtype) {
  return detail::input("to", input)->dtype == dtype ? input : apply(To{dtype}, input);
}
namespace {

// Two views of the same elements of one tensor, with one history: what `x[i] += v` assigns after
// it changed the elements in place.
bool same_view(const TensorImpl& a, const TensorImpl& b) {
  if (!a.has(kIsView) || !b.has(kIsView) || a.data != b.data || a.dtype != b.dtype ||
      a.ndim != b.ndim || !std::equal(a.dims, a.dims + 2 * a.ndim, b.dims)) {
    return false;
  }
  const TensorImpl* base = a.meta->base.impl();
  return base == b.meta->base.impl() && (base->grad_fn || !a.requires_grad());
}

}  // namespace

Tensor& copy_(Tensor& self, const Tensor& src) {
  if (same_view(*detail::input("copy_", self), *detail::input("copy_", src))) return self;
  apply_in_place(Copy{}, self, src);
  return self;
}
Tensor& fill_(Tensor& self, Scalar value) {
  apply_in_place(Fill{value}, self);
  return self;
}
Tensor& zero_(Tensor& self) { return fill_(self, 0); }

Tensor Tensor::clone() const { return wengert::clone(*this); }
Tensor Tensor::contiguous() const { return wengert::contiguous(*this); }
Tensor Tensor::to(DType dtype) const { return wengert::to(*this, dtype); }

namespace {

Tensor& copy_row(Tensor& self, const Tensor& src, bool /*non_blocking*/) {
  return copy_(self, src);
}
Tensor full_row(Dims size, const Scalar& value, std::optional<DType> dtype) {
  check_fits("full", dtype.value_or(dtype_of(value)), value);
  return full(size, value, dtype);
}
Tensor full_like_row(const Tensor& input, const Scalar& value, std::optional<DType> dtype) {
  check_fits("full_like", dtype.value_or(input.dtype()), value);
  return full_like(input, value, dtype);
}
Tensor& fill_row(Tensor& self, const Operand& value) {
  if (!value.tensor) {
    check_fits("fill_", self.dtype(), value.scalar);
    return fill_(self, value.scalar);
  }
  WG_CHECK(value.tensor->dim() == 0, Error,
           "fill_: expected a number or a 0-d tensor, but got shape ", value.tensor->shape(),
           "; use copy_()");
  return copy_(self, *value.tensor);
}

constexpr Function rows[] = {
    make_function<empty>("empty", "*size, dtype=None", kFunction | kCreates | kOut | kRandom,
                         "Uninitialised tensor of the given size"),
    make_function<zeros>("zeros", "*size, dtype=None", kFunction | kCreates | kOut,
                         "Tensor of zeros", "(2, 3)\n()\n(0, 2)", "np.zeros(size)"),
    make_function<ones>("ones", "*size, dtype=None", kFunction | kCreates | kOut, "Tensor of ones",
                        "(2, 3)\n()", "np.ones(size)"),
    make_function<full_row>("full", "size, fill_value, *, dtype=None", kFunction | kCreates | kOut,
                            "Tensor filled with one value", "(2, 3), 1.5\n(2,), True",
                            "np.full(size, fill_value)"),
    make_function<empty_like>("empty_like", "input, *, dtype=None", kFunction | kCreates | kRandom,
                              "Uninitialised tensor of input's shape, dtype and layout"),
    make_function<zeros_like>("zeros_like", "input, *, dtype=None", kFunction | kCreates | kNoGrad,
                              "Zeros of input's shape", "T((2, 3))", "np.zeros_like(input)"),
    make_function<ones_like>("ones_like", "input, *, dtype=None", kFunction | kCreates | kNoGrad,
                             "Ones of input's shape", "T((2, 3))", "np.ones_like(input)"),
    make_function<full_like_row>(
        "full_like", "input, fill_value, *, dtype=None", kFunction | kCreates | kNoGrad,
        "input's shape filled with one value", "T((2, 3)), 2.5", "np.full_like(input, fill_value)"),
    make_function<arange>("_arange", "start, end, step, *, dtype=None",
                          kFunction | kInternal | kCreates | kOut,
                          "start, start + step, ... before end"),
    make_function<linspace>(
        "linspace", "start, end, steps, *, dtype=None", kFunction | kCreates | kOut,
        "steps evenly spaced numbers from start to end, both included",
        "0.0, 1.0, 5\n1.0, -1.0, 4\n2.0, 3.0, 1", "np.linspace(start, end, steps)"),
    make_function<eye>("eye", "n, m=None, *, dtype=None", kFunction | kCreates | kOut,
                       "Ones on the diagonal, zeros elsewhere", "3\n2, 4", "np.eye(n, m)"),
    make_function<wengert::clone>("clone", "input", kFunction | kMethod,
                                  "A copy with memory of its own", "T((3, 4))", "input"),
    make_function<wengert::contiguous>("contiguous", "input", kMethod,
                                       "input itself if it is row-major, otherwise such a copy",
                                       "T((3, 4))", "input"),
    make_function<wengert::to>("_to_dtype", "input, dtype", kMethod | kInternal,
                               "input converted to dtype"),
    make_function<copy_row>(
        "copy_", "self, src, non_blocking=False", kMethod | kMutates,
        "Replaces the elements of self with those of src, converted and broadcast"),
    make_function<fill_row>("fill_", "self, value", kMethod | kMutates,
                            "Sets every element to value, a number or a 0-d tensor"),
    make_function<zero_>("zero_", "self", kMethod | kMutates, "Sets every element to 0"),
};
}  // namespace

extern const FunctionTable creation_functions;
const FunctionTable creation_functions = {rows, std::size(rows)};

WG_OPERATIONS(creation, operation<To>(), operation<Eye>(), operation<Copy>(), operation<Fill>(),
              operation<Full>(), operation<Clone>(), operation<Empty>(), operation<Arange>(),
              operation<Linspace>(), operation<NewZeros>(), operation<EmptyLike>())

WENGERT_NAMESPACE_END
