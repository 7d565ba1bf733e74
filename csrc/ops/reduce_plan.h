// What reductions over arbitrary dimensions have in common.
#pragma once

#include <bit>

#include "kernels/reduce.h"
#include "ops/op.h"

WENGERT_NAMESPACE_BEGIN

// A set of dimensions, small enough to stand in an operation.
struct DimSet {
  uint32_t bits = 0;

  DimSet() = default;
  explicit DimSet(uint32_t mask) : bits(mask) {}
  DimSet(const Shape& s) {
    for (int i = 0; i < s.ndim; ++i) bits |= 1u << (s.d[i] & 31);
  }
  bool has(int i) const { return bits >> i & 1; }
  int count() const { return std::popcount(bits); }
  // Whether no other dimension lies between them.
  bool adjacent() const {
    return bits == 0 || 32 - std::countl_zero(bits) - std::countr_zero(bits) == count();
  }
  // The same dimensions behind a new first one.
  DimSet later() const { return DimSet(bits << 1); }
  operator Shape() const {
    Shape s;
    for (int i = 0; i < kMaxDims; ++i) {
      if (has(i)) s.push(i);
    }
    return s;
  }
};

// Dimensions wrapped and free of duplicates (Error); all of them where none is given.
DimSet wrap_dims(const char* op, Dims dims, int64_t ndim);
Shape reduced_shape(Dims shape, DimSet dims, bool keepdim);
// How many elements go into one result.
int64_t reduced_count(Dims shape, DimSet dims);
// The gradient of a reduction, expanded to the shape of its input.
Tensor spread(const Tensor& g, const Shape& shape, DimSet dims, bool keepdim);
// A reduction's result with its reduced dimensions put back as ones.
Tensor keep_dims(const Tensor& t, const Shape& shape, DimSet dims, bool keepdim);
// The gradient of a reduction that picked one element for each result, at `index` along dim.
Tensor unpick(const Tensor& g, const Tensor& index, const Shape& shape, int64_t dim, bool keepdim);
// The gradient of an extreme: shared equally by the elements of x that equal the result y.
Tensor share_equally(const Tensor& g, const Tensor& x, const Tensor& y, DimSet dims, bool keepdim);

// The tangents at `index` along dim: the other direction of unpick.
Tensor pick(const Tensor& t, const Tensor& index, int64_t dim, bool keepdim);
// The tangent of a reduction each of whose results depends on elements of its own, by the rule
// `gradient` for the gradient of its input.
template <class F>
void reduced_tangent(Jvp& j, DimSet dims, bool keepdim, F&& gradient) {
  const Tensor one = ones(j.out().shape(), j.out().dtype());
  const Tensor parts = mul(conj(gradient(one)), j.tangent(0));
  const Shape list = dims;
  j.set(0, dims.bits ? sum(parts, list, keepdim) : parts);
}

// An array seen as [outer, n, inner] around one of its dimensions.
struct Along {
  int64_t outer = 1, n = 1, inner = 1;
  Along(Dims shape, int64_t dim) {
    for (size_t i = 0; i < shape.size(); ++i) {
      const auto k = static_cast<int64_t>(i);
      (k < dim ? outer : k > dim ? inner : n) *= shape[i];
    }
  }
  // Where row r (of outer * inner) starts in an array of `length` elements along the dimension.
  int64_t start(int64_t r, int64_t length) const { return r / inner * length * inner + r % inner; }
  int64_t rows() const { return outer * inner; }
};

// The input as a dense array [outer, n, inner] whose middle axis holds the reduced dimensions.
struct ReduceLayout {
  Tensor x;
  int64_t outer, n, inner;
};
ReduceLayout reduce_layout(const Tensor& x, DimSet dims, DType dtype);
// The same with inner == 1: every result is made of one row.
ReduceLayout reduce_rows(const Tensor& x, DimSet dims, DType dtype);

// Rows longer than this are reduced in blocks of this length, so that threads can share them.
inline constexpr int64_t kReduceBlock = 1 << 15;

// out = reduction of x over dims in the given dtype; out is dense and has the elements in the order
// of the dimensions kept. The bits do not depend on the number of threads.
void reduce_into(const char* op, kernels::Reduce kind, const Tensor& x, DimSet dims,
                 const TensorImpl& out, DType dtype);

// Copies dense elements in the order of `to`, whatever the shape they are described with.
void copy_flat(const TensorImpl& to, const Tensor& from);

WENGERT_NAMESPACE_END
