// Attention for some queries and some keys at a time: the weights of the whole never exist at once,
// and the gradient computes them anew from what is kept of each row. Sources: Milakov and
// Gimelshein, arXiv:1805.02867 (2018); Rabe and Staats, arXiv:2112.05682 (2021); Dao et al.,
// NeurIPS 2022.
#include <algorithm>
#include <array>
#include <limits>

#include "kernels/attention.h"
#include "ops/nn_attention.h"
#include "ops/nn_attention_rows.h"
#include "ops/random_fill.h"
#include "runtime/parallel.h"
#include "wengert/ops.h"

WENGERT_NAMESPACE_BEGIN

namespace {

using namespace attention_detail;

// Fewer multiply-adds than this are not worth a second thread.
constexpr int64_t kSerialWork = 1 << 19;
// Queries and keys of a block: their weights stay in the second-level cache.
constexpr int64_t kQueries = 128, kKeys = 256;
// Of fewer queries at a time less is computed that is not seen.
constexpr int64_t kCausalQueries = 64;
static_assert(kKeys % kernels::kRandomGroup == 0);
// From so many queries of a head on, its keys and values are put in the order of the products.
constexpr int64_t kPackedQueries = 48;

// n weights of a row of `length`, from the one at `begin` on, dropped or scaled; `memory` has room
// for n.
template <class T>
void drop_weights(const AttentionRule& rule, const DropoutNumbers& numbers, int64_t row,
                  int64_t length, int64_t begin, int64_t n, T* to, const T* from, T* memory) {
  const uint64_t counter =
      kernels::random_counter(rule.offset, row * attention_random_row(length) + begin, false);
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
        kernel_(kernels::attention(kDType<T>)),
        batches_(query.size(0)),
        heads_(query.size(1)),
        queries_(query.size(2)),
        keys_(key.size(2)),
        step_(std::clamp<int64_t>(queries_, 1, rule.causal ? kCausalQueries : kQueries)),
        blocks_((queries_ + step_ - 1) / step_),
        each_(heads_ / std::max<int64_t>(k_.heads, 1)),
        row_(std::min(keys_, kKeys) + 64 / static_cast<int64_t>(sizeof(T))) {}

  void forward(const Tensor& out, const Tensor& sums) const {
    const Matrices<T> y(out);
    const int64_t work = step_ * (keys_ + 1) * (q_.columns + v_.columns + 1);
    runtime::parallel_for(
        batches_ * heads_ * blocks_, kSerialWork / work + 1, [&](int64_t begin, int64_t end) {
          Rows<T> keys(packed(), true, kKeys), values(packed(), false, kKeys);
          const Memory memory({step_ * q_.columns, step_ * row_, kKeys, 3 * step_, size(q_.columns),
                               size(v_.columns)});
          T *q = memory[0], *p = memory[1], *largest = memory[3], *total = largest + step_,
            *factor = total + step_;
          std::array<int64_t, kQueries> seen;
          for (int64_t i = begin; i < end; ++i) {
            const Place at = place(i / blocks_ / heads_, i / blocks_ % heads_, i % blocks_);
            if (i == begin || (at.begin == 0 && at.h % each_ == 0)) {
              set(keys, k_, at.n, at.h / each_, memory[4]);
              set(values, v_, at.n, at.h / each_, memory[5]);
            }
            set_queries(at, q);
            std::fill(largest, largest + step_, -std::numeric_limits<T>::infinity());
            std::fill(total, total + step_, T{0});
            T* const to = y.at(at.n, at.h, at.begin);
            for (int64_t j = 0; j < at.keys; j += kKeys) {
              const int64_t count = scores(at, j, q, keys, p);
              for (int64_t r = 0; r < at.count; ++r) {
                seen[static_cast<size_t>(r)] = seen_of(at, r, j, count);
              }
              kernel_.take(at.count, seen.data(), p, row_, largest, total, factor);
              for (int64_t r = 0; r < at.count; ++r) {
                std::fill(p + r * row_ + seen[static_cast<size_t>(r)], p + r * row_ + count, T{0});
                if (j > 0 && factor[r] != 1) kernel_.scale(v_.columns, to + r * y.row, factor[r]);
              }
              if (rule_.p > 0) drop(at, j, count, p, p, memory[2]);
              multiply<T>(to, y.row, at.count, v_.columns, count, {p, row_}, values.at(j), j > 0);
            }
            finish(at, to, y.row, largest, total, sums);
          }
        });
  }

  void backward(const Tensor& grad, const Tensor& out, const Tensor& sums,
                const AttentionGradients& gradients) const {
    const Matrices<T> g(grad), y(out);
    const auto open = [](const Tensor& t) { return t.defined() ? Matrices<T>(t) : Matrices<T>(); };
    const Matrices<T> gq = open(gradients.query), to_k = open(gradients.key),
                      to_v = open(gradients.value);
    const bool needs_k = gradients.key.defined(), needs_v = gradients.value.defined();
    const bool needs_scores = gq.data || needs_k;
    // The gradients of keys and values are summed as their transposes, whose rows are longer.
    const int64_t ld = keys_ + 64 / static_cast<int64_t>(sizeof(T));
    // A task has the keys and values of one head, and the queries that use them.
    runtime::parallel_tasks(batches_ * k_.heads, [&](int64_t i) {
      const int64_t n = i / k_.heads, h = i % k_.heads;
      Rows<T> keys(packed(), true, kKeys), values(packed(), true, kKeys),
          queries_of(packed(), false, kKeys);
      const Memory memory({step_ * q_.columns, step_ * row_, kKeys, step_ * row_,
                           rule_.p > 0 ? step_ * row_ : 0, size(q_.columns), size(v_.columns),
                           size(q_.columns), q_.columns * ld, v_.columns * ld});
      T *q = memory[0], *p = memory[1], *gp = memory[3], *gk = memory[8], *gv = memory[9];
      T* const dropped = rule_.p > 0 ? memory[4] : p;
      set(keys, k_, n, h, memory[5]);
      if (needs_scores) set(values, v_, n, h, memory[6]);
      if (gq.data) set(queries_of, k_, n, h, memory[7]);
      std::fill(gk, gk + q_.columns * ld, T{0});
      std::fill(gv, gv + v_.columns * ld, T{0});
      for (int64_t task = 0; task < each_ * blocks_; ++task) {
        const Place at = place(n, h * each_ + task / blocks_, task % blocks_);
        set_queries(at, q);
        const T *gy = g.at(at.n, at.h, at.begin), *result = y.at(at.n, at.h, at.begin);
        T* const to = gq.data ? gq.at(at.n, at.h, at.begin) : nullptr;
        for (int64_t j = 0; j < at.keys; j += kKeys) {
          const int64_t count = scores(at, j, q, keys, p);
          for (int64_t r = 0; r < at.count; ++r) {
            T* const row = p + r * row_;
            const int64_t seen = seen_of(at, r, j, count);
            const T* sum = kept(sums, at, r);
            kernel_.weights(seen, row, sum[0], sum[1]);
            std::fill(row + seen, row + count, T{0});
          }
          if (needs_v) {
            if (rule_.p > 0) drop(at, j, count, dropped, p, memory[2]);
            multiply<T>(gv + j, ld, v_.columns, count, at.count, {gy, g.row, true}, {dropped, row_},
                        true);
          }
          if (!needs_scores) continue;
          multiply<T>(gp, row_, at.count, values.whole(j, count), v_.columns, {gy, g.row},
                      values.at(j));
          if (rule_.p > 0) drop(at, j, count, gp, gp, memory[2]);
          for (int64_t r = 0; r < at.count; ++r) {
            // The weights times their gradients, which is more exact where all of them are here.
            const double shift = at.keys <= kKeys
                                     ? kernel_.dot(count, gp + r * row_, p + r * row_)
                                     : kernel_.dot(v_.columns, gy + r * g.row, result + r * y.row);
            kernel_.scores_gradient(count, gp + r * row_, p + r * row_, shift);
          }
          if (needs_k) {
            multiply<T>(gk + j, ld, q_.columns, count, at.count, {q, q_.columns, true}, {gp, row_},
                        true);
          }
          if (gq.data) {
            multiply<T>(to, gq.row, at.count, q_.columns, count, {gp, row_}, queries_of.at(j),
                        j > 0);
          }
        }
        if (!gq.data) continue;
        for (int64_t r = 0; r < at.count; ++r) {
          T* const row = to + r * gq.row;
          if (at.keys == 0) std::fill(row, row + q_.columns, T{0});
          kernel_.scale(q_.columns, row, rule_.scale);
        }
      }
      if (needs_k) put(to_k, n, h, gk, ld);
      if (needs_v) put(to_v, n, h, gv, ld);
    });
  }

 private:
  // Some queries of one head, and how many keys the last of them sees.
  struct Place {
    int64_t n, h, begin, count, keys;
  };
  // Arrays in one piece of memory.
  class Memory {
   public:
    explicit Memory(std::initializer_list<int64_t> sizes) {
      int64_t total = 0;
      for (const int64_t size : sizes) {
        begin_.push_back(total);
        total += (size + kLine - 1) / kLine * kLine;
      }
      data_ = new_tensor(kDType<T>, {total});
    }
    T* operator[](size_t i) const { return data_.template data<T>() + begin_[i]; }

   private:
    static constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));
    std::vector<int64_t> begin_;
    Tensor data_;
  };

  bool packed() const { return queries_ * each_ >= kPackedQueries; }
  int64_t size(int64_t columns) const { return packed() ? Rows<T>::memory(keys_, columns) : 0; }
  void set(Rows<T>& rows, const Matrices<T>& m, int64_t n, int64_t h, T* memory) const {
    rows.set(m.at(n, h, 0), m.row, keys_, m.columns, memory);
  }
  Place place(int64_t n, int64_t h, int64_t block) const {
    const int64_t begin = block * step_, end = std::min(begin + step_, queries_);
    return {n, h, begin, end - begin, rule_.causal ? std::min(end, keys_) : keys_};
  }
  // Of `count` keys from j on, how many row r sees.
  int64_t seen_of(const Place& at, int64_t r, int64_t j, int64_t count) const {
    return rule_.causal ? std::clamp<int64_t>(at.begin + r + 1 - j, 0, count) : count;
  }
  // What is kept of a row: its largest score, and what its exponentials are multiplied by.
  T* kept(const Tensor& sums, const Place& at, int64_t r) const {
    return sums.data<T>() + 2 * ((at.n * heads_ + at.h) * queries_ + at.begin + r);
  }

  // q: the queries times the scale.
  void set_queries(const Place& at, T* q) const {
    for (int64_t r = 0; r < at.count; ++r, q += q_.columns) {
      std::copy_n(q_.at(at.n, at.h, at.begin + r), q_.columns, q);
      kernel_.scale(q_.columns, q, rule_.scale);
    }
  }
  // p: q times the keys of a block, masked; returns how many these are.
  int64_t scores(const Place& at, int64_t j, const T* q, const Rows<T>& keys, T* p) const {
    const int64_t count = std::min(kKeys, at.keys - j);
    multiply<T>(p, row_, at.count, keys.whole(j, count), q_.columns, {q, q_.columns}, keys.at(j));
    for (int64_t r = 0; mask_.defined() && r < at.count; ++r)
      mask(at.n, at.h, at.begin + r, j, count, p + r * row_);
    return count;
  }
  // Divides the rows of the result by the sums, which are kept. Where nothing takes part it is 0.
  void finish(const Place& at, T* to, int64_t ld, const T* largest, const T* total,
              const Tensor& sums) const {
    for (int64_t r = 0; r < at.count; ++r, to += ld) {
      const bool nothing = total[r] == 0;
      T* const row = kept(sums, at, r);
      row[0] = nothing ? T{0} : largest[r];
      row[1] = nothing ? T{0} : 1 / total[r];
      if (nothing) {
        std::fill(to, to + v_.columns, T{0});
      } else {
        kernel_.scale(v_.columns, to, row[1]);
      }
    }
  }
  // One head of a gradient, from its transpose.
  void put(const Matrices<T>& to, int64_t n, int64_t h, const T* from, int64_t ld) const {
    kernels::Gemm g;
    g.dtype = kDType<T>;
    g.transpose_b = true;
    g.n = to.columns;
    g.k = keys_;
    g.b = from;
    g.ldb = ld;
    const Tensor memory = new_tensor(g.dtype, {kernels::gemm_panels_size(g.dtype, g.n, g.k)});
    kernels::gemm_pack(g, memory.data());
    const int64_t panel = kernels::gemm_panel_columns(g.dtype);
    for (int64_t j = 0; j < g.n; j += panel) {
      const int64_t count = std::min(panel, g.n - j);
      const int64_t width = kernels::gemm_panels_size(g.dtype, count, 1);
      for (int64_t r = 0; r < keys_; ++r)
        std::copy_n(memory.data<T>() + j * keys_ + r * width, count, to.at(n, h, r) + j);
    }
  }

  // Adds the mask of `count` keys from j on to a row, or lets nothing be where it is false.
  void mask(int64_t n, int64_t h, int64_t row, int64_t j, int64_t count, T* x) const {
    const TensorImpl& m = *mask_.impl();
    const int64_t* s = m.strides();
    const int64_t at = n * s[0] + h * s[1] + row * s[2] + j * s[3];
    const auto with = [&](const auto* given, auto combine) {
      if (s[3] == 1) {  // a form that vectorises
        for (int64_t i = 0; i < count; ++i) x[i] = combine(x[i], given[i]);
      } else {
        for (int64_t i = 0; i < count; ++i) x[i] = combine(x[i], given[i * s[3]]);
      }
    };
    if (m.dtype == DType::bool_) {
      with(reinterpret_cast<const uint8_t*>(m.data) + at,
           [](T a, uint8_t b) { return b ? a : -std::numeric_limits<T>::infinity(); });
    } else {
      with(reinterpret_cast<const T*>(m.data) + at, [](T a, T b) { return a + b; });
    }
  }

  void drop(const Place& at, int64_t j, int64_t count, T* to, const T* from, T* memory) const {
    const int64_t first = (at.n * heads_ + at.h) * queries_ + at.begin;
    for (int64_t r = 0; r < at.count; ++r)
      drop_weights(rule_, dropout_, first + r, keys_, j, count, to + r * row_, from + r * row_,
                   memory);
  }

  const AttentionRule& rule_;
  DropoutNumbers dropout_;
  Matrices<T> q_, k_, v_;
  Tensor mask_;
  const kernels::AttentionKernels& kernel_;
  int64_t batches_, heads_, queries_, keys_;
  int64_t step_, blocks_;  // queries of a block, blocks of a head
  int64_t each_;           // heads of queries that share one of keys
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
               const Tensor& value, const Tensor& mask, const Tensor& out, const Tensor& sums) {
  with_type(out.dtype(),
            [&]<class T>(T) { Blocks<T>(rule, query, key, value, mask).forward(out, sums); });
}

void attention_gradient(const AttentionRule& rule, const Tensor& query, const Tensor& key,
                        const Tensor& value, const Tensor& mask, const Tensor& out,
                        const Tensor& sums, const Tensor& grad,
                        const AttentionGradients& gradients) {
  with_type(query.dtype(), [&]<class T>(T) {
    Blocks<T>(rule, query, key, value, mask).backward(grad, out, sums, gradients);
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
      drop_weights(rule, numbers, r, n, 0, n, to, to, memory.data<T>());
    }
  });
  return out;
}

WENGERT_NAMESPACE_END
