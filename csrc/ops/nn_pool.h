// What the poolings have in common. A pooling over `n` dimensions takes (N, C, ...) or (C, ...)
// with n sizes at the end; a volume is what these n dimensions hold.
#pragma once

#include "kernels/neural.h"
#include "ops/op.h"
#include "runtime/parallel.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN
namespace detail {

// The volumes of a tensor.
struct Volumes {
  int64_t count = 1, size = 1;
  Volumes(Dims shape, int n) {
    const auto batch = shape.size() - static_cast<size_t>(n);
    for (size_t i = 0; i < shape.size(); ++i) (i < batch ? count : size) *= shape[i];
  }
  int64_t grain() const {
    return std::max<int64_t>(kParallelGrain / std::max<int64_t>(size, 1), 1);
  }
  // Indices come from memory that users can write to.
  bool has(int64_t i) const { return static_cast<uint64_t>(i) < static_cast<uint64_t>(size); }
};

// The last n sizes of a tensor, and a shape whose last sizes are replaced.
Shape volume_of(const TensorImpl& x, int n);
Shape with_volume(Dims shape, const Shape& volume);

// The dtype whose kernels serve `t`.
DType pooled_as(DType t);
// Calls f with a T{} of a dtype that pooled_as gives.
template <class F>
void with_pooled_type(DType dtype, F&& f) {
  dtype == DType::float64 ? f(double{}) : dtype == DType::float32 ? f(float{}) : f(int64_t{});
}

enum class Emptiable { batch, batch_and_channels };
// n + 1 or n + 2 dimensions, none empty but those that may be.
void check_pool_input(const char* op, int n, const TensorImpl& x,
                      Emptiable emptiable = Emptiable::batch);
// n numbers from one or n, none below `least`.
Shape pool_sizes(const char* op, const char* what, int n, Dims values, int64_t least);
// The number of windows along each dimension; checks all sizes.
Shape pool_output(const char* op, int n, const TensorImpl& x, const Shape& kernel,
                  const Shape& stride, const Shape& padding, const Shape& dilation, bool ceil_mode);

// The elements of volumes of n dimensions at the positions that index says.
Tensor gather_volumes(const Tensor& x, const Tensor& index, int64_t n);
// x[i] += g[p] where i = index[p], within volumes of the given sizes: the gradient of taking the
// elements that index names.
Tensor scatter_volumes(const Tensor& g, const Tensor& index, const Shape& volume);
// x[i] = g[p], the last one of several; 0 where there is none.
Tensor place_in_volumes(const char* op, const Tensor& g, const Tensor& index, const Shape& volume);

}  // namespace detail
WENGERT_NAMESPACE_END
