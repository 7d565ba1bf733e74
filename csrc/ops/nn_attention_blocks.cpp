// Attention computed for some queries at a time: the weights of the whole never exist at once, and
// the gradient computes them anew. Sources: Rabe and Staats, arXiv:2112.05682 (2021); Dao et al.,
// NeurIPS 2022.
#include <algorithm>
#include <limits>
#include <utility>

#include "kernels/gemm.h"
#include "kernels/reduce.h"
#include "ops/nn_attention.h"
#include "ops/random_fill.h"
#include "runtime/parallel.h"
#include "tensor/copy.h"

WENGERT_NAMESPACE_BEGIN

namespace {

// Fewer multiply-adds than this are not worth a second thread.
constexpr int64_t kSerialWork = 1 << 19;
// Weights that a block of queries may have, and the least and greatest number of its queries.
constexpr int64_t kBlockWeights = 1 << 17, kLeastQueries = 32, kMostQueries = 128;

// Matrices that GEMM can read in place: the elements of a row follow each other.
template <class T>
struct Matrices {
  Matrices() = default;
  explicit Matrices(const Tensor& given) : t(given) {
    const auto readable = [](const TensorImpl& x) {
      return (x.strides()[3] == 1 || x.shape()[3] <= 1) &&
             (x.strides()[2] >= x.shape()[3] || x.shape()[2] <= 1);
    };
    constexpr DType dtype = sizeof(T) == 8 ? DType::float64 : DType::float32;
    if (t.dtype() != dtype || !readable(*t.impl())) t = dense_copy(*t.impl(), dtype);
    const TensorImpl& x = *t.impl();
    data = reinterpret_cast<T*>(x.data);
    batch = x.strides()[0];
    head = x.strides()[1];
    heads = x.shape()[1];
    columns = x.shape()[3];
    row = std::max<int64_t>(x.shape()[2] > 1 ? x.strides()[2] : columns, 1);
  }
  T* at(int64_t n, int64_t h, int64_t r) const { return data + n * batch + h * head + r * row; }

  Tensor t;
  T* data = nullptr;
  int64_t batch = 0, head = 0, row = 1, heads = 1, columns = 0;
};

// One factor of a product.
template <class T>
struct Block {
  const T* data;
  int64_t ld;
  bool turned = false;
};

// c (m, n) = or += a b over k.
template <class T>
void multiply(T* c, int64_t ldc, int64_t m, int64_t n, int64_t k, Block<T> a, Block<T> b,
              bool accumulate = false) {
  kernels::Gemm g;
  g.dtype = sizeof(T) == 8 ? DType::float64 : DType::float32;
  g.transpose_a = a.turned;
  g.transpose_b = b.turned;
  g.m = m;
  g.n = n;
  g.k = k;
  g.a = a.data;
  g.lda = a.ld;
  g.b = b.data;
  g.ldb = b.ld;
  g.c = c;
  g.ldc = ldc;
  g.accumulate = accumulate;
  kernels::gemm(g);
}

// The first n weights of a row of `length`, dropped or scaled; `memory` has room for n.
template <class T>
void drop_weights(const AttentionRule& rule, const DropoutNumbers& numbers, int64_t row,
                  int64_t length, int64_t n, T* to, const T* from, T* memory) {
  const uint64_t counter =
      kernels::random_counter(rule.offset, row * attention_random_row(length), false);
  kernels::random().dropout[sizeof(T) == 8](n, to, memory, from, rule.seed, counter,
                                            numbers.threshold, numbers.keep);
}

template <class T>
class Blocks {
 public:
  Blocks(const AttentionRule& rule, const Tensor& query, const Tensor& key, const Tensor& value,
         const Tensor& mask)
      : rule_(rule),
        dropout_(rule.p),
        q_(query),
        k_(key),
        v_(value),
        mask_(mask),
        dtype_(sizeof(T) == 8 ? DType::float64 : DType::float32),
        softmax_(kernels::softmax(dtype_)),
        batches_(query.size(0)),
        heads_(query.size(1)),
        queries_(query.size(2)),
        keys_(key.size(2)) {
    step_ = std::clamp(kBlockWeights / std::max<int64_t>(keys_, 1), kLeastQueries, kMostQueries);
    step_ = std::min(step_, std::max<int64_t>(queries_, 1));
    row_ = keys_ + 64 / static_cast<int64_t>(sizeof(T));
  }

  void forward(const Tensor& out) const {
    const Matrices<T> y(out);
    const int64_t blocks = (queries_ + step_ - 1) / step_;
    const int64_t work = step_ * (keys_ + 1) * (q_.columns + v_.columns + 1);
    runtime::parallel_for(
        batches_ * heads_ * blocks, kSerialWork / work + 1, [&](int64_t begin, int64_t end) {
          const Tensor memory = new_tensor(dtype_, {step_ * (q_.columns + row_) + keys_});
          T *q = memory.data<T>(), *p = q + step_ * q_.columns, *factors = p + step_ * row_;
          for (int64_t i = begin; i < end; ++i) {
            const Place at = place(i / blocks / heads_, i / blocks % heads_, i % blocks);
            weights(at, q, p);
            if (rule_.p > 0) drop(at, p, p, factors);
            multiply<T>(y.at(at.n, at.h, at.begin), y.row, at.count, v_.columns, at.keys, {p, row_},
                        {v_.at(at.n, at.h / group(v_), 0), v_.row});
          }
        });
  }

  void backward(const Tensor& grad, const AttentionGradients& gradients) const {
    const Matrices<T> g(grad);
    const auto open = [](const Tensor& t) { return t.defined() ? Matrices<T>(t) : Matrices<T>(); };
    const Matrices<T> gq = open(gradients.query), gk = open(gradients.key),
                      gv = open(gradients.value);
    const int64_t blocks = (queries_ + step_ - 1) / step_, each = group(k_);
    // A task has the keys and values of one head, and the queries that use them.
    runtime::parallel_tasks(batches_ * k_.heads, [&](int64_t i) {
      const Tensor memory =
          new_tensor(dtype_, {step_ * (q_.columns + (rule_.p > 0 ? 3 : 2) * row_) + keys_});
      T *factors = memory.data<T>(), *q = factors + keys_, *p = q + step_ * q_.columns,
        *gp = p + step_ * row_, *dropped = rule_.p > 0 ? gp + step_ * row_ : p;
      const int64_t n = i / k_.heads, h = i % k_.heads;
      for (int64_t j = 0; j < each * blocks; ++j) {
        const Place at = place(n, h * each + j / blocks, j % blocks);
        weights(at, q, p);
        const T* gy = g.at(at.n, at.h, at.begin);
        if (gv.data) {
          if (rule_.p > 0) drop(at, dropped, p, factors);
          multiply<T>(gv.at(n, h, 0), gv.row, at.keys, v_.columns, at.count, {dropped, row_, true},
                      {gy, g.row}, true);
        }
        if (!gq.data && !gk.data) continue;
        multiply<T>(gp, row_, at.count, at.keys, v_.columns, {gy, g.row},
                    {v_.at(n, h, 0), v_.row, true});
        if (rule_.p > 0) drop(at, gp, gp, factors);
        for (int64_t r = 0; r < at.count; ++r) {
          T* row = gp + r * row_;
          softmax_.softmax_grad(1, at.keys, row, row, p + r * row_);
        }
        if (gk.data) {
          multiply<T>(gk.at(n, h, 0), gk.row, at.keys, k_.columns, at.count, {gp, row_, true},
                      {q, q_.columns}, true);
        }
        if (gq.data) {
          T* to = gq.at(at.n, at.h, at.begin);
          multiply<T>(to, gq.row, at.count, q_.columns, at.keys, {gp, row_},
                      {k_.at(n, h, 0), k_.row});
          for (int64_t r = 0; r < at.count; ++r, to += gq.row) scaled(to, to);
        }
      }
    });
  }

 private:
  // Some queries of one head, and how many keys the last of them sees.
  struct Place {
    int64_t n, h, begin, count, keys;
  };
  Place place(int64_t n, int64_t h, int64_t block) const {
    const int64_t begin = block * step_, end = std::min(begin + step_, queries_);
    return {n, h, begin, end - begin, rule_.causal ? std::min(end, keys_) : keys_};
  }
  int64_t group(const Matrices<T>& m) const { return heads_ / std::max<int64_t>(m.heads, 1); }

  void scaled(T* to, const T* from) const {
    const auto factor = static_cast<T>(rule_.scale);
    for (int64_t j = 0; j < q_.columns; ++j) to[j] = from[j] * factor;
  }

  // q: the queries times the scale; p: their weights.
  void weights(const Place& at, T* q, T* p) const {
    for (int64_t r = 0; r < at.count; ++r)
      scaled(q + r * q_.columns, q_.at(at.n, at.h, at.begin + r));
    multiply<T>(p, row_, at.count, at.keys, q_.columns, {q, q_.columns},
                {k_.at(at.n, at.h / group(k_), 0), k_.row, true});
    for (int64_t r = 0; r < at.count; ++r, p += row_) {
      const int64_t seen = rule_.causal ? std::min(at.begin + r + 1, keys_) : keys_;
      if (!mask_.defined() || mask(at.n, at.h, at.begin + r, p)) {
        softmax_.softmax(1, seen, p, p);
        std::fill(p + seen, p + at.keys, T{0});
      } else {
        std::fill(p, p + at.keys, T{0});
      }
    }
  }

  // Whether any key takes part in the row.
  bool mask(int64_t n, int64_t h, int64_t row, T* x) const {
    const TensorImpl& m = *mask_.impl();
    const int64_t* s = m.strides();
    const int64_t at = n * s[0] + h * s[1] + row * s[2];
    constexpr T kNothing = -std::numeric_limits<T>::infinity();
    const auto with = [&](const auto* given, auto combine) {
      if (s[3] == 1) {  // a form that vectorises
        for (int64_t j = 0; j < keys_; ++j) x[j] = combine(x[j], given[j]);
      } else {
        for (int64_t j = 0; j < keys_; ++j) x[j] = combine(x[j], given[j * s[3]]);
      }
    };
    if (m.dtype == DType::bool_) {
      with(reinterpret_cast<const uint8_t*>(m.data) + at,
           [](T a, uint8_t b) { return b ? a : kNothing; });
    } else {
      with(reinterpret_cast<const T*>(m.data) + at, [](T a, T b) { return a + b; });
    }
    return std::any_of(x, x + keys_, [](T a) { return a != kNothing; });
  }

  void drop(const Place& at, T* to, const T* from, T* memory) const {
    const int64_t first = (at.n * heads_ + at.h) * queries_ + at.begin;
    for (int64_t r = 0; r < at.count; ++r)
      drop_weights(rule_, dropout_, first + r, keys_, at.keys, to + r * row_, from + r * row_,
                   memory);
  }

  const AttentionRule& rule_;
  DropoutNumbers dropout_;
  Matrices<T> q_, k_, v_;
  Tensor mask_;
  DType dtype_;
  const kernels::SoftmaxKernels& softmax_;
  int64_t batches_, heads_, queries_, keys_, step_;
  // Elements from a row of weights to the next: a cache line more than the keys, since rows that
  // are a power of two apart displace each other from the first-level cache.
  int64_t row_;
};

template <class F>
void with_type(DType dtype, F&& f) {
  dtype == DType::float64 ? f(double{}) : f(float{});
}

}  // namespace

void attention(const AttentionRule& rule, const Tensor& query, const Tensor& key,
               const Tensor& value, const Tensor& mask, const Tensor& out) {
  with_type(out.dtype(),
            [&]<class T>(T) { Blocks<T>(rule, query, key, value, mask).forward(out); });
}

void attention_gradient(const AttentionRule& rule, const Tensor& query, const Tensor& key,
                        const Tensor& value, const Tensor& mask, const Tensor& grad,
                        const AttentionGradients& gradients) {
  with_type(query.dtype(), [&]<class T>(T) {
    Blocks<T>(rule, query, key, value, mask).backward(grad, gradients);
  });
}

int64_t attention_random_row(int64_t n) {
  constexpr int64_t kGroup = kernels::kRandomGroup;
  return (n + kGroup - 1) / kGroup * kGroup;
}

Tensor attention_dropout(const AttentionRule& rule, Dims shape, DType dtype) {
  const Tensor out = new_tensor(dtype, shape);
  const DropoutNumbers numbers(rule.p);
  const int64_t n = shape[3], rows = n ? out.numel() / n : 0;
  with_type(dtype, [&]<class T>(T) {
    T* to = out.data<T>();
    std::fill(to, to + out.numel(), T{1});
    const Tensor memory = new_tensor(dtype, {n});
    for (int64_t r = 0; r < rows; ++r, to += n) {
      drop_weights(rule, numbers, r, n, n, to, to, memory.data<T>());
    }
  });
  return out;
}

WENGERT_NAMESPACE_END
