#include "ops/reduce_plan.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

Shape wrap_dims(const char* op, Dims dims, int64_t ndim) {
  Shape s;
  if (dims.empty()) {
    for (int64_t i = 0; i < ndim; ++i) s.push(i);
    return s;
  }
  WG_CHECK(dims.size() <= kMaxDims, ValueError, op, ": too many dimensions");
  for (const int64_t d : dims) s.push(wrap_dim(op, d, ndim));
  std::sort(s.d, s.d + s.ndim);
  WG_CHECK(std::adjacent_find(s.d, s.d + s.ndim) == s.d + s.ndim, ValueError, op,
           ": a dimension appears twice in ", dims);
  if (ndim == 0) s.ndim = 0;
  return s;
}

Shape reduced_shape(Dims shape, const Shape& dims, bool keepdim) {
  Shape out;
  int k = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool reduced = k < dims.ndim && dims.d[k] == static_cast<int64_t>(i);
    if (reduced) ++k;
    if (!reduced) {
      out.push(shape[i]);
    } else if (keepdim) {
      out.push(1);
    }
  }
  return out;
}

Tensor spread(const Tensor& g, const Shape& shape, const Shape& dims, bool keepdim) {
  if (g.dim() == 0 && !keepdim) return expand(g, shape);
  return expand(keepdim ? g : reshape(g, reduced_shape(shape, dims, true)), shape);
}

ReduceLayout reduce_layout(const Tensor& x, const Shape& dims, DType dtype) {
  const TensorImpl& t = *x.impl();
  ReduceLayout r;
  r.n = 1;
  for (int i = 0; i < dims.ndim; ++i) r.n *= t.shape()[dims.d[i]];
  const bool adjacent = dims.ndim == 0 || dims.d[dims.ndim - 1] - dims.d[0] == dims.ndim - 1;
  r.outer = r.inner = 1;
  if (adjacent) {
    const int64_t first = dims.ndim ? dims.d[0] : t.ndim;
    const int64_t last = dims.ndim ? dims.d[dims.ndim - 1] : t.ndim;
    for (int i = 0; i < t.ndim; ++i) {
      if (i < first) r.outer *= t.shape()[i];
      if (i > last) r.inner *= t.shape()[i];
    }
    r.x = as_contiguous(x, dtype);
    return r;
  }
  // Kept dimensions first, then the reduced ones.
  Shape order;
  int k = 0;
  for (int i = 0; i < t.ndim; ++i) {
    if (k < dims.ndim && dims.d[k] == i) {
      ++k;
    } else {
      order.push(i);
      r.outer *= t.shape()[i];
    }
  }
  for (int i = 0; i < dims.ndim; ++i) order.push(dims.d[i]);
  r.x = as_contiguous(permute(x, order), dtype);
  return r;
}

namespace {
// A long reduction to few elements is cut into blocks, always the same for one n.
constexpr int64_t kBlock = 1 << 15;
}  // namespace

void reduce_into(const char* op, kernels::Reduce kind, const Tensor& x, const Shape& dims,
                 const TensorImpl& out, DType dtype) {
  RecordingGuard off(false);
  // Kernels read small integers directly and write int64.
  DType read = x.dtype();
  const bool arithmetic = kind == kernels::Reduce::sum || kind == kernels::Reduce::prod;
  const bool widened = arithmetic && is_integral(read) && dtype == DType::int64;
  if (arithmetic && !widened) read = dtype;
  if (read == DType::float16 || read == DType::bfloat16) read = DType::float32;
  kernels::ReduceFn fn = kernels::reduce(kind, read);
  if (!fn && arithmetic && is_integral(dtype)) {  // a narrow integer result is a converted int64
    read = DType::int64;
    fn = kernels::reduce(kind, read);
  }
  WG_CHECK(fn, NotImplementedError, op, ": not available for dtype ", dtype);
  const DType written = kind == kernels::Reduce::any || kind == kernels::Reduce::all ? DType::bool_
                        : arithmetic && is_integral(read)                            ? DType::int64
                                                                                     : read;
  const ReduceLayout r = reduce_layout(x, dims, read);
  Tensor result;
  char* to = out.data;
  if (written != out.dtype || !out.contiguous()) {
    result = new_tensor(written, out.sizes());
    to = result.data<char>();
  }
  const auto in_size = static_cast<int64_t>(item_size(read));
  const auto out_size = static_cast<int64_t>(item_size(written));
  const char* from = r.x.data<char>();
  const int64_t kept = r.outer * r.inner;
  if (kept > 0) {
    if (r.n > kBlock && kept < 64 && kind <= kernels::Reduce::min) {
      // Partial results per block, then one more reduction over them.
      const int64_t blocks = (r.n + kBlock - 1) / kBlock;
      Tensor partial = new_tensor(written, {r.outer, blocks, r.inner});
      char* p = partial.data<char>();
      runtime::parallel_for(r.outer * blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t o = i / blocks, b = i % blocks;
          const int64_t n = std::min(kBlock, r.n - b * kBlock);
          fn(1, n, r.inner, p + i * r.inner * out_size,
             from + (o * r.n + b * kBlock) * r.inner * in_size);
        }
      });
      const kernels::ReduceFn combine = kernels::reduce(kind, written);
      combine(r.outer, blocks, r.inner, to, p);
    } else if (r.inner == 1 || r.outer > 1) {
      const int64_t work = std::max<int64_t>(r.n * r.inner, 1);
      runtime::parallel_for(r.outer, std::max<int64_t>(kParallelGrain / work, 1),
                            [&](int64_t begin, int64_t end) {
                              fn(end - begin, r.n, r.inner, to + begin * r.inner * out_size,
                                 from + begin * r.n * r.inner * in_size);
                            });
    } else {
      fn(1, r.n, r.inner, to, from);
    }
  }
  if (result.defined()) copy_elements(out, *result.impl());
}

WENGERT_NAMESPACE_END
