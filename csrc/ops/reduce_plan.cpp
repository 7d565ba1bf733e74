#include "ops/reduce_plan.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

DimSet wrap_dims(const char* op, Dims dims, int64_t ndim) {
  if (dims.empty()) return DimSet((1u << ndim) - 1);
  uint32_t bits = 0;
  for (const int64_t d : dims) {
    const uint32_t bit = 1u << wrap_dim(op, d, ndim);
    WG_CHECK(!(bits & bit), Error, op, ": a dimension appears twice in ", dims);
    bits |= bit;
  }
  return DimSet(ndim == 0 ? 0 : bits);
}

Shape reduced_shape(Dims shape, DimSet dims, bool keepdim) {
  Shape out;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!dims.has(static_cast<int>(i))) {
      out.push(shape[i]);
    } else if (keepdim) {
      out.push(1);
    }
  }
  return out;
}

int64_t reduced_count(Dims shape, DimSet dims) {
  int64_t n = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (dims.has(static_cast<int>(i))) n *= shape[i];
  }
  return n;
}

Tensor keep_dims(const Tensor& t, const Shape& shape, DimSet dims, bool keepdim) {
  return keepdim || dims.bits == 0 ? t : reshape(t, reduced_shape(shape, dims, true));
}

Tensor spread(const Tensor& g, const Shape& shape, DimSet dims, bool keepdim) {
  if (g.dim() == 0) return expand(g, shape);
  return expand(keep_dims(g, shape, dims, keepdim), shape);
}

Tensor pick(const Tensor& t, const Tensor& index, int64_t dim, bool keepdim) {
  if (t.dim() == 0) return t;
  const Tensor g = gather(t, dim, keepdim ? index : unsqueeze(index, dim));
  return keepdim ? g : squeeze(g, {dim});
}

Tensor unpick(const Tensor& g, const Tensor& index, const Shape& shape, int64_t dim, bool keepdim) {
  const bool dropped = !keepdim && shape.ndim > 0;
  return scatter(zeros(shape, g.dtype()), dim, dropped ? unsqueeze(index, dim) : index,
                 dropped ? unsqueeze(g, dim) : g);
}

Tensor share_equally(const Tensor& g, const Tensor& x, const Tensor& y, DimSet dims, bool keepdim) {
  const Shape shape = x.shape();
  const Tensor extreme = keep_dims(y, shape, dims, keepdim);
  Tensor equal = eq(x, extreme);
  if (!recording() && !(thread_mode.word & kTransformModes)) {
    // NaN is equal to nothing, yet it is what made a result NaN.
    if (any(isnan(extreme)).item().to_bool()) equal = logical_or(equal, isnan(x));
  } else {
    equal = logical_or(equal, logical_and(isnan(x), isnan(extreme)));
  }
  const Tensor count = sum(equal, dims.bits ? Dims(static_cast<Shape>(dims)) : Dims(), true);
  const Tensor part = div(keep_dims(g, shape, dims, keepdim), count.to(g.dtype()));
  return where(equal, part, zeros({}, g.dtype()));
}

ReduceLayout reduce_layout(const Tensor& x, DimSet dims, DType dtype) {
  const TensorImpl& t = *x.impl();
  ReduceLayout r;
  r.n = reduced_count(t.sizes(), dims);
  r.outer = r.inner = 1;
  const int first = dims.bits ? std::countr_zero(dims.bits) : t.ndim;
  const int last = dims.bits ? 31 - std::countl_zero(dims.bits) : t.ndim;
  if (dims.adjacent()) {
    for (int i = 0; i < t.ndim; ++i) {
      if (i < first) r.outer *= t.shape()[i];
      if (i > last) r.inner *= t.shape()[i];
    }
    r.x = as_contiguous(x, dtype);
    return r;
  }
  // Kept dimensions first, then the reduced ones.
  Shape order;
  for (int i = 0; i < t.ndim; ++i) {
    if (dims.has(i)) continue;
    order.push(i);
    r.outer *= t.shape()[i];
  }
  for (int i = 0; i < t.ndim; ++i) {
    if (dims.has(i)) order.push(i);
  }
  r.x = as_contiguous(permute(x, order), dtype);
  return r;
}

ReduceLayout reduce_rows(const Tensor& x, DimSet dims, DType dtype) {
  ReduceLayout r = reduce_layout(x, dims, dtype);
  if (r.inner == 1) return r;
  r.x = as_contiguous(transpose(view(r.x, {r.outer, r.n, r.inner}), 1, 2));
  r.outer *= r.inner;
  r.inner = 1;
  return r;
}

void copy_flat(const TensorImpl& to, const Tensor& from) {
  int64_t strides[kMaxDims];
  row_major_strides(to.shape(), to.ndim, strides);
  copy_elements(to, *new_alias(*from.impl(), to.sizes(), strides, from.impl()->data).impl());
}

namespace {

struct Plan {
  kernels::ReduceFn fn;
  DType read, written;
};

// The neighbours among the dimensions to be reduced that have the most elements together.
DimSet largest_run(Dims shape, DimSet dims) {
  DimSet best(0), run(0);
  for (int i = 0; i < static_cast<int>(shape.size()); ++i) {
    run = DimSet(dims.has(i) ? run.bits | 1u << i : 0);
    if (run.bits && (!best.bits || reduced_count(shape, run) > reduced_count(shape, best)))
      best = run;
  }
  return best;
}

// Kernels read small integers directly and write int64.
Plan plan(const char* op, kernels::Reduce kind, DType x, DType dtype) {
  const bool arithmetic = kind == kernels::Reduce::sum || kind == kernels::Reduce::prod;
  const bool widened = arithmetic && is_integral(x) && dtype == DType::int64;
  DType read = compute_dtype(arithmetic && !widened ? dtype : x);
  // A narrow integer result is a converted int64.
  if (arithmetic && is_integral(dtype) && !widened) read = DType::int64;
  const kernels::ReduceFn fn = kernels::reduce(kind, read);
  WG_CHECK(fn, NotImplementedError, op, ": not available for dtype ", dtype);
  const DType written = kind == kernels::Reduce::any || kind == kernels::Reduce::all ? DType::bool_
                        : arithmetic && is_integral(read)                            ? DType::int64
                                                                                     : read;
  return {fn, read, written};
}

void reduce_dense(const Plan& p, kernels::Reduce kind, const ReduceLayout& r, char* to) {
  const auto in_size = static_cast<int64_t>(item_size(p.read));
  const auto out_size = static_cast<int64_t>(item_size(p.written));
  const char* from = r.x.impl()->data;
  const int64_t rows = r.inner == 1 ? kReduceBlock : std::max<int64_t>(kReduceBlock / r.inner, 64);
  if (r.n > rows && r.outer < 64) {
    // Partial results per block, then one more reduction over them.
    const int64_t blocks = (r.n + rows - 1) / rows;
    Tensor partial = new_tensor(p.written, {r.outer, blocks, r.inner});
    char* part = partial.data<char>();
    runtime::parallel_for(r.outer * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t o = i / blocks, b = i % blocks;
        p.fn(1, std::min(rows, r.n - b * rows), r.inner, part + i * r.inner * out_size,
             from + (o * r.n + b * rows) * r.inner * in_size);
      }
    });
    kernels::reduce(kind, p.written)(r.outer, blocks, r.inner, to, part);
    return;
  }
  const int64_t work = std::max<int64_t>(r.n * r.inner, 1);
  runtime::parallel_for(r.outer, std::max<int64_t>(kParallelGrain / work, 1),
                        [&](int64_t begin, int64_t end) {
                          p.fn(end - begin, r.n, r.inner, to + begin * r.inner * out_size,
                               from + begin * r.n * r.inner * in_size);
                        });
}

}  // namespace

void reduce_into(const char* op, kernels::Reduce kind, const Tensor& x, DimSet dims,
                 const TensorImpl& out, DType dtype) {
  const TensorImpl& t = *x.impl();
  const Plan p = plan(op, kind, t.dtype, dtype);
  const bool direct = p.written == out.dtype && out.contiguous();
  if (direct && out.numel == 1 && t.contiguous() && t.dtype == p.read && t.numel <= kReduceBlock) {
    p.fn(1, t.numel, 1, out.data, t.data);
    return;
  }
  if (out.numel == 0) return;
  RecordingGuard off(false);
  if (!dims.adjacent()) {
    const DimSet first = largest_run(t.sizes(), dims);
    // One run of dimensions after the other needs no copy with the dimensions in another order.
    const Tensor partial = new_tensor(p.written, reduced_shape(t.sizes(), first, true));
    reduce_into(op, kind, x, first, *partial.impl(), dtype);
    reduce_into(op, kind, partial, DimSet(dims.bits & ~first.bits), out, dtype);
    return;
  }
  const ReduceLayout r = reduce_layout(x, dims, p.read);
  if (direct) {
    reduce_dense(p, kind, r, out.data);
    return;
  }
  const Tensor result = new_tensor(p.written, out.sizes());
  reduce_dense(p, kind, r, result.data<char>());
  copy_elements(out, *result.impl());
}

WENGERT_NAMESPACE_END
