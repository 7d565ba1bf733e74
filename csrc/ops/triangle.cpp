// Diagonals and triangles of matrices.
#include <algorithm>

#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

template <bool kUpper>
struct Triangle {
  int64_t diagonal;
  static constexpr const char* name = kUpper ? "triu" : "tril";
  WG_FIELDS(diagonal)
  static constexpr Tangents tangents = Tangents::linear;
  static constexpr Batching batching = Batching::leading;
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    WG_CHECK(x.ndim >= 2, Error, name, ": expected at least 2 dimensions, but got shape ",
             x.sizes());
    m.out().dtype = x.dtype;
    m.out().shape = x.sizes();
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0));
    const TensorImpl& out = *c.out().impl();
    if (out.numel == 0) return;
    const int64_t rows = out.shape()[out.ndim - 2], columns = out.shape()[out.ndim - 1];
    const auto item = static_cast<int64_t>(item_size(out.dtype));
    runtime::parallel_for(
        out.numel / columns, std::max<int64_t>(1, kParallelGrain / columns),
        [&](int64_t begin, int64_t end) {
          for (int64_t r = begin; r < end; ++r) {
            // Elements before `border` are below the diagonal or on it.
            const int64_t shift = kUpper ? 0 : 1;
            const int64_t border = std::clamp<int64_t>(r % rows + diagonal + shift, 0, columns);
            char* to = out.data + r * columns * item;
            const char* from = x.data<char>() + r * columns * item;
            const int64_t keep = kUpper ? border : 0, zero = kUpper ? 0 : border;
            const int64_t kept = kUpper ? columns - border : border;
            std::memset(to + zero * item, 0, static_cast<size_t>((columns - kept) * item));
            std::memcpy(to + keep * item, from + keep * item, static_cast<size_t>(kept * item));
          }
        });
  }
  void vjp(Vjp& v) const { v.set(0, apply(*this, v.grad())); }
};

struct DiagEmbed {
  int64_t offset, dim1, dim2;
  static constexpr const char* name = "diag_embed";
  WG_FIELDS(offset, dim1, dim2)
  static constexpr Tangents tangents = Tangents::linear;
  DiagEmbed batched(int64_t) const { return {offset, dim1 + 1, dim2 + 1}; }
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    const int64_t n = x.shape()[x.ndim - 1] + (offset < 0 ? -offset : offset);
    m.out().dtype = x.dtype;
    int from = 0;
    for (int i = 0; i < x.ndim + 1; ++i) {
      m.out().shape.push(i == dim1 || i == dim2 ? n : x.shape()[from++]);
    }
  }
  void compute(Compute& c) const {
    Tensor out = c.out();
    zero_(out);
    copy_elements(*wengert::diagonal(out, offset, dim1, dim2).impl(), *c.in(0).impl());
  }
  void vjp(Vjp& v) const { v.set(0, wengert::diagonal(v.grad(), offset, dim1, dim2)); }
};

// Row and column numbers of a triangle, ordered by rows.
Tensor triangle_indices(const char* op, bool upper, int64_t rows, int64_t columns, int64_t offset,
                        std::optional<DType> dtype) {
  WG_CHECK(rows >= 0 && columns >= 0, Error, op, ": row and col must be non-negative, but are ",
           rows, " and ", columns);
  // The columns of row i: [begin, end).
  const auto border = [&](int64_t i) {
    int64_t at;
    if (__builtin_add_overflow(i + (upper ? 0 : 1), offset, &at)) at = offset < 0 ? 0 : columns;
    return std::clamp<int64_t>(at, 0, columns);
  };
  const auto begin = [&](int64_t i) { return upper ? border(i) : 0; };
  const auto end = [&](int64_t i) { return upper ? columns : border(i); };
  // Rows without an element come first (lower) or last (upper).
  const int64_t empty =
      columns == 0 ? rows : std::clamp<int64_t>(offset > INT64_MIN ? -offset : INT64_MAX, 0, rows);
  const int64_t first = upper ? 0 : empty;
  int64_t full = rows;
  if (upper && __builtin_sub_overflow(columns, offset, &full)) full = rows;
  const int64_t last = columns == 0 ? 0 : upper ? std::clamp<int64_t>(full, 0, rows) : rows;
  constexpr int64_t kMaxRows = int64_t{1} << 28;
  WG_CHECK(last - first <= kMaxRows, OutOfMemoryError, op, ": ", last - first,
           " rows of positions do not fit in memory");
  __int128 n = 0;
  for (int64_t i = first; i < last; ++i) n += end(i) - begin(i);
  WG_CHECK(n < (int64_t{1} << 58), OutOfMemoryError, op, ": the positions do not fit in memory");
  Tensor out = new_tensor(DType::int64, {2, static_cast<int64_t>(n)});
  int64_t *r = out.data<int64_t>(), *c = r + static_cast<int64_t>(n);
  for (int64_t i = first; i < last; ++i) {
    for (int64_t j = begin(i); j < end(i); ++j) {
      *r++ = i;
      *c++ = j;
    }
  }
  return to(out, dtype.value_or(DType::int64));
}

}  // namespace

namespace {
// Diagonals beyond the matrix are alike.
int64_t within(const Tensor& t, int64_t diagonal) {
  constexpr int64_t kFar = INT64_MAX / 4;
  detail::input("tril", t);
  return std::clamp(diagonal, -kFar, kFar);
}
}  // namespace

Tensor tril(const Tensor& input, int64_t diagonal) {
  return apply(Triangle<false>{within(input, diagonal)}, input);
}
Tensor triu(const Tensor& input, int64_t diagonal) {
  return apply(Triangle<true>{within(input, diagonal)}, input);
}
Tensor tril_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype) {
  return triangle_indices("tril_indices", false, row, col, offset, dtype);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, std::optional<DType> dtype) {
  return triangle_indices("triu_indices", true, row, col, offset, dtype);
}

Tensor diag_embed(const Tensor& input, int64_t offset, int64_t dim1, int64_t dim2) {
  const TensorImpl& x = *detail::input("diag_embed", input);
  WG_CHECK(x.ndim > 0, Error, "diag_embed: expected at least 1 dimension, but got a 0-d tensor");
  const int64_t a = wrap_dim("diag_embed", dim1, x.ndim + 1),
                b = wrap_dim("diag_embed", dim2, x.ndim + 1);
  WG_CHECK(a != b, Error, "diag_embed: dim1 and dim2 must differ, but both are ", a);
  return apply(DiagEmbed{offset, a, b}, input);
}
Tensor diag(const Tensor& input, int64_t diagonal) {
  const TensorImpl& x = *detail::input("diag", input);
  WG_CHECK(x.ndim == 1 || x.ndim == 2, Error, "diag: expected 1 or 2 dimensions, but got shape ",
           x.sizes());
  return x.ndim == 1 ? diag_embed(input, diagonal) : clone(wengert::diagonal(input, diagonal));
}
Tensor diagflat(const Tensor& input, int64_t offset) {
  return diag_embed(reshape(input, {-1}), offset);
}
Tensor trace(const Tensor& input) {
  WG_CHECK(detail::input("trace", input)->ndim == 2, Error,
           "trace: expected a matrix, but got shape ", input.shape());
  return sum(wengert::diagonal(input));
}

Tensor block_diag(TensorList tensors) {
  int64_t columns = 0, at = 0;
  std::vector<Tensor> parts;
  for (const Tensor& t : tensors) {
    WG_CHECK(detail::input("block_diag", t)->ndim <= 2, Error,
             "block_diag: expected tensors of at most 2 dimensions, but got shape ", t.shape());
    parts.push_back(t.dim() == 2 ? t : reshape(t, {1, t.numel()}));
    columns += parts.back().size(1);
  }
  if (parts.empty()) return empty({1, 0});
  for (Tensor& t : parts) {
    const int64_t n = t.size(1);
    t = pad(t, {at, columns - at - n});
    at += n;
  }
  return cat(parts, 0);
}

namespace {
constexpr Function rows[] = {
    make_function<tril>("tril", "input, diagonal=0", kFunction | kMethod | kInPlace | kOut,
                        "Matrices with zeros above a diagonal",
                        "T((3, 4))\nT((2, 3, 3)), -1\nT((3, 2)), 4", "np.tril(input, diagonal)"),
    make_function<triu>("triu", "input, diagonal=0", kFunction | kMethod | kInPlace | kOut,
                        "Matrices with zeros below a diagonal",
                        "T((3, 4))\nT((2, 3, 3)), -1\nT((3, 2)), 4", "np.triu(input, diagonal)"),
    make_function<tril_indices>("tril_indices", "row, col, offset=0, *, dtype=None",
                                kFunction | kCreates,
                                "Row and column numbers of the lower triangle, shape (2, n)",
                                "3, 4\n4, 2, -1", "np.stack(np.tril_indices(row, offset, col))"),
    make_function<triu_indices>("triu_indices", "row, col, offset=0, *, dtype=None",
                                kFunction | kCreates,
                                "Row and column numbers of the upper triangle, shape (2, n)",
                                "3, 4\n4, 2, -1", "np.stack(np.triu_indices(row, offset, col))"),
    make_function<diag_embed>("diag_embed", "input, offset=0, dim1=-2, dim2=-1",
                              kFunction | kMethod,
                              "Matrices with the last dimension on a diagonal, zero elsewhere",
                              "T((2, 3))\nT((3,)), -1\nT((2, 3)), 1, 0, 2"),
    make_function<diag>("diag", "input, diagonal=0", kFunction | kMethod | kOut,
                        "The diagonal of a matrix, or the matrix with a vector on its diagonal",
                        "T((3,))\nT((3, 4)), 1\nT((3,)), -2", "np.diag(input, diagonal)"),
    make_function<diagflat>("diagflat", "input, offset=0", kFunction | kMethod,
                            "The matrix with all elements on its diagonal", "T((2, 2))\nT((3,)), 1",
                            "np.diagflat(input, offset)"),
    make_function<trace>("trace", "input", kFunction | kMethod,
                         "The sum of the diagonal of a matrix", "T((3, 4))", "np.trace(input)"),
    make_function<block_diag>("_block_diag", "tensors", kFunction | kInternal,
                              "Matrices along the diagonal of one that is zero elsewhere",
                              "[T((2, 3)), T((1, 2)), T((2,))]"),
};
}  // namespace

extern const FunctionTable triangle_functions;
const FunctionTable triangle_functions = {rows, std::size(rows)};

WG_OPERATIONS(triangle, operation<Triangle<false>>(), operation<Triangle<true>>(),
              operation<DiagEmbed>())

WENGERT_NAMESPACE_END
