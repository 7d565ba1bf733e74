// Loops over index tensors, shared by gathering, scattering and indexing.
#pragma once

#include <algorithm>
#include <vector>

#include "ops/op.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

// Whether `count` numbers lie in [low, high); without a branch for each.
inline bool all_within(const int64_t* at, int64_t count, int64_t low, int64_t high) {
  // The sign bit of a difference tells, and the other one's where the first wraps around.
  uint64_t signs = 0;
  const auto first = static_cast<uint64_t>(low), last = static_cast<uint64_t>(high) - 1;
  for (int64_t i = 0; i < count; ++i) {
    const auto v = static_cast<uint64_t>(at[i]);
    signs |= (v - first) | (last - v);
  }
  return signs >> 63 == 0;
}

// Calls f with the size of an item as a constant, which makes copies of items single moves.
template <class F>
void with_item(size_t item, F&& f) {
  switch (item) {
    case 1:
      return f(std::integral_constant<size_t, 1>());
    case 2:
      return f(std::integral_constant<size_t, 2>());
    case 4:
      return f(std::integral_constant<size_t, 4>());
    case 8:
      return f(std::integral_constant<size_t, 8>());
    default:
      WG_ASSERT(item == 16);
      return f(std::integral_constant<size_t, 16>());
  }
}

// An error unless every element of the int64 tensor lies in [0, n), or in [-n, n) if allowed.
inline void check_indices(const Tensor& index, int64_t n, const char* op, bool negative = false) {
  const int64_t* at = index.data<int64_t>();
  const int64_t low = negative ? -n : 0, count = index.numel();
  if (all_within(at, count, low, n)) [[likely]]
    return;
  for (int64_t i = 0; i < count; ++i) {
    WG_CHECK(at[i] >= low && at[i] < n, IndexError, op, ": index ", at[i],
             " is out of bounds for size ", n);
  }
}

// The wrapped dim, once index and source have as many dimensions as the input and fit inside it
// except along dim; `src` may be nullptr.
int64_t check_scatter(const char* op, const Tensor& input, int64_t dim, const Tensor& index,
                      const Tensor* src);

namespace detail {
[[noreturn]] void outside(const char* op, int64_t index, int64_t dim, int64_t n);
}

// Whether to read `count` elements of x where they stand: a dense copy of all of x pays only where
// many of them are read, and an expanded x may be larger than memory.
inline bool reads_in_place(const TensorImpl& x, int64_t count) {
  return !x.contiguous() && count <= x.numel / 8;
}

// Dense copies, one behind the other, of the parts of x that start `offsets` elements behind its
// first and have its dimensions from `first` on.
void take_blocks(const TensorImpl& x, int first, const std::vector<int64_t>& offsets, char* to);

// For each position p of an array of shape `walk`, counted in row-major order, calls f(p, q), where
// q is the position in an array of shape `whole` with the coordinate along dim replaced by at[p],
// counted by that array's strides, or in row-major order without any. Indices are checked before
// the first call.
template <class F>
void for_each_along(Dims whole, Dims walk, int64_t dim, const int64_t* at, const char* op, F&& f,
                    const int64_t* whole_strides = nullptr) {
  int64_t total = 1;
  for (const int64_t n : walk) total *= n;
  if (total == 0) return;
  const int nd = static_cast<int>(walk.size());
  if (nd == 0) {
    WG_CHECK(at[0] == 0, Error, op, ": index ", at[0], " is out of bounds for size 1");
    f(int64_t{0}, int64_t{0});
    return;
  }
  int64_t strides[kMaxDims];
  int64_t step = 1;
  for (int i = nd - 1; i >= 0; --i) {
    const bool inside = i < static_cast<int>(whole.size());
    strides[i] = whole_strides && inside ? whole_strides[i] : step;
    step *= inside ? whole[static_cast<size_t>(i)] : 1;
  }
  const int64_t n = whole.empty() ? 1 : whole[static_cast<size_t>(dim)];
  const int64_t suspects = all_within(at, total, 0, n) ? 0 : total;
  for (int64_t p = 0; p < suspects; ++p) {
    if (at[p] < 0 || at[p] >= n) detail::outside(op, at[p], dim, n);
  }
  int64_t coordinate[kMaxDims] = {};
  int64_t base = 0;  // position in `whole` without the part along dim
  const int64_t run = walk[walk.size() - 1], along = strides[dim];
  const int64_t beside = dim == nd - 1 ? 0 : strides[nd - 1];
  // Read once and looked at again: another thread may write to the index's memory.
  const auto read = [at, n, dim, op](int64_t p) {
    const int64_t i = __atomic_load_n(at + p, __ATOMIC_RELAXED);
    if (static_cast<uint64_t>(i) >= static_cast<uint64_t>(n)) [[unlikely]]
      detail::outside(op, i, dim, n);
    return i;
  };
  for (int64_t p = 0; p < total; p += run) {
    if (dim == nd - 1 && along == 1) {
      for (int64_t j = 0; j < run; ++j) f(p + j, base + read(p + j));
    } else {
      for (int64_t j = 0; j < run; ++j) f(p + j, base + j * beside + read(p + j) * along);
    }
    for (int i = nd - 2; i >= 0; --i) {
      if (i != dim) base += strides[i];
      if (++coordinate[i] < walk[static_cast<size_t>(i)]) break;
      if (i != dim) base -= coordinate[i] * strides[i];
      coordinate[i] = 0;
    }
  }
}

// The positions of for_each_along where the index is the same along its last dimensions, all behind
// dim: those of blocks of elements that lie side by side in both arrays.
class IndexedBlocks {
 public:
  IndexedBlocks(const TensorImpl& index, int64_t dim, const TensorImpl& whole, const char* op);
  int64_t size() const { return size_; }  // elements of a block
  // Calls f(p, q) for the first elements of each; errors are those of for_each_along.
  template <class F>
  void for_each(F&& f) const {
    const auto n = std::min(dims_, static_cast<size_t>(whole_.ndim));
    const auto each = [&](auto&& g) {
      for_each_along(Dims(whole_.shape(), n), Dims(index_.shape(), dims_), dim_,
                     at_.data<int64_t>(), op_, g, whole_.strides());
    };
    if (size_ == 1) return each(f);
    each([&f, size = size_](int64_t p, int64_t q) { f(p * size, q); });
  }

 private:
  const TensorImpl &index_, &whole_;
  int64_t dim_, size_ = 1;
  size_t dims_;  // of the index, without the last
  Tensor at_;    // dense
  const char* op_;
};

// Adds blocks of src to those of out; both are row-major and of one dtype. Sums are in the order of
// src.
void add_blocks(const TensorImpl& out, const Tensor& src, const IndexedBlocks& blocks);

// Adds n elements of dtype at `from` to those at `to`.
void add_elements(DType dtype, int64_t n, char* to, const char* from);

WENGERT_NAMESPACE_END
