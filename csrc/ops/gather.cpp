// Gathering and scattering along one dimension.
#include "autograd/algebra.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/take.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Copies blocks; `places` gives the bytes of destination and source at two positions in bytes.
template <class F>
void copy_blocks(DType dtype, const IndexedBlocks& blocks, const F& places) {
  with_item(item_size(dtype), [&](auto item) {
    constexpr auto kItem = static_cast<int64_t>(item());
    const int64_t bytes = blocks.size() * kItem;
    const auto copy = [places](int64_t p, int64_t q, size_t n) {
      const auto [to, from] = places(p * kItem, q * kItem);
      std::memcpy(to, from, n);
    };
    if (bytes == kItem) return blocks.for_each([=](int64_t p, int64_t q) { copy(p, q, kItem); });
    blocks.for_each([=](int64_t p, int64_t q) { copy(p, q, static_cast<size_t>(bytes)); });
  });
}

struct Gather {
  int64_t dim;
  static constexpr const char* name = "gather";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  Gather batched(int64_t) const { return {dim + 1}; }
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    const Tensor x = reads_in_place(*c.inputs[0], out.numel) ? c.in(0) : as_contiguous(c.in(0));
    const IndexedBlocks blocks(*c.inputs[1], dim, *x.impl(), name);
    copy_blocks(out.dtype, blocks, [y = out.data, from = x.data<char>()](int64_t p, int64_t q) {
      return std::pair(y + p, from + q);
    });
  }
  void vjp(Vjp& v) const {
    v.set(0, scatter_add(zeros(v.shape(0), v.grad().dtype()), dim, v.saved(0), v.grad()));
  }
};

template <bool kAdd>
struct Scatter {
  int64_t dim;
  static constexpr const char* name = kAdd ? "scatter_add" : "scatter";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  Scatter batched(int64_t) const { return {dim + 1}; }
  static constexpr Overwrites overwrites = Overwrites::first;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    if (!c.in(0).is_same(c.out())) copy_elements(*c.out().impl(), *c.in(0).impl());
    const DType narrow = c.out().dtype();
    const bool widen = kAdd && is_half(narrow);
    const Tensor dense = widen ? as_contiguous(c.out(), DType::float32) : as_contiguous(c.out());
    const TensorImpl& out = *dense.impl();
    const Tensor& index = c.in(1);
    const IndexedBlocks blocks(*index.impl(), dim, out, name);
    // The source may be larger than the index.
    Tensor src = c.in(2);
    for (int64_t d = 0; d < index.dim(); ++d) {
      if (src.size(d) != index.size(d)) src = slice(src, d, 0, index.size(d));
    }
    src = as_contiguous(src, out.dtype);
    if constexpr (kAdd) {
      add_blocks(out, src, blocks);
    } else {
      copy_blocks(out.dtype, blocks,
                  [to = out.data, from = src.data<char>()](int64_t p, int64_t q) {
                    return std::pair(to + q, from + p);
                  });
    }
    if (!dense.is_same(c.out())) copy_elements(*c.out().impl(), out);
  }
  void vjp(Vjp& v) const {
    const Tensor& index = v.saved(0);
    if (v.needs(0)) {
      v.set(0, kAdd ? v.grad()
                    : scatter(v.grad(), dim, index, zeros(index.shape(), v.grad().dtype())));
    }
    if (v.needs(2)) {
      Tensor g = gather(v.grad(), dim, index);
      const Shape s = v.shape(2);
      if (Dims(s) != index.shape()) {  // what lies outside the index had no part
        Tensor whole = algebra::new_zeros(g, s, g.dtype());
        Tensor part = whole;
        for (int i = 0; i < s.ndim; ++i) part = slice(part, i, 0, index.size(i));
        copy_(part, g);
        g = whole;
      }
      v.set(2, g);
    }
  }
};

}  // namespace

int64_t check_scatter(const char* op, const Tensor& input, int64_t dim, const Tensor& index,
                      const Tensor* src) {
  const TensorImpl &x = *detail::input(op, input), &i = *detail::input(op, index);
  WG_CHECK(i.dtype == DType::int64 || i.dtype == DType::int32, Error, op,
           ": the index must have dtype int64, but has ", i.dtype);
  const int64_t d = wrap_dim(op, dim, x.ndim);
  WG_CHECK(i.numel == 0 || i.ndim == x.ndim || (x.ndim == 0 && i.ndim <= 1), Error, op,
           ": the index of shape ", i.sizes(),
           " must have as many dimensions as the input of shape ", x.sizes());
  for (int k = 0; k < x.ndim && i.numel; ++k) {
    WG_CHECK(k == d || i.shape()[k] <= x.shape()[k], Error, op, ": the index of shape ", i.sizes(),
             " exceeds the input of shape ", x.sizes(), " in dimension ", k);
    WG_CHECK(!src || src->dim() == x.ndim, Error, op, ": the source must have ", int64_t{x.ndim},
             " dimensions, but has shape ", src->shape());
    WG_CHECK(!src || i.shape()[k] <= src->size(k), Error, op, ": the index of shape ", i.sizes(),
             " exceeds the source of shape ", src->shape(), " in dimension ", k);
  }
  WG_CHECK(!src || x.ndim || src->numel() == i.numel, Error, op, ": the source of shape ",
           src->shape(), " must have as many elements as the index of shape ", i.sizes());
  WG_CHECK(!src || src->dtype() == x.dtype, Error, op, ": the source has dtype ", src->dtype(),
           ", but the input has ", x.dtype);
  return d;
}

Tensor gather(const Tensor& input, int64_t dim, const Tensor& index) {
  return apply(Gather{check_scatter("gather", input, dim, index, nullptr)}, input, index);
}
Tensor scatter(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src) {
  return apply(Scatter<false>{check_scatter("scatter", input, dim, index, &src)}, input, index,
               src);
}
Tensor scatter_add(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& src) {
  return apply(Scatter<true>{check_scatter("scatter_add", input, dim, index, &src)}, input, index,
               src);
}

Tensor& scatter_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  apply_in_place(Scatter<false>{check_scatter("scatter_", self, dim, index, &src)}, self, index,
                 src);
  return self;
}
Tensor& scatter_add_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  apply_in_place(Scatter<true>{check_scatter("scatter_add_", self, dim, index, &src)}, self, index,
                 src);
  return self;
}

namespace {

// A number is scattered as a tensor of the index's shape.
Tensor scatter_source(const Tensor& input, const Tensor& index, const Operand& src) {
  if (src.tensor) return *src.tensor;
  return expand(wengert::scalar(src.scalar, input.dtype()), index.shape());
}
Tensor scatter_row(const Tensor& input, int64_t dim, const Tensor& index, Operand src,
                   std::string_view reduce) {
  const Tensor values = scatter_source(input, index, src);
  if (reduce.empty()) return scatter(input, dim, index, values);
  if (reduce == "add") return scatter_add(input, dim, index, values);
  WG_CHECK(reduce == "multiply", Error, "scatter: reduce must be 'add' or 'multiply', but is '",
           std::string(reduce), "'");
  return scatter_reduce(input, dim, index, values, "prod");
}
void scatter_in_place(Tensor& self, int64_t dim, const Tensor& index, Operand src,
                      std::string_view reduce) {
  if (reduce.empty()) {
    scatter_(self, dim, index, scatter_source(self, index, src));
  } else if (reduce == "add") {
    scatter_add_(self, dim, index, scatter_source(self, index, src));
  } else {  // the product's gradient needs the old values
    copy_(self, scatter_row(self.clone(), dim, index, src, reduce));
  }
}

constexpr Function rows[] = {
    make_function<gather>("gather", "input, dim, index", kFunction | kMethod | kOut,
                          "out[i][j] = input[index[i][j]][j] for dim 0, and so on",
                          "T((3, 4)), 0, I((2, 4), 0, 3)\nT((3, 4)), -1, I((3, 6), 0, 4)",
                          "np.take_along_axis(input if dim else input, index, axis=dim)"),
    make_function<scatter_row, scatter_in_place>(
        "scatter", "input, dim, index, src, reduce=None", kFunction | kMethod | kOut,
        "A copy of input with out[index[i][j]][j] = src[i][j] for dim 0, and so on; src may be a "
        "number; reduce: 'add' or 'multiply'",
        "T((5, 4)), 0, P((3, 4), 5), T((3, 4))\nT((5, 4)), 0, P((3, 4), 5), 1.5\nT((3, 4)), 1, "
        "I((3, 5), 0, 4), T((3, 5)), 'add'\nT((3, 4)), 1, I((3, 2), 0, 4), T((3, 2)), 'multiply'"),
    make_function<scatter_add, scatter_add_>(
        "scatter_add", "input, dim, index, src", kFunction | kMethod | kOut,
        "A copy of input with out[index[i][j]][j] += src[i][j] for dim 0, and so on",
        "T((3, 4)), 0, I((2, 4), 0, 3), T((2, 4))\nT((3, 4)), 1, I((2, 6), 0, 4), T((3, 6))"),
};
}  // namespace

extern const FunctionTable gather_functions;
const FunctionTable gather_functions = {rows, std::size(rows)};

WG_OPERATIONS(gather, operation<Gather>(), operation<Scatter<false>>(), operation<Scatter<true>>())

WENGERT_NAMESPACE_END
