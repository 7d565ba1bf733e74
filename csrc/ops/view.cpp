// Views of one tensor: other shapes and strides over the same memory.
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/view_gradient.h"

WENGERT_NAMESPACE_BEGIN

namespace {

void start_view(Infer& m) {
  m.out().dtype = m.in(0).dtype;
  m.out().alias_of = 0;
  m.out().strided = true;
}

// Strides with which `shape` reads the elements of `t` in row-major order without a copy.
bool view_strides(const TensorImpl& t, const Shape& shape, int64_t* strides) {
  if (t.numel == 0) {
    int64_t step = 1;
    for (int i = shape.ndim - 1; i >= 0; --i) {
      strides[i] = step;
      step *= shape.d[i] > 1 ? shape.d[i] : 1;
    }
    return true;
  }
  int at = shape.ndim - 1;
  // Each run of input dimensions that is dense in itself takes output dimensions of the same size.
  int64_t chunk_stride = 1, chunk = 1, filled = 1;
  bool started = false;
  for (int i = t.ndim - 1; i >= 0; --i) {
    if (t.shape()[i] != 1) {
      if (!started) chunk_stride = t.strides()[i];
      started = true;
      chunk *= t.shape()[i];
    }
    int next = i - 1;
    while (next >= 0 && t.shape()[next] == 1) --next;
    const bool ends = next < 0 || (started && t.strides()[next] != chunk * chunk_stride);
    if (!started || !ends) continue;
    while (at >= 0 && (filled < chunk || shape.d[at] == 1)) {
      strides[at] = filled * chunk_stride;
      filled *= shape.d[at];
      --at;
    }
    if (filled != chunk) return false;
    started = false;
    chunk = filled = 1;
  }
  for (; at >= 0; --at) {
    if (shape.d[at] != 1) return false;
    strides[at] = 1;
  }
  return true;
}

struct View {
  Shape shape;
  static constexpr const char* name = "view";
  WG_FIELDS(shape)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const {
    b.set(0, apply(View{with_front(b.size(), shape)}, b.front(0)));
    return true;
  }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    start_view(m);
    const TensorImpl& x = m.in(0);
    WG_CHECK(view_strides(x, shape, m.out().strides), Error, "view: a tensor of shape ", x.sizes(),
             " and strides ", Dims(x.strides(), x.ndim), " cannot be seen as ", Dims(shape),
             " without a copy; use reshape()");
    m.out().shape = shape;
  }
  void vjp(Vjp& v) const { v.set(0, reshape(v.grad(), v.shape(0))); }
};

// The same bytes read as elements of another dtype. Carries no gradient.
struct ViewDtype {
  DType dtype;
  static constexpr const char* name = "view_dtype";
  WG_FIELDS(dtype)
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    start_view(m);
    m.out().dtype = dtype;
    m.out().shape = x.sizes();
    std::memcpy(m.out().strides, x.strides(), sizeof(int64_t) * x.ndim);
    const auto from = static_cast<int64_t>(item_size(x.dtype)),
               to = static_cast<int64_t>(item_size(dtype));
    if (from == to) return;
    const int last = x.ndim - 1;
    const auto check = [&](bool good, const char* what) {
      WG_CHECK(good, Error, "view: to read ", x.dtype, " as ", dtype, ", of another size, ", what,
               "; the shape is ", x.sizes(), " and the strides are ", Dims(x.strides(), x.ndim));
    };
    check(x.ndim > 0, "the tensor needs a dimension");
    check(x.strides()[last] == 1, "the stride of the last dimension must be 1");
    if (to < from) {
      const int64_t ratio = from / to;
      m.out().shape.d[last] *= ratio;
      for (int i = 0; i < last; ++i) m.out().strides[i] *= ratio;
      return;
    }
    const int64_t ratio = to / from;
    check(x.shape()[last] % ratio == 0, "the last size must be divisible by their ratio");
    check((x.data - x.storage->data) % to == 0 && reinterpret_cast<uintptr_t>(x.data) % from == 0,
          "the place in memory must be divisible by their ratio");
    m.out().shape.d[last] /= ratio;
    for (int i = 0; i < last; ++i) {
      check(x.strides()[i] % ratio == 0, "the other strides must be divisible by their ratio");
      m.out().strides[i] /= ratio;
    }
  }
};

struct Permute {
  Shape dims;
  static constexpr const char* name = "permute";
  WG_FIELDS(dims)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const {
    b.set(0, apply(Permute{with_front(0, one_later(dims))}, b.front(0)));
    return true;
  }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    start_view(m);
    const TensorImpl& x = m.in(0);
    for (int i = 0; i < dims.ndim; ++i) {
      m.out().shape.push(x.shape()[dims.d[i]]);
      m.out().strides[i] = x.strides()[dims.d[i]];
    }
  }
  void vjp(Vjp& v) const {
    Shape inverse;
    inverse.ndim = dims.ndim;
    for (int i = 0; i < dims.ndim; ++i) inverse.d[dims.d[i]] = i;
    v.set(0, apply(Permute{inverse}, v.grad()));
  }
};

struct Expand {
  Shape shape;
  static constexpr const char* name = "expand";
  WG_FIELDS(shape)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const {
    Shape aligned;
    aligned.push(b.size());
    for (int64_t i = b.ndim(0); i < shape.ndim; ++i) aligned.push(1);
    for (const int64_t d : b.shape(0)) aligned.push(d);
    b.set(0, apply(Expand{with_front(b.size(), shape)}, apply(View{aligned}, b.front(0))));
    return true;
  }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    start_view(m);
    const TensorImpl& x = m.in(0);
    m.out().shape = shape;
    const int extra = shape.ndim - x.ndim;
    for (int i = 0; i < shape.ndim; ++i) {
      m.out().strides[i] =
          i < extra || x.shape()[i - extra] != shape.d[i] ? 0 : x.strides()[i - extra];
    }
  }
  // The engine sums over what was expanded.
  void vjp(Vjp& v) const { v.set(0, v.grad()); }
};

struct Select {
  int64_t dim, index;
  static constexpr const char* name = "select";
  WG_FIELDS(dim, index)
  static constexpr Tangents tangents = Tangents::linear;
  Select batched(int64_t) const { return {dim + 1, index}; }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    start_view(m);
    const TensorImpl& x = m.in(0);
    int k = 0;
    for (int i = 0; i < x.ndim; ++i) {
      if (i == dim) continue;
      m.out().shape.push(x.shape()[i]);
      m.out().strides[k++] = x.strides()[i];
    }
    m.out().offset = index * x.strides()[dim];
  }
  void vjp(Vjp& v) const { view_gradient(v, *this); }
};

struct Slice {
  int64_t dim, start, length, step;
  static constexpr const char* name = "slice";
  WG_FIELDS(dim, start, length, step)
  static constexpr Tangents tangents = Tangents::linear;
  Slice batched(int64_t) const { return {dim + 1, start, length, step}; }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    start_view(m);
    const TensorImpl& x = m.in(0);
    m.out().shape = x.sizes();
    m.out().shape.d[dim] = length;
    std::memcpy(m.out().strides, x.strides(), sizeof(int64_t) * x.ndim);
    if (length > 1) m.out().strides[dim] *= step;  // otherwise the step may be of any size
    m.out().offset = length ? start * x.strides()[dim] : 0;
  }
  void vjp(Vjp& v) const { view_gradient(v, *this); }
};

// Consecutive pieces along one dimension; the pieces' gradients are joined at once.
struct Split {
  int64_t dim;
  std::vector<int64_t> sizes;
  static constexpr const char* name = "split";
  WG_FIELDS(dim, sizes)
  static constexpr Tangents tangents = Tangents::linear;
  Split batched(int64_t) const { return {dim + 1, sizes}; }
  static constexpr bool view = true;
  static constexpr bool list = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    int64_t at = 0;
    for (int k = 0; k < m.n_outputs; ++k) {
      Meta& out = m.out(k);
      out.dtype = x.dtype;
      out.alias_of = 0;
      out.strided = true;
      out.shape = x.sizes();
      out.shape.d[dim] = sizes[static_cast<size_t>(k)];
      std::memcpy(out.strides, x.strides(), sizeof(int64_t) * x.ndim);
      out.offset = at * x.strides()[dim];
      at += sizes[static_cast<size_t>(k)];
    }
  }
  void vjp(Vjp& v) const {
    std::vector<Tensor> parts;
    Shape s = v.shape(0);
    for (size_t k = 0; k < sizes.size(); ++k) {
      const int i = static_cast<int>(k);
      if (i < v.outputs() && v.grad(i).defined()) {
        parts.push_back(v.grad(i));
      } else {
        s.d[dim] = sizes[k];
        parts.push_back(zeros(s, v.dtype(0)));
      }
    }
    v.set(0, cat(parts, dim));
  }
};

struct Unbind {
  int64_t dim;
  static constexpr const char* name = "unbind";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  Unbind batched(int64_t) const { return {dim + 1}; }
  static constexpr bool view = true;
  static constexpr bool list = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    for (int k = 0; k < m.n_outputs; ++k) {
      Meta& out = m.out(k);
      out.dtype = x.dtype;
      out.alias_of = 0;
      out.strided = true;
      out.offset = k * x.strides()[dim];
      int to = 0;
      for (int i = 0; i < x.ndim; ++i) {
        if (i == dim) continue;
        out.shape.push(x.shape()[i]);
        out.strides[to++] = x.strides()[i];
      }
    }
  }
  void vjp(Vjp& v) const {
    const Shape s = v.shape(0);
    Shape piece;
    for (int i = 0; i < s.ndim; ++i) {
      if (i != dim) piece.push(s.d[i]);
    }
    std::vector<Tensor> parts;
    for (int64_t k = 0; k < s.d[dim]; ++k) {
      const int i = static_cast<int>(k);
      const bool have = i < v.outputs() && v.grad(i).defined();
      parts.push_back(have ? v.grad(i) : zeros(piece, v.dtype(0)));
    }
    v.set(0, stack(parts, dim));
  }
};

// A shape in which one -1 stands for what is left.
Shape infer_shape(const char* op, Dims shape, int64_t numel) {
  WG_CHECK(shape.size() <= kMaxDims, Error, op, ": at most ", kMaxDims, " dimensions");
  Shape s = shape;
  int64_t known = 1;
  int unknown = -1;
  for (int i = 0; i < s.ndim; ++i) {
    if (s.d[i] == -1) {
      WG_CHECK(unknown < 0, Error, op, ": only one size can be -1, but got ", shape);
      unknown = i;
    } else {
      WG_CHECK(s.d[i] >= 0, Error, op, ": sizes must be non-negative, but got ", shape);
      WG_CHECK(!__builtin_mul_overflow(known, s.d[i], &known), Error, op, ": shape ", shape,
               " is too large");
    }
  }
  if (unknown >= 0) {
    WG_CHECK(known != 0, Error, op, ": -1 is ambiguous beside a size of 0 in ", shape);
    s.d[unknown] = numel / known;
    known *= s.d[unknown];
  }
  WG_CHECK(known == numel, Error, op, ": shape ", shape, " does not fit ", numel, " elements");
  return s;
}

}  // namespace

Tensor view(const Tensor& input, Dims shape) {
  return apply(View{infer_shape("view", shape, detail::input("view", input)->numel)}, input);
}

Tensor reshape(const Tensor& input, Dims shape) {
  const TensorImpl& x = *detail::input("reshape", input);
  const View op{infer_shape("reshape", shape, x.numel)};
  int64_t strides[kMaxDims];
  return apply(op, view_strides(x, op.shape, strides) ? input : contiguous(input));
}

Tensor permute(const Tensor& input, Dims dims) {
  const TensorImpl& x = *detail::input("permute", input);
  WG_CHECK(dims.size() == x.ndim, Error, "permute: expected ", int64_t{x.ndim},
           " dimensions, but got ", dims);
  Permute op;
  bool seen[kMaxDims] = {};
  for (const int64_t d : dims) {
    const int64_t w = wrap_dim("permute", d, x.ndim);
    WG_CHECK(!seen[w], Error, "permute: a dimension appears twice in ", dims);
    seen[w] = true;
    op.dims.push(w);
  }
  return apply(op, input);
}

Tensor transpose(const Tensor& input, int64_t dim0, int64_t dim1) {
  const TensorImpl& x = *detail::input("transpose", input);
  const int64_t a = wrap_dim("transpose", dim0, x.ndim), b = wrap_dim("transpose", dim1, x.ndim);
  Permute op;
  for (int i = 0; i < x.ndim; ++i) op.dims.push(i == a ? b : i == b ? a : i);
  return apply(op, input);
}

Tensor expand(const Tensor& input, Dims shape) {
  const TensorImpl& x = *detail::input("expand", input);
  WG_CHECK(shape.size() >= x.ndim && shape.size() <= kMaxDims, Error, "expand: a tensor of shape ",
           x.sizes(), " cannot be expanded to ", shape, "; it has more dimensions");
  Expand op{Shape(shape)};
  const int extra = op.shape.ndim - x.ndim;
  for (int i = 0; i < op.shape.ndim; ++i) {
    int64_t& want = op.shape.d[i];
    if (i >= extra) {
      const int64_t have = x.shape()[i - extra];
      if (want == -1) want = have;
      WG_CHECK(have == want || have == 1, Error, "expand: a tensor of shape ", x.sizes(),
               " cannot be expanded to ", shape, "; only dimensions of size 1 can grow");
    }
    WG_CHECK(want >= 0, Error, "expand: size ", want, " is not allowed for a new dimension in ",
             shape);
  }
  return apply(op, input);
}

Tensor unsqueeze(const Tensor& input, int64_t dim) {
  const TensorImpl& x = *detail::input("unsqueeze", input);
  const int64_t d = wrap_dim("unsqueeze", dim, x.ndim + 1);
  View op;
  for (int i = 0; i < x.ndim; ++i) {
    if (i == d) op.shape.push(1);
    op.shape.push(x.shape()[i]);
  }
  if (d == x.ndim) op.shape.push(1);
  return apply(op, input);
}

Tensor squeeze(const Tensor& input) {
  const TensorImpl& x = *detail::input("squeeze", input);
  View op;
  for (int i = 0; i < x.ndim; ++i) {
    if (x.shape()[i] != 1) op.shape.push(x.shape()[i]);
  }
  return apply(op, input);
}

Tensor squeeze(const Tensor& input, Dims dims) {
  const TensorImpl& x = *detail::input("squeeze", input);
  bool drop[kMaxDims] = {};
  for (const int64_t d : dims) {
    const int64_t w = wrap_dim("squeeze", d, x.ndim);
    drop[w] = x.ndim > 0 && x.shape()[w] == 1;
  }
  View op;
  for (int i = 0; i < x.ndim; ++i) {
    if (!drop[i]) op.shape.push(x.shape()[i]);
  }
  return apply(op, input);
}

Tensor select(const Tensor& input, int64_t dim, int64_t index) {
  const TensorImpl& x = *detail::input("select", input);
  WG_CHECK(x.ndim > 0, IndexError, "select: a 0-d tensor cannot be indexed; use item()");
  const int64_t d = wrap_dim("select", dim, x.ndim), n = x.shape()[d];
  WG_CHECK(index >= -n && index < n, IndexError, "select: index ", index,
           " is out of bounds for dimension ", d, " of size ", n);
  return apply(Select{d, index < 0 ? index + n : index}, input);
}

Tensor slice(const Tensor& input, int64_t dim, std::optional<int64_t> start,
             std::optional<int64_t> end, int64_t step) {
  const TensorImpl& x = *detail::input("slice", input);
  WG_CHECK(x.ndim > 0, IndexError, "slice: a 0-d tensor cannot be sliced");
  WG_CHECK(step != 0 && step != INT64_MIN, ValueError, "slice: the step must not be zero");
  const int64_t d = wrap_dim("slice", dim, x.ndim), n = x.shape()[d];
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
  const auto clip = [&](int64_t i) {
    if (i < 0) i += n;
    return i < low ? low : i > high ? high : i;
  };
  const int64_t a = start ? clip(*start) : (step > 0 ? 0 : n - 1);
  const int64_t b = end ? clip(*end) : (step > 0 ? n : -1);
  int64_t length = 0;
  if (step > 0 && b > a) length = (b - a - 1) / step + 1;
  if (step < 0 && a > b) length = (a - b - 1) / -step + 1;
  return apply(Slice{d, a, length, step}, input);
}

std::vector<Tensor> split(const Tensor& input, Dims sizes, int64_t dim) {
  const TensorImpl& x = *detail::input("split", input);
  WG_CHECK(x.ndim > 0, Error, "split: a 0-d tensor cannot be split");
  const int64_t d = wrap_dim("split", dim, x.ndim);
  int64_t total = 0;
  for (const int64_t s : sizes) {
    WG_CHECK(s >= 0, Error, "split: sizes must be non-negative, but got ", sizes);
    WG_CHECK(s <= x.shape()[d] - total, Error, "split: sizes ", sizes,
             " add up to more than the size ", x.shape()[d], " of dimension ", d);
    total += s;
  }
  WG_CHECK(total == x.shape()[d], Error, "split: sizes ", sizes, " add up to ", total,
           ", but dimension ", d, " has size ", x.shape()[d]);
  return apply_split(Split{d, sizes.vec()}, input, static_cast<int64_t>(sizes.size()));
}

std::vector<Tensor> unbind(const Tensor& input, int64_t dim) {
  const TensorImpl& x = *detail::input("unbind", input);
  WG_CHECK(x.ndim > 0, IndexError, "unbind: a 0-d tensor has no dimension to take apart");
  const int64_t d = wrap_dim("unbind", dim, x.ndim);
  return apply_split(Unbind{d}, input, x.shape()[d]);
}

Tensor Tensor::operator[](int64_t i) const { return select(*this, 0, i); }
Tensor Tensor::view(Dims shape) const { return wengert::view(*this, shape); }
Tensor Tensor::reshape(Dims shape) const { return wengert::reshape(*this, shape); }
Tensor Tensor::t() const {
  WG_CHECK(dim() <= 2, Error, "t: expected at most 2 dimensions, but got shape ", shape());
  return dim() < 2 ? *this : transpose(*this, 0, 1);
}

namespace {
Tensor view_dtype(const Tensor& input, DType dtype) {
  detail::input("view", input);
  return apply(ViewDtype{dtype}, input);
}

constexpr Function rows[] = {
    make_function<wengert::view>(
        "view", "input, *shape", kMethod,
        "The same elements seen with another shape; one size may be -1. Shares memory.",
        "T((3, 4)), (4, 3)\nT((2, 3, 4)), (-1, 4)", "input.reshape(shape)"),
    make_function<view_dtype>("_view_dtype", "input, dtype", kFunction | kInternal | kNoGrad,
                              "The same bytes read as another dtype. Shares memory."),
    make_function<wengert::reshape>(
        "reshape", "input, *shape", kFunction | kMethod,
        "The same elements with another shape; one size may be -1. Shares memory where it can.",
        "T((3, 4)), (4, 3)\nT((2, 3, 4)), (-1,)", "input.reshape(shape)"),
    make_function<permute>("permute", "input, *dims", kFunction | kMethod,
                           "Dimensions in another order. Shares memory.",
                           "T((2, 3, 4)), (2, 0, 1)\nT((2, 3)), (-1, 0)",
                           "np.transpose(input, dims)"),
    make_function<transpose>("transpose", "input, dim0, dim1", kFunction | kMethod,
                             "Two dimensions swapped. Shares memory.", "T((2, 3, 4)), 0, -1",
                             "np.swapaxes(input, dim0, dim1)"),
    make_function<expand>(
        "expand", "input, *size", kMethod,
        "Dimensions of size 1 repeated without a copy; -1 keeps a size. Shares memory.",
        "T((3, 1)), (3, 4)\nT((3,)), (2, -1)\nT(()), (2, 2)",
        "np.broadcast_to(input, [n if n != -1 else o for n, o in zip(size, (1,) * (len(size) - "
        "input.ndim) + input.shape)])"),
    make_function<unsqueeze>("unsqueeze", "input, dim", kFunction | kMethod,
                             "A dimension of size 1 put in at dim. Shares memory.",
                             "T((3, 4)), 1\nT((3,)), -1\nT(()), 0", "np.expand_dims(input, dim)"),
    make_function<select>("select", "input, dim, index", kFunction | kMethod,
                          "The slice at `index` along dim, which is dropped. Shares memory.",
                          "T((3, 4)), 1, -2", "np.take(input, index, axis=dim)"),
    make_function<slice>("_slice", "input, dim, start, end, step=1", kFunction | kInternal,
                         "Elements start, start + step, ... along dim. Shares memory.",
                         "T((5, 4)), 0, 1, 4, 2\nT((5, 4)), 0, None, None, -2\nT((5,)), 0, 3, 3",
                         "np.moveaxis(np.moveaxis(input, dim, 0)[start:end:step], 0, dim)"),
    make_function<static_cast<std::vector<Tensor> (*)(const Tensor&, Dims, int64_t)>(
        wengert::split)>("_split_with_sizes", "input, split_sizes, dim=0", kFunction | kInternal,
                         "Pieces of the given sizes along dim. Share memory.",
                         "T((5, 4)), (2, 0, 3), 0",
                         "tuple(np.split(input, np.cumsum(split_sizes)[:-1], axis=dim))"),
    make_function<unbind>("unbind", "input, dim=0", kFunction | kMethod,
                          "The slices along dim. Share memory.", "T((3, 4))\nT((3, 4)), 1",
                          "tuple(np.moveaxis(input, dim, 0))"),
};
}  // namespace

extern const FunctionTable view_functions;
const FunctionTable view_functions = {rows, std::size(rows)};

WG_OPERATIONS(view, operation<View>(), operation<Slice>(), operation<Split>(), operation<Expand>(),
              operation<Select>(), operation<Unbind>(), operation<Permute>(),
              operation<ViewDtype>())

WENGERT_NAMESPACE_END
