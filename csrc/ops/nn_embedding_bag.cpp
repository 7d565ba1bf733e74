// Sums, means and maxima over bags of rows of a table.
#include <algorithm>

#include "autograd/levels.h"
#include "ops/function.h"
#include "ops/nn_embedding.h"
#include "ops/operations.h"
#include "ops/real_types.h"
#include "ops/take.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/fill.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

DType computed_as(DType t) { return t == DType::float64 ? t : DType::float32; }

// Calls f(bag) for all bags, in parallel; `work` is the number of elements read in total.
template <class F>
void each_bag(int64_t bags, int64_t work, F&& f) {
  const int64_t grain = kParallelGrain * bags / (work + 1) + 1;
  runtime::parallel_for(bags, grain, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) f(b);
  });
}

// In a saved program they are what its file says.
void check_starts(const Tensor& starts, int64_t n) {
  const int64_t* const p = starts.data<int64_t>();
  const int64_t bags = starts.numel() - 1;
  bool good = p[0] == 0 && p[bags] == n;
  for (int64_t b = 0; b < bags; ++b) good = good && p[b] <= p[b + 1];
  WG_CHECK(good, IndexError, "embedding_bag: the bags do not cover the ", n, " indices in order");
}

// The bag of each of n indices.
Tensor bag_numbers(const Tensor& starts, int64_t n) {
  check_starts(starts, n);
  const Tensor of = new_tensor(DType::int64, {n});
  for (int64_t b = 0; b + 1 < starts.numel(); ++b) {
    std::fill(of.data<int64_t>() + starts.data<int64_t>()[b],
              of.data<int64_t>() + starts.data<int64_t>()[b + 1], b);
  }
  return of;
}

// Inputs: table (count, width), int64 indices, the starts of the bags with the end of the last one,
// and a weight for each index or none. Rows `padding` count as zeros.
struct BagSum {
  int64_t padding;
  bool by_frequency;
  bool sparse;  // the gradient; only where the table is a leaf
  static constexpr const char* name = "embedding_bag_sum";
  static constexpr Tangents tangents = Tangents::multilinear;
  WG_FIELDS(padding, by_frequency, sparse)
  static constexpr Save saves[] = {save_input(0, for_input(3)), save_input(1), save_input(2),
                                   save_input(3, for_input(0))};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape.push(m.in(2).numel - 1);
    m.out().shape.push(m.in(0).shape()[1]);
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor table = as_contiguous(c.in(0), dtype), &at = c.in(1), &starts = c.in(2);
    check_starts(starts, at.numel());
    const bool weighted = c.in(3).defined();
    const Tensor scale = weighted ? as_contiguous(c.in(3), dtype) : Tensor();
    const Tensor y = c.out().dtype() == dtype ? c.out() : new_tensor(dtype, c.out().shape());
    const int64_t width = table.size(1), rows = table.size(0);
    with_float_type(name, dtype, [&]<class T>(T) {
      each_bag(y.size(0), at.numel() * width, [&](int64_t b) {
        T* out = y.data<T>() + b * width;
        fill_run(out, width, T{0});
        for (int64_t i = starts.data<int64_t>()[b]; i < starts.data<int64_t>()[b + 1]; ++i) {
          const int64_t r = at.data<int64_t>()[i];
          if (r == padding || r < 0 || r >= rows) continue;
          const T* in = table.data<T>() + r * width;
          const T factor = weighted ? scale.data<T>()[i] : T{1};
          for (int64_t j = 0; j < width; ++j) out[j] += in[j] * factor;
        }
      });
    });
    if (!y.is_same(c.out())) copy_elements(*c.out().impl(), *y.impl());
  }
  void vjp(Vjp& v) const {
    const Tensor &g = v.grad(), &at = v.saved(1), &starts = v.saved(2);
    const Tensor bag = bag_numbers(starts, at.numel());
    if (v.needs(0)) {
      const int64_t rows = v.shape(0).d[0];
      WG_CHECK(!(sparse && by_frequency), Error, "embedding_bag",
               ": scale_grad_by_freq is not supported with sparse gradients");
      const bool plain = !sparse && !by_frequency && !v.has_saved(3) && v.dtype(0) == g.dtype();
      const bool added = plain && v.accumulate(0, [&](Tensor& sum) {
        detail::add_rows(sum, at, g, padding, bag.data<int64_t>());
      });
      if (!added) {
        Tensor each = detail::kept_rows(g, bag, -1);
        if (v.has_saved(3)) each = mul(each, unsqueeze(v.saved(3), -1));
        if (by_frequency) each = mul(each, detail::inverse_frequency(at, rows, g.dtype()));
        v.set(0, sparse ? detail::sparse_rows(v.shape(0), each, at, padding)
                        : detail::embedding_gradient(each, at, rows, padding));
      }
    }
    if (v.needs(3)) {
      const Tensor taken = detail::kept_rows(v.saved(0), at, padding);
      v.set(3, sum(mul(taken, detail::kept_rows(g, bag, -1)), {-1}));
    }
  }
};

// The row of the table that each bag's maximum comes from, by column: the first of equal ones; -1
// in empty bags. Inputs as above.
struct BagArgMax {
  int64_t padding;
  static constexpr const char* name = "embedding_bag_argmax";
  WG_FIELDS(padding)
  void infer(Infer& m) const {
    m.out().dtype = DType::int64;
    m.out().shape.push(m.in(2).numel - 1);
    m.out().shape.push(m.in(0).shape()[1]);
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor table = as_contiguous(c.in(0), dtype), &at = c.in(1), &starts = c.in(2);
    check_starts(starts, at.numel());
    const int64_t width = table.size(1), rows = table.size(0);
    with_float_type(name, dtype, [&]<class T>(T) {
      each_bag(c.out().size(0), at.numel() * width, [&](int64_t b) {
        int64_t* out = c.out().data<int64_t>() + b * width;
        std::fill(out, out + width, -1);
        for (int64_t i = starts.data<int64_t>()[b]; i < starts.data<int64_t>()[b + 1]; ++i) {
          const int64_t r = at.data<int64_t>()[i];
          if (r == padding || r < 0 || r >= rows) continue;
          const T* in = table.data<T>() + r * width;
          for (int64_t j = 0; j < width; ++j) {
            if (out[j] < 0 || in[j] > table.data<T>()[out[j] * width + j]) out[j] = r;
          }
        }
      });
    });
  }
};

// What is the same for all examples of a vmap, as one that can be read.
Tensor common(const Tensor& t) {
  Tensor one = t;
  while (one.impl()->has(kBatched) && one.impl()->meta->levels->same)
    one = Tensor(one.impl()->meta->levels->examples);
  return one;
}

// Where the bags begin, and the end of the last one.
Tensor bag_starts(const char* op, const Tensor& offsets, int64_t n, bool include_last) {
  const Tensor at = as_contiguous(offsets, DType::int64);
  const int64_t given = at.numel();
  const int64_t* p = at.data<int64_t>();
  WG_CHECK(!include_last || given > 0, Error, op,
           ": include_last_offset: the number of offsets should be at least 1");
  const Tensor starts = new_tensor(DType::int64, {include_last ? given : given + 1});
  for (int64_t i = 0; i < given; ++i) {
    WG_CHECK(i > 0 || p[0] == 0, Error, op, ": offsets[0] has to be 0, but got ", p[0]);
    WG_CHECK(i == 0 || p[i] >= p[i - 1], Error, op, ": offsets must not decrease, but ", p[i - 1],
             " is followed by ", p[i]);
    WG_CHECK(p[i] <= n, Error, op, ": offsets can not be greater than the number of indices ", n,
             ", but got ", p[i]);
    starts.data<int64_t>()[i] = p[i];
  }
  if (!include_last) starts.data<int64_t>()[given] = given ? n : 0;
  return starts;
}

// `sparse`: the gradient of a weight that is a leaf is sparse.
Bags bags(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
          bool scale_grad_by_freq, BagMode mode, const Tensor& per_sample_weights,
          bool include_last_offset, std::optional<int64_t> padding_idx, bool sparse) {
  const char* op = "embedding_bag";
  const TensorImpl &w = *detail::input(op, weight), &i = *detail::input(op, indices),
                   &o = *detail::input(op, offsets);
  detail::check_table(op, w, i);
  WG_CHECK(is_floating(w.dtype), NotImplementedError, op, ": not available for dtype ", w.dtype);
  WG_CHECK(o.dtype == DType::int64 || o.dtype == DType::int32, Error, op,
           ": expected offsets of dtype int64 or int32, but got ", o.dtype);
  WG_CHECK(i.ndim == 1 && o.ndim == 1, ValueError, op,
           ": expected indices and offsets of one dimension, but got shapes ", i.sizes(), " and ",
           o.sizes());
  WG_CHECK(!per_sample_weights.defined() ||
               (mode == BagMode::sum && per_sample_weights.shape() == i.sizes()),
           Error, op, ": per_sample_weights must have the shape of the indices ", i.sizes(),
           ", and the mode must be sum");
  WG_CHECK(!per_sample_weights.defined() || per_sample_weights.dtype() == w.dtype, Error, op,
           ": expected per_sample_weights of the weight's dtype ", w.dtype, ", but got ",
           per_sample_weights.dtype());
  const int64_t padding = detail::table_padding(op, w, padding_idx);
  Tensor starts = bag_starts(op, common(offsets), i.numel, include_last_offset);
  const int64_t count = starts.numel() - 1, end = starts.data<int64_t>()[count];
  // What comes after the last bag is not used.
  const Tensor used = narrow(common(indices.detach()), 0, 0, end);
  const bool one_of_many = used.impl()->has(kBatched);
  const Tensor at = one_of_many ? to(used, DType::int64) : dense_copy(*used.impl(), DType::int64);
  const Tensor each = as_contiguous(all_examples(at));
  for (int64_t k = 0; k < each.numel(); ++k) {
    const int64_t row = each.data<int64_t>()[k];
    WG_CHECK(row >= 0 && row < w.shape()[0], Error, op, ": index ", row,
             " is out of bounds for a weight of ", w.shape()[0], " rows");
  }

  Bags r;
  r.offset2bag = bag_numbers(starts, end);
  r.bag_size = new_tensor(DType::int64, {count});
  for (int64_t b = 0; b < count; ++b) {
    const int64_t *p = each.data<int64_t>(), *s = starts.data<int64_t>() + b;
    const int64_t without = one_of_many ? 0 : std::count(p + s[0], p + s[1], padding);
    r.bag_size.data<int64_t>()[b] = s[1] - s[0] - without;
  }
  if (one_of_many && padding >= 0) {
    const Tensor kept = to(ne(at, padding), DType::int64);
    r.bag_size = index_add(zeros({count}, DType::int64), 0, r.offset2bag, kept);
  }
  if (mode == BagMode::max) {
    r.max_indices = apply(BagArgMax{padding}, weight.detach(), at, starts);
    const Tensor empty = lt(r.max_indices, 0);
    const Tensor taken = w.shape()[0] == 0
                             ? zeros(r.max_indices.shape(), w.dtype)
                             : gather(weight, 0, clamp(r.max_indices, Scalar(0), std::nullopt));
    r.output = where(empty, zeros({}, w.dtype), taken);
    return r;
  }
  r.max_indices = zeros({0}, DType::int64);
  const Tensor scale =
      per_sample_weights.defined() ? narrow(per_sample_weights, 0, 0, end) : Tensor();
  // Transforms know dense gradients only.
  const bool rows = sparse && weight.is_leaf() && !transforming();
  r.output = apply_optional(BagSum{padding, scale_grad_by_freq, rows}, weight, at, starts, scale);
  if (mode == BagMode::mean) {
    const Tensor sizes = to(clamp(r.bag_size, Scalar(1), std::nullopt), w.dtype);
    r.output = div(r.output, unsqueeze(sizes, -1));
  }
  return r;
}

}  // namespace

Bags detail::embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                           bool scale_grad_by_freq, BagMode mode, const Tensor& per_sample_weights,
                           bool include_last_offset, std::optional<int64_t> padding_idx,
                           bool sparse) {
  return bags(weight, indices, offsets, scale_grad_by_freq, mode, per_sample_weights,
              include_last_offset, padding_idx, sparse);
}

Bags embedding_bag(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                   bool scale_grad_by_freq, BagMode mode, const Tensor& per_sample_weights,
                   bool include_last_offset, std::optional<int64_t> padding_idx) {
  return bags(weight, indices, offsets, scale_grad_by_freq, mode, per_sample_weights,
              include_last_offset, padding_idx, false);
}

namespace {

// In Python's order of arguments.
std::vector<Tensor> bag_row(const Tensor& weight, const Tensor& indices, const Tensor& offsets,
                            bool scale_grad_by_freq, int64_t mode, bool sparse,
                            const Tensor& per_sample_weights, bool include_last_offset,
                            std::optional<int64_t> padding_idx) {
  WG_CHECK(mode >= 0 && mode <= 2, ValueError,
           "embedding_bag: expected the mode 0 (sum), 1 (mean) or 2 (max), but got ", mode);
  Bags r = bags(weight, indices, offsets, scale_grad_by_freq, static_cast<BagMode>(mode),
                per_sample_weights, include_last_offset, padding_idx, sparse);
  return {r.output, r.offset2bag, r.bag_size, r.max_indices};
}

constexpr Function rows[] = {
    make_function<bag_row>(
        "embedding_bag",
        "weight, indices, offsets, scale_grad_by_freq=False, mode=0, sparse=False, "
        "per_sample_weights=None, include_last_offset=False, padding_idx=None -> output, "
        "offset2bag, bag_size, max_indices",
        kFunction,
        "Sums (mode 0), means (1) or maxima (2) of the rows of weight that indices names, in bags "
        "that begin at offsets; with the bag of each index, the size of each bag and the rows the "
        "maxima come from",
        "T((5, 4)), I((6,), 0, 5), I((3,), 0, 1)\nT((5, 4)), I((6,), 0, 5), I((2,), 0, 1), False, 1"
        "\nT((5, 4)), I((6,), 0, 5), I((2,), 0, 1), False, 2, False, None, False, 3"
        "\nT((5, 4)), I((6,), 0, 5), I((2,), 0, 1), False, 0, False, T((6,))"),
};
}  // namespace

extern const FunctionTable nn_embedding_bag_functions;
const FunctionTable nn_embedding_bag_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_embedding_bag, operation<BagSum>(), operation<BagArgMax>())

WENGERT_NAMESPACE_END
