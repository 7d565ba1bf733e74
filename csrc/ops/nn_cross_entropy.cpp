// Cross entropy of logits, with class indices or class probabilities as targets.
#include <cmath>

#include "kernels/neural.h"
#include "ops/function.h"
#include "ops/nn_loss.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"
#include "wengert/autograd.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::Reduction;

DType computed_as(DType t) { return t == DType::float64 ? t : DType::float32; }
int64_t row_grain(int64_t n) { return kParallelGrain / 4 / (n + 1) + 1; }

// Inputs: logits (rows, classes), int64 targets (rows), and weights of the classes or none.
// Further outputs: the log-sum of each row, and the sum of the rows' weights.
struct CrossEntropy {
  int64_t reduction, ignore_index;
  double smoothing;
  static constexpr const char* name = "cross_entropy";
  WG_FIELDS(reduction, ignore_index, smoothing)
  static constexpr Save saves[] = {save_input(0), save_input(1), save_input(2), save_output(1),
                                   save_output(2)};
  void infer(Infer& m) const {
    const TensorImpl& x = m.in(0);
    m.out(0).dtype = x.dtype;
    if (Reduction(reduction) == Reduction::none) m.out(0).shape.push(x.shape()[0]);
    m.out(1).dtype = computed_as(x.dtype);
    m.out(1).shape.push(x.shape()[0]);
    m.out(2).dtype = DType::float64;
  }
  void compute(Compute& c) const {
    computed_as(c.in(0).dtype()) == DType::float64 ? forward<double>(c) : forward<float>(c);
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined() || !v.needs(0)) return;
    if (v.create_graph()) return formula(v);
    v.grad(0).dtype() == DType::float64 ? backward<double>(v) : backward<float>(v);
  }

 private:
  template <class T>
  static constexpr DType dtype_of = sizeof(T) == 8 ? DType::float64 : DType::float32;

  template <class T>
  void forward(Compute& c) const {
    const Tensor x = as_contiguous(c.in(0), dtype_of<T>), target = as_contiguous(c.in(1));
    const Tensor weight = c.in(2).defined() ? as_contiguous(c.in(2), dtype_of<T>) : Tensor();
    const int64_t n = x.size(0), classes = x.size(1);
    const T* w = weight.defined() ? weight.data<T>() : nullptr;
    const int64_t* t = target.data<int64_t>();
    for (int64_t i = 0; i < n; ++i) {
      WG_CHECK(t[i] == ignore_index || (t[i] >= 0 && t[i] < classes), IndexError,
               "cross_entropy: target ", t[i], " is out of bounds for ", classes, " classes");
    }
    double all = static_cast<double>(classes);
    if (w) {
      all = 0;
      for (int64_t k = 0; k < classes; ++k) all += static_cast<double>(w[k]);
    }
    const double spread = smoothing / static_cast<double>(classes);
    const bool smooth = smoothing > 0;
    const Tensor sums = smooth ? new_tensor(dtype_of<T>, {n}) : Tensor();
    const Tensor losses = new_tensor(DType::float64, {n});
    T* lse = c.out(1).data<T>();
    const auto& kernel = kernels::cross_entropy(dtype_of<T>);
    runtime::parallel_for(n, row_grain(classes), [&](int64_t begin, int64_t end) {
      T* const weighted = smooth ? sums.data<T>() : nullptr;
      kernel.log_sum(end - begin, classes, lse + begin, smooth ? weighted + begin : nullptr,
                     x.data<T>() + begin * classes, w);
      for (int64_t i = begin; i < end; ++i) {
        const T* row = x.data<T>() + i * classes;
        double loss = 0;
        if (t[i] != ignore_index) {
          const double own = w ? static_cast<double>(w[t[i]]) : 1;
          loss = (1 - smoothing) * own * static_cast<double>(lse[i] - row[t[i]]);
          if (smooth) {
            loss += spread * (all * static_cast<double>(lse[i]) - static_cast<double>(weighted[i]));
          }
        }
        losses.data<double>()[i] = loss;
      }
    });
    double total = 0, weights = 0;
    for (int64_t i = 0; i < n; ++i) {
      total += losses.data<double>()[i];
      if (t[i] != ignore_index) weights += w ? static_cast<double>(w[t[i]]) : 1;
    }
    *c.out(2).data<double>() = weights;
    if (Reduction(reduction) == Reduction::none) {
      copy_elements(*c.out().impl(), *losses.impl());
    } else {
      if (Reduction(reduction) == Reduction::mean) total /= weights;
      store_scalar(c.out().dtype(), c.out().data(), total);
    }
  }

  // What each row's loss counts in the result.
  Tensor factor(Vjp& v) const {
    const Tensor& g = v.grad(0);
    if (Reduction(reduction) == Reduction::mean) return div(g, v.saved(4).item());
    return g;
  }

  template <class T>
  void backward(Vjp& v) const {
    const Tensor x = as_contiguous(v.saved(0), dtype_of<T>), target = as_contiguous(v.saved(1));
    const Tensor weight = v.has_saved(2) ? as_contiguous(v.saved(2), dtype_of<T>) : Tensor();
    const Tensor g = as_contiguous(factor(v), DType::float64);
    const int64_t n = x.size(0), classes = x.size(1);
    const T* w = weight.defined() ? weight.data<T>() : nullptr;
    double all = static_cast<double>(classes);
    if (w) {
      all = 0;
      for (int64_t k = 0; k < classes; ++k) all += static_cast<double>(w[k]);
    }
    const double spread = smoothing / static_cast<double>(classes);
    const Tensor gx = new_tensor(dtype_of<T>, x.shape());
    const int64_t* t = target.data<int64_t>();
    const T* lse = v.saved(3).data<T>();
    for (int64_t i = 0; i < n; ++i) {  // their memory may have changed behind the version's back
      WG_CHECK(t[i] == ignore_index || (t[i] >= 0 && t[i] < classes), IndexError,
               "cross_entropy: target ", t[i], " is out of bounds for ", classes, " classes");
    }
    const double* gs = g.data<double>();
    const bool each = Reduction(reduction) == Reduction::none;
    const auto& kernel = kernels::cross_entropy(dtype_of<T>);
    runtime::parallel_for(n, row_grain(classes), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        T* to = gx.data<T>() + i * classes;
        if (t[i] == ignore_index) {
          std::memset(to, 0, sizeof(T) * static_cast<size_t>(classes));
          continue;
        }
        const double f = gs[each ? i : 0];
        const double own = (1 - smoothing) * (w ? static_cast<double>(w[t[i]]) : 1);
        kernel.gradient(classes, to, x.data<T>() + i * classes, static_cast<double>(lse[i]),
                        f * (own + spread * all), f * spread, w);
        to[t[i]] -= static_cast<T>(f * own);
      }
    });
    v.set(0, gx);
  }

  // The same in differentiable operations.
  void formula(Vjp& v) const {
    const Tensor& x = v.saved(0);
    const int64_t n = x.size(0), classes = x.size(1);
    const Tensor target = as_contiguous(v.saved(1));
    Tensor wanted = new_tensor(DType::float64, {n, classes});  // the target distribution
    const Tensor weight = v.has_saved(2) ? as_contiguous(v.saved(2), DType::float64) : Tensor();
    for (int64_t i = 0; i < n; ++i) {
      const int64_t t = target.data<int64_t>()[i];
      double* q = wanted.data<double>() + i * classes;
      for (int64_t k = 0; k < classes; ++k) {
        const double w = weight.defined() ? weight.data<double>()[k] : 1;
        const double share =
            smoothing / static_cast<double>(classes) + (k == t ? 1 - smoothing : 0);
        q[k] = t == ignore_index ? 0 : w * share;
      }
    }
    wanted = to(wanted, x.dtype());
    Tensor f = factor(v);
    if (Reduction(reduction) == Reduction::none) f = reshape(f, {n, 1});
    v.set(0, f * (softmax(x, 1) * sum(wanted, {1}, true) - wanted));
  }
};

// Inputs: logits and the products of probabilities and weights, both (rows, classes). The loss of
// each row, and its log-sum.
struct SoftCrossEntropy {
  static constexpr const char* name = "soft_cross_entropy";
  WG_NO_FIELDS
  static constexpr Save saves[] = {save_input(0), save_input(1), save_output(1)};
  void infer(Infer& m) const {
    m.out(0).dtype = m.in(0).dtype;
    m.out(1).dtype = computed_as(m.in(0).dtype);
    for (int k = 0; k < 2; ++k) m.out(k).shape.push(m.in(0).shape()[0]);
  }
  void compute(Compute& c) const {
    const DType dtype = computed_as(c.in(0).dtype());
    const Tensor x = as_contiguous(c.in(0), dtype), q = as_contiguous(c.in(1), dtype);
    const Tensor losses = new_tensor(DType::float64, {x.size(0)});
    const auto run = [&]<class T>(T) {
      const int64_t classes = x.size(1);
      T* lse = c.out(1).data<T>();
      runtime::parallel_for(x.size(0), row_grain(classes), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T *row = x.data<T>() + i * classes, *p = q.data<T>() + i * classes;
          kernels::cross_entropy(dtype).log_sum(1, classes, lse + i, nullptr, row, nullptr);
          double loss = 0;
          for (int64_t k = 0; k < classes; ++k) {
            loss += static_cast<double>(p[k]) * static_cast<double>(lse[i] - row[k]);
          }
          losses.data<double>()[i] = loss;
        }
      });
    };
    dtype == DType::float64 ? run(double{}) : run(float{});
    copy_elements(*c.out().impl(), *losses.impl());
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined()) return;
    const Tensor &x = v.saved(0), &q = v.saved(1);
    const Tensor g = reshape(v.grad(0), {x.size(0), 1});
    if (v.needs(0)) v.set(0, g * (softmax(x, 1) * sum(q, {1}, true) - q));
    if (v.needs(1)) {
      const Tensor lse = v.create_graph() ? logsumexp(x, {1}, true)
                                          : to(reshape(v.saved(2), {x.size(0), 1}), x.dtype());
      v.set(1, g * (lse - x));
    }
  }
};

// The class dimension last, the others as rows.
Tensor class_rows(const Tensor& t) {
  if (t.dim() == 2) return t;
  if (t.dim() == 1) return unsqueeze(t, 0);
  std::vector<int64_t> order{0};
  for (int64_t i = 2; i < t.dim(); ++i) order.push_back(i);
  order.push_back(1);
  const int64_t classes = t.size(1);
  int64_t rows = t.size(0);
  for (int64_t i = 2; i < t.dim(); ++i) rows *= t.size(i);
  return reshape(permute(t, order), {rows, classes});
}
// The shape without its class dimension.
Shape without_classes(Dims shape) {
  Shape s;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i != (shape.size() == 1 ? 0u : 1u)) s.push(shape[i]);
  }
  return s;
}

}  // namespace

namespace {

// The same in differentiable operations.
Tensor composed(const CrossEntropy& op, const Tensor& rows, const Tensor& target,
                const Tensor& weight) {
  const Tensor counted = ne(target, op.ignore_index);
  const Tensor safe = where(counted, target, zeros({}, target.dtype()));
  const Tensor logs = log_softmax(rows, 1), zero = zeros({}, rows.dtype());
  const Tensor w = weight.defined() ? to(weight, rows.dtype()) : Tensor();
  const Tensor counts = where(
      counted, w.defined() ? index_select(w, 0, safe) : ones(safe.shape(), rows.dtype()), zero);
  const Tensor own = squeeze(gather(logs, 1, unsqueeze(safe, 1)), {1});
  Tensor loss = mul(neg(mul(own, counts)), 1 - op.smoothing);
  if (op.smoothing > 0) {
    const Tensor all = sum(w.defined() ? mul(logs, w) : logs, {1});
    loss =
        sub(loss, where(counted, mul(all, op.smoothing / static_cast<double>(rows.size(1))), zero));
  }
  switch (Reduction(op.reduction)) {
    case Reduction::none:
      return loss;
    case Reduction::sum:
      return sum(loss);
    default:
      return div(sum(loss), sum(counts));
  }
}

}  // namespace

Tensor cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight,
                     std::string_view reduction, int64_t ignore_index, double label_smoothing) {
  const TensorImpl &x = *detail::input("cross_entropy", input),
                   &t = *detail::input("cross_entropy", target);
  const Reduction r = detail::reduction_of("cross_entropy", reduction);
  WG_CHECK(
      x.ndim > 0 && is_floating(x.dtype), Error,
      "cross_entropy: expected floating point logits (C), (N, C) or (N, C, ...), but got shape ",
      x.sizes(), " and dtype ", x.dtype);
  WG_CHECK(label_smoothing >= 0 && label_smoothing <= 1, Error,
           "cross_entropy: label_smoothing must be between 0 and 1, but got ", label_smoothing);
  const int64_t classes = x.shape()[x.ndim == 1 ? 0 : 1];
  WG_CHECK(!weight.defined() || (weight.dim() == 1 && weight.numel() == classes), Error,
           "cross_entropy: expected a weight for each of ", classes, " classes, but got shape ",
           weight.defined() ? weight.shape() : Dims());
  WG_CHECK(!weight.defined() || !weight.requires_grad() || !is_grad_enabled(), Error,
           "cross_entropy: the gradient with respect to weight is not defined; detach() it");
  const Shape rest = without_classes(x.sizes());
  if (is_floating(t.dtype) && t.sizes() == x.sizes()) {
    WG_CHECK(ignore_index < 0, Error,
             "cross_entropy: ignore_index is not supported for class probabilities as targets");
    Tensor q = class_rows(to(target, x.dtype));
    if (label_smoothing > 0) {
      q = add(mul(q, 1 - label_smoothing), label_smoothing / static_cast<double>(classes));
    }
    if (weight.defined()) q = mul(q, weight);
    const Tensor rows = class_rows(input);
    const Tensor loss = transforming() ? neg(sum(mul(q, log_softmax(rows, 1)), {1}))
                                       : apply_many<2>(SoftCrossEntropy{}, rows, q)[0];
    if (r == Reduction::mean) return div(sum(loss), static_cast<double>(loss.numel()));
    return r == Reduction::sum ? sum(loss) : reshape(loss, rest);
  }
  WG_CHECK(detail::is_class_index(t.dtype), Error,
           "cross_entropy: expected class indices (int64 or uint8, of shape ", Dims(rest),
           ") or class probabilities (of shape ", x.sizes(), "), but got shape ", t.sizes(),
           " and dtype ", t.dtype);
  WG_CHECK(!weight.defined() || weight.dtype() == x.dtype, Error,
           "cross_entropy: the input has dtype ", x.dtype, ", but the weight ", weight.dtype());
  const Tensor each_target = detail::checked_targets("cross_entropy", target, rest);
  const Tensor rows = class_rows(input);
  const Tensor indices = reshape(to(each_target, DType::int64), {rows.size(0)});
  const CrossEntropy op{static_cast<int64_t>(r), ignore_index, label_smoothing};
  const Tensor loss = transforming() ? composed(op, rows, indices, weight)
                                     : apply_many<3>(op, rows, indices, weight)[0];
  return r == Reduction::none && Dims(rest) != loss.shape() ? reshape(loss, rest) : loss;
}

namespace {
constexpr Function rows[] = {
    make_function<cross_entropy>(
        "cross_entropy",
        "input, target, weight=None, reduction='mean', ignore_index=-100, label_smoothing=0.0",
        kFunction | kNN,
        "-log(softmax(input))[target], with class indices or class probabilities as targets",
        "T((4, 5)), I((4,), 0, 5)\nT((2, 5, 3)), I((2, 3), 0, 5), T((5,), 0.5, 2), 'none', -100, "
        "0.1\nT((4, 5)), T((4, 5), 0, 1), None, 'sum'\nT((5,)), I((), 0, 5)"),
};
}  // namespace

extern const FunctionTable nn_cross_entropy_functions;
const FunctionTable nn_cross_entropy_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_cross_entropy, operation<CrossEntropy>(), operation<SoftCrossEntropy>())

WENGERT_NAMESPACE_END
