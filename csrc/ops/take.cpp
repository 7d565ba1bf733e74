#include "ops/take.h"

#include <algorithm>
#include <complex>

#include "kernels/elementwise.h"

WENGERT_NAMESPACE_BEGIN

void detail::outside(const char* op, int64_t index, int64_t dim, int64_t n) {
  fail<Error>(op, ": index ", index, " is out of bounds for dimension ", dim, " of size ", n);
}

void add_elements(DType dtype, int64_t n, char* to, const char* from) {
  const auto add = [](DType t) {
    return kernels::binary(kernels::Binary::add_).fn[static_cast<int>(t)][kernels::kBothVary];
  };
  if (const kernels::BinaryFn fn = add(dtype)) return fn(n, to, to, from);
  // The narrow dtypes are added as float32.
  constexpr int64_t kBlock = 256;
  float a[kBlock], b[kBlock];
  const auto item = static_cast<int64_t>(item_size(dtype));
  const kernels::CastFn widen = kernels::cast(DType::float32, dtype);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t m = std::min(kBlock, n - i);
    widen(m, a, to + i * item);
    widen(m, b, from + i * item);
    add(DType::float32)(m, a, a, b);
    kernels::cast(dtype, DType::float32)(m, to + i * item, a);
  }
}

void take_blocks(const TensorImpl& x, int first, const std::vector<int64_t>& offsets, char* to) {
  const int last = x.ndim - 1;
  const int64_t run = last >= first ? x.shape()[last] : 1;
  const int64_t step = last >= first ? x.strides()[last] : 1;
  int64_t rows = 1;
  for (int i = first; i < last; ++i) rows *= x.shape()[i];
  with_item(item_size(x.dtype), [&](auto size) {
    constexpr auto kItem = static_cast<int64_t>(size);
    for (const int64_t offset : offsets) {
      const char* from = x.data + offset * kItem;
      int64_t coordinate[kMaxDims] = {};
      for (int64_t r = 0; r < rows; ++r) {
        if (step == 1) {
          std::memcpy(to, from, static_cast<size_t>(run * kItem));
        } else {
          for (int64_t j = 0; j < run; ++j) {
            std::memcpy(to + j * kItem, from + j * step * kItem, kItem);
          }
        }
        to += run * kItem;
        for (int i = last - 1; i >= first; --i) {
          from += x.strides()[i] * kItem;
          if (++coordinate[i] < x.shape()[i]) break;
          from -= coordinate[i] * x.strides()[i] * kItem;
          coordinate[i] = 0;
        }
      }
    }
  });
}

IndexedBlocks::IndexedBlocks(const TensorImpl& index, int64_t dim, const TensorImpl& whole,
                             const char* op)
    : index_(index), whole_(whole), dim_(dim), dims_(index.ndim), op_(op) {
  bool full = index.numel > 0;  // what is behind a dimension is in the block as a whole
  for (int i = index.ndim - 1; full && i > dim; --i) {
    const int64_t n = index.shape()[i];
    if (n != 1 && (index.strides()[i] != 0 || whole.strides()[i] != size_)) break;
    full = n == whole.shape()[i];
    size_ *= n;
    --dims_;
  }
  at_ = as_contiguous(new_alias(index, Dims(index.shape(), dims_), index.strides(), index.data),
                      DType::int64);
}

void add_blocks(const TensorImpl& out, const Tensor& src, const IndexedBlocks& blocks) {
  constexpr int64_t kVector = 8;  // elements from which a call for a block pays
  const auto item = static_cast<int64_t>(item_size(out.dtype));
  if (blocks.size() >= kVector && is_floating(out.dtype)) {
    return blocks.for_each([&](int64_t p, int64_t q) {
      add_elements(out.dtype, blocks.size(), out.data + q * item, src.data<char>() + p * item);
    });
  }
  const auto add = [&]<class T>(T) {
    T* to = reinterpret_cast<T*>(out.data);
    const T* from = src.data<T>();
    const int64_t n = blocks.size();
    const auto add_one = [=](int64_t p, int64_t q) { to[q] = static_cast<T>(to[q] + from[p]); };
    if (n == 1) return blocks.for_each(add_one);
    blocks.for_each([=](int64_t p, int64_t q) {
      for (int64_t i = 0; i < n; ++i) add_one(p + i, q + i);
    });
  };
  switch (out.dtype) {
    case DType::bool_:
    case DType::uint8:
      add(uint8_t{});
      return;
    case DType::int8:
      add(int8_t{});
      return;
    case DType::int16:
      add(int16_t{});
      return;
    case DType::int32:
      add(int32_t{});
      return;
    case DType::int64:
      add(int64_t{});
      return;
    case DType::float32:
      add(float{});
      return;
    case DType::float64:
      add(double{});
      return;
    case DType::complex64:
      add(std::complex<float>{});
      return;
    case DType::complex128:
      add(std::complex<double>{});
      return;
    default:
      fail<NotImplementedError>("scatter_add: not available for dtype ", out.dtype);
  }
}

WENGERT_NAMESPACE_END
