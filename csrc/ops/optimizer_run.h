// What the optimizer steps share: checking lists of tensors, and one pass over all their elements.
#pragma once

#include <memory>
#include <vector>

#include "kernels/optimizer.h"
#include "ops/op.h"
#include "runtime/denormals.h"
#include "runtime/parallel.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace optimizer {

// Of every list of n inputs but the second, the gradients, elements are replaced.
inline constexpr int kGradients = 1;

// The i-th tensors of all lists must agree in shape and dtype, but for the last lists, which hold
// one number for each parameter.
void check_lists(const char* op, const Infer& m, int n, int lists, int numbers);

// Throws unless the elements of every list but the gradients may be replaced.
void check_writable(const char* op, const Compute& c, int n, int lists);

// The elements of some tensors of one shape, dtype and layout as flat arrays of float32 or float64.
// Tensors of other dtypes or different layouts are worked on as copies, put back by `write_back`.
class FlatArrays {
 public:
  // The i-th tensor of each of `lists` lists of n tensors.
  FlatArrays(TensorImpl* const* tensors, int n, int i, int lists, std::vector<Tensor>& copies);

  int64_t size;  // of one array
  DType dtype;
  void* arrays[kernels::kMaxStepArrays] = {};
};
void write_back(TensorImpl* const* tensors, int n, int lists, const std::vector<Tensor>& copies);

// Counts the changes of every list but the gradients.
void bump_versions(TensorImpl* const* tensors, int n, int lists);

// Fewer parameters than this are not worth a second thread.
inline constexpr int64_t kStepGrain = 2 * kParallelGrain;

// Steps n parameters; of `lists` lists, without those of numbers. constants(i) gives the kernel's
// constants for parameter i and must not throw.
template <class Step, class F>
void run(const Compute& c, int n, int lists,
         kernels::StepFn<Step> kernels::OptimizerKernels::* kernel, F&& constants) {
  struct Item {
    FlatArrays flat;
    kernels::StepFn<Step> fn;
    Step step;
  };
  std::vector<Tensor> copies;
  std::vector<Item> items;
  items.reserve(static_cast<size_t>(n));
  int64_t total = 0;
  for (int i = 0; i < n; ++i) {
    const FlatArrays flat(c.inputs, n, i, lists, copies);
    items.push_back({flat, kernels::optimizer(flat.dtype).*kernel, Step{}});
    total += flat.size;
  }
  for (int i = 0; i < n; ++i) items[static_cast<size_t>(i)].step = constants(i);
  runtime::parallel_for(total, kStepGrain, [&](int64_t begin, int64_t end) {
    // The means of units that have died fade to denormal numbers and would stay there.
    const runtime::FlushDenormals flush;
    int64_t first = 0;  // of the item, counted over all items
    for (const Item& item : items) {
      const int64_t from = begin > first ? begin - first : 0;
      const int64_t to = end - first < item.flat.size ? end - first : item.flat.size;
      first += item.flat.size;
      if (from < to) {
        void* arrays[kernels::kMaxStepArrays];
        const auto bytes = from * static_cast<int64_t>(item_size(item.flat.dtype));
        for (int k = 0; k < kernels::kMaxStepArrays; ++k) {
          arrays[k] = k < lists ? static_cast<char*>(item.flat.arrays[k]) + bytes : nullptr;
        }
        item.fn(to - from, item.step, arrays);
      }
      if (first >= end) return;
    }
  });
  write_back(c.inputs, n, lists, copies);
}

// Calls an operation of this kind.
template <class Op>
void call(const Op& op, TensorImpl* const* tensors, int n_tensors) {
  RecordingGuard off(false);
  OpCall call{op_class<Op>, &op, tensors, n_tensors, nullptr, 0};
  wengert::run(call);
}

}  // namespace optimizer
WENGERT_NAMESPACE_END
