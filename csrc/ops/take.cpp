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

void add_along(const TensorImpl& out, const Tensor& src, int64_t dim, const Tensor& index) {
  const auto add = [&]<class T>(T) {
    T* to = reinterpret_cast<T*>(out.data);
    const T* from = src.data<T>();
    for_each_along(out.sizes(), index.shape(), dim, index.data<int64_t>(), "scatter_add",
                   [to, from](int64_t p, int64_t q) { to[q] = static_cast<T>(to[q] + from[p]); });
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
