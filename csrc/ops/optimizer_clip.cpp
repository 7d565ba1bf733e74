// The norm and the scaling of many tensors at once, for clipping gradients.
#include <algorithm>
#include <cmath>
#include <complex>

#include "autograd/meta.h"
#include "ops/operations.h"
#include "ops/optimizer.h"
#include "ops/optimizer_run.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Each block is summed for itself, then the blocks in order.
constexpr int64_t kBlock = 1 << 14;

// An order that is 0 or infinite, or of which sum(|x|^order) is taken.
enum class Order { count, sum, maximum, minimum };

template <class T>
double norm_part(Order kind, double order, const T* x, int64_t n) {
  double r = kind == Order::minimum ? INFINITY : 0;
  for (int64_t i = 0; i < n; ++i) {
    const double a = static_cast<double>(std::abs(x[i]));
    switch (kind) {
      case Order::count:
        r = r != 0 || a != 0;
        break;
      case Order::sum:
        r += order == 1 ? a : std::pow(a, order);
        break;
      case Order::maximum:
        r = a > r || a != a ? a : r;
        break;
      case Order::minimum:
        r = a < r || a != a ? a : r;
        break;
    }
  }
  return r;
}

double norm_part(Order kind, double order, DType dtype, const char* x, int64_t n) {
  switch (dtype) {
    case DType::float32:
      return norm_part(kind, order, reinterpret_cast<const float*>(x), n);
    case DType::float64:
      return norm_part(kind, order, reinterpret_cast<const double*>(x), n);
    case DType::complex64:
      return norm_part(kind, order, reinterpret_cast<const std::complex<float>*>(x), n);
    default:
      return norm_part(kind, order, reinterpret_cast<const std::complex<double>*>(x), n);
  }
}

struct GradNorm {
  double p;
  static constexpr const char* name = "grad_norm";
  WG_FIELDS(p)

  void infer(Infer& m) const {
    DType dtype = m.in(0).dtype;
    for (int i = 0; i < m.n_inputs; ++i) {
      WG_CHECK(is_differentiable(m.in(i).dtype), Error, name,
               ": expected tensors of a floating point or complex dtype, but tensor ", i,
               " has dtype ", m.in(i).dtype);
      dtype = promote(dtype, m.in(i).dtype);
    }
    m.out().dtype = real_of(dtype);
  }

  void compute(Compute& c) const {
    struct Block {
      const char* data;
      DType dtype;
      int64_t size;
      int tensor;
    };
    std::vector<Tensor> dense;
    std::vector<Block> blocks;
    for (int i = 0; i < c.n_inputs; ++i) {
      const DType t = c.inputs[i]->dtype;
      const bool half = is_half(t);
      dense.push_back(as_contiguous(c.in(i), half ? DType::float32 : t));
      const TensorImpl& x = *dense.back().impl();
      const auto item = static_cast<int64_t>(item_size(x.dtype));
      for (int64_t b = 0; b < x.numel; b += kBlock) {
        blocks.push_back({x.data + b * item, x.dtype, std::min(kBlock, x.numel - b), i});
      }
    }
    const Order kind = p == 0           ? Order::count
                       : !std::isinf(p) ? Order::sum
                       : p > 0          ? Order::maximum
                                        : Order::minimum;
    std::vector<double> parts(blocks.size());
    runtime::parallel_for(static_cast<int64_t>(blocks.size()), 4, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) {
        const Block& b = blocks[static_cast<size_t>(k)];
        double& part = parts[static_cast<size_t>(k)];
        if (p == 2) {
          const DType real = real_of(b.dtype);
          const int64_t n = real == b.dtype ? b.size : 2 * b.size;
          part = kernels::optimizer(real).sum_of_squares(n, b.data);
        } else {
          part = norm_part(kind, p, b.dtype, b.data, b.size);
        }
      }
    });
    double r;
    if (kind == Order::count) {
      // The norm of order 0 of the norms: how many tensors are not zero.
      std::vector<bool> nonzero(static_cast<size_t>(c.n_inputs));
      for (size_t k = 0; k < blocks.size(); ++k) {
        if (parts[k] != 0) nonzero[static_cast<size_t>(blocks[k].tensor)] = true;
      }
      r = static_cast<double>(std::count(nonzero.begin(), nonzero.end(), true));
    } else if (kind == Order::sum) {
      double sum = 0;
      for (const double part : parts) sum += part;
      r = p == 2 ? std::sqrt(sum) : std::pow(sum, 1 / p);
    } else {
      r = norm_part(kind, p, parts.data(), static_cast<int64_t>(parts.size()));
    }
    store_scalar(c.out().dtype(), c.out().data(), r);
  }
};

// The factor comes first.
struct ScaleAll {
  static constexpr const char* name = "scale_";
  WG_NO_FIELDS

  void infer(Infer& m) const {
    WG_CHECK(m.in(0).numel == 1 && !is_complex(m.in(0).dtype), Error, name,
             ": expected a real factor of one element, but got shape ", m.in(0).sizes(),
             " and dtype ", m.in(0).dtype);
    for (int i = 1; i < m.n_inputs; ++i) {
      WG_CHECK(is_differentiable(m.in(i).dtype), Error, name,
               ": expected tensors of a floating point or complex dtype, but tensor ", i - 1,
               " has dtype ", m.in(i).dtype);
    }
  }
  void compute(Compute& c) const {
    const double factor = load_scalar(c.inputs[0]->dtype, c.inputs[0]->data).to_double();
    TensorImpl* const* tensors = c.inputs + 1;
    const int n = c.n_inputs - 1;
    for (int i = 0; i < n; ++i) check_in_place(name, *tensors[i]);
    std::vector<Tensor> copies;
    std::vector<optimizer::FlatArrays> items;
    for (int i = 0; i < n; ++i) items.emplace_back(tensors, n, i, 1, copies);
    for (const optimizer::FlatArrays& item : items) {
      const auto bytes = static_cast<int64_t>(item_size(item.dtype));
      runtime::parallel_for(item.size, optimizer::kStepGrain, [&](int64_t begin, int64_t end) {
        kernels::optimizer(item.dtype)
            .scale(end - begin, factor, static_cast<char*>(item.arrays[0]) + begin * bytes);
      });
    }
    optimizer::write_back(tensors, n, 1, copies);
    for (int i = 0; i < n; ++i) tensors[i]->bump_version();
  }
};

}  // namespace

Tensor grad_norm(TensorImpl* const* tensors, int n, double p) {
  WG_CHECK(n > 0, ValueError, "grad_norm: expected at least one tensor");
  const GradNorm op{p};
  Tensor out;
  OpCall call{op_class<GradNorm>, &op, tensors, n, &out, 1};
  run(call);
  return out;
}
void scale_all_(TensorImpl* const* factor_and_tensors, int n) {
  optimizer::call(ScaleAll{}, factor_and_tensors, 1 + n);
}

WG_OPERATIONS(optimizer_clip, operation<GradNorm>(), operation<ScaleAll>())

WENGERT_NAMESPACE_END
