// Rows of a table by their numbers.
#include "ops/nn_embedding.h"

#include <cmath>
#include <vector>

#include "autograd/levels.h"
#include "autograd/sparse.h"
#include "ops/function.h"
#include "ops/operations.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace detail {

void add_rows(const Tensor& table, const Tensor& index, const Tensor& g, int64_t padding,
              const int64_t* row_of) {
  const DType dtype = table.dtype();
  const Tensor at = as_contiguous(index, DType::int64), from = as_contiguous(g, dtype);
  const int64_t n = at.numel(), width = table.size(1);
  const auto bytes = width * static_cast<int64_t>(item_size(dtype));
  const int64_t* place = at.data<int64_t>();
  const auto add = [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < n; ++i) {
      if (place[i] < begin || place[i] >= end || place[i] == padding) continue;
      add_elements(dtype, width, table.data<char>() + place[i] * bytes,
                   from.data<char>() + (row_of ? row_of[i] : i) * bytes);
    }
  };
  if (n * width < kParallelGrain) return add(0, table.size(0));
  runtime::parallel_for(table.size(0), (table.size(0) + 7) / 8, add);
}

void check_table(const char* op, const TensorImpl& weight, const TensorImpl& indices) {
  WG_CHECK(weight.ndim == 2, Error, op, ": expected a weight (count, width), but got shape ",
           weight.sizes());
  WG_CHECK(indices.dtype == DType::int64 || indices.dtype == DType::int32, Error, op,
           ": expected indices of dtype int64 or int32, but got ", indices.dtype);
}

int64_t table_padding(const char* op, const TensorImpl& weight, std::optional<int64_t> index) {
  if (!index) return -1;
  const int64_t rows = weight.shape()[0];
  WG_CHECK(*index >= -rows && *index < rows, Error, op, ": padding_idx ", *index,
           " must be within the ", rows, " rows of the weight");
  return *index < 0 ? *index + rows : *index;
}

Tensor inverse_frequency(const Tensor& index, int64_t rows, DType dtype) {
  const Tensor at = as_contiguous(index, DType::int64);
  const int64_t n = at.numel();
  check_indices(at, rows, "embedding");
  std::vector<int64_t> count(static_cast<size_t>(rows));
  for (int64_t i = 0; i < n; ++i) ++count[static_cast<size_t>(at.data<int64_t>()[i])];
  const Tensor share = new_tensor(DType::float64, index.shape());
  for (int64_t i = 0; i < n; ++i) {
    const auto row = static_cast<size_t>(at.data<int64_t>()[i]);
    share.data<double>()[i] = 1 / static_cast<double>(count[row]);
  }
  return unsqueeze(to(share, dtype), -1);
}

// Indices of the rows of one table in a row of tables of `count` rows, one for each of index's
// first dimension. Raises IndexError.
Tensor in_row(const Tensor& index, int64_t count) {
  const Tensor at = to(index, DType::int64);
  check_indices(as_contiguous(all_examples(at)), count, "embedding");
  std::vector<int64_t> shape(static_cast<size_t>(at.dim()), 1);
  shape[0] = at.size(0);
  return add(at, reshape(mul(arange(0, at.size(0)), Scalar(count)), shape));
}

}  // namespace detail

namespace {

// The gradient of a table of `count` rows from those of the rows taken.
struct EmbeddingGradient {
  int64_t count, padding;
  static constexpr const char* name = "embedding_gradient";
  WG_FIELDS(count, padding)
  static constexpr Tangents tangents = Tangents::linear;
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
    detail::add_rows(out, c.in(1), c.in(0), padding);
  }
  // The tables of the examples as one, one after the other.
  bool batch(Batch& b) const {
    Tensor g = b.front(0);
    const Tensor index = b.front(1);
    const int64_t n = b.size(), width = g.size(-1);
    if (padding >= 0) g = where(unsqueeze(eq(index, padding), -1), zeros({}, g.dtype()), g);
    const Tensor found = apply(EmbeddingGradient{n * count, -1}, g, detail::in_row(index, count));
    b.set(0, reshape(found, {n, count, width}));
    return true;
  }
  void vjp(Vjp& v) const;
};

// Inputs: the table (count, width) and integers of any shape. With `drop_padding` the row `padding`
// counts as zeros. With `by_frequency` each row's gradient is divided by how often it was taken.
// With `sparse` the gradient is sparse.
struct Embedding {
  int64_t padding;  // -1: none
  bool drop_padding, by_frequency;
  bool sparse;  // only where the table is a leaf
  static constexpr const char* name = "embedding";
  WG_FIELDS(padding, drop_padding, by_frequency, sparse)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const {
    if (b.only(1)) {
      b.set(0, apply(*this, b.in(0), b.in(1)));
      return true;
    }
    if (by_frequency || (padding >= 0 && !drop_padding)) return false;
    // The tables of the examples as one, one after the other.
    const Tensor table = b.front(0), index = b.front(1);
    const Tensor rows = reshape(table, {table.size(0) * table.size(1), table.size(2)});
    const Embedding plain{-1, false, false, false};
    Tensor found = apply(plain, rows, detail::in_row(index, table.size(1)));
    if (padding >= 0)
      found = where(unsqueeze(eq(index, padding), -1), zeros({}, found.dtype()), found);
    b.set(0, found);
    return true;
  }
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(1).sizes();
    m.out().shape.push(m.in(0).shape()[1]);
  }
  void compute(Compute& c) const {
    const Tensor table = as_contiguous(c.in(0)), at = as_contiguous(c.in(1), DType::int64);
    WG_CHECK(table.size(0) > 0 || at.numel() == 0, Error, name, ": the weight has no rows");
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
    const Tensor& index = v.saved(0);
    const int64_t rows = v.shape(0).d[0];
    Tensor g = v.grad();
    WG_CHECK(!(sparse && by_frequency), Error, name,
             ": scale_grad_by_freq is not supported with sparse gradients");
    if (sparse) {
      v.set(0, detail::sparse_rows(v.shape(0), g, index, padding));
      return;
    }
    if (by_frequency) g = mul(g, detail::inverse_frequency(index, rows, g.dtype()));
    const bool added = v.dtype(0) == g.dtype() && v.accumulate(0, [&](Tensor& sum) {
      detail::add_rows(sum, index, g, padding);
    });
    if (!added) v.set(0, detail::embedding_gradient(g, index, rows, padding));
  }
};

void EmbeddingGradient::vjp(Vjp& v) const {
  v.set(0, detail::kept_rows(v.grad(), v.saved(0), padding));
}

// Rows of the first input that the second names, scaled down to a norm of max_norm.
struct EmbeddingRenorm {
  double max_norm, norm_type;
  static constexpr const char* name = "embedding_renorm_";
  WG_FIELDS(max_norm, norm_type)
  static constexpr Overwrites overwrites = Overwrites::first;
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    if (out.data != c.in(0).impl()->data) copy_elements(out, *c.in(0).impl());
    const Tensor at = as_contiguous(c.in(1), DType::int64);
    check_indices(at, out.shape()[0], name);
    const int64_t width = out.shape()[1];
    std::vector<bool> seen(static_cast<size_t>(out.shape()[0]));
    for (int64_t i = 0; i < at.numel(); ++i) {
      const int64_t r = at.data<int64_t>()[i];
      if (seen[static_cast<size_t>(r)]) continue;
      seen[static_cast<size_t>(r)] = true;
      const Tensor row = select(c.out().detach(), 0, r);
      const Tensor x = dense_copy(*row.impl(), DType::float64);
      double* p = x.data<double>();
      const double norm = norm_of(p, width);
      if (!(norm > max_norm)) continue;
      // The small number keeps the scaled norm from exceeding max_norm by rounding.
      const double factor = max_norm / (norm + 1e-7);
      for (int64_t j = 0; j < width; ++j) p[j] *= factor;
      copy_elements(*row.impl(), *x.impl());
    }
  }

 private:
  double norm_of(const double* p, int64_t n) const {
    double total = 0;
    if (std::isinf(norm_type)) {
      if (norm_type < 0) total = n ? std::abs(p[0]) : 0;
      for (int64_t j = 0; j < n; ++j) {
        const double a = std::abs(p[j]);
        if (norm_type > 0 ? a > total : a < total) total = a;
      }
      return total;
    }
    for (int64_t j = 0; j < n; ++j) {
      const double a = std::abs(p[j]);
      total += norm_type == 2   ? a * a
               : norm_type == 1 ? a
               : norm_type == 0 ? static_cast<double>(a != 0)
                                : std::pow(a, norm_type);
    }
    return norm_type == 2                     ? std::sqrt(total)
           : norm_type == 1 || norm_type == 0 ? total
                                              : std::pow(total, 1 / norm_type);
  }
};

}  // namespace

namespace detail {

Tensor kept_rows(const Tensor& table, const Tensor& index, int64_t padding) {
  return apply(Embedding{padding, true, false, false}, table, index);
}
Tensor embedding_gradient(const Tensor& g, const Tensor& index, int64_t rows, int64_t padding) {
  return apply(EmbeddingGradient{rows, padding}, g, index);
}

Tensor sparse_rows(Dims table, const Tensor& g, const Tensor& index, int64_t padding) {
  Tensor at = reshape(to(index, DType::int64), {1, index.numel()});
  Tensor rows = reshape(g, {index.numel(), table[1]});
  if (padding >= 0) {
    const Tensor kept = select(nonzero(ne(select(at, 0, 0), padding)), 1, 0);
    at = index_select(at, 1, kept);
    rows = index_select(rows, 0, kept);
  }
  const bool sorted = at.numel() < 2;
  return new_sparse(table, {std::move(at), std::move(rows), sorted});
}

Tensor embedding(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx,
                 bool scale_grad_by_freq, bool sparse) {
  const char* op = "embedding";
  const TensorImpl &i = *detail::input(op, input), &w = *detail::input(op, weight);
  detail::check_table(op, w, i);
  WG_CHECK(i.ndim + 1 <= kMaxDims, ValueError, op, ": too many dimensions in ", i.sizes());
  const int64_t padding = detail::table_padding(op, w, padding_idx);
  // Transforms know dense gradients only.
  const bool rows = sparse && weight.is_leaf() && !transforming();
  return apply(Embedding{padding, false, scale_grad_by_freq, rows}, weight, input);
}

}  // namespace detail

Tensor embedding(const Tensor& input, const Tensor& weight, std::optional<int64_t> padding_idx,
                 bool scale_grad_by_freq) {
  return detail::embedding(input, weight, padding_idx, scale_grad_by_freq, false);
}

Tensor& embedding_renorm_(Tensor& weight, const Tensor& indices, double max_norm,
                          double norm_type) {
  const char* op = "embedding_renorm_";
  const TensorImpl &w = *detail::input(op, weight), &i = *detail::input(op, indices);
  detail::check_table(op, w, i);
  WG_CHECK(is_floating(w.dtype), NotImplementedError, op, ": not available for dtype ", w.dtype);
  apply_in_place(EmbeddingRenorm{max_norm, norm_type}, weight, indices);
  return weight;
}

namespace {

// In Python's order of arguments.
Tensor embedding_row(const Tensor& weight, const Tensor& indices, int64_t padding_idx,
                     bool scale_grad_by_freq, bool sparse) {
  return detail::embedding(indices, weight,
                           padding_idx < 0 ? std::nullopt : std::optional(padding_idx),
                           scale_grad_by_freq, sparse);
}

constexpr Function rows[] = {
    make_function<embedding_row>(
        "embedding", "weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False",
        kFunction,
        "Rows of weight (n, d) by integers (*); the row padding_idx, if not negative, gets no "
        "gradient; with sparse that of a leaf is sparse",
        "T((5, 4)), I((3, 2), 0, 5)\nT((5, 4)), I((0,), 0, 5)\nT((5, 4)), I((6,), 0, 5), 2",
        "weight[indices]"),
    make_function<embedding_renorm_>("embedding_renorm_", "input, indices, max_norm, norm_type",
                                     kFunction | kMutates | kNoGrad,
                                     "Scales the rows that are named down to a norm of max_norm"),
};
}  // namespace

extern const FunctionTable nn_embedding_functions;
const FunctionTable nn_embedding_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_embedding, operation<EmbeddingRenorm>(), operation<EmbeddingGradient>(),
              operation<Embedding>())

WENGERT_NAMESPACE_END
