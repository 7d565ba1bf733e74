// Connectionist temporal classification: the negative log-likelihood of label sequences whose
// alignment with the input is not known (Graves et al., 2006), by the forward-backward algorithm.
#include <cmath>
#include <limits>

#include "ops/function.h"
#include "ops/nn_loss.h"
#include "ops/operations.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"
#include "tensor/loop.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using detail::Reduction;

template <class T>
constexpr T kImpossible = -std::numeric_limits<T>::infinity();

template <class T>
T log_add(T a, T b) {
  const T high = a > b ? a : b, low = a > b ? b : a;
  return low == kImpossible<T> ? high : high + std::log1p(std::exp(low - high));
}

// One sample: its labels with blanks before, between and after them, and where its rows of
// log-probabilities lie.
template <class T>
struct Sample {
  const T* log_probs;  // row t at t * step
  int64_t step, length, labels, blank;
  const int64_t* targets;

  int64_t states() const { return 2 * labels + 1; }
  int64_t label(int64_t s) const { return s % 2 ? targets[s / 2] : blank; }
  T at(int64_t t, int64_t s) const { return log_probs[t * step + label(s)]; }
  // A path may leave out the blank between two labels that differ.
  bool skips_to(int64_t s) const { return s % 2 && s >= 2 && label(s) != label(s - 2); }

  // alpha[t][s]: the log-probability of all paths that are at state s at time t.
  void forward(T* alpha, int64_t width) const {
    for (int64_t t = 0; t < length; ++t) {
      T* row = alpha + t * width;
      const T* before = row - width;
      for (int64_t s = 0; s < states(); ++s) {
        T a = s < 2 && t == 0 ? T(0) : kImpossible<T>;
        if (t > 0) {
          a = before[s];
          if (s > 0) a = log_add(a, before[s - 1]);
          if (skips_to(s)) a = log_add(a, before[s - 2]);
        }
        row[s] = a + at(t, s);
      }
    }
  }
  T loss(const T* alpha, int64_t width) const {
    if (length == 0) return labels ? -kImpossible<T> : T(0);
    const T* last = alpha + (length - 1) * width + states() - 1;
    return -(labels ? log_add(last[0], last[-1]) : last[0]);
  }
  // Adds to row t of `sums`, class by class, the log-probability of the paths through the class at
  // time t, twice counting it. `beta` holds two rows of log-probabilities of the ends of paths.
  void backward(const T* alpha, int64_t width, T* beta, T* sums, int64_t sum_step) const {
    for (int64_t t = length - 1; t >= 0; --t) {
      T* row = beta + (t % 2) * width;
      const T* after = beta + ((t + 1) % 2) * width;
      const int64_t n = states();
      for (int64_t s = n - 1; s >= 0; --s) {
        T b = t == length - 1 && s >= n - 2 ? T(0) : kImpossible<T>;
        if (t < length - 1) {
          b = after[s];
          if (s + 1 < n) b = log_add(b, after[s + 1]);
          if (s + 2 < n && skips_to(s + 2)) b = log_add(b, after[s + 2]);
        }
        row[s] = b + at(t, s);
        T& sum = sums[t * sum_step + label(s)];
        sum = log_add(sum, alpha[t * width + s] + row[s]);
      }
    }
  }
};

// The samples of a batch; targets are (N, S), padded.
template <class T>
struct Batch {
  Tensor log_probs, targets, input_lengths, target_lengths;
  int64_t blank;

  Batch(const Tensor& x, const Tensor& t, const Tensor& il, const Tensor& tl, int64_t b)
      : log_probs(as_contiguous(x)),
        targets(as_contiguous(t)),
        input_lengths(as_contiguous(il)),
        target_lengths(as_contiguous(tl)),
        blank(b) {
    check();
  }
  int64_t size() const { return log_probs.size(1); }
  int64_t classes() const { return log_probs.size(2); }
  Sample<T> operator[](int64_t i) const {
    return {log_probs.data<T>() + i * classes(),
            size() * classes(),
            input_lengths.data<int64_t>()[i],
            target_lengths.data<int64_t>()[i],
            blank,
            targets.data<int64_t>() + i * targets.size(1)};
  }
  // In a saved program lengths and labels are what its file says.
  void check() const {
    const int64_t time = log_probs.size(0), width = targets.size(1);
    for (int64_t i = 0; i < size(); ++i) {
      const Sample<T> s = (*this)[i];
      WG_CHECK(s.length >= 0 && s.length <= time && s.labels >= 0 && s.labels <= width, IndexError,
               "ctc_loss: sample ", i, " has the lengths ", s.length, " of ", time, " and ",
               s.labels, " of ", width);
      for (int64_t k = 0; k < s.labels; ++k) {
        WG_CHECK(s.targets[k] >= 0 && s.targets[k] < classes(), IndexError, "ctc_loss: target ",
                 s.targets[k], " is out of bounds for ", classes(), " classes");
      }
    }
  }
  template <class F>
  void each(F&& f) const {
    runtime::parallel_for(size(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i);
    });
  }
};

// The gradient with respect to log_probs, which are taken to come from a log_softmax: its own
// gradient is part of it already. Inputs: the gradient of the losses, then those of CtcLoss, its
// losses and its forward table.
struct CtcGradient {
  int64_t blank;
  bool zero_infinity;
  static constexpr const char* name = "ctc_loss_backward";
  WG_FIELDS(blank, zero_infinity)
  void infer(Infer& m) const {
    m.out().dtype = m.in(1).dtype;
    m.out().shape = m.in(1).sizes();
  }
  void compute(Compute& c) const {
    c.out().dtype() == DType::float64 ? run<double>(c) : run<float>(c);
  }
  void vjp(Vjp&) const {
    WG_CHECK(false, Error,
             "ctc_loss: the second derivative is not defined, since the first takes log_probs for "
             "the result of a log_softmax; do without create_graph=True");
  }

 private:
  template <class T>
  void run(Compute& c) const {
    const Batch<T> batch(c.in(1), c.in(2), c.in(3), c.in(4), blank);
    const Tensor g = as_contiguous(c.in(0), c.out().dtype()), losses = as_contiguous(c.in(5)),
                 table = as_contiguous(c.in(6));
    const int64_t time = batch.log_probs.size(0), width = table.size(2);
    const int64_t n = batch.size(), classes = batch.classes();
    const Tensor ends = new_tensor(c.out().dtype(), {n, 2, width});
    T* out = c.out().data<T>();
    batch.each([&](int64_t i) {
      const Sample<T> sample = batch[i];
      const T loss = losses.data<T>()[i], factor = g.data<T>()[i];
      const bool none = zero_infinity && std::isinf(loss);
      T* sums = out + i * classes;
      for (int64_t t = 0; t < time; ++t) {
        const T start = !none && t < sample.length ? kImpossible<T> : T(0);
        for (int64_t k = 0; k < classes; ++k) sums[t * sample.step + k] = start;
      }
      if (none) return;
      sample.backward(table.data<T>() + i * time * width, width, ends.data<T>() + i * 2 * width,
                      sums, sample.step);
      for (int64_t t = 0; t < sample.length; ++t) {
        T* row = sums + t * sample.step;
        const T* lp = sample.log_probs + t * sample.step;
        for (int64_t k = 0; k < classes; ++k) {
          row[k] = factor * (std::exp(lp[k]) - std::exp(row[k] + loss - lp[k]));
        }
      }
    });
  }
};

// Inputs: log_probs (T, N, C), targets (N, S), lengths of the inputs (N) and of the targets (N).
// Outputs: the losses (N) and, for backward, the table of the forward pass (N, T, 2 S + 1).
struct CtcLoss {
  int64_t blank;
  bool zero_infinity;
  static constexpr const char* name = "ctc_loss";
  WG_FIELDS(blank, zero_infinity)
  static constexpr Save saves[] = {save_input(0), save_input(1),  save_input(2),
                                   save_input(3), save_output(0), save_output(1)};
  void infer(Infer& m) const {
    const Dims x = m.in(0).sizes();
    m.out(0).dtype = m.out(1).dtype = m.in(0).dtype;
    m.out(0).shape.push(x[1]);
    for (const int64_t n : {x[1], x[0], 2 * m.in(1).sizes()[1] + 1}) m.out(1).shape.push(n);
  }
  void compute(Compute& c) const {
    c.out(0).dtype() == DType::float64 ? run<double>(c) : run<float>(c);
  }
  void vjp(Vjp& v) const {
    if (!v.grad(0).defined() || !v.needs(0)) return;
    v.set(0, apply(CtcGradient{blank, zero_infinity}, v.grad(0), v.saved(0), v.saved(1), v.saved(2),
                   v.saved(3), v.saved(4), v.saved(5)));
  }

 private:
  template <class T>
  void run(Compute& c) const {
    const Batch<T> batch(c.in(0), c.in(1), c.in(2), c.in(3), blank);
    const int64_t time = batch.log_probs.size(0), width = c.out(1).size(2);
    T *losses = c.out(0).data<T>(), *table = c.out(1).data<T>();
    batch.each([&](int64_t i) {
      const Sample<T> sample = batch[i];
      T* alpha = table + i * time * width;
      sample.forward(alpha, width);
      losses[i] = sample.loss(alpha, width);
    });
  }
};

// The lengths as int64 (n), each at least 0 and at most `most`.
Tensor checked_lengths(const char* what, const Tensor& lengths, int64_t n, int64_t most) {
  const TensorImpl& l = *detail::input("ctc_loss", lengths);
  WG_CHECK(is_integral(l.dtype) && l.dtype != DType::bool_, Error, "ctc_loss: expected ", what,
           " of an integer dtype, but got ", l.dtype);
  WG_CHECK(l.numel == n, Error, "ctc_loss: expected ", what, " for each of ", n,
           " samples, but got ", l.numel);
  const Tensor dense = as_contiguous(reshape(lengths.detach(), {n}), DType::int64);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t v = dense.data<int64_t>()[i];
    WG_CHECK(v >= 0 && v <= most, Error, "ctc_loss: expected ", what, " between 0 and ", most,
             ", but got ", v);
  }
  return dense;
}

// Labels as (n, S), whether they came padded or one sample after another.
Tensor padded_targets(const Tensor& targets, const Tensor& lengths, int64_t classes) {
  const Tensor from = as_contiguous(targets.detach(), DType::int64);
  const int64_t n = lengths.numel(), *length = lengths.data<int64_t>();
  int64_t total = 0, longest = 0;
  for (int64_t i = 0; i < n; ++i) {
    total += length[i];
    longest = length[i] > longest ? length[i] : longest;
  }
  const bool padded = from.dim() == 2;
  if (padded) {
    WG_CHECK(from.size(0) == n && from.size(1) >= longest, Error,
             "ctc_loss: expected padded targets of shape (", n, ", ", longest,
             " or more), but got shape ", from.shape());
  } else {
    WG_CHECK(from.numel() == total, Error, "ctc_loss: expected ", total,
             " labels, the sum of target_lengths, but got ", from.numel());
  }
  const Tensor to = new_tensor(DType::int64, {n, longest});
  int64_t begin = 0;
  for (int64_t i = 0; i < n; ++i) {
    const int64_t* in = from.data<int64_t>() + (padded ? i * from.size(1) : begin);
    int64_t* out = to.data<int64_t>() + i * longest;
    for (int64_t s = 0; s < longest; ++s) {
      out[s] = s < length[i] ? in[s] : 0;
      WG_CHECK(out[s] >= 0 && out[s] < classes, IndexError, "ctc_loss: target ", out[s],
               " is out of bounds for ", classes, " classes");
    }
    begin += length[i];
  }
  return to;
}

}  // namespace

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                const Tensor& target_lengths, int64_t blank, std::string_view reduction,
                bool zero_infinity) {
  const Reduction r = detail::reduction_of("ctc_loss", reduction);
  const TensorImpl &x = *detail::input("ctc_loss", log_probs),
                   &t = *detail::input("ctc_loss", targets);
  WG_CHECK(x.ndim == 2 || x.ndim == 3, Error,
           "ctc_loss: expected log_probs (T, N, C) or (T, C), but got shape ", x.sizes());
  WG_CHECK(x.numel > 0, Error, "ctc_loss: log_probs tensor must not be empty, but has shape ",
           x.sizes());
  WG_CHECK(x.dtype == DType::float32 || x.dtype == DType::float64, NotImplementedError,
           "ctc_loss: not available for dtype ", x.dtype, "; convert log_probs to float32");
  WG_CHECK(
      t.ndim == 1 || t.ndim == 2, Error,
      "ctc_loss: expected targets (N, S), or one after another in one dimension, but got shape ",
      t.sizes());
  const Tensor batched = x.ndim == 2 ? unsqueeze(log_probs, 1) : log_probs;
  const int64_t time = batched.size(0), n = batched.size(1), classes = batched.size(2);
  WG_CHECK(blank >= 0 && blank < classes, Error, "ctc_loss: blank must be in label range, 0 to ",
           classes - 1, ", but got ", blank);
  const Tensor inputs = checked_lengths("input_lengths", input_lengths, n, time);
  const Tensor labels =
      checked_lengths("target_lengths", target_lengths, n, std::numeric_limits<int64_t>::max());
  const Tensor padded = padded_targets(targets, labels, classes);
  Tensor loss = apply_many<2>(CtcLoss{blank, zero_infinity}, batched, padded, inputs, labels)[0];
  if (zero_infinity) loss = where(isinf(loss), zeros({}, x.dtype), loss);
  if (r == Reduction::mean) return mean(div(loss, to(maximum(labels, 1), x.dtype)));
  if (r == Reduction::sum) return sum(loss);
  return x.ndim == 2 ? squeeze(loss, {0}) : loss;
}

namespace {
constexpr Function rows[] = {
    make_function<ctc_loss>(
        "ctc_loss",
        "log_probs, targets, input_lengths, target_lengths, blank=0, reduction='mean', "
        "zero_infinity=False",
        kFunction | kInternal,
        "-log of the probability of label sequences, over all their alignments with (T, N, C) "
        "log-probabilities"),
};
}  // namespace

extern const FunctionTable nn_ctc_loss_functions;
const FunctionTable nn_ctc_loss_functions = {rows, std::size(rows)};

WG_OPERATIONS(nn_ctc_loss, operation<CtcGradient>(), operation<CtcLoss>())

WENGERT_NAMESPACE_END
