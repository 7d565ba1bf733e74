// Indexing along one dimension and by flat positions, made of the operations in indexing.cpp.
#include <algorithm>

#include "autograd/algebra.h"
#include "autograd/capture.h"
#include "autograd/levels.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/take.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// The list for index_put_ that names `index` along dim.
std::vector<Tensor> along(int64_t dim, const Tensor& index) {
  std::vector<Tensor> list(static_cast<size_t>(dim) + 1);
  list.back() = index;
  return list;
}

template <class E>
int64_t check_vector(const char* op, const Tensor& input, int64_t dim, const Tensor& index) {
  const TensorImpl &x = *detail::input(op, input), &i = *detail::input(op, index);
  WG_CHECK(i.dtype == DType::int64 || i.dtype == DType::int32, IndexError, op,
           ": the index must have dtype int64 or int32, but has ", i.dtype);
  WG_CHECK(i.ndim <= 1, E, op, ": expected a 1-d index, but got shape ", i.sizes());
  return wrap_dim(op, dim, x.ndim);
}

// A 0-d tensor counts as a vector of one element here.
Tensor at_least_vector(const Tensor& t) { return t.dim() ? t : reshape(t, {1}); }

// One number for one index into a vector, or a slice along dim for each index.
void check_copied(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  Shape want = at_least_vector(self).shape();
  want.d[dim] = index.numel();
  const bool number = source.dim() == 0;
  WG_CHECK(number || source.dim() == want.ndim || self.dim() == 0, IndexError,
           "index_copy: expected a source of shape ", Dims(want), ", but got ", source.shape());
  bool fits = number ? want.ndim == 1 : source.dim() == want.ndim;
  for (int i = 0; fits && i < want.ndim; ++i) {
    fits = i == dim || number || source.size(i) == want.d[i];
  }
  WG_CHECK(fits, Error, "index_copy: expected a source of shape ", Dims(want), ", but got ",
           source.shape());
  WG_CHECK((number ? 1 : source.size(dim)) == index.numel(), IndexError,
           "index_copy: expected a source of shape ", Dims(want), ", but got ", source.shape());
}

}  // namespace

Tensor& index_copy_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const int64_t d = check_vector<IndexError>("index_copy", self, dim, index);
  WG_CHECK(detail::input("index_copy", source)->dtype == self.dtype(), Error,
           "index_copy: the source has dtype ", source.dtype(), ", but the tensor has ",
           self.dtype());
  check_copied(self, d, index, source);
  const Tensor position = at_least_vector(index);
  Tensor whole = self.dim() ? self : view(self, {1});
  check_indices(as_contiguous(all_examples(position), DType::int64), whole.size(d), "index_copy");
  index_put_(whole, along(d, position), at_least_vector(source));
  return self;
}
Tensor index_copy(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  Tensor out = algebra::clone_beside(input, source);
  return index_copy_(out, dim, index, source);
}

Tensor& index_fill_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& value) {
  const int64_t d = check_vector<Error>("index_fill", self, dim, index);
  WG_CHECK(detail::input("index_fill", value)->ndim == 0, Error,
           "index_fill: the value must be a number or a 0-d tensor, but has shape ", value.shape());
  const Tensor position = at_least_vector(index);
  if (self.dim() == 0) {
    check_indices(as_contiguous(all_examples(position), DType::int64), 1, "index_fill", true);
    return index.numel() ? copy_(self, value) : self;
  }
  return index_put_(self, along(d, position), to(value, self.dtype()));
}
Tensor index_fill(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& value) {
  Tensor out = algebra::clone_beside(input, value);
  return index_fill_(out, dim, index, value);
}

Tensor index_put(const Tensor& input, TensorList indices, const Tensor& values, bool accumulate) {
  Tensor out = algebra::clone_beside(input, values);
  return index_put_(out, indices, values, accumulate);
}

Tensor take(const Tensor& input, const Tensor& idx) {
  WG_CHECK(detail::input("take", idx)->dtype == DType::int64 || idx.dtype() == DType::int32, Error,
           "take: the index must have dtype int64, but has ", idx.dtype());
  return index(reshape(input, {-1}), {&idx, 1});
}

Tensor& put_(Tensor& self, const Tensor& idx, const Tensor& source, bool accumulate) {
  WG_CHECK(detail::input("put_", idx)->numel == detail::input("put_", source)->numel, Error,
           "put_: the index of shape ", idx.shape(), " and the source of shape ", source.shape(),
           " must have as many elements");
  const Tensor at = reshape(idx, {-1}), values = reshape(source, {-1});
  if (self.is_contiguous()) {
    Tensor flat = view(self, {-1});
    index_put_(flat, {&at, 1}, values, accumulate);
    return self;
  }
  Tensor flat = clone(reshape(self, {-1}));
  index_put_(flat, {&at, 1}, values, accumulate);
  return copy_(self, reshape(flat, self.shape()));
}
Tensor put(const Tensor& input, const Tensor& idx, const Tensor& source, bool accumulate) {
  Tensor out = contiguous(algebra::clone_beside(input, source));
  return put_(out, idx, source, accumulate);
}

Tensor take_along_dim(const Tensor& input, const Tensor& indices, std::optional<int64_t> dim) {
  if (!dim) return take_along_dim(reshape(input, {-1}), reshape(indices, {-1}), 0);
  const TensorImpl &x = *detail::input("take_along_dim", input),
                   &i = *detail::input("take_along_dim", indices);
  WG_CHECK(x.ndim == i.ndim, Error, "take_along_dim: the indices of shape ", i.sizes(),
           " must have as many dimensions as the input of shape ", x.sizes());
  const int64_t d = wrap_dim("take_along_dim", *dim, x.ndim);
  Shape a = x.sizes(), b = i.sizes();
  if (x.ndim) a.d[d] = b.d[d] = 1;
  Shape both;
  WG_CHECK(broadcast_shapes(a, b, both), Error, "take_along_dim: the indices of shape ", i.sizes(),
           " do not broadcast with the input of shape ", x.sizes());
  a = b = both;
  if (x.ndim) {
    a.d[d] = x.shape()[d];
    b.d[d] = i.shape()[d];
  }
  // Negative indices count from the end.
  const Tensor n = scalar(x.ndim ? x.shape()[d] : int64_t{1}, i.dtype);
  const Tensor at = where(indices < Scalar(int64_t{0}), indices + n, indices);
  return gather(expand(input, a), d, expand(at, b));
}

Tensor one_hot(const Tensor& input, int64_t num_classes) {
  WG_CHECK(detail::input("one_hot", input)->dtype == DType::int64, Error,
           "one_hot: the tensor must have dtype int64, but has ", input.dtype());
  if (input.impl()->has(kBatched)) {
    WG_CHECK(num_classes > 0, Error, "one_hot: in vmap, give num_classes");
    return to(eq(unsqueeze(input, -1), arange(0, num_classes)), DType::int64);
  }
  if (num_classes > 0 && capture()) {  // a program that reads no labels is good for others
    Shape s = input.shape();
    s.push(num_classes);
    Tensor out = zeros(s, DType::int64);
    s.d[s.ndim - 1] = 1;
    return scatter_(out, -1, unsqueeze(input, -1), ones(s, DType::int64));
  }
  const Tensor labels = as_contiguous(input);
  const int64_t* at = labels.data<int64_t>();
  int64_t most = -1;
  for (int64_t i = 0; i < labels.numel(); ++i) {
    WG_CHECK(at[i] >= 0, Error, "one_hot: classes must be non-negative, but got ", at[i]);
    most = std::max(most, at[i]);
  }
  WG_CHECK(num_classes > 0 || (num_classes == -1 && most >= 0), Error,
           "one_hot: num_classes must be positive, but is ", num_classes, " for ", labels.numel(),
           " labels");
  const int64_t classes = num_classes > 0 ? num_classes : most + 1;
  WG_CHECK(most < classes, Error, "one_hot: class ", most, " does not fit in ", classes,
           " classes");
  Shape s = input.shape();
  s.push(classes);
  const Tensor out = empty(s, DType::int64);
  int64_t* const to = out.data<int64_t>();
  std::fill_n(to, out.numel(), 0);
  for (int64_t i = 0; i < labels.numel(); ++i) to[i * classes + at[i]] = 1;
  return out;
}

namespace {

// A copy of `input` with the part that `view` shows replaced by `src`.
template <class View>
Tensor replace_part(const char* op, const Tensor& input, const Tensor& src, View&& view) {
  Tensor out = algebra::clone_beside(input, src);
  Tensor part = view(out);
  WG_CHECK(part.shape() == detail::input(op, src)->sizes(), Error, op, ": expected src of shape ",
           part.shape(), ", but got ", src.shape());
  copy_(part, src);
  return out;
}

Tensor as_value(const Tensor& like, const Operand& value) {
  return value.tensor ? *value.tensor : scalar(value.scalar, like.dtype());
}

}  // namespace

Tensor select_scatter(const Tensor& input, const Tensor& src, int64_t dim, int64_t index) {
  return replace_part("select_scatter", input, src,
                      [&](const Tensor& t) { return select(t, dim, index); });
}
Tensor slice_scatter(const Tensor& input, const Tensor& src, int64_t dim,
                     std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  return replace_part("slice_scatter", input, src,
                      [&](const Tensor& t) { return slice(t, dim, start, end, step); });
}
Tensor diagonal_scatter(const Tensor& input, const Tensor& src, int64_t offset, int64_t dim1,
                        int64_t dim2) {
  return replace_part("diagonal_scatter", input, src,
                      [&](const Tensor& t) { return diagonal(t, offset, dim1, dim2); });
}

namespace {

// alpha becomes a number of the source's dtype.
Tensor times(const Tensor& source, const Scalar& alpha) {
  return alpha.to_double() == 1 ? source : mul(source, scalar(alpha, source.dtype()));
}
Tensor index_add_row(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source,
                     const Scalar& alpha) {
  return index_add(input, dim, index, times(source, alpha));
}
void index_add_in_place(Tensor& self, int64_t dim, const Tensor& index, const Tensor& source,
                        const Scalar& alpha) {
  index_add_(self, dim, index, times(source, alpha));
}
Tensor index_fill_row(const Tensor& input, int64_t dim, const Tensor& index, Operand value) {
  return index_fill(input, dim, index, as_value(input, value));
}
void index_fill_in_place(Tensor& self, int64_t dim, const Tensor& index, Operand value) {
  index_fill_(self, dim, index, as_value(self, value));
}

constexpr Function rows[] = {
    make_function<index_add_row, index_add_in_place>(
        "index_add", "input, dim, index, source, *, alpha=1", kFunction | kMethod | kOut,
        "A copy of input with out[index[i]] += alpha * source[i] along dim",
        "T((4, 3)), 0, I((6,), 0, 4), T((6, 3))\nT((4, 3)), 1, I((2,), 0, 3), T((4, 2))"),
    make_function<index_copy, index_copy_>(
        "index_copy", "input, dim, index, source", kFunction | kMethod | kOut,
        "A copy of input with out[index[i]] = source[i] along dim",
        "T((4, 3)), 0, P((2,), 4), T((2, 3))\nT((4, 3)), 1, P((2,), 3), T((4, 2))"),
    make_function<index_fill_row, index_fill_in_place>(
        "index_fill", "input, dim, index, value", kFunction | kMethod,
        "A copy of input with out[index[i]] = value along dim",
        "T((4, 3)), 0, P((2,), 4), 1.5\nT((4, 3)), 1, P((2,), 3), T(())"),
    make_function<index_put>("index_put", "input, indices, values, accumulate=False",
                             kFunction | kMethod,
                             "A copy of input with out[indices] = values, or += with accumulate",
                             "T((4, 3)), [P((2,), 4)], T((2, 3))\nT((4, 3)), [I((5,), 0, 4)], "
                             "T((5, 3)), True\nT((4, 3)), [None, P((2,), 3)], T(())"),
    make_function<take>("take", "input, index", kFunction | kMethod | kOut,
                        "The elements at the flat positions in index",
                        "T((3, 4)), I((2, 3), -12, 12)", "np.take(input, index)"),
    make_function<put, put_>(
        "put", "input, index, source, accumulate=False", kFunction | kMethod,
        "A copy of input with the elements of source at the flat positions in index",
        "T((3, 4)), P((5,), 12), T((5,))\nT((3, 4)), I((5,), 0, 12), T((5,)), True"),
    make_function<take_along_dim>(
        "take_along_dim", "input, indices, dim=None", kFunction | kMethod | kOut,
        "gather() with input and indices broadcast against each other",
        "T((3, 4)), I((3, 2), -4, 4), 1\nT((3, 4)), I((1, 4), 0, 3), 0\nT((3, 4)), I((5,), 0, 12)",
        "np.take_along_axis(input, indices, dim)"),
    make_function<one_hot>(
        "one_hot", "input, num_classes=-1", kFunction | kNN | kNoGrad,
        "int64 zeros with a one at each class, along a new last dimension",
        "I((2, 3), 0, 5)\nI((4,), 0, 3), 6",
        "np.eye(num_classes if num_classes > 0 else input.max() + 1, dtype=int)[input]"),
    make_function<select_scatter>("select_scatter", "input, src, dim, index", kFunction | kMethod,
                                  "A copy of input with select(dim, index) replaced by src",
                                  "T((3, 4)), T((4,)), 0, -1\nT((3, 4)), T((3,)), 1, 2"),
    make_function<slice_scatter>("slice_scatter", "input, src, dim=0, start=None, end=None, step=1",
                                 kFunction | kMethod,
                                 "A copy of input with start:end:step along dim replaced by src",
                                 "T((5, 2)), T((2, 2)), 0, 1, 4, 2\nT((5, 2)), T((5, 2))"),
    make_function<diagonal_scatter>(
        "diagonal_scatter", "input, src, offset=0, dim1=0, dim2=1", kFunction | kMethod,
        "A copy of input with diagonal(offset, dim1, dim2) replaced by src",
        "T((3, 4)), T((3,))\nT((3, 4)), T((2,)), -1"),
};
}  // namespace

extern const FunctionTable index_along_functions;
const FunctionTable index_along_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
