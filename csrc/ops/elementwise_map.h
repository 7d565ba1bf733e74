// Elementwise kernels over tensors of any strides and dtypes.
#pragma once

#include "autograd/op_class.h"
#include "kernels/elementwise.h"
#include "runtime/half.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace elementwise {

inline constexpr int64_t kMapBlock = 512;
inline constexpr int kMapped = Loop::kMaxOperands - 1;  // inputs at most

// A dense layout like that of `t`, or row-major where there is no such.
inline void like_layout(Meta& m, const TensorImpl& t) {
  m.shape = t.sizes();
  if (!t.contiguous() && !may_overlap(t)) m.strided = dense_strides(t, m.strides);
}

// Rows shorter than this cost more in calls than in arithmetic: inputs are made dense first.
inline constexpr int64_t kShortRow = 16;

// Runs kernel(n, out, operands, steps) over all elements, with operands converted to `in` and
// results from `result`. An operand of step 0 is one element, the others are arrays; kernels take
// at most kRepeated of the former.
template <int kRepeated, class F>
void map(const TensorImpl& out, DType result, TensorImpl* const* inputs, int n_inputs, DType in,
         F&& kernel) {
  if (out.numel == 0) return;
  const TensorImpl* operands[Loop::kMaxOperands] = {&out};
  Tensor dense[kMapped];
  for (int i = 0; i < n_inputs; ++i) operands[i + 1] = inputs[i];
  Loop loop(operands, n_inputs + 1);
  if (loop.size[0] < kShortRow && loop.total >= 4 * kShortRow) {
    for (int i = 0; i < n_inputs; ++i) {
      if (inputs[i]->dtype == in && inputs[i]->sizes() == out.sizes() && inputs[i]->contiguous())
        continue;
      dense[i] = new_tensor(in, out.sizes());
      copy_elements(*dense[i].impl(), *inputs[i]);
      operands[i + 1] = dense[i].impl();
    }
    Tensor packed;
    if (!out.contiguous()) {
      packed = new_tensor(out.dtype, out.sizes());
      operands[0] = packed.impl();
    }
    map<kRepeated>(*operands[0], result, const_cast<TensorImpl* const*>(operands + 1), n_inputs, in,
                   kernel);
    if (packed.defined()) copy_elements(out, *packed.impl());
    return;
  }
  const auto in_size = static_cast<int64_t>(item_size(in));
  const auto out_size = static_cast<int64_t>(item_size(out.dtype));
  const bool direct_out = out.dtype == result && loop.inner_is(0, out_size);
  bool direct[kMapped] = {};
  int64_t steps[kMapped];
  int repeated = 0;
  bool whole = direct_out;
  kernels::CastFn from[kMapped] = {};
  for (int i = 0; i < n_inputs; ++i) {
    const bool one = loop.stride[i + 1][0] == 0 && loop.size[0] > 1 && repeated < kRepeated;
    repeated += one;
    steps[i] = one ? 0 : 1;
    direct[i] = operands[i + 1]->dtype == in && loop.inner_is(i + 1, in_size);
    if (operands[i + 1]->dtype != in) from[i] = kernels::cast(in, operands[i + 1]->dtype);
    whole &= direct[i] || one;
  }
  const kernels::CastFn to = out.dtype == result ? nullptr : kernels::cast(out.dtype, result);

  runtime::parallel_for(loop.total, kParallelGrain, [&](int64_t begin, int64_t end) {
    alignas(64) char gathered[kMapped][kMapBlock * 16];
    alignas(64) char converted[kMapped][kMapBlock * 16];
    alignas(64) char results[kMapBlock * 16];
    alignas(64) char stored[kMapBlock * 16];
    for_rows(loop, begin, end, [&](char* const* p, int64_t n) {
      const int64_t step = whole ? n : kMapBlock;
      for (int64_t i = 0; i < n; i += step) {
        const int64_t m = n - i < step ? n - i : step;
        const void* operand[kMapped] = {};
        for (int k = 0; k < n_inputs; ++k) {
          const int64_t stride = loop.stride[k + 1][0];
          const char* src = p[k + 1] + i * stride;
          if (!direct[k]) {
            const int64_t count = steps[k] == 0 ? 1 : m;
            const DType dtype = operands[k + 1]->dtype;
            const auto size = static_cast<int64_t>(item_size(dtype));
            if (steps[k] != 0 && !loop.inner_is(k + 1, size)) {
              copy_row(item_size(dtype), count, gathered[k], size, src, stride);
              src = gathered[k];
            }
            if (from[k]) {
              from[k](count, converted[k], src);
              src = converted[k];
            }
          }
          operand[k] = src;
        }
        char* dst = p[0] + i * loop.stride[0][0];
        if (direct_out) {
          kernel(m, dst, operand, steps);
          continue;
        }
        kernel(m, results, operand, steps);
        const char* src = results;
        if (to) {
          to(m, stored, results);
          src = stored;
        }
        copy_row(item_size(out.dtype), m, dst, loop.stride[0][0], src, out_size);
      }
    });
  });
}

}  // namespace elementwise
WENGERT_NAMESPACE_END
