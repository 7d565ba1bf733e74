#include "tensor/loop.h"

#include <cstdlib>
#include <utility>

WENGERT_NAMESPACE_BEGIN

Loop::Loop(const TensorImpl* const* tensors, int n) : operands(n) {
  const TensorImpl& first = *tensors[0];
  int count = 0;
  for (int d = first.ndim - 1; d >= 0; --d) {
    const int64_t extent = first.shape()[d];
    total *= extent;
    if (extent == 1) continue;
    size[count] = extent;
    for (int o = 0; o < n; ++o) {
      const TensorImpl& t = *tensors[o];
      const int i = d - (first.ndim - t.ndim);
      stride[o][count] = i < 0 || t.shape()[i] == 1
                             ? 0
                             : t.strides()[i] * static_cast<int64_t>(item_size(t.dtype));
    }
    ++count;
  }
  for (int o = 0; o < n; ++o) {
    check_readable(*tensors[o]);
    data[o] = tensors[o]->data;
  }
  // Insertion sort by the stride of the first operand.
  for (int i = 1; i < count; ++i) {
    for (int j = i; j > 0 && std::llabs(stride[0][j]) < std::llabs(stride[0][j - 1]); --j) {
      std::swap(size[j], size[j - 1]);
      for (int o = 0; o < n; ++o) std::swap(stride[o][j], stride[o][j - 1]);
    }
  }
  int last = 0;
  for (int i = 1; i < count; ++i) {
    bool merge = true;
    for (int o = 0; o < n && merge; ++o) merge = stride[o][i] == stride[o][last] * size[last];
    if (merge) {
      size[last] *= size[i];
      continue;
    }
    ++last;
    size[last] = size[i];
    for (int o = 0; o < n; ++o) stride[o][last] = stride[o][i];
  }
  ndim = last + 1;
  if (count == 0) {
    size[0] = 1;
    for (int o = 0; o < n; ++o) stride[o][0] = 0;
  }
}

namespace {
template <class T>
void copy_items(int64_t n, char* to, int64_t to_stride, const char* from, int64_t from_stride) {
  if (from_stride == 0) {
    T v;
    std::memcpy(&v, from, sizeof v);
    for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * to_stride, &v, sizeof v);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * to_stride, from + i * from_stride, sizeof(T));
  }
}
struct Item16 {
  uint64_t v[2];
};
}  // namespace

void copy_row(size_t item, int64_t n, char* to, int64_t to_stride, const char* from,
              int64_t from_stride) {
  const auto bytes = static_cast<int64_t>(item);
  if (to_stride == bytes && from_stride == bytes) {
    std::memmove(to, from, item * static_cast<size_t>(n));
    return;
  }
  switch (item) {
    case 1:
      copy_items<uint8_t>(n, to, to_stride, from, from_stride);
      break;
    case 2:
      copy_items<uint16_t>(n, to, to_stride, from, from_stride);
      break;
    case 4:
      copy_items<uint32_t>(n, to, to_stride, from, from_stride);
      break;
    case 8:
      copy_items<uint64_t>(n, to, to_stride, from, from_stride);
      break;
    default:
      copy_items<Item16>(n, to, to_stride, from, from_stride);
      break;
  }
}

bool broadcast(Dims a, Dims b, int64_t* shape, int* ndim) {
  const size_t n = a.size() > b.size() ? a.size() : b.size();
  for (size_t i = 0; i < n; ++i) {
    const int64_t x = i < n - a.size() ? 1 : a[i - (n - a.size())];
    const int64_t y = i < n - b.size() ? 1 : b[i - (n - b.size())];
    if (x != y && x != 1 && y != 1) return false;
    shape[i] = x == 1 ? y : x;
  }
  *ndim = static_cast<int>(n);
  return true;
}

WENGERT_NAMESPACE_END
