// Iteration over the elements of several strided arrays of one broadcast shape.
#pragma once

#include "tensor/impl.h"

WENGERT_NAMESPACE_BEGIN

// Dimensions are ordered by the first operand's strides, innermost first, and merged where all
// operands step through two of them as through one.
struct Loop {
  static constexpr int kMaxOperands = 4;

  int operands = 0;
  int ndim = 0;  // at least 1
  int64_t total = 1;
  int64_t size[kMaxDims];
  int64_t stride[kMaxOperands][kMaxDims];  // bytes
  char* data[kMaxOperands];

  // Every operand broadcasts to the shape of the first.
  Loop(const TensorImpl* const* tensors, int n);

  bool inner_is(int operand, int64_t bytes) const {
    return stride[operand][0] == bytes || size[0] == 1;
  }
};

// Calls f(pointers, n) for consecutive pieces of innermost rows that cover the elements
// [begin, end) in the loop's order.
template <class F>
void for_rows(const Loop& loop, int64_t begin, int64_t end, F&& f) {
  if (begin >= end) return;
  int64_t index[kMaxDims];
  char* p[Loop::kMaxOperands];
  int64_t rest = begin;
  for (int o = 0; o < loop.operands; ++o) p[o] = loop.data[o];
  for (int d = 0; d < loop.ndim; ++d) {
    index[d] = rest % loop.size[d];
    rest /= loop.size[d];
    for (int o = 0; o < loop.operands; ++o) p[o] += index[d] * loop.stride[o][d];
  }
  while (true) {
    const int64_t left = loop.size[0] - index[0];
    const int64_t n = left < end - begin ? left : end - begin;
    f(p, n);
    begin += n;
    if (begin >= end) return;
    // To the start of the next row.
    for (int o = 0; o < loop.operands; ++o) p[o] -= index[0] * loop.stride[o][0];
    index[0] = 0;
    for (int d = 1; d < loop.ndim; ++d) {
      for (int o = 0; o < loop.operands; ++o) p[o] += loop.stride[o][d];
      if (++index[d] < loop.size[d]) break;
      for (int o = 0; o < loop.operands; ++o) p[o] -= loop.size[d] * loop.stride[o][d];
      index[d] = 0;
    }
  }
}

// Copies n elements between strided rows; strides in bytes.
void copy_row(size_t item, int64_t n, char* to, int64_t to_stride, const char* from,
              int64_t from_stride);

// The shape to which both broadcast; false if they do not.
bool broadcast(Dims a, Dims b, int64_t* shape, int* ndim);

// Fewer elements than this are not worth a second thread.
inline constexpr int64_t kParallelGrain = 32768;

WENGERT_NAMESPACE_END
