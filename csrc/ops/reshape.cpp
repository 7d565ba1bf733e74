// Views made of those in view.cpp: dimensions joined, split, moved, dropped, and pieces.
#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

Tensor flatten(const Tensor& input, int64_t start_dim, int64_t end_dim) {
  const TensorImpl& x = *detail::input("flatten", input);
  const int64_t a = wrap_dim("flatten", start_dim, x.ndim),
                b = wrap_dim("flatten", end_dim, x.ndim);
  WG_CHECK(a <= b, Error, "flatten: start_dim ", start_dim, " must not come after end_dim ",
           end_dim);
  if (x.ndim == 0) return reshape(input, {1});
  if (a == b) return input;
  Shape s;
  int64_t joined = 1;
  for (int i = 0; i < x.ndim; ++i) {
    if (i >= a && i <= b) joined *= x.shape()[i];
    if (i == b) s.push(joined);
    if (i < a || i > b) s.push(x.shape()[i]);
  }
  return reshape(input, s);
}

Tensor unflatten(const Tensor& input, int64_t dim, Dims sizes) {
  const TensorImpl& x = *detail::input("unflatten", input);
  const int64_t d = wrap_dim("unflatten", dim, x.ndim);
  WG_CHECK(x.ndim > 0 && !sizes.empty(), Error,
           "unflatten: expected a dimension to split and its new sizes");
  int64_t known = 1;
  int unknown = 0;
  for (const int64_t n : sizes) (n == -1 ? void(++unknown) : void(known *= n));
  WG_CHECK(
      unknown <= 1 && (unknown ? known > 0 && x.shape()[d] % known == 0 : known == x.shape()[d]),
      Error, "unflatten: sizes ", sizes, " do not multiply to size ", x.shape()[d],
      " of dimension ", d);
  Shape s;
  for (int i = 0; i < x.ndim; ++i) {
    if (i != d) s.push(x.shape()[i]);
    for (size_t k = 0; i == d && k < sizes.size(); ++k)
      s.push(sizes[k] == -1 ? x.shape()[d] / known : sizes[k]);
  }
  return view(input, s);
}

Tensor movedim(const Tensor& input, Dims source, Dims destination) {
  const TensorImpl& x = *detail::input("movedim", input);
  WG_CHECK(source.size() == destination.size(), Error, "movedim: source ", source,
           " and destination ", destination, " must have one length");
  Shape order;
  order.ndim = x.ndim;
  bool moved[kMaxDims] = {}, taken[kMaxDims] = {};
  for (size_t k = 0; k < source.size(); ++k) {
    const int64_t from = wrap_dim("movedim", source[k], x.ndim);
    const int64_t to = wrap_dim("movedim", destination[k], x.ndim);
    WG_CHECK(!moved[from] && !taken[to], Error, "movedim: a dimension appears twice in ", source,
             " or ", destination);
    moved[from] = taken[to] = true;
    order.d[to] = from;
  }
  int from = 0;
  for (int to = 0; to < x.ndim; ++to) {
    if (taken[to]) continue;
    while (moved[from]) ++from;
    order.d[to] = from++;
  }
  return permute(input, order);
}

Tensor narrow(const Tensor& input, int64_t dim, int64_t start, int64_t length) {
  const TensorImpl& x = *detail::input("narrow", input);
  WG_CHECK(x.ndim > 0, Error, "narrow: a 0-d tensor cannot be narrowed");
  const int64_t d = wrap_dim("narrow", dim, x.ndim), n = x.shape()[d];
  WG_CHECK(start >= -n && start <= n, IndexError, "narrow: start ", start,
           " is out of bounds for dimension ", d, " of size ", n);
  const int64_t a = start < 0 ? start + n : start;
  WG_CHECK(length >= 0 && length <= n - a, Error, "narrow: start ", start, " and length ", length,
           " exceed dimension ", d, " of size ", n);
  return slice(input, d, a, a + length);
}

std::vector<Tensor> chunk(const Tensor& input, int64_t chunks, int64_t dim) {
  const TensorImpl& x = *detail::input("chunk", input);
  WG_CHECK(x.ndim > 0, Error, "chunk: a 0-d tensor cannot be split");
  WG_CHECK(chunks > 0, Error, "chunk: the number of chunks must be positive, but is ", chunks);
  const int64_t n = x.shape()[wrap_dim("chunk", dim, x.ndim)];
  // An empty dimension gives as many empty pieces as were asked for.
  if (n == 0) return split(input, std::vector<int64_t>(static_cast<size_t>(chunks), 0), dim);
  return split(input, (n + chunks - 1) / chunks, dim);
}

std::vector<Tensor> split(const Tensor& input, int64_t size, int64_t dim) {
  const TensorImpl& x = *detail::input("split", input);
  WG_CHECK(x.ndim > 0, Error, "split: a 0-d tensor cannot be split");
  const int64_t n = x.shape()[wrap_dim("split", dim, x.ndim)];
  WG_CHECK(size > 0 || (size == 0 && n == 0), Error,
           "split: the size of the pieces must be positive, but is ", size);
  std::vector<int64_t> sizes;
  for (int64_t at = 0; at < n; at += size) sizes.push_back(std::min(size, n - at));
  if (sizes.empty()) sizes.push_back(0);
  return split(input, sizes, dim);
}

namespace {

Tensor squeeze_row(const Tensor& input, std::optional<Dims> dim) {
  return dim ? squeeze(input, *dim) : squeeze(input);
}
Tensor ravel(const Tensor& input) { return reshape(contiguous(input), {-1}); }
Tensor view_as(const Tensor& input, const Tensor& other) { return view(input, other.shape()); }
Tensor reshape_as(const Tensor& input, const Tensor& other) {
  return reshape(input, other.shape());
}
Tensor expand_as(const Tensor& input, const Tensor& other) { return expand(input, other.shape()); }
std::vector<Tensor> split_row(const Tensor& input, int64_t size, int64_t dim) {
  return split(input, size, dim);
}

constexpr Function rows[] = {
    make_function<squeeze_row>(
        "squeeze", "input, dim=None", kFunction | kMethod,
        "Without dimensions of size 1: all of them, or those named that have it. Shares memory",
        "T((1, 3, 1))\nT((1, 3, 1)), 0\nT((1, 3, 1)), (0, 1, -1)\nT(())",
        "input.reshape([n for i, n in enumerate(input.shape) if n != 1 or (dim is not None and i "
        "not in [d % input.ndim for d in np.atleast_1d(dim)])])"),
    make_function<flatten>(
        "flatten", "input, start_dim=0, end_dim=-1", kFunction | kMethod,
        "Dimensions start_dim to end_dim joined into one. Shares memory where it can",
        "T((2, 3, 4))\nT((2, 3, 4)), 1\nT((2, 3, 4)), 0, 1\nT(())",
        "input.reshape(input.shape[:start_dim] + (-1,) + (input.shape[end_dim:][1:] if end_dim != "
        "-1 else ()))"),
    make_function<unflatten>(
        "unflatten", "input, dim, sizes", kFunction | kMethod,
        "One dimension split into several; one size may be -1. Shares memory",
        "T((2, 12)), 1, (3, -1)\nT((6, 2)), 0, (2, 3)",
        "input.reshape(input.shape[:dim] + tuple(sizes) + input.shape[dim + 1:])"),
    make_function<ravel>("ravel", "input", kFunction | kMethod,
                         "All elements in one dimension. Shares memory where it can", "T((2, 3))",
                         "input.ravel()"),
    make_function<view_as>("view_as", "input, other", kMethod, "view() with the shape of other",
                           "T((2, 6)), T((3, 4))", "input.reshape(other.shape)"),
    make_function<reshape_as>("reshape_as", "input, other", kMethod,
                              "reshape() with the shape of other", "T((2, 6)), T((3, 4))",
                              "input.reshape(other.shape)"),
    make_function<expand_as>("expand_as", "input, other", kMethod, "expand() to the shape of other",
                             "T((2, 1)), T((2, 4))", "np.broadcast_to(input, other.shape)"),
    make_function<expand>("broadcast_to", "input, *size", kFunction | kMethod,
                          "Broadcast to a shape without a copy. Shares memory",
                          "T((3, 1)), (2, 3, 4)", "np.broadcast_to(input, size)"),
    make_function<movedim>(
        "movedim", "input, source, destination", kFunction | kMethod,
        "Dimensions moved to other places, the rest keeping their order. Shares memory",
        "T((2, 3, 4)), 0, 2\nT((2, 3, 4)), (0, -1), (1, 0)",
        "np.moveaxis(input, source, destination)"),
    make_function<movedim>(
        "moveaxis", "input, source, destination", kFunction | kMethod | kAlias,
        "Dimensions moved to other places, the rest keeping their order. Shares memory"),
    make_function<transpose>("swapaxes", "input, axis0, axis1", kFunction | kMethod | kAlias,
                             "Two dimensions swapped. Shares memory"),
    make_function<transpose>("swapdims", "input, dim0, dim1", kFunction | kMethod | kAlias,
                             "Two dimensions swapped. Shares memory"),
    make_function<narrow>("narrow", "input, dim, start, length", kFunction | kMethod,
                          "Elements start to start + length along dim. Shares memory",
                          "T((5, 3)), 0, 1, 3\nT((5, 3)), 1, -2, 2",
                          "np.take(input, np.arange(start % input.shape[dim], start % "
                          "input.shape[dim] + length), axis=dim)"),
    make_function<chunk>(
        "chunk", "input, chunks, dim=0", kFunction | kMethod,
        "At most `chunks` pieces of one size along dim, the last perhaps smaller. Share memory",
        "T((7, 2)), 3\nT((2, 4)), 2, 1",
        "tuple(np.split(input, range(-(-input.shape[dim] // chunks), input.shape[dim], "
        "-(-input.shape[dim] // chunks)), axis=dim))"),
    make_function<split_row>(
        "_split", "input, split_size, dim=0", kFunction | kInternal,
        "Pieces of split_size along dim, the last perhaps smaller. Share memory",
        "T((7, 2)), 3\nT((2, 4)), 2, 1",
        "tuple(np.split(input, range(split_size, input.shape[dim], split_size), axis=dim))"),
};
}  // namespace

extern const FunctionTable reshape_functions;
const FunctionTable reshape_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
