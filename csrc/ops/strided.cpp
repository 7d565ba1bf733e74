// Views given by strides: diagonals, sliding windows, and arbitrary ones.
#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/view_gradient.h"

WENGERT_NAMESPACE_BEGIN

namespace {

struct Diagonal {
  int64_t offset, dim1, dim2;
  static constexpr const char* name = "diagonal";
  WG_FIELDS(offset, dim1, dim2)
  static constexpr Tangents tangents = Tangents::linear;
  Diagonal batched(int64_t) const { return {offset, dim1 + 1, dim2 + 1}; }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    Meta& out = m.out();
    out.dtype = x.dtype;
    out.alias_of = 0;
    out.strided = true;
    int k = 0;
    for (int i = 0; i < x.ndim; ++i) {
      if (i == dim1 || i == dim2) continue;
      out.shape.push(x.shape()[i]);
      out.strides[k++] = x.strides()[i];
    }
    const int64_t rows = x.shape()[dim1] + std::min<int64_t>(offset, 0);
    const int64_t columns = x.shape()[dim2] - std::max<int64_t>(offset, 0);
    const int64_t n = std::max<int64_t>(0, std::min(rows, columns));
    out.shape.push(n);
    out.strides[k] = x.strides()[dim1] + x.strides()[dim2];
    if (n) out.offset = offset < 0 ? -offset * x.strides()[dim1] : offset * x.strides()[dim2];
  }
  void vjp(Vjp& v) const { view_gradient(v, *this); }
};

// Adds `gradient` to the flat positions `at` of a tensor of that shape that is zero elsewhere.
Tensor add_at(const Shape& shape, const Tensor& at, const Tensor& gradient) {
  int64_t n = 1;
  for (int i = 0; i < shape.ndim; ++i) n *= shape.d[i];
  const Tensor flat = index_add(zeros({n}, gradient.dtype()), 0, at, gradient);
  return reshape(flat, shape);
}

struct Unfold {
  int64_t dim, size, step;
  static constexpr const char* name = "unfold";
  WG_FIELDS(dim, size, step)
  static constexpr Tangents tangents = Tangents::linear;
  Unfold batched(int64_t) const { return {dim + 1, size, step}; }
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    Meta& out = m.out();
    out.dtype = x.dtype;
    out.alias_of = 0;
    out.strided = true;
    out.shape = x.sizes();
    std::copy_n(x.strides(), x.ndim, out.strides);
    const int64_t extent = x.ndim ? x.shape()[dim] : 1, stride = x.ndim ? x.strides()[dim] : 1;
    if (x.ndim) {
      out.shape.d[dim] = (extent - size) / step + 1;
      out.strides[dim] = stride * step;
    }
    out.shape.push(size);
    out.strides[x.ndim] = stride;
  }
  void vjp(Vjp& v) const {
    const Shape shape = v.shape(0);
    int64_t n = 1;
    for (int i = 0; i < shape.ndim; ++i) n *= shape.d[i];
    const Tensor positions = apply(*this, reshape(arange(0, n), shape));
    v.set(0, add_at(shape, reshape(positions, {-1}), reshape(v.grad(), {-1})));
  }
};

// `offset` counts from the input's first element; `of` are the strides of the input it was made
// for.
struct AsStrided {
  Shape shape, strides, of;
  int64_t offset;
  static constexpr const char* name = "as_strided";
  WG_FIELDS(shape, strides, of, offset)
  static constexpr bool view = true;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    Meta& out = m.out();
    out.dtype = x.dtype;
    out.alias_of = 0;
    out.strided = true;
    out.shape = shape;
    std::copy_n(strides.d, strides.ndim, out.strides);
    out.offset = offset;
    for (int i = 0; i < shape.ndim; ++i) {  // so that the sums below cannot overflow
      constexpr int64_t kMost = INT64_MAX / (4 * kMaxDims);
      int64_t reach = 0;
      WG_CHECK(!__builtin_mul_overflow(shape.d[i], strides.d[i], &reach) && reach < kMost &&
                   reach > -kMost && offset < kMost,
               Error, "as_strided: size ", Dims(shape), ", stride ", Dims(strides),
               " and storage offset ", offset, " reach further than any memory");
    }
    const auto [low, high] = extent(shape, strides);
    const auto item = static_cast<int64_t>(item_size(x.dtype));
    const int64_t before = (x.data - x.storage->data) / item;
    const int64_t last = static_cast<int64_t>(x.storage->nbytes) / item;
    WG_CHECK(low > high || (before + offset + low >= 0 && before + offset + high < last), Error,
             "as_strided: size ", Dims(shape), ", stride ", Dims(strides), " and storage offset ",
             before + offset, " reach outside the ", last, " elements of the tensor's memory");
  }
  // First and last element reached, counted from the first; low > high where there is none.
  static std::pair<int64_t, int64_t> extent(const Shape& shape, const Shape& strides) {
    int64_t low = 0, high = 0;
    for (int i = 0; i < shape.ndim; ++i) {
      if (shape.d[i] == 0) return {0, -1};
      const int64_t reach = (shape.d[i] - 1) * strides.d[i];
      (reach < 0 ? low : high) += reach;
    }
    return {low, high};
  }
  void vjp(Vjp& v) const {
    const Shape whole = v.shape(0);
    const auto [low_in, high_in] = extent(whole, of);
    auto [low_out, high_out] = extent(shape, strides);
    if (low_out > high_out || low_in > high_in) {
      v.set(0, zeros(whole, v.grad().dtype()));
      return;
    }
    // The number of the input's element at each place of the memory; one past the last for none.
    const int64_t low = std::min(low_in, low_out + offset);
    const int64_t high = std::max(high_in, high_out + offset);
    int64_t n = 1;
    for (int i = 0; i < whole.ndim; ++i) n *= whole.d[i];
    const Tensor place = full({high - low + 1}, n, DType::int64);
    Tensor inside = new_alias(*place.impl(), whole, of.d, place.data<char>() - low * 8);
    copy_(inside, reshape(arange(0, n), whole));
    const Tensor at =
        new_alias(*place.impl(), shape, strides.d, place.data<char>() + (offset - low) * 8);
    const Tensor sums = add_at(Dims{n + 1}, reshape(at, {-1}), reshape(v.grad(), {-1}));
    v.set(0, reshape(slice(sums, 0, 0, n), whole));
  }
};

}  // namespace

Tensor diagonal(const Tensor& input, int64_t offset, int64_t dim1, int64_t dim2) {
  const TensorImpl& x = *detail::input("diagonal", input);
  WG_CHECK(x.ndim >= 2, IndexError, "diagonal: expected at least 2 dimensions, but got shape ",
           x.sizes());
  const int64_t a = wrap_dim("diagonal", dim1, x.ndim), b = wrap_dim("diagonal", dim2, x.ndim);
  WG_CHECK(a != b, Error, "diagonal: dim1 and dim2 must differ, but both are ", a);
  return apply(Diagonal{offset, a, b}, input);
}

Tensor unfold(const Tensor& input, int64_t dimension, int64_t size, int64_t step) {
  const TensorImpl& x = *detail::input("unfold", input);
  const int64_t d = wrap_dim("unfold", dimension, x.ndim);
  const int64_t extent = x.ndim ? x.shape()[d] : 1;
  WG_CHECK(step > 0, Error, "unfold: the step must be positive, but is ", step);
  WG_CHECK(size >= 0 && size <= extent, Error, "unfold: windows of ", size,
           " elements do not fit in dimension ", d, " of size ", extent);
  return apply(Unfold{d, size, step}, input);
}

Tensor as_strided(const Tensor& input, Dims size, Dims stride,
                  std::optional<int64_t> storage_offset) {
  const TensorImpl& x = *detail::input("as_strided", input);
  WG_CHECK(size.size() == stride.size() && size.size() <= kMaxDims, Error, "as_strided: size ",
           size, " and stride ", stride, " must have one length, at most ", kMaxDims);
  for (const int64_t n : size) {
    WG_CHECK(n >= 0, Error, "as_strided: sizes must be non-negative, but got ", size);
  }
  const int64_t before = input.storage_offset();
  return apply(
      AsStrided{size, stride, Dims(x.strides(), x.ndim), storage_offset.value_or(before) - before},
      input);
}

namespace {
constexpr Function rows[] = {
    make_function<diagonal>(
        "diagonal", "input, offset=0, dim1=0, dim2=1", kFunction | kMethod,
        "The elements [..., i, i + offset, ...] along a new last dimension. Shares memory",
        "T((3, 4))\nT((3, 4)), 1\nT((2, 3, 4)), -1, 2, 0\nT((2, 2)), 5",
        "np.diagonal(input, offset, dim1, dim2)"),
    make_function<unfold>(
        "unfold", "input, dimension, size, step", kMethod,
        "Windows of `size` elements, `step` apart, along a new last dimension. Shares memory",
        "T((7, 2)), 0, 3, 2\nT((2, 5)), -1, 2, 1\nT((3,)), 0, 0, 1",
        "np.moveaxis(np.stack([np.moveaxis(input, dimension, -1)[..., i:i + size] for i in "
        "range(0, input.shape[dimension] - size + 1, step)]), 0, dimension % max(input.ndim, 1))"),
    make_function<as_strided>(
        "as_strided", "input, size, stride, storage_offset=None", kFunction | kMethod,
        "The memory of input seen with any sizes and strides (in elements). Shares memory",
        "T((4, 5)), (2, 3), (5, 2), 1\nT((9,)), (4, 3), (2, 1)",
        "np.lib.stride_tricks.as_strided(input.ravel()[storage_offset or 0:], size, [8 * s for s "
        "in stride])"),
};
}  // namespace

extern const FunctionTable strided_functions;
const FunctionTable strided_functions = {rows, std::size(rows)};

WG_OPERATIONS(strided, operation<Unfold>(), operation<Diagonal>(), operation<AsStrided>())

WENGERT_NAMESPACE_END
