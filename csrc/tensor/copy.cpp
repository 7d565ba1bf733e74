#include "tensor/copy.h"

#include <algorithm>
#include <cstdlib>

#include "kernels/elementwise.h"
#include "runtime/parallel.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {
constexpr int64_t kBlock = 512;

void copy_converting(const Loop& loop, int64_t begin, int64_t end, DType to, DType from) {
  const auto to_size = static_cast<int64_t>(item_size(to));
  const auto from_size = static_cast<int64_t>(item_size(from));
  const kernels::CastFn cast = kernels::cast(to, from);
  alignas(64) char read[kBlock * 16], write[kBlock * 16];
  for_rows(loop, begin, end, [&](char* const* p, int64_t n) {
    for (int64_t i = 0; i < n; i += kBlock) {
      const int64_t m = n - i < kBlock ? n - i : kBlock;
      const char* src = p[1] + i * loop.stride[1][0];
      char* dst = p[0] + i * loop.stride[0][0];
      if (!loop.inner_is(1, from_size)) {
        copy_row(item_size(from), m, read, from_size, src, loop.stride[1][0]);
        src = read;
      }
      if (loop.inner_is(0, to_size)) {
        cast(m, dst, src);
      } else {
        cast(m, write, src);
        copy_row(item_size(to), m, dst, loop.stride[0][0], write, to_size);
      }
    }
  });
}

// Rows and columns of the squares of a transposition: the lines of both arrays that a square
// touches stay in the first-level cache.
constexpr int64_t kSquare = 16;

// Of copies that are dense along the innermost dimension in what is written and along another one
// in what is read: that dimension; 0 for other copies.
int turned_dimension(const Loop& loop, int64_t item) {
  if (!loop.inner_is(0, item) || loop.inner_is(1, item) || loop.stride[1][0] == 0 ||
      loop.size[0] < kSquare)
    return 0;
  for (int d = 1; d < loop.ndim; ++d) {
    if (loop.stride[1][d] == item && loop.size[d] >= kSquare) return d;
  }
  return 0;
}

template <class T>
void copy_square(char* to, int64_t to_row, const char* from, int64_t from_column, int64_t rows,
                 int64_t columns) {
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  const auto copy = [=](int64_t m, int64_t n) {
    for (int64_t r = 0; r < m; ++r) {
      for (int64_t c = 0; c < n; ++c)
        std::memcpy(to + r * to_row + c * kItem, from + c * from_column + r * kItem, sizeof(T));
    }
  };
  // Of a size that the compiler knows, if it can be.
  if (rows == kSquare && columns == kSquare) return copy(kSquare, kSquare);
  copy(rows, columns);
}

template <class T>
void copy_turned(const Loop& loop, int d) {
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  const int64_t rows = loop.size[d], columns = loop.size[0];
  const int64_t bands = (rows + kSquare - 1) / kSquare;
  const auto band = [&](int64_t i) {
    const int64_t first = i % bands * kSquare;
    char* to = loop.data[0] + first * loop.stride[0][d];
    const char* from = loop.data[1] + first * kItem;
    int64_t rest = i / bands;
    for (int k = 1; k < loop.ndim; ++k) {
      if (k == d) continue;
      to += rest % loop.size[k] * loop.stride[0][k];
      from += rest % loop.size[k] * loop.stride[1][k];
      rest /= loop.size[k];
    }
    for (int64_t c = 0; c < columns; c += kSquare) {
      copy_square<T>(to + c * kItem, loop.stride[0][d], from + c * loop.stride[1][0],
                     loop.stride[1][0], std::min(kSquare, rows - first),
                     std::min(kSquare, columns - c));
    }
  };
  const int64_t grain = kParallelGrain / (kSquare * columns) + 1;
  runtime::parallel_for(loop.total / (rows * columns) * bands, grain,
                        [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; ++i) band(i);
                        });
}

// More repetitions of an element are rows worth a call.
constexpr int64_t kFewTimes = 32;

// Copies whose innermost dimension repeats an element.
bool repeats_elements(const Loop& loop, int64_t item) {
  return loop.ndim > 1 && loop.stride[0][0] == item && loop.stride[1][0] == 0 &&
         loop.size[0] <= kFewTimes;
}

template <class T>
void copy_repeated(Loop loop) {
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  const int64_t times = loop.size[0];
  loop.total /= times;
  --loop.ndim;
  for (int d = 0; d < loop.ndim; ++d) {
    loop.size[d] = loop.size[d + 1];
    for (int o = 0; o < 2; ++o) loop.stride[o][d] = loop.stride[o][d + 1];
  }
  const auto fill = [](char* to, int64_t to_step, const char* from, int64_t step, int64_t n,
                       int64_t each) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t k = 0; k < each; ++k)
        std::memcpy(to + i * to_step + k * kItem, from + i * step, sizeof(T));
    }
  };
  const int64_t to_step = loop.stride[0][0], step = loop.stride[1][0];
  // Of a step that the compiler knows, if it can be.
  const bool pairs = times == 2 && to_step == 2 * kItem && step == kItem;
  runtime::parallel_for(loop.total, kParallelGrain / times + 1, [&](int64_t begin, int64_t end) {
    for_rows(loop, begin, end, [&](char* const* p, int64_t n) {
      if (pairs) return fill(p[0], 2 * kItem, p[1], kItem, n, 2);
      fill(p[0], to_step, p[1], step, n, times);
    });
  });
}
}  // namespace

void copy_elements(const TensorImpl& to, const TensorImpl& from) {
  check_readable(from);
  if (to.numel == 0) return;
  if (to.contiguous() && from.contiguous() && to.dtype == from.dtype && to.numel == from.numel) {
    const auto item = static_cast<int64_t>(item_size(to.dtype));
    runtime::parallel_for(to.numel * item, kParallelGrain * 16, [&](int64_t b, int64_t e) {
      std::memmove(to.data + b, from.data + b, static_cast<size_t>(e - b));
    });
    return;
  }
  const TensorImpl* operands[] = {&to, &from};
  const Loop loop(operands, 2);
  const size_t item = item_size(to.dtype);
  if (to.dtype == from.dtype && (item == 4 || item == 8)) {
    if (const int d = turned_dimension(loop, static_cast<int64_t>(item)))
      return item == 4 ? copy_turned<uint32_t>(loop, d) : copy_turned<uint64_t>(loop, d);
    if (repeats_elements(loop, static_cast<int64_t>(item)))
      return item == 4 ? copy_repeated<uint32_t>(loop) : copy_repeated<uint64_t>(loop);
  }
  runtime::parallel_for(loop.total, kParallelGrain, [&](int64_t begin, int64_t end) {
    if (to.dtype != from.dtype) {
      copy_converting(loop, begin, end, to.dtype, from.dtype);
      return;
    }
    for_rows(loop, begin, end, [&](char* const* p, int64_t n) {
      copy_row(item_size(to.dtype), n, p[0], loop.stride[0][0], p[1], loop.stride[1][0]);
    });
  });
}

bool dense_strides(const TensorImpl& t, int64_t* strides) {
  int order[kMaxDims];
  bool row_major = true;
  for (int i = 0; i < t.ndim; ++i) {
    int j = i;
    for (; j > 0 && std::abs(t.strides()[order[j - 1]]) < std::abs(t.strides()[i]); --j) {
      order[j] = order[j - 1];
      row_major = false;
    }
    order[j] = i;
  }
  if (row_major) return false;
  int64_t step = 1;
  for (int i = t.ndim - 1; i >= 0; --i) {
    strides[order[i]] = step;
    step *= t.shape()[order[i]] > 1 ? t.shape()[order[i]] : 1;
  }
  return true;
}

Tensor dense_copy(const TensorImpl& t, DType dtype, bool keep_order) {
  int64_t strides[kMaxDims];
  const bool strided =
      keep_order && !t.contiguous() && !may_overlap(t) && dense_strides(t, strides);
  Tensor out = strided ? new_tensor(dtype, t.sizes(), strides) : new_tensor(dtype, t.sizes());
  copy_elements(*out.impl(), t);
  return out;
}

Tensor as_contiguous(const Tensor& t, DType dtype) {
  const TensorImpl& impl = *t.impl();
  return impl.contiguous() && impl.dtype == dtype ? t : dense_copy(impl, dtype);
}

WENGERT_NAMESPACE_END
