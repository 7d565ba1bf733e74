// Indexing with tensors: reading, writing, and rows by number.
#include <algorithm>

#include "autograd/algebra.h"
#include "kernels/elementwise.h"
#include "ops/function.h"
#include "ops/op.h"
#include "ops/operations.h"
#include "ops/take.h"
#include "runtime/half.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Which dimensions of a tensor are indexed by tensors, and where the result's index dimensions
// stand: in place of the indexed ones if these are adjacent, otherwise first (as in NumPy).
struct Plan {
  Shape index_shape;            // of the broadcast indices
  std::vector<Tensor> indices;  // int64, broadcast, contiguous; one per indexed dimension
  Shape dims;                   // the indexed dimensions, ascending
  bool adjacent = true;

  Shape result_shape(Dims x) const {
    Shape s;
    const int first = dims.ndim ? static_cast<int>(dims.d[0]) : 0;
    const auto put_index = [&] {
      for (int i = 0; i < index_shape.ndim; ++i) s.push(index_shape.d[i]);
    };
    if (!adjacent) put_index();
    int k = 0;
    for (int i = 0; i < static_cast<int>(x.size()); ++i) {
      if (adjacent && i == first) put_index();
      if (k < dims.ndim && dims.d[k] == i) {
        ++k;
      } else {
        s.push(x[static_cast<size_t>(i)]);
      }
    }
    return s;
  }
};

// inputs[0] is the tensor; inputs[1 + i] indexes dimension dims[i].
Plan make_plan(const TensorImpl& x, TensorImpl* const* indices, const Shape& dims, const char* op) {
  Plan p;
  p.dims = dims;
  p.adjacent = dims.ndim == 0 || dims.d[dims.ndim - 1] - dims.d[0] == dims.ndim - 1;
  for (int i = 0; i < dims.ndim; ++i) {
    Shape both;
    WG_CHECK(broadcast_shapes(p.index_shape, indices[i]->sizes(), both), IndexError, op,
             ": the index tensors do not broadcast: ", Dims(p.index_shape), " and ",
             indices[i]->sizes());
    p.index_shape = both;
  }
  (void)x;
  return p;
}

void load_indices(Plan& p, const TensorImpl& x, TensorImpl* const* indices, const char* op) {
  for (int i = 0; i < p.dims.ndim; ++i) {
    Tensor wide = new_tensor(DType::int64, p.index_shape);
    copy_elements(*wide.impl(), *indices[i]);
    const int64_t n = x.shape()[p.dims.d[i]];
    check_indices(wide, n, op, true);
    int64_t* at = wide.data<int64_t>();
    for (int64_t k = 0; k < wide.numel(); ++k) at[k] += at[k] < 0 ? n : 0;
    p.indices.push_back(std::move(wide));
  }
}

// Calls f(block of x, block number) for every index position, where a block is the part of x (with
// the indexed dimensions first) that one position names. `x` is permuted and contiguous.
template <class F>
void for_each_block(const Plan& p, const TensorImpl& x, F&& f) {
  int64_t block = 1;
  for (int i = p.dims.ndim; i < x.ndim; ++i) block *= x.shape()[i];
  const int64_t count = p.indices[0].numel();
  const auto bytes = block * static_cast<int64_t>(item_size(x.dtype));
  for (int64_t k = 0; k < count; ++k) {
    int64_t at = 0;
    for (int i = 0; i < p.dims.ndim; ++i) {
      at = at * x.shape()[i] + p.indices[static_cast<size_t>(i)].data<int64_t>()[k];
    }
    f(x.data + at * bytes, k);
  }
}

// The items of `size` bytes at `at`, one behind the other.
void take_items(char* to, const char* from, const int64_t* at, int64_t count, int64_t size) {
  const auto take = [&](auto item) {
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * item, from + at[i] * item, item);
  };
  if (size == 4) return take(std::integral_constant<int64_t, 4>());
  if (size == 8) return take(std::integral_constant<int64_t, 8>());
  take(size);
}

// x with the indexed dimensions first.
Tensor indexed_first(const Tensor& x, const Shape& dims) {
  Shape order = dims;
  int k = 0;
  for (int i = 0; i < x.dim(); ++i) {
    if (k < dims.ndim && dims.d[k] == i) {
      ++k;
    } else {
      order.push(i);
    }
  }
  bool same = true;
  for (int i = 0; i < order.ndim; ++i) same &= order.d[i] == i;
  return same ? x : permute(x, order);
}

// Moves the index dimensions of a result [index..., rest...] to where indexing puts them, or back.
Tensor place(const Tensor& t, const Plan& p, bool back) {
  if (!p.adjacent || p.dims.ndim == 0 || p.dims.d[0] == 0) return t;
  const int first = static_cast<int>(p.dims.d[0]), n = p.index_shape.ndim;
  Shape order;
  if (back) {
    for (int i = 0; i < n; ++i) order.push(first + i);
    for (int i = 0; i < first; ++i) order.push(i);
  } else {
    for (int i = 0; i < first; ++i) order.push(n + i);
    for (int i = 0; i < n; ++i) order.push(i);
  }
  for (int i = first + n; i < t.dim(); ++i) order.push(i);
  return permute(t, order);
}

// x[indices...] of an x of any strides, whose indexed dimensions come first.
void take_in_place(const TensorImpl& x, const std::vector<Tensor>& indices, const Tensor& out) {
  if (out.numel() == 0) return;
  std::vector<int64_t> offsets(static_cast<size_t>(indices[0].numel()));
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t* at = indices[i].data<int64_t>();
    for (size_t k = 0; k < offsets.size(); ++k) offsets[k] += at[k] * x.strides()[i];
  }
  take_blocks(x, static_cast<int>(indices.size()), offsets, out.data<char>());
}

struct Index {
  Shape dims;
  static constexpr const char* name = "index";
  WG_FIELDS(dims)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const;
  void infer(Infer& m) const {
    const Plan p = make_plan(m.in(0), const_cast<TensorImpl* const*>(m.inputs) + 1, dims, name);
    m.out().dtype = m.in(0).dtype;
    m.out().shape = p.result_shape(m.in(0).sizes());
  }
  void compute(Compute& c) const {
    Plan p = make_plan(*c.inputs[0], c.inputs + 1, dims, name);
    load_indices(p, *c.inputs[0], c.inputs + 1, name);
    const bool in_place = reads_in_place(*c.inputs[0], c.out().numel());
    Tensor x = indexed_first(c.in(0), dims);
    if (!in_place) x = as_contiguous(x);
    Tensor out = place(c.out(), p, true);
    const Tensor target = out.is_contiguous() ? out : new_tensor(x.dtype(), out.shape());
    if (in_place) {
      take_in_place(*x.impl(), p.indices, target);
    } else if (target.numel() > 0) {
      const auto bytes =
          static_cast<size_t>(target.numel() / p.indices[0].numel()) * item_size(x.dtype());
      char* to = target.data<char>();
      if (p.dims.ndim == 1) {
        const Tensor& at = p.indices[0];
        take_items(to, x.data<char>(), at.data<int64_t>(), at.numel(), static_cast<int64_t>(bytes));
      } else {
        for_each_block(p, *x.impl(), [&](const char* from, int64_t k) {
          std::memcpy(to + static_cast<size_t>(k) * bytes, from, bytes);
        });
      }
    }
    if (!target.is_same(out)) copy_elements(*out.impl(), *target.impl());
  }
  static constexpr int kMaxSaved = 8;
  static constexpr Save saves[kMaxSaved] = {save_input(1), save_input(2), save_input(3),
                                            save_input(4), save_input(5), save_input(6),
                                            save_input(7), save_input(8)};
  void vjp(Vjp& v) const;
};

struct IndexPut {
  Shape dims;
  bool accumulate;
  static constexpr const char* name = "index_put";
  WG_FIELDS(dims, accumulate)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const;
  static constexpr Overwrites overwrites = Overwrites::first;
  void infer(Infer& m) const {
    const Plan p = make_plan(m.in(0), const_cast<TensorImpl* const*>(m.inputs) + 2, dims, name);
    const Shape want = p.result_shape(m.in(0).sizes());
    Shape both;
    WG_CHECK(broadcast_shapes(want, m.in(1).sizes(), both) && Dims(both) == Dims(want), Error,
             "index_put_: values of shape ", m.in(1).sizes(),
             " do not broadcast to the indexed shape ", Dims(want));
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    const TensorImpl& out = *c.out().impl();
    Plan p = make_plan(*c.inputs[0], c.inputs + 2, dims, name);
    load_indices(p, *c.inputs[0], c.inputs + 2, name);
    if (!c.in(0).is_same(c.out())) copy_elements(out, *c.inputs[0]);
    const Shape want = p.result_shape(out.sizes());
    // Values in the order [index..., rest...].
    const Tensor values = as_contiguous(place(expand(c.in(1), want), p, true), out.dtype);
    if (values.numel() == 0) return;
    const Tensor target = indexed_first(c.out(), dims);
    const Tensor dense = as_contiguous(target);
    const int64_t block = values.numel() / p.indices[0].numel();
    const auto bytes = static_cast<size_t>(block) * item_size(out.dtype);
    const char* from = values.data<char>();
    for_each_block(p, *dense.impl(), [&](char* to, int64_t k) {
      if (accumulate) {
        add_elements(out.dtype, block, to, from + static_cast<size_t>(k) * bytes);
      } else {
        std::memcpy(to, from + static_cast<size_t>(k) * bytes, bytes);
      }
    });
    if (!dense.is_same(target)) copy_elements(*target.impl(), *dense.impl());
  }
  static constexpr Save saves[Index::kMaxSaved] = {save_input(2), save_input(3), save_input(4),
                                                   save_input(5), save_input(6), save_input(7),
                                                   save_input(8), save_input(9)};
  void vjp(Vjp& v) const {
    std::vector<Tensor> indices = saved_indices(v, dims);
    if (v.needs(0)) {
      Tensor g = v.grad();
      if (!accumulate) {
        g = clone(g);
        index_put_(g, indices, zeros({}, g.dtype()));
      }
      v.set(0, g);
    }
    if (v.needs(1)) v.set(1, index(v.grad(), indices));
  }
  // The list of indices as index() takes it: undefined for dimensions that are not indexed.
  static std::vector<Tensor> saved_indices(Vjp& v, const Shape& dims) {
    std::vector<Tensor> indices(dims.ndim ? static_cast<size_t>(dims.d[dims.ndim - 1]) + 1 : 0);
    for (int i = 0; i < dims.ndim; ++i) indices[static_cast<size_t>(dims.d[i])] = v.saved(i);
    return indices;
  }
};

void Index::vjp(Vjp& v) const {
  const std::vector<Tensor> indices = IndexPut::saved_indices(v, dims);
  const bool done =
      v.accumulate(0, [&](Tensor& whole) { index_put_(whole, indices, v.grad(), true); });
  if (done) return;
  Tensor whole = algebra::new_zeros(v.grad(), v.shape(0), v.grad().dtype());
  index_put_(whole, indices, v.grad(), true);
  v.set(0, whole);
}

// ---- all examples of a vmap at once: the number of the example is one more index --------------

Tensor example_numbers(const Batch& b, int64_t dims_behind) {
  Shape shape;
  shape.push(b.size());
  for (int64_t i = 0; i < dims_behind; ++i) shape.push(1);
  return reshape(arange(0, b.size()), shape);
}

// The inputs from `first` on, which are indices, so that the batched ones broadcast with the
// others; `rank` becomes the number of dimensions for one example.
std::vector<Tensor> aligned_indices(const Batch& b, int first, int64_t& rank, bool& batched) {
  rank = 0;
  batched = false;
  for (int i = first; i < b.inputs(); ++i) {
    rank = std::max(rank, b.ndim(i));
    batched |= b.batched(i);
  }
  std::vector<Tensor> indices;
  for (int i = first; i < b.inputs(); ++i) {
    Shape shape;
    if (b.batched(i)) {
      shape.push(b.size());
      for (int64_t k = b.ndim(i); k < rank; ++k) shape.push(1);
    }
    for (const int64_t d : b.shape(i)) shape.push(d);
    indices.push_back(reshape(b.in(i), shape));
  }
  return indices;
}

// Moves `count` dimensions from one place to another.
Tensor move_block(const Tensor& t, int64_t from, int64_t to, int64_t count) {
  std::vector<int64_t> source, destination;
  for (int64_t i = 0; i < count; ++i) {
    source.push_back(from + i);
    destination.push_back(to + i);
  }
  return movedim(t, source, destination);
}

bool is_adjacent(const Shape& dims) {
  return dims.ndim == 0 || dims.d[dims.ndim - 1] - dims.d[0] == dims.ndim - 1;
}

bool Index::batch(Batch& b) const {
  int64_t rank;
  bool batched;
  std::vector<Tensor> inputs = aligned_indices(b, 1, rank, batched);
  const bool adjacent = is_adjacent(dims);
  if (!batched) {
    inputs.insert(inputs.begin(), b.in(0));
    const Tensor y = apply_list(Index{one_later(dims)}, inputs);
    b.set(0, adjacent ? y : movedim(y, {rank}, {0}));
  } else if (!b.batched(0)) {
    inputs.insert(inputs.begin(), b.in(0));
    const Tensor y = apply_list(*this, inputs);
    b.set(0, adjacent ? movedim(y, {dims.d[0]}, {0}) : y);
  } else {
    inputs.insert(inputs.begin(), {b.in(0), example_numbers(b, rank)});
    const Tensor y = apply_list(Index{with_front(0, one_later(dims))}, inputs);
    b.set(0, adjacent ? move_block(y, 1, 1 + dims.d[0], rank) : y);
  }
  return true;
}

bool IndexPut::batch(Batch& b) const {
  int64_t rank;
  bool batched;
  std::vector<Tensor> inputs = aligned_indices(b, 2, rank, batched);
  Plan p;
  p.dims = dims;
  p.adjacent = is_adjacent(dims);
  for (int i = 2; i < b.inputs(); ++i) {
    Shape both;
    broadcast_shapes(p.index_shape, b.shape(i), both);
    p.index_shape = both;
  }
  const Shape want = p.result_shape(b.shape(0));
  Tensor values = b.in(1);
  if (b.batched(1)) {
    Shape aligned;
    aligned.push(b.size());
    for (int64_t i = b.ndim(1); i < want.ndim; ++i) aligned.push(1);
    for (const int64_t d : b.shape(1)) aligned.push(d);
    values = reshape(values, aligned);
  }
  values = expand(values, with_front(b.size(), want));
  if (p.adjacent) values = move_block(values, 1 + dims.d[0], 1, rank);
  inputs.insert(inputs.begin(), {b.front(0), values, example_numbers(b, rank)});
  b.set(0, apply_list(IndexPut{with_front(0, one_later(dims)), accumulate}, inputs));
  return true;
}

// Replaces bool tensors by the positions of their true elements and drops what is undefined.
std::vector<Tensor> integer_indices(const char* op, const TensorImpl& x, TensorList indices,
                                    Shape& dims) {
  std::vector<Tensor> out;
  int64_t at = 0;
  for (const Tensor& t : indices) {
    if (!t.defined()) {
      ++at;
      continue;
    }
    WG_CHECK(at < x.ndim || (t.dtype() == DType::bool_ && t.dim() == 0), IndexError, op,
             ": too many indices (", indices.size(), ") for a tensor of shape ", x.sizes());
    WG_CHECK(is_integral(t.dtype()), IndexError, op,
             ": index tensors must have an integer or bool dtype, but got ", t.dtype());
    if (t.dtype() != DType::bool_) {
      dims.push(at++);
      out.push_back(t);
      continue;
    }
    for (int64_t i = 0; i < t.dim(); ++i) {
      WG_CHECK(at + i < x.ndim && t.size(i) == x.shape()[at + i], IndexError, op,
               ": a mask of shape ", t.shape(), " does not fit the tensor of shape ", x.sizes(),
               " at dimension ", at);
    }
    const Tensor positions = nonzero(t);
    for (int64_t i = 0; i < t.dim(); ++i) {
      dims.push(at++);
      out.push_back(select(positions, 1, i));
    }
  }
  WG_CHECK(at <= x.ndim, IndexError, op, ": too many indices (", at, ") for a tensor of shape ",
           x.sizes());
  WG_CHECK(dims.ndim <= Index::kMaxSaved, IndexError, op, ": at most ", Index::kMaxSaved,
           " dimensions can be indexed by tensors at once");
  return out;
}

struct IndexSelect {
  int64_t dim;
  static constexpr const char* name = "index_select";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
    m.out().shape.d[dim] = m.in(1).numel;
  }
  void compute(Compute& c) const {
    const Tensor index = as_contiguous(c.in(1), DType::int64);
    const TensorImpl& out = *c.out().impl();
    const int64_t n = c.inputs[0]->shape()[dim];
    WG_CHECK(n > 0 || index.numel() == 0, Error, name, ": dimension ", dim, " is empty");
    check_indices(index, n, name);
    if (reads_in_place(*c.inputs[0], out.numel)) {
      Shape first;
      first.push(dim);
      const Tensor x = indexed_first(c.in(0), first), target = indexed_first(c.out(), first);
      const Tensor dense = dim == 0 ? target : new_tensor(out.dtype, target.shape());
      take_in_place(*x.impl(), {index}, dense);
      if (dim != 0) copy_elements(*target.impl(), *dense.impl());
      return;
    }
    const Tensor x = as_contiguous(c.in(0));
    int64_t outer = 1, inner = static_cast<int64_t>(item_size(out.dtype));
    for (int64_t i = 0; i < dim; ++i) outer *= out.shape()[i];
    for (int64_t i = dim + 1; i < out.ndim; ++i) inner *= out.shape()[i];
    const int64_t* at = index.data<int64_t>();
    const int64_t count = index.numel();
    runtime::parallel_for(outer * count,
                          std::max<int64_t>(1, kParallelGrain * 4 / std::max<int64_t>(inner, 1)),
                          [&](int64_t begin, int64_t end) {
                            char* to = out.data + begin * inner;
                            for (int64_t p = begin; p < end;) {
                              const int64_t o = p / count, first = p - o * count;
                              const int64_t last = std::min(count, first + end - p);
                              const char* const from = x.data<char>() + o * n * inner;
                              take_items(to, from, at + first, last - first, inner);
                              to += (last - first) * inner;
                              p += last - first;
                            }
                          });
  }
  void vjp(Vjp& v) const {
    v.set(0, index_add(zeros(v.shape(0), v.grad().dtype()), dim, v.saved(0), v.grad()));
  }
};

struct IndexAdd {
  int64_t dim;
  static constexpr const char* name = "index_add";
  WG_FIELDS(dim)
  static constexpr Tangents tangents = Tangents::linear;
  bool batch(Batch& b) const;
  static constexpr Overwrites overwrites = Overwrites::first;
  static constexpr Save saves[] = {save_input(1)};
  void infer(Infer& m) const {
    Shape want = m.in(0).sizes();
    want.d[dim] = m.in(1).numel;
    WG_CHECK(m.in(2).sizes() == Dims(want), Error, "index_add: expected a source of shape ",
             Dims(want), ", but got ", m.in(2).sizes());
    m.out().dtype = m.in(0).dtype;
    m.out().shape = m.in(0).sizes();
  }
  void compute(Compute& c) const {
    if (!c.in(0).is_same(c.out())) copy_elements(*c.out().impl(), *c.inputs[0]);
    const Tensor dense = as_contiguous(c.out());
    const TensorImpl& out = *dense.impl();
    // A copy: another thread may write to its memory.
    const Tensor index = dense_copy(*c.inputs[1], DType::int64),
                 src = as_contiguous(c.in(2), compute_dtype(out.dtype));
    const int64_t n = out.shape()[dim], count = index.numel();
    check_indices(index, n, name);
    int64_t outer = 1, inner = 1;
    for (int64_t i = 0; i < dim; ++i) outer *= out.shape()[i];
    for (int64_t i = dim + 1; i < out.ndim; ++i) inner *= out.shape()[i];
    const auto bytes = inner * static_cast<int64_t>(item_size(out.dtype));
    for (int64_t o = 0; o < outer; ++o) {
      char* const to = out.data + o * n * bytes;
      if (src.dtype() != out.dtype) {
        add_wide(out.dtype, n, inner, to, index, src.data<float>() + o * count * inner);
        continue;
      }
      for (int64_t k = 0; k < count; ++k) {
        add_elements(out.dtype, inner, to + index.data<int64_t>()[k] * bytes,
                     src.data<char>() + (o * count + k) * bytes);
      }
    }
    if (!dense.is_same(c.out())) copy_elements(*c.out().impl(), out);
  }
  void vjp(Vjp& v) const {
    if (v.needs(0)) v.set(0, v.grad());
    if (v.needs(2)) v.set(2, index_select(v.grad(), dim, v.saved(0)));
  }

 private:
  // Rows of 16 bits are added up in float32, each rounded once; those that no index names stay.
  static void add_wide(DType dtype, int64_t n, int64_t inner, char* to, const Tensor& index,
                       const float* from) {
    const kernels::CastFn widen = kernels::cast(DType::float32, dtype),
                          round = kernels::cast(dtype, DType::float32);
    const int64_t bytes = inner * static_cast<int64_t>(item_size(dtype));
    std::vector<int64_t> sum_of(static_cast<size_t>(n), -1), rows;
    std::vector<float> sums;
    for (int64_t k = 0; k < index.numel(); ++k, from += inner) {
      const int64_t row = index.data<int64_t>()[k];
      int64_t& sum = sum_of[static_cast<size_t>(row)];
      if (sum < 0) {
        sum = static_cast<int64_t>(rows.size());
        rows.push_back(row);
        sums.resize(rows.size() * static_cast<size_t>(inner));
        widen(inner, sums.data() + sum * inner, to + row * bytes);
      }
      add_elements(DType::float32, inner, reinterpret_cast<char*>(sums.data() + sum * inner),
                   reinterpret_cast<const char*>(from));
    }
    for (size_t i = 0; i < rows.size(); ++i)
      round(inner, to + rows[i] * bytes, sums.data() + static_cast<int64_t>(i) * inner);
  }
};

bool IndexSelect::batch(Batch& b) const {
  if (!b.batched(1)) {
    b.set(0, apply(IndexSelect{dim + 1}, b.in(0), b.in(1)));
    return true;
  }
  if (b.ndim(0) == 0) return false;
  const Tensor index = reshape(b.in(1), {b.size(), -1});
  if (b.batched(0)) {
    const Tensor y = apply_list(Index{Shape({0, dim + 1})},
                                std::vector<Tensor>{b.in(0), example_numbers(b, 1), index});
    b.set(0, movedim(y, {1}, {dim + 1}));
    return true;
  }
  const Tensor y = apply(*this, b.in(0), reshape(index, {-1}));
  Shape shape;
  for (int64_t i = 0; i < y.dim(); ++i) {
    if (i == dim) shape.push(b.size());
    shape.push(i == dim ? index.size(1) : y.size(i));
  }
  b.set(0, movedim(reshape(y, shape), {dim}, {0}));
  return true;
}

bool IndexAdd::batch(Batch& b) const {
  if (b.ndim(0) == 0) return false;
  if (!b.batched(1)) {
    b.set(0, apply(IndexAdd{dim + 1}, b.front(0), b.in(1), b.front(2)));
    return true;
  }
  b.set(0,
        apply_list(IndexPut{Shape({0, dim + 1}), true},
                   std::vector<Tensor>{b.front(0), movedim(b.front(2), {dim + 1}, {1}),
                                       example_numbers(b, 1), reshape(b.in(1), {b.size(), -1})}));
  return true;
}

// Eight bytes at a time, each of which is true if it is not 0: views of bytes as bools hold any.
int64_t count_true(const Tensor& mask) {
  constexpr uint64_t kOnes = 0x0101010101010101, kLow = 0x7f * kOnes;
  const auto* p = mask.data<uint8_t>();
  int64_t n = 0, i = 0;
  for (; i + 8 <= mask.numel(); i += 8) {
    uint64_t v;
    std::memcpy(&v, p + i, sizeof v);
    v = (((v & kLow) + kLow) | v) >> 7 & kOnes;
    n += static_cast<int64_t>(v * kOnes >> 56);
  }
  for (; i < mask.numel(); ++i) n += p[i] != 0;
  return n;
}

struct Nonzero {
  int64_t count;
  static constexpr const char* name = "nonzero";
  WG_FIELDS(count)
  void infer(Infer& m) const {
    m.out().dtype = DType::int64;
    m.out().shape.push(count);
    m.out().shape.push(m.in(0).ndim);
  }
  void compute(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), DType::bool_);
    const auto* p = x.data<uint8_t>();
    int64_t* out = c.out().data<int64_t>();
    const int64_t found = count_true(x);
    WG_CHECK(found == count, Error, "nonzero: expected ", count, " elements that are not 0, but ",
             found, " are");
    const int nd = static_cast<int>(x.dim());
    int64_t coordinate[kMaxDims] = {};
    int64_t* const end = out + count * nd;
    const int64_t row = nd > 0 ? x.size(nd - 1) : 1;
    while (out < end) {
      // Every position is written, and the next over it unless it is one: masks have no pattern
      // that branches could learn.
      if (nd == 2) {
        for (int64_t j = 0, i = coordinate[0]; j < row && out < end; ++j) {
          out[0] = i;
          out[1] = j;
          out += p[j] ? 2 : 0;
        }
      } else {
        for (int64_t j = 0; j < row && out < end; ++j) {
          for (int d = 0; d < nd - 1; ++d) out[d] = coordinate[d];
          out[nd - 1] = j;
          out += p[j] ? nd : 0;
        }
      }
      p += row;
      for (int d = nd - 2; d >= 0; --d) {
        if (++coordinate[d] < x.size(d)) break;
        coordinate[d] = 0;
      }
    }
  }
};

int64_t check_index(const char* op, const Tensor& input, int64_t dim, const Tensor& index) {
  const TensorImpl &x = *detail::input(op, input), &i = *detail::input(op, index);
  WG_CHECK(i.dtype == DType::int64 || i.dtype == DType::int32, Error, op,
           ": the index must have dtype int64 or int32, but has ", i.dtype);
  WG_CHECK(i.ndim <= 1, IndexError, op, ": expected a 1-d index, but got shape ", i.sizes());
  // A tensor without dimensions counts as a vector of one element.
  WG_CHECK(x.ndim > 0 || i.numel == 1, Error, op,
           ": expected one index into a tensor without dimensions, but got ", i.numel);
  return wrap_dim(op, dim, x.ndim);
}

int64_t check_add(const char* op, const Tensor& input, int64_t dim, const Tensor& index,
                  const Tensor& source) {
  const int64_t d = check_index(op, input, dim, index);
  const TensorImpl &x = *input.impl(), &s = *detail::input(op, source);
  WG_CHECK(s.dtype == x.dtype, Error, op, ": the source has dtype ", s.dtype,
           ", but the tensor has ", x.dtype, "; convert one with to()");
  WG_CHECK(x.ndim > 0 || s.ndim == 0, Error, op, ": expected a source of shape (), but got ",
           s.sizes());
  return d;
}

// One value for one mask: filling converts it.
bool fills_mask(TensorList indices, const Tensor& values) {
  int masks = 0, others = 0;
  for (const Tensor& i : indices) {
    if (i.defined()) ++(i.dtype() == DType::bool_ ? masks : others);
  }
  return masks == 1 && others == 0 && values.numel() == 1;
}

}  // namespace

Tensor index(const Tensor& input, TensorList indices) {
  const TensorImpl& x = *detail::input("index", input);
  if (indices.size() == 1 && indices[0].defined() && indices[0].dtype() == DType::bool_ &&
      indices[0].dim() > 1 && indices[0].dim() <= x.ndim && x.contiguous() &&
      indices[0].shape() == Dims(x.shape(), static_cast<size_t>(indices[0].dim()))) {
    // One number names a position as well as one for each of the mask's dimensions.
    Shape flat;
    flat.push(indices[0].numel());
    for (int64_t d = indices[0].dim(); d < x.ndim; ++d) flat.push(x.shape()[d]);
    const Tensor mask = reshape(indices[0], {-1});
    return index(view(input, flat), {&mask, 1});
  }
  Index op;
  std::vector<Tensor> inputs = integer_indices("index", x, indices, op.dims);
  if (op.dims.ndim == 0) return clone(input);
  inputs.insert(inputs.begin(), input);
  return apply_list(op, inputs);
}

Tensor& index_put_(Tensor& self, TensorList indices, const Tensor& values, bool accumulate) {
  const TensorImpl& x = *detail::input("index_put_", self);
  WG_CHECK(values.dtype() == x.dtype || (!accumulate && fills_mask(indices, values)), Error,
           "index_put_: the values have dtype ", values.dtype(), ", but the tensor has ", x.dtype,
           "; convert them with to()");
  IndexPut op;
  op.accumulate = accumulate;
  std::vector<Tensor> inputs = integer_indices("index_put_", x, indices, op.dims);
  if (op.dims.ndim == 0) return accumulate ? add_(self, values) : copy_(self, values);
  inputs.insert(inputs.begin(), {self, values.dtype() == x.dtype ? values : to(values, x.dtype)});
  std::vector<TensorImpl*> in;
  for (const Tensor& t : inputs) in.push_back(t.impl());
  run_in_place(op_class<IndexPut>, &op, in.data(), static_cast<int>(in.size()));
  return self;
}

Tensor index_select(const Tensor& input, int64_t dim, const Tensor& index) {
  const IndexSelect op{check_index("index_select", input, dim, index)};
  if (input.dim() > 0) return apply(op, input, index);
  return reshape(apply(op, reshape(input, {1}), index), {});
}
Tensor index_add(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source) {
  const IndexAdd op{check_add("index_add", input, dim, index, source)};
  if (input.dim() > 0) return apply(op, input, index, source);
  return reshape(apply(op, reshape(input, {1}), index, reshape(source, {1})), {});
}
Tensor& index_add_(Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  const IndexAdd op{check_add("index_add_", self, dim, index, source)};
  if (self.dim() > 0) {
    apply_in_place(op, self, index, source);
  } else {
    Tensor vector = view(self, {1});
    apply_in_place(op, vector, index, reshape(source, {1}));
  }
  return self;
}
Tensor nonzero(const Tensor& input) {
  const Tensor mask = as_contiguous(input, DType::bool_);
  return apply(Nonzero{count_true(mask)}, mask);
}

namespace {
constexpr Function rows[] = {
    make_function<index>("_index", "input, indices", kFunction | kInternal,
                         "input[indices[0], indices[1], ...]; None stands for a full slice",
                         "T((4, 3)), [I((5,), -4, 4)]\nT((4, 3, 2)), [None, I((2, 2), 0, "
                         "3)]\nT((4, 3, 2)), [I((2,), 0, 4), None, I((2,), 0, 2)]",
                         "input[tuple(slice(None) if i is None else i for i in indices)]"),
    make_function<index_put_>("index_put_", "self, indices, values, accumulate=False",
                              kMethod | kMutates, "self[indices] = values, or += with accumulate"),
    make_function<index_select>("index_select", "input, dim, index", kFunction | kMethod | kOut,
                                "The slices along dim named by the 1-d index",
                                "T((4, 3)), 0, I((6,), 0, 4)\nT((4, 3)), 1, I((2,), 0, 3)",
                                "np.take(input, index, axis=dim)"),
    make_function<nonzero>("_nonzero", "input", kFunction | kMethod | kNoGrad | kInternal,
                           "Positions of the nonzero elements, one per row", "M((3, 4))",
                           "np.argwhere(input)"),
    make_function<nonzero>("argwhere", "input", kFunction | kMethod | kNoGrad,
                           "Positions of the nonzero elements, one per row", "M((3, 4))\nT((4,))",
                           "np.argwhere(input)"),
};
}  // namespace

extern const FunctionTable indexing_functions;
const FunctionTable indexing_functions = {rows, std::size(rows)};

WG_OPERATIONS(indexing, operation<IndexSelect>(), operation<Index>(), operation<Nonzero>(),
              operation<IndexAdd>(), operation<IndexPut>())

WENGERT_NAMESPACE_END
