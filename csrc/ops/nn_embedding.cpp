// Rows of a table by their numbers.
#include "ops/function.h"
#include "ops/op.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// table[index[i]] += g[i] for all i in order, but not for the row `padding`. Threads share out the
// rows of the table.
void add_rows(const Tensor& table, const Tensor& index, const Tensor& g, int64_t padding) {
  const DType dtype = table.dtype();
  const Tensor at = as_contiguous(index, DType::int64), from = as_contiguous(g, dtype);
  const int64_t n = at.numel(), width = table.size(1);
  const auto bytes = width * static_cast<int64_t>(item_size(dtype));
  const int64_t* place = at.data<int64_t>();
  const auto add = [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < n; ++i) {
      if (place[i] < begin || place[i] >= end || place[i] == padding) continue;
      add_elements(dtype, width, table.data<char>() + place[i] * bytes,
                   from.data<char>() + i * bytes);
    }
  };
  if (n * width < kParallelGrain) return add(0, table.size(0));
  runtime::parallel_for(table.size(0), (table.size(0) + 7) / 8, add);
}

// The gradient of a table of `count` rows from those of the rows taken.
struct EmbeddingGradient {
  int64_t count, padding;
  static constexpr const char* name = "embedding_gradient";
  WG_FIELDS(count, padding)
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    const TensorImpl& g = m.in(0);
    m.out().dtype = g.dtype;
    m.out().shape.push(count);
    m.out().shape.push(g.shape()[g.ndim - 1]);
  }
  void compute(Compute& c) const {
    const Tensor& out = c.out();
    std::memset(out.data(), 0, static_cast<size_t>(out.numel()) * item_size(out.dtype()));
    add_rows(out, c.in(1), c.in(0), padding);
  }
  void vjp(Vjp& v) const;
};

// Inputs: the table (count, width) and integers of any shape. With `drop_padding` the row `padding`
// counts as zeros.
struct Embedding {
  int64_t padding;  // -1: none
  bool drop_padding;
  static constexpr const char* name = "embedding";
  WG_FIELDS(padding, drop_padding)
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(1).sizes();
    m.out().shape.push(m.in(0).shape()[1]);
  }
  void compute(Compute& c) const {
    const Tensor table = as_contiguous(c.in(0)), at = as_contiguous(c.in(1), DType::int64);
    check_indices(at, table.size(0), name);
    const auto bytes = static_cast<size_t>(table.size(1)) * item_size(table.dtype());
    const int64_t grain = kParallelGrain * 4 / static_cast<int64_t>(bytes + 1) + 1;
    runtime::parallel_for(at.numel(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto row = static_cast<size_t>(at.data<int64_t>()[i]);
        char* to = c.out().data<char>() + static_cast<size_t>(i) * bytes;
        if (drop_padding && static_cast<int64_t>(row) == padding) {
          std::memset(to, 0, bytes);
        } else {
          std::memcpy(to, table.data<char>() + row * bytes, bytes);
        }
      }
    });
  }
  void vjp(Vjp& v) const {
    if (!v.needs(0)) return;
    const Tensor &g = v.grad(), &index = v.saved(0);
    const bool added = v.dtype(0) == g.dtype() &&
                       v.accumulate(0, [&](Tensor& sum) { add_rows(sum, index, g, padding); });
    if (!added) v.set(0, apply(EmbeddingGradient{v.shape(0).d[0], padding}, g, index));
  }
};

void EmbeddingGradient::vjp(Vjp& v) const {
  v.set(0, apply(Embedding{padding, true}, v.grad(), v.saved(0)));
}

}  // namespace

Tensor embedding(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx) {
  const TensorImpl &i = *detail::input("embedding", input),
                   &w = *detail::input("embedding", weight);
  WG_CHECK(w.ndim == 2, Error, "embedding: expected a weight (count, width), but got shape ",
           w.sizes());
  WG_CHECK(i.dtype == DType::int64 || i.dtype == DType::int32, Error,
           "embedding: expected indices of dtype int64 or int32, but got ", i.dtype);
  WG_CHECK(i.ndim + 1 <= kMaxDims, ValueError, "embedding: too many dimensions in ", i.sizes());
  int64_t padding = padding_idx.value_or(-1);
  if (padding_idx) {
    WG_CHECK(padding >= -w.shape()[0] && padding < w.shape()[0], Error, "embedding: padding_idx ",
             padding, " must be within the ", w.shape()[0], " rows of the weight");
    if (padding < 0) padding += w.shape()[0];
  }
  return apply(Embedding{padding, false}, weight, input);
}

namespace {
constexpr Function rows[] = {
    make_function<embedding>(
        "embedding", "input, weight, padding_idx=None", kFunction | kNN,
        "Rows of weight (n, d) by the integers input (*); the row padding_idx gets no gradient",
        "I((3, 2), 0, 5), T((5, 4))\nI((0,), 0, 5), T((5, 4))", "weight[input]"),
};
}  // namespace

extern const FunctionTable nn_embedding_functions;
const FunctionTable nn_embedding_functions = {rows, std::size(rows)};

WENGERT_NAMESPACE_END
